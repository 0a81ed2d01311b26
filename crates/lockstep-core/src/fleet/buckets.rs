//! A set of buckets.

use std::fmt;

use crate::id::{BUCKETS, Bucket};

const WORDS: usize = BUCKETS as usize / 64;

/// A set of buckets.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Buckets([u64; WORDS]);

impl Buckets {
    /// All of them.
    pub const ALL: Self = Self([u64::MAX; WORDS]);
    /// None of them.
    pub const NONE: Self = Self([0; WORDS]);

    /// Whether a bucket is among them.
    pub fn contains(&self, bucket: Bucket) -> bool {
        let (word, bit) = place(bucket);
        self.0[word] & bit != 0
    }

    /// Takes one in.
    pub fn insert(&mut self, bucket: Bucket) {
        let (word, bit) = place(bucket);
        self.0[word] |= bit;
    }

    /// Takes one out.
    pub fn remove(&mut self, bucket: Bucket) {
        let (word, bit) = place(bucket);
        self.0[word] &= !bit;
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = Bucket> + '_ {
        Bucket::all().filter(|bucket| self.contains(*bucket))
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    /// Those that are in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// Those that are here and not there.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }
}

fn place(bucket: Bucket) -> (usize, u64) {
    let number = usize::from(bucket.number());
    (number / 64, 1 << (number % 64))
}

impl FromIterator<Bucket> for Buckets {
    fn from_iter<I: IntoIterator<Item = Bucket>>(buckets: I) -> Self {
        let mut set = Self::NONE;
        buckets.into_iter().for_each(|bucket| set.insert(bucket));
        set
    }
}

impl fmt::Debug for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Bucket::number)).finish()
    }
}
