//! Role bindings.  Roles have no columns of their own.

use api::Value;

use super::format::{age, name};
use super::sheet::{AGE, NAME, Sheet, field, string, text, wide};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "ClusterRoleBinding" => Some(&CLUSTER_ROLE_BINDING),
        "RoleBinding" => Some(&ROLE_BINDING),
        _ => None,
    }
}

static ROLE_BINDING: Sheet = Sheet {
    columns: &[
        NAME,
        string("Role", field("io.k8s.api.rbac.v1.RoleBinding", "roleRef")),
        AGE,
        wide("Users", text("Users it is for.")),
        wide("Groups", text("Groups it is for.")),
        wide("ServiceAccounts", text("Service accounts it is for.")),
    ],
    cells: binding,
    ..Sheet::BARE
};

static CLUSTER_ROLE_BINDING: Sheet = Sheet {
    columns: &[
        NAME,
        string("Role", field("io.k8s.api.rbac.v1.ClusterRoleBinding", "roleRef")),
        AGE,
        wide("Users", text("Users it is for.")),
        wide("Groups", text("Groups it is for.")),
        wide("ServiceAccounts", text("Service accounts it is for.")),
    ],
    cells: binding,
    ..Sheet::BARE
};

fn binding(o: &Value, now: i64) -> Vec<Value> {
    let role = format!("{}/{}", o.str_at(&["roleRef", "kind"]), o.str_at(&["roleRef", "name"]));
    let subjects = ["User", "Group", "ServiceAccount"].map(|kind| Value::from(subjects(o, kind)));
    [name(o), role.into(), age(o, now)].into_iter().chain(subjects).collect()
}

fn subjects(o: &Value, kind: &str) -> String {
    let of_kind = o.array_at(&["subjects"]).iter().filter(|s| s.str_at(&["kind"]) == kind);
    let names = of_kind.map(|s| match kind {
        "ServiceAccount" => format!("{}/{}", s.str_at(&["namespace"]), s.str_at(&["name"])),
        _ => s.str_at(&["name"]).to_owned(),
    });
    names.collect::<Vec<_>>().join(", ")
}
