//! What each built-in kind means: one folder a group, one file a kind.
//!
//! Entry points: [`strategy`] finds the [`Strategy`] of a kind, [`printer`] its [`Printer`].

mod strategy;

pub use strategy::{Column, Context, Description, NameRule, Printer, Strategy};
