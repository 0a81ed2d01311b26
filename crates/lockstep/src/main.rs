//! The binary: the one place that knows all rooms.

#![allow(unreachable_pub, reason = "a binary exports nothing")]

mod admin;
mod bank;
mod bench;
mod cli;
mod clock;
mod collect;
mod compare_cli;
mod config;
mod demo;
mod doctor;
mod doors;
mod drive;
mod export;
mod figures;
mod foundation;
mod house;
mod listen;
mod moving;
mod nodes;
#[cfg(test)]
mod refund_races;
mod replay_cli;
mod report;
mod rules;
mod sandbox_cli;
mod secrets;
mod serve;
mod table;
mod whole_file;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{BackupArgs, Cli, Command, DoctorArgs, MigrateArgs};
use crate::foundation::{StartProblem, configuration};

fn main() -> ExitCode {
    let cli = Cli::parse();
    log(&cli.command);
    let outcome = match &cli.command {
        Command::Demo(args) => {
            demo::run(args).and_then(|()| if args.once { Ok(()) } else { block_on(demo::stay(args)) })
        }
        Command::Collect(args) => collect::run(args),
        Command::Replay(args) => return ended(replay_cli::run(args)),
        Command::Serve(args) => block_on(serve::run(args)),
        Command::Sandbox(command) => block_on(sandbox_cli::run(command)),
        Command::Tenant(command) => block_on(admin::tenant(command)),
        Command::Key(command) => block_on(admin::key(command)),
        Command::Listen(args) => block_on(listen::run(args)),
        Command::Rules(command) => block_on(rules::rules(command)),
        Command::Export(command) => block_on(export::export(command)),
        Command::Backup(args) => backup(args),
        Command::Migrate(args) => block_on(migrate(args)),
        Command::Nodes(args) => block_on(nodes::run(args)),
        Command::Move(args) => block_on(moving::run(args)),
        Command::Compare(args) => compare_cli::run(args),
        Command::Doctor(args) => return doctor(args),
        Command::Bench(args) => return ended(bench::run(args)),
        Command::Simulate(args) => return lockstep_simulate::command::simulate(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

fn ended(outcome: Result<ExitCode, StartProblem>) -> ExitCode {
    outcome.unwrap_or_else(|problem| {
        complain(&problem);
        ExitCode::FAILURE
    })
}

#[expect(clippy::print_stderr, reason = "the command's complaint, for the person who typed it")]
fn complain(problem: &StartProblem) {
    eprintln!("lockstep: {problem}");
}

fn block_on(work: impl Future<Output = Result<(), StartProblem>>) -> Result<(), StartProblem> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| StartProblem::Usage(format!("the runtime could not be started: {error}")))?;
    runtime.block_on(work)
}

/// Logs go to standard error. RUST_LOG says how much; runs in virtual time are quiet, their alarms are part of
/// the show.
fn log(command: &Command) {
    let usual = match command {
        Command::Demo(_)
        | Command::Collect(_)
        | Command::Compare(_)
        | Command::Replay(_)
        | Command::Simulate(_) => "off",
        Command::Serve(_) | Command::Sandbox(_) | Command::Listen(_) => "info",
        Command::Tenant(_)
        | Command::Key(_)
        | Command::Rules(_)
        | Command::Doctor(_)
        | Command::Export(_)
        | Command::Bench(_)
        | Command::Migrate(_)
        | Command::Move(_)
        | Command::Nodes(_)
        | Command::Backup(_) => "warn",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| usual.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
fn doctor(args: &DoctorArgs) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&StartProblem::Usage(format!("the runtime could not be started: {error}")));
            return ExitCode::FAILURE;
        }
    };
    let findings = runtime.block_on(doctor::examine(&args.place));
    if args.json {
        println!("{}", serde_json::to_string_pretty(&findings).unwrap_or_default());
    } else {
        print!("{}", doctor::render(&findings));
    }
    let sick = findings.iter().any(|finding| finding.grade == doctor::Grade::Problem);
    if sick { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
async fn migrate(args: &MigrateArgs) -> Result<(), StartProblem> {
    let data = configuration(&args.place)?.data;
    if args.distribute {
        return distribute(data.database.as_ref().map(|server| server.expose()), args.dry_run).await;
    }
    let steps = match &data.database {
        Some(server) => lockstep_store::PostgresStore::migrate(server.expose(), args.dry_run).await?,
        None => lockstep_store::SqliteStore::migrate(data.file(), args.dry_run)?,
    };
    let done = if args.dry_run { "would apply" } else { "applied" };
    for step in &steps {
        println!("{done} {:04} {}", step.version, step.name);
    }
    if steps.is_empty() {
        println!("the schema is up to date");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
async fn distribute(server: Option<&str>, dry_run: bool) -> Result<(), StartProblem> {
    let server = server.ok_or(StartProblem::NothingToDistribute)?;
    let (doing, mut told) = (if dry_run { "would run" } else { "runs" }, 0);
    let tell = |sql: &str| {
        println!("{doing} {sql}");
        told += 1;
    };
    lockstep_store::PostgresStore::distribute(server, dry_run, tell).await?;
    match (told, dry_run) {
        (0, _) => println!("every table is distributed or copied"),
        (_, true) => {}
        (_, false) => println!("done; start the servers again"),
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
fn backup(args: &BackupArgs) -> Result<(), StartProblem> {
    let data = configuration(&args.place)?.data;
    if data.database.is_some() {
        let words = "a database server is backed up with its own tools: pg_basebackup and its log for any moment, or pg_dump";
        return Err(StartProblem::Usage(words.to_owned()));
    }
    let database = data.file();
    if !database.exists() {
        let words = format!("there is no database at {}. Name its folder with --data", database.display());
        return Err(StartProblem::Usage(words));
    }
    lockstep_store::SqliteStore::backup_beside(&database, &args.target)?;
    println!(
        "{} copied to {}. The key file is not in it: keep it elsewhere",
        database.display(),
        args.target.display()
    );
    Ok(())
}
