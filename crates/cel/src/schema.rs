//! Structural schemas (`openAPIV3Schema` of a CustomResourceDefinition) and the rules in them.
//!
//! Entry points: [`Scope`] says what is wrong with the rules of a schema, [`Rules`] runs them over objects, and
//! [`Structural`] is a schema that both read.

mod compile;
mod correlate;
mod costs;
mod decl;
mod judge;
pub mod path;
mod read;
mod rules;
mod scope;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::Name;

pub use costs::Costs;
pub use decl::typed;
pub use rules::{Outcome, Rules};
pub use scope::{Place, Scope};

/// A schema, as far as expressions are concerned.
#[derive(Clone, Debug, Default)]
pub struct Structural {
    ty: Name,
    format: Name,
    nullable: bool,
    int_or_string: bool,
    embedded: bool,
    list_type: Name,
    list_keys: Vec<Name>,
    map_type: Name,
    properties: BTreeMap<Name, Arc<Structural>>,
    items: Option<Arc<Structural>>,
    additional: Additional,
    all_of: Vec<Arc<Structural>>,
    required: Vec<Name>,
    has_default: bool,
    max_length: Option<u64>,
    max_items: Option<u64>,
    max_properties: Option<u64>,
    /// The length of the longest text of an enumeration, in bytes.
    longest_choice: Option<u64>,
    rules: Vec<Rule>,
}

/// What a schema says of members it does not name.
#[derive(Clone, Debug, Default)]
enum Additional {
    #[default]
    Unsaid,
    /// They may be there, or not.
    Flag,
    /// They are like this.
    Like(Arc<Structural>),
}

impl Additional {
    fn schema(&self) -> Option<&Arc<Structural>> {
        if let Additional::Like(schema) = self { Some(schema) } else { None }
    }
}

/// One rule of `x-kubernetes-validations`.
#[derive(Clone, Debug, Default)]
struct Rule {
    rule: Box<str>,
    message: Box<str>,
    message_expression: Box<str>,
    reason: Box<str>,
    field_path: Box<str>,
    optional_old_self: Option<bool>,
}

impl Structural {
    /// The type: `object`, `array` and so on, or nothing.
    pub fn type_name(&self) -> &str {
        &self.ty
    }

    /// Whether rules are anywhere in it.
    fn has_rules(&self) -> bool {
        let inside = self.items.iter().chain(self.additional.schema()).chain(self.properties.values());
        !self.rules.is_empty() || inside.into_iter().any(|s| s.has_rules())
    }

    /// Whether the data of a map before and after a change belong together key by key.
    fn correlates_members(&self) -> bool {
        matches!(&*self.map_type, "" | "granular" | "atomic")
    }
}
