//! Tables for people.

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table, presets};
use lockstep_core::catalogue::{Actor, Lang};
use lockstep_core::money::Currency;

use crate::figures::{Count, Figures};

/// What the table of a run needs beside the figures.
pub struct Heading {
    /// First line.
    pub title: String,
    /// Money that the sandbox's banks moved twice for one payment: their own truth, not ours.
    pub double_debits: Option<u64>,
    /// Which language.
    pub lang: Lang,
}

/// The words of one language.
pub fn say<'a>(lang: Lang, zh: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::ZhCn => zh,
        Lang::En => en,
    }
}

/// The whole report as text.
pub fn render(figures: &Figures, heading: &Heading) -> String {
    let lang = heading.lang;
    let mut text = format!("\n{}\n\n", heading.title);
    text.push_str(&summary(figures, heading).to_string());
    text.push_str("\n\n");
    text.push_str(say(lang, "按发卡行\n", "By issuing bank\n"));
    text.push_str(&issuers(figures, lang).to_string());
    text.push_str("\n\n");
    text.push_str(say(lang, "按渠道（支付尝试）\n", "By channel (attempts)\n"));
    text.push_str(&channels(figures, lang).to_string());
    if !figures.by_cause.is_empty() {
        text.push_str("\n\n");
        text.push_str(say(lang, "尚未收回，按原因\n", "Not collected, by cause\n"));
        text.push_str(&causes(figures, lang).to_string());
    }
    text.push('\n');
    text
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(header.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    table
}

fn number(value: u64) -> Cell {
    Cell::new(grouped(value)).set_alignment(CellAlignment::Right)
}

/// 12345 as 12,345.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Minor units as a decimal with grouped digits: 125000 fen as 1,250.00.
fn decimal(minor: i64, currency: &str) -> String {
    let exponent = Currency::from_code(currency).map_or(2, |known| u32::from(known.exponent()));
    let unit = 10_u64.pow(exponent);
    let minor = minor.unsigned_abs();
    if exponent == 0 {
        return grouped(minor);
    }
    format!("{}.{:0width$}", grouped(minor / unit), minor % unit, width = exponent as usize)
}

/// A share in percent with one decimal, from whole numbers.
pub fn percent(part: u64, whole: u64) -> String {
    match (part * 2000 + whole).checked_div(whole * 2) {
        Some(permille) => format!("{}.{} %", permille / 10, permille % 10),
        None => "–".to_owned(),
    }
}

fn summary(figures: &Figures, heading: &Heading) -> Table {
    let lang = heading.lang;
    let mut table = table(&["", say(lang, "笔数", "orders"), say(lang, "占比", "share")]);
    let rows = [
        (say(lang, "已收回", "collected"), figures.collected, Color::Green),
        (say(lang, "处理中", "not yet"), figures.pending, Color::Yellow),
        (say(lang, "需有人处理", "impossible without someone acting"), figures.impossible, Color::Red),
    ];
    for (name, value, color) in rows {
        let share = Cell::new(percent(value, figures.orders)).set_alignment(CellAlignment::Right);
        table.add_row(vec![Cell::new(name).fg(color), number(value), share]);
    }
    table.add_row(vec![Cell::new(say(lang, "合计", "all")), number(figures.orders), Cell::new("")]);
    for (currency, money) in &figures.money {
        let amounts = format!(
            "{} / {}",
            decimal(money.collected_minor, currency),
            decimal(money.asked_minor, currency)
        );
        let share = percent(money.collected_minor.unsigned_abs(), money.asked_minor.unsigned_abs());
        let name = say(lang, "金额：已收回 / 应收", "money: collected / asked");
        let cell = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row(vec![Cell::new(format!("{name} ({currency})")), cell(amounts), cell(share)]);
    }
    let unknown = format!("{} / {}", grouped(figures.unknown_resolved), grouped(figures.unknown_seen));
    let name = say(lang, "结果未知：已查清 / 出现过", "unknown outcomes: resolved / seen");
    table.add_row(vec![
        Cell::new(name),
        Cell::new(unknown).set_alignment(CellAlignment::Right),
        Cell::new(""),
    ]);
    if let Some(double) = heading.double_debits {
        let color = if double == 0 { Color::Green } else { Color::Red };
        let name = say(lang, "重复扣款（以银行账为准）", "double debits (by the banks' own books)");
        table.add_row(vec![Cell::new(name), number(double).fg(color), Cell::new("")]);
    }
    table
}

fn issuers(figures: &Figures, lang: Lang) -> Table {
    let mut table = table(&[
        say(lang, "银行", "bank"),
        say(lang, "笔数", "orders"),
        say(lang, "已收回", "collected"),
        "",
        say(lang, "处理中", "not yet"),
        say(lang, "需处理", "impossible"),
    ]);
    let mut rows: Vec<_> = figures.by_issuer.iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(count.orders));
    for (issuer, count) in rows {
        let Count { orders, collected, pending, impossible } = *count;
        let share = Cell::new(percent(collected, orders)).set_alignment(CellAlignment::Right);
        let cells = [number(orders), number(collected), share, number(pending), number(impossible)];
        table.add_row(std::iter::once(Cell::new(issuer)).chain(cells));
    }
    table
}

fn channels(figures: &Figures, lang: Lang) -> Table {
    let mut table = table(&[
        say(lang, "渠道", "channel"),
        say(lang, "尝试", "attempts"),
        say(lang, "扣款成功", "moved"),
        say(lang, "被拒", "declined"),
        say(lang, "未执行", "not executed"),
        say(lang, "结果曾未知", "unknown for a while"),
        say(lang, "仍未知", "unknown now"),
    ]);
    for (channel, count) in &figures.by_channel {
        let cells = [
            count.attempts,
            count.moved,
            count.declined,
            count.not_executed,
            count.unknown_seen,
            count.unknown_open,
        ];
        table.add_row(std::iter::once(Cell::new(channel)).chain(cells.map(number)));
    }
    table
}

fn causes(figures: &Figures, lang: Lang) -> Table {
    let mut table = table(&[
        say(lang, "原因", "cause"),
        say(lang, "处理中", "not yet"),
        say(lang, "需处理", "impossible"),
        say(lang, "谁来处理", "who acts"),
        say(lang, "下一步", "next step"),
    ]);
    for row in &figures.by_cause {
        let entry = row.cause.entry();
        let title = Cell::new(entry.title.get(lang).trim_end_matches(['.', '。']));
        let next = Cell::new(entry.next_step.get(lang));
        table.add_row(vec![
            title,
            number(row.pending),
            number(row.impossible),
            Cell::new(actor(row.actor, lang)),
            next,
        ]);
    }
    table
}

fn actor(actor: Actor, lang: Lang) -> &'static str {
    match (actor, lang) {
        (Actor::Borrower, Lang::ZhCn) => "借款人",
        (Actor::Borrower, Lang::En) => "borrower",
        (Actor::Lender, Lang::ZhCn) => "机构",
        (Actor::Lender, Lang::En) => "lender",
        (Actor::Channel, Lang::ZhCn) => "渠道",
        (Actor::Channel, Lang::En) => "channel",
        (Actor::Lockstep, Lang::ZhCn) => "系统自动",
        (Actor::Lockstep, Lang::En) => "Lockstep",
        (Actor::Nobody, Lang::ZhCn) => "无需",
        (Actor::Nobody, Lang::En) => "nobody",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_shares_are_exact() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(percent(973, 1000), "97.3 %");
        assert_eq!(percent(0, 0), "–");
    }
}
