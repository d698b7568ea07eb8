//! Role and ClusterRole: sets of permissions.

use api::{Value, field};

use crate::kind::Kind;
use crate::{Cursor, MetaCheck, NameRule, selectors};

pub(crate) static ROLE: Kind = Kind {
    validate: |role, _, errors| rules(role, true, errors),
    validate_update: |role, _, _, errors| rules(role, true, errors),
    ..ROLE_KIND
};

pub(crate) static CLUSTER_ROLE: Kind = Kind {
    validate: |role, _, errors| cluster_role(role, false, errors),
    validate_update: |new, old, _, errors| cluster_role(new, has_bad_selector(old), errors),
    ..ROLE_KIND
};

const ROLE_KIND: Kind = Kind {
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    ..Kind::PLAIN
};

fn rules(role: &Value, namespaced: bool, errors: &mut field::Errors) {
    for rule in Cursor::root(role).child("rules").items() {
        check_rule(&rule, namespaced, errors);
    }
}

fn check_rule(rule: &Cursor, namespaced: bool, errors: &mut field::Errors) {
    let need = |member: &str, why: &str, errors: &mut field::Errors| {
        if rule.child(member).is_empty() {
            rule.child(member).required(errors, why);
        }
    };
    need("verbs", "verbs must contain at least one value", errors);
    let urls = rule.child("nonResourceURLs");
    if urls.is_empty() {
        need("apiGroups", "resource rules must supply at least one api group", errors);
        need("resources", "resource rules must supply at least one resource", errors);
        return;
    }
    if namespaced {
        urls.invalid(errors, "namespaced rules cannot apply to non-resource URLs");
    }
    if ["apiGroups", "resources", "resourceNames"].iter().any(|member| !rule.child(member).is_empty()) {
        urls.invalid(errors, "rules cannot apply to both regular resources and non-resource URLs");
    }
}

fn cluster_role(role: &Value, lax: bool, errors: &mut field::Errors) {
    rules(role, false, errors);
    let root = Cursor::root(role);
    let aggregation = root.child("aggregationRule");
    let list = aggregation.child("clusterRoleSelectors");
    if aggregation.is_set() && list.is_empty() {
        list.required(errors, "at least one clusterRoleSelector required if aggregationRule is non-nil");
    }
    for selector in list.items() {
        selectors::label_selector(&selector, lax, errors);
        if !is_readable(&selector) {
            // Upstream shows the selector it could not make, which is nothing.
            selector.bad(errors, Value::Null, "invalid label selector.");
        }
    }
}

fn is_readable(selector: &Cursor) -> bool {
    let mut errors = field::Errors::new();
    selectors::label_selector(selector, false, &mut errors);
    errors.is_empty()
}

fn has_bad_selector(role: &Value) -> bool {
    let mut errors = field::Errors::new();
    for selector in Cursor::root(role).child("aggregationRule").child("clusterRoleSelectors").items() {
        selectors::label_selector(&selector, false, &mut errors);
    }
    !errors.is_empty()
}
