//! JSON text to [`Value`]: the grammar, the numbers, the repairs and the error texts of Go's `encoding/json`.
//!
//! Entry point: [`parse`].  Writing is [`api::json`], and [`write_pretty`] for people.

mod error;
mod parse;
mod pretty;
mod scan;
mod strings;
mod trace;

use api::Value;

use parse::Repeated;

pub use error::SyntaxError;
pub use pretty::write_pretty;
pub(crate) use trace::strict;

/// How deep arrays and objects may nest.
///
/// Go's decoder allows 10,000; no kind of Kubernetes comes near a hundred.  Every later stage walks the tree by
/// recursion, so this is the bound of the stack they need.
pub const MAX_DEPTH: usize = 500;

/// A body that was JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The document; members keep their order, the last of several members of the same name wins.
    pub value: Value,
    /// The paths of members that stand more than once in their object, in document order, as upstream's strict
    /// decoding prints them (`spec.containers[0].name`); each path once, at most 100.
    pub duplicates: Vec<String>,
    /// The text of the first number too large for a 64-bit float (`1e999`); the value holds an infinity there.
    pub out_of_range: Option<String>,
}

/// Reads one JSON document.
///
/// Invalid UTF-8 inside strings turns into U+FFFD, one for each byte, as Go does.  Integers that fit 64 bits are
/// [`Value::Int`], every other number [`Value::Float`].
///
/// # Errors
/// [`SyntaxError`] with Go's text for the first byte that cannot stand where it stands.
pub fn parse(bytes: &[u8]) -> Result<Parsed, SyntaxError> {
    let (value, facts) = parse::document(bytes, Repeated::Replace)?;
    let duplicates = if facts.duplicates { trace::duplicates(bytes)? } else { Vec::new() };
    Ok(Parsed { value, duplicates, out_of_range: facts.out_of_range })
}

/// Reads one JSON document as Go reads it into a structure: of members of the same name, objects and lists are merged.
pub(crate) fn parse_merging(bytes: &[u8]) -> Result<Value, SyntaxError> {
    parse::document(bytes, Repeated::Merge).map(|(value, _)| value)
}

#[cfg(test)]
mod tests;
