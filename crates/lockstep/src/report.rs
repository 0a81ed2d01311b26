//! Printing what a run came to, as a table or as one JSON object.

use std::io::Write;
use std::time::Duration;

use lockstep_sim::sandbox::Truth;
use serde_json::{Value, json};

use crate::figures::Figures;
use crate::foundation::StartProblem;
use crate::table::{self, Heading};

/// What a run came to, and what the banks themselves say about it.
pub struct Report {
    /// Our own count.
    pub figures: Figures,
    /// The banks' own books.
    pub truth: Truth,
    /// The seed.
    pub seed: u64,
    /// Days that passed in virtual time.
    pub virtual_days: u32,
    /// Rows of the file that were left out.
    pub rejected: u64,
    /// Time that really passed.
    pub wall: Duration,
}

/// Prints a report to standard output.
///
/// # Errors
/// [`StartProblem`] when the figures can't be written as JSON.
pub fn print(report: &Report, heading: &Heading, as_json: bool) -> Result<(), StartProblem> {
    let text = if as_json {
        to_json(report).map_err(|error| StartProblem::Usage(error.to_string()))?.to_string()
    } else {
        table::render(&report.figures, heading)
    };
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => {
            written.map_err(|error| StartProblem::Usage(format!("the report can't be written: {error}")))
        }
    }
}

fn to_json(report: &Report) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(&report.figures)?;
    let more = json!({
        "double_debits": report.truth.double_debits.len(),
        "bank_debits": report.truth.debits.count,
        "bank_debited_minor": report.truth.debits.sum_minor,
        "faults": report.truth.faults,
        "rejected": report.rejected,
        "seed": report.seed,
        "virtual_days": report.virtual_days,
        "wall_s": report.wall.as_secs_f64(),
        "payments_per_s": u64::try_from(u128::from(report.figures.orders) * 1000 / report.wall.as_millis().max(1))
            .unwrap_or(0),
    });
    if let (Some(figures), Value::Object(more)) = (value.as_object_mut(), more) {
        figures.extend(more);
    }
    Ok(value)
}
