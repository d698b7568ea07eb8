//! What each built-in kind means: one folder a group, one file a kind.
//!
//! Entry points: [`strategy`] finds the [`Strategy`] of a kind, [`check_create`] and [`check_update`] all failures of an
//! object, [`columns::printer`] how a kind is shown.

pub mod columns;
pub mod cursor;
pub mod meta;
pub mod names;
pub mod net;

mod admissionregistration;
mod amounts;
mod apiextensions;
mod apiregistration;
mod apps;
mod authentication;
mod autoscaling;
mod batch;
mod callout;
mod certificates;
mod check;
mod conditions;
mod convert;
mod coordination;
mod core;
mod deprecation;
mod diff;
mod discovery;
mod edit;
mod equal;
mod events;
mod flowcontrol;
mod int_or_percent;
mod kind;
mod networking;
mod node;
mod nodes;
mod pem;
mod percent;
mod policy;
mod rbac;
mod regexp;
mod registry;
mod resource;
mod scheduling;
mod selectors;
mod shown;
mod signers;
mod storage;
mod strategy;
mod typed;
mod workload;
mod x509;

pub use certificates::signing_request::requested_organizations;
pub use check::{check_create, check_update};
pub use columns::printer;
pub use convert::{convert, reported_group};
pub use core::binding::{bind, set_condition};
pub use core::service::{allocation, pool};
pub use cursor::Cursor;
pub use deprecation::deprecated;
pub use registry::{Plain, strategy};
pub use strategy::{Column, Context, Description, MetaCheck, NameRule, Printer, Strategy};
pub use typed::typed;
