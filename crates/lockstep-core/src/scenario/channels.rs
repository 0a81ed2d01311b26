//! Seven channels, each with another way of knowing what became of a payment.

use crate::catalogue::Scheme;
use crate::channel::{
    AmountLimits, Capability, ChannelBook, ChannelId, ChannelName, CodeRules, Hours, IssuerLimits,
    QueryRules, RefundRules, ReversalRules, SignRules, StatementRules,
};
use crate::money::Currency;
use crate::payment::route::RoutePolicy;
use crate::payment::{FundsPolicy, RetryPolicy};
use crate::time::Zone;

/// The late-execution window of every channel here, in seconds.
pub(crate) const WINDOW_S: u64 = 600;

/// `acquirer` takes reversals, `switch` too and writes a statement, `clearing` writes a statement. Of the others,
/// `unionpay` answers and takes questions; `netsunion` tells by notice, takes questions and sleeps at night;
/// `bankdirect` takes questions only, pays out at most 1.00 and signs proven accounts; `wallet` takes no questions.
/// All but `bankdirect` refund in parts for 30 days.
pub(crate) fn book() -> ChannelBook {
    let code = Some(CodeRules { ttl_s: 300, max_tries: 5, resend_after_s: 60 });
    let by_code = SignRules { sms_code: code, micro_deposit: false };
    let unionpay = channel("unionpay", Scheme::UnionpayAcp, by_code.clone());
    let mut netsunion = channel("netsunion", Scheme::NetworkPb, by_code.clone());
    netsunion.hours =
        Hours { opens_minute: 7 * 60, closes_minute: 22 * 60, ..Hours::always(Zone::shanghai().clone()) };
    netsunion.query = Some(QueryRules { ladder_s: vec![10, 30, 60] });
    let by_deposit = SignRules { sms_code: None, micro_deposit: true };
    let mut bankdirect = channel("bankdirect", Scheme::OnebankPcc, by_deposit);
    bankdirect.pay_out = Some(limits(100));
    bankdirect.notices = false;
    bankdirect.refund = None;
    let mut wallet = channel("wallet", Scheme::Iso8583F39, by_code);
    wallet.query = None;
    ChannelBook::new([unionpay, netsunion, bankdirect, wallet, acquirer(), switch(), clearing()])
}

/// Takes reversals, and questions about what it knows. Reversing an order that comes late proves nothing.
fn acquirer() -> Capability {
    let mut acquirer = channel("acquirer", Scheme::UnionpayAcp, by_text());
    acquirer.reversal =
        Some(ReversalRules { after_s: 300, ladder_s: vec![30, 120], blocks_late_original: false });
    acquirer
}

/// Takes no questions; a reversal keeps a late original out; writes a statement.
fn switch() -> Capability {
    let mut switch = channel("switch", Scheme::Iso8583F39, by_text());
    switch.query = None;
    switch.reversal = Some(ReversalRules { after_s: 60, ladder_s: vec![30], blocks_late_original: true });
    switch.statement = Some(statement());
    switch
}

/// Has no word for "no such order", and writes a statement that is ready at ten the next morning.
fn clearing() -> Capability {
    let mut clearing = channel("clearing", Scheme::NetworkPb, by_text());
    clearing.statement = Some(statement());
    clearing.unknown_deadline_s = 3 * 86_400;
    clearing
}

fn statement() -> StatementRules {
    StatementRules { zone: Zone::shanghai().clone(), ready_minute: 600, again_s: 1800 }
}

fn by_text() -> SignRules {
    let code = Some(CodeRules { ttl_s: 300, max_tries: 5, resend_after_s: 60 });
    SignRules { sms_code: code, micro_deposit: false }
}

fn limits(max_minor: i64) -> AmountLimits {
    AmountLimits {
        currency: Currency::CNY,
        min_minor: 1,
        max_minor,
        daily_minor: None,
        monthly_minor: None,
        issuers: std::collections::BTreeMap::new(),
    }
}

fn channel(name: &str, scheme: Scheme, sign: SignRules) -> Capability {
    let capability = Capability {
        id: ChannelId::try_from(name).unwrap(),
        name: ChannelName { zh: format!("渠道{name}"), en: format!("channel {name}") },
        scheme,
        collect: Some(limits(5_000_000)),
        pay_out: None,
        sign: Some(sign),
        refund: Some(RefundRules { max_age_days: 30, partial: true }),
        query: Some(QueryRules { ladder_s: vec![5, 10, 30, 60, 300] }),
        reversal: None,
        statement: None,
        notices: true,
        hours: Hours::always(Zone::shanghai().clone()),
        late_execution_window_s: WINDOW_S,
        call_timeout_ms: 10_000,
        unknown_deadline_s: 7200,
        max_in_flight: 8,
        probe: None,
        cost_milli_minor: 0,
    };
    assert_eq!(capability.problems(), Vec::<String>::new());
    capability
}

/// The default policy without its spread and without exploring, so that a moment is one moment and the best channel is
/// the one chosen.
pub(crate) fn retry() -> RetryPolicy {
    let no_funds = FundsPolicy { explore_pct: 0, ..FundsPolicy::default() };
    let route = RoutePolicy { explore_ppm: 0, ..RoutePolicy::default() };
    RetryPolicy { spread_s: 1, no_funds, route, ..RetryPolicy::default() }
}

/// The code with which a channel says "I have no such order"; `None` when its table has none.
pub(crate) fn not_found_code(scheme: Scheme) -> Option<&'static str> {
    match scheme {
        Scheme::UnionpayAcp => Some("34"),
        Scheme::OnebankPcc => Some("PCC80002"),
        Scheme::Iso8583F39 => Some("25"),
        Scheme::NetworkPb | Scheme::EpccTrxstatus => None,
    }
}

/// The code with which a channel says "done".
pub(crate) fn success_code(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::UnionpayAcp | Scheme::Iso8583F39 => "00",
        Scheme::NetworkPb => "00000000",
        Scheme::OnebankPcc => "PCC00000",
        Scheme::EpccTrxstatus => "0",
    }
}

impl super::Stage {
    /// `limit unionpay single 80.00 daily 150.00 monthly 200.00 [issuer ICBC]`
    pub(super) fn limit(&mut self, words: &[&str]) -> String {
        use super::pay::{after, cents};
        let name = super::World::channel(words[0]);
        let changed = self.world.book.iter().cloned().map(|mut capability| {
            if capability.id != name {
                return capability;
            }
            let limits = capability.collect.as_mut().expect("it collects");
            let given = |word: &str| after(words, word).map(cents);
            let (single_minor, daily_minor, monthly_minor) =
                (given("single"), given("daily"), given("monthly"));
            match after(words, "issuer") {
                Some(code) => {
                    let own = IssuerLimits { single_minor, daily_minor, monthly_minor };
                    limits.issuers.insert(code.to_owned(), own);
                }
                None => (limits.daily_minor, limits.monthly_minor) = (daily_minor, monthly_minor),
            }
            capability
        });
        self.world.book = ChannelBook::new(changed.collect::<Vec<_>>());
        String::new()
    }
}
