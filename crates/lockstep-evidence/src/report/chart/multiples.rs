//! Small multiples: the same chart many times on one scale.

use std::fmt::Write as _;

use super::super::escape::escaped;
use super::Lines;

const SMALL: (f64, f64) = (300.0, 130.0);

/// Small charts under construction.
#[derive(Debug, Clone)]
pub struct Multiples {
    pub(super) title: String,
    pub(super) note: String,
    panels: Vec<(String, Lines)>,
}

impl Multiples {
    /// No panels yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), note: String::new(), panels: Vec::new() }
    }

    /// A panel with its name. All panels share one upright scale.
    #[must_use]
    pub fn panel(mut self, name: impl Into<String>, lines: Lines) -> Self {
        self.panels.push((name.into(), lines));
        self
    }

    /// A small line below.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    pub(super) fn render(&self, out: &mut String) {
        let start = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = self
            .panels
            .iter()
            .map(|(_, lines)| lines.reach())
            .fold(start, |(low, high), (least, most)| (low.min(least), high.max(most)));
        out.push_str("<div class=\"grid\">");
        for (name, lines) in &self.panels {
            let _ = write!(out, "<div><span>{}</span>", escaped(name));
            lines.render(out, SMALL, Some((low, high)));
            out.push_str("</div>");
        }
        out.push_str("</div>");
    }
}
