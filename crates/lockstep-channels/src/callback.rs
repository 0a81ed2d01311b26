//! Notices that channels send by themselves: proven first, read second, believed by nobody before the channel
//! has been asked.

use lockstep_core::planted::{self, Bug};
use lockstep_core::time::Timestamp;
use reqwest::header::HeaderMap;

use crate::config::{Adapter, ChannelConfig};
use crate::sandbox::sign::{self, Role, SignError, SignedHeaders};
use crate::sandbox::wire::WireNotice;

/// Largest notice that is read.
pub const MAX_NOTICE: usize = 16 * 1024;

/// A notice that really comes from its channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The channel's id of the message, the same on every copy: what makes a repetition harmless.
    pub message_id: String,
    /// The number of the attempt it is about.
    pub order_no: String,
    /// The order's response code.
    pub code: String,
    /// The channel's own number for the transaction.
    pub channel_ref: Option<String>,
    /// The amount it is about, in minor units.
    pub amount_minor: Option<i64>,
}

/// Why a notice is not accepted. Says nothing of what it carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Larger than [`MAX_NOTICE`].
    #[error("the notice is larger than 16 KiB")]
    TooLarge,
    /// Not signed as it has to be.
    #[error(transparent)]
    Signature(#[from] SignError),
    /// Signed, but not a notice.
    #[error("the body is not a notice: it needs message_id, order_no, code, channel_ref and amount_minor")]
    Unreadable,
}

/// Proves and reads a notice for one channel.
pub fn verify_notice(
    config: &ChannelConfig,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Notice, NoticeError> {
    if body.len() > MAX_NOTICE {
        return Err(NoticeError::TooLarge);
    }
    match config.adapter {
        Adapter::Sandbox => sandbox_notice(config, headers, body, now),
    }
}

fn sandbox_notice(
    config: &ChannelConfig,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Notice, NoticeError> {
    let headers = SignedHeaders::read(headers)?;
    match sign::verify(&config.key, Role::Notice(&config.capability.id), &headers, body, now) {
        Err(_) if planted::is(Bug::ForgedNoticeAccepted) => {}
        verified => verified?,
    }
    let wire: WireNotice = serde_json::from_slice(body).map_err(|_| NoticeError::Unreadable)?;
    let plain = |text: &str, longest: usize| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        (1..=longest).contains(&text.len()) && text.bytes().all(legal)
    };
    let readable = plain(&wire.message_id, 64)
        && plain(&wire.order_no, 64)
        && plain(&wire.code, 16)
        && wire.channel_ref.as_deref().is_none_or(|text| plain(text, 64))
        && wire.amount_minor > 0;
    if !readable {
        return Err(NoticeError::Unreadable);
    }
    Ok(Notice {
        message_id: wire.message_id,
        order_no: wire.order_no,
        code: wire.code,
        channel_ref: wire.channel_ref,
        amount_minor: Some(wire.amount_minor),
    })
}
