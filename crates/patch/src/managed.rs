//! Who manages which field: `metadata.managedFields` of every write, and server-side apply (KEP-555).
//!
//! Entry points: [`track`] for any write that is not an apply, [`apply`] for one.  Types are seen through
//! [`TypeView`], so that built-in kinds, custom resources and types without a schema go the same way.
//!
//! In the order of a write: decode and default; [`track`] or [`apply`]; admission that mutates, after which
//! [`check_entries`] tells whether it left the entries intact (if not, those from before it go back, with a warning);
//! the kind's strategy; on updates [`keep_times`]; validation; the store.

mod apply;
mod compare;
mod conflict;
mod element;
mod entries;
mod extract;
mod fields_v1;
mod items;
mod last_applied;
mod merge;
mod remove;
mod reset;
mod scalar;
mod scale;
mod set;
#[cfg(test)]
mod tests;
mod times;
mod to_set;
mod track;
mod validate;
mod view;

pub use apply::{Apply, apply};
pub use compare::{Comparison, compare};
pub use element::Element;
pub use entries::check_entries;
pub use extract::extract;
pub use reset::{ResetFields, reset_fields};
pub use scale::{entries_of_parent, entries_of_scale};
pub use set::{FieldSet, Node};
pub use times::keep_times;
pub use to_set::field_set;
pub use track::{NoVersions, Request, Untracked, Versions, manager_name, track};
pub use view::{Atom, BuiltIn, List, Object, Relation, Scalar, TypeView};
