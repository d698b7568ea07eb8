//! YAML to [`Value`] and back, as Kubernetes reads and prints it: the grammar of libyaml (YAML 1.1), the scalars of
//! goyaml, through the JSON data model.
//!
//! Entry points: [`parse`] and [`write`]; [`locate`] tells what stands where in a text.  The reader is our own because manifests rely on what YAML 1.2 parsers
//! refuse or read otherwise: `yes` and `0644`, merge keys, flow collections closed at the margin.  Error texts are
//! upstream's, line numbers included (it counts some from zero).

mod analyze;
mod compose;
mod emit;
mod error;
mod gosyntax;
mod json;
mod locate;
mod nodes;
mod parse;
mod properties;
mod resolve;
mod scalars;
mod scan;
mod source;

use api::Value;

use crate::SyntaxError;

pub use emit::write;
pub use locate::{Content, Located, locate};

/// How deep collections may nest, aliases followed; the bound of [`crate::json::MAX_DEPTH`].
const MAX_DEPTH: usize = crate::json::MAX_DEPTH;

/// A body that was YAML.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The first document; members are sorted by name, the last of several of the same name wins.
    pub value: Value,
    /// Upstream's complaint about keys that are set more than once, `None` when there are none.
    pub duplicates: Option<String>,
}

/// Reads the first document of a stream; no document is `null`.
///
/// Keys become strings, numbers that JSON writes as integers become integers, timestamps stay text.
///
/// # Errors
/// [`SyntaxError`] with goyaml's text (`yaml: line 2: …`), or that of Go's JSON encoder for what JSON cannot hold.
pub fn parse(bytes: &[u8]) -> Result<Parsed, SyntaxError> {
    if let Some(value) = json::parse(bytes) {
        return Ok(Parsed { value, duplicates: None });
    }
    let text = source::decode(bytes)?;
    let tree = parse::first_document(&text)?;
    compose::compose(&tree)
}

#[cfg(test)]
mod tests;
