//! One cell to one value. Every refusal says how to mend the cell; none repeats what the cell held.

use lockstep_core::text::Sentence;

use crate::replay::log::Outcome;

/// Longest text in a cell that names something.
const MAX_NAME: usize = 128;
/// Ten thousandths of a unit of money.
const UNIT: i64 = 10_000;
/// More than a hundred billion units is a mistake.
const MAX_UNITS: i64 = 100_000_000_000;
/// 2000-01-01 and 2100-01-01 in milliseconds.
const YEARS_MS: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;

/// What is wrong with a cell and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Stable code.
    pub code: &'static str,
    /// For people.
    pub message: Sentence,
}

pub(super) fn wrong(code: &'static str, zh: &str, en: &str) -> Wrong {
    Wrong { code, message: Sentence::new(zh, en) }
}

/// A name: of a channel, a bank, an order. Empty is `None`.
pub(super) fn name(text: &str) -> Result<Option<&str>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > MAX_NAME {
        return Err(wrong(
            "too_long",
            "超过 128 个字符，请检查是否错列",
            "is longer than 128 characters. Check that it is the right column",
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong(
            "control_character",
            "含有控制字符，请删除",
            "holds control characters. Remove them",
        ));
    }
    Ok(Some(text))
}

/// A name that must not be a whole card number.
pub(super) fn name_not_card(text: &str) -> Result<Option<&str>, Wrong> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    let only = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-'));
    if only && (14..=19).contains(&digits.len()) && luhn(&digits) {
        return Err(wrong(
            "card_number_in_clear",
            "看起来是完整卡号。请改用卡组织、发卡行或前六位",
            "looks like a whole card number. Give the brand, the bank or the first six digits instead",
        ));
    }
    name(text)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, u32::from(*digit) * 2) {
            (0, _) => u32::from(*digit),
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A decimal without sign, grouping or exponent, in ten thousandths.
pub(super) fn amount(text: &str) -> Result<i64, Wrong> {
    let bad = || {
        wrong(
            "bad_amount",
            "应为不带分组符号的小数，如 1250.00",
            "must be a decimal with a point and without grouping, sign or currency, e.g. 1250.00",
        )
    };
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(rest) || whole.len() > 30 {
        return Err(bad());
    }
    let rest = rest.trim_end_matches('0');
    if rest.len() > 4 {
        return Err(wrong("bad_amount", "小数位最多四位", "has more than four decimals"));
    }
    let too_large =
        || wrong("amount_too_large", "超过一千亿，请检查单位", "is over 100 billion. Check its unit");
    let units: i64 = whole.parse().map_err(|_| too_large())?;
    if units > MAX_UNITS {
        return Err(too_large());
    }
    let fraction: i64 = format!("{rest:0<4}").parse().map_err(|_| bad())?;
    Ok(units * UNIT + fraction)
}

/// A probability in (0, 1]; with `ppm`, in parts per million.
pub(super) fn propensity(text: &str, ppm: bool) -> Result<f32, Wrong> {
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    let value = if ppm { value / 1e6 } else { value };
    if value > 0.0 && value <= 1.0 {
        Ok(value as f32)
    } else {
        Err(wrong(
            "bad_propensity",
            "应为大于 0、不超过 1 的概率；未知请整列留空",
            "must be a probability over 0 and up to 1. If it isn't known, leave the whole column out",
        ))
    }
}

/// A cost: any decimal, also a negative one.
pub(super) fn cost(text: &str) -> Result<f32, Wrong> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value.abs() < 1e9 => Ok(value as f32),
        _ => Err(wrong("bad_cost", "应为数字，如 1.20", "must be a number, e.g. 1.20")),
    }
}

/// Whether the money moved.
pub(super) fn success(text: &str) -> Result<Outcome, Wrong> {
    let word = text.to_lowercase();
    match word.as_str() {
        "1" | "true" | "t" | "yes" | "y" | "success" | "succeeded" | "successful" | "approved" | "paid"
        | "captured" | "collected" | "ok" | "成功" | "是" => Ok(Outcome::Succeeded),
        "0" | "false" | "f" | "no" | "n" | "fail" | "failed" | "failure" | "declined" | "refused"
        | "rejected" | "error" | "失败" | "否" | "拒绝" => Ok(Outcome::Failed),
        "unknown" | "pending" | "timeout" | "processing" | "未知" | "处理中" | "超时" => {
            Ok(Outcome::Unknown)
        }
        _ => Err(wrong(
            "bad_success",
            "应为 1 或 0（也可写 true/false、success/failed/unknown、成功/失败/未知）",
            "must be 1 or 0 (or true/false, success/failed/unknown)",
        )),
    }
}

/// A moment in milliseconds. Without an offset it is wall time in `zone`.
pub(super) fn time(text: &str, zone: &jiff::tz::TimeZone) -> Result<i64, Wrong> {
    let bad = || {
        wrong(
            "bad_time",
            "应为 2026-03-02 09:00:00、RFC 3339 或 Unix 时间戳（秒或毫秒），年份 2000 至 2099",
            "must be 2026-03-02 09:00:00, RFC 3339 or a Unix time (seconds or milliseconds), in the years 2000 to 2099",
        )
    };
    if text.len() > 40 || !text.is_ascii() {
        return Err(bad());
    }
    let millis = epoch(text)
        .or_else(|| {
            civil(text)
                .and_then(|moment| moment.to_zoned(zone.clone()).ok())
                .map(|zoned| zoned.timestamp().as_millisecond())
        })
        .or_else(|| text.parse::<jiff::Timestamp>().ok().map(|moment| moment.as_millisecond()))
        .ok_or_else(bad)?;
    if YEARS_MS.contains(&millis) { Ok(millis) } else { Err(bad()) }
}

fn epoch(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if !whole.bytes().chain(rest.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: i64 = whole.parse().ok()?;
    match whole.len() {
        9 | 10 => {
            let fraction: i64 = format!("{:0<3.3}", rest).parse().ok()?;
            Some(value * 1000 + fraction)
        }
        13 => Some(value),
        16 => Some(value / 1000),
        _ => None,
    }
}

/// `2019-01-01 00:01:11`, `2019/1/1 0:01`, `20190101000111`, with or without fraction; no offset.
fn civil(text: &str) -> Option<jiff::civil::DateTime> {
    let packed = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    let spaced = packed.then(|| {
        format!(
            "{}-{}-{} {}:{}:{}",
            &text[..4],
            &text[4..6],
            &text[6..8],
            &text[8..10],
            &text[10..12],
            &text[12..]
        )
    });
    let text = spaced.as_deref().unwrap_or(text);
    let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "0:0"));
    let mut parts = date.split(['-', '/']);
    let mut number = |most: usize| -> Option<i16> {
        let part = parts.next()?;
        let plain = !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse().ok()).flatten()
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    if year < 1000 || parts.next().is_some() {
        return None;
    }
    let (clock, fraction) = clock.trim().split_once('.').unwrap_or((clock.trim(), ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut times = clock.split(':').map(|part| {
        let plain = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<i8>().ok()).flatten()
    });
    let (hour, minute) = (times.next()??, times.next()??);
    let second = times.next().unwrap_or(Some(0))?;
    if times.next().is_some() {
        return None;
    }
    let nanos: i32 = format!("{:0<9.9}", fraction).parse().ok()?;
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    jiff::civil::DateTime::new(year, month, day, hour, minute, second, nanos).ok()
}
