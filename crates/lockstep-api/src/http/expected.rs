//! What the JSON reader expected, in words of people rather than of the language this is written in.

use crate::wire::Words;

/// What belongs in a field, from the reader's own words; `None` for words that aren't known.
pub(super) fn expected(reader: &str) -> Option<Words> {
    let (zh, en) = match reader {
        "i8" | "i16" | "i32" | "i64" => ("整数", "a whole number"),
        "u64" | "usize" => ("不小于 0 的整数", "a whole number, 0 or more"),
        "u8" => ("0 到 255 的整数", "a whole number from 0 to 255"),
        "u16" => ("0 到 65535 的整数", "a whole number from 0 to 65535"),
        "u32" => ("0 到 4294967295 的整数", "a whole number from 0 to 4294967295"),
        "a string" | "a borrowed string" => ("文本（字符串）", "text (a string)"),
        "a boolean" => ("true 或 false", "true or false"),
        "a sequence" => ("数组", "a list"),
        "a map" | "a JSON object" => ("JSON 对象（{…}）", "a JSON object ({…})"),
        "a number from 0 to 30" => ("0 到 30 的整数", "a number from 0 to 30"),
        "a number from 1 to 200" => ("1 到 200 的整数", "a number from 1 to 200"),
        "1 to 64 characters without control characters" => {
            ("1 到 64 个字符，且不含控制字符", "1 to 64 characters without control characters")
        }
        "an RFC 3339 time (a + must be written as %2B)" => {
            ("带时区的 RFC 3339 时间（+ 须写作 %2B）", "an RFC 3339 time (a + must be written as %2B)")
        }
        _ => return choice(reader),
    };
    Some(Words { zh: zh.to_owned(), en: en.to_owned() })
}

/// ``one of `a`, `b` ``, `` `a` or `b` `` or `` `a` ``: the names stand between backticks.
fn choice(reader: &str) -> Option<Words> {
    let names: Vec<_> = reader.split('`').skip(1).step_by(2).collect();
    if names.is_empty() {
        return None;
    }
    let (before_zh, before_en) = match reader.starts_with("exactly one of ") {
        true => ("恰好含一项的对象", "exactly one of"),
        false => ("以下之一", "one of"),
    };
    let (zh, en) = (names.join("、"), names.join(", "));
    Some(Words { zh: format!("{before_zh}：{zh}"), en: format!("{before_en}: {en}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_of_people() {
        let said = |reader: &str| expected(reader).map(|words| (words.zh, words.en));
        let is = |zh: &str, en: &str| Some((zh.to_owned(), en.to_owned()));
        assert_eq!(said("i64"), is("整数", "a whole number"));
        assert_eq!(said("one of `read`, `write`"), is("以下之一：read、write", "one of: read, write"));
        assert_eq!(said("`pin` or `split`"), is("以下之一：pin、split", "one of: pin, split"));
        let exactly = is("恰好含一项的对象：pin、split", "exactly one of: pin, split");
        assert_eq!(said("exactly one of `pin`, `split`"), exactly);
        assert_eq!(said("struct CreateBorrower with 1 element"), None, "better nothing than this");
    }
}
