//! Discovery and OpenAPI: the documents by which a client learns what the server serves.
//!
//! Entry points: [`Listing`] says what is served, [`discovery`] shows it as discovery documents, [`version`] is the
//! body of `/version`.  Everything here is a pure function of the listing; the caller keeps what it wants to keep.

pub mod discovery;
mod listing;
#[cfg(test)]
mod testing;
pub mod version;

pub use listing::{
    ApiResource, ApiSubresource, ApiVersion, CUSTOM_GROUP_PRIORITY, CUSTOM_VERSION_PRIORITY, Listing, Schema,
    compare_versions, priorities,
};
