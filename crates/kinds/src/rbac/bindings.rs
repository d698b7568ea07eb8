//! RoleBinding and ClusterRoleBinding: who has a role.

use api::{Map, Value};

use crate::NameRule;
use crate::kind::{Kind, default_text, each};

use super::GROUP;

pub(crate) static ROLE_BINDING: Kind = BINDING_KIND;

pub(crate) static CLUSTER_ROLE_BINDING: Kind = BINDING_KIND;

const BINDING_KIND: Kind = Kind {
    name_rule: NameRule::PathSegment,
    create_on_update: true,
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
