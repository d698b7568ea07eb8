//! Texts in the languages that reports are written in.

use std::fmt;

use crate::particles;
use crate::secrets::masked;

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
    parts: Vec<Part>,
}

/// What stands in the place of a `{}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The same in every language.
    Text(String),
    /// Said in words of its own.
    Said(Said),
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
        Said { words: self, parts: parts.into_iter().map(|part| Part::from(part.to_string())).collect() }
    }

    /// This text with parts that may be words themselves.
    pub(crate) fn saying(self, parts: impl IntoIterator<Item = Part>) -> Said {
        Said { words: self, parts: parts.into_iter().collect() }
    }
}

impl Said {
    /// The text in a language.
    pub fn of(&self, language: Language) -> String {
        let mut pieces = self.words.of(language).split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        let mut parts = self.parts.iter();
        for piece in pieces {
            let part = parts.next().map_or_else(String::new, |part| part.of(language));
            text.push_str(&part);
            let fitted = match language {
                Language::English => None,
                Language::Korean => particles::fit(&part, piece),
            };
            match fitted {
                Some((particle, rest)) => text.extend([particle.as_str(), rest]),
                None => text.push_str(piece),
            }
        }
        text
    }
}

impl Part {
    fn of(&self, language: Language) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Said(said) => said.of(language),
        }
    }
}

impl<T: Into<String>> From<T> for Part {
    /// Credentials in it are not said.
    fn from(text: T) -> Self {
        Self::Text(masked(text.into()))
    }
}

impl From<Said> for Part {
    fn from(said: Said) -> Self {
        Self::Said(said)
    }
}

/// How many columns of a terminal a text takes: two a letter for Hangul and its neighbours (East Asian Width).
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangul_is_wide() {
        assert_eq!((columns("ab→…é"), columns("파드 a")), (5, 6));
    }

    #[test]
    fn parts_stand_where_they_belong() {
        let said = words("{} is {}.", "{}: {}").with(["a", "b"]);
        assert_eq!(said.of(Language::English), "a is b.");
        assert_eq!(said.of(Language::Korean), "a: b");
        let nested = words("{} ({})", "{1}").saying([Part::from("c"), said.into()]);
        assert_eq!(nested.of(Language::English), "c (a is b.)");
        assert_eq!(words("x", "y").plain().of(Language::Korean), "y");
        let counted = words("{} and {}", "{}이 {}를").with(["node", "1"]);
        assert_eq!(counted.of(Language::Korean), "node가 1을");
    }
}
