//! The doctor: what is wrong with this installation, and what to do about it. Changes nothing.

use std::path::Path;
use std::time::Duration;

use lockstep_store::transfer::MOVED;
use lockstep_store::{Database, OpenError};
use lockstep_vault::key_file;
use serde::Serialize;

use crate::cli::Place;
use crate::clock;
use crate::config::{self, Config};
use crate::foundation::{self, KEY_VARIABLE, Mode, StartProblem};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Fine.
    Ok,
    /// Works, but look at it.
    Warning,
    /// Does not work, or is dangerous.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it is.
    pub grade: Grade,
    /// In words, with the fix.
    pub words: String,
}

/// Before this the clock can't be right: 2026-01-01.
const EARLIEST_MS: i64 = 1_767_225_600_000;
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

struct Report(Vec<Finding>);

impl Report {
    fn ok(&mut self, what: &'static str, words: impl Into<String>) {
        self.0.push(Finding { what, grade: Grade::Ok, words: words.into() });
    }

    fn warn(&mut self, what: &'static str, words: impl Into<String>) {
        self.0.push(Finding { what, grade: Grade::Warning, words: words.into() });
    }

    fn problem(&mut self, what: &'static str, words: impl Into<String>) {
        self.0.push(Finding { what, grade: Grade::Problem, words: words.into() });
    }
}

/// Looks at everything.
pub async fn examine(place: &Place) -> Vec<Finding> {
    let mut report = Report(Vec::new());
    let mut config = match config::load(place.config.as_deref()) {
        Ok(config) => config,
        Err(problem) => {
            report.problem("configuration", problem.to_string());
            return report.0;
        }
    };
    place.override_in(&mut config);
    configuration(&config, &mut report);
    the_clock(&mut report);
    folder(&config.data.dir, &mut report);
    keys(&config, &mut report);
    database(&config, &mut report).await;
    channels(&config, &mut report).await;
    report.0
}

fn configuration(config: &Config, report: &mut Report) {
    let problems: Vec<_> =
        config.channels.iter().flat_map(lockstep_channels::ChannelConfig::problems).collect();
    for problem in &problems {
        report.problem("configuration", problem.clone());
    }
    if problems.is_empty() {
        report.ok("configuration", "readable, every field known");
    }
    if !config.server.listen.ip().is_loopback() {
        report.warn(
            "configuration",
            format!(
                "the API listens on {}: put a TLS proxy in front, API keys travel in a header",
                config.server.listen
            ),
        );
    }
    if config.webhooks.allow_private {
        report.warn(
            "configuration",
            "webhooks.allow_private is for tests: anyone with a key can reach your network",
        );
    }
}

fn the_clock(report: &mut Report) {
    let now = clock::machine_now();
    if now.as_millis() < EARLIEST_MS {
        report.problem(
            "clock",
            format!("the machine says it is {}: set it, and keep it with NTP", now.to_rfc3339()),
        );
    } else {
        report.ok("clock", format!("{} (UTC)", now.to_rfc3339()));
    }
}

fn folder(path: &Path, report: &mut Report) {
    if !path.exists() {
        report.ok("data folder", format!("{} is not there yet; the first run makes it", path.display()));
        return;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        match std::fs::metadata(path) {
            Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
                let words = format!("{0} can be entered by others: chmod 700 {0}", path.display());
                report.problem("data folder", words);
                return;
            }
            Ok(_) => {}
            Err(error) => {
                report.problem("data folder", format!("{}: {error}", path.display()));
                return;
            }
        }
    }
    let probe = path.join(".doctor");
    match std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) => report.ok("data folder", format!("{} is private and can be written", path.display())),
        Err(error) => report.problem("data folder", format!("{} can't be written: {error}", path.display())),
    }
}

fn keys(config: &Config, report: &mut Report) {
    if let Ok(text) = std::env::var(KEY_VARIABLE) {
        match lockstep_vault::MasterKeyring::parse(&text) {
            Ok(_) => report.ok("keys", format!("from {KEY_VARIABLE}")),
            Err(error) => report.problem("keys", format!("{KEY_VARIABLE}: {error}")),
        }
        return;
    }
    let file = config.data.key_file();
    if !file.exists() {
        if config.data.file().exists() {
            report.problem(
                "keys",
                format!(
                    "{} is missing, but there is a database: bring it back from your copy",
                    file.display()
                ),
            );
        } else {
            report.ok("keys", format!("{} is not there yet; the first run makes it", file.display()));
        }
        return;
    }
    let problems = key_file::inspect(&file);
    for problem in &problems {
        let words = problem.to_string();
        if problem.is_fatal() {
            report.problem("keys", words);
        } else {
            report.warn("keys", words);
        }
    }
    if problems.is_empty() {
        report.ok("keys", format!("{}: keep a copy away from the database's backups", file.display()));
    }
}

async fn database(config: &Config, report: &mut Report) {
    let file = config.data.file();
    if config.data.database.is_none() && !file.exists() {
        report.ok("database", format!("{} is not there yet; the first run makes it", file.display()));
        return;
    }
    let named = match &config.data.database {
        Some(_) => "the database of the server".to_owned(),
        None => file.display().to_string(),
    };
    let store = match foundation::database(config, Mode::Beside).await {
        Ok(store) => store,
        Err(StartProblem::Open(OpenError::InUse { .. })) => {
            report.warn(
                "database",
                "in use by a running Lockstep, so not looked into; stop it to have it examined",
            );
            return;
        }
        Err(error) => {
            report.problem("database", error.to_string());
            return;
        }
    };
    if matches!(store.meta(MOVED).await, Ok(Some(_))) {
        report.problem(
            "database",
            format!("{named} was moved to a server and serves no more: name the server"),
        );
    }
    match store.integrity_check().await {
        Ok(problems) if problems.is_empty() => report.ok("database", format!("{named} is intact")),
        Ok(problems) => problems.into_iter().for_each(|problem| report.problem("database", problem)),
        Err(fault) => report.problem("database", fault.to_string()),
    }
    match store.totals().await {
        Ok(totals) => {
            let skewed: Vec<_> = totals.ledger.iter().filter(|(_, sum)| *sum != 0).collect();
            if skewed.is_empty() {
                report.ok("ledger", "sums to zero in every currency");
            } else {
                report.problem("ledger", format!("does not sum to zero: {skewed:?}"));
            }
        }
        Err(fault) => report.problem("ledger", fault.to_string()),
    }
    index_key(config, store.as_ref(), report).await;
}

async fn index_key(config: &Config, store: &dyn Database, report: &mut Report) {
    let Ok(ring) = key_file::load(&config.data.key_file()) else {
        return;
    };
    let given = ring.index_key().key_id().to_owned();
    match store.meta("index_key_id").await {
        Ok(Some(was)) if was != given => report.problem(
            "keys",
            format!("the database was made with index key {was}, the key file holds {given}: not a pair"),
        ),
        Ok(_) => report.ok("keys", "belong to this database"),
        Err(fault) => report.problem("keys", fault.to_string()),
    }
}

async fn channels(config: &Config, report: &mut Report) {
    if config.channels.is_empty() {
        report.warn("channels", "none configured: the sandbox's banks are used, no real money moves");
        return;
    }
    for channel in &config.channels {
        let id = &channel.capability.id;
        let Some(address) = host_and_port(&channel.base_url) else {
            report.problem("channels", format!("{id}: base_url names no host"));
            continue;
        };
        match tokio::time::timeout(CONNECT_LIMIT, tokio::net::TcpStream::connect(&address)).await {
            Ok(Ok(_)) => report.ok("channels", format!("{id}: {address} accepts connections")),
            Ok(Err(error)) => {
                report.problem("channels", format!("{id}: can't connect to {address}: {error}"))
            }
            Err(_) => report.problem("channels", format!("{id}: {address} did not accept within 3 s")),
        }
    }
}

fn host_and_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    let has_port =
        host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let default = if scheme == "https" { 443 } else { 80 };
    Some(if has_port { host.to_owned() } else { format!("{host}:{default}") })
}

/// The findings as text for people.
pub fn render(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.grade {
            Grade::Ok => "ok     ",
            Grade::Warning => "look   ",
            Grade::Problem => "PROBLEM",
        };
        text.push_str(&format!("{mark}  {:<14} {}\n", finding.what, finding.words));
    }
    text
}
