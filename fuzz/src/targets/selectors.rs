//! Selectors and continue tokens.

use api::{FieldSelector, LabelSelector};
use codec::Continuation;

use crate::text;

/// A selector that was read prints as one that says the same; nothing else than a text comes of any other.
pub(crate) fn selectors(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(selector) = LabelSelector::parse(&text) {
        let printed = selector.to_string();
        let again = LabelSelector::parse(&printed).expect("what was printed is a selector");
        assert_eq!(again, selector, "{printed}");
        for value in [None, Some(""), Some("a"), Some("1")] {
            assert_eq!(again.matches(|_| value), selector.matches(|_| value));
        }
    }
    if let Ok(selector) = FieldSelector::parse(&text) {
        let printed = selector.to_string();
        let again = FieldSelector::parse(&printed).expect("what was printed is a selector");
        // Terms are sorted as they were written, as upstream sorts them.
        assert_eq!(again.terms().len(), selector.terms().len(), "{printed}");
        assert!(again.terms().iter().all(|term| selector.terms().contains(term)), "{printed}");
        selector.matches(|_| Some("a"));
    }
    if let Ok(parsed) = codec::json::parse(bytes)
        && let Ok(selector) = LabelSelector::from_object(&parsed.value)
    {
        selector.matches(|_| Some("a"));
        let printed = selector.to_string();
        assert!(
            printed.is_empty() || LabelSelector::parse(&printed).is_ok() || selector.requirements().is_none()
        );
    }
}

/// A token that was read is written so that it reads the same.
pub(crate) fn continuation(bytes: &[u8]) {
    let text = text(bytes);
    for (namespace, namespaced) in [("", true), ("ns", true), ("", false)] {
        if let Ok(token) = Continuation::decode(&text, namespace, namespaced) {
            let written = token.encode(namespace);
            assert_eq!(Continuation::decode(&written, namespace, namespaced), Ok(token));
        }
    }
}
