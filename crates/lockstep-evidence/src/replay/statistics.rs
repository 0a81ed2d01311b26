//! The few figures of statistics that are needed, written out.

/// 97.5th percentile of the normal distribution.
pub(crate) const Z95: f64 = 1.959_963_985;

/// Wilson's 95 % interval for a share: holds for small counts and near 0 and 1.
pub(crate) fn wilson(good: u64, all: u64) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (all as f64, good as f64 / all as f64);
    let z2 = Z95 * Z95;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// How strongly two columns of small numbers go together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Association {
    /// Cramér's V with Bergsma's correction: 0 not at all, 1 fully.
    pub(crate) v: f64,
    /// Chance of at least this much if they had nothing to do with each other.
    pub(crate) p: f64,
}

/// Association of two columns, over the rows that `keep` keeps.
pub(crate) fn association(
    one: &[u8],
    one_levels: usize,
    other: &[u8],
    other_levels: usize,
    keep: impl Fn(usize) -> bool,
) -> Association {
    let mut counts = vec![0.0_f64; one_levels * other_levels];
    for (row, (a, b)) in one.iter().zip(other).enumerate() {
        if keep(row) {
            counts[usize::from(*a) * other_levels + usize::from(*b)] += 1.0;
        }
    }
    let rows: Vec<f64> = counts.chunks(other_levels).map(|row| row.iter().sum()).collect();
    let columns: Vec<f64> =
        (0..other_levels).map(|b| counts.iter().skip(b).step_by(other_levels).sum()).collect();
    let n: f64 = rows.iter().sum();
    let used = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count() as f64;
    let (r, c) = (used(&rows), used(&columns));
    if r < 2.0 || c < 2.0 || n < 2.0 {
        return Association { v: 0.0, p: 1.0 };
    }
    let mut chi2 = 0.0;
    for (a, row) in rows.iter().enumerate() {
        for (b, column) in columns.iter().enumerate() {
            let expected = row * column / n;
            if expected > 0.0 {
                chi2 += (counts[a * other_levels + b] - expected).powi(2) / expected;
            }
        }
    }
    let degrees = (r - 1.0) * (c - 1.0);
    let phi2 = (chi2 / n - degrees / (n - 1.0)).max(0.0);
    let (r, c) = (r - (r - 1.0).powi(2) / (n - 1.0), c - (c - 1.0).powi(2) / (n - 1.0));
    let v = (phi2 / (r.min(c) - 1.0).max(1e-9)).sqrt().min(1.0);
    Association { v, p: chi2_tail(chi2, degrees) }
}

/// Chance of a chi-square of at least `x`, by Wilson and Hilferty's cube root.
fn chi2_tail(x: f64, degrees: f64) -> f64 {
    let spread = 2.0 / (9.0 * degrees);
    normal_tail(((x / degrees).cbrt() - (1.0 - spread)) / spread.sqrt())
}

/// Chance of a normal value of at least `z`; Abramowitz and Stegun 7.1.26, error below 1.5·10⁻⁷.
pub(crate) fn normal_tail(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let tail = 0.5 * poly * (-x * x).exp();
    if z >= 0.0 { tail } else { 1.0 - tail }
}

/// The value below which a share of the sorted values lies.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    let at = share * last;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low_value), Some(high_value)) => low_value + (high_value - low_value) * (at - at.floor()),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_figures() {
        let (low, high) = wilson(81, 263);
        assert!((low - 0.2553).abs() < 5e-4 && (high - 0.3662).abs() < 5e-4, "{low} {high}");
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        assert!((normal_tail(1.959_964) - 0.025).abs() < 1e-6);
        assert!((chi2_tail(11.345, 3.0) - 0.01).abs() < 1e-3);
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 0.5), 2.0);
    }

    #[test]
    fn association_sees_what_is_there_and_nothing_else() {
        let coin: Vec<u8> = (0..4000).map(|index| (super::super::dice::mix(index) & 1) as u8).collect();
        let other: Vec<u8> =
            (0..4000).map(|index| (super::super::dice::mix(index + 9_999_999) & 1) as u8).collect();
        let same = association(&coin, 2, &coin, 2, |_| true);
        assert!(same.v > 0.99 && same.p < 1e-9);
        let none = association(&coin, 2, &other, 2, |_| true);
        assert!(none.v < 0.05 && none.p > 1e-3);
    }
}
