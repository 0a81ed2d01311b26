//! What the figures say, in sentences a lender can act on.

use lockstep_core::text::Sentence;
use serde::Serialize;

use super::policy::bootstrap::Interval;
use super::policy::result::{Estimate, Evaluated, Evaluation, Grade};
use super::{OrdersFrom, Replay, Tally};
use crate::report::{grouped, percent};

/// How a conclusion is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Worth acting on.
    Act,
    /// Worth knowing.
    Know,
    /// To be taken with care.
    Care,
}

/// One sentence.
#[derive(Debug, Clone, Serialize)]
pub struct Conclusion {
    /// Stable word for what it is about.
    pub about: &'static str,
    /// How it is meant.
    pub weight: Weight,
    /// In words.
    pub text: Sentence,
}

fn say(about: &'static str, weight: Weight, zh: String, en: String) -> Conclusion {
    Conclusion { about, weight, text: Sentence::new(zh, en) }
}

/// Percent with interval: `22.8 % (21.9–23.7)`.
pub(crate) fn with_interval(interval: &Interval) -> String {
    format!("{} ({:.1}–{:.1})", percent(interval.value), interval.low * 100.0, interval.high * 100.0)
}

/// English has one more form than Chinese.
fn several(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// Signed points: `+2.6`.
pub(crate) fn points(value: f64) -> String {
    let value = value * 100.0;
    if value < 0.0 { format!("−{:.1}", -value) } else { format!("+{value:.1}") }
}

pub(super) fn conclusions(made: &Replay) -> Vec<Conclusion> {
    let mut all = vec![overview(made)];
    if let Some(evaluation) = &made.evaluation {
        all.extend(honest(evaluation, "capped"));
        all.extend(honest(evaluation, "without"));
        all.extend(best_alone(evaluation));
        all.extend(file(evaluation));
        let weight = if evaluation.logging.misfits.is_empty() { Weight::Know } else { Weight::Care };
        all.push(Conclusion { about: "logging", weight, text: evaluation.logging.words.clone() });
    }
    if let Some(why) = &made.no_evaluation {
        all.push(Conclusion { about: "no_evaluation", weight: Weight::Care, text: why.clone() });
    }
    all.extend(causes(made));
    all.extend(retries(made));
    all.extend(outages(made));
    all.extend(doubles(made));
    all.extend(spread(made));
    all.extend(rejects(made));
    all
}

fn overview(made: &Replay) -> Conclusion {
    let logged = &made.logged;
    let (attempts, orders) = (grouped(logged.attempts), grouped(logged.orders));
    let (success, collected) = (percent(logged.success.value), percent(logged.collected.value));
    let lost = logged.amount_lost.show();
    let mut zh =
        format!("日志共 {attempts} 笔尝试，成功率 {success}；{orders} 笔还款单中有 {collected} 最终收回。");
    let mut en = format!(
        "{attempts} attempts, of which {success} succeeded; of {orders} orders, {collected} were collected in the end."
    );
    if !lost.is_empty() {
        zh.push_str(&format!("未收回金额：{lost}。"));
        en.push_str(&format!(" Never collected: {lost}."));
    }
    say("overview", Weight::Know, zh, en)
}

/// The lines to read first: what is left when the best channel can't simply take everything.
fn honest(evaluation: &Evaluation, name: &'static str) -> Option<Conclusion> {
    let policy = evaluation.policy(name)?;
    let attempts = &policy.held_out.as_ref()?.attempts;
    let channel = evaluation.best_channel.as_deref().unwrap_or("–");
    let (zh_what, en_what) = if name == "capped" {
        (
            format!("把 {channel} 的占比限制在原有水平、其余按情形选最佳渠道"),
            format!("With {channel} capped at its logged share and the best channel per context otherwise"),
        )
    } else {
        (
            format!("完全不用 {channel}、按情形选最佳渠道"),
            format!("Without {channel}, the best channel per context"),
        )
    };
    let (Some(value), Some(gain)) = (&attempts.doubly_robust, &attempts.gain) else {
        return Some(say(
            name,
            Weight::Care,
            format!("{zh_what}：日志不足以判断。"),
            format!("{en_what}: the log can't say."),
        ));
    };
    let shown = with_interval(value);
    let (from, to) = (points(gain.low), points(gain.high));
    let per_10k = (gain.value * 10_000.0).round();
    let (weight, zh_verdict, en_verdict) = if gain.low > 0.0 {
        (
            Weight::Act,
            format!(
                "比现状高 {:.1} 个百分点（{from} 至 {to}），即每一万次尝试多成功约 {per_10k:.0} 次",
                gain.value * 100.0
            ),
            format!(
                "{} points over what was logged ({from} to {to}), about {per_10k:.0} more successes in 10,000 attempts",
                points(gain.value)
            ),
        )
    } else if gain.high < 0.0 {
        (
            Weight::Act,
            format!("比现状还低 {:.1} 个百分点（{from} 至 {to}）", -gain.value * 100.0),
            format!("{} points: worse than what was logged ({from} to {to})", points(gain.value)),
        )
    } else {
        (
            Weight::Know,
            format!("与现状没有可证实的差别（{from} 至 {to} 个百分点）"),
            format!("no gain that can be told from chance ({from} to {to} points)"),
        )
    };
    let (zh_care, en_care) =
        if attempts.grade == Grade::Thin { ("（依据较少）", " (on thin ground)") } else { ("", "") };
    Some(say(
        name,
        weight,
        format!("{zh_what}，后段日志上的成功率估计为 {shown}，{zh_verdict}{zh_care}。"),
        format!(
            "{en_what}, {shown} of attempts on the later part of the log would have succeeded: {en_verdict}{en_care}."
        ),
    ))
}

fn best_alone(evaluation: &Evaluation) -> Option<Conclusion> {
    let channel = evaluation.best_channel.as_deref()?;
    let always = evaluation.policy(&format!("always:{channel}"))?;
    let value = always.whole_log.as_ref()?.attempts.doubly_robust?;
    let own = percent(always.naive?);
    let support = evaluation.support.iter().find(|support| support.channel == channel)?;
    let shown = with_interval(&value);
    let carried = carried(support.share);
    Some(say(
        "best_channel",
        Weight::Care,
        format!(
            "{channel} 自己的尝试成功率为 {own}；若全部走它，估计成功率为 {shown}。{}：能否接住全部流量、价格和条件如何，日志并不知道。请当作上限，而不是承诺。",
            carried.zh
        ),
        format!(
            "{channel}'s own attempts succeeded {own}; with everything through it, an estimated {shown} would have. {}: whether it can carry all, and at what price, the log doesn't know. Take it as a ceiling, not a promise.",
            carried.en
        ),
    ))
}

/// How much a channel carried already: "only" where that is less than half.
fn carried(share: f64) -> Sentence {
    let shown = percent(share);
    match share < 0.5 {
        true => Sentence::new(
            format!("但它在日志中只承担了 {shown} 的尝试"),
            format!("But it carried only {shown} of the attempts"),
        ),
        false => Sentence::new(
            format!("它在日志中已承担 {shown} 的尝试，其余部分仍是推算"),
            format!("It carried {shown} of the attempts already; the rest is inferred"),
        ),
    }
}

fn file(evaluation: &Evaluation) -> Option<Conclusion> {
    let policy: &Evaluated = evaluation.policy("file")?;
    let attempts: &Estimate = &policy.whole_log.as_ref()?.attempts;
    Some(match (&attempts.doubly_robust, &attempts.gain) {
        (Some(value), Some(gain)) => say(
            "file",
            Weight::Know,
            format!(
                "您的策略文件：{}，与现状相差 {} 个百分点（{} 至 {}）。",
                with_interval(value),
                points(gain.value),
                points(gain.low),
                points(gain.high)
            ),
            format!(
                "Your policy file: {}, {} points over what was logged ({} to {}).",
                with_interval(value),
                points(gain.value),
                points(gain.low),
                points(gain.high)
            ),
        ),
        _ => say(
            "file",
            Weight::Care,
            "您的策略文件：日志不足以判断。".to_owned(),
            "Your policy file: the log can't say.".to_owned(),
        ),
    })
}

fn causes(made: &Replay) -> Vec<Conclusion> {
    let mut found = Vec::new();
    let layers = &made.anatomy.by_layer;
    if let Some(first) = layers.first() {
        let title = first.title.clone().unwrap_or_else(|| Sentence::new("", ""));
        let (share, lost) = (percent(first.share), first.amount_lost.show());
        let (zh_lost, en_lost) = if lost.is_empty() {
            (String::new(), String::new())
        } else {
            (format!("，涉及未收回金额 {lost}"), format!(", with {lost} never collected"))
        };
        found.push(say(
            "layers",
            Weight::Know,
            format!("失败最多的一层是{}：占全部失败的 {share}{zh_lost}。", title.zh),
            format!("Most failures sit at the layer “{}”: {share} of all{en_lost}.", title.en),
        ));
    }
    let hopeless = made.anatomy.hopeless_retries;
    if hopeless > 0 {
        let count = grouped(hopeless);
        let tries = several(hopeless, "try", "tries");
        found.push(say(
            "hopeless_retries",
            Weight::Act,
            format!("有 {count} 次重试发生在重试也无法解决的失败之后（如账户已销户、需借款人处理）：这些尝试白费，还可能触发卡组织的次数限制。"),
            format!("{tries} came after a failure that trying again can't mend (account closed, borrower must act): wasted, and counted towards the card schemes' limits."),
        ));
    }
    found
}

fn overlap(one: &Tally, other: &Tally) -> bool {
    one.low <= other.high && other.low <= one.high
}

fn retries(made: &Replay) -> Vec<Conclusion> {
    let retries = &made.anatomy.retries;
    let mut found = Vec::new();
    if let [first, second, ..] = retries.by_number.as_slice() {
        let (one, two) = (percent(first.tally.success), percent(second.tally.success));
        let (orders, per) = (grouped(retries.orders_retried), retries.attempts_per_collected);
        let (zh, en) = if overlap(&first.tally, &second.tally) {
            ("失败并不“粘人”，换一次就像重新来过", "a failure says little about the next try")
        } else if second.tally.success < first.tally.success {
            ("失败过的更难成功", "what failed once is harder")
        } else {
            ("重试比首次更容易成功", "retries do better than first tries")
        };
        found.push(say(
            "retries",
            Weight::Know,
            format!("{orders} 笔还款单重试过。首次成功率 {one}，第二次 {two}：{zh}。平均每收回一笔用 {per:.1} 次尝试。"),
            format!("{orders} orders were tried again. First tries succeed {one}, second tries {two}: {en}. Each order collected took {per:.1} attempts."),
        ));
    }
    let by = |name: &str| retries.by_switch.iter().find(|step| step.name == name);
    if let (Some(same), Some(other)) = (by("same"), by("other")) {
        let (stay, change) = (percent(same.tally.success), percent(other.tally.success));
        let apart = !overlap(&same.tally, &other.tally);
        let (zh, en) = match (apart, other.tally.success > same.tally.success) {
            (false, _) => ("差别在误差之内", "no difference beyond chance"),
            (true, true) => ("失败后换渠道更好", "changing after a failure is better"),
            (true, false) => ("换渠道反而更差", "changing is worse"),
        };
        found.push(say(
            "switching",
            if apart { Weight::Act } else { Weight::Know },
            format!("重试时留在原渠道成功率 {stay}，换渠道 {change}：{zh}（未按渠道好坏修正）。"),
            format!("Retries on the same channel succeed {stay}, on another {change}: {en} (not corrected for which channels those are)."),
        ));
    }
    found.extend(goes_on(retries));
    found
}

/// Channels after which people come back more often, or less.
fn goes_on(retries: &super::Retries) -> Option<Conclusion> {
    let enough = || retries.goes_on.iter().filter(|step| step.tally.attempts >= 100);
    let most = enough().max_by(|one, other| one.tally.low.total_cmp(&other.tally.low))?;
    let least = enough().min_by(|one, other| one.tally.high.total_cmp(&other.tally.high))?;
    if overlap(&most.tally, &least.tally) {
        return None;
    }
    let (high, low) = (percent(most.tally.success), percent(least.tally.success));
    Some(say(
        "goes_on",
        Weight::Care,
        format!(
            "在 {} 失败后有 {high} 会再试，在 {} 失败后只有 {low}。按还款单的数字包含了这一差别，按尝试的数字则没有：两者请分开看。",
            most.name, least.name
        ),
        format!(
            "After a failure on {}, {high} are tried again, after one on {} only {low}. The figures per order include this difference, those per attempt don't: read them apart.",
            most.name, least.name
        ),
    ))
}

fn outages(made: &Replay) -> Option<Conclusion> {
    let outages = &made.anatomy.outages;
    let Some(worst) = outages.iter().max_by(|one, other| one.excess.total_cmp(&other.excess)) else {
        return Some(say(
            "outages",
            Weight::Know,
            "没有发现类似故障的时段（检验的误报率约为每渠道 1 %）。".to_owned(),
            "No stretch looks like an outage (by a test with about 1 % false alarms per channel).".to_owned(),
        ));
    };
    let stretches =
        several(outages.len() as u64, "stretch looks like an outage", "stretches look like outages");
    let (count, excess) = (outages.len(), outages.iter().map(|outage| outage.excess).sum::<f64>());
    Some(say(
        "outages",
        Weight::Act,
        format!(
            "发现 {count} 个类似故障的时段，共约 {excess:.0} 笔因此失败。最严重：{} 自 {} 起 {} 分钟，{} 笔中 {} 笔失败（平时 {}）。",
            worst.channel,
            worst.from,
            worst.minutes,
            worst.orders,
            worst.faults,
            percent(worst.usual)
        ),
        format!(
            "{stretches}, with about {excess:.0} orders failing because of that. The worst: {} from {} for {} minutes, {} of {} failed (usually {}).",
            worst.channel,
            worst.from,
            worst.minutes,
            worst.faults,
            worst.orders,
            percent(worst.usual)
        ),
    ))
}

fn doubles(made: &Replay) -> Option<Conclusion> {
    let doubles = &made.anatomy.doubles;
    if doubles.orders == 0 {
        return None;
    }
    let (orders, amount) = (grouped(doubles.orders), doubles.amount.show());
    let seem = several(doubles.orders, "order seems", "orders seem");
    let lines = doubles
        .examples
        .iter()
        .take(3)
        .flat_map(|double| double.lines.iter().map(u64::to_string))
        .collect::<Vec<_>>()
        .join(", ");
    let (zh, en) = if made.input.orders_from == OrdersFrom::Inferred {
        (
            "还款单是推断的，也可能是两位条件相同的付款人，请逐一核对",
            "orders are inferred, so these may be two payers who agree in everything: check them",
        )
    } else {
        ("请核对并退回多收的款项", "check them and send back what was taken twice")
    };
    Some(say(
        "doubles",
        Weight::Act,
        format!("{orders} 笔还款单疑似成功两次（金额 {amount}；例如第 {lines} 行）：{zh}。"),
        format!("{seem} to have succeeded twice ({amount}; e.g. lines {lines}): {en}."),
    ))
}

/// The column, channel aside, along which success differs most beyond chance.
fn spread(made: &Replay) -> Option<Conclusion> {
    let anatomy = &made.anatomy;
    let candidates = [
        ("发卡行", "issuer", &anatomy.by_issuer),
        ("卡种", "card", &anatomy.by_card),
        ("国家", "country", &anatomy.by_country),
        ("3DS 验证", "3-D Secure", &anatomy.by_threeds),
        ("金额", "amount", &anatomy.by_amount),
        ("小时", "hour", &anatomy.by_hour),
        ("星期", "weekday", &anatomy.by_weekday),
    ];
    let mut best: Option<(f64, Sentence)> = None;
    for (zh, en, groups) in candidates {
        let enough = || groups.iter().filter(|group| group.tally.attempts >= 100);
        let high = enough().max_by(|one, other| one.tally.low.total_cmp(&other.tally.low));
        let low = enough().min_by(|one, other| one.tally.high.total_cmp(&other.tally.high));
        let (Some(high), Some(low)) = (high, low) else { continue };
        let gap = high.tally.low - low.tally.high;
        if gap > 0.0 && best.as_ref().is_none_or(|(most, _)| gap > *most) {
            let (top, bottom) = (percent(high.tally.success), percent(low.tally.success));
            best = Some((
                gap,
                Sentence::new(
                    format!(
                        "除渠道外，成功率差别最大的是{zh}：{} 为 {top}，{} 为 {bottom}。",
                        high.name, low.name
                    ),
                    format!(
                        "Channel aside, success differs most by {en}: {} has {top}, {} has {bottom}.",
                        high.name, low.name
                    ),
                ),
            ));
        }
    }
    best.map(|(_, text)| Conclusion { about: "spread", weight: Weight::Know, text })
}

fn rejects(made: &Replay) -> Option<Conclusion> {
    let input = &made.input;
    if input.rejected == 0 {
        return None;
    }
    let (rejected, share) = (grouped(input.rejected), percent(input.rejected_share));
    let left_out = several(input.rejected, "row", "rows");
    Some(say(
        "rejects",
        if input.rejected_share > 0.02 { Weight::Care } else { Weight::Know },
        format!("{rejected} 行（{share}）无法读取，未计入；原因见拒收文件。"),
        format!("{left_out} ({share}) couldn't be read; the rejects file says why."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_carried_most_did_not_carry_only_that() {
        assert!(carried(0.2).zh.contains("只承担了 20") && carried(0.2).en.contains("only 20"));
        assert!(!carried(0.977).zh.contains("只") && !carried(0.977).en.contains("only"));
    }
}
