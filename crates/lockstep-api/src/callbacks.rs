//! `POST /v1/callbacks/{channel}`: what channels send by themselves. Verified, stored, acknowledged;
//! processed later.

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use lockstep_core::channel::ChannelId;
use lockstep_core::time::Timestamp;
use lockstep_engine::Incoming;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::http::{PathText, unread};
use crate::problem::{Kind, Problem};

/// Verifies and reads what channels send by themselves.
pub trait NoticeReader: Send + Sync {
    /// Checks the signature and the time of a notice, and reads it. Header names are in lower case.
    ///
    /// # Errors
    /// Why it is refused. Nothing of it is kept then.
    fn read(
        &self,
        channel: &ChannelId,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Incoming, NoticeRefused>;
}

/// Why a notice is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeRefused {
    /// No such channel sends notices.
    UnknownChannel,
    /// Its signature is missing or wrong.
    BadSignature,
    /// It is too old or from the future.
    Stale,
    /// Its signature is right and its content can't be read.
    Unreadable,
}

impl From<NoticeRefused> for Problem {
    fn from(refused: NoticeRefused) -> Self {
        match refused {
            NoticeRefused::UnknownChannel => Self::new(Kind::CallbackChannelNotFound),
            // A forger learns nothing about which of the two it was.
            NoticeRefused::BadSignature | NoticeRefused::Stale => Self::new(Kind::CallbackRefused),
            NoticeRefused::Unreadable => Self::new(Kind::InvalidBody),
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct CallbackPath {
    /// The channel's name.
    #[param(pattern = "^[a-z0-9_]{2,32}$", example = "unionpay")]
    channel: String,
}

/// The acknowledgement.
#[derive(Serialize, ToSchema)]
pub(crate) struct Received {
    /// `stored`, or `known` for a repetition.
    #[schema(pattern = "^(stored|known)$")]
    status: &'static str,
}

/// A channel's notice. Needs no API key, but the channel's signature · 渠道回调
#[utoipa::path(
    post,
    path = "/v1/callbacks/{channel}",
    tag = "callbacks",
    operation_id = "receiveCallback",
    params(CallbackPath),
    request_body(content = String, content_type = "*/*", description = "As the channel sends it"),
    responses((status = 200, description = "Stored for good", body = Received)),
    security(())
)]
pub(crate) async fn receive_callback(
    State(app): State<App>,
    PathText(channel): PathText,
    request: Request,
) -> Result<Json<Received>, Problem> {
    let channel = ChannelId::try_from(channel).map_err(|_| NoticeRefused::UnknownChannel)?;
    let headers = plain(request.headers());
    let body = body_of(&app, request).await?;
    let incoming = app.state.notices.read(&channel, &headers, &body, app.now())?;
    if incoming.notice.channel != channel {
        return Err(NoticeRefused::BadSignature.into());
    }
    let _permit = app.state.engine.admit(None)?;
    let new = app.state.engine.receive(&incoming).await?;
    Ok(Json(Received { status: if new { "stored" } else { "known" } }))
}

async fn body_of(app: &App, request: Request) -> Result<Bytes, Problem> {
    let bytes = to_bytes(request.into_body(), app.state.limits.body_bytes).await;
    bytes.map_err(|error| unread(&error))
}

fn plain(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}
