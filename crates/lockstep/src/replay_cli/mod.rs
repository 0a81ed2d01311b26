//! `lockstep replay`: reads the file, prints the report. The figures are made in lockstep-evidence.

mod args;
mod output;
mod table;

use std::fs::{self, File};
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::tz::TimeZone;
use lockstep_core::catalogue::{Lang, Scheme};
use lockstep_evidence::replay::{
    Codes, Mapping, PolicyFile, ReadOptions, Reading, Replay, Settings, Source, page, read, replay,
};

pub use self::args::ReplayArgs;
use self::output::Rejects;
use crate::foundation::StartProblem;

/// Done, but more rows than allowed were left out.
const TOO_MANY_REJECTS: u8 = 3;
/// A mapping or policy file is small.
const MAX_SETTINGS_FILE: u64 = 1 << 20;

/// Replays a log.
///
/// # Errors
/// [`StartProblem`] that says what is wrong. Wrong rows are no error.
pub fn run(args: &ReplayArgs) -> Result<ExitCode, StartProblem> {
    let lang: Lang = args.lang.into();
    let rejects_path = args.rejects.clone().unwrap_or_else(|| rejects_beside(&args.file));
    keep_apart(&[Some(&args.file), Some(&rejects_path), args.html.as_deref()])?;
    let options = options(args)?;
    let policy = args.policy.as_deref().map(policy).transpose()?;
    let mut rejects = Rejects::new(&rejects_path);
    let reading = read_file(args, &options, &mut rejects)?;
    let written = rejects.finish().map_err(|error| problem(&rejects_path, &error))?;
    let source = Source {
        file: args.file.display().to_string(),
        zone: args.tz.clone(),
        order_gap_ms: options.order_gap_ms,
    };
    let settings = Settings {
        seed: args.seed,
        draws: args.draws as usize,
        clip: args.clip,
        train_share: args.train_share,
        policy,
    };
    let made = replay(&reading, &source, &settings).map_err(|wrong| match &args.policy {
        Some(path) => StartProblem::File { path: path.clone(), problem: wrong.to_string() },
        None => StartProblem::Usage(wrong.to_string()),
    })?;
    if let Some(path) = &args.html {
        output::replace(path, page(&made, lang).as_bytes()).map_err(|error| problem(path, &error))?;
    }
    show(args, &made, lang, written.then_some(rejects_path.as_path()))
        .map_err(|error| StartProblem::Usage(format!("the report could not be printed: {error}")))?;
    let rejected_too_many = made.input.rejected_share > args.max_rejects;
    Ok(if rejected_too_many { ExitCode::from(TOO_MANY_REJECTS) } else { ExitCode::SUCCESS })
}

fn show(args: &ReplayArgs, made: &Replay, lang: Lang, rejects: Option<&Path>) -> io::Result<()> {
    let mut text = if args.json {
        serde_json::to_string_pretty(made).map_err(io::Error::other)?
    } else {
        table::render(made, lang, rejects, args.html.as_deref())
    };
    text.push('\n');
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever reads may have seen enough: `lockstep replay … | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn options(args: &ReplayArgs) -> Result<ReadOptions, StartProblem> {
    let zone = TimeZone::get(&args.tz).map_err(|_| {
        StartProblem::Usage(format!(
            "--tz: there is no zone {:?}. Name one like Asia/Shanghai or UTC",
            args.tz
        ))
    })?;
    let mapping = match args.map.as_deref() {
        None => Mapping::default(),
        Some(path) if path.ends_with(".toml") => {
            let path = Path::new(path);
            Mapping::from_toml(&small_file(path)?)
                .map_err(|wrong| StartProblem::File { path: path.to_owned(), problem: wrong.to_string() })?
        }
        Some(pairs) => Mapping::from_pairs(pairs).map_err(|wrong| StartProblem::Usage(wrong.to_string()))?,
    };
    let codes = match args.scheme.as_deref() {
        None => Codes::Raw,
        Some("auto") => Codes::Embedded,
        Some(name) => Codes::Scheme(
            Scheme::from_str(name)
                .map_err(|wrong| StartProblem::Usage(format!("--scheme: {wrong}, auto")))?,
        ),
    };
    Ok(ReadOptions {
        mapping,
        delimiter: args.delimiter,
        zone,
        codes,
        success_codes: args.success_codes.clone(),
        max_rows: args.max_rows,
        order_gap_ms: i64::try_from(args.order_gap.as_millis()).unwrap_or(i64::MAX),
    })
}

fn policy(path: &Path) -> Result<PolicyFile, StartProblem> {
    PolicyFile::parse(&small_file(path)?)
        .map_err(|wrong| StartProblem::File { path: path.to_owned(), problem: wrong.to_string() })
}

fn small_file(path: &Path) -> Result<String, StartProblem> {
    let size = fs::metadata(path).map_err(|error| problem(path, &error))?.len();
    if size > MAX_SETTINGS_FILE {
        return Err(StartProblem::File {
            path: path.to_owned(),
            problem: "is over 1 MB. Is it the right file?".to_owned(),
        });
    }
    fs::read_to_string(path).map_err(|error| problem(path, &error))
}

fn read_file(
    args: &ReplayArgs,
    options: &ReadOptions,
    rejects: &mut Rejects,
) -> Result<Reading, StartProblem> {
    let file = File::open(&args.file).map_err(|error| problem(&args.file, &error))?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let bar = progress(args, size);
    let input = BufReader::with_capacity(1 << 20, file);
    let reading = read(input, options, |reject| rejects.write(reject), |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    reading.map_err(|wrong| StartProblem::File { path: args.file.clone(), problem: wrong.to_string() })
}

fn progress(args: &ReplayArgs, size: u64) -> ProgressBar {
    let bar = ProgressBar::new(size);
    if args.json || !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}") {
        bar.set_style(style);
    }
    bar
}

fn problem(path: &Path, error: &io::Error) -> StartProblem {
    StartProblem::File { path: path.to_owned(), problem: error.to_string() }
}

/// In this folder, not beside the log: the log's own folder may not be ours to write to.
fn rejects_beside(log: &Path) -> PathBuf {
    let mut name = log.file_stem().unwrap_or_default().to_owned();
    name.push(".rejects.csv");
    PathBuf::from(name)
}

/// The log must not be overwritten by what is made of it.
fn keep_apart(paths: &[Option<&Path>]) -> Result<(), StartProblem> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut seen: Vec<PathBuf> = paths.iter().flatten().map(|path| real(path)).collect();
    seen.sort();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(StartProblem::Usage(
            "the log, the rejects and the page must be different files".to_owned(),
        ));
    }
    Ok(())
}
