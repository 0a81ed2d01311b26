//! The report for a terminal.

#![allow(clippy::float_arithmetic, reason = "shares are shown in percent; nothing is booked")]

use std::path::Path;

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table, presets};
use lockstep_core::catalogue::Lang;
use lockstep_evidence::replay::{
    Conclusion, Estimate, Evaluated, Evaluation, Grade, Group, Part, Replay, Step, Weight,
};
use lockstep_evidence::report::{grouped, percent};

/// Rows of a table; the page and the JSON have all.
const ROWS: usize = 12;

fn say<'a>(lang: Lang, zh: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::ZhCn => zh,
        Lang::En => en,
    }
}

/// The whole report as text.
pub(super) fn render(made: &Replay, lang: Lang, rejects: Option<&Path>, page: Option<&Path>) -> String {
    let mut out = heading(made, lang, rejects);
    out.push('\n');
    for conclusion in &made.conclusions {
        out.push_str(&sentence(conclusion, lang));
    }
    if let Some(evaluation) = &made.evaluation {
        part(
            &mut out,
            say(
                lang,
                "其他选择能收回多少（后段日志，未参与学习）",
                "What other choices would have collected (later part, nothing was learned on it)",
            ),
            policies(evaluation, lang, |policy| policy.held_out.as_ref(), made),
        );
        part(
            &mut out,
            say(lang, "同上，整份日志", "The same on the whole log"),
            policies(evaluation, lang, |policy| policy.whole_log.as_ref(), made),
        );
    }
    if made.evaluation.is_some() {
        out.push_str(say(
            lang,
            "“最佳选择”：按每次尝试的情形选最可能成功的渠道，只用前段日志学习。有效样本：相当于多少笔照此执行的观测。\n",
            "“Best” takes, for each attempt, the channel most likely to work in its context, learned on the earlier part alone.\n\
             Effective: as telling as so many observations, had the policy been followed.\n",
        ));
    }
    let anatomy = &made.anatomy;
    if !anatomy.by_cause.is_empty() {
        part(&mut out, say(lang, "失败原因", "Failures by cause"), causes(made, lang));
    }
    let groups: [(&str, &str, &[Group]); 7] = [
        ("按渠道", "By channel", &anatomy.by_channel),
        ("按发卡行", "By issuer", &anatomy.by_issuer),
        ("按卡种", "By card", &anatomy.by_card),
        ("按国家", "By country", &anatomy.by_country),
        ("按 3DS 验证", "By 3-D Secure", &anatomy.by_threeds),
        ("按金额", "By amount", &anatomy.by_amount),
        ("按星期（1 为周一）", "By weekday (1 is Monday)", &anatomy.by_weekday),
    ];
    for (zh, en, list) in groups {
        if list.len() > 1 {
            part(&mut out, say(lang, zh, en), group_table(list, lang));
        }
    }
    part(
        &mut out,
        say(lang, "第几次尝试", "By number of the try"),
        step_table(&anatomy.retries.by_number, lang),
    );
    if !anatomy.retries.by_delay.is_empty() {
        part(
            &mut out,
            say(lang, "距上一次尝试的时间", "By time since the try before"),
            step_table(&anatomy.retries.by_delay, lang),
        );
    }
    out.push_str(say(lang, "\n这些数字说明不了的\n", "\nWhat the figures can't tell\n"));
    for limit in &made.limits {
        out.push_str(&format!("  · {}\n", limit.get(lang)));
    }
    match page {
        Some(page) => out.push_str(&format!("\n{} {}\n", say(lang, "网页报告：", "Page:"), page.display())),
        None => out.push_str(say(
            lang,
            "\n加 --html FILE 得到带图的网页报告，加 --json 得到全部数字。\n",
            "\nAdd --html FILE for a page with charts, --json for every figure.\n",
        )),
    }
    out
}

fn part(out: &mut String, title: &str, table: Table) {
    out.push_str(&format!("\n{title}\n{table}\n"));
}

fn heading(made: &Replay, lang: Lang, rejects: Option<&Path>) -> String {
    let input = &made.input;
    let columns: Vec<_> =
        input.columns.iter().map(|(field, header)| format!("{field}={}", plain(header))).collect();
    let mut out = format!(
        "\n{}\n  {} → {} ({})\n  {}: {}\n",
        plain(&input.file),
        input.from,
        input.to,
        plain(&input.zone),
        say(lang, "列", "columns"),
        columns.join(", "),
    );
    if !input.guessed.is_empty() {
        let words = say(
            lang,
            "按常用名称推测的列（不对请用 --map 指明）",
            "guessed by common names (say otherwise with --map)",
        );
        out.push_str(&format!("  {words}: {}\n", input.guessed.join(", ")));
    }
    if let Some(path) = rejects {
        let share = percent(input.rejected_share);
        out.push_str(&match lang {
            Lang::ZhCn => format!(
                "  {} 行中有 {} 行（{share}）未能读取，见 {}\n",
                grouped(input.rows),
                grouped(input.rejected),
                path.display()
            ),
            Lang::En => format!(
                "  {} of {} rows ({share}) were left out, see {}\n",
                grouped(input.rejected),
                grouped(input.rows),
                path.display()
            ),
        });
        for reason in input.reasons.iter().take(5) {
            out.push_str(&format!(
                "    {} × {} ({}): {}\n",
                grouped(reason.rows),
                plain(&reason.column),
                reason.example_line,
                reason.message.get(lang)
            ));
        }
    }
    out
}

fn sentence(conclusion: &Conclusion, lang: Lang) -> String {
    let mark = match conclusion.weight {
        Weight::Act => "▶",
        Weight::Know => "·",
        Weight::Care => "!",
    };
    format!("{mark} {}\n", plain(conclusion.text.get(lang)))
}

/// A foreign text can't move the cursor or colour the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

fn new_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    table
}

fn right(text: impl Into<String>) -> Cell {
    Cell::new(text.into()).set_alignment(CellAlignment::Right)
}

fn value(estimate: &Estimate) -> String {
    estimate.doubly_robust.map_or("–".to_owned(), |value| {
        format!("{} ({:.1}–{:.1})", percent(value.value), value.low * 100.0, value.high * 100.0)
    })
}

fn policies(
    evaluation: &Evaluation,
    lang: Lang,
    on: impl Fn(&Evaluated) -> Option<&Part>,
    made: &Replay,
) -> Table {
    let mut header = vec![
        say(lang, "策略", "policy"),
        say(lang, "尝试成功率（95 %）", "attempts succeed (95 %)"),
        say(lang, "比现状（百分点）", "gain (points)"),
        "SNIPS",
        say(lang, "渠道自己的", "channel's own"),
        say(lang, "还款单收回率（95 %）", "orders collected (95 %)"),
        say(lang, "有效样本", "effective"),
        say(lang, "可信度", "ground"),
    ];
    let costs = made.anatomy.by_channel.iter().any(|group| group.tally.cost.is_some());
    if costs {
        header.push(say(lang, "每次成功的成本", "cost per success"));
    }
    let mut table = new_table(&header);
    for (_, policy) in &evaluation.policies {
        let Some(part) = on(policy) else { continue };
        let estimate = &part.attempts;
        let gain = estimate.gain.filter(|_| policy.kind != lockstep_evidence::replay::Kind::Logged).map_or(
            "".to_owned(),
            |gain| {
                format!("{:+.1} ({:+.1} … {:+.1})", gain.value * 100.0, gain.low * 100.0, gain.high * 100.0)
            },
        );
        let (ground, color) = match estimate.grade.max(part.orders.grade) {
            Grade::Sound => (say(lang, "充分", "sound"), Color::Green),
            Grade::Thin if estimate.grade == Grade::Sound => {
                (say(lang, "还款单层面偏薄", "thin for orders"), Color::Yellow)
            }
            Grade::Thin => (say(lang, "偏薄", "thin"), Color::Yellow),
            Grade::Refused if estimate.grade != Grade::Refused => {
                (say(lang, "还款单层面不可判断", "none for orders"), Color::Yellow)
            }
            Grade::Refused => (say(lang, "无法判断", "none"), Color::Red),
        };
        let mut cells = vec![
            Cell::new(plain(policy.label.get(lang))),
            right(value(estimate)),
            right(gain),
            right(estimate.snips.map_or("–".to_owned(), |snips| percent(snips.value))),
            right(policy.naive.map_or(String::new(), percent)),
            right(value(&part.orders)),
            right(grouped(estimate.effective as u64)),
            Cell::new(ground).fg(color),
        ];
        if costs {
            cells.push(right(
                estimate.cost_per_success.map_or("–".to_owned(), |cost| format!("{:.2}", cost.value)),
            ));
        }
        table.add_row(cells);
    }
    table
}

fn causes(made: &Replay, lang: Lang) -> Table {
    let mut table = new_table(&[
        say(lang, "原因", "cause"),
        say(lang, "层", "layer"),
        say(lang, "次数", "attempts"),
        say(lang, "占失败", "of failures"),
        say(lang, "重试后成功", "mended by the next try"),
        say(lang, "未收回的还款单", "orders lost"),
        say(lang, "未收回金额", "amount lost"),
    ]);
    for failure in made.anatomy.by_cause.iter().take(ROWS) {
        let title = failure.title.as_ref().map_or(failure.name.as_str(), |title| title.get(lang));
        let mended = format!("{} / {}", grouped(failure.mended), grouped(failure.retried));
        table.add_row(vec![
            Cell::new(plain(title)),
            Cell::new(failure.layer.map_or("–", |layer| layer.as_str())),
            right(grouped(failure.attempts)),
            right(percent(failure.share)),
            right(mended),
            right(grouped(failure.orders_lost)),
            right(failure.amount_lost.show()),
        ]);
    }
    table
}

fn group_table(groups: &[Group], lang: Lang) -> Table {
    let mut table = new_table(&[
        "",
        say(lang, "尝试", "attempts"),
        say(lang, "成功率（95 %）", "succeed (95 %)"),
        say(lang, "未收回的还款单", "orders lost"),
        say(lang, "未收回金额", "amount lost"),
    ]);
    for group in groups.iter().take(ROWS) {
        let tally = &group.tally;
        table.add_row(vec![
            Cell::new(plain(&group.name)),
            right(grouped(tally.attempts)),
            right(format!("{} ({:.1}–{:.1})", percent(tally.success), tally.low * 100.0, tally.high * 100.0)),
            right(grouped(tally.orders_lost)),
            right(tally.amount_lost.show()),
        ]);
    }
    if groups.len() > ROWS {
        table.add_row(vec![Cell::new(format!("… {}", groups.len() - ROWS))]);
    }
    table
}

fn step_table(steps: &[Step], lang: Lang) -> Table {
    let mut table =
        new_table(&["", say(lang, "尝试", "attempts"), say(lang, "成功率（95 %）", "succeed (95 %)")]);
    for step in steps {
        let tally = &step.tally;
        table.add_row(vec![
            Cell::new(&step.name),
            right(grouped(tally.attempts)),
            right(format!("{} ({:.1}–{:.1})", percent(tally.success), tally.low * 100.0, tally.high * 100.0)),
        ]);
    }
    table
}
