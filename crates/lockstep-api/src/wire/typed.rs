//! What a person or program typed into a body: checked field by field, with all wrong ones told at once.

use std::str::FromStr;

use lockstep_core::channel::ChannelId;
use lockstep_core::check::names_someone;
use lockstep_core::money::{Currency, MAX_AMOUNT_MINOR, Money};
use lockstep_core::time::Timestamp;

use crate::problem::{FieldError, Problem};

/// The most channels one request may name.
pub(crate) const MAX_CHANNELS: usize = 8;

/// Collects what is wrong.
#[derive(Default)]
pub(crate) struct Typed(Vec<FieldError>);

impl Typed {
    /// `Ok` when nothing was wrong.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into_problem()) }
    }

    /// The problem with everything that was wrong.
    pub(crate) fn into_problem(self) -> Problem {
        Problem::fields(self.0)
    }

    pub(crate) fn wrong(&mut self, field: &str, code: &str, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push(FieldError::new(field, code, zh, en));
    }

    pub(crate) fn add(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        self.0.extend(errors);
    }

    /// A short text on one line, 1 to `max` characters, without control or invisible direction characters.
    pub(crate) fn text(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        let length = text.chars().count();
        if text.trim().is_empty() || length > max {
            let zh = format!("应为 1 到 {max} 个字符。");
            self.wrong(field, "length", zh, format!("It must have 1 to {max} characters."));
            return None;
        }
        if text.chars().any(is_invisible) {
            let zh = "不能含有控制字符或不可见的排版字符。";
            self.wrong(
                field,
                "control_characters",
                zh,
                "It must have no control or invisible formatting characters.",
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// The lender's own name for something: a short text without the numbers by which a person is known. References
    /// are stored, listed and told in the clear.
    pub(crate) fn reference(&mut self, field: &str, text: &str) -> Option<String> {
        let reference = self.text(field, text, 64)?;
        if names_someone(&reference) {
            let zh =
                "编号里像是有卡号、证件号或手机号。编号以明文保存和显示，请改用贵方内部的客户号或借据号。";
            let en = "It looks like a card, ID or phone number. References are kept and shown in the clear; use your \
                      own customer or loan number.";
            self.wrong(field, "personal_data", zh, en);
            return None;
        }
        Some(reference)
    }

    /// A text may be so long before anything else is looked at.
    pub(crate) fn at_most(&mut self, field: &str, text: Option<&str>, max: usize) {
        if text.is_some_and(|text| text.chars().count() > max) {
            let zh = format!("最多 {max} 个字符。");
            self.wrong(field, "length", zh, format!("It may have at most {max} characters."));
        }
    }

    /// An id of the right kind.
    pub(crate) fn id<T: FromStr>(&mut self, field: &str, text: &str) -> Option<T> {
        let id = text.parse().ok();
        if id.is_none() {
            self.wrong(
                field,
                "id",
                "不是有效的编号，请原样使用创建时返回的编号。",
                "Not an id of this kind; use it as it was given to you.",
            );
        }
        id
    }

    /// An RFC 3339 moment.
    pub(crate) fn time(&mut self, field: &str, text: &str) -> Option<Timestamp> {
        let moment = moment(text);
        if moment.is_none() {
            let zh = "应为带时区的 RFC 3339 时间，例如 2026-03-02T09:00:00+08:00。";
            self.wrong(
                field,
                "time",
                zh,
                "It must be an RFC 3339 time with its offset, such as 2026-03-02T09:00:00+08:00.",
            );
        }
        moment
    }

    /// A whole amount of minor units.
    pub(crate) fn amount(&mut self, field: &str, amount_minor: i64) -> Option<i64> {
        let legal = (1..=MAX_AMOUNT_MINOR).contains(&amount_minor);
        if !legal {
            let zh = format!("应为 1 到 {MAX_AMOUNT_MINOR} 的整数（最小货币单位，人民币为分）。");
            let en =
                format!("It must be a whole number of minor units (fen for CNY), 1 to {MAX_AMOUNT_MINOR}.");
            self.wrong(field, "amount", zh, en);
        }
        legal.then_some(amount_minor)
    }

    /// An amount with its currency.
    pub(crate) fn money(&mut self, amount_minor: i64, currency: &str) -> Option<Money> {
        let amount_minor = self.amount("amount_minor", amount_minor);
        let known = Currency::from_code(currency);
        if known.is_none() {
            let zh = "应为三个大写字母的 ISO 4217 货币代码，例如 CNY。";
            self.wrong(
                "currency",
                "currency",
                zh,
                "It must be an ISO 4217 currency of three capital letters, such as CNY.",
            );
        }
        Money::new(amount_minor?, known?).ok()
    }

    /// One channel's name.
    pub(crate) fn channel(&mut self, field: &str, name: &str) -> Option<ChannelId> {
        let channel = ChannelId::try_from(name).ok();
        if channel.is_none() {
            let zh = "渠道名由 2 到 32 个 a-z、0-9 或 _ 组成，可用渠道见 GET /v1/channels。";
            self.wrong(
                field,
                "channel",
                zh,
                "A channel's name has 2 to 32 of a-z, 0-9 and _; GET /v1/channels lists them.",
            );
        }
        channel
    }

    /// Channels, each once.
    pub(crate) fn channels(&mut self, field: &str, names: &[String], min: usize) -> Vec<ChannelId> {
        if !(min..=MAX_CHANNELS).contains(&names.len()) {
            let zh = format!("应列出 {min} 到 {MAX_CHANNELS} 个渠道。");
            self.wrong(field, "length", zh, format!("Name {min} to {MAX_CHANNELS} channels."));
            return Vec::new();
        }
        let mut channels = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let place = format!("{field}[{index}]");
            let Some(channel) = self.channel(&place, name) else {
                continue;
            };
            if channels.contains(&channel) {
                self.wrong(&place, "repeated", "渠道重复。", "This channel is named twice.");
            }
            channels.push(channel);
        }
        channels
    }
}

/// Control characters, and those that reorder or hide what stands beside them.
fn is_invisible(c: char) -> bool {
    let hiding = matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    );
    c.is_control() || hiding
}

/// An RFC 3339 moment, and nothing looser: date, `T`, time with seconds, offset.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let date = digits(0..4) && is(4, b"-") && digits(5..7) && is(7, b"-") && digits(8..10) && is(10, b"Tt");
    let time = digits(11..13) && is(13, b":") && digits(14..16) && is(16, b":") && digits(17..19);
    let offset = match bytes.len() {
        20.. if is(bytes.len() - 1, b"Zz") => bytes.len() - 1,
        25.. => bytes.len() - 6,
        _ => return None,
    };
    let fraction = offset == 19 || (is(19, b".") && offset > 20 && offset <= 29 && digits(20..offset));
    let zone = match offset + 1 == bytes.len() {
        true => true,
        false => {
            is(offset, b"+-")
                && digits(offset + 1..offset + 3)
                && is(offset + 3, b":")
                && digits(offset + 4..offset + 6)
        }
    };
    if !(date && time && fraction && zone) {
        return None;
    }
    Timestamp::from_rfc3339(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rfc_3339_is_a_time() {
        for good in [
            "2026-03-02T09:00:00+08:00",
            "2026-03-02T01:00:00Z",
            "2026-03-02t01:00:00.123456789z",
            "2026-03-02T01:00:00.5-23:59",
            "2026-12-31T23:59:60Z",
        ] {
            assert!(moment(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "2026-03-02",
            "2026-03-02T09:00:00",
            "2026-03-02 09:00:00Z",
            "2026-03-02T09:00Z",
            "2026-03-02T09:00:00.Z",
            "2026-03-02T09:00:00+0800",
            "2026-03-02T09:00:00+08:00[Asia/Shanghai]",
            "2026-02-30T09:00:00Z",
            "2026-03-02T25:00:00Z",
            "１０26-03-02T09:00:00Z",
            "+002026-03-02T09:00:00Z",
        ] {
            assert!(moment(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn references_refuse_what_cannot_be_seen() {
        for bad in ["", "a\0b", "a\nb", "a\u{202e}b", "a\u{7f}b", "a\u{85}b", &"x".repeat(65)] {
            let mut typed = Typed::default();
            assert_eq!(typed.text("reference", bad, 64), None);
            assert!(typed.finish().is_err());
        }
        for theirs in
            ["6222020000000000000", "１３８００１３８０００", "13800138000", "cust 11010519491231002X"]
        {
            let mut typed = Typed::default();
            assert_eq!(typed.reference("reference", theirs), None, "{theirs}");
            assert!(typed.finish().is_err());
        }
        for ours in [
            "customer-1029",
            "loan-77/3",
            "20260302",
            "2026-03-02-000017",
            "L20260302103000123456789",
            "10086",
        ] {
            assert!(Typed::default().reference("reference", ours).is_some(), "{ours}");
        }
        let mut typed = Typed::default();
        assert!(typed.text("reference", &"贷".repeat(64), 64).is_some());
        assert!(typed.finish().is_ok());
    }
}
