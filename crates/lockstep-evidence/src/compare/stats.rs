//! Means over seeds with their intervals.

use serde::Serialize;

/// A mean over seeds and where the truth plausibly lies (95 %, Student's t).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end; equals the mean when there is one seed. Read [`interval`](Self::interval) to show it.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Seeds that had a value.
    pub seeds: usize,
}

impl Estimate {
    /// From one value per seed; `None` without any.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let half = match count {
            1 => 0.0,
            _ => {
                let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
                student(count - 1) * (squares / (count - 1) as f64 / count as f64).sqrt()
            }
        };
        Some(Self { mean, low: mean - half, high: mean + half, seeds: count })
    }

    /// Kept to what a share can be: a mean of shares lies between none and all.
    pub(crate) fn as_share(self) -> Self {
        Self { low: self.low.max(0.0), high: self.high.min(1.0), ..self }
    }

    /// Where the truth plausibly lies; one seed alone doesn't tell.
    pub fn interval(&self) -> Option<(f64, f64)> {
        (self.seeds > 1).then_some((self.low, self.high))
    }
}

/// The 97.5 % point of Student's t.
fn student(degrees: usize) -> f64 {
    const TABLE: [f64; 15] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131,
    ];
    // Beyond the table the error is below 0.005.
    TABLE.get(degrees - 1).copied().unwrap_or(1.96 + 2.56 / degrees as f64)
}

/// The middle value; `None` without any.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

/// The smallest value that so many in a hundred don't exceed; `None` without any.
pub(crate) fn percentile(mut values: Vec<f64>, percent: usize) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let place = (values.len() * percent).div_ceil(100);
    values.get(place.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((estimate.mean - 3.0).abs() < 1e-12);
        assert!((estimate.high - 3.0 - 2.776 * (2.5_f64 / 5.0).sqrt()).abs() < 1e-9);
        assert_eq!(Estimate::of(&[]), None);
        assert_eq!(Estimate::of(&[7.0]).map(|one| (one.low, one.high)), Some((7.0, 7.0)));
        assert_eq!(Estimate::of(&[7.0]).and_then(|one| one.interval()), None);
        let share = Estimate::of(&[1.0, 0.9]).unwrap();
        assert!(
            share.high > 1.0
                && share.as_share().interval().is_some_and(|(low, high)| low > 0.0 && high <= 1.0)
        );
        assert!((student(30) - 2.042).abs() < 0.006);
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn a_percentile_is_a_value_that_was_there() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(hundred.clone(), 99), Some(99.0));
        assert_eq!(percentile(hundred, 50), Some(50.0));
        assert_eq!(percentile(vec![4.0], 99), Some(4.0));
        assert_eq!(percentile(Vec::new(), 99), None);
    }
}
