//! `lockstep listen`: receives webhooks on this machine, verifies and prints them.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use lockstep_api::webhooks;

use crate::cli::ListenArgs;
use crate::clock::machine_now;
use crate::foundation::StartProblem;
use crate::serve::{bind, told_to_stop};

const LONGEST: usize = 256 * 1024;

/// Receives until it is told to stop.
///
/// # Errors
/// [`StartProblem`] when the address can't be used.
pub async fn run(args: &ListenArgs) -> Result<(), StartProblem> {
    let listener = bind(args.listen).await?;
    let app = Router::new()
        .fallback(post(receive))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(args.secret.clone());
    tracing::info!(address = %args.listen, verified = args.secret.is_some(), "waiting for webhooks");
    let served = axum::serve(listener, app).with_graceful_shutdown(told_to_stop()).await;
    served.map_err(|source| StartProblem::Listen { address: args.listen, source })
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
async fn receive(State(secret): State<Option<String>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let verdict = match &secret {
        None => "not verified (no --secret)".to_owned(),
        Some(secret) => {
            let (id, timestamp, signature) =
                (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
            match webhooks::verify(secret, &id, &timestamp, &signature, &body, machine_now()) {
                Ok(()) => "verified".to_owned(),
                Err(problem) => format!("NOT GENUINE: {problem}"),
            }
        }
    };
    println!("{} {verdict}\n{}", header("webhook-id"), String::from_utf8_lossy(&body));
    if verdict.starts_with("NOT") { StatusCode::UNAUTHORIZED } else { StatusCode::OK }
}
