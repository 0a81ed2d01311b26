//! The part about other choices: what they would have collected, and on what ground.

use lockstep_core::catalogue::Lang;

use super::say;
use crate::replay::conclusions::{points, with_interval};
use crate::replay::{Estimate, Evaluated, Evaluation, Grade, Kind, Part};
use crate::report::{
    Axis, Bar, Bars, Cell, Column, Lines, Page, Series, Stack, Table, Tone, Unit, grouped, percent,
};

pub(super) fn add(page: Page, evaluation: &Evaluation, lang: Lang) -> Page {
    let mut page = page.section(say(lang, "其他选择能收回多少", "What other choices would have collected"));
    if let (Some(learned), Some(held)) = (&evaluation.learned_on, &evaluation.held_out) {
        page = page.text(match lang {
            Lang::ZhCn => format!("“最佳选择”指按每次尝试的情形选成功率最高的渠道：只用前段日志（{} 笔尝试）学习，在后段（{} 笔）上评估，没有用未来的信息。", grouped(learned.attempts), grouped(held.attempts)),
            Lang::En => format!("“Best” takes, for each attempt, the channel most likely to work in its context. It was learned on the earlier part alone ({} attempts) and judged on the later part ({}): nothing was learned from the future.", grouped(learned.attempts), grouped(held.attempts)),
        });
    }
    let held = |policy: &Evaluated| policy.held_out.clone();
    if evaluation.policies.iter().any(|(_, policy)| policy.held_out.is_some()) {
        let title = say(
            lang,
            "尝试成功率，后段日志（双重稳健估计，95 % 区间）",
            "Attempts that would have succeeded, later part (doubly robust, 95 % interval)",
        );
        page = page.chart(bars(evaluation, lang, title, held, |part| &part.attempts));
        let title =
            say(lang, "还款单收回率，后段日志", "Orders that would have been collected at all, later part");
        page = page.chart(bars(evaluation, lang, title, held, |part| &part.orders));
        page = page.table(table(evaluation, lang, say(lang, "后段日志", "Later part"), held));
    }
    page = cap_curve(page, evaluation, lang);
    let whole = |policy: &Evaluated| policy.whole_log.clone();
    page = page.table(table(evaluation, lang, say(lang, "整份日志", "Whole log"), whole));
    page = shares(page, evaluation, lang);
    ground(page, evaluation, lang)
}

fn bars(
    evaluation: &Evaluation,
    lang: Lang,
    title: &str,
    on: impl Fn(&Evaluated) -> Option<Part>,
    of: impl Fn(&Part) -> &Estimate,
) -> Bars {
    let mut bars = Bars::new(title, Unit::Percent);
    for (_, policy) in &evaluation.policies {
        let Some(part) = on(policy) else { continue };
        let estimate = of(&part);
        let Some(value) = estimate.doubly_robust else {
            let bar = Bar::new(policy.label.get(lang), f64::NAN).note(say(
                lang,
                "日志无法判断",
                "the log can't say",
            ));
            bars = bars.row(bar.tone(Tone::Muted));
            continue;
        };
        let tone = match (policy.kind, estimate.grade) {
            (Kind::Logged, _) => Tone::Plain,
            (_, Grade::Thin | Grade::Refused) => Tone::Muted,
            (Kind::Capped | Kind::Without, Grade::Sound) => Tone::Strong,
            (Kind::PerContext | Kind::Always | Kind::Equal | Kind::File, Grade::Sound) => Tone::Plain,
        };
        let mut bar =
            Bar::new(policy.label.get(lang), value.value).interval(value.low, value.high).tone(tone);
        if estimate.grade == Grade::Thin {
            bar = bar.note(say(lang, "依据偏薄", "thin ground"));
        }
        if policy.kind == Kind::Logged {
            bars = bars.reference(say(lang, "现状", "as logged"), value.value);
        }
        bars = bars.row(bar);
    }
    bars
}

fn shown(estimate: &Estimate) -> String {
    estimate.doubly_robust.as_ref().map_or_else(|| "–".to_owned(), with_interval)
}

fn table(
    evaluation: &Evaluation,
    lang: Lang,
    caption: &str,
    on: impl Fn(&Evaluated) -> Option<Part>,
) -> Table {
    let columns = [
        Column::text(say(lang, "策略", "policy")),
        Column::number(say(lang, "尝试成功率（双重稳健）", "attempts succeed (doubly robust)")),
        Column::number(say(lang, "比现状", "gain, points")),
        Column::number("SNIPS"),
        Column::number(say(lang, "该渠道自己的成功率", "the channel's own")),
        Column::number(say(lang, "还款单收回率", "orders collected")),
        Column::number(say(lang, "有效样本", "effective")),
        Column::text(say(lang, "可信度", "ground")),
    ];
    let mut table = Table::new(caption, columns).note(say(
        lang,
        "括号内为 95 % 区间。有效样本：若当初真的照此策略执行，相当于多少笔观测。“全部走某渠道”不等于该渠道自己的成功率：它的客户可能与众不同，估计已为此修正。",
        "95 % intervals in brackets. Effective: as telling as so many observations, had the policy been followed. “Always” is not the channel's own success rate: it may have got other borrowers, and the estimate corrects for that.",
    ));
    for (_, policy) in &evaluation.policies {
        let Some(part) = on(policy) else { continue };
        let estimate = &part.attempts;
        let gain = estimate.gain.filter(|_| policy.kind != Kind::Logged).map_or_else(String::new, |gain| {
            format!("{} ({} … {})", points(gain.value), points(gain.low), points(gain.high))
        });
        let (ground, tone) = ground_of(&part, lang);
        let row_tone = match policy.kind {
            Kind::Capped | Kind::Without => Tone::Strong,
            Kind::Logged | Kind::PerContext | Kind::Always | Kind::Equal | Kind::File => Tone::Plain,
        };
        let cells = [
            Cell::new(policy.label.get(lang)),
            Cell::new(shown(estimate)),
            Cell::new(gain),
            Cell::new(estimate.snips.as_ref().map_or_else(|| "–".to_owned(), with_interval)),
            Cell::new(policy.naive.map_or_else(String::new, percent)),
            Cell::new(shown(&part.orders)),
            Cell::new(grouped(estimate.effective as u64)),
            Cell::new(ground).tone(tone),
        ];
        table = table.row_toned(row_tone, cells);
    }
    table
}

fn ground_of(part: &Part, lang: Lang) -> (String, Tone) {
    let why = |estimate: &Estimate| {
        estimate.why.iter().map(|why| why.get(lang)).collect::<Vec<_>>().join(say(lang, "；", "; "))
    };
    match (part.attempts.grade, part.orders.grade) {
        (Grade::Sound, Grade::Sound) => (say(lang, "充分", "sound").to_owned(), Tone::Good),
        (Grade::Sound, _) => (
            format!(
                "{}{}",
                say(lang, "尝试层面充分；还款单层面：", "sound for attempts; for orders: "),
                why(&part.orders)
            ),
            Tone::Care,
        ),
        (Grade::Thin, _) => (why(&part.attempts), Tone::Care),
        (Grade::Refused, _) => (why(&part.attempts), Tone::Bad),
    }
}

fn cap_curve(page: Page, evaluation: &Evaluation, lang: Lang) -> Page {
    let Some(channel) = &evaluation.best_channel else { return page };
    let points =
        evaluation.cap_curve.iter().filter_map(|point| Some((point.used, point.attempts.doubly_robust?)));
    let points: Vec<_> = points.collect();
    if points.len() < 3 {
        return page;
    }
    let title = match lang {
        Lang::ZhCn => format!("{channel} 承担多少流量，成功率会怎样（后段日志）"),
        Lang::En => format!("How success grows with the share that {channel} takes (later part)"),
    };
    let axis = Axis::Number(say(lang, "占比 %", "share, %").to_owned());
    let line = Series::new(
        say(lang, "尝试成功率", "attempts succeed"),
        points.iter().map(|(used, value)| (used * 100.0, value.value)),
    )
    .band(points.iter().map(|(used, value)| (used * 100.0, value.low, value.high)));
    page.chart(Lines::new(title, axis, Unit::Percent).series(line).note(say(
        lang,
        "横轴：该渠道占全部尝试的百分比；最左为完全不用，其次为日志中的占比。阴影为 95 % 区间。前提是它接得住。",
        "Across: that channel's share of all attempts in percent; leftmost without it, then its logged share. The band is the 95 % interval. It holds only as far as the channel can carry it.",
    )))
}

fn shares(page: Page, evaluation: &Evaluation, lang: Lang) -> Page {
    let names: Vec<&String> = evaluation.support.iter().map(|support| &support.channel).collect();
    let title = say(lang, "各策略把尝试分给了谁", "Where each policy sends the attempts");
    let mut stack = Stack::new(title, names.iter().map(|name| (*name).clone()));
    for (_, policy) in evaluation.policies.iter().filter(|(_, policy)| policy.kind != Kind::Always) {
        let Some(part) = policy.held_out.as_ref().or(policy.whole_log.as_ref()) else { continue };
        stack = stack.row(
            policy.label.get(lang),
            names.iter().map(|name| part.shares.get(*name).copied().unwrap_or(0.0)),
        );
    }
    page.chart(stack)
}

fn ground(page: Page, evaluation: &Evaluation, lang: Lang) -> Page {
    let logging = &evaluation.logging;
    let mut page =
        page.section(say(lang, "依据：日志是怎么选渠道的", "The ground: how the log chose its channels"));
    page = page.text(logging.words.get(lang));
    if !logging.depends_on.is_empty() {
        let names: Vec<_> =
            logging.depends_on.iter().map(|feature| feature.words().get(lang).to_owned()).collect();
        let names = names.join(say(lang, "、", ", "));
        page = page.text(match lang {
            Lang::ZhCn => format!("选择概率的估计用到：{names}。"),
            Lang::En => format!("The estimated probabilities depend on: {names}."),
        });
    }
    let columns = [
        Column::text(say(lang, "事先已知", "known beforehand")),
        Column::number(say(lang, "与首次选择的关联", "with the first choice")),
        Column::number(say(lang, "与所有选择的关联", "with all choices")),
        Column::number(say(lang, "与成功的关联", "with success")),
    ];
    let mut ties = Table::new(
        say(
            lang,
            "关联强度（Cramér's V，0 无关，1 完全决定）",
            "Association (Cramér's V, 0 none, 1 fully determined)",
        ),
        columns,
    );
    for tie in &logging.ties {
        let cells = [
            tie.feature.words().get(lang).to_owned(),
            format!("{:.3}", tie.first_choice_v),
            format!("{:.3}", tie.choice_v),
            format!("{:.3}", tie.success_v),
        ];
        ties = ties.row(cells);
    }
    page = page.table(ties);
    let columns = [
        Column::text(say(lang, "渠道", "channel")),
        Column::number(say(lang, "尝试", "attempts")),
        Column::number(say(lang, "占比", "share")),
        Column::number(say(lang, "几乎没用过它的情形占比", "attempts in contexts where it was hardly used")),
    ];
    let mut support = Table::new(say(lang, "日志在哪里沉默", "Where the log is silent"), columns);
    for row in &evaluation.support {
        let cells = [
            Cell::new(row.channel.clone()),
            Cell::new(grouped(row.attempts)),
            Cell::share(row.share),
            Cell::new(percent(row.unused_in)),
        ];
        support = support.row(cells);
    }
    page.table(support)
}
