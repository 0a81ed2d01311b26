//! Lenders' own rules about channels: putting them in force at the start, and `lockstep rules`.

use std::path::Path;

use lockstep_core::channel::ChannelBook;
use lockstep_core::routing::RoutingRules;
use lockstep_engine::Engine;
use lockstep_engine::port::StoredRules;
use serde::Deserialize;

use crate::bank;
use crate::cli::RulesCommand;
use crate::foundation::{self, Foundation, Mode, StartProblem, configuration};

/// Tells an engine everybody's rules, before it decides anything.
///
/// # Errors
/// [`StartProblem`] when they can't be read.
pub async fn put_in_force(foundation: &Foundation, engine: &Engine) -> Result<(), StartProblem> {
    for stored in foundation.store.all_routing_rules().await? {
        engine.set_routing_rules(stored);
    }
    Ok(())
}

/// A file of rules. The version is for the API; here it may stand or be missing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "version")]
    _version: u64,
    rules: Vec<lockstep_core::routing::Rule>,
}

/// `lockstep rules`
///
/// # Errors
/// [`StartProblem`] that says what is wrong.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub async fn rules(command: &RulesCommand) -> Result<(), StartProblem> {
    match command {
        RulesCommand::Show { tenant, place } => {
            let foundation = foundation::open(&configuration(place)?, Mode::Beside).await?;
            let all = foundation.store.all_routing_rules().await?;
            println!("{}", shown(&all, tenant.as_deref())?);
        }
        RulesCommand::Check { file, place } => {
            let config = configuration(place)?;
            let channels = match config.channels.is_empty() {
                true => bank::channel_configs("http://127.0.0.1"),
                false => config.channels,
            };
            let book = ChannelBook::new(channels.into_iter().map(|channel| channel.capability));
            let rules = read(file)?;
            let problems = rules.problems(&book);
            if !problems.is_empty() {
                let lines: Vec<_> =
                    problems.iter().map(|one| format!("{}: {}", one.field, one.text.en)).collect();
                return Err(StartProblem::Usage(lines.join("\n")));
            }
            println!("{} rules, nothing wrong with them", rules.rules.len());
        }
    }
    Ok(())
}

fn shown(all: &[StoredRules], tenant: Option<&str>) -> Result<String, StartProblem> {
    let wanted = |one: &&StoredRules| tenant.is_none_or(|tenant| one.tenant.to_string() == tenant);
    let found: Vec<_> = all.iter().filter(wanted).collect();
    match found.as_slice() {
        [one] => {
            let json = serde_json::json!({ "version": one.version, "rules": one.rules.rules });
            Ok(serde_json::to_string_pretty(&json).unwrap_or_default())
        }
        [] => Err(StartProblem::Usage("no rules are in force (for this lender)".to_owned())),
        _ => Err(StartProblem::Usage(
            "several lenders have rules; name one with --tenant (lockstep tenant list shows them)".to_owned(),
        )),
    }
}

fn read(file: &Path) -> Result<RoutingRules, StartProblem> {
    let usage = |error: String| StartProblem::Usage(format!("{}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| usage(error.to_string()))?;
    let toml = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    let parsed: File = match toml {
        true => toml::from_str(&text).map_err(|error| usage(error.message().to_owned()))?,
        false => serde_json::from_str(&text).map_err(|error| usage(error.to_string()))?,
    };
    Ok(RoutingRules { rules: parsed.rules })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_in_both_forms_and_a_typo_is_named() {
        let folder = std::env::temp_dir().join(format!("lockstep-rules-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (json, toml) = (folder.join("r.json"), folder.join("r.toml"));
        std::fs::write(&json, r#"{"version":3,"rules":[{"name":"a","then":{"pin":["unionpay"]}}]}"#).unwrap();
        std::fs::write(&toml, "[[rules]]\nname = \"a\"\n[rules.then]\npin = [\"unionpay\"]\n").unwrap();
        assert_eq!(read(&json).unwrap(), read(&toml).unwrap());
        std::fs::write(&json, r#"{"rules":[{"name":"a","than":{}}]}"#).unwrap();
        assert!(read(&json).unwrap_err().to_string().contains("than"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
