//! RoleBinding and ClusterRoleBinding: who has a role.

use api::{Map, Value, field};

use crate::kind::{Kind, default_text, each};
use crate::{Cursor, MetaCheck, NameRule, equal, names};

use super::GROUP;

const SUBJECTS: [&str; 3] = ["ServiceAccount", "User", "Group"];

pub(crate) static ROLE_BINDING: Kind = Kind {
    validate: |binding, _, errors| binding_of(binding, true, errors),
    validate_update: |new, old, _, errors| {
        binding_of(new, true, errors);
        same_role(new, old, errors);
    },
    ..BINDING_KIND
};

pub(crate) static CLUSTER_ROLE_BINDING: Kind = Kind {
    validate: |binding, _, errors| binding_of(binding, false, errors),
    validate_update: |new, old, _, errors| {
        binding_of(new, false, errors);
        same_role(new, old, errors);
    },
    ..BINDING_KIND
};

const BINDING_KIND: Kind = Kind {
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    default: default_binding,
    ..Kind::PLAIN
};

fn default_binding(binding: &mut Value, _version: &str) {
    default_text(binding.object_at_mut(&["roleRef"]), "apiGroup", GROUP);
    each(binding, &["subjects"], default_subject);
}

fn default_subject(subject: &mut Map) {
    if matches!(subject.get("kind").and_then(Value::as_str), Some("User" | "Group")) {
        default_text(subject, "apiGroup", GROUP);
    }
}

fn binding_of(binding: &Value, namespaced: bool, errors: &mut field::Errors) {
    let root = Cursor::root(binding);
    let role = root.child("roleRef");
    role.child("apiGroup").one_of(errors, &[GROUP]);
    role.child("kind").one_of(errors, if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] });
    let name = role.child("name");
    if name.str().is_empty() {
        name.required(errors, "");
    } else {
        name.faults(errors, &names::path_segment(name.str(), false));
    }
    for subject in root.child("subjects").items() {
        check_subject(&subject, namespaced, errors);
    }
}

fn check_subject(subject: &Cursor, namespaced: bool, errors: &mut field::Errors) {
    let (name, group, namespace) =
        (subject.child("name"), subject.child("apiGroup"), subject.child("namespace"));
    if name.str().is_empty() {
        name.required(errors, "");
    }
    match subject.text("kind") {
        "ServiceAccount" => {
            if !name.str().is_empty() {
                name.faults(errors, &names::dns1123_subdomain(name.str()));
            }
            group.one_of(errors, &[""]);
            if !namespaced && namespace.str().is_empty() {
                namespace.required(errors, "");
            }
        }
        "User" | "Group" => group.one_of(errors, &[GROUP]),
        _ => subject.child("kind").one_of(errors, &SUBJECTS),
    }
}

fn same_role(new: &Value, old: &Value, errors: &mut field::Errors) {
    let role = new.at(&["roleRef"]);
    if !equal::semantic(role, old.at(&["roleRef"])) {
        errors.invalid(&field::Path::new("roleRef"), &shown(role), "cannot change roleRef");
    }
}

/// Upstream shows its internal structure here.
fn shown(role: &Value) -> Value {
    let members = [("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")];
    members.into_iter().map(|(name, member)| (name, role.str_at(&[member]))).collect::<Map>().into()
}
