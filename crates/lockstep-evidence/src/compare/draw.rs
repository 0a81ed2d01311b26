//! Draws that depend on nothing but their names: the same (seed, order, channel, hour, what) gives the same number in
//! every policy's run, whatever was asked before.

/// What a number is drawn for. Part of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum For {
    Day = 1,
    Minute,
    Amount,
    Issuer,
    Funds,
    Closed,
    Stale,
    StaleLater,
    Limit,
    LimitLater,
    Resign,
    Outage,
    IssuerOutage,
    Works,
    Silent,
    Executed,
    Technical,
    Unreached,
    SoftShort,
    SoftShortShared,
    SoftLong,
    SoftLongShared,
    Mask,
    Resolve,
    Latency,
    Choice,
    Probe,
}

fn mix(mut word: u64) -> u64 {
    // The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Sixty-four bits with this name.
pub(crate) fn word(seed: u64, what: For, name: &[u64]) -> u64 {
    let start = mix(seed ^ (what as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    name.iter().fold(start, |state, part| {
        mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ mix(part.wrapping_add(0x5851_f42d_4c95_7f2d)))
    })
}

/// A number in `[0, 1)` with this name.
pub(crate) fn unit(seed: u64, what: For, name: &[u64]) -> f64 {
    (word(seed, what, name) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A stream of numbers with one name, for latent states that need several.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    state: u64,
}

impl Stream {
    pub(crate) fn new(seed: u64, what: For, name: &[u64]) -> Self {
        Self { state: word(seed, what, name) }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// In `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number in `0..below`.
    pub(crate) fn below(&mut self, below: usize) -> usize {
        ((self.unit() * below as f64) as usize).min(below.saturating_sub(1))
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Standard normal (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let (radius, angle) = ((-2.0 * (1.0 - self.unit()).ln()).sqrt(), std::f64::consts::TAU * self.unit());
        radius * angle.cos()
    }

    pub(crate) fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }
}
