//! `lockstep sandbox`: serve the banks alone, look at them, break them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use lockstep_engine::port::{Clock, Seeds};
use lockstep_sim::http::Options;
use lockstep_sim::sandbox::World;
use serde_json::{Map, Value, json};

use crate::bank::{self, Keep};
use crate::cli::SandboxCommand;
use crate::clock::{SystemClock, SystemSeeds};
use crate::foundation::StartProblem;
use crate::serve::{bind, told_to_stop};

/// Runs a sandbox command.
///
/// # Errors
/// [`StartProblem`] that says what is wrong.
pub async fn run(command: &SandboxCommand) -> Result<(), StartProblem> {
    match command {
        SandboxCommand::Serve { listen, data, callbacks_to, seed } => {
            serve(*listen, data, callbacks_to, *seed).await
        }
        SandboxCommand::Account { number, state, balance_minor, mobile, at } => {
            let mut change = Map::new();
            change.extend(state.clone().map(|state| ("state".to_owned(), Value::from(state))));
            change.extend(balance_minor.map(|balance| ("balance_minor".to_owned(), Value::from(balance))));
            change.extend(mobile.clone().map(|mobile| ("mobile".to_owned(), Value::from(mobile))));
            if change.is_empty() {
                call(at, reqwest::Method::GET, &format!("accounts?number={number}"), None).await
            } else {
                call(at, reqwest::Method::PATCH, &format!("accounts/{number}"), Some(Value::Object(change)))
                    .await
            }
        }
        SandboxCommand::Fault { channel, kind, permille, times, call: only, set, for_s, at } => {
            let mut fault = Map::from_iter([("kind".to_owned(), Value::from(kind.clone()))]);
            for pair in set {
                fault.extend([value(pair)?]);
            }
            let mut scripted = json!({ "channel": channel, "fault": fault });
            let more = [
                ("chance_permille", permille.map(Value::from)),
                ("times", times.map(Value::from)),
                ("call", only.clone().map(Value::from)),
                ("for_s", for_s.map(Value::from)),
            ];
            for (name, value) in more {
                if let Some(value) = value {
                    scripted[name] = value;
                }
            }
            call(at, reqwest::Method::POST, "faults", Some(json!({ "faults": [scripted] }))).await
        }
        SandboxCommand::Heal { at } => call(at, reqwest::Method::DELETE, "faults", None).await,
        SandboxCommand::Messages { mobile, at } => {
            call(at, reqwest::Method::GET, &format!("phones/{mobile}/messages"), None).await
        }
        SandboxCommand::Truth { at } => call(at, reqwest::Method::GET, "truth", None).await,
    }
}

fn value(pair: &str) -> Result<(String, Value), StartProblem> {
    let parsed =
        pair.split_once('=').and_then(|(name, number)| Some((name.to_owned(), number.parse::<u64>().ok()?)));
    let (name, number) =
        parsed.ok_or_else(|| StartProblem::Usage(format!("--set {pair:?}: write NAME=NUMBER")))?;
    Ok((name, Value::from(number)))
}

async fn serve(listen: SocketAddr, data: &Path, callbacks_to: &str, seed: u64) -> Result<(), StartProblem> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let seeds: Arc<dyn Seeds> = Arc::new(SystemSeeds);
    let world = World { seed, open_all_day: true, ..World::default() };
    let banks = bank::open(&data.join("sandbox.db"), world, Keep::BeforeAnswering, clock, seeds).await?;
    let listener = bind(listen).await?;
    let callback_url = Some(format!("{}/v1/callbacks/{{channel}}", callbacks_to.trim_end_matches('/')));
    tracing::info!(address = %listen, "sandbox banks");
    tokio::select! {
        served = lockstep_sim::http::serve(listener, banks, Options { callback_url, ..Options::default() }) => {
            served.map_err(|source| StartProblem::Listen { address: listen, source })
        }
        () = told_to_stop() => Ok(()),
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
async fn call(
    at: &str,
    method: reqwest::Method,
    path: &str,
    body: Option<Value>,
) -> Result<(), StartProblem> {
    let url = format!("{}/sandbox/v1/{path}", at.trim_end_matches('/'));
    let client = reqwest::Client::builder().no_proxy().build();
    let client = client.map_err(|error| StartProblem::Usage(format!("no HTTP client: {error}")))?;
    let mut request = client.request(method, &url);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let unreachable = |_| {
        StartProblem::Usage(format!(
            "no sandbox answers at {at}. Start one (lockstep serve, or lockstep sandbox serve) or name it with --at"
        ))
    };
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let text = response.text().await.map_err(unreachable)?;
    let shown =
        serde_json::from_str::<Value>(&text).ok().and_then(|value| serde_json::to_string_pretty(&value).ok());
    let shown = shown.unwrap_or(text);
    if !status.is_success() {
        return Err(StartProblem::Usage(format!("the sandbox refused ({status}): {shown}")));
    }
    println!("{}", if shown.is_empty() { "done" } else { &shown });
    Ok(())
}
