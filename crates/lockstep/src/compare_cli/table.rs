//! The comparison as tables for people.

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table, presets};
use lockstep_core::catalogue::Lang;
use lockstep_evidence::compare::policy::{ORACLE, OURS};
use lockstep_evidence::compare::{Comparison, Estimate, PolicyResult, Row, Shown};

fn say<'a>(lang: Lang, zh: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::ZhCn => zh,
        Lang::En => en,
    }
}

/// Three tables: what came in, what it took, what happened in outages.
const PARTS: [(&str, &str, &[Row]); 4] = [
    (
        "收回",
        "What came in",
        &[Row::Collected10d, Row::CollectedFirst, Row::CollectedSameDay, Row::Collected5d, Row::Regret],
    ),
    (
        "代价",
        "What it took",
        &[
            Row::DoubleDebits,
            Row::AttemptsPerSuccess,
            Row::MostAttempts,
            Row::SchemeBreaches,
            Row::CostPerSuccess,
            Row::StatusQueries,
            Row::StatusOverCap,
        ],
    ),
    (
        "渠道瘫痪时",
        "When channels fail",
        &[Row::SentToDead, Row::OutageLeftAfter, Row::HealedUsedAfter, Row::FalseAlarms],
    ),
    (
        "银行瘫痪时",
        "When issuers fail",
        &[Row::IssuerTriedAfter, Row::IssuerTriedAfterP99, Row::IntoIssuerOutage],
    ),
];

/// The whole answer as text.
pub fn render(comparison: &Comparison, lang: Lang) -> String {
    let options = &comparison.options;
    let title = match lang {
        Lang::ZhCn => format!(
            "世界 {}：{}\n{} 组 × {} 笔，{} 天到期；区间为各组配对的 95 % 置信区间",
            comparison.world.0, comparison.world.1, options.seeds, options.orders, options.days
        ),
        Lang::En => format!(
            "World {}: {}\n{} seeds x {} orders, due over {} days; 95 % intervals over paired seeds",
            comparison.world.0, comparison.world.1, options.seeds, options.orders, options.days
        ),
    };
    let mut text = format!("\n{title}\n");
    for (zh, en, rows) in PARTS {
        text.push_str(&format!("\n{}\n{}\n", say(lang, zh, en), part(comparison, rows, lang)));
    }
    text.push_str(&status(comparison, lang));
    text.push_str(&calibration(comparison, lang));
    for policy in comparison.policies.iter().filter(|policy| !policy.losses.is_empty()) {
        text.push_str(&losses(comparison, policy, lang));
    }
    text
}

fn table(header: impl IntoIterator<Item = String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(header.into_iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    table
}

fn right(text: impl Into<String>) -> Cell {
    Cell::new(text.into()).set_alignment(CellAlignment::Right)
}

fn label(row: Row, lang: Lang) -> String {
    let (en, zh) = row.label();
    say(lang, zh, en).to_owned()
}

fn part(comparison: &Comparison, rows: &[Row], lang: Lang) -> Table {
    let first = rows.contains(&Row::Collected10d);
    let against = say(lang, "与我们之差", "against ours").to_owned();
    let mut header = vec![say(lang, "策略", "policy").to_owned()];
    header.extend(rows.iter().map(|row| label(*row, lang)));
    if first {
        header.insert(2, against);
    }
    let mut table = table(header);
    for policy in &comparison.policies {
        let name = Cell::new(policy.name);
        let name = if policy.name == OURS { name.add_attribute(Attribute::Bold) } else { name };
        let mut cells = vec![name];
        for row in rows {
            let best = best(comparison, *row);
            let estimate = policy.rows.get(row);
            let cell = right(estimate.map_or("–".to_owned(), |estimate| show(*row, estimate)));
            let wins = policy.name != ORACLE && estimate.is_some_and(|estimate| Some(estimate.mean) == best);
            cells.push(if wins { cell.fg(Color::Green) } else { cell });
            if first && *row == Row::Collected10d {
                let difference = policy.against_ours.get(row).filter(|_| policy.name != OURS);
                cells.push(right(difference.map_or(String::new(), points)));
            }
        }
        table.add_row(cells);
    }
    table
}

/// The best value of a row, the oracle aside.
fn best(comparison: &Comparison, row: Row) -> Option<f64> {
    let real = comparison.policies.iter().filter(|policy| policy.name != ORACLE);
    let means = real.filter_map(|policy| policy.rows.get(&row)).map(|estimate| estimate.mean);
    if row.higher_is_better() { means.max_by(f64::total_cmp) } else { means.min_by(f64::total_cmp) }
}

#[expect(clippy::float_arithmetic, reason = "shown, not booked")]
fn show(row: Row, estimate: &Estimate) -> String {
    match row.shown() {
        Shown::Share => format!("{:.2} {} %", estimate.mean * 100.0, spread(estimate)),
        Shown::Points => format!("{:.2} {}", estimate.mean * 100.0, spread(estimate)),
        Shown::Number if estimate.mean >= 100.0 => format!("{:.0}", estimate.mean),
        Shown::Number => format!("{:.1}", estimate.mean),
        Shown::Ratio => format!("{:.3}", estimate.mean),
        Shown::Seconds => duration(estimate.mean),
        Shown::Money => format!("{:.3}", estimate.mean / 100.0),
    }
}

#[expect(clippy::float_arithmetic, reason = "shown, not booked")]
fn points(estimate: &Estimate) -> String {
    format!("{:+.2} {}", estimate.mean * 100.0, spread(estimate))
}

/// What follows a mean in hundredths: how far it may be off; both ends where one of them is the end of what a share can
/// be; "–" where one seed doesn't tell.
#[expect(clippy::float_arithmetic, reason = "shown, not booked")]
fn spread(estimate: &Estimate) -> String {
    let Some((low, high)) = estimate.interval() else { return "±–".to_owned() };
    let (below, above) = (estimate.mean - low, high - estimate.mean);
    if (below - above).abs() < 1e-9 {
        return format!("±{:.2}", above * 100.0);
    }
    format!("({:.2}–{:.2})", low * 100.0, high * 100.0)
}

#[expect(clippy::float_arithmetic, reason = "shown, not booked")]
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} d", s / 86_400.0),
    }
}

/// Status queries against the caps, for us and for whoever breaks one.
fn status(comparison: &Comparison, lang: Lang) -> String {
    let mut table = table(
        [
            say(lang, "策略", "policy"),
            say(lang, "渠道", "channel"),
            say(lang, "查询次数", "status queries"),
            say(lang, "窗口内最多 / 上限", "most in the window / cap"),
            say(lang, "最短间隔 / 上限", "shortest gap / cap"),
            say(lang, "超限", "above the cap"),
        ]
        .map(str::to_owned),
    );
    for policy in &comparison.policies {
        for (channel, asked) in comparison.channels.iter().zip(&policy.asked) {
            if policy.name != OURS && asked.over_cap == 0 {
                continue;
            }
            let gap = asked.shortest_gap_s.map_or("–".to_owned(), |gap| format!("{gap:.0} s"));
            let over = right(asked.over_cap.to_string());
            table.add_row(vec![
                Cell::new(policy.name),
                Cell::new(channel),
                right(asked.queries.to_string()),
                right(format!("{} / {}", asked.most_in_window, asked.cap_in_window)),
                right(format!("{gap} / {} s", asked.cap_gap_s)),
                if asked.over_cap > 0 { over.fg(Color::Red) } else { over.fg(Color::Green) },
            ]);
        }
    }
    format!("\n{}\n{table}\n", say(lang, "查询频次与渠道上限", "Status queries against the channels' caps"))
}

fn calibration(comparison: &Comparison, lang: Lang) -> String {
    let checks = comparison.calibration();
    if checks.is_empty() {
        return String::new();
    }
    let mut table = table(
        [
            say(lang, "原型的数字", "the prototype's figures"),
            say(lang, "原型", "prototype"),
            say(lang, "本次", "here"),
            "",
        ]
        .map(str::to_owned),
    );
    for check in &checks {
        let verdict = if check.holds() {
            Cell::new(say(lang, "相符", "holds")).fg(Color::Green)
        } else {
            Cell::new(say(lang, "不符", "off")).fg(Color::Yellow)
        };
        table.add_row(vec![
            Cell::new(check.what),
            right(format!("{:.4} ±{:.3}", check.expected, check.tolerance)),
            right(format!("{:.4}", check.got)),
            verdict,
        ]);
    }
    format!("\n{}\n{table}\n", say(lang, "校准", "Calibration of the world"))
}

#[expect(clippy::float_arithmetic, reason = "shown, not booked")]
fn losses(comparison: &Comparison, policy: &PolicyResult, lang: Lang) -> String {
    let all = f64::from(comparison.options.seeds) * f64::from(comparison.options.orders);
    let mut table = table(
        [
            say(lang, "结局", "how it ended"),
            say(lang, "最后一次的真实障碍", "really in the way of the last attempt"),
            say(lang, "本可收回的做法", "would have brought it"),
            say(lang, "笔数", "orders"),
            say(lang, "百分点", "points"),
            say(lang, "尝试", "attempts"),
        ]
        .map(str::to_owned),
    );
    for row in policy.losses.iter().take(25) {
        table.add_row(vec![
            Cell::new(&row.ending),
            Cell::new(&row.cause),
            Cell::new(&row.rescue),
            right(row.orders.to_string()),
            right(format!("{:.3}", row.orders as f64 * 100.0 / all)),
            right(format!("{:.1}", row.attempts)),
        ]);
    }
    let lost: u64 = policy.losses.iter().map(|row| row.orders).sum();
    let heading = match lang {
        Lang::ZhCn => format!("{}：先知能收回而它没有收回的 {lost} 笔", policy.name),
        Lang::En => format!("{}: {lost} orders that the oracle collects and it doesn't", policy.name),
    };
    format!("\n{heading}\n{table}\n")
}

/// The named worlds.
pub fn worlds(names: &[(&str, String)]) -> String {
    list(names.iter().map(|(name, summary)| (*name, summary.as_str())))
}

/// The policies.
pub fn policies(all: &[(&str, &str)]) -> String {
    list(all.iter().copied())
}

fn list<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let lines: Vec<_> = rows.map(|(name, about)| format!("{name:<20} {about}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_shown_only_where_there_is_one_and_never_beyond_a_share() {
        let estimate = |low, high, seeds| Estimate { mean: 0.97, low, high, seeds };
        assert_eq!(show(Row::Collected10d, &estimate(0.97, 0.97, 1)), "97.00 ±– %");
        assert_eq!(show(Row::Collected10d, &estimate(0.96, 0.98, 5)), "97.00 ±1.00 %");
        assert_eq!(show(Row::Collected10d, &estimate(0.92, 1.0, 5)), "97.00 (92.00–100.00) %");
        assert_eq!(points(&estimate(0.97, 0.97, 1)), "+97.00 ±–");
    }
}
