//! Nobody hands out permissions that they do not hold.
//!
//! Entry point: [`EscalationCheck`], asked before a role or binding is written.

use std::collections::BTreeMap;

use api::error::{ApiError, Reason, Result};
use api::field::go_quote;
use api::user::{SYSTEM_MASTERS, UserInfo};
use api::{GroupResource, RequestInfo, Str, Value};

use super::object::{Kind, RoleKey, RoleKind, RoleRef};
use super::rule::{Rule, quoted};
use super::snapshot::Snapshot;
use super::{GROUP, Rbac};
use crate::authorizer::{Attributes, Authorizer, ResourceTarget};
use crate::union::aggregate as join_errors;

/// A role that multiplies out to more single permissions than this is not compared one by one.
const MOST_PERMISSIONS: usize = 1 << 17;

/// Checks writes of roles and bindings.
pub struct EscalationCheck<'a> {
    /// What everybody holds.
    pub rbac: &'a Rbac,
    /// Who may `escalate` and `bind`.
    pub authorizer: &'a dyn Authorizer,
}

impl EscalationCheck<'_> {
    /// May `user` write `new` over `old` (`None` on create)?  `info` is the request; call this before validation, with
    /// the namespace of the request in place.
    pub fn check(
        &self,
        kind: Kind,
        user: &UserInfo,
        info: &RequestInfo,
        new: &Value,
        old: Option<&Value>,
    ) -> Result<()> {
        if user.in_group(SYSTEM_MASTERS) || old.is_some_and(|old| only_garbage_collection(new, old)) {
            return Ok(());
        }
        match kind {
            Kind::Role | Kind::ClusterRole => self.role(kind, user, info, new, old),
            Kind::RoleBinding | Kind::ClusterRoleBinding => self.binding(kind, user, info, new),
        }
    }

    fn role(
        &self,
        kind: Kind,
        user: &UserInfo,
        info: &RequestInfo,
        new: &Value,
        old: Option<&Value>,
    ) -> Result<()> {
        let target = ResourceTarget {
            group: &info.group,
            version: "*",
            resource: &info.resource,
            namespace: &info.namespace,
            name: &info.name,
            ..ResourceTarget::default()
        };
        if info.resource == kind.resource() && self.allows(user, "escalate", target) {
            return Ok(());
        }
        let name = new.str_at(&["metadata", "name"]);
        let refuse = |why: String| ApiError::forbidden(&resource(kind), name, why);
        let snapshot = self.rbac.snapshot();
        let rules: Vec<Rule> = new.array_at(&["rules"]).iter().map(Rule::from_value).collect();
        confirm(&snapshot, user, info, &rules).map_err(refuse)?;
        let aggregated = |v: &Value| !v.array_at(&["aggregationRule", "clusterRoleSelectors"]).is_empty();
        if aggregated(new) || old.is_some_and(aggregated) {
            let everything = [Rule::resources("*", "*", "*"), Rule::urls("*", "*")];
            confirm(&snapshot, user, info, &everything).map_err(|_| {
                refuse("must have cluster-admin privileges to use the aggregationRule".to_owned())
            })?;
        }
        Ok(())
    }

    fn binding(&self, kind: Kind, user: &UserInfo, info: &RequestInfo, new: &Value) -> Result<()> {
        let namespace = if kind == Kind::RoleBinding { info.namespace.as_str() } else { "" };
        let role_ref = RoleRef::from_value(new.at(&["roleRef"]));
        let key = RoleKey::of_ref(&role_ref, namespace);
        let Some(role_kind) = kind_of_role(&key) else {
            return Err(ApiError::new(Reason::Unknown, key.not_found()));
        };
        let target = ResourceTarget {
            group: new.str_at(&["roleRef", "apiGroup"]),
            version: "*",
            resource: role_kind.resource(),
            namespace,
            name: &role_ref.name,
            ..ResourceTarget::default()
        };
        if self.allows(user, "bind", target) {
            return Ok(());
        }
        let snapshot = self.rbac.snapshot();
        // As upstream, which names the resource of the request.
        let gone = || ApiError::not_found(&resource(kind), &role_ref.name);
        let role = snapshot.role(&key).ok_or_else(gone)?;
        let rules: Vec<Rule> = role.rules.iter().map(|r| r.as_ref().clone()).collect();
        let name = new.str_at(&["metadata", "name"]);
        confirm(&snapshot, user, info, &rules).map_err(|why| ApiError::forbidden(&resource(kind), name, why))
    }

    fn allows(&self, user: &UserInfo, verb: &str, target: ResourceTarget) -> bool {
        self.authorizer.authorize(&Attributes::of_resource(user, verb, target)).allowed()
    }
}

fn resource(kind: Kind) -> GroupResource {
    GroupResource::new(GROUP, kind.resource())
}

fn kind_of_role(key: &RoleKey) -> Option<Kind> {
    match key.kind {
        RoleKind::Role => Some(Kind::Role),
        RoleKind::ClusterRole => Some(Kind::ClusterRole),
        RoleKind::Other(_) => None,
    }
}

/// True when a write touches nothing but what the garbage collector needs to delete the object.
fn only_garbage_collection(new: &Value, old: &Value) -> bool {
    let strip = |object: &Value| {
        let mut object = object.clone();
        for part in ["ownerReferences", "finalizers", "selfLink", "managedFields"] {
            object.remove_at(&["metadata", part]);
        }
        object
    };
    strip(new) == strip(old)
}

/// Fails, with upstream's text, when the user does not hold everything that `rules` allow where the request goes.
fn confirm(snapshot: &Snapshot, user: &UserInfo, info: &RequestInfo, rules: &[Rule]) -> Result<(), String> {
    if rules.iter().map(permissions).fold(0, usize::saturating_add) > MOST_PERMISSIONS {
        return Err(format!("the rules multiply out to more than {MOST_PERMISSIONS} permissions to compare"));
    }
    let missing = uncovered(rules, |permission| snapshot.holds(user, &info.namespace, permission));
    if missing.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = compact(missing).iter().map(ToString::to_string).collect();
    lines.sort_unstable();
    lines.dedup();
    let (name, groups) = (go_quote(&user.name), quoted(&user.groups));
    let what = "is attempting to grant RBAC permissions not currently held";
    Err(format!(
        "user {name} (groups={groups}) {what}:\n{}{}",
        lines.join("\n"),
        resolution_errors(snapshot, user, info)
    ))
}

/// The roles that the user is bound to and that are missing, each named with the resource of the request as upstream
/// does.
fn resolution_errors(snapshot: &Snapshot, user: &UserInfo, info: &RequestInfo) -> String {
    let missing = |role: &RoleKey| match role.kind {
        RoleKind::Other(_) => role.not_found(),
        _ => ApiError::not_found(&info.group_resource(), &role.name).message,
    };
    let errors = join_errors(snapshot.dangling_as(user, &info.namespace, missing));
    errors.map(|e| format!("; resolution errors: [{e}]")).unwrap_or_default()
}

fn permissions(rule: &Rule) -> usize {
    let resources =
        rule.groups.len().saturating_mul(rule.resources.len()).saturating_mul(rule.names.len().max(1));
    rule.verbs.len().saturating_mul(resources.saturating_add(rule.urls.len()))
}

/// One verb on one resource or path, as a rule of its own could give it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Permission<'a> {
    /// On a resource (with its subresource); the name is `None` when the permission is for all names.
    Resource { verb: &'a str, group: &'a str, resource: &'a str, name: Option<&'a str> },
    /// On a path.
    Path { verb: &'a str, path: &'a str },
}

impl Permission<'_> {
    fn rule(self) -> Rule {
        match self {
            Self::Resource { verb, group, resource, name } => Rule {
                verbs: vec![verb.into()],
                groups: vec![group.into()],
                resources: vec![resource.into()],
                names: name.into_iter().map(Str::from).collect(),
                urls: Vec::new(),
            },
            Self::Path { verb, path } => {
                Rule { verbs: vec![verb.into()], urls: vec![path.into()], ..Rule::default() }
            }
        }
    }
}

/// The single permissions in `rules` for which `holds` says no, each as a rule of its own.
pub(super) fn uncovered(rules: &[Rule], holds: impl Fn(Permission) -> bool) -> Vec<Rule> {
    let mut missing = Vec::new();
    let mut ask = |permission: Permission| {
        if !holds(permission) {
            missing.push(permission.rule());
        }
    };
    for rule in rules {
        for (group, resource) in rule.groups.iter().flat_map(|g| rule.resources.iter().map(move |r| (g, r))) {
            for verb in &rule.verbs {
                let single = |name| Permission::Resource { verb, group, resource, name };
                match rule.names.as_slice() {
                    [] => ask(single(None)),
                    names => names.iter().for_each(|name| ask(single(Some(name)))),
                }
            }
        }
        for path in &rule.urls {
            rule.verbs.iter().for_each(|verb| ask(Permission::Path { verb, path }));
        }
    }
    missing
}

/// Joins permissions that differ in their verb alone.
fn compact(rules: Vec<Rule>) -> Vec<Rule> {
    let (mut joined, mut rest) = (BTreeMap::<_, Rule>::new(), Vec::new());
    for rule in rules {
        if !rule.urls.is_empty() {
            rest.push(rule);
            continue;
        }
        let key = (rule.groups.clone(), rule.resources.clone(), rule.names.clone());
        match joined.entry(key) {
            std::collections::btree_map::Entry::Vacant(e) => {
                e.insert(rule);
            }
            std::collections::btree_map::Entry::Occupied(mut e) => e.get_mut().verbs.extend(rule.verbs),
        }
    }
    rest.extend(joined.into_values());
    rest
}
