//! Tables: set to be read, in the order their author chose.

use std::fmt::Write as _;

use super::escape::push;
use super::number::Unit;
use super::page::Tone;

/// A column's heading and how its cells stand.
#[derive(Debug, Clone)]
pub struct Column {
    heading: String,
    number: bool,
}

impl Column {
    /// Words, set to the left.
    pub fn text(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), number: false }
    }

    /// Numbers, set to the right.
    pub fn number(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), number: true }
    }
}

/// One cell.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    tone: Tone,
    share: Option<f64>,
}

impl Cell {
    /// A text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain, share: None }
    }

    /// A share between 0 and 1, in percent with a small bar.
    pub fn share(share: f64) -> Self {
        Self {
            text: Unit::Percent.show(share),
            tone: Tone::Plain,
            share: Some(share).filter(|value| value.is_finite()),
        }
    }

    /// How it is meant.
    #[must_use]
    pub const fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A table under construction.
#[derive(Debug, Clone)]
pub struct Table {
    caption: String,
    columns: Vec<Column>,
    rows: Vec<(Tone, Vec<Cell>)>,
    note: String,
}

impl Table {
    /// A table without rows.
    pub fn new(caption: impl Into<String>, columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            caption: caption.into(),
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
            note: String::new(),
        }
    }

    /// A row.
    #[must_use]
    pub fn row<T: Into<Cell>>(self, cells: impl IntoIterator<Item = T>) -> Self {
        self.row_toned(Tone::Plain, cells)
    }

    /// A row that is meant in a certain way, e.g. the one to look at.
    #[must_use]
    pub fn row_toned<T: Into<Cell>>(mut self, tone: Tone, cells: impl IntoIterator<Item = T>) -> Self {
        self.rows.push((tone, cells.into_iter().map(Into::into).collect()));
        self
    }

    /// A small line below.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    pub(super) fn render(&self, out: &mut String) {
        out.push_str("<figure class=\"table\"><table><caption>");
        push(out, &self.caption);
        out.push_str("</caption><thead><tr>");
        for column in &self.columns {
            let _ = write!(out, "<th scope=\"col\"{}>", class_of(column.number, Tone::Plain));
            push(out, &column.heading);
            out.push_str("</th>");
        }
        out.push_str("</tr></thead><tbody>");
        for (tone, cells) in &self.rows {
            let _ = write!(out, "<tr{}>", class_of(false, *tone));
            for (index, cell) in cells.iter().enumerate() {
                let number = self.columns.get(index).is_some_and(|column| column.number);
                cell.render(out, number, index == 0);
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table>");
        if !self.note.is_empty() {
            out.push_str("<figcaption>");
            push(out, &self.note);
            out.push_str("</figcaption>");
        }
        out.push_str("</figure>");
    }
}

impl Cell {
    fn render(&self, out: &mut String, number: bool, first: bool) {
        let (open, close) = if first { ("th scope=\"row\"", "th") } else { ("td", "td") };
        let _ = write!(out, "<{open}{}>", class_of(number, self.tone));
        if let Some(share) = self.share {
            let width = share.clamp(0.0, 1.0) * 60.0;
            let _ = write!(
                out,
                "<svg class=\"spark\" viewBox=\"0 0 60 8\" aria-hidden=\"true\"><rect class=\"rail\" width=\"60\" \
                 height=\"8\" rx=\"2\"/><rect class=\"bar\" width=\"{width:.1}\" height=\"8\" rx=\"2\"/></svg>"
            );
        }
        push(out, &self.text);
        let _ = write!(out, "</{close}>");
    }
}

fn class_of(number: bool, tone: Tone) -> String {
    match (number, tone) {
        (false, Tone::Plain) => String::new(),
        (true, Tone::Plain) => " class=\"n\"".to_owned(),
        (false, tone) => format!(" class=\"{}\"", tone.class()),
        (true, tone) => format!(" class=\"n {}\"", tone.class()),
    }
}
