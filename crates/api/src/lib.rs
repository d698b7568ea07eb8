//! The names of things in the Kubernetes API: values, kinds, paths of fields, selectors, users, wire answers.
//!
//! This crate knows no transport, no file system and no clock; every other crate stands on it.

pub mod error;
pub mod field;
mod gvk;
pub mod json;
mod map;
mod value;

pub use error::{ApiError, Reason};
pub use gvk::{GroupResource, GroupVersion, GroupVersionKind, GroupVersionResource};
pub use map::Map;
pub use value::{Str, Value};
