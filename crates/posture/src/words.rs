//! Texts in the languages that reports are written in.

use std::fmt;

/// A language of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
}

/// A text in every language; `{}` stands for what differs from case to case, in the same order everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: &'static str,
    /// Korean.
    pub ko: &'static str,
}

/// A text with what differs from case to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    words: Words,
    parts: Vec<String>,
}

/// `Words` of two literals.
pub(crate) const fn words(en: &'static str, ko: &'static str) -> Words {
    Words { en, ko }
}

impl Words {
    /// The text in a language.
    pub fn of(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Korean => self.ko,
        }
    }

    /// This text without any part that differs.
    pub(crate) fn plain(self) -> Said {
        Said { words: self, parts: Vec::new() }
    }

    /// This text with its parts.
    pub(crate) fn with<T: fmt::Display>(self, parts: impl IntoIterator<Item = T>) -> Said {
        Said { words: self, parts: parts.into_iter().map(|part| part.to_string()).collect() }
    }
}

impl Said {
    /// The text in a language.
    pub fn of(&self, language: Language) -> String {
        let mut parts = self.parts.iter();
        let mut text = String::new();
        for (i, piece) in self.words.of(language).split("{}").enumerate() {
            if i > 0 {
                text.push_str(parts.next().map_or("", String::as_str));
            }
            text.push_str(piece);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_where_they_belong() {
        let said = words("{} is {}.", "{}: {}").with(["a", "b"]);
        assert_eq!(said.of(Language::English), "a is b.");
        assert_eq!(said.of(Language::Korean), "a: b");
        assert_eq!(words("x", "y").plain().of(Language::Korean), "y");
    }
}
