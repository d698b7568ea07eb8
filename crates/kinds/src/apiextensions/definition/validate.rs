//! What is wrong with a CustomResourceDefinition, new or changed.
//!
//! Entry points: [`create`], [`update`], [`status`] and [`warnings`].

use std::collections::HashSet;

use api::Value;
use api::field::{self, Path, go_quote};

use crate::{Cursor, equal, meta, names};

use super::schema::{self, Strictness};
use super::view::View;
use super::{approval, conversion, formats, structural};

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
/// Most selectable fields of one version.
const MAX_SELECTABLE: usize = 8;
/// Longest deprecation warning, in bytes.
const MAX_WARNING: usize = 256;

/// What a changed definition may keep of what was wrong before.
struct Rules<'a> {
    old: Option<&'a Value>,
    strict: Strictness,
    /// The old definition had no schema in some version.
    no_schema: bool,
    /// No version of `ConversionReview` need be known.
    unknown_reviews: bool,
}

impl<'a> Rules<'a> {
    fn of(old: Option<&'a Value>) -> Self {
        let Some(found) = old else {
            return Self { old, strict: Strictness::FULL, no_schema: false, unknown_reviews: false };
        };
        let spec = Cursor::at("spec", found.at(&["spec"]));
        let view = View::new(spec);
        let schemas: Vec<&Value> = view.schemas().collect();
        let reviews = found.array_at(&["spec", "conversion", "webhook", "conversionReviewVersions"]);
        let lacks = |version: &Value| version.at(&["schema", "openAPIV3Schema"]).is_null();
        Self {
            old,
            strict: Strictness::kept_by(&schemas.iter().copied()),
            no_schema: view.versions().iter().any(lacks),
            unknown_reviews: !reviews.is_empty() && !reviews.iter().any(conversion::is_known_review),
        }
    }

    /// The schema of a version stays as it is.
    fn keeps_schema(&self, name: &str, version: &Cursor) -> bool {
        let versions = self.old.map_or(&[][..], |old| old.array_at(&["spec", "versions"]));
        let old = versions.iter().find(|old| old.str_at(&["name"]) == name);
        old.is_some_and(|old| equal::semantic(old.at(&["schema"]), version.value().at(&["schema"])))
    }

    /// Too many selectable fields stay as they are.
    fn keeps_fields(&self, version: Option<&str>, fields: &Value) -> bool {
        let versions = self.old.map_or(&[][..], |old| old.array_at(&["spec", "versions"]));
        let found = versions.iter().rfind(|other| version.is_none_or(|name| other.str_at(&["name"]) == name));
        let kept = found.map_or(&Value::Null, |version| version.at(&["selectableFields"]));
        kept.as_array().is_some_and(|list| list.len() > MAX_SELECTABLE) && equal::semantic(kept, fields)
    }
}

/// All failures of a new definition.
pub(super) fn create(definition: &Value, errors: &mut field::Errors) {
    let spec = definition.at(&["spec"]);
    let wanted = format!("{}.{}", spec.str_at(&["names", "plural"]), spec.str_at(&["group"]));
    let rule = |name: &str, prefix: bool| {
        let mut faults = names::object_name(crate::NameRule::Subdomain, name, prefix);
        if name != wanted {
            faults.push("must be spec.names.plural+\".\"+spec.group".to_owned());
        }
        faults
    };
    meta::validate(definition.at(&["metadata"]), false, &rule, &Path::new("metadata"), errors);
    whole(definition, &Rules::of(None), errors);
}

/// All failures of a changed definition.
pub(super) fn update(new: &Value, old: &Value, errors: &mut field::Errors) {
    whole(new, &Rules::of(Some(old)), errors);
}

/// All failures of a changed status.
pub(super) fn status(definition: &Value, errors: &mut field::Errors) {
    check_names(&Cursor::at("status.acceptedNames", definition.at(&["status", "acceptedNames"])), errors);
}

fn whole(definition: &Value, rules: &Rules, errors: &mut field::Errors) {
    let root = Cursor::root(definition);
    check_spec(&View::new(root.child("spec")), rules, errors);
    if let Some(old) = rules.old {
        kept(definition, old, errors);
    }
    status(definition, errors);
    check_stored(definition, errors);
    approval::check(definition, rules.old, errors);
    let preserve = ["spec", "preserveUnknownFields"];
    let preserved = |definition: &Value| definition.at(&preserve).as_bool() == Some(true);
    if preserved(definition) && !rules.old.is_some_and(preserved) {
        let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema \
                   instead";
        errors.invalid(&Path::new("spec.preserveUnknownFields"), &true.into(), why);
    }
}

fn kept(new: &Value, old: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(new);
    let spec = root.child("spec");
    let names = spec.child("names");
    let before = old.at(&["spec"]);
    if conversion::is_established(old) {
        equal::immutable(&spec.child("scope"), before.at(&["scope"]), errors);
        equal::immutable(&names.child("kind"), before.at(&["names", "kind"]), errors);
    }
    equal::immutable(&spec.child("group"), before.at(&["group"]), errors);
    equal::immutable(&names.child("plural"), before.at(&["names", "plural"]), errors);
}

fn check_spec(view: &View, rules: &Rules, errors: &mut field::Errors) {
    let spec = view.spec;
    check_group(&spec.child("group"), errors);
    let scope = spec.child("scope");
    if scope.is_empty() {
        scope.required(errors, "");
    } else {
        scope.one_of(errors, &["Cluster", "Namespaced"]);
    }
    let preserve = spec.flag("preserveUnknownFields");
    let mut strict = rules.strict;
    strict.structural |= !preserve;
    check_presence(view, rules, preserve, errors);
    if view.schemas().any(schema::has_defaults) {
        strict.structural = true;
        if preserve {
            let why = "must be false in order to use defaults in the schema";
            spec.child("preserveUnknownFields").invalid(errors, why);
        }
    }
    strict.structural |= view.schemas().any(schema::has_extensions);
    check_versions(view, rules, strict, errors);
    let names = spec.child("names");
    names.require(errors, &["plural", "singular", "kind", "listKind"]);
    check_names(&names, errors);
    let first = spec.child("versions");
    let first = first.index(0);
    let strict = Strictness { rule_costs: !rules.keeps_schema(first.text("name"), &first), ..strict };
    view.common("schema", |shared| schema::check(shared, view.has_any_status(), strict, errors));
    view.common("subresources", |shared| check_subresources(shared, errors));
    view.common("additionalPrinterColumns", |shared| check_columns(shared, errors));
    view.common("selectableFields", |shared| check_shared_fields(view, shared, rules, errors));
    conversion::check(&spec.child("conversion"), preserve, rules.unknown_reviews, rules.old, errors);
}

fn check_group(group: &Cursor, errors: &mut field::Errors) {
    if group.is_empty() {
        return group.required(errors, "");
    }
    let faults = names::dns1123_subdomain(group.str());
    if !faults.is_empty() {
        group.invalid(errors, &faults.join(","));
    } else if !group.str().contains('.') {
        group.invalid(errors, "should be a domain with at least one dot");
    }
}

/// Every version has a schema; those of old definitions at least when fields would be pruned by it.
fn check_presence(view: &View, rules: &Rules, preserve: bool, errors: &mut field::Errors) {
    for version in view.spec.child("versions").items() {
        let schema = version.child("schema");
        let schema = schema.child("openAPIV3Schema");
        if schema.is_set() {
            continue;
        }
        if !rules.no_schema {
            schema.required(errors, "");
        } else if !preserve && version.flag("served") {
            schema.required(errors, "because otherwise all fields are pruned");
        }
    }
}

fn check_versions(view: &View, rules: &Rules, strict: Strictness, errors: &mut field::Errors) {
    let versions = view.spec.child("versions");
    let mut seen = HashSet::new();
    let (mut stored, mut unique) = (0, true);
    for version in versions.items() {
        stored += usize::from(version.flag("storage"));
        let name = version.child("name");
        unique &= seen.insert(name.str());
        let faults = names::dns1035_label(name.str());
        if !faults.is_empty() {
            name.bad(errors, name.str(), &faults.join(","));
        }
        check_version(view, &version, rules, strict, errors);
    }
    if !unique {
        view.versions_invalid("must contain unique version names", errors);
    }
    if stored != 1 {
        view.versions_invalid("must have exactly one version marked as storage version", errors);
    }
    // The older way to name a version still follows the first one.
    let first = view.versions().first().map_or("", |version| version.str_at(&["name"]));
    let faults = names::dns1035_label(first);
    if !first.is_empty() && !faults.is_empty() {
        errors.invalid(&view.spec.path().child("version"), &first.into(), faults.join(","));
    }
}

fn check_version(
    view: &View,
    version: &Cursor,
    rules: &Rules,
    strict: Strictness,
    errors: &mut field::Errors,
) {
    let warning = version.child("deprecationWarning");
    for fault in warning_faults(version.flag("deprecated"), &warning) {
        warning.invalid(errors, &fault);
    }
    let name = version.text("name");
    let strict = Strictness { rule_costs: !rules.keeps_schema(name, version), ..strict };
    view.own(version, "schema", |own| schema::check(own, view.has_status(name), strict, errors));
    view.own(version, "subresources", |own| check_subresources(own, errors));
    view.own(version, "additionalPrinterColumns", |own| check_columns(own, errors));
    view.own(version, "selectableFields", |own| {
        if own.is_empty() {
            return;
        }
        let schema = version.value().at(&["schema", "openAPIV3Schema"]);
        if schema.is_null() || view.is_shared("schema") {
            let why = "may only be set when `version.schema.openAPIV3Schema` is not included";
            return own.bad(errors, "", why);
        }
        let keeps = rules.keeps_fields(Some(name), own.value());
        let place = version.path().child("schema.openAPIV3Schema");
        check_fields(own, schema, &place, keeps, errors);
    });
}

fn warning_faults(deprecated: bool, warning: &Cursor) -> Vec<String> {
    if !warning.is_set() {
        return Vec::new();
    }
    if !deprecated {
        return vec!["can only be set for deprecated versions".to_owned()];
    }
    let text = warning.str();
    let mut faults = Vec::new();
    if text.len() > MAX_WARNING {
        faults.push(format!("must be <= {MAX_WARNING} characters long"));
    }
    if text.is_empty() {
        faults.push("must not be an empty string".to_owned());
    }
    let hidden = |c: &char| c.is_control() || (c.is_whitespace() && *c != ' ');
    if let Some((at, _)) = text.char_indices().find(|(_, c)| hidden(c)) {
        let why = "must only contain printable UTF-8 characters; non-printable character found at index";
        faults.push(format!("{why} {at}"));
    }
    faults
}

fn check_names(names: &Cursor, errors: &mut field::Errors) {
    let joined = |text: &str| names::dns1035_label(text).join(",");
    for member in ["plural", "singular"] {
        let name = names.child(member);
        let fault = joined(name.str());
        if !name.is_empty() && !fault.is_empty() {
            name.invalid(errors, &fault);
        }
    }
    for member in ["kind", "listKind"] {
        let name = names.child(member);
        let fault = joined(&name.str().to_lowercase());
        if !name.is_empty() && !fault.is_empty() {
            name.invalid(errors, &format!("may have mixed case, but should otherwise match: {fault}"));
        }
    }
    let check_all = |member: &str, errors: &mut field::Errors| {
        for name in names.child(member).items() {
            let fault = joined(name.str());
            if !fault.is_empty() {
                name.bad(errors, name.str(), &fault);
            }
        }
    };
    check_all("shortNames", errors);
    if !names.text("kind").is_empty() && names.text("kind") == names.text("listKind") {
        names.child("listKind").invalid(errors, "kind and listKind may not be the same");
    }
    check_all("categories", errors);
}

fn check_subresources(subresources: &Cursor, errors: &mut field::Errors) {
    let scale = subresources.child("scale");
    if !scale.is_set() {
        return;
    }
    let mut check = |member: &str, places: &[&str], required: bool, named: &str| {
        let path = scale.child(member);
        if path.is_empty() {
            if required {
                path.required(errors, "");
            }
        } else if !path.str().starts_with('.') {
            path.invalid(errors, "must be a simple json path starting with .");
        } else if !places.iter().any(|place| path.str().starts_with(place)) {
            path.invalid(errors, &format!("should be a json path under {named}"));
        }
    };
    check("specReplicasPath", &[".spec."], true, ".spec");
    check("statusReplicasPath", &[".status."], true, ".status");
    check("labelSelectorPath", &[".spec.", ".status."], false, "either .spec or .status");
}

fn check_columns(columns: &Cursor, errors: &mut field::Errors) {
    for column in columns.items() {
        column.require(errors, &["name"]);
        let (kind, format) = (column.child("type"), column.child("format"));
        let why = format!("must be one of {}", COLUMN_TYPES.join(","));
        if kind.is_empty() {
            kind.required(errors, &why);
        } else if !COLUMN_TYPES.contains(&kind.str()) {
            kind.invalid(errors, &why);
        }
        if !format.is_empty() && !COLUMN_FORMATS.contains(&format.str()) {
            format.invalid(errors, &format!("must be one of {}", COLUMN_FORMATS.join(",")));
        }
        let path = column.child_as("jsonPath", "JSONPath");
        if path.is_empty() {
            path.required(errors, "");
        } else if !path.str().starts_with('.') {
            path.invalid(errors, "must be a simple json path starting with .");
        }
    }
}

fn check_shared_fields(view: &View, fields: &Cursor, rules: &Rules, errors: &mut field::Errors) {
    if fields.is_empty() {
        return;
    }
    let first = view.versions().first().map_or(&Value::Null, |version| version.at(&["schema"]));
    if first.is_null() || !view.is_shared("schema") {
        return fields.bad(errors, "", "may only be set when validations.schema is included");
    }
    let keeps = rules.keeps_fields(None, fields.value());
    let place = view.spec.path().child("schema.openAPIV3Schema");
    check_fields(fields, first.at(&["openAPIV3Schema"]), &place, keeps, errors);
}

fn check_fields(fields: &Cursor, schema: &Value, place: &Path, any_count: bool, errors: &mut field::Errors) {
    if let Some(why) = structural::unsupported(schema) {
        return errors.invalid(place, &"".into(), why);
    }
    let mut seen = HashSet::new();
    for item in fields.items() {
        let path = item.child("jsonPath");
        if path.is_empty() {
            path.required(errors, "");
            continue;
        }
        let found = match cel::schema::path::follow(path.str(), schema, false) {
            Ok(found) => found,
            Err(why) => {
                path.invalid(errors, &format!("is an invalid path: {why}"));
                continue;
            }
        };
        if found.root == "metadata" {
            path.invalid(errors, "must not point to fields in metadata");
        }
        if !matches!(found.schema.str_at(&["type"]), "string" | "boolean" | "integer") {
            let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with \
                       formats are allowed.";
            path.invalid(errors, why);
        }
        if !seen.insert(found.path.to_string()) {
            path.duplicate(errors);
        }
    }
    if seen.len() > MAX_SELECTABLE && !any_count {
        errors.too_many(&fields.path(), seen.len(), MAX_SELECTABLE);
    }
}

/// Versions that objects are stored in do not disappear.
fn check_stored(definition: &Value, errors: &mut field::Errors) {
    let stored = Cursor::at("status.storedVersions", definition.at(&["status", "storedVersions"]));
    if stored.is_empty() {
        return stored.invalid(errors, "must have at least one stored version");
    }
    let mut open: HashSet<&str> = stored.items().map(|version| version.str()).collect();
    for version in definition.array_at(&["spec", "versions"]) {
        let name = version.str_at(&["name"]);
        // A second version of the same name is not found any more, as upstream.
        if !open.remove(name) && version.at(&["storage"]).as_bool() == Some(true) {
            stored.invalid(errors, &format!("must have the storage version {name}"));
        }
    }
    for version in stored.items() {
        let name = version.str();
        if open.remove(name) {
            let why = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions \
                 until a storage migration ensures no data remains persisted in {name} and removes {name} from \
                 status.storedVersions"
            );
            version.invalid(errors, &why);
        }
    }
}

/// Formats that nobody knows and that were not there before.
pub(super) fn warnings(definition: &Value, old: Option<&Value>) -> Vec<String> {
    let known = old.map(unknown_formats).unwrap_or_default();
    let found = unknown_formats(definition);
    found
        .into_iter()
        .filter(|format| !known.contains(format))
        .map(|format| format!("unrecognized format {}", go_quote(format)))
        .collect()
}

fn unknown_formats(definition: &Value) -> Vec<&str> {
    let view = View::new(Cursor::at("spec", definition.at(&["spec"])));
    formats::unknown_formats(view.schemas())
}
