//! The rest of the world: channels that say yes unless told otherwise, a clock, randomness, a receiver.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_api::{NoticeReader, NoticeRefused};
use lockstep_core::binding::SignAnswer;
use lockstep_core::catalogue::Scheme;
use lockstep_core::channel::{
    AmountLimits, Capability, ChannelBook, ChannelId, ChannelName, CodeRules, Hours, QueryRules, RefundRules,
    SignRules,
};
use lockstep_core::effect::{
    MoneyOrder, PaymentQuery, RefundOrder, RefundQuery, ReversalOrder, SignRequest, StatementQuery,
};
use lockstep_core::money::Currency;
use lockstep_core::payment::{
    MoneyAnswer, NoAnswer, OriginalOutcome, QueryAnswer, ReversalAnswer, StatementAnswer,
};
use lockstep_core::time::{Timestamp, Zone};
use lockstep_engine::port::{Channels, Clock, Delivery, Endpoint, Seeds, WebhookOutcome, Webhooks};
use lockstep_engine::{ChannelNotice, Incoming};
use lockstep_vault::TransientSecrets;
use serde::Deserialize;
use tokio::time::Instant;

/// 2026-03-02T09:00:00+08:00, a Monday morning.
pub(crate) const MONDAY_MS: i64 = 1_772_413_200_000;

/// Two channels that text codes, and one that pays out and signs proven accounts.
pub(crate) fn book() -> ChannelBook {
    let code = Some(CodeRules { ttl_s: 300, max_tries: 5, resend_after_s: 60 });
    let by_code = SignRules { sms_code: code, micro_deposit: false };
    let mut bankdirect = channel("bankdirect", SignRules { sms_code: None, micro_deposit: true });
    bankdirect.pay_out = bankdirect.collect.clone();
    ChannelBook::new([channel("unionpay", by_code.clone()), channel("netsunion", by_code), bankdirect])
}

fn channel(name: &str, sign: SignRules) -> Capability {
    Capability {
        id: ChannelId::try_from(name).unwrap(),
        name: ChannelName { zh: format!("渠道{name}"), en: format!("channel {name}") },
        scheme: Scheme::UnionpayAcp,
        collect: Some(AmountLimits {
            currency: Currency::CNY,
            min_minor: 1,
            max_minor: 5_000_000,
            daily_minor: None,
            monthly_minor: None,
            issuers: std::collections::BTreeMap::new(),
        }),
        pay_out: None,
        sign: Some(sign),
        query: Some(QueryRules { ladder_s: vec![1, 5, 30] }),
        reversal: None,
        statement: None,
        refund: Some(RefundRules { max_age_days: 30, partial: true }),
        notices: true,
        hours: Hours::always(Zone::shanghai().clone()),
        late_execution_window_s: 600,
        call_timeout_ms: 10_000,
        unknown_deadline_s: 7200,
        max_in_flight: 8,
        probe: None,
        cost_milli_minor: 0,
    }
}

/// The channels. `money` is the code they answer payments with; `timeout` is none.
pub(crate) struct Bank {
    pub(crate) money: Mutex<&'static str>,
    pub(crate) codes: Arc<TransientSecrets>,
    pub(crate) clock: Arc<TestClock>,
    /// Codes that reached a channel.
    pub(crate) entered: Mutex<Vec<String>>,
}

fn signed(code: &str, agreement_no: Option<String>) -> SignAnswer {
    SignAnswer::Answered { code: code.to_owned(), channel_ref: Some("ref-1".to_owned()), agreement_no }
}

#[async_trait]
impl Channels for Bank {
    async fn move_money(&self, order: &MoneyOrder) -> MoneyAnswer {
        let code = *self.money.lock().unwrap();
        if code == "timeout" {
            return MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut };
        }
        let amount_minor = Some(order.money.amount_minor);
        MoneyAnswer::Answered { code: code.to_owned(), channel_ref: Some("trace-1".to_owned()), amount_minor }
    }

    async fn query_payment(&self, _query: &PaymentQuery) -> QueryAnswer {
        let code = *self.money.lock().unwrap();
        if code == "timeout" {
            return QueryAnswer::NoAnswer { why: NoAnswer::TimedOut };
        }
        let original = OriginalOutcome { code: code.to_owned(), channel_ref: None, amount_minor: None };
        QueryAnswer::Answered { code: "00".to_owned(), original: Some(original) }
    }

    async fn reverse(&self, _order: &ReversalOrder) -> ReversalAnswer {
        ReversalAnswer::NoAnswer { why: NoAnswer::TimedOut }
    }

    async fn read_statement(&self, _query: &StatementQuery) -> StatementAnswer {
        StatementAnswer::NotReady
    }

    async fn refund(&self, order: &RefundOrder) -> MoneyAnswer {
        let code = *self.money.lock().unwrap();
        if code == "timeout" {
            return MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut };
        }
        let amount_minor = Some(order.money.amount_minor);
        MoneyAnswer::Answered { code: code.to_owned(), channel_ref: Some("trace-2".to_owned()), amount_minor }
    }

    async fn query_refund(&self, _query: &RefundQuery) -> QueryAnswer {
        let code = *self.money.lock().unwrap();
        if code == "timeout" {
            return QueryAnswer::NoAnswer { why: NoAnswer::TimedOut };
        }
        let original = OriginalOutcome { code: code.to_owned(), channel_ref: None, amount_minor: None };
        QueryAnswer::Answered { code: "00".to_owned(), original: Some(original) }
    }

    async fn request_code(&self, _request: &SignRequest) -> SignAnswer {
        signed("00", None)
    }

    async fn sign(&self, request: &SignRequest) -> SignAnswer {
        if let Some(place) = &request.code {
            let Some(code) = self.codes.take(&place.0, self.clock.now().as_millis()) else {
                return SignAnswer::CodeLost;
            };
            self.entered.lock().unwrap().push(code.expose().to_owned());
        }
        signed("00", Some(format!("agreement-{}", request.request_no)))
    }

    async fn query_mandate(&self, _request: &SignRequest) -> SignAnswer {
        SignAnswer::NoAnswer { why: NoAnswer::TimedOut }
    }

    async fn cancel_mandate(&self, _channel: &ChannelId, _agreement_no: &str) -> bool {
        true
    }
}

/// Starts on Monday morning and runs with tokio's time; can be moved.
pub(crate) struct TestClock {
    started: Instant,
    moved_ms: AtomicI64,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), moved_ms: AtomicI64::new(0) }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.moved_ms.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let moved = self.moved_ms.load(Ordering::SeqCst);
        Timestamp::from_millis(MONDAY_MS + moved).plus(self.started.elapsed())
    }

    async fn sleep_until(&self, moment: Timestamp) {
        tokio::time::sleep(moment.since(self.now())).await;
    }
}

/// Different at every draw, the same in every run.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Seeds for Counter {
    fn draw(&self) -> [u8; 16] {
        let count = self.0.fetch_add(1, Ordering::SeqCst);
        let mut seed = [3; 16];
        seed[8..].copy_from_slice(&count.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        seed
    }
}

/// Accepts every message.
pub(crate) struct Receiver;

#[async_trait]
impl Webhooks for Receiver {
    async fn send(&self, _endpoint: &Endpoint, _delivery: &Delivery) -> WebhookOutcome {
        WebhookOutcome::Accepted
    }
}

/// Notices in JSON, "signed" by a header that depends on the body's length, dated by another.
pub(crate) struct TestReader;

#[derive(Deserialize)]
struct TestNotice {
    message_id: String,
    #[serde(flatten)]
    notice: ChannelNotice,
}

impl NoticeReader for TestReader {
    fn read(
        &self,
        channel: &ChannelId,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Incoming, NoticeRefused> {
        let header =
            |name: &str| headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        if !matches!(channel.as_str(), "unionpay" | "netsunion") {
            return Err(NoticeRefused::UnknownChannel);
        }
        if header("x-signature") != Some(format!("signed-{}", body.len()).as_str()) {
            return Err(NoticeRefused::BadSignature);
        }
        let sent: Option<i64> = header("x-time").and_then(|time| time.parse().ok());
        let sent = sent.ok_or(NoticeRefused::BadSignature)?;
        if now.as_millis().abs_diff(sent) > 300_000 {
            return Err(NoticeRefused::Stale);
        }
        let read: TestNotice = serde_json::from_slice(body).map_err(|_| NoticeRefused::Unreadable)?;
        let raw = String::from_utf8_lossy(body).into_owned();
        Ok(Incoming { message_id: read.message_id, notice: read.notice, raw })
    }
}
