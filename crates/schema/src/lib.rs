//! The catalogue of built-in kinds as data, and the walks over it.
//!
//! Lookups: [`resource`], [`kind`], [`message`].

mod catalogue;
mod hash;
mod types;

pub use catalogue::{kind, message, messages, resource, resources};
pub use types::{
    Field, ListType, Message, PatchStrategy, Presence, Resource, SchemaOr, Subresource, Type, Via,
};
