//! The pod spec, shared by pods and every kind that holds a pod template.
//!
//! Entry points: [`defaults`] fills it, [`prepare`] drops what is switched off, [`validate`] checks
//! it, [`warnings`] says what is odd about it, [`resources`] adds its resources up.

pub mod defaults;
mod image;
pub mod prepare;
pub mod resources;
pub mod validate;
pub(crate) mod warnings;

/// The lists of containers in a pod spec, in the order upstream visits them.
pub const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];
