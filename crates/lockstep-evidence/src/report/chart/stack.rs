//! Stacked shares: how a whole divides.

use std::fmt::Write as _;

use super::super::escape::{cut, svg_text, width};
use super::super::number::percent;
use super::{COLOURS, open, tip};

const WIDTH: f64 = 760.0;
const ROW: f64 = 30.0;

/// Stacked shares under construction.
#[derive(Debug, Clone)]
pub struct Stack {
    pub(super) title: String,
    pub(super) note: String,
    pub(super) parts: Vec<String>,
    rows: Vec<(String, Vec<f64>)>,
}

impl Stack {
    /// The parts, in order.
    pub fn new<T: Into<String>>(title: impl Into<String>, parts: impl IntoIterator<Item = T>) -> Self {
        let parts = parts.into_iter().map(Into::into).collect();
        Self { title: title.into(), note: String::new(), parts, rows: Vec::new() }
    }

    /// A row with one weight per part. Weights need not sum to one; what isn't finite or is negative counts as zero.
    #[must_use]
    pub fn row(mut self, label: impl Into<String>, weights: impl IntoIterator<Item = f64>) -> Self {
        let clean = |weight: f64| if weight.is_finite() { weight.max(0.0) } else { 0.0 };
        self.rows.push((label.into(), weights.into_iter().map(clean).collect()));
        self
    }

    /// A small line below.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    pub(super) fn render(&self, out: &mut String) {
        let longest = self.rows.iter().map(|(label, _)| width(label)).max().unwrap_or(0).min(50);
        let left = if longest == 0 { 0.0 } else { longest as f64 * 6.6 + 14.0 };
        open(out, WIDTH, ROW * self.rows.len() as f64 + 6.0, &self.title);
        for (index, (label, weights)) in self.rows.iter().enumerate() {
            let top = ROW * index as f64 + 3.0;
            svg_text(out, "end", left - 8.0, top + ROW / 2.0 + 4.0, &cut(label, 50));
            let whole: f64 = weights.iter().sum();
            let mut from = left;
            for (part, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
                let share = weight / whole;
                let span = share * (WIDTH - left);
                let _ = write!(
                    out,
                    "<g><rect class=\"f{}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                    part % COLOURS,
                    top + 4.0,
                    (span - 1.0).max(0.3),
                    ROW - 8.0,
                );
                let name = self.parts.get(part).map_or("", String::as_str);
                tip(out, &format!("{label} · {name}: {}", percent(share)));
                out.push_str("</g>");
                from += span;
            }
        }
        out.push_str("</svg>");
    }
}
