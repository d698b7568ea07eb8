//! The RBAC objects of a cluster with where each was found, and the authorizer over them.
//!
//! Entry point: [`Policy::of`].

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock};

use api::Value;
use authz::rbac::{Binding, GROUP, Kind, Rbac, RoleKey, RoleKind, Rule, aggregated_rules};
use authz::{Authorizer, Union, bootstrap};
use evidence::{Object, Origin};

/// Aggregated roles may gather from aggregated roles; so many rounds are enough for chains of any sense.
const MOST_ROUNDS: usize = 10;

/// Group and kind of the objects that make a policy.
pub const RBAC_KINDS: [(&str, &str); 4] =
    [(GROUP, "Role"), (GROUP, "ClusterRole"), (GROUP, "RoleBinding"), (GROUP, "ClusterRoleBinding")];

/// A role and where it was found.
#[derive(Clone, Debug)]
pub struct RoleEntry {
    /// Which role.
    pub key: RoleKey,
    /// Its rules, those it gathers included.
    pub rules: Vec<Rule>,
    /// Where it was found.
    pub origin: Origin,
    /// True for the roles that every cluster starts with.
    pub stock: bool,
}

/// A binding and where it was found.
#[derive(Clone, Debug)]
pub struct BindingEntry {
    /// The binding.
    pub binding: Arc<Binding>,
    /// Where it was found.
    pub origin: Origin,
    /// True for the bindings that every cluster starts with.
    pub stock: bool,
}

/// The RBAC objects of a cluster.
pub struct Policy {
    /// Roles, sorted.
    pub roles: BTreeMap<RoleKey, RoleEntry>,
    /// Bindings by namespace (`""` for those of the cluster) and name.
    pub bindings: BTreeMap<(String, String), BindingEntry>,
    /// True when the roles of every cluster were not among the objects and were added.
    pub stock_added: bool,
    rbac: Arc<Rbac>,
}

impl Policy {
    /// The policy in `objects`.
    ///
    /// Aggregated roles are filled.  Where the objects have no `cluster-admin` they are manifests, not a cluster: then
    /// what every cluster starts with is added.
    pub fn of(objects: &[Object]) -> Self {
        let mut values: Vec<(Kind, Value, Origin)> = objects.iter().filter_map(rbac_object).collect();
        let is_admin = |kind: Kind, v: &Value| {
            kind == Kind::ClusterRole && v.str_at(&["metadata", "name"]) == "cluster-admin"
        };
        let stock_added = !values.iter().any(|(kind, v, _)| is_admin(*kind, v));
        if stock_added {
            values
                .splice(0..0, stock().iter().map(|(kind, v)| (*kind, v.clone(), Origin::whole("built in"))));
        }
        let mut policy = Self {
            roles: BTreeMap::new(),
            bindings: BTreeMap::new(),
            stock_added,
            rbac: Arc::new(Rbac::new()),
        };
        fill_aggregated(&mut values);
        let names: HashSet<Id> = stock().iter().map(|(kind, v)| Id::of(*kind, v)).collect();
        policy.rbac.batch(|batch| {
            for (kind, value, _) in &values {
                batch.upsert(*kind, value);
            }
        });
        for (kind, value, origin) in values {
            let stock = names.contains(&Id::of(kind, &value));
            policy.keep(kind, &value, origin, stock);
        }
        policy
    }

    fn keep(&mut self, kind: Kind, value: &Value, origin: Origin, stock: bool) {
        match kind {
            Kind::Role | Kind::ClusterRole => {
                let cluster = kind == Kind::ClusterRole;
                let key = RoleKey {
                    kind: if cluster { RoleKind::ClusterRole } else { RoleKind::Role },
                    namespace: value.str_at(&["metadata", "namespace"]).into(),
                    name: value.str_at(&["metadata", "name"]).into(),
                };
                let rules = value.array_at(&["rules"]).iter().map(Rule::from_value).collect();
                self.roles.insert(key.clone(), RoleEntry { key, rules, origin, stock });
            }
            Kind::RoleBinding | Kind::ClusterRoleBinding => {
                let binding = Arc::new(Binding::from_value(value));
                let key = (binding.namespace.to_string(), binding.name.to_string());
                self.bindings.insert(key, BindingEntry { binding, origin, stock });
            }
        }
    }

    /// The index over these objects.
    pub fn rbac(&self) -> &Arc<Rbac> {
        &self.rbac
    }

    /// The authorizer that a server with these objects runs in mode RBAC.
    pub fn authorizer(&self) -> Union {
        Union::new([Arc::clone(&self.rbac) as Arc<dyn Authorizer>])
    }

    /// The role a binding refers to, when it exists.
    pub fn role_of(&self, binding: &Binding) -> Option<&RoleEntry> {
        self.roles.get(&binding.role_key())
    }
}

/// The roles and bindings every cluster starts with.
fn stock() -> &'static [(Kind, Value)] {
    static STOCK: LazyLock<Vec<(Kind, Value)>> = LazyLock::new(bootstrap::objects);
    &STOCK
}

/// Kind, namespace and name.
#[derive(PartialEq, Eq, Hash)]
struct Id(Kind, String, String);

impl Id {
    fn of(kind: Kind, value: &Value) -> Self {
        let part = |key| value.str_at(&["metadata", key]).to_owned();
        Self(kind, part("namespace"), part("name"))
    }
}

fn rbac_object(object: &Object) -> Option<(Kind, Value, Origin)> {
    if object.group() != GROUP {
        return None;
    }
    let kind = match object.kind() {
        "Role" => Kind::Role,
        "ClusterRole" => Kind::ClusterRole,
        "RoleBinding" => Kind::RoleBinding,
        "ClusterRoleBinding" => Kind::ClusterRoleBinding,
        _ => return None,
    };
    Some((kind, object.value.clone(), object.origin.clone()))
}

/// Gives aggregated cluster roles their rules, as the server's controller does; a selector that cannot be read leaves
/// what was written.
fn fill_aggregated(values: &mut [(Kind, Value, Origin)]) {
    for _ in 0..MOST_ROUNDS {
        let all: Vec<Value> = values
            .iter()
            .filter(|(kind, ..)| *kind == Kind::ClusterRole)
            .map(|(_, v, _)| v.clone())
            .collect();
        let mut changed = false;
        for (kind, value, _) in values.iter_mut() {
            if *kind == Kind::ClusterRole
                && let Ok(Some(rules)) = aggregated_rules(value, &all)
            {
                value.set_at(&["rules"], rules);
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;
    use api::user::UserInfo;
    use authz::{Attributes, ResourceTarget};

    fn object(value: Value) -> Object {
        Object { value, origin: Origin::whole("f") }
    }

    #[test]
    fn manifests_get_the_stock_roles_and_aggregation() {
        let extra = object! {
            "apiVersion" => "rbac.authorization.k8s.io/v1", "kind" => "ClusterRole",
            "metadata" => object! {
                "name" => "crd-view",
                "labels" => object! { "rbac.authorization.k8s.io/aggregate-to-view" => "true" },
            },
            "rules" => vec![Rule::resources("get", "x.io", "things").value()],
        };
        let binding = object! {
            "apiVersion" => "rbac.authorization.k8s.io/v1", "kind" => "RoleBinding",
            "metadata" => object! { "name" => "b", "namespace" => "ns" },
            "roleRef" => object! { "kind" => "ClusterRole", "name" => "admin" },
            "subjects" => vec![object! { "kind" => "User", "name" => "bob" }],
        };
        let policy = Policy::of(&[object(extra), object(binding)]);
        assert!(policy.stock_added);
        let bob = UserInfo::new("bob", ["system:authenticated"]);
        let thing =
            ResourceTarget { group: "x.io", resource: "things", namespace: "ns", ..Default::default() };
        let ask = |verb| policy.authorizer().authorize(&Attributes::of_resource(&bob, verb, thing)).allowed();
        assert!(ask("get"), "view goes into edit goes into admin");
        assert!(!ask("delete"));
        let stock = policy.bindings.values().filter(|b| b.stock).count();
        assert_eq!(policy.bindings.len(), stock + 1);
    }
}
