//! The names of things in the Kubernetes API: values, kinds, paths of fields, selectors, users, wire answers.
//!
//! This crate knows no transport, no file system and no clock; every other crate stands on it.

pub mod callout;
pub mod content;
pub mod error;
pub mod field;
mod gvk;
pub mod json;
mod map;
pub mod quantity;
pub mod request;
mod secret;
pub mod selector;
pub mod time;
pub mod url;
pub mod user;
mod value;

pub use error::{ApiError, Reason};
pub use gvk::{GroupResource, GroupVersion, GroupVersionKind, GroupVersionResource};
pub use map::Map;
pub use request::RequestInfo;
pub use secret::Secret;
pub use selector::{FieldSelector, LabelSelector};
pub use user::UserInfo;
pub use value::{Str, Value};
