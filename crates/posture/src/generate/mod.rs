//! What a cluster lacks, made for it: files and objects to be applied by hand.

mod audit_policy;
mod network;

use api::Value;

pub use audit_policy::audit_policy;
pub use network::{default_deny, keep_from_metadata};

/// An object that was made, and why it is what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// For whoever reads the manifest; any number of lines.
    pub comment: String,
    /// The object.
    pub object: Value,
}
