//! Sentences that people read, always in both languages.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Lang, Text};

/// A sentence made at run time, in zh-CN and en.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

impl Sentence {
    /// From both languages.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The sentence in one language.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::ZhCn => &self.zh,
            Lang::En => &self.en,
        }
    }
}

impl From<Text> for Sentence {
    fn from(text: Text) -> Self {
        Self::new(text.zh, text.en)
    }
}
