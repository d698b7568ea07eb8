//! Bytes to objects and back: JSON, YAML and Kubernetes protobuf, for any kind, driven by the catalogue.
//!
//! Every decoder takes hostile input: it answers an error and never panics, recurses without bound or allocates more
//! than a small multiple of what it was given.

mod continuation;
pub mod json;
pub mod object;
pub mod proto;
pub mod yaml;

pub use continuation::Continuation;
pub use json::SyntaxError;

#[cfg(test)]
mod testing;
