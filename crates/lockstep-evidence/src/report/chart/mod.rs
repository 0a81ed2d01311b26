//! Charts as inline SVG. Colours and fonts come from the page's style sheet by class, so that both themes work and the
//! content security policy needs no exception.

mod bars;
mod lines;
mod multiples;
mod stack;

use std::fmt::Write as _;

pub use bars::{Bar, Bars};
pub use lines::{Axis, Lines, Series};
pub use multiples::Multiples;
pub use stack::Stack;

use super::escape::{escaped, push};

/// Any chart.
#[derive(Debug, Clone)]
pub enum Chart {
    /// Horizontal bars with intervals.
    Bars(Bars),
    /// Lines over time or a number.
    Lines(Lines),
    /// Shares of a whole.
    Stack(Stack),
    /// The same small chart many times.
    Multiples(Multiples),
}

macro_rules! from_chart {
    ($($name:ident),*) => {
        $(impl From<$name> for Chart {
            fn from(chart: $name) -> Self {
                Self::$name(chart)
            }
        })*
    };
}

from_chart!(Bars, Lines, Stack, Multiples);

/// Colours of series and parts; more than these take turns.
const COLOURS: usize = 8;

impl Chart {
    pub(super) fn render(&self, out: &mut String) {
        let (title, note) = match self {
            Self::Bars(chart) => (&chart.title, &chart.note),
            Self::Lines(chart) => (&chart.title, &chart.note),
            Self::Stack(chart) => (&chart.title, &chart.note),
            Self::Multiples(chart) => (&chart.title, &chart.note),
        };
        let _ = write!(out, "<figure class=\"chart\"><strong>{}</strong>", escaped(title));
        match self {
            Self::Bars(chart) => chart.render(out),
            Self::Lines(chart) => {
                legend(out, chart.series.iter().map(|series| series.name.as_str()));
                chart.render(out, lines::WIDE, None);
            }
            Self::Stack(chart) => {
                legend(out, chart.parts.iter().map(String::as_str));
                chart.render(out);
            }
            Self::Multiples(chart) => chart.render(out),
        }
        if !note.is_empty() {
            let _ = write!(out, "<figcaption>{}</figcaption>", escaped(note));
        }
        out.push_str("</figure>");
    }
}

/// Opens an SVG element that a screen reader announces by its title.
fn open(out: &mut String, width: f64, height: f64, label: &str) {
    let _ = write!(
        out,
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{}\">",
        escaped(label)
    );
}

/// What a pointer that rests on the shape is told.
fn tip(out: &mut String, text: &str) {
    out.push_str("<title>");
    push(out, text);
    out.push_str("</title>");
}

fn legend<'a>(out: &mut String, names: impl ExactSizeIterator<Item = &'a str>) {
    if names.len() < 2 {
        return;
    }
    out.push_str("<div class=\"legend\">");
    for (index, name) in names.enumerate() {
        let colour = index % COLOURS;
        let _ = write!(
            out,
            "<span><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"f{colour}\" width=\"10\" height=\"10\" \
             rx=\"2\"/></svg>{}</span>",
            escaped(name)
        );
    }
    out.push_str("</div>");
}
