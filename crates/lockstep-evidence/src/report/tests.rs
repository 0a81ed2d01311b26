//! The page is harmless whatever it is given, and complete.

use lockstep_core::catalogue::Lang;

use super::number::{Unit, round_range, ticks};
use super::{
    Axis, Bar, Bars, Cell, Column, Figure, Lines, Multiples, Page, Series, Stack, Table, Tone, grouped,
};

const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onload='alert(1)",
    "</style><script>alert(1)</script>",
    "</title><svg/onload=alert(1)>",
    "<!--",
    "]]>",
    "javascript:alert(1)",
    "\u{0}\u{1}\u{202e}evil",
    "&lt;script&gt;",
    "{{7*7}}",
];

fn page_of(text: &str) -> String {
    let lines = || {
        Lines::new(text, Axis::Places(vec![text.to_owned(), "b".to_owned()]), Unit::Percent)
            .series(Series::new(text, [(0.0, 0.2), (1.0, 0.4)]).band([(0.0, 0.1, 0.3), (1.0, 0.3, 0.5)]))
            .series(Series::new("other", [(0.0, 0.1), (1.0, f64::NAN)]))
            .span(0.2, 0.4, text)
            .note(text)
    };
    Page::new(text, Lang::ZhCn)
        .lede(text)
        .foot(text)
        .section(text)
        .text(text)
        .note(Tone::Care, text)
        .list([text])
        .figures([Figure::new(text, text).detail(text).tone(Tone::Good)])
        .chart(
            Bars::new(text, Unit::Percent)
                .row(Bar::new(text, 0.4).interval(0.3, 0.5).note(text))
                .reference(text, 0.2),
        )
        .chart(lines())
        .chart(Stack::new(text, [text, "b"]).row(text, [0.3, 0.7]))
        .chart(Multiples::new(text).panel(text, lines()).note(text))
        .table(
            Table::new(text, [Column::text(text), Column::number(text)])
                .row([Cell::new(text), Cell::share(0.3)])
                .note(text),
        )
        .render()
}

/// Every tag that the page may have; anything else came from the data.
fn tags(html: &str) -> Vec<String> {
    let mut rest = html;
    let mut found = Vec::new();
    while let Some(start) = rest.find('<') {
        let tail = &rest[start + 1..];
        let end = tail.find('>').expect("a tag ends");
        found.push(tail[..end].to_owned());
        rest = &tail[end + 1..];
    }
    found
}

#[test]
fn hostile_text_adds_no_tag_and_no_attribute() {
    let calm = tags(&page_of("calm")).len();
    for text in HOSTILE {
        let html = page_of(text);
        assert_eq!(tags(&html).len(), calm, "{text:?} changed the structure");
        assert!(!html.contains("<script") && !html.contains("<img"), "{text:?}");
        assert!(!html.contains('\u{202e}') && !html.contains('\u{0}'), "{text:?}");
        for tag in tags(&html) {
            let unquoted: String = tag.split('"').step_by(2).collect();
            assert!(!unquoted.contains(" on"), "{text:?} made the handler {tag:?}");
            assert!(!unquoted.contains(" style"), "{tag:?}");
        }
    }
}

#[test]
fn the_page_loads_nothing() {
    let html = page_of("calm");
    for forbidden in ["http://", "https://", "src=", "url(", "@import", "<script", "<link", " style=\""] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("default-src 'none'; style-src 'sha256-"));
    assert!(html.contains("<html lang=\"zh-CN\">"));
}

#[test]
fn nothing_that_is_not_a_number_reaches_the_drawing() {
    let wild = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 0.0];
    let mut page = Page::new("wild", Lang::En);
    for value in wild {
        page = page
            .chart(
                Bars::new("b", Unit::Count)
                    .row(Bar::new("x", value).interval(value, 1.0))
                    .reference("r", value),
            )
            .chart(
                Lines::new("l", Axis::LocalTime, Unit::Decimal(2))
                    .series(Series::new("s", [(value, value), (1.0, 2.0)])),
            )
            .chart(
                Lines::new("l", Axis::Number("n".into()), Unit::Percent)
                    .series(Series::new("s", [(0.0, value)])),
            )
            .chart(Stack::new("s", ["a", "b"]).row("r", [value, 1.0]))
            .table(Table::new("t", [Column::text("a")]).row([Cell::share(value)]));
    }
    let html = page.chart(Bars::new("none", Unit::Percent)).chart(Multiples::new("none")).render();
    for tag in tags(&html) {
        assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
    }
}

#[test]
fn axes_have_round_steps() {
    assert_eq!(round_range(0.0, 0.43, 5.0), (0.0, 0.5, 0.1));
    assert_eq!(round_range(0.0, 26_304.0, 5.0), (0.0, 30_000.0, 10_000.0));
    let (first, last, step) = round_range(0.961, 0.978, 4.0);
    assert!(first <= 0.961 && last >= 0.978 && ticks(first, last, step).count() <= 8);
    assert_eq!(Unit::Count.show(1_234_567.0), "1,234,567");
    assert_eq!(Unit::Decimal(2).show(-1234.5), "−1,234.50");
    assert_eq!(Unit::Percent.show(0.2016), "20.2 %");
    assert_eq!(grouped(999), "999");
}
