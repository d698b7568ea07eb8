//! Is this cluster built the way the guidelines say?  Checks over what was gathered of it, and what they found.
//!
//! Entry points: [`scan`] holds [`Input`] against every check of the [`catalogue`] and gives a [`Report`].  A check is a
//! row of the catalogue (what it is called, how bad it is, what to do, which items of guidelines it decides) and a
//! function in `checks/`, one file a family.

mod baseline;
mod catalogue;
mod certificate;
mod checks;
mod document;
mod edit;
mod exceptions;
mod finding;
mod fix;
mod frameworks;
mod generate;
mod image;
mod input;
mod limits;
mod network;
mod objects;
mod particles;
mod quantity;
mod releases;
mod report;
mod rows;
mod scan;
mod secrets;
mod settings;
mod shown;
mod sources;
mod systems;
mod when;
mod words;
mod workload;

pub use baseline::{Baseline, Fingerprint};
pub use catalogue::{Area, Check, Fix, Kind, Severity, catalogue, check};
pub use document::Document;
pub use exceptions::{Applied, Exception, Exceptions};
pub use finding::{Finding, Status, Subject};
pub use fix::{Dropped, Fixes, Mended, Patch, Wish, fixes, has_patch};
pub use frameworks::{Framework, Item, items};
pub use generate::{Made, audit_policy, default_deny, keep_from_metadata, manifest, psa_labels};
pub use input::Input;
pub use limits::{LIMITS, Limit, Limits};
pub use report::{
    AreaScore, ItemOutcome, Outcome, Report, csv, html, junit, markdown, oscal, policy_report, sarif, text,
    value,
};
pub use scan::{scan, scan_only};
pub use settings::{Profile, Settings};
pub use shown::{visible, visible_lines};
pub use sources::audit_log::AuditLog;
pub use sources::control_plane::files_named;
pub use sources::{rights, unreadable};
pub use words::{Language, Words, columns};
