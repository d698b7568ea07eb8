//! Objects that a cluster lacks, made from what was gathered of it.
//!
//! Entry points: [`audit_policy`], [`default_deny`], [`keep_from_metadata`], [`psa_labels`]; [`manifest`] writes what they make.

mod audit_policy;
mod network;
mod psa_labels;

use api::Value;

pub use audit_policy::audit_policy;
pub use network::{default_deny, keep_from_metadata};
pub use psa_labels::psa_labels;

/// An object that was made, and why it is what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// For whoever reads the manifest; any number of lines.
    pub comment: String,
    /// The object.
    pub object: Value,
}

/// The objects as documents of YAML, each with its comment.
pub fn manifest(made: &[Made]) -> String {
    let document = |made: &Made| {
        let comment: String = made.comment.lines().map(|line| format!("# {}\n", plain(line))).collect();
        comment + &codec::yaml::write(&made.object)
    };
    made.iter().map(document).collect::<Vec<_>>().join("---\n")
}

/// Names in comments come from objects: nothing in them may end the comment.
fn plain(line: &str) -> String {
    line.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}
