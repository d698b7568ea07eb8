//! A definition as upstream's internal type has it: what all versions have in common stands at the spec.
//!
//! Entry point: [`View`]; failures are reported at the places it tells.

use api::{Value, field};

use crate::{Cursor, equal};

/// Members of a version, and where they stand when all versions have the same.
const SHARED: [(&str, &str); 4] = [
    ("subresources", "subresources"),
    ("schema", "validation"),
    ("additionalPrinterColumns", "additionalPrinterColumns"),
    ("selectableFields", "selectableFields"),
];

/// The spec of a definition, and which members its versions share.
pub(super) struct View<'v, 's> {
    /// The spec itself.
    pub(super) spec: Cursor<'v, 's>,
    shared: [bool; SHARED.len()],
}

impl<'v, 's> View<'v, 's> {
    /// Compares the versions of `spec`.
    pub(super) fn new(spec: Cursor<'v, 's>) -> Self {
        let versions = spec.value().array_at(&["versions"]);
        let first = versions.first().unwrap_or(&Value::Null);
        let same = |member: &str| {
            versions.iter().all(|version| equal::semantic(version.at(&[member]), first.at(&[member])))
        };
        Self { spec, shared: SHARED.map(|(member, _)| !versions.is_empty() && same(member)) }
    }

    /// Whether the member of the versions stands at the spec.
    pub(super) fn is_shared(&self, member: &str) -> bool {
        SHARED.iter().zip(self.shared).any(|((name, _), shared)| *name == member && shared)
    }

    /// The versions, in order.
    pub(super) fn versions(&self) -> &'v [Value] {
        self.spec.value().array_at(&["versions"])
    }

    /// Calls `check` with a member of one version, unless it stands at the spec.
    pub(super) fn own(&self, version: &Cursor, member: &str, check: impl FnOnce(&Cursor)) {
        if !self.is_shared(member) {
            check(&version.child(member));
        }
    }

    /// Calls `check` with the member that all versions share, if they do.
    pub(super) fn common(&self, member: &str, check: impl FnOnce(&Cursor)) {
        let shown = SHARED.iter().find(|(name, _)| *name == member).map_or(member, |(_, shown)| shown);
        let versions = self.spec.child("versions");
        let first = versions.index(0);
        if self.is_shared(member) && first.is_set() {
            let path = self.spec.path().child(shown).to_string();
            check(&Cursor::at(&path, first.child(member).value()));
        }
    }

    /// Whether the version of this name, the first of several, has a status of its own.
    pub(super) fn has_status(&self, name: &str) -> bool {
        let found = self.versions().iter().find(|version| version.str_at(&["name"]) == name);
        found.is_some_and(|version| !version.at(&["subresources", "status"]).is_null())
    }

    /// Whether any version has one.
    pub(super) fn has_any_status(&self) -> bool {
        self.versions().iter().any(|version| !version.at(&["subresources", "status"]).is_null())
    }

    /// The schemas of all versions, each once.
    pub(super) fn schemas(&self) -> impl Iterator<Item = &'v Value> {
        let count = if self.is_shared("schema") { 1 } else { usize::MAX };
        let schemas =
            self.versions().iter().take(count).map(|version| version.at(&["schema", "openAPIV3Schema"]));
        schemas.filter(|schema| !schema.is_null())
    }

    /// A failure of the list of versions as a whole.
    pub(super) fn versions_invalid(&self, why: &str, errors: &mut field::Errors) {
        errors.invalid(&self.spec.path().child("versions"), &super::shown::versions(self), why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn what_versions_share_stands_at_the_spec() {
        let version = |name: &str, kind: &str| {
            object! { "name" => name, "schema" => object! { "openAPIV3Schema" => object! { "type" => kind } } }
        };
        let spec = object! { "versions" => vec![version("v1", "object"), version("v2", "object")] };
        let view = View::new(Cursor::at("spec", &spec));
        assert!(view.is_shared("schema") && view.is_shared("subresources"));
        let mut found = String::new();
        view.common("schema", |schema| found = schema.child("openAPIV3Schema").path().to_string());
        assert_eq!((found.as_str(), view.schemas().count()), ("spec.validation.openAPIV3Schema", 1));
        let spec = object! { "versions" => vec![version("v1", "object"), version("v2", "array")] };
        let view = View::new(Cursor::at("spec", &spec));
        assert!(!view.is_shared("schema") && view.schemas().count() == 2);
    }
}
