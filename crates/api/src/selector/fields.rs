//! Field selectors.
//!
//! Entry point: [`FieldSelector::parse`]; a resource then says with [`FieldSelector::transform`] which fields it knows.

use std::fmt;

use super::SelectorError;
use crate::Str;

/// One condition on one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldTerm {
    /// Field, such as `spec.nodeName`.
    pub field: Str,
    /// True for `!=`.
    pub negated: bool,
    /// The value, unescaped.
    pub value: Str,
}

/// A condition on fields: all terms hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldSelector {
    terms: Vec<FieldTerm>,
}

impl FieldSelector {
    /// Matches every object.
    pub fn everything() -> Self {
        Self::default()
    }

    /// All of these terms.
    pub fn new(terms: Vec<FieldTerm>) -> Self {
        Self { terms }
    }

    /// Reads the text form, such as `metadata.name=a,status.phase!=Running`.  `\` escapes `\`, `,` and `=` in values.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut parts = split_terms(text);
        parts.sort_unstable();
        let terms = parts.into_iter().filter(|p| !p.is_empty()).map(|part| {
            let (field, negated, value) = split_term(part).ok_or_else(|| {
                SelectorError::new(format!("invalid selector: '{text}'; can't understand '{part}'"))
            })?;
            Ok(FieldTerm { field: field.into(), negated, value: unescape(value)? })
        });
        Ok(Self { terms: terms.collect::<Result<_, _>>()? })
    }

    /// The selector with every field and value passed through `convert`; a term whose field and value both come back
    /// empty is dropped.
    pub fn transform<E>(self, convert: impl Fn(&str, &str) -> Result<(Str, Str), E>) -> Result<Self, E> {
        let mut terms = Vec::with_capacity(self.terms.len());
        for FieldTerm { field, negated, value } in self.terms {
            let (field, value) = convert(&field, &value)?;
            if !field.is_empty() || !value.is_empty() {
                terms.push(FieldTerm { field, negated, value });
            }
        }
        Ok(Self { terms })
    }

    /// True when it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The terms, in the order of their text.
    pub fn terms(&self) -> &[FieldTerm] {
        &self.terms
    }

    /// The value that `field` must have, when some term says so.
    pub fn exact_match(&self, field: &str) -> Option<&str> {
        self.terms.iter().find(|t| !t.negated && t.field == field).map(|t| t.value.as_str())
    }

    /// True when the fields that `get` answers for satisfy every term; a missing field is `""`.
    pub fn matches<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.terms.iter().all(|t| (get(&t.field).unwrap_or("") == t.value) != t.negated)
    }
}

/// The text form, as it can be parsed again.
impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            let operator = if term.negated { "!=" } else { "=" };
            write!(f, "{}{}{operator}{value}", if i > 0 { "," } else { "" }, term.field)?;
        }
        Ok(())
    }
}

/// The pieces between commas that no backslash escapes.
fn split_terms(text: &str) -> Vec<&str> {
    let mut escaped = false;
    text.split(|c| {
        let splits = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
    .collect()
}

/// Field, whether the operator negates, value.  The first operator splits; there is no escaping before it.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let at = term
        .char_indices()
        .find(|(i, c)| *c == '=' || term.get(*i..).is_some_and(|s| s.starts_with("!=")))?
        .0;
    let (field, rest) = term.split_at(at);
    if let Some(value) = rest.strip_prefix("!=") {
        return Some((field, true, value));
    }
    let value = rest.strip_prefix("==").or_else(|| rest.strip_prefix('='))?;
    Some((field, false, value))
}

fn unescape(text: &str) -> Result<Str, SelectorError> {
    let bad = |what: &str| Err(SelectorError::new(format!("invalid field selector: {what}")));
    let mut out = Str::default();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(c) => return bad(&format!("invalid escape sequence: \\{c}")),
                None => return bad("invalid escape sequence: \\"),
            },
            ',' | '=' => return bad(&format!("unescaped character in value: {}", u32::from(c))),
            c => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn selects(selector: &str, fields: &[(&str, &str)]) -> bool {
        let get = |key: &str| fields.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        FieldSelector::parse(selector).unwrap().matches(get)
    }

    #[test]
    fn matching() {
        let pod = [("metadata.name", "a"), ("spec.x", "1,2=3\\")];
        for yes in
            ["", ",", "metadata.name=a", "metadata.name==a", "metadata.name!=b", "x=", "spec.x=1\\,2\\=3\\\\"]
        {
            assert!(selects(yes, &pod), "{yes}");
        }
        for no in ["metadata.name=b", "metadata.name!=a", "x!=", "metadata.name=a,spec.x=1"] {
            assert!(!selects(no, &pod), "{no}");
        }
    }

    #[test]
    fn errors_read_as_upstreams() {
        for (text, want) in [
            ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
            ("a=\\x", "invalid field selector: invalid escape sequence: \\x"),
            ("a=\\", "invalid field selector: invalid escape sequence: \\"),
        ] {
            assert_eq!(FieldSelector::parse(text).unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn text_form_and_exact_match() {
        let s = FieldSelector::parse("b!=2,a=1\\,x").unwrap();
        assert_eq!(s.to_string(), "a=1\\,x,b!=2");
        assert_eq!((s.exact_match("a"), s.exact_match("b")), (Some("1,x"), None));
    }

    #[test]
    fn transform_renames_drops_and_fails() {
        let parse = |s| FieldSelector::parse(s).unwrap();
        let convert = |f: &str, v: &str| match f {
            "old" => Ok(("new".into(), v.into())),
            "skip" => Ok((Str::default(), Str::default())),
            other => Err(other.to_owned()),
        };
        assert_eq!(parse("old=1,skip=2").transform(convert).unwrap().to_string(), "new=1");
        assert_eq!(parse("odd=1").transform(convert).unwrap_err(), "odd");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ab=!,\\\\é.]{0,12}|.*") {
            if let Ok(selector) = FieldSelector::parse(&text) {
                let again = FieldSelector::parse(&selector.to_string()).unwrap();
                // Terms are sorted by their text, which may be another one now.
                let sorted = |s: FieldSelector| {
                    let mut terms: Vec<String> = s.terms.into_iter().map(|t| format!("{t:?}")).collect();
                    terms.sort();
                    terms
                };
                prop_assert_eq!(sorted(again), sorted(selector), "{:?}", text);
            }
        }
    }
}
