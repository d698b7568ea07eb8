//! Discovery and OpenAPI: the documents by which a client learns what the server serves.
//!
//! Entry points: [`Listing`] says what is served, [`discovery`] shows it as discovery documents, [`v3`] and [`v2`] as
//! OpenAPI, [`version`] is the body of `/version`.  Everything here is a pure function of the listing; the caller keeps
//! what it wants to keep.

mod custom;
pub mod discovery;
mod listing;
mod model;
mod operations;
mod other;
mod params;
mod schemas;
#[cfg(test)]
mod testing;
pub mod v2;
pub mod v3;
pub mod version;
mod writer;

use api::{Value, object};

pub use listing::{
    ApiResource, ApiSubresource, ApiVersion, CUSTOM_GROUP_PRIORITY, CUSTOM_VERSION_PRIORITY, Listing, Schema,
    compare_versions, priorities, versions_of,
};

/// Where descriptions come from: OpenAPI name of a message and JSON name of a field, `""` for the message itself.
pub type Describe<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// An OpenAPI dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Swagger 2.0.
    V2,
    /// OpenAPI 3.0.
    V3,
}

impl Dialect {
    /// A reference to the schema of this name.
    pub fn reference(self, name: &str) -> Value {
        object! { "$ref" => format!("{}{name}", self.prefix()) }
    }

    /// What stands before the name of a schema in a reference.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::V2 => "#/definitions/",
            Self::V3 => "#/components/schemas/",
        }
    }
}
