//! Who can become cluster-admin, and how.
//!
//! Entry point: [`find`].  A graph search: the nodes are identities, the edges are techniques ([`TECHNIQUES`]) by which
//! who holds some permissions gains another identity.  Every permission on a path is proved by the authorizer a server
//! runs, and told with the binding and rule that gave it.

mod graph;
mod holdings;
mod judge;
mod principal;
mod report;
mod search;
mod technique;
mod world;

pub use judge::Asked;
pub use principal::Principal;
pub use report::{text, value};
pub use search::{Findings, Path, Step, find};
pub use technique::{Gain, TECHNIQUES, Technique};
pub use world::{WORLD_KINDS, World};

/// What is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Also those whose rights come of what every cluster starts with.
    pub stock: bool,
}

#[cfg(test)]
mod tests;
