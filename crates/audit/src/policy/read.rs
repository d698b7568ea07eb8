//! Reading a policy: its text, what is wrong with it (all at once, in upstream's words), and its compiled form.

use std::fmt;

use api::field::{Errors, Path};
use api::{Str, Value, content};
use codec::object::{ConfigKind, decode_config_leniently};
use schema::{Field, Message, Type};

use super::matcher::{GroupPattern, Names, PathPattern, ResourcePattern, Rule, Scope};
use super::{Level, Policy, Stages};
use crate::Stage;

/// A policy that was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// Fields that are unknown or set twice, one text each.  Upstream warns of them and goes on; what stands there does
    /// not count, so whoever writes policies wants to know.
    pub ignored: Vec<String>,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyError {
    /// It is no text of a policy.
    Unreadable(String),
    /// Values in it are wrong.
    Invalid(Errors),
    /// It has no rules.
    NoRules,
}

const KIND: ConfigKind =
    ConfigKind { group: "audit.k8s.io", versions: &["v1"], kind: "Policy", message: &MESSAGE };

const STRINGS: Type = Type::List(&Type::String);

static MESSAGE: Message = Message::new(
    "Policy",
    "v1.Policy",
    &[
        Field::new("apiVersion", 0, Type::String),
        Field::new("kind", 0, Type::String),
        Field::new("metadata", 0, Type::Message(&METADATA)),
        Field::new("rules", 0, Type::List(&Type::Message(&RULE))),
        Field::new("omitStages", 0, STRINGS),
        Field::new("omitManagedFields", 0, Type::Bool),
    ],
);

static RULE: Message = Message::new(
    "PolicyRule",
    "v1.PolicyRule",
    &[
        Field::new("level", 0, Type::String),
        Field::new("users", 0, STRINGS),
        Field::new("userGroups", 0, STRINGS),
        Field::new("verbs", 0, STRINGS),
        Field::new("resources", 0, Type::List(&Type::Message(&RESOURCES))),
        Field::new("namespaces", 0, STRINGS),
        Field::new("nonResourceURLs", 0, STRINGS),
        Field::new("omitStages", 0, STRINGS),
        Field::new("omitManagedFields", 0, Type::Bool),
    ],
);

static RESOURCES: Message = Message::new(
    "GroupResources",
    "v1.GroupResources",
    &[
        Field::new("group", 0, Type::String),
        Field::new("resources", 0, STRINGS),
        Field::new("resourceNames", 0, STRINGS),
    ],
);

/// Of no consequence, but what is no metadata at all is refused.
static METADATA: Message = Message::new(
    "ObjectMeta",
    "v1.ObjectMeta",
    &[
        Field::new("name", 0, Type::String),
        Field::new("generateName", 0, Type::String),
        Field::new("namespace", 0, Type::String),
        Field::new("selfLink", 0, Type::String),
        Field::new("uid", 0, Type::String),
        Field::new("resourceVersion", 0, Type::String),
        Field::new("generation", 0, Type::Int64),
        Field::new("creationTimestamp", 0, Type::Time),
        Field::new("deletionTimestamp", 0, Type::Time),
        Field::new("deletionGracePeriodSeconds", 0, Type::Int64),
        Field::new("labels", 0, Type::Map(&Type::String)),
        Field::new("annotations", 0, Type::Map(&Type::String)),
        Field::new("ownerReferences", 0, Type::Json),
        Field::new("finalizers", 0, STRINGS),
        Field::new("managedFields", 0, Type::Json),
    ],
);

impl Policy {
    /// Reads a policy, YAML or JSON, and compiles it.  Unlike upstream, which takes a file for a policy when it does not
    /// say its kind, this wants to be told.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Loaded, PolicyError> {
        let (object, ignored) = decode_config_leniently(bytes, &KIND).map_err(PolicyError::Unreadable)?;
        let mut errors = Errors::new();
        let omit_stages = stages(&object, &Path::root(), &mut errors);
        let omit_managed_fields = object.at(&["omitManagedFields"]).as_bool() == Some(true);
        let rules = object.array_at(&["rules"]).iter().enumerate().map(|(i, rule)| {
            let path = Path::new("rules").index(i);
            let own = rule.at(&["omitManagedFields"]).as_bool();
            let (level, scope) = (level(rule, &path, &mut errors), scope(rule, &path, &mut errors));
            let own_stages = stages(rule, &path, &mut errors);
            about_both(rule, &path, &mut errors);
            Rule {
                level,
                users: names(rule, "users"),
                groups: names(rule, "userGroups"),
                verbs: names(rule, "verbs"),
                scope,
                omit_stages: own_stages.and(omit_stages),
                omit_managed_fields: own.unwrap_or(omit_managed_fields),
            }
        });
        let rules: Vec<Rule> = rules.collect();
        if !errors.is_empty() {
            return Err(PolicyError::Invalid(errors));
        }
        if rules.is_empty() {
            return Err(PolicyError::NoRules);
        }
        Ok(Loaded { policy: Self::compiled(rules, omit_stages, omit_managed_fields), ignored })
    }

    fn compiled(rules: Vec<Rule>, omit_stages: Stages, omit_managed_fields: bool) -> Self {
        let about = |is: fn(&Scope) -> bool| {
            let all = rules.iter().enumerate().filter(|(_, rule)| is(&rule.scope));
            all.map(|(at, _)| at).collect()
        };
        let (for_resources, for_paths) = (about(Scope::is_for_resources), about(Scope::is_for_paths));
        Self { rules: rules.into(), for_resources, for_paths, omit_stages, omit_managed_fields }
    }
}

fn texts<'a>(value: &'a Value, list: &str) -> impl Iterator<Item = &'a str> {
    value.array_at(&[list]).iter().map(|item| item.as_str().unwrap_or(""))
}

fn names(value: &Value, list: &str) -> Names {
    texts(value, list).map(Str::from).collect()
}

fn level(rule: &Value, path: &Path, errors: &mut Errors) -> Level {
    let (path, name) = (path.child("level"), rule.str_at(&["level"]));
    Level::parse(name).unwrap_or_else(|| {
        if name.is_empty() {
            errors.required(&path, "");
        } else {
            errors.not_supported(&path, &Value::from(name), &Level::ALL.map(Level::name));
        }
        Level::None
    })
}

fn stages(value: &Value, path: &Path, errors: &mut Errors) -> Stages {
    let path = path.child("omitStages");
    let mut all = Stages::default();
    for (i, name) in texts(value, "omitStages").enumerate() {
        match Stage::ALL.into_iter().find(|stage| stage.name() == name) {
            Some(stage) => all = all.with(stage),
            None => {
                let why = format!("allowed stages are {}", Stage::ALL.map(Stage::name).join(","));
                errors.invalid(&path.index(i), &Value::from(name), why);
            }
        }
    }
    all
}

fn scope(rule: &Value, path: &Path, errors: &mut Errors) -> Scope {
    let paths: Box<[PathPattern]> = urls(rule, &path.child("nonResourceURLs"), errors);
    let groups: Box<[GroupPattern]> = resources(rule, &path.child("resources"), errors);
    let namespaces = names(rule, "namespaces");
    if !groups.is_empty() || !namespaces.is_empty() {
        Scope::Resources { namespaces, groups }
    } else if !paths.is_empty() {
        Scope::Paths(paths)
    } else {
        Scope::Anything
    }
}

fn urls(rule: &Value, path: &Path, errors: &mut Errors) -> Box<[PathPattern]> {
    let check = |(i, url): (usize, &str)| {
        let mut wrong = |why: &str| errors.invalid(&path.index(i), &Value::from(url), why);
        if url != "*" && !url.starts_with('/') {
            wrong("non-resource URL rules must begin with a '/' character");
        }
        let mut but_last = url.chars();
        but_last.next_back();
        if url != "*" && but_last.as_str().contains('*') {
            wrong("non-resource URL wildcards '*' must be the final character of the rule");
        }
        PathPattern::new(url)
    };
    texts(rule, "nonResourceURLs").enumerate().map(check).collect()
}

fn resources(rule: &Value, path: &Path, errors: &mut Errors) -> Box<[GroupPattern]> {
    let read = |item: &Value| {
        let group = item.str_at(&["group"]);
        if !group.is_empty() && group != "*" {
            let faults = content::dns1123_subdomain(group);
            if !faults.is_empty() {
                errors.invalid(&path.child("group"), &Value::from(group), faults.join(","));
            }
        }
        let patterns: Box<[_]> = texts(item, "resources").map(ResourcePattern::new).collect();
        let names = names(item, "resourceNames");
        if !names.is_empty() && patterns.is_empty() {
            let why = "using resourceNames requires at least one resource";
            errors.invalid(&path.child("resourceNames"), item.at(&["resourceNames"]), why);
        }
        let group = (group != "*").then(|| Str::from(group));
        GroupPattern { group, resources: patterns, names }
    };
    rule.array_at(&["resources"]).iter().map(read).collect()
}

fn about_both(rule: &Value, path: &Path, errors: &mut Errors) {
    let has = |list: &str| !rule.array_at(&[list]).is_empty();
    if has("nonResourceURLs") && (has("resources") || has("namespaces")) {
        let why = "rules cannot apply to both regular resources and non-resource URLs";
        errors.invalid(&path.child("nonResourceURLs"), rule.at(&["nonResourceURLs"]), why);
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::Invalid(errors) => errors.fmt(f),
            Self::NoRules => f.write_str("the policy has no rules"),
        }
    }
}

impl std::error::Error for PolicyError {}
