//! Region codes of identity numbers, with the years they were in use.

struct Region {
    code: u32,
    start: u16,
    end: u16,
    name: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/regions.rs"));

/// What the first six digits mean for someone born in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// In use at some time since the birth. Numbers were first given out in 1984, so a region younger than
    /// its holder is normal.
    Region(&'static str),
    /// Gone before the holder was born.
    Retired,
    /// No such region, or none yet.
    Nowhere,
}

pub(super) fn find(code: u32, birth_year: i16, this_year: i16) -> Found {
    let first = REGIONS.partition_point(|region| region.code < code);
    let mut same = REGIONS[first..]
        .iter()
        .take_while(|region| region.code == code)
        .filter(|region| i32::from(region.start) <= i32::from(this_year))
        .peekable();
    if same.peek().is_none() {
        return Found::Nowhere;
    }
    // Rows of one code are in order of time: the first still alive at birth is where the number was given.
    same.find(|region| i32::from(region.end) >= i32::from(birth_year))
        .map_or(Found::Retired, |region| Found::Region(region.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_live_in_their_years() {
        assert!(REGIONS.is_sorted_by_key(|region| (region.code, region.start, region.end)));
        assert!(REGIONS.iter().all(|region| region.start <= region.end && !region.name.is_empty()));
        assert_eq!(find(110_103, 1990, 2025), Found::Region("崇文区"));
        assert_eq!(find(110_103, 2012, 2025), Found::Retired);
        assert_eq!(find(120_110, 1980, 2025), Found::Region("东郊区"));
        assert_eq!(find(120_110, 2000, 2025), Found::Region("东丽区"));
        assert_eq!(find(110_105, 1949, 2025), Found::Region("朝阳区"));
        assert_eq!(find(110_118, 2010, 2014), Found::Nowhere, "密云区 exists since 2015");
        assert_eq!(find(999_999, 1990, 2025), Found::Nowhere);
    }
}
