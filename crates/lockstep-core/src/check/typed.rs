//! Forgiving what people type: full-width forms, spaces and hyphens that mean nothing.

/// A full-width letter, digit or sign as its ordinary self: `６` → `6`, `Ｘ` → `X`.
pub(super) fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// Characters that people or clipboards put between digits without meaning anything by it.
pub(super) fn is_separator(c: char) -> bool {
    c.is_whitespace() || is_invisible(c) || is_hyphen(c)
}

/// Hyphens and dashes as keyboards and documents write them.
pub(super) fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}')
}

/// Marks without a shape that come along when text is copied.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

/// `typed` without separators, in half-width.
pub(super) fn significant(typed: &str) -> impl Iterator<Item = char> + Clone {
    typed.chars().map(half_width).filter(|c| !is_separator(*c))
}

/// Collects without ever growing, so that no half-written copy of a secret stays behind in freed memory.
pub(super) fn collect_exact(chars: impl Iterator<Item = char> + Clone) -> String {
    let mut text = String::with_capacity(chars.clone().map(char::len_utf8).sum());
    text.extend(chars);
    text
}

/// The first `head` and last `tail` characters with stars between, as long as the text itself.
pub(super) fn masked(text: &str, head: usize, tail: usize) -> String {
    let length = text.chars().count();
    let shown = |at: usize| at < head || at + tail >= length;
    text.chars().enumerate().map(|(at, c)| if shown(at) { c } else { '*' }).collect()
}
