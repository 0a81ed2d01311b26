//! Numbers as people read them, and round steps for axes.

/// What a charted value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share between 0 and 1, shown in percent.
    Percent,
    /// A whole number, shown with grouped digits.
    Count,
    /// Any number, with so many decimals.
    Decimal(u8),
}

impl Unit {
    /// The value in words.
    pub(super) fn show(self, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        match self {
            Self::Percent => percent(value),
            Self::Count => grouped_f64(value, 0),
            Self::Decimal(decimals) => grouped_f64(value, decimals.min(9)),
        }
    }

    /// The value on an axis: no more digits than the step needs.
    pub(super) fn tick(self, value: f64, step: f64) -> String {
        match self {
            Self::Percent if step >= 0.01 => format!("{:.0} %", value * 100.0),
            Self::Percent if step >= 0.001 => format!("{:.1} %", value * 100.0),
            Self::Percent => format!("{:.2} %", value * 100.0),
            Self::Count => grouped_f64(value, 0),
            Self::Decimal(_) if step >= 1.0 => grouped_f64(value, 0),
            Self::Decimal(decimals) => grouped_f64(value, decimals.min(9)),
        }
    }
}

/// A share in percent with one decimal: 0.2016 as `20.2 %`.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", share * 100.0) } else { "–".to_owned() }
}

/// 12345 as `12,345`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn grouped_f64(value: f64, decimals: u8) -> String {
    let plain = format!("{:.*}", usize::from(decimals), value.abs());
    let (whole, rest) =
        plain.split_once('.').map_or((plain.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    let sign =
        if value < 0.0 && plain.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) { "−" } else { "" };
    match rest {
        Some(rest) => format!("{sign}{whole}.{rest}"),
        None => format!("{sign}{whole}"),
    }
}

/// A range that begins and ends on a round step, and the step: about `wanted` of them.
pub(super) fn round_range(low: f64, high: f64, wanted: f64) -> (f64, f64, f64) {
    let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
    let span = if high - low > 1e-12 { high - low } else { high.abs().max(1e-6) };
    let raw = span / wanted;
    let magnitude = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * magnitude)
        .find(|step| *step >= raw * 0.999)
        .unwrap_or(magnitude * 10.0);
    let (first, last) = ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step);
    (first, if last > first { last } else { first + step }, step)
}

/// The steps of a range, both ends included. Never more than fifty.
pub(super) fn ticks(first: f64, last: f64, step: f64) -> impl Iterator<Item = f64> {
    (0..50_u8)
        .map(move |index| first + f64::from(index) * step)
        .take_while(move |tick| *tick <= last + step * 1e-6)
}
