//! The HTML report of a replay.

mod anatomy;
mod choices;

use lockstep_core::catalogue::Lang;

use super::conclusions::Weight;
use super::{Conclusion, Evaluation, Interval, OrdersFrom, Replay};
use crate::report::{Column, Figure, Page, Table, Tone, grouped, percent};

fn say<'a>(lang: Lang, zh: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::ZhCn => zh,
        Lang::En => en,
    }
}

/// The whole report as one self-contained page.
pub fn page(made: &Replay, lang: Lang) -> String {
    let title = say(lang, "换一种选择，能多收回多少", "What other choices would have collected");
    let lede = match lang {
        Lang::ZhCn => format!(
            "{}：{} 至 {}，{} 笔尝试。",
            made.input.file,
            day(&made.input.from),
            day(&made.input.to),
            grouped(made.logged.attempts)
        ),
        Lang::En => format!(
            "{}: {} to {}, {} attempts.",
            made.input.file,
            day(&made.input.from),
            day(&made.input.to),
            grouped(made.logged.attempts)
        ),
    };
    let mut page = Page::new(title, lang).lede(lede).section(say(lang, "要点", "In short"));
    page = page.figures(figures(made, lang));
    for conclusion in &made.conclusions {
        page = page.note(tone(conclusion), conclusion.text.get(lang));
    }
    if let Some(evaluation) = &made.evaluation {
        page = choices::add(page, evaluation, lang);
    }
    page = anatomy::add(page, made, lang);
    page = page.section(say(lang, "这些数字说明不了的", "What the figures can't tell"));
    page = page.list(made.limits.iter().map(|limit| limit.get(lang)));
    page = input(page, made, lang);
    page.foot(match lang {
        Lang::ZhCn => format!("lockstep replay · 随机种子 {} · 方法与公式见 docs/replay.md", made.seed),
        Lang::En => format!("lockstep replay · seed {} · methods and formulae: docs/replay.md", made.seed),
    })
    .render()
}

fn day(moment: &str) -> &str {
    moment.split('T').next().unwrap_or(moment)
}

fn tone(conclusion: &Conclusion) -> Tone {
    match conclusion.weight {
        Weight::Act => Tone::Strong,
        Weight::Know => Tone::Muted,
        Weight::Care => Tone::Care,
    }
}

fn span(interval: &Interval) -> String {
    format!("95 %: {:.1} – {:.1}", interval.low * 100.0, interval.high * 100.0)
}

fn figures(made: &Replay, lang: Lang) -> Vec<Figure> {
    let logged = &made.logged;
    let mut figures = vec![
        Figure::new(
            percent(logged.success.value),
            say(lang, "尝试成功率（现状）", "of attempts succeed, as logged"),
        )
        .detail(span(&logged.success)),
        Figure::new(
            percent(logged.collected.value),
            say(lang, "还款单收回率（现状）", "of orders collected, as logged"),
        )
        .detail(span(&logged.collected)),
    ];
    let Some(evaluation) = &made.evaluation else { return figures };
    let channel = evaluation.best_channel.as_deref().unwrap_or("–");
    let honest = [
        (
            "capped",
            format!(
                "{} {channel} {}",
                say(lang, "限制", "with"),
                say(lang, "不超过原有占比", "capped at its logged share")
            ),
        ),
        ("without", format!("{} {channel}", say(lang, "不用", "without"))),
    ];
    for (name, label) in honest {
        figures.extend(honest_figure(evaluation, name, label, lang));
    }
    figures
}

fn honest_figure(evaluation: &Evaluation, name: &str, label: String, lang: Lang) -> Option<Figure> {
    let attempts = &evaluation.policy(name)?.held_out.as_ref()?.attempts;
    let (Some(value), Some(gain)) = (&attempts.doubly_robust, &attempts.gain) else {
        return Some(
            Figure::new("–", label)
                .detail(say(lang, "日志不足以判断", "the log can't say"))
                .tone(Tone::Muted),
        );
    };
    let tone = if gain.low > 0.0 {
        Tone::Good
    } else if gain.high < 0.0 {
        Tone::Bad
    } else {
        Tone::Plain
    };
    let points = super::conclusions::points;
    let change = format!(
        "{} {} ({} … {})",
        points(gain.value),
        say(lang, "个百分点", "points"),
        points(gain.low),
        points(gain.high)
    );
    Some(Figure::new(percent(value.value), label).detail(change).tone(tone))
}

fn input(page: Page, made: &Replay, lang: Lang) -> Page {
    let input = &made.input;
    let mut page = page.section(say(lang, "读入了什么", "What was read"));
    let (rows, rejected, share) =
        (grouped(input.rows), grouped(input.rejected), percent(input.rejected_share));
    page = page.text(match lang {
        Lang::ZhCn => {
            format!("文件共 {rows} 行，其中 {rejected} 行（{share}）未能读取。时间按 {} 计。", input.zone)
        }
        Lang::En => format!(
            "{rows} rows in the file, {rejected} ({share}) left out. Hours and days are in {}.",
            input.zone
        ),
    });
    let gap = input.order_gap_s;
    page = page.text(match (input.orders_from, lang) {
        (OrdersFrom::Column, Lang::ZhCn) => "还款单按文件中的编号归组。".to_owned(),
        (OrdersFrom::Column, Lang::En) => "Orders are the file's own.".to_owned(),
        (OrdersFrom::Inferred, Lang::ZhCn) => {
            format!("还款单按相同金额、国家、卡种且间隔不超过 {gap:.0} 秒推断。")
        }
        (OrdersFrom::Inferred, Lang::En) => {
            format!("Orders are inferred: same amount, country and card, at most {gap:.0} seconds apart.")
        }
        (OrdersFrom::EachAttempt, Lang::ZhCn) => {
            "文件没有还款单号和金额：每笔尝试视为一笔还款单。".to_owned()
        }
        (OrdersFrom::EachAttempt, Lang::En) => {
            "No orders and no amounts in the file: every attempt counts as an order.".to_owned()
        }
    });
    let headings = [
        Column::text(say(lang, "含义", "meaning")),
        Column::text(say(lang, "文件中的列", "column of the file")),
        Column::text(""),
    ];
    let mut columns = Table::new(say(lang, "列", "Columns"), headings);
    for (field, header) in &input.columns {
        let guessed = if input.guessed.contains(field) { say(lang, "推测", "guessed") } else { "" };
        columns = columns.row([*field, header.as_str(), guessed]);
    }
    page = page.table(columns);
    if input.reasons.is_empty() {
        return page;
    }
    let headings = [
        Column::text(say(lang, "列", "column")),
        Column::text(say(lang, "问题与改法", "problem and fix")),
        Column::number(say(lang, "行数", "rows")),
        Column::number(say(lang, "例：行号", "e.g. line")),
    ];
    let mut reasons = Table::new(say(lang, "未能读取的行", "Rows left out"), headings);
    for reason in input.reasons.iter().take(20) {
        let cells = [
            reason.column.clone(),
            reason.message.get(lang).to_owned(),
            grouped(reason.rows),
            reason.example_line.to_string(),
        ];
        reasons = reasons.row(cells);
    }
    page.table(reasons)
}
