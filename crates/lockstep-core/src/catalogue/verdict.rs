//! What one code of one scheme means.

use serde::{Deserialize, Serialize};

use super::Reason;
use super::words::wire_words;

wire_words! {
    /// What an answer proves about the money.
    Disposition, "disposition" {
        /// The money moved and the channel stands by it.
        Succeeded = "succeeded",
        /// The money moved, but the channel's own record is flawed: never debit again, reconcile.
        DefectiveSuccess = "defective_success",
        /// Final for this attempt, and no money stays moved.
        Declined = "declined",
        /// Nobody can tell yet: query before anything else.
        Unknown = "unknown",
        /// The channel has no such order. Means something only in answer to a query, and only after the
        /// window in which an order may still appear: before that, treat it as `Unknown`.
        NotFound = "not_found",
        /// The answer is about the message or the query, not about the order: ask again, conclude nothing.
        QueryAgain = "query_again",
    }
}

wire_words! {
    /// Whose codes these are.
    Scheme, "scheme" {
        /// UnionPay online acquiring, `respCode` and `origRespCode`.
        UnionpayAcp = "unionpay_acp",
        /// The network codes PB/RB/PS/RS, seen at UnionPay card-not-present gateways and at NetsUnion.
        NetworkPb = "network_pb",
        /// NetsUnion `TrxStatus`.
        EpccTrxstatus = "epcc_trxstatus",
        /// The PCC family of a bank channel.
        OnebankPcc = "onebank_pcc",
        /// ISO 8583 field 39 as UnionPay reads it.
        Iso8583F39 = "iso8583_f39",
    }
}

/// What a code means, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verdict {
    /// Why.
    pub reason: Reason,
    /// What it proves about the money.
    pub disposition: Disposition,
    /// How likely `reason` is the real cause; below 100 where a scheme folds several causes into one code.
    pub confidence_pct: u8,
    /// Whether the catalogue has the code at all.
    pub known: bool,
}

struct Row {
    code: &'static str,
    reason: Reason,
    disposition: Disposition,
    confidence_pct: u8,
}

include!(concat!(env!("OUT_DIR"), "/codes.rs"));

/// What `code` means in `scheme`. A code nobody has met yet is never an error: its outcome is unknown, so it
/// is queried, and shows up as not `known` for the catalogue to be completed.
pub fn look_up(scheme: Scheme, code: &str) -> Verdict {
    let (rows, code) = (rows(scheme), code.trim());
    match rows.binary_search_by(|row| row.code.cmp(code)) {
        Ok(index) => Verdict {
            reason: rows[index].reason,
            disposition: rows[index].disposition,
            confidence_pct: rows[index].confidence_pct,
            known: true,
        },
        Err(_) => Verdict {
            reason: Reason::UnknownReason,
            disposition: Disposition::Unknown,
            confidence_pct: 0,
            known: false,
        },
    }
}

/// Every code of a scheme in order, e.g. for a docs page or a simulated channel.
pub fn codes(scheme: Scheme) -> impl Iterator<Item = &'static str> {
    rows(scheme).iter().map(|row| row.code)
}
