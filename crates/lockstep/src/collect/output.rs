//! The results file, the rejects file, and writing them so that a reader never sees half of one.

use std::io;
use std::path::Path;

use lockstep_core::payment::PaymentState;

use super::input::Reject;
use crate::drive::Outcome;
use crate::figures::{OrderResult, Verdict};
use crate::whole_file::replace;

const RESULT_COLUMNS: [&str; 16] = [
    "row",
    "order",
    "borrower",
    "status",
    "amount_minor",
    "collected_minor",
    "currency",
    "channel",
    "attempts",
    "cause",
    "who_acts",
    "next_try_at",
    "next_step_en",
    "next_step_zh",
    "borrower_text_zh",
    "payment",
];

const REJECT_COLUMNS: [&str; 6] = ["row", "order", "field", "code", "problem_en", "problem_zh"];

/// Writes the results of a run.
///
/// # Errors
/// When the file can't be written; the old one is untouched then.
pub fn write_results(path: &Path, results: &[OrderResult]) -> io::Result<()> {
    replace(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(RESULT_COLUMNS)?;
        for result in results {
            writer.write_record(row(result))?;
        }
        writer.flush()?;
        Ok(())
    })
}

/// Writes the rejected rows, one line per problem.
///
/// # Errors
/// When the file can't be written; the old one is untouched then.
pub fn write_rejects(path: &Path, rejects: &[Reject]) -> io::Result<()> {
    replace(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(REJECT_COLUMNS)?;
        for reject in rejects {
            let line = reject.line.to_string();
            let fields =
                [&line, &reject.order, &reject.field, &reject.code, &reject.message.en, &reject.message.zh];
            writer.write_record(fields.map(|field| harmless(field)))?;
        }
        writer.flush()?;
        Ok(())
    })
}

fn row(result: &OrderResult) -> [String; 16] {
    let payment = result.payment.as_ref();
    let moved = payment.filter(|payment| matches!(payment.state, PaymentState::Succeeded { .. }));
    let status = match (&result.started.outcome, result.verdict) {
        (Outcome::Refused(_) | Outcome::Differs, _) => "refused",
        (_, verdict) => verdict.as_str(),
    };
    let (cause, actor, en, zh) = explain(result);
    let diagnosis = result.diagnosis.as_ref();
    let told = diagnosis.filter(|_| result.verdict != Verdict::Collected);
    [
        result.started.line.to_string(),
        harmless(&result.started.order),
        harmless(&result.started.borrower),
        status.to_owned(),
        payment.map(|payment| payment.money.amount_minor.to_string()).unwrap_or_default(),
        moved.map_or(0, |payment| payment.money.amount_minor).to_string(),
        payment.map(|payment| payment.money.currency.code().to_owned()).unwrap_or_default(),
        payment
            .and_then(|payment| payment.last_attempt())
            .map(|last| last.channel.to_string())
            .unwrap_or_default(),
        payment.map_or(0, |payment| payment.attempts.len()).to_string(),
        cause,
        actor,
        diagnosis.and_then(|diagnosis| diagnosis.next_try_at).map(|at| at.to_rfc3339()).unwrap_or_default(),
        en,
        zh,
        told.map(|diagnosis| diagnosis.borrower.zh.clone()).unwrap_or_default(),
        payment.map(|payment| payment.id.to_string()).unwrap_or_default(),
    ]
}

fn explain(result: &OrderResult) -> (String, String, String, String) {
    match &result.started.outcome {
        Outcome::Refused(refusal) => {
            let sentence = refusal.sentence();
            (refusal.code().to_owned(), "lender".to_owned(), sentence.en, sentence.zh)
        }
        Outcome::Differs => (
            "order_differs".to_owned(),
            "lender".to_owned(),
            "An order with this reference exists with another amount or due date. Use a new reference."
                .to_owned(),
            "已有相同编号、但金额或到期日不同的还款单，请换一个编号。".to_owned(),
        ),
        Outcome::Payment(_)
        | Outcome::Collected
        | Outcome::NotBound { .. }
        | Outcome::NeedsBorrower { .. } => {
            let Some(entry) = result.cause.map(|cause| cause.entry()) else {
                return Default::default();
            };
            let (en, zh) = (entry.next_step.en.to_owned(), entry.next_step.zh.to_owned());
            (entry.reason.as_str().to_owned(), entry.actor.as_str().to_owned(), en, zh)
        }
    }
}

/// A cell that a spreadsheet would run as a formula is kept from being one.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_are_defused() {
        assert_eq!(harmless("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(harmless("L-1"), "L-1");
    }
}
