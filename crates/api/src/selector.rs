//! Label and field selectors: parsing with upstream's error texts, and matching.
//!
//! Entry points: [`LabelSelector`] (k8s.io/apimachinery `labels`) and [`FieldSelector`] (`fields`).

mod fields;
mod labels;
mod lexer;
mod parser;

use std::fmt;

pub use fields::{FieldSelector, FieldTerm};
pub use labels::{LabelSelector, Operator, Requirement};

/// Why a selector could not be read; the text is upstream's and goes into a 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError(String);

impl SelectorError {
    /// A failure with upstream's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SelectorError {}
