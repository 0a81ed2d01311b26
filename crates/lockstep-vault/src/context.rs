//! One unambiguous encoding of "which thing is this".

/// Joins a label and its parts, each preceded by its length. A plain separator would let tenant `a|b` with
/// borrower `c` pass for tenant `a` with borrower `b|c`.
pub(crate) fn encode(label: &str, parts: &[&str]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len() + 8).sum::<usize>() + label.len() + 8;
    let mut bytes = Vec::with_capacity(length);
    for part in std::iter::once(&label).chain(parts) {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn a_separator_inside_a_part_changes_nothing() {
        assert_ne!(encode("l", &["a|b", "c"]), encode("l", &["a", "b|c"]));
        assert_ne!(encode("l", &["ab", ""]), encode("l", &["a", "b"]));
        assert_ne!(encode("l", &["a"]), encode("l", &["a", ""]));
        assert_ne!(encode("la", &[]), encode("l", &["a"]));
    }
}
