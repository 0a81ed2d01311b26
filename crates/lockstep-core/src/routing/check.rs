//! What is wrong with a lender's rules, before they are used.

use super::{HourRange, RoutingRules, Rule, Split, Then, When};
use crate::channel::{ChannelBook, ChannelId};
use crate::text::Sentence;

/// The most rules of one lender.
pub const MAX_RULES: usize = 200;
/// The most channels one rule may name.
pub const MAX_CHANNELS: usize = 16;
/// The longest name of a rule, in characters.
const MAX_NAME: usize = 64;
/// All of the payments.
const WHOLE_PPM: u64 = 1_000_000;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleProblem {
    /// Where: `rules[2].then.split.shares_ppm`.
    pub field: String,
    /// A stable code for programs.
    pub code: &'static str,
    /// What is wrong and how to mend it, naming the rule.
    pub text: Sentence,
}

/// Collects what is wrong with one rule.
struct Checking<'a> {
    index: usize,
    name: &'a str,
    found: &'a mut Vec<RuleProblem>,
}

impl Checking<'_> {
    fn wrong(&mut self, field: &str, code: &'static str, zh: &str, en: &str) {
        let Self { index, name, found } = self;
        let text = Sentence::new(format!("规则“{name}”：{zh}"), format!("Rule \"{name}\": {en}"));
        found.push(RuleProblem { field: format!("rules[{index}]{field}"), code, text });
    }
}

impl RoutingRules {
    /// Everything that is wrong with them, each with its rule and field; nothing when they may be used.
    pub fn problems(&self, channels: &ChannelBook) -> Vec<RuleProblem> {
        let mut found = Vec::new();
        if self.rules.len() > MAX_RULES {
            let text = Sentence::new(
                format!("最多 {MAX_RULES} 条规则，请合并条件相同的规则。"),
                format!("There may be at most {MAX_RULES} rules. Merge those with the same effect."),
            );
            found.push(RuleProblem { field: "rules".to_owned(), code: "length", text });
            return found;
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let shown = shown(rule);
            let mut checking = Checking { index, name: &shown, found: &mut found };
            let before = self.rules.get(..index).unwrap_or_default();
            name(rule, before, &mut checking);
            when(&rule.when, channels, &mut checking);
            then(rule, channels, &mut checking);
            reached(rule, before, &mut checking);
        }
        found
    }
}

/// A rule's name as a message repeats it: what was typed may be anything.
fn shown(rule: &Rule) -> String {
    rule.name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

fn name(rule: &Rule, before: &[Rule], checking: &mut Checking<'_>) {
    let legal = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | ':');
    let length = rule.name.chars().count();
    if !(1..=MAX_NAME).contains(&length) || !rule.name.chars().all(legal) {
        checking.wrong(
            ".name",
            "name",
            "名称须为 1 到 64 个文字、数字、空格或 -_./: 字符。",
            "the name must have 1 to 64 letters, digits, spaces or -_./: characters.",
        );
    } else if before.iter().any(|other| other.name == rule.name) {
        checking.wrong(
            ".name",
            "repeated",
            "名称与前面的规则重复，请改名。",
            "an earlier rule has this name. Give it another.",
        );
    }
}

fn when(when: &When, channels: &ChannelBook, checking: &mut Checking<'_>) {
    if let Some(channel) = &when.channel {
        known(channel, ".when.channel", channels, checking);
    }
    let issuer_shaped =
        |code: &String| (1..=32).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    if when.issuer.as_ref().is_some_and(|code| !issuer_shaped(code)) {
        checking.wrong(
            ".when.issuer",
            "issuer",
            "银行代码由 1 到 32 个字母或数字组成，例如 ICBC。",
            "a bank's code has 1 to 32 letters and digits, such as ICBC.",
        );
    }
    let negative = |amount: Option<i64>| amount.is_some_and(|amount| amount < 0);
    if negative(when.amount_min_minor) || negative(when.amount_max_minor) {
        checking.wrong(".when.amount_min_minor", "amount", "金额不能为负。", "an amount can't be negative.");
    }
    if let (Some(min), Some(max)) = (when.amount_min_minor, when.amount_max_minor)
        && min > max
    {
        checking.wrong(
            ".when.amount_max_minor",
            "contradiction",
            "金额上限小于下限，这条规则永远不会匹配。",
            "the largest amount is below the smallest, so the rule never matches.",
        );
    }
    if let Some(HourRange { from_minute, until_minute }) = when.hours
        && (from_minute > 1439 || !(1..=1440).contains(&until_minute) || from_minute == until_minute)
    {
        checking.wrong(
            ".when.hours",
            "hours",
            "from_minute 应为 0 到 1439，until_minute 应为 1 到 1440，且两者不同。",
            "from_minute must be 0 to 1439, until_minute 1 to 1440, and the two must differ.",
        );
    }
}

fn then(rule: &Rule, channels: &ChannelBook, checking: &mut Checking<'_>) {
    match &rule.then {
        Then::Pin(list) => {
            let able = listed(list, ".then.pin", channels, checking);
            some_able(rule, able, ".then.pin", channels, checking);
        }
        Then::Prefer(list) => {
            listed(list, ".then.prefer", channels, checking);
        }
        Then::Exclude(list) => {
            listed(list, ".then.exclude", channels, checking);
            let left = channels.iter().map(|one| &one.id).filter(|id| !list.contains(id)).collect();
            some_able(rule, left, ".then.exclude", channels, checking);
        }
        Then::Split(Split { shares_ppm, .. }) => {
            let list: Vec<_> = shares_ppm.keys().cloned().collect();
            let able = listed(&list, ".then.split.shares_ppm", channels, checking);
            some_able(rule, able, ".then.split.shares_ppm", channels, checking);
            let sum: u64 = shares_ppm.values().map(|share| u64::from(*share)).sum();
            if sum != WHOLE_PPM {
                let zh = format!("各渠道份额之和应为 1000000（百万分之一为单位），现为 {sum}。");
                let en = format!("the shares must add to 1000000 (millionths); they add to {sum}.");
                checking.wrong(".then.split.shares_ppm", "sum", &zh, &en);
            }
            if shares_ppm.values().any(|share| *share == 0) {
                checking.wrong(
                    ".then.split.shares_ppm",
                    "zero",
                    "份额不能为 0，请去掉该渠道。",
                    "a share can't be zero. Leave that channel out.",
                );
            }
        }
    }
}

/// Checks a list of channels; those that are known come back.
fn listed<'a>(
    list: &'a [ChannelId],
    field: &str,
    channels: &ChannelBook,
    checking: &mut Checking<'_>,
) -> Vec<&'a ChannelId> {
    if list.is_empty() || list.len() > MAX_CHANNELS {
        let zh = format!("应列出 1 到 {MAX_CHANNELS} 个渠道。");
        checking.wrong(field, "length", &zh, &format!("name 1 to {MAX_CHANNELS} channels."));
        return Vec::new();
    }
    for (place, channel) in list.iter().enumerate() {
        if list.iter().take(place).any(|other| other == channel) {
            let (zh, en) = (format!("渠道 {channel} 重复。"), format!("channel {channel} is named twice."));
            checking.wrong(field, "repeated", &zh, &en);
        }
    }
    list.iter().filter(|channel| known(channel, field, channels, checking)).collect()
}

fn known(channel: &ChannelId, field: &str, channels: &ChannelBook, checking: &mut Checking<'_>) -> bool {
    let known = channels.get(channel).is_some();
    if !known {
        let zh = format!("没有名为 {channel} 的支付渠道，可用渠道见 GET /v1/channels。");
        let en = format!("there is no channel named {channel}. GET /v1/channels lists them.");
        checking.wrong(field, "channel", &zh, &en);
    }
    known
}

/// A rule that leaves no channel that could move the money would stop every payment it is about.
fn some_able(
    rule: &Rule,
    left: Vec<&ChannelId>,
    field: &str,
    channels: &ChannelBook,
    checking: &mut Checking<'_>,
) {
    let direction = rule.when.direction;
    let able = |id: &&ChannelId| channels.get(id).is_some_and(|one| one.limits(direction).is_some());
    if !left.iter().any(able) {
        checking.wrong(
            field,
            "contradiction",
            "剩下的渠道都不能按该方向转账，匹配的支付将全部无法进行。",
            "none of the channels it leaves moves money this way, so every payment it matches would stop.",
        );
    }
}

/// A rule behind one that matches everything it matches is never used.
fn reached(rule: &Rule, before: &[Rule], checking: &mut Checking<'_>) {
    if let Some(earlier) = before.iter().find(|earlier| covers(&earlier.when, &rule.when)) {
        let earlier = shown(earlier);
        let zh = format!("永远不会被用到：前面的规则“{earlier}”已匹配它的所有支付。");
        let en = format!("it is never used: the earlier rule \"{earlier}\" matches all it matches.");
        checking.wrong(".when", "unreachable", &zh, &en);
    }
}

/// Whether everything that the second fits, the first fits too.
fn covers(wide: &When, narrow: &When) -> bool {
    fn same<T: PartialEq>(wide: Option<&T>, narrow: Option<&T>) -> bool {
        wide.is_none() || wide == narrow
    }
    let above = wide.amount_min_minor.is_none_or(|min| narrow.amount_min_minor.is_some_and(|at| at >= min));
    let below = wide.amount_max_minor.is_none_or(|max| narrow.amount_max_minor.is_some_and(|at| at <= max));
    wide.direction == narrow.direction
        && same(wide.issuer.as_ref(), narrow.issuer.as_ref())
        && same(wide.channel.as_ref(), narrow.channel.as_ref())
        && same(wide.instrument.as_ref(), narrow.instrument.as_ref())
        && same(wide.currency.as_ref(), narrow.currency.as_ref())
        && same(wide.hours.as_ref(), narrow.hours.as_ref())
        && above
        && below
}
