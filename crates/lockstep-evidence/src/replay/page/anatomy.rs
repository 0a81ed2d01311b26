//! The part about what failed.

use std::collections::BTreeMap;

use lockstep_core::catalogue::Lang;

use super::say;
use crate::replay::{Anatomy, Failure, Group, Replay, Step};
use crate::report::{
    Axis, Bar, Bars, Cell, Column, Lines, Multiples, Page, Series, Table, Unit, grouped, percent,
};

/// Bars and rows shown of a long list.
const MOST: usize = 20;
/// Channels shown over time.
const PANELS: usize = 12;

pub(super) fn add(page: Page, made: &Replay, lang: Lang) -> Page {
    let anatomy = &made.anatomy;
    let logged = made.logged.success.value;
    let mut page = page;
    if !anatomy.by_cause.is_empty() {
        page = causes(page.section(say(lang, "为什么失败", "Why attempts failed")), anatomy, lang);
    }
    page = page.section(say(lang, "在哪里失败", "Where attempts failed"));
    let groups: [(&str, &str, &[Group]); 7] = [
        ("按渠道", "By channel", &anatomy.by_channel),
        ("按发卡行", "By issuer", &anatomy.by_issuer),
        ("按卡种", "By card", &anatomy.by_card),
        ("按国家", "By country", &anatomy.by_country),
        ("按币种", "By currency", &anatomy.by_currency),
        ("按 3DS 验证", "By 3-D Secure", &anatomy.by_threeds),
        ("按金额", "By amount", &anatomy.by_amount),
    ];
    for (zh, en, list) in groups {
        if list.len() > 1 {
            page = page.chart(bars(say(lang, zh, en), list, logged, lang));
        }
    }
    page = page.table(costs(&anatomy.by_channel, lang));
    page = page.section(say(lang, "什么时候失败", "When attempts failed"));
    page = times(page, anatomy, lang);
    page = page.section(say(lang, "重试带来了什么", "What trying again brought"));
    retries(page, anatomy, logged, lang)
}

fn causes(page: Page, anatomy: &Anatomy, lang: Lang) -> Page {
    let title = |failure: &Failure| {
        failure.title.as_ref().map_or(failure.name.clone(), |title| title.get(lang).to_owned())
    };
    let mut page = page;
    if !anatomy.by_layer.is_empty() {
        let rows = anatomy
            .by_layer
            .iter()
            .map(|failure| Bar::new(title(failure), failure.share).note(grouped(failure.attempts)));
        page = page.chart(
            Bars::new(
                say(lang, "失败在哪一层（占全部失败）", "At which layer (share of all failures)"),
                Unit::Percent,
            )
            .rows(rows),
        );
    }
    let columns = [
        Column::text(say(lang, "原因", "cause")),
        Column::number(say(lang, "次数", "attempts")),
        Column::number(say(lang, "占失败", "of failures")),
        Column::number(say(lang, "下一次成功 / 重试", "mended / retried")),
        Column::number(say(lang, "未收回的还款单", "orders lost")),
        Column::number(say(lang, "未收回金额", "amount lost")),
        Column::text(say(lang, "下一步", "next step")),
    ];
    let mut table = Table::new(say(lang, "失败原因及其代价", "Causes and what they cost"), columns);
    for failure in anatomy.by_cause.iter().take(MOST) {
        let cells = [
            Cell::new(title(failure)),
            Cell::new(grouped(failure.attempts)),
            Cell::share(failure.share),
            Cell::new(format!("{} / {}", grouped(failure.mended), grouped(failure.retried))),
            Cell::new(grouped(failure.orders_lost)),
            Cell::new(failure.amount_lost.show()),
            Cell::new(failure.next_step.as_ref().map_or("", |step| step.get(lang))),
        ];
        table = table.row(cells);
    }
    page.table(table)
}

fn bars(title: &str, groups: &[Group], logged: f64, lang: Lang) -> Bars {
    let shown = groups.iter().take(MOST).map(|group| {
        let note = format!("n = {}", grouped(group.tally.attempts));
        Bar::new(group.name.clone(), group.tally.success)
            .interval(group.tally.low, group.tally.high)
            .note(note)
    });
    let mut bars = Bars::new(title, Unit::Percent).rows(shown).reference(say(lang, "全部", "all"), logged);
    if groups.len() > MOST {
        bars = bars.note(format!("… {}", groups.len() - MOST));
    }
    bars
}

fn costs(groups: &[Group], lang: Lang) -> Table {
    let columns = [
        Column::text(say(lang, "渠道", "channel")),
        Column::number(say(lang, "尝试", "attempts")),
        Column::number(say(lang, "未成功", "without success")),
        Column::number(say(lang, "结果未知", "unknown")),
        Column::number(say(lang, "最后一次在此、终未收回的还款单", "orders lost after a last try here")),
        Column::number(say(lang, "未收回金额", "amount lost")),
        Column::number(say(lang, "费用", "cost")),
    ];
    let mut table = Table::new(say(lang, "失败的代价，按渠道", "What failures cost, by channel"), columns);
    for group in groups.iter().take(MOST) {
        let tally = &group.tally;
        table = table.row([
            group.name.clone(),
            grouped(tally.attempts),
            grouped(tally.attempts - tally.succeeded),
            grouped(tally.unknown),
            grouped(tally.orders_lost),
            tally.amount_lost.show(),
            tally.cost.map_or_else(|| "–".to_owned(), |cost| format!("{cost:.2}")),
        ]);
    }
    table
}

fn times(page: Page, anatomy: &Anatomy, lang: Lang) -> Page {
    let places = |groups: &[Group]| groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
    let points = |groups: &[Group]| {
        groups.iter().enumerate().map(|(at, group)| (at as f64, group.tally.success)).collect::<Vec<_>>()
    };
    let band = |groups: &[Group]| {
        groups
            .iter()
            .enumerate()
            .map(|(at, group)| (at as f64, group.tally.low, group.tally.high))
            .collect::<Vec<_>>()
    };
    let lines = |title: &str, groups: &[Group]| {
        let series = Series::new(say(lang, "成功率", "succeed"), points(groups)).band(band(groups));
        Lines::new(title, Axis::Places(places(groups)), Unit::Percent).series(series)
    };
    let mut page = page.chart(lines(say(lang, "按小时", "By hour of the day"), &anatomy.by_hour));
    if anatomy.by_weekday.len() > 1 {
        page = page
            .chart(lines(say(lang, "按星期（1 为周一）", "By weekday (1 is Monday)"), &anatomy.by_weekday));
    }
    page = page.chart(over_time(anatomy, lang));
    if anatomy.outages.is_empty() {
        return page.text(say(
            lang,
            "没有发现类似故障的时段（检验的误报率约为每渠道 1 %）。",
            "No stretch looks like an outage (by a test with about 1 % false alarms per channel).",
        ));
    }
    let columns = [
        Column::text(say(lang, "渠道", "channel")),
        Column::text(say(lang, "自", "from")),
        Column::text(say(lang, "至", "to")),
        Column::number(say(lang, "分钟", "minutes")),
        Column::number(say(lang, "失败 / 还款单", "failed / orders")),
        Column::number(say(lang, "平时失败率", "usually fail")),
        Column::number(say(lang, "多出的失败", "more than usual")),
    ];
    let mut table = Table::new(say(lang, "类似故障的时段", "Stretches that look like outages"), columns);
    for outage in anatomy.outages.iter().take(MOST) {
        let cells = [
            outage.channel.clone(),
            outage.from.clone(),
            outage.to.clone(),
            grouped(outage.minutes.unsigned_abs()),
            format!("{} / {}", grouped(outage.faults), grouped(outage.orders)),
            percent(outage.usual),
            format!("{:.0}", outage.excess),
        ];
        table = table.row(cells);
    }
    page.table(table.note(say(
        lang,
        "同一份答案随机重排一百次，只有一次会出现这样的时段。一笔还款单在一个渠道只计一次。",
        "Shuffle the same answers a hundred times and one shuffling shows such a stretch. One order counts once per channel.",
    )))
}

fn over_time(anatomy: &Anatomy, lang: Lang) -> Multiples {
    let mut by_channel: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for bucket in &anatomy.over_time {
        let share =
            if bucket.attempts >= 5 { bucket.succeeded as f64 / bucket.attempts as f64 } else { f64::NAN };
        by_channel.entry(&bucket.channel).or_default().push((bucket.local_ms as f64, share));
    }
    let title = say(
        lang,
        "各渠道的成功率，按日（长日志按周）；阴影为类似故障的时段",
        "Success by channel and day (week in long logs); shaded: stretches that look like outages",
    );
    let mut multiples = Multiples::new(title);
    for group in anatomy.by_channel.iter().take(PANELS) {
        let Some(points) = by_channel.get(group.name.as_str()) else { continue };
        let mut lines = Lines::new(group.name.clone(), Axis::LocalTime, Unit::Percent)
            .series(Series::new(group.name.clone(), points.iter().copied()));
        for outage in anatomy.outages.iter().filter(|outage| outage.channel == group.name) {
            lines = lines.span(
                outage.local_ms.0 as f64,
                outage.local_ms.1 as f64,
                format!("{} – {}", outage.from, outage.to),
            );
        }
        multiples = multiples.panel(format!("{} · n = {}", group.name, grouped(group.tally.attempts)), lines);
    }
    multiples
}

fn retries(page: Page, anatomy: &Anatomy, logged: f64, lang: Lang) -> Page {
    let steps = |title: &str, steps: &[Step], name: &dyn Fn(&Step) -> String| {
        let rows = steps.iter().map(|step| {
            let note = format!("n = {}", grouped(step.tally.attempts));
            Bar::new(name(step), step.tally.success).interval(step.tally.low, step.tally.high).note(note)
        });
        Bars::new(title, Unit::Percent).rows(rows).reference(say(lang, "全部", "all"), logged)
    };
    let retries = &anatomy.retries;
    let plain = |step: &Step| step.name.clone();
    let mut page =
        page.chart(steps(say(lang, "第几次尝试", "By number of the try"), &retries.by_number, &plain));
    if !retries.by_delay.is_empty() {
        page = page.chart(steps(
            say(lang, "距上一次尝试的时间", "By time since the try before"),
            &retries.by_delay,
            &plain,
        ));
        let switched = |step: &Step| match step.name.as_str() {
            "same" => say(lang, "原渠道", "same channel").to_owned(),
            _ => say(lang, "另一渠道", "another channel").to_owned(),
        };
        page = page.chart(steps(
            say(lang, "重试走原渠道还是换渠道", "Retries on the same channel or another"),
            &retries.by_switch,
            &switched,
        ));
    }
    if retries.goes_on.len() > 1 {
        let rows = retries.goes_on.iter().take(MOST).map(|step| {
            let note = format!("n = {}", grouped(step.tally.attempts));
            Bar::new(step.name.clone(), step.tally.success)
                .interval(step.tally.low, step.tally.high)
                .note(note)
        });
        let title = say(
            lang,
            "在该渠道失败后，是否再试",
            "After a failure on this channel: how often the order was tried again",
        );
        page = page.chart(Bars::new(title, Unit::Percent).rows(rows));
    }
    if anatomy.doubles.orders == 0 {
        return page;
    }
    let columns = [
        Column::text(say(lang, "行号", "lines")),
        Column::text(say(lang, "渠道", "channels")),
        Column::number(say(lang, "间隔（秒）", "seconds apart")),
    ];
    let mut table =
        Table::new(say(lang, "疑似成功两次的还款单", "Orders that seem to have succeeded twice"), columns);
    for double in anatomy.doubles.examples.iter().take(MOST) {
        let lines: Vec<_> = double.lines.iter().map(u64::to_string).collect();
        table = table.row([lines.join(", "), double.channels.join(", "), double.seconds.to_string()]);
    }
    page.table(table)
}
