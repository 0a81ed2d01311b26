//! The page: sections of text, figures, charts and tables.

use std::fmt::Write as _;

use base64::Engine as _;
use lockstep_core::catalogue::Lang;
use sha2::{Digest as _, Sha256};

use super::chart::Chart;
use super::escape::{escaped, push};
use super::table::Table;

const STYLE: &str = include_str!("style.css");

/// How something is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// One of many.
    #[default]
    Plain,
    /// The one to look at.
    Strong,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
    /// Take it with care.
    Care,
    /// Of little weight.
    Muted,
}

impl Tone {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Strong => "strong",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Care => "care",
            Self::Muted => "muted",
        }
    }
}

/// One large figure with what it is.
#[derive(Debug, Clone)]
pub struct Figure {
    value: String,
    label: String,
    detail: String,
    tone: Tone,
}

impl Figure {
    /// `value` is shown large, `label` says what it is.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), detail: String::new(), tone: Tone::Plain }
    }

    /// A small line below, e.g. the interval.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// How it is meant.
    #[must_use]
    pub const fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

enum Block {
    Text(String),
    Note(Tone, String),
    List(Vec<String>),
    Figures(Vec<Figure>),
    Chart(Chart),
    Table(Table),
}

struct Section {
    heading: String,
    blocks: Vec<Block>,
}

/// A page under construction. What is added goes to the section opened last.
pub struct Page {
    title: String,
    lang: Lang,
    lede: String,
    foot: String,
    sections: Vec<Section>,
}

impl Page {
    /// An empty page.
    pub fn new(title: impl Into<String>, lang: Lang) -> Self {
        Self { title: title.into(), lang, lede: String::new(), foot: String::new(), sections: Vec::new() }
    }

    /// A line or two below the title.
    #[must_use]
    pub fn lede(mut self, text: impl Into<String>) -> Self {
        self.lede = text.into();
        self
    }

    /// A line at the very end: which version, which seed, how to repeat it.
    #[must_use]
    pub fn foot(mut self, text: impl Into<String>) -> Self {
        self.foot = text.into();
        self
    }

    /// Opens a section.
    #[must_use]
    pub fn section(mut self, heading: impl Into<String>) -> Self {
        self.sections.push(Section { heading: heading.into(), blocks: Vec::new() });
        self
    }

    /// A paragraph.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.block(Block::Text(text.into()))
    }

    /// A paragraph that stands out.
    #[must_use]
    pub fn note(self, tone: Tone, text: impl Into<String>) -> Self {
        self.block(Block::Note(tone, text.into()))
    }

    /// Points.
    #[must_use]
    pub fn list<T: Into<String>>(self, points: impl IntoIterator<Item = T>) -> Self {
        self.block(Block::List(points.into_iter().map(Into::into).collect()))
    }

    /// Large figures side by side.
    #[must_use]
    pub fn figures(self, figures: impl IntoIterator<Item = Figure>) -> Self {
        self.block(Block::Figures(figures.into_iter().collect()))
    }

    /// A chart: bars, lines, stacked shares or small multiples.
    #[must_use]
    pub fn chart(self, chart: impl Into<Chart>) -> Self {
        self.block(Block::Chart(chart.into()))
    }

    /// A table.
    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.block(Block::Table(table))
    }

    fn block(mut self, block: Block) -> Self {
        if self.sections.is_empty() {
            self.sections.push(Section { heading: String::new(), blocks: Vec::new() });
        }
        if let Some(section) = self.sections.last_mut() {
            section.blocks.push(block);
        }
        self
    }

    /// The whole page as HTML.
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(64 * 1024);
        self.head(&mut out);
        out.push_str("<main>");
        for (index, section) in self.sections.iter().enumerate() {
            let _ = write!(out, "<section id=\"s{index}\">");
            if !section.heading.is_empty() {
                let _ = write!(out, "<h2>{}</h2>", escaped(&section.heading));
            }
            for block in &section.blocks {
                block.render(&mut out);
            }
            out.push_str("</section>");
        }
        out.push_str("</main>");
        if !self.foot.is_empty() {
            let _ = write!(out, "<footer><p>{}</p></footer>", escaped(&self.foot));
        }
        out.push_str("</body></html>\n");
        out
    }

    fn head(&self, out: &mut String) {
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
        let _ = write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; \
             base-uri 'none'; form-action 'none'\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">\
             <title>{title}</title><style>{STYLE}</style></head><body><header><h1>{title}</h1>",
            lang = self.lang,
            title = escaped(&self.title),
        );
        if !self.lede.is_empty() {
            let _ = write!(out, "<p class=\"lede\">{}</p>", escaped(&self.lede));
        }
        let named: Vec<_> =
            self.sections.iter().enumerate().filter(|(_, section)| !section.heading.is_empty()).collect();
        if named.len() > 2 {
            out.push_str("<nav>");
            for (index, section) in named {
                let _ = write!(out, "<a href=\"#s{index}\">{}</a>", escaped(&section.heading));
            }
            out.push_str("</nav>");
        }
        out.push_str("</header>");
    }
}

impl Block {
    fn render(&self, out: &mut String) {
        match self {
            Self::Text(text) => {
                let _ = write!(out, "<p>{}</p>", escaped(text));
            }
            Self::Note(tone, text) => {
                let _ = write!(out, "<p class=\"note {}\">{}</p>", tone.class(), escaped(text));
            }
            Self::List(points) => {
                out.push_str("<ul>");
                for point in points {
                    let _ = write!(out, "<li>{}</li>", escaped(point));
                }
                out.push_str("</ul>");
            }
            Self::Figures(figures) => {
                out.push_str("<div class=\"figures\">");
                for figure in figures {
                    figure.render(out);
                }
                out.push_str("</div>");
            }
            Self::Chart(chart) => chart.render(out),
            Self::Table(table) => table.render(out),
        }
    }
}

impl Figure {
    fn render(&self, out: &mut String) {
        let _ = write!(out, "<div class=\"figure {}\"><b>", self.tone.class());
        push(out, &self.value);
        out.push_str("</b><span>");
        push(out, &self.label);
        out.push_str("</span>");
        if !self.detail.is_empty() {
            out.push_str("<small>");
            push(out, &self.detail);
            out.push_str("</small>");
        }
        out.push_str("</div>");
    }
}
