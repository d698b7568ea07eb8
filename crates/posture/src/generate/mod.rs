//! What a cluster lacks, made for it: files and objects to be applied by hand.

mod audit_policy;

pub use audit_policy::audit_policy;
