//! The comparison as one self-contained page with charts.

use lockstep_core::catalogue::Lang;

use super::measure::{ROWS, Row, Shown};
use super::policy::{ALL, ORACLE, OURS};
use super::run::{Comparison, PolicyResult};
use super::stats::Estimate;
use crate::report::{Axis, Bar, Bars, Column, Figure, Lines, Page, Series, Table, Tone, Unit};

fn say(lang: Lang, zh: &str, en: &str) -> String {
    match lang {
        Lang::ZhCn => zh.to_owned(),
        Lang::En => en.to_owned(),
    }
}

fn label(row: Row, lang: Lang) -> String {
    let (en, zh) = row.label();
    say(lang, zh, en)
}

/// The page as HTML.
pub fn page(comparison: &Comparison, lang: Lang) -> String {
    let options = &comparison.options;
    let lede = say(
        lang,
        "同一个世界、同一批还款单、同样的账户、故障和应答：各策略只因自己的选择而不同。",
        "One world, the same orders, accounts, outages and answers: policies differ by their choices alone.",
    );
    let mut page = Page::new(say(lang, "策略并列比较", "Policies side by side"), lang)
        .lede(lede)
        .section(format!("{} {}", say(lang, "世界", "World"), comparison.world.0))
        .text(&comparison.world.1)
        .text(match lang {
            Lang::ZhCn => format!(
                "{} 组 × {} 笔，{} 天内到期。成功：到期后十天内、至多八次尝试收回。区间：各组配对的 95 % 置信区间。",
                options.seeds, options.orders, options.days
            ),
            Lang::En => format!(
                "{} seeds x {} orders, due over {} days. Success is an order collected within 10 days of its due moment, in \
                 at most 8 attempts. Intervals are 95 % over paired seeds.",
                options.seeds, options.orders, options.days
            ),
        });
    page = page.figures(headline(comparison, lang));
    page = page.section(say(lang, "还有多少没收回", "What is still owed")).text(say(
        lang,
        "各策略收回的都不少，差别在没收回的部分；条越短越好。收回的比例见“全部数字”。",
        "All of them collect most of it; they differ in what is left. Shorter is better. The shares collected are under “All figures”.",
    ));
    for (row, zh, en) in OWED {
        page = page.chart(owed(comparison, row, say(lang, zh, en)));
    }
    page = page.chart(curve(comparison, lang));
    page = page.section(say(lang, "代价与安全", "What it took, and how safe it was"));
    for row in [Row::DoubleDebits, Row::AttemptsPerSuccess, Row::CostPerSuccess, Row::StatusOverCap] {
        page = page.chart(bars(comparison, row, lang));
    }
    page = page.section(say(lang, "渠道瘫痪时", "When channels fail"));
    for row in [Row::SentToDead, Row::HealedUsedAfter] {
        page = page.chart(bars(comparison, row, lang));
    }
    page = page.section(say(lang, "全部数字", "All figures")).table(figures(comparison, lang));
    if options.explain {
        page = page.section(say(lang, "输在哪里", "Where each loses against the oracle"));
        for policy in comparison.policies.iter().filter(|policy| !policy.losses.is_empty()) {
            page = page.table(losses(comparison, policy, lang));
        }
    }
    page = page.section(say(lang, "各策略说明", "The policies")).list(
        ALL.iter()
            .filter(|(name, _)| comparison.policies.iter().any(|policy| policy.name == *name))
            .map(|(name, about)| format!("{name}: {about}")),
    );
    page.foot(format!(
        "lockstep compare --world {} --seeds {} --seed {} --orders {} --days {}",
        comparison.world.0, options.seeds, options.first_seed, options.orders, options.days
    ))
    .render()
}

fn headline(comparison: &Comparison, lang: Lang) -> Vec<Figure> {
    let Some(ours) = comparison.policies.iter().find(|policy| policy.name == OURS) else { return Vec::new() };
    let shown =
        [(Row::Collected10d, Tone::Strong), (Row::Regret, Tone::Plain), (Row::DoubleDebits, Tone::Plain)];
    let figure = |(row, tone): (Row, Tone)| {
        let estimate = ours.rows.get(&row)?;
        let ends = |(low, high)| format!("{} – {}", value(row, low), value(row, high));
        let interval = estimate.interval().map_or("–".to_owned(), ends);
        Some(Figure::new(value(row, estimate.mean), label(row, lang)).detail(interval).tone(tone))
    };
    shown.into_iter().filter_map(figure).collect()
}

fn unit(row: Row) -> (Unit, f64) {
    match row.shown() {
        Shown::Share => (Unit::Percent, 1.0),
        Shown::Points => (Unit::Decimal(2), 100.0),
        Shown::Number => (Unit::Decimal(1), 1.0),
        Shown::Ratio => (Unit::Decimal(3), 1.0),
        Shown::Seconds => (Unit::Count, 1.0),
        Shown::Money => (Unit::Decimal(3), 0.01),
    }
}

fn value(row: Row, mean: f64) -> String {
    match row.shown() {
        Shown::Share => format!("{:.2} %", mean * 100.0),
        Shown::Points => format!("{:.2}", mean * 100.0),
        Shown::Number => format!("{mean:.1}"),
        Shown::Ratio => format!("{mean:.3}"),
        Shown::Seconds => format!("{mean:.0} s"),
        Shown::Money => format!("{:.3}", mean / 100.0),
    }
}

fn bars(comparison: &Comparison, row: Row, lang: Lang) -> Bars {
    let (unit, scale) = unit(row);
    let bar = |policy: &PolicyResult| {
        let estimate = policy.rows.get(&row)?;
        let bar = Bar::new(policy.name, estimate.mean * scale);
        let bar = match estimate.interval() {
            Some((low, high)) => bar.interval(low.max(0.0) * scale, high * scale),
            None => bar,
        };
        Some(if policy.name == OURS { bar.tone(Tone::Strong) } else { bar })
    };
    Bars::new(label(row, lang), unit).rows(comparison.policies.iter().filter_map(bar))
}

/// Shares collected that are drawn as what is left, with the words for that.
const OWED: [(Row, &str, &str); 4] = [
    (Row::Collected10d, "十天后仍未收回（至多八次尝试）", "not collected in 10 days, ≤ 8 attempts"),
    (Row::CollectedFirst, "首次未收回", "not collected at the first attempt"),
    (Row::CollectedSameDay, "当日未收回", "not collected the same day"),
    (Row::Collected5d, "五天内未收回", "not collected in 5 days"),
];

/// What a share leaves, on a scale that begins at zero: 3 against 4 % are seen to differ, 97 against 96 % are not.
fn owed(comparison: &Comparison, row: Row, title: String) -> Bars {
    let bar = |policy: &PolicyResult| {
        let estimate = policy.rows.get(&row)?;
        let bar = Bar::new(policy.name, 1.0 - estimate.mean);
        let bar = match estimate.interval() {
            Some((low, high)) => bar.interval(1.0 - high, 1.0 - low),
            None => bar,
        };
        Some(if policy.name == OURS { bar.tone(Tone::Strong) } else { bar })
    };
    Bars::new(title, Unit::Percent).rows(comparison.policies.iter().filter_map(bar))
}

/// The policies whose days are drawn: more lines than these lie on top of each other.
const DRAWN: [&str; 6] = ["single", "daily_blind", "failover_daily", "de_full", OURS, ORACLE];

fn curve(comparison: &Comparison, lang: Lang) -> Lines {
    let days = Axis::Number(say(lang, "到期后天数", "days after the due moment"));
    let series = |policy: &PolicyResult| {
        let day = |(place, estimate): (usize, &Estimate)| ((place + 1) as f64, 1.0 - estimate.mean);
        let band = |(place, estimate): (usize, &Estimate)| {
            ((place + 1) as f64, 1.0 - estimate.high, 1.0 - estimate.low)
        };
        Series::new(policy.name, policy.curve.iter().enumerate().map(day))
            .band(policy.curve.iter().enumerate().map(band))
    };
    let title = say(lang, "逐日尚未收回", "Still owed, day by day");
    let drawn = comparison.policies.iter().filter(|policy| DRAWN.contains(&policy.name));
    drawn.map(series).fold(Lines::new(title, days, Unit::Percent), Lines::series)
}

fn figures(comparison: &Comparison, lang: Lang) -> Table {
    let columns = std::iter::once(Column::text(""))
        .chain(comparison.policies.iter().map(|policy| Column::number(policy.name)));
    let empty = Table::new(say(lang, "均值", "Means"), columns);
    ROWS.iter().fold(empty, |table, row| {
        let cell = |policy: &PolicyResult| {
            policy.rows.get(row).map_or("–".to_owned(), |estimate| value(*row, estimate.mean))
        };
        table.row(std::iter::once(label(*row, lang)).chain(comparison.policies.iter().map(cell)))
    })
}

fn losses(comparison: &Comparison, policy: &PolicyResult, lang: Lang) -> Table {
    let all = f64::from(comparison.options.seeds) * f64::from(comparison.options.orders);
    let columns = [
        Column::text(say(lang, "结局", "how it ended")),
        Column::text(say(lang, "最后一次的真实障碍", "really in the way of the last attempt")),
        Column::text(say(lang, "本可收回的做法", "would have brought it")),
        Column::number(say(lang, "笔数", "orders")),
        Column::number(say(lang, "百分点", "points")),
    ];
    policy.losses.iter().take(25).fold(Table::new(policy.name, columns), |table, row| {
        let points = format!("{:.3}", row.orders as f64 * 100.0 / all);
        table.row([row.ending.clone(), row.cause.clone(), row.rescue.clone(), row.orders.to_string(), points])
    })
}
