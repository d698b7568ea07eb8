//! FlowSchema: which requests belong together and at which priority level they run.

use api::{Value, field, object};

use super::{conditions, must_equal};
use crate::kind::{Kind, Status, default_number};
use crate::{Context, Cursor, MetaCheck, names};

/// The range of `matchingPrecedence` is 1 to 10000; the lower, the earlier.
const MAX_PRECEDENCE: i64 = 10_000;
const DEFAULT_PRECEDENCE: i64 = 1000;
const METHODS: [&str; 2] = ["ByNamespace", "ByUser"];
const SUBJECT_KINDS: [&str; 3] = ["Group", "ServiceAccount", "User"];
const VERBS: [&str; 9] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const ALL: &str = "*";

/// Schemas that are as the server makes them: name, spec.
const FIXED: [(&str, &str); 2] = [
    (
        "exempt",
        r#"{"matchingPrecedence":1,"priorityLevelConfiguration":{"name":"exempt"},"rules":[{
            "nonResourceRules":[{"nonResourceURLs":["*"],"verbs":["*"]}],
            "resourceRules":[{"apiGroups":["*"],"clusterScope":true,"namespaces":["*"],"resources":["*"],"verbs":["*"]}],
            "subjects":[{"group":{"name":"system:masters"},"kind":"Group"}]}]}"#,
    ),
    (
        "catch-all",
        r#"{"distinguisherMethod":{"type":"ByUser"},"matchingPrecedence":10000,
            "priorityLevelConfiguration":{"name":"catch-all"},"rules":[{
            "nonResourceRules":[{"nonResourceURLs":["*"],"verbs":["*"]}],
            "resourceRules":[{"apiGroups":["*"],"clusterScope":true,"namespaces":["*"],"resources":["*"],"verbs":["*"]}],
            "subjects":[{"group":{"name":"system:unauthenticated"},"kind":"Group"},
                        {"group":{"name":"system:authenticated"},"kind":"Group"}]}]}"#,
    ),
];

pub(crate) static FLOW_SCHEMA: Kind = Kind {
    status: Status::OwnWithoutMetadata,
    update_checks: &[MetaCheck::New],
    subresource_checks: &[],
    default: |schema, _| {
        default_number(schema.object_at_mut(&["spec"]), "matchingPrecedence", DEFAULT_PRECEDENCE);
    },
    validate: |schema, _, errors| validate(schema, errors),
    validate_update: |new: &Value, _: &Value, cx: &Context, errors: &mut field::Errors| {
        if cx.subresource == "status" { conditions(new, errors) } else { validate(new, errors) }
    },
    ..Kind::WITH_STATUS
};

fn validate(schema: &Value, errors: &mut field::Errors) {
    let name = schema.str_at(&["metadata", "name"]);
    let spec = Cursor::at("spec", schema.at(&["spec"]));
    precedence(&spec.child("matchingPrecedence"), name, errors);
    let method = spec.child("distinguisherMethod");
    if method.is_set() && !METHODS.contains(&method.text("type")) {
        // Upstream shows its internal structure here.
        let shown = object! { "Type" => method.text("type") };
        errors.not_supported(&method.child("type").path(), &shown, &METHODS);
    }
    let level = schema.str_at(&["spec", "priorityLevelConfiguration", "name"]);
    let path = field::Path::new("spec.priorityLevelConfiguration.name");
    if level.is_empty() {
        errors.required(&path, "must reference a priority level");
    } else {
        names::report(errors, &path, level, &names::dns1123_subdomain(level));
    }
    for rule in spec.child("rules").items() {
        check_rule(&rule, errors);
    }
    if let Some((_, fixed)) = FIXED.iter().find(|(known, _)| *known == name) {
        must_equal(
            &spec,
            spec.value(),
            fixed,
            &format!("spec of '{name}' must equal the fixed value"),
            errors,
        );
    }
    conditions(schema, errors);
}

fn precedence(precedence: &Cursor, name: &str, errors: &mut field::Errors) {
    let number = precedence.int();
    if number <= 0 {
        precedence.bad(errors, number, "must be a positive value");
    }
    if number > MAX_PRECEDENCE {
        precedence.bad(errors, number, &format!("must not be greater than {MAX_PRECEDENCE}"));
    }
    if number == 1 && name != "exempt" {
        precedence.bad(errors, number, "only the schema named 'exempt' may have matchingPrecedence 1");
    }
}

fn check_rule(rule: &Cursor, errors: &mut field::Errors) {
    let subjects = rule.child("subjects");
    if subjects.is_empty() {
        subjects.required(errors, "subjects must contain at least one value");
    }
    subjects.items().for_each(|subject| check_subject(&subject, errors));
    let (resources, others) = (rule.child("resourceRules"), rule.child("nonResourceRules"));
    if resources.is_empty() && others.is_empty() {
        rule.required(errors, "at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    resources.items().for_each(|rule| resource_rule(&rule, errors));
    others.items().for_each(|rule| other_rule(&rule, errors));
}

/// A subject holds the member that its kind names, and no other.
fn check_subject(subject: &Cursor, errors: &mut field::Errors) {
    const MEMBERS: [(&str, &str); 3] =
        [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")];
    let kind = subject.text("kind");
    let Some((_, wanted)) = MEMBERS.iter().find(|(name, _)| *name == kind) else {
        return subject.child("kind").one_of(errors, &SUBJECT_KINDS);
    };
    let member = subject.child(wanted);
    if !member.is_set() {
        member.required(errors, &format!("{wanted} is required when subject kind is '{kind}'"));
    } else {
        subject_name(&member, kind, errors);
    }
    for (name, member) in MEMBERS.iter().filter(|(_, member)| member != wanted && subject.has(member)) {
        let why = format!("{member} is forbidden when subject kind is not '{name}'");
        subject.child(member).forbidden(errors, &why);
    }
}

fn subject_name(member: &Cursor, kind: &str, errors: &mut field::Errors) {
    let (name, namespace) = (member.child("name"), member.child("namespace"));
    let account = kind == "ServiceAccount";
    if name.str().is_empty() {
        name.required(errors, "");
    } else if account && name.str() != ALL {
        name.faults(errors, &names::dns1123_subdomain(name.str()));
    }
    if account && namespace.str().is_empty() {
        namespace.required(errors, "must specify namespace for service account");
    } else if account {
        namespace.faults(errors, &names::dns1123_label(namespace.str()));
    }
}

fn has_all(list: &Cursor) -> bool {
    list.items().any(|item| item.str() == ALL)
}

/// Reports a list with `*` and others.
fn all_alone(list: &Cursor, what: &str, errors: &mut field::Errors) {
    if has_all(list) && list.len() > 1 {
        list.invalid(errors, &format!("if '*' is present, must not specify other {what}"));
    }
}

fn verbs(verbs: &Cursor, errors: &mut field::Errors) {
    if verbs.is_empty() {
        verbs.required(errors, "verbs must contain at least one value");
    }
    all_alone(verbs, "verbs", errors);
    if !has_all(verbs) && verbs.items().any(|verb| !VERBS.contains(&verb.str())) {
        errors.not_supported(&verbs.path(), verbs.value(), &VERBS);
    }
}

fn resource_rule(rule: &Cursor, errors: &mut field::Errors) {
    verbs(&rule.child("verbs"), errors);
    for (member, one, many) in
        [("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")]
    {
        let list = rule.child(member);
        if list.is_empty() {
            list.required(errors, &format!("resource rules must supply at least one {one}"));
        }
        all_alone(&list, many, errors);
    }
    let namespaces = rule.child("namespaces");
    if namespaces.is_empty() && !rule.flag("clusterScope") {
        let why = "resource rules that are not cluster scoped must supply at least one namespace";
        return namespaces.required(errors, why);
    }
    all_alone(&namespaces, "namespaces", errors);
    if !has_all(&namespaces) {
        for namespace in namespaces.items() {
            for fault in names::dns1123_label(namespace.str()) {
                let why = format!("each member of this list must be '*' or a DNS-1123 label; {fault}");
                namespace.bad(errors, namespace.str(), &why);
            }
        }
    }
}

fn other_rule(rule: &Cursor, errors: &mut field::Errors) {
    verbs(&rule.child("verbs"), errors);
    let urls = rule.child("nonResourceURLs");
    if urls.is_empty() {
        urls.required(errors, "nonResourceURLs must contain at least one value");
    }
    all_alone(&urls, "non-resource URLs", errors);
    if !has_all(&urls) {
        for url in urls.items() {
            if let Some(fault) = url_fault(url.str()) {
                url.bad(errors, url.str(), fault);
            }
        }
    }
}

fn url_fault(url: &str) -> Option<&'static str> {
    let wildcards = url.matches('*').count();
    match url {
        "" => Some("must not be empty"),
        "/" => None,
        _ if !url.starts_with('/') => Some("must start with slash"),
        _ if url.contains(' ') => Some("must not contain white-space"),
        _ if url.contains("//") => Some("must not contain double slash"),
        _ if wildcards > 1 || (wildcards == 1 && !url.ends_with("/*")) => {
            Some("wildcard can only do suffix matching")
        }
        _ => None,
    }
}
