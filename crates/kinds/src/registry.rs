//! Which strategy serves which kind.
//!
//! Entry point: [`strategy`].  One line a kind; a kind that is not listed has nothing of its own ([`Plain`]).

use crate::Strategy;

/// The strategy of a kind, the bodies of subresources (`Binding`, `Eviction`, `Scale`…) included.
#[expect(clippy::match_single_binding, reason = "the first kind is not in yet")]
pub fn strategy(group: &str, kind: &str) -> &'static dyn Strategy {
    match (group, kind) {
        _ => &Plain,
    }
}

/// A kind with nothing of its own: no defaults, no status, a subdomain for a name.
#[derive(Debug)]
pub struct Plain;

impl Strategy for Plain {}
