//! Reading JSON strictly, and saying what is wrong without repeating what was sent: it may be personal.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use super::expected::expected;
use super::object::Object;
use crate::problem::{FieldError, Kind, Problem};

/// Reads an object; nothing may follow it, nest deeper than `max_depth`, or be left over.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8], max_depth: usize) -> Result<T, Problem> {
    if too_deep(bytes, max_depth) {
        let (zh, en) = ("嵌套层数过多。", "It nests too deep.");
        let error = FieldError::new("", "too_deep", zh, en);
        return Err(Problem::new(Kind::InvalidJson).with_errors(vec![error]));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let object: Object<T> = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        problem_of(bytes, &path, error.inner())
    })?;
    deserializer.end().map_err(|error| problem_of(bytes, "", &error))?;
    Ok(object.0)
}

/// There is no body where one is needed.
pub(super) fn missing() -> Problem {
    let (zh, en) = ("缺少请求体，应为一个 JSON 对象。", "The body is missing; send a JSON object.");
    Problem::new(Kind::InvalidBody).with_errors(vec![FieldError::new("", "missing", zh, en)])
}

/// A pre-scan, so that no parser has to be trusted with the stack.
fn too_deep(bytes: &[u8], max_depth: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max_depth {
            return true;
        }
    }
    false
}

fn problem_of(bytes: &[u8], path: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    // The reader calls it bad syntax, too, when a number stands where one of several words belongs.
    if error.is_data() || serde_json::from_slice::<Value>(bytes).is_ok() {
        let error = field_error(path, &error.to_string());
        return Problem::new(Kind::InvalidBody).with_errors(vec![error]);
    }
    let error = FieldError::new(
        "",
        "syntax",
        format!("第 {line} 行第 {column} 列附近不是有效的 JSON。"),
        format!("Not valid JSON near line {line}, column {column}."),
    );
    Problem::new(Kind::InvalidJson).with_errors(vec![error])
}

/// A wrong field, from a parser's message. What the parser quotes of the value is thrown away.
pub(crate) fn field_error(path: &str, message: &str) -> FieldError {
    let parent = if path == "." { "" } else { path };
    let named = |rest: &str| join(parent, &safe_name(rest.split('`').next().unwrap_or_default()));
    if let Some(rest) = message.strip_prefix("unknown field `") {
        // The path ends in the unknown field already when the parser got that far.
        let field = named(rest);
        return FieldError::new(
            field,
            "unknown_field",
            "没有这个字段，请去掉。",
            "There is no such field; remove it.",
        );
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        return FieldError::new(named(rest), "missing", "缺少这个字段。", "This field is missing.");
    }
    if let Some(rest) = message.strip_prefix("duplicate field `") {
        return FieldError::new(
            named(rest),
            "repeated",
            "这个字段出现了多次。",
            "This field appears more than once.",
        );
    }
    let expected = message.rsplit_once("expected ").map(|(_, expected)| expected);
    let expected = expected.and_then(|text| text.split(" at line ").next()).and_then(self::expected);
    let (zh, en) = match expected {
        Some(words) => (
            format!("类型或取值不对，应为{}{}。", gap(&words.zh), words.zh),
            format!("It must be {}.", words.en),
        ),
        None => (
            "类型或取值不对，应填什么见 GET /openapi.json。".to_owned(),
            "This value is of the wrong kind; GET /openapi.json says what belongs here.".to_owned(),
        ),
    };
    FieldError::new(safe_path(parent), "type", zh, en)
}

/// Chinese stands apart from letters and digits.
fn gap(text: &str) -> &'static str {
    if text.starts_with(|first: char| first.is_ascii()) { " " } else { "" }
}

fn join(parent: &str, field: &str) -> String {
    let parent = safe_path(parent);
    match parent.rsplit_once('.') {
        _ if parent.is_empty() || parent == field => field.to_owned(),
        Some((_, last)) if last == field => parent,
        _ => format!("{parent}.{field}"),
    }
}

/// A field's name if it looks like one. A caller that mixes up names and values must not read them
/// back, not even a code of six digits.
fn safe_name(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'[' | b']');
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let legal = !name.is_empty() && name.len() <= 64 && name.bytes().all(plain) && digits < 4;
    if legal { name.to_owned() } else { "?".to_owned() }
}

fn safe_path(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    path.split('.').map(safe_name).collect::<Vec<_>>().join(".")
}

/// The one way of writing a value: keys sorted, no spaces. For telling whether a repeat has the same content.
pub(crate) fn canonical(bytes: &[u8]) -> Zeroizing<String> {
    let Ok(value) = Value::deserialize(&mut serde_json::Deserializer::from_slice(bytes)) else {
        return Zeroizing::default();
    };
    let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
    write(&value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (name, value) in sorted {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_fields_and_spaces_do_not_matter() {
        let one = canonical(br#"{"b": [1, {"d":2,"c":"x"}], "a": null}"#);
        assert_eq!(one, canonical(br#"{"a":null,"b":[1,{"c":"x","d":2}]}"#));
        assert_ne!(one, canonical(br#"{"a":null,"b":[{"c":"x","d":2},1]}"#));
    }

    #[test]
    fn depth_counts_outside_of_strings_only() {
        assert!(too_deep(b"[[[", 2));
        assert!(!too_deep(b"[[]][[]]", 2));
        assert!(!too_deep(br#"["[[[[\"[[["]"#, 2));
        assert!(too_deep("[".repeat(60_000).as_bytes(), 16));
    }

    proptest::proptest! {
        /// Whatever is sent gets an answer, and no answer repeats a long number.
        #[test]
        fn any_bytes_are_read_or_refused(text in "[\\[\\]{}:,\"a-z0-9 ]{0,40}", number in "[0-9]{12,19}") {
            #[derive(Debug, Deserialize)]
            #[serde(deny_unknown_fields)]
            #[expect(dead_code, reason = "only read")]
            struct Thing {
                a: Option<bool>,
            }
            let (open, named) = (format!("{{\"a\":{text}"), format!("{{\"{number}\":{text}}}"));
            for body in [text, open, named, format!("[{number}]")] {
                if let Err(problem) = read::<Thing>(body.as_bytes(), 16) {
                    proptest::prop_assert!(!problem.to_answer().body.contains(&number));
                }
            }
        }
    }

    #[test]
    fn messages_name_the_field_and_never_the_value() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Thing {
            amount: i64,
            inner: Option<Inner>,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Inner {
            name: String,
        }
        let check = |body: &str, field: &str, code: &str| {
            let problem = read::<Thing>(body.as_bytes(), 16).unwrap_err();
            let answer: Value = serde_json::from_str(&problem.to_answer().body).unwrap();
            assert_eq!(answer["errors"][0]["field"], field, "{body} {answer}");
            assert_eq!(answer["errors"][0]["code"], code, "{body} {answer}");
            assert!(!answer.to_string().contains("6222020000000000000"), "{answer}");
        };
        check(r#"{"amount":"6222020000000000000"}"#, "amount", "type");
        check(r#"{"amount":1.5}"#, "amount", "type");
        check(r#"{"amount":99999999999999999999999}"#, "amount", "type");
        check(r#"{"amount":1,"extra":2}"#, "extra", "unknown_field");
        check(r#"{"amount":1,"6222020000000000000":2}"#, "?", "unknown_field");
        check(r#"{"amount":1,"amount":2}"#, "amount", "repeated");
        check(r#"{}"#, "amount", "missing");
        check(r#"{"amount":1,"inner":{}}"#, "inner.name", "missing");
        check(r#"{"amount":1,"inner":{"name":"a","x":1}}"#, "inner.x", "unknown_field");
        check(r#"{"amount":1,"inner":{"name":["6222020000000000000"]}}"#, "inner.name", "type");
        check("[]x", "", "type");
        check(r#"{"amount":1} x"#, "", "syntax");
        check(r#"{"amount":1"#, "", "syntax");
        check("", "", "syntax");
    }
}
