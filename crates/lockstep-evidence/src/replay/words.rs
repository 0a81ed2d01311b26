//! Words of the report that aren't conclusions: names of policies, layers, reasons for care.

use lockstep_core::catalogue::Layer;
use lockstep_core::text::Sentence;

use super::logging::{Randomness, Tie};
use super::policy::result::Kind;
use crate::report::percent;

fn both(zh: impl Into<String>, en: impl Into<String>) -> Sentence {
    Sentence::new(zh, en)
}

pub(crate) fn no_code() -> Sentence {
    both("没有应答码", "no code")
}

pub(crate) fn layer(layer: Option<Layer>) -> Sentence {
    let (zh, en) = match layer {
        Some(Layer::Borrower) => ("借款人（余额、信息、授权）", "borrower (money, details, consent)"),
        Some(Layer::Instrument) => ("卡或账户本身", "card or account"),
        Some(Layer::Issuer) => ("发卡行", "issuing bank"),
        Some(Layer::Channel) => ("支付渠道", "channel"),
        Some(Layer::Risk) => ("风控", "risk control"),
        Some(Layer::Platform) => ("平台与商户配置", "platform or lender's set-up"),
        Some(Layer::Network) => ("网络", "network"),
        Some(Layer::None) => ("不属于任何一层", "nowhere in particular"),
        None => ("目录中没有的应答码", "codes not in the catalogue"),
    };
    both(zh, en)
}

pub(crate) fn policy(kind: Kind, channel: Option<&str>) -> Sentence {
    let name = channel.unwrap_or("–");
    match kind {
        Kind::Logged => both("现状（日志中的选择）", "as logged"),
        Kind::Capped => both(
            format!("最佳选择，{name} 不超过原有占比"),
            format!("best with {name} capped at logged share"),
        ),
        Kind::Without => both(format!("最佳选择，不用 {name}"), format!("best without {name}")),
        Kind::PerContext => both("最佳选择，不设限", "best per context, no cap"),
        Kind::Always => both(format!("全部走 {name}"), format!("always {name}")),
        Kind::Equal => both("各渠道均分", "equal split"),
        Kind::File => both("您的策略文件", "your policy file"),
    }
}

pub(crate) fn unsupported(share: f64) -> Sentence {
    let share = percent(share);
    both(
        format!("{share} 的尝试会被送往日志中几乎从未用过的渠道与情形组合"),
        format!("{share} of attempts would go to a channel that the log hardly ever used in their context"),
    )
}

pub(crate) fn few_effective(effective: f64) -> Sentence {
    both(
        format!("有效样本只相当于 {effective:.0} 笔"),
        format!("only as telling as {effective:.0} observations"),
    )
}

pub(crate) fn clipped(share: f64) -> Sentence {
    let share = percent(share);
    both(
        format!("截断去掉了 {share} 的权重，估计更多依赖模型"),
        format!("clipping took {share} of the weight, so that the estimate leans on the model"),
    )
}

pub(crate) fn estimators_differ() -> Sentence {
    both("两种估计方法的区间不重叠", "the two estimators' intervals don't overlap")
}

pub(crate) fn too_little(attempts: usize, channels: usize) -> Sentence {
    if channels < 2 {
        return both(
            "日志中尝试足够多的渠道不足两个，无法比较其他选择",
            "the log has fewer than two channels with enough attempts, so other choices can't be judged",
        );
    }
    both(
        format!("日志只有 {attempts} 笔尝试，不足以评估其他选择"),
        format!("the log has only {attempts} attempts, too few to judge other choices"),
    )
}

pub(crate) fn logging(
    randomness: Randomness,
    strongest: Option<&Tie>,
    first_v: f64,
    given: bool,
    misfits: &[(String, f64)],
) -> Sentence {
    let (zh_name, en_name) = strongest.map_or(("–".to_owned(), "–".to_owned()), |tie| {
        let words = tie.feature.words();
        (words.zh, words.en)
    });
    let v = strongest.map_or(0.0, |tie| tie.choice_v);
    let mut said = match randomness {
        Randomness::NearlyRandom => both(
            format!(
                "渠道选择与日志中的任何一列都几乎无关（最强关联 {v:.2}，0 为无关、1 为完全决定），接近随机试验：这是评估其他选择的理想条件。剩下的一点关联已经修正。"
            ),
            format!(
                "The choice of channel hardly depends on any column of the log (strongest association {v:.2}; 0 is none, 1 is fully determined): close to an experiment, the best ground for judging other choices. What little it does depend on is corrected for."
            ),
        ),
        Randomness::Somewhat => both(
            format!(
                "渠道选择与“{zh_name}”有些关系（关联 {v:.2}，0 为无关、1 为完全决定；首次尝试最强 {first_v:.2}）；估计已按此修正。"
            ),
            format!(
                "The choice of channel depends somewhat on the {en_name} (association {v:.2}; 0 is none, 1 is fully determined; on first tries at most {first_v:.2}). The estimates correct for it."
            ),
        ),
        Randomness::Strongly => both(
            format!(
                "渠道选择在很大程度上由“{zh_name}”决定（关联 {v:.2}）；估计依赖于日志各列足以解释选择，请谨慎解读。"
            ),
            format!(
                "The choice of channel depends strongly on the {en_name} (association {v:.2}). The estimates rest on the log's columns explaining the choice: read them with care."
            ),
        ),
    };
    if given {
        said.zh.push_str("选择概率取自文件。");
        said.en.push_str(" The probabilities of the choices are the file's own.");
    }
    for (channel, ratio) in misfits {
        said.zh.push_str(&format!(
            "注意：{channel} 的给定概率与实际选择不符（逆概率之和应为 1，实为 {ratio:.2}）。"
        ));
        said.en.push_str(&format!(
            " Careful: the probabilities given for {channel} don't fit the choices seen (inverse probabilities should \
             average 1, they average {ratio:.2})."
        ));
    }
    said
}

/// What the figures can't tell. Always shown.
pub(crate) fn limits(inferred: bool, has_causes: bool, days: i64) -> Vec<Sentence> {
    let mut limits = vec![
        both(
            format!("日志只覆盖 {days} 天。渠道、发卡行和客户都会变；下个月可能不同。"),
            format!(
                "The log covers {days} days. Channels, banks and borrowers change; next month may differ."
            ),
        ),
        both(
            "容量与限额不在日志中：把更多流量给一个渠道，它可能变慢、限流或提价。因此先看“不超过原有占比”和“不用它”两行。",
            "Capacity isn't in the log: a channel given more traffic may slow down, throttle or raise its price. So read the capped line and the line without it first.",
        ),
        both(
            "假设一次尝试的结果不受其他尝试走哪条渠道的影响。",
            "It is assumed that one attempt's outcome doesn't depend on which channel other attempts took.",
        ),
        both(
            "若渠道是因日志里没有记录的原因被选中的（例如只把好客户给它），任何修正都无能为力。",
            "If a channel was chosen for a reason the log doesn't hold (say, it got the best borrowers), no correction can mend that.",
        ),
        both(
            "按尝试的估计保持重试次数不变。按还款单的估计把“失败后是否再试”也当作渠道的作用：若那只是巧合，还款单层面的数字会随之改变；越靠后的尝试越依赖模型。",
            "Estimates per attempt keep the retries as they were. Estimates per order take it as the channel's doing whether a purchase is tried again after a failure: if that is a coincidence, the figures per order move. They lean on the model more with every later try.",
        ),
        both(
            "区间只反映抽样误差（95 %），不包括上述各点。",
            "Intervals hold the error of sampling (95 %), not the points above.",
        ),
    ];
    if inferred {
        limits.push(both(
            "文件中没有还款单号：相同金额、国家、卡种且间隔很短的尝试被视为同一笔，两位恰好相同的付款人无法区分。",
            "The file names no orders: attempts with the same amount, country and card within a short gap were taken for one purchase. Two payers who agree in all of it can't be told apart.",
        ));
    }
    if !has_causes {
        limits.push(both(
            "没有可识别的应答码，只能看到成败，看不到原因：借款人余额不足与渠道故障无法区分。",
            "Without codes that the catalogue knows, only success and failure are seen, not causes: a borrower without money can't be told from a channel that is down.",
        ));
    }
    limits
}
