//! The catalogue of built-in kinds as data, and the walks over it.

mod hash;
mod types;

pub use types::{Field, ListType, Message, PatchStrategy, Presence, Resource, SchemaOr, Subresource, Type, Via};
