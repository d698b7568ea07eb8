//! What stands where in the text of a document, for those who change it and keep the rest.
//!
//! Entry point: [`locate`].  Places are bytes of the text; what a place means is what [`super::parse`] reads there.

use std::ops::Range;

use super::nodes::{Data, Id, Tree};
use super::resolve::{Resolved, resolve};
use super::scan::Result;
use super::{MAX_DEPTH, error, parse, source};
use crate::SyntaxError;

/// A node and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Its text, without anchor and tag; empty for a value that is not written.
    pub span: Range<usize>,
    /// The line it begins in, counted from 1.
    pub line: usize,
    /// What is in it.
    pub content: Content,
}

/// What is in a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A scalar in any style; its text, unread.
    Scalar(String),
    /// What an anchor elsewhere names.
    Alias,
    /// Items.
    Sequence(Vec<Located>),
    /// Keys and values, as written: merge keys unmerged, keys that stand twice twice.
    Mapping(Vec<(Located, Located)>),
}

/// Reads a text of one document in UTF-8; `None` when there is nothing in it.
///
/// # Errors
/// What [`super::parse`] says of a broken text; more than one document.
pub fn locate(text: &str) -> std::result::Result<Option<Located>, SyntaxError> {
    // The same characters as for whom reads the text; a byte order mark would shift every place.
    source::decode(text.as_bytes())?;
    let tree = parse::only_document(text.trim_start_matches('\u{feff}'))?;
    let shift = text.len() - text.trim_start_matches('\u{feff}').len();
    tree.root.map(|root| Finder { tree: &tree, text, shift }.node(root, 0)).transpose()
}

struct Finder<'a> {
    tree: &'a Tree,
    text: &'a str,
    shift: usize,
}

impl Finder<'_> {
    fn node(&self, id: Id, depth: usize) -> Result<Located> {
        if depth > MAX_DEPTH {
            return Err(error::plain(&format!("exceeded max depth of {MAX_DEPTH}")));
        }
        let Some(node) = self.tree.get(id) else {
            return Ok(Located { span: 0..0, line: 0, content: Content::Scalar(String::new()) });
        };
        let content = match &node.data {
            Data::Scalar(scalar) => Content::Scalar(match resolve(scalar)? {
                Resolved::Text(text) => text.into(),
                Resolved::Bool(b) => b.to_string(),
                Resolved::Int(i) => i.to_string(),
                _ => scalar.text.to_string(),
            }),
            Data::Alias(_) => Content::Alias,
            Data::Sequence(items) => {
                let items = items.iter().map(|item| self.node(*item, depth + 1));
                Content::Sequence(items.collect::<Result<_>>()?)
            }
            Data::Mapping(members) => {
                let (pairs, _) = members.as_chunks::<2>();
                let pairs = pairs
                    .iter()
                    .map(|[key, value]| Ok((self.node(*key, depth + 1)?, self.node(*value, depth + 1)?)));
                Content::Mapping(pairs.collect::<Result<_>>()?)
            }
        };
        Ok(Located { span: self.span(id), line: node.line as usize + 1, content })
    }

    /// The place of a node without the white space that its last token passes over.
    fn span(&self, id: Id) -> Range<usize> {
        let (start, end) = self.tree.span(id);
        let (start, end) = (start + self.shift, end + self.shift);
        let text = self.text.get(start..end).unwrap_or("");
        start..start + text.trim_end_matches([' ', '\t', '\r', '\n']).len()
    }
}

impl Located {
    /// The value of a member, when there is exactly one of that name.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Content::Mapping(members) = &self.content else { return None };
        let mut named = members.iter().filter(|(key, _)| key.content == Content::Scalar(name.to_owned()));
        let first = named.next()?;
        named.next().is_none().then_some(&first.1)
    }

    /// An item.
    pub fn item(&self, index: usize) -> Option<&Self> {
        if let Content::Sequence(items) = &self.content { items.get(index) } else { None }
    }

    /// True for a collection in braces or brackets of `text`.
    pub fn is_flow(&self, text: &str) -> bool {
        let first = text.as_bytes().get(self.span.start);
        match &self.content {
            // A key may begin with a brace of its own.
            Content::Mapping(members) => {
                first == Some(&b'{')
                    && members.first().is_none_or(|(key, _)| key.span.start != self.span.start)
            }
            Content::Sequence(_) => first == Some(&b'['),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
---
# A pod.
metadata:
  name: &n web   # its name
  labels: {a: 'x', b: }
spec:
  é: |
    text

  containers:
  - image: a
    args: [ 1, \"two\" ]
  -
  empty:
";

    fn text_of<'a>(text: &'a str, node: &Located) -> &'a str {
        &text[node.span.clone()]
    }

    #[test]
    fn every_node_has_its_place() {
        for text in [TEXT.to_owned(), format!("\u{feff}{TEXT}"), TEXT.replace('\n', "\r\n")] {
            let text = text.as_str();
            let root = locate(text).unwrap().unwrap();
            let at = |path: &[&str]| {
                path.iter().fold(root.clone(), |node, step| match step.parse() {
                    Ok(index) => node.item(index).unwrap().clone(),
                    Err(_) => node.member(step).unwrap().clone(),
                })
            };
            assert_eq!(
                (text_of(text, &at(&["metadata", "name"])), at(&["metadata", "name"]).line),
                ("web", 4)
            );
            assert_eq!(text_of(text, &at(&["metadata", "labels"])), "{a: 'x', b: }");
            assert_eq!(text_of(text, &at(&["metadata", "labels", "a"])), "'x'");
            assert_eq!(text_of(text, &at(&["metadata", "labels", "b"])), "");
            assert!(text_of(text, &at(&["spec", "é"])).starts_with('|'));
            assert!(text_of(text, &at(&["spec", "é"])).ends_with("text"));
            let containers = at(&["spec", "containers"]);
            assert!(
                text_of(text, &containers).starts_with("- image")
                    && text_of(text, &containers).ends_with("\n  -")
            );
            assert_eq!(text_of(text, &at(&["spec", "containers", "0", "args", "1"])), "\"two\"");
            let empty = at(&["spec", "empty"]).span;
            assert!(empty.is_empty() && text[..empty.start].ends_with("empty:"));
            assert!(text_of(text, &root).starts_with("metadata") && text_of(text, &root).ends_with("empty:"));
            let flow = |path: &[&str]| at(path).is_flow(text);
            assert!(flow(&["metadata", "labels"]) && flow(&["spec", "containers", "0", "args"]));
            assert!(!flow(&["metadata"]) && !flow(&["spec", "containers"]));
        }
    }

    #[test]
    fn what_is_not_one_document_is_an_error() {
        assert_eq!(locate("# nothing\n").unwrap(), None);
        assert!(locate("a: 1\n---\nb: 2\n").is_err() && locate("a: [").is_err());
        assert!(locate("a: 1\n...\n").unwrap().is_some());
        assert!(locate("{\"a\": 1} {\"b\": 2}").is_err());
        let json = "{\n\t\"a\": {\"b\": [1, 2]}\n}\n";
        let root = locate(json).unwrap().unwrap();
        assert_eq!(text_of(json, root.member("a").unwrap().member("b").unwrap()), "[1, 2]");
        assert_eq!(locate("a: 1\na: 2\n").unwrap().unwrap().member("a"), None);
        let text = "a: &x 1\nb: *x\n";
        let alias = locate(text).unwrap().unwrap().member("b").unwrap().clone();
        assert_eq!((alias.content.clone(), text_of(text, &alias)), (Content::Alias, "*x"));
    }
}
