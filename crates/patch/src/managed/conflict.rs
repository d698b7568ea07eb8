//! Fields an applier wants that others own.
//!
//! Entry point: [`Conflicts`].

use api::{ApiError, error::Cause};

use super::{element::Element, entries::Manager, set::FieldSet};

/// The contested fields of each manager, in order of the managers' identifiers.
#[derive(Clone, Debug, Default)]
pub(super) struct Conflicts(Vec<(Manager, FieldSet)>);

impl Conflicts {
    /// Conflicts with managers in any order.
    pub fn new(mut conflicts: Vec<(Manager, FieldSet)>) -> Self {
        conflicts.retain(|(_, fields)| !fields.is_empty());
        conflicts.sort_by_cached_key(|(manager, _)| manager.identifier());
        Self(conflicts)
    }

    /// True when nothing is contested.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The conflicts about fields that are not in `allowed`.
    #[must_use]
    pub fn without(self, allowed: &FieldSet) -> Self {
        Self::new(self.0.into_iter().map(|(manager, fields)| (manager, fields.difference(allowed))).collect())
    }

    /// The 409 for them, with upstream's message and a cause for each field.
    pub fn into_error(self) -> ApiError {
        let mut causes = Vec::new();
        let mut lines = Vec::new();
        for (manager, fields) in &self.0 {
            let manager = manager.describe();
            lines.push(format!("conflicts with {manager}:"));
            fields.for_each(&mut |path| {
                let field = text_of(path);
                lines.push(format!("- {field}"));
                let message = format!("conflict with {manager}");
                causes.push(Cause { reason: "FieldManagerConflict".to_owned(), message, field });
            });
        }
        let message = match causes.as_slice() {
            [one] => format!("Apply failed with 1 conflict: {}: {}", one.message, one.field),
            many => format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n")),
        };
        ApiError::apply_conflict(causes, message)
    }
}

fn text_of(path: &[&Element]) -> String {
    path.iter().map(ToString::to_string).collect()
}
