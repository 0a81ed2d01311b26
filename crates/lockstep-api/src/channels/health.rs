//! Health of channels and issuers, in figures with units.

use lockstep_core::channel::{ChannelId, Direction};
use lockstep_core::health::{Place, Standing, StandingState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{BreakerWord, Time, Words};

/// How well a channel, an issuer or an issuer on a channel works now. Rates and chances are in millionths: 950000 is 95 %.
#[derive(Serialize, ToSchema)]
#[schema(as = ChannelHealth)]
pub(crate) struct HealthView {
    /// `closed`: in use. `open`: in trouble, no payments go there. `half_open`: recovering, a growing share goes there.
    #[schema(value_type = BreakerWord)]
    state: &'static str,
    /// The same for people.
    text: Words,
    /// When the trouble was found; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Time>,
    /// No payment goes there before this; absent unless `open`.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_until: Option<Time>,
    /// Share of the payments that may go there, in millionths.
    #[schema(maximum = 1_000_000)]
    share_ppm: u32,
    /// When the state last changed; absent when it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<Time>,
    /// Share of faults among about the last 32 answers, in millionths. Only the layer's own faults: no answer, a slow one,
    /// a forged or unreadable one. A declined card is none.
    #[schema(maximum = 1_000_000)]
    fault_rate_ppm: u32,
    /// Share of faults that is usual here, in millionths.
    #[schema(maximum = 1_000_000)]
    usual_fault_rate_ppm: u32,
    /// Estimated chance that an attempt moves the money, in millionths. Causes that only the borrower can change (no funds,
    /// a closed card) are set aside.
    #[schema(maximum = 1_000_000)]
    chance_ppm: u32,
    /// One standard deviation of that estimate, in millionths.
    #[schema(maximum = 1_000_000)]
    chance_spread_ppm: u32,
    /// Typical time until a payment is answered, in milliseconds; channels only, once enough answers came.
    #[serde(skip_serializing_if = "Option::is_none")]
    typical_answer_ms: Option<u64>,
    /// Answers heard since the service started.
    answers: u64,
    /// When the last one came.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_answer_at: Option<Time>,
}

/// How well one issuer works on one channel.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuerOnChannel)]
pub(crate) struct CellView {
    /// Code of the bank.
    #[schema(example = "ICBC")]
    issuer: String,
    /// `collect` for debits, `pay_out` for credits.
    #[schema(value_type = String, pattern = "^(collect|pay_out)$")]
    direction: Direction,
    /// How it works.
    health: HealthView,
}

/// How well one issuer works over all channels.
#[derive(Serialize, ToSchema)]
#[schema(as = Issuer)]
pub(crate) struct IssuerView {
    /// Code of the bank.
    #[schema(example = "ICBC")]
    issuer: String,
    /// How it works.
    health: HealthView,
}

/// How everything stands.
pub(crate) struct Standings(pub(crate) Vec<Standing>);

impl Standings {
    pub(crate) fn channel(&self, channel: &ChannelId) -> HealthView {
        let found = self.0.iter().find(|standing| standing.place == Place::Channel(channel.clone()));
        HealthView::of(found.unwrap_or(&Standing::unheard(Place::Channel(channel.clone()))))
    }

    pub(crate) fn cells(&self, channel: &ChannelId) -> Vec<CellView> {
        let cells = self.0.iter().filter_map(|standing| match &standing.place {
            Place::Cell { channel: on, issuer, direction } if on == channel => {
                let health = HealthView::of(standing);
                Some(CellView { issuer: issuer.clone(), direction: *direction, health })
            }
            Place::Channel(_) | Place::Issuer(_) | Place::Cell { .. } => None,
        });
        cells.collect()
    }

    pub(crate) fn issuers(&self) -> Vec<IssuerView> {
        let issuers = self.0.iter().filter_map(|standing| match &standing.place {
            Place::Issuer(issuer) => {
                Some(IssuerView { issuer: issuer.clone(), health: HealthView::of(standing) })
            }
            Place::Channel(_) | Place::Cell { .. } => None,
        });
        issuers.collect()
    }
}

impl HealthView {
    fn of(standing: &Standing) -> Self {
        let (since, closed_until, share_ppm) = match standing.state {
            StandingState::Closed => (None, None, 1_000_000),
            StandingState::Open { since, until } => (Some(since), Some(until), 0),
            StandingState::HalfOpen { since, share_ppm } => (Some(since), None, share_ppm),
        };
        Self {
            state: standing.state.as_str(),
            text: standing.state.text().into(),
            since: since.map(Time),
            closed_until: closed_until.map(Time),
            share_ppm,
            changed_at: standing.changed_at.map(Time),
            fault_rate_ppm: standing.fault_rate_ppm,
            usual_fault_rate_ppm: standing.usual_rate_ppm,
            chance_ppm: standing.chance_ppm,
            chance_spread_ppm: standing.spread_ppm,
            typical_answer_ms: standing.typical_ms,
            answers: standing.answers,
            last_answer_at: standing.last_at.map(Time),
        }
    }
}
