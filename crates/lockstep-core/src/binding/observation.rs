//! Observations: dated facts about an instrument. The state of an instrument is their join, so late, doubled
//! and reordered facts end in the same state.

use serde::{Deserialize, Serialize};

use crate::catalogue::Reason;
use crate::channel::ChannelId;
use crate::time::Timestamp;

/// What a source says about an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentStatus {
    /// It paid or passed a check.
    Usable,
    /// Something is wrong with it, the bank doesn't say what.
    Restricted,
    /// Not used for long; the bank wants to see the holder.
    Dormant,
    /// Locked by the bank, for example after wrong PINs.
    Locked,
    /// Frozen by the bank or a court.
    Frozen,
    /// Reported lost.
    Lost,
    /// Past its expiry date.
    Expired,
    /// Closed for ever.
    Closed,
}

impl InstrumentStatus {
    /// What a payment's answer says about the instrument; `None` when it says nothing.
    pub fn implied_by(reason: Reason) -> Option<Self> {
        Some(match reason {
            Reason::AccountFrozen => Self::Frozen,
            Reason::AccountLost => Self::Lost,
            Reason::AccountClosed => Self::Closed,
            Reason::AccountLocked => Self::Locked,
            Reason::AccountDormant => Self::Dormant,
            Reason::CardExpired => Self::Expired,
            Reason::CardStateWrong => Self::Restricted,
            _ => return None,
        })
    }

    /// Whether a payment from it is hopeless until the borrower does something, so that none is started.
    pub fn hopeless(self) -> bool {
        match self {
            Self::Lost | Self::Expired | Self::Closed => true,
            Self::Usable | Self::Restricted | Self::Dormant | Self::Locked | Self::Frozen => false,
        }
    }

    /// The reason that names this state to people; `None` for a usable instrument.
    pub fn reason(self) -> Option<Reason> {
        Some(match self {
            Self::Usable => return None,
            Self::Restricted => Reason::CardStateWrong,
            Self::Dormant => Reason::AccountDormant,
            Self::Locked => Reason::AccountLocked,
            Self::Frozen => Reason::AccountFrozen,
            Self::Lost => Reason::AccountLost,
            Self::Expired => Reason::CardExpired,
            Self::Closed => Reason::AccountClosed,
        })
    }
}

/// One dated fact. Ordered by the source's own time first, then by gravity, so that the join of two
/// observations of the same moment is the graver one: a binding never claims more than it may.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Observation {
    /// The source's own time of the fact.
    pub observed_at: Timestamp,
    /// What it says.
    pub status: InstrumentStatus,
    /// Which channel said so.
    pub source: ChannelId,
    /// When it reached us.
    pub received_at: Timestamp,
}

/// The join of two states of knowledge: commutative, associative, idempotent.
#[must_use]
pub fn join(one: Option<Observation>, two: Option<Observation>) -> Option<Observation> {
    one.max(two)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn observation() -> impl Strategy<Value = Option<Observation>> {
        let statuses = prop::sample::select(vec![
            InstrumentStatus::Usable,
            InstrumentStatus::Frozen,
            InstrumentStatus::Lost,
            InstrumentStatus::Closed,
        ]);
        let sources = prop::sample::select(vec!["unionpay", "netsunion"]);
        prop::option::of((0_i64..4, statuses, sources, 0_i64..4).prop_map(
            |(at, status, source, received)| Observation {
                observed_at: Timestamp::from_millis(at),
                status,
                source: ChannelId::try_from(source).unwrap(),
                received_at: Timestamp::from_millis(received),
            },
        ))
    }

    proptest! {
        #[test]
        fn the_join_obeys_its_laws(a in observation(), b in observation(), c in observation()) {
            prop_assert_eq!(join(a.clone(), b.clone()), join(b.clone(), a.clone()));
            prop_assert_eq!(join(join(a.clone(), b.clone()), c.clone()), join(a.clone(), join(b.clone(), c.clone())));
            prop_assert_eq!(join(a.clone(), a.clone()), a.clone());
            prop_assert_eq!(join(a.clone(), None), a);
        }

        /// Any order, any number of copies: one final state.
        #[test]
        fn order_and_copies_do_not_matter(list in prop::collection::vec(observation(), 0..6), seed in any::<u64>()) {
            let mut shuffled: Vec<_> = list.iter().chain(&list).cloned().collect();
            let len = shuffled.len().max(1);
            shuffled.rotate_left((seed as usize) % len);
            shuffled.reverse();
            let fold = |list: Vec<_>| list.into_iter().fold(None, join);
            prop_assert_eq!(fold(list), fold(shuffled));
        }
    }
}
