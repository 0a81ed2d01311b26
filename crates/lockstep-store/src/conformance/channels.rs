//! The two channels of the suite's lender.

use lockstep_core::catalogue::Scheme;
use lockstep_core::channel::{
    AmountLimits, Capability, ChannelBook, ChannelId, ChannelName, CodeRules, Hours, QueryRules, RefundRules,
    SignRules,
};
use lockstep_core::money::Currency;
use lockstep_core::time::Zone;

/// Both of them.
pub(super) fn book() -> ChannelBook {
    ChannelBook::new([capability("unionpay"), capability("netsunion")])
}

/// A channel's name.
///
/// # Panics
/// When it isn't one.
pub fn channel(name: &str) -> ChannelId {
    ChannelId::try_from(name).expect("a legal channel name")
}

fn capability(name: &str) -> Capability {
    let limits = AmountLimits {
        currency: Currency::CNY,
        min_minor: 1,
        max_minor: 5_000_000,
        daily_minor: None,
        monthly_minor: None,
        issuers: std::collections::BTreeMap::new(),
    };
    let code = CodeRules { ttl_s: 300, max_tries: 5, resend_after_s: 60 };
    Capability {
        id: channel(name),
        name: ChannelName { zh: "通道".to_owned(), en: name.to_owned() },
        scheme: Scheme::UnionpayAcp,
        collect: Some(limits.clone()),
        pay_out: Some(limits),
        sign: Some(SignRules { sms_code: Some(code), micro_deposit: true }),
        query: Some(QueryRules { ladder_s: vec![5, 10, 60] }),
        reversal: None,
        statement: None,
        notices: true,
        hours: Hours::always(Zone::utc()),
        late_execution_window_s: 600,
        call_timeout_ms: 5_000,
        unknown_deadline_s: 3_600,
        max_in_flight: 10,
        probe: None,
        refund: Some(RefundRules { max_age_days: 30, partial: true }),
        cost_milli_minor: 0,
    }
}
