//! Texts that people read, always in both languages.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::UnknownWord;

/// The language of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Lang {
    /// 简体中文
    #[default]
    #[serde(rename = "zh-CN", alias = "zh")]
    ZhCn,
    /// English
    #[serde(rename = "en")]
    En,
}

impl Lang {
    /// Both languages.
    pub const ALL: &'static [Self] = &[Self::ZhCn, Self::En];

    /// The language tag: `zh-CN` or `en`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }
}

impl std::fmt::Display for Lang {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Lang {
    type Err = UnknownWord;

    /// Reads a language tag by its first part, in any case: `zh`, `zh-CN`, `zh_Hans_CN`, `en`, `en-GB`.
    fn from_str(tag: &str) -> Result<Self, UnknownWord> {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        match language {
            _ if language.eq_ignore_ascii_case("zh") => Ok(Self::ZhCn),
            _ if language.eq_ignore_ascii_case("en") => Ok(Self::En),
            _ => Err(UnknownWord { what: "language", legal: "zh-CN, en".to_owned() }),
        }
    }
}

/// A fixed text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Text {
    /// 中文
    pub zh: &'static str,
    /// English
    pub en: &'static str,
}

impl Text {
    /// The text in one language.
    pub const fn get(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::ZhCn => self.zh,
            Lang::En => self.en,
        }
    }
}
