//! Horizontal bars with intervals: the chart that shows an estimate and how sure it is.

use std::fmt::Write as _;

use super::super::escape::{cut, escaped, svg_text, width};
use super::super::number::{Unit, round_range, ticks};
use super::super::page::Tone;
use super::{open, tip};

const WIDTH: f64 = 760.0;
const ROW: f64 = 30.0;
const TOP: f64 = 8.0;

/// One bar.
#[derive(Debug, Clone)]
pub struct Bar {
    label: String,
    value: f64,
    interval: Option<(f64, f64)>,
    note: String,
    tone: Tone,
}

impl Bar {
    /// A bar from zero to `value`. A value that isn't finite is shown as missing.
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Self { label: label.into(), value, interval: None, note: String::new(), tone: Tone::Plain }
    }

    /// Where the truth plausibly lies.
    #[must_use]
    pub fn interval(mut self, low: f64, high: f64) -> Self {
        self.interval = (low.is_finite() && high.is_finite()).then_some((low, high));
        self
    }

    /// A few words behind the value, e.g. the number of attempts.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// How it is meant.
    #[must_use]
    pub const fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    fn reach(&self) -> impl Iterator<Item = f64> {
        let (low, high) = self.interval.unwrap_or((self.value, self.value));
        [self.value, low, high].into_iter().filter(|value| value.is_finite())
    }
}

/// Bars under construction.
#[derive(Debug, Clone)]
pub struct Bars {
    pub(super) title: String,
    pub(super) note: String,
    unit: Unit,
    rows: Vec<Bar>,
    reference: Option<(String, f64)>,
}

impl Bars {
    /// No bars yet.
    pub fn new(title: impl Into<String>, unit: Unit) -> Self {
        Self { title: title.into(), note: String::new(), unit, rows: Vec::new(), reference: None }
    }

    /// A bar below the others.
    #[must_use]
    pub fn row(mut self, bar: Bar) -> Self {
        self.rows.push(bar);
        self
    }

    /// Many bars.
    #[must_use]
    pub fn rows(mut self, bars: impl IntoIterator<Item = Bar>) -> Self {
        self.rows.extend(bars);
        self
    }

    /// A dashed line through all bars, with its name.
    #[must_use]
    pub fn reference(mut self, name: impl Into<String>, value: f64) -> Self {
        self.reference = value.is_finite().then(|| (name.into(), value));
        self
    }

    /// A small line below.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    pub(super) fn render(&self, out: &mut String) {
        let longest = self.rows.iter().map(|row| width(&row.label)).max().unwrap_or(0).min(50);
        let left = (longest as f64 * 6.6 + 14.0).max(60.0);
        let behind = self.rows.iter().map(|row| width(&self.words(row))).max().unwrap_or(0).min(48);
        let right = WIDTH - (behind as f64 * 6.4 + 16.0);
        let reach =
            self.rows.iter().flat_map(Bar::reach).chain(self.reference.iter().map(|(_, value)| *value));
        let (low, high) =
            reach.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let (first, last, step) = round_range(low, high, 5.0);
        let place = |value: f64| left + (value - first) / (last - first) * (right - left);
        let foot = TOP + ROW * self.rows.len() as f64;
        let height = foot + if self.reference.is_some() { 36.0 } else { 22.0 };
        open(out, WIDTH, height, &self.title);
        for tick in ticks(first, last, step) {
            let x = place(tick);
            let _ = write!(
                out,
                "<line class=\"axis\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{foot:.1}\"/>"
            );
            svg_text(out, "faint mid", x, foot + 14.0, &self.unit.tick(tick, step));
        }
        for (index, row) in self.rows.iter().enumerate() {
            self.bar(out, row, TOP + ROW * index as f64, left, right, &place);
        }
        if let Some((name, value)) = &self.reference {
            let x = place(*value);
            let _ = write!(
                out,
                "<line class=\"ref\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>",
                foot + 17.0
            );
            svg_text(
                out,
                "faint mid",
                x.clamp(80.0, WIDTH - 80.0),
                foot + 29.0,
                &format!("{name} {}", self.unit.show(*value)),
            );
        }
        out.push_str("</svg>");
    }

    fn words(&self, row: &Bar) -> String {
        let value = self.unit.show(row.value);
        if row.note.is_empty() { value } else { format!("{value} · {}", row.note) }
    }

    fn bar(&self, out: &mut String, row: &Bar, top: f64, left: f64, right: f64, place: &impl Fn(f64) -> f64) {
        out.push_str("<g>");
        let interval = row
            .interval
            .map(|(low, high)| format!(" ({} – {})", self.unit.show(low), self.unit.show(high)))
            .unwrap_or_default();
        tip(out, &format!("{}: {}{interval}", row.label, self.words(row)));
        let middle = top + ROW / 2.0;
        svg_text(out, "end", left - 8.0, middle + 4.0, &cut(&row.label, 50));
        if row.value.is_finite() {
            let (from, to) = (place(0.0).min(place(row.value)), place(0.0).max(place(row.value)));
            let _ = write!(
                out,
                "<rect class=\"bar {}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"/>",
                row.tone.class(),
                top + 6.0,
                (to - from).max(0.5),
                ROW - 12.0,
            );
        }
        if let Some((low, high)) = row.interval {
            let (low, high, over, under) = (place(low), place(high), middle - 5.0, middle + 5.0);
            let _ = write!(
                out,
                "<path class=\"whisker\" d=\"M{low:.1} {over:.1}V{under:.1}M{low:.1} {middle:.1}H{high:.1}M{high:.1} \
                 {over:.1}V{under:.1}\"/>"
            );
        }
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            right + 12.0,
            middle + 4.0,
            escaped(&cut(&self.words(row), 48))
        );
    }
}
