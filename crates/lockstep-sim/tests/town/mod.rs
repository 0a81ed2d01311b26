//! A small town for tests: one person with a card, a lender, three channels, and time that jumps.
#![allow(dead_code, reason = "each test binary uses its part of the town")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use lockstep_channels::{ChannelKey, PersonalFields, Secrets};
use lockstep_core::binding::{CodeRef, SignAnswer};
use lockstep_core::channel::{ChannelId, Direction};
use lockstep_core::effect::{MoneyOrder, PaymentQuery, SignRequest};
use lockstep_core::id::{BindingId, BorrowerId, Bucket, Mint, PaymentId, TenantId, VaultItemId};
use lockstep_core::money::{Currency, Money};
use lockstep_core::payment::{MoneyAnswer, Payment, QueryAnswer};
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile, OneTimeCode};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Channels, Clock, Seeds};
use lockstep_sim::port::{SharedSandbox, SimChannels};
use lockstep_sim::sandbox::{AccountChange, Fault, Rail, Sandbox, Script, Scripted, World};

pub(crate) const CARD: &str = "6222020000000000000";
pub(crate) const MOBILE: &str = "13800138000";
pub(crate) const NAME: &str = "张三";
pub(crate) const ID: &str = "11010519491231002X";

pub(crate) fn key(rail: Rail) -> ChannelKey {
    ChannelKey::new(format!("the sandbox key of {}, long enough", rail.as_str()))
}

pub(crate) fn keys() -> BTreeMap<ChannelId, ChannelKey> {
    Rail::ALL.into_iter().map(|rail| (rail.id(), key(rail))).collect()
}

/// Time that jumps to wherever somebody wants to wait for.
pub(crate) struct Jumping(AtomicI64);

#[async_trait]
impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, moment: Timestamp) {
        self.0.fetch_max(moment.as_millis(), Ordering::SeqCst);
    }
}

/// The machine's time, for tests over HTTP.
pub(crate) struct Real;

#[async_trait]
impl Clock for Real {
    #[expect(clippy::disallowed_methods, reason = "real connections take real time")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
    }

    async fn sleep_until(&self, moment: Timestamp) {
        tokio::time::sleep(moment.since(self.now())).await;
    }
}

#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Seeds for Counting {
    fn draw(&self) -> [u8; 16] {
        u128::from(self.0.fetch_add(1, Ordering::SeqCst)).to_be_bytes()
    }
}

/// The vault of one person, who types a code as the code's own name.
pub(crate) struct Vault {
    pub(crate) card: &'static str,
    pub(crate) mobile: &'static str,
}

#[async_trait]
impl Secrets for Vault {
    async fn personal(&self, _: TenantId, _: BorrowerId, _: VaultItemId) -> Option<PersonalFields> {
        Some(PersonalFields {
            card_number: Some(CardNumber::new(self.card.to_owned())),
            id_number: Some(IdNumber::new(ID.to_owned())),
            mobile: Some(Mobile::new(self.mobile.to_owned())),
            holder_name: Some(HolderName::new(NAME.to_owned())),
        })
    }

    async fn code(&self, code: &CodeRef) -> Option<OneTimeCode> {
        (code.0 != "lost").then(|| OneTimeCode::new(code.0.clone()))
    }
}

pub(crate) fn vault() -> Arc<dyn Secrets> {
    Arc::new(Vault { card: CARD, mobile: MOBILE })
}

/// Requests as the engine would make them.
pub(crate) struct Lender {
    mint: Mint,
}

impl Lender {
    pub(crate) fn new() -> Self {
        let start = Timestamp::from_rfc3339("2026-03-02T09:00:00+08:00").unwrap();
        Self { mint: Mint::new(Bucket::of_tenant("town"), start, [9; 16]) }
    }

    pub(crate) fn sign_request(&mut self, rail: Rail, request_no: &str, code: Option<&str>) -> SignRequest {
        SignRequest {
            binding: BindingId::mint(&mut self.mint),
            borrower: BorrowerId::mint(&mut self.mint),
            tenant: TenantId::mint(&mut self.mint),
            channel: rail.id(),
            request_no: request_no.to_owned(),
            channel_ref: None,
            vault_item: VaultItemId::mint(&mut self.mint),
            code: code.map(|code| CodeRef(code.to_owned())),
        }
    }

    pub(crate) fn payment(&mut self) -> PaymentId {
        PaymentId::mint(&mut self.mint)
    }

    pub(crate) fn order(
        &mut self,
        rail: Rail,
        payment: PaymentId,
        attempt: u16,
        agreement_no: Option<&str>,
    ) -> MoneyOrder {
        MoneyOrder {
            payment,
            attempt,
            channel: rail.id(),
            order_no: Payment::order_no(payment, attempt),
            direction: if agreement_no.is_some() { Direction::Collect } else { Direction::PayOut },
            money: Money::new(12_500, Currency::CNY).unwrap(),
            borrower: BorrowerId::mint(&mut self.mint),
            tenant: TenantId::mint(&mut self.mint),
            vault_item: VaultItemId::mint(&mut self.mint),
            agreement_no: agreement_no.map(str::to_owned),
        }
    }
}

pub(crate) fn question(order: &MoneyOrder, sent_at: Timestamp) -> PaymentQuery {
    let (payment, attempt, channel) = (order.payment, order.attempt, order.channel.clone());
    PaymentQuery { payment, attempt, channel, order_no: order.order_no.clone(), sent_at }
}

/// Everything together, in time that jumps.
pub(crate) struct Town {
    pub(crate) clock: Arc<Jumping>,
    pub(crate) channels: SimChannels,
    pub(crate) lender: Lender,
}

impl Town {
    pub(crate) fn new() -> Self {
        Self::of(
            Sandbox::new(World::default()),
            Timestamp::from_rfc3339("2026-03-02T09:00:00+08:00").unwrap(),
        )
    }

    pub(crate) fn of(sandbox: Sandbox, start: Timestamp) -> Self {
        let clock = Arc::new(Jumping(AtomicI64::new(start.as_millis())));
        let shared = SharedSandbox::new(sandbox, &keys(), clock.clone(), Arc::new(Counting::default()));
        Self { clock, channels: SimChannels::new(Arc::new(shared), &vault()), lender: Lender::new() }
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Sandbox) -> R) -> R {
        self.channels.shared().with(work)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn pass(&self, seconds: u64) {
        self.clock.sleep_until(self.now().plus(std::time::Duration::from_secs(seconds))).await;
    }

    pub(crate) fn fault(&self, rail: Rail, fault: Fault) {
        self.script(Scripted::new(rail, fault));
    }

    pub(crate) fn script(&self, scripted: Scripted) {
        let now = self.now();
        self.with(|sandbox| sandbox.add_faults(&Script { faults: vec![scripted] }, now));
    }

    pub(crate) fn change(&self, change: AccountChange) {
        let now = self.now();
        self.with(|sandbox| sandbox.change_account(CARD, change, now).map(|_| ())).unwrap();
    }

    pub(crate) fn texted(&self) -> String {
        self.with(|sandbox| sandbox.messages(MOBILE).last().unwrap().code.clone())
    }

    /// Signs a mandate and returns its number.
    pub(crate) async fn signed(&mut self, rail: Rail) -> String {
        let request_no = format!("{}-01", rail.as_str());
        let answer = self.channels.request_code(&self.lender.sign_request(rail, &request_no, None)).await;
        assert!(matches!(answer, SignAnswer::Answered { .. }), "{answer:?}");
        let request = self.lender.sign_request(rail, &request_no, Some(&self.texted()));
        let SignAnswer::Answered { agreement_no: Some(number), .. } = self.channels.sign(&request).await
        else {
            panic!("not signed");
        };
        number
    }

    pub(crate) async fn pay(&mut self, rail: Rail, agreement_no: &str) -> (MoneyOrder, MoneyAnswer) {
        let payment = self.lender.payment();
        let order = self.lender.order(rail, payment, 1, Some(agreement_no));
        let answer = self.channels.move_money(&order).await;
        (order, answer)
    }

    pub(crate) async fn ask(&self, order: &MoneyOrder, sent_at: Timestamp) -> QueryAnswer {
        self.channels.query_payment(&question(order, sent_at)).await
    }

    /// Pays, lets everything settle, and returns the code in which the channel in the end answers.
    pub(crate) async fn final_code(&mut self, rail: Rail, agreement_no: &str) -> String {
        let sent_at = self.now();
        let (order, answer) = self.pay(rail, agreement_no).await;
        if rail == Rail::Unionpay {
            return code(&answer).to_owned();
        }
        self.pass(60).await;
        original(&self.ask(&order, sent_at).await).0
    }
}

pub(crate) fn code(answer: &MoneyAnswer) -> &str {
    match answer {
        MoneyAnswer::Answered { code, .. } => code,
        other => panic!("no code: {other:?}"),
    }
}

pub(crate) fn original(answer: &QueryAnswer) -> (String, i64) {
    match answer {
        QueryAnswer::Answered { original: Some(original), .. } => {
            (original.code.clone(), original.amount_minor.unwrap())
        }
        other => panic!("no original: {other:?}"),
    }
}

pub(crate) fn sign_code(answer: &SignAnswer) -> &str {
    match answer {
        SignAnswer::Answered { code, .. } => code,
        other => panic!("no code: {other:?}"),
    }
}
