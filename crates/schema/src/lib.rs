//! The catalogue of built-in kinds as data, and the walks over it.
//!
//! Lookups: [`resource`], [`kind`], [`message`].  A body that was read goes through [`coerce`] (types, scalars, unknown
//! fields), [`apply_defaults`] and [`canonicalize`] (the form that is stored and answered).

mod canonical;
mod catalogue;
mod coerce;
mod defaults;
mod hash;
mod types;

pub use canonical::{Empties, canonicalize, canonicalize_with, holds_empties, zero};
pub use catalogue::{kind, message, messages, own_resources, resource, resources};
pub use coerce::{Findings, Place, TypeError, coerce};
pub use defaults::apply_defaults;
pub use types::{
    Field, ListType, Message, PatchStrategy, Presence, Resource, SchemaOr, Subresource, Type, Via,
};
