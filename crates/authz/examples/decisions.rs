//! How long an RBAC decision takes with few and with many bindings: `cargo run --release -p sumun-authz --example
//! decisions`.  Prints nanoseconds a decision (the best
//! of many batches), how long loading and changes take, and memory a binding (Linux).
#![allow(clippy::print_stdout, reason = "a program that measures prints")]

use std::sync::Arc;
use std::time::Instant;

use api::time::Timestamp;
use api::user::UserInfo;
use api::{Value, object};
use sumun_authz::access::AccessRules;
use sumun_authz::rbac::{Kind, Rbac, Rule};
use sumun_authz::{Attributes, Authorizer, ResourceTarget, bootstrap};

fn binding(namespace: &str, name: &str, role: &str, user: &str) -> Value {
    object! {
        "metadata" => object! { "namespace" => namespace, "name" => name },
        "roleRef" => object! { "kind" => "ClusterRole", "name" => role },
        "subjects" => vec![object! { "kind" => "User", "name" => user }],
    }
}

/// Bindings spread over users and namespaces, as in a cluster with many tenants.
fn tenants(rbac: &Rbac, count: usize) {
    rbac.batch(|b| {
        bootstrap::objects().iter().for_each(|(kind, object)| b.upsert(*kind, object));
        b.set_role(
            true,
            "",
            "tenant",
            vec![Rule::resources("get list watch", "- apps", "pods deployments services")],
        );
        for i in 0..count {
            let object = binding(&format!("ns{}", i % 1000), &format!("b{i}"), "tenant", &format!("user{i}"));
            b.upsert(Kind::RoleBinding, &object);
        }
    });
}

/// One user bound to as many roles.
fn hoarder(rbac: &Rbac, count: usize) {
    rbac.batch(|b| {
        for i in 0..count {
            let rule = Rule::resources("get", "-", "configmaps").named(&format!("c{i}"));
            b.set_role(true, "", &format!("r{i}"), vec![rule]);
            b.upsert(Kind::ClusterRoleBinding, &binding("", &format!("b{i}"), &format!("r{i}"), "hoarder"));
        }
    });
}

/// Access rules of which one matters: the others are for other users, resources or namespaces, by their conditions.
fn access_rules(count: usize) {
    let rule = |number: usize, condition: &str| {
        object! {
            "apiVersion" => "authz.sumun.io/v1alpha1", "kind" => "AccessRule",
            "metadata" => object! { "name" => format!("r{number}") },
            "spec" => object! {
                "effect" => "Deny", "conditions" => vec![object! { "expression" => condition }],
            },
        }
    };
    let condition = |number: usize| match number % 3 {
        _ if number == 0 => {
            "request.user == 'bob' && request.resourceAttributes.name.startsWith('x')".to_owned()
        }
        0 => format!("request.user == 'user{number}' && request.resourceAttributes.name != ''"),
        1 => format!("request.resourceAttributes.resource == 'things{number}'"),
        _ => format!("request.resourceAttributes.namespace == 'ns{number}' && !('x' in request.groups)"),
    };
    let rules = AccessRules::new(Arc::new(|| Timestamp::new(1_800_000_000, 0)));
    let objects: Vec<Value> = (0..count).map(|number| rule(number, &condition(number))).collect();
    assert!(rules.upsert(&objects).is_empty());
    let user = UserInfo::new("bob", ["system:authenticated"]);
    let target =
        ResourceTarget { resource: "pods", namespace: "ns", name: "xyz", ..ResourceTarget::default() };
    time(&format!("{count} access rules, one matters"), &rules, &user, target);
}

fn time(what: &str, rbac: &dyn Authorizer, user: &UserInfo, target: ResourceTarget) {
    const ROUNDS: u32 = 5_000;
    let attributes = Attributes::of_resource(user, "get", target);
    let allowed = rbac.authorize(&attributes).allowed();
    let batch = || {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            std::hint::black_box(rbac.authorize(std::hint::black_box(&attributes)).allowed());
        }
        start.elapsed().as_nanos() / u128::from(ROUNDS)
    };
    // The best of many batches: what is left when nobody else uses the machine.
    let nanos = (0..40).map(|_| batch()).min().unwrap_or_default();
    println!("  {nanos:>6} ns  {what} ({})", if allowed { "allowed" } else { "denied" });
}

/// Resident memory in bytes, 0 where nobody tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The median and the longest of many changes of one binding each: created, changed, deleted.
fn changes(rbac: &Rbac) {
    let mut times = Vec::new();
    for i in 0..1000 {
        let (name, namespace) = (format!("new{i}"), format!("ns{}", i * 7 % 1000));
        for (role, user) in [("tenant", "somebody"), ("tenant", "another")] {
            let object = binding(&namespace, &name, role, user);
            let start = Instant::now();
            rbac.upsert(Kind::RoleBinding, &object);
            times.push(start.elapsed());
        }
        let start = Instant::now();
        rbac.remove(Kind::RoleBinding, &namespace, &name);
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |i: usize| times.get(i).copied().unwrap_or_default();
    println!(
        "  a change {:?}, the longest of {} {:?}",
        at(times.len() / 2),
        times.len(),
        at(times.len() - 1)
    );
}

fn main() {
    for count in [1, 100, 1000] {
        access_rules(count);
    }
    for count in [10, 10_000, 1_000_000] {
        let rbac = Rbac::new();
        let (start, before) = (Instant::now(), resident());
        tenants(&rbac, count);
        println!("{count} bindings over as many users, loaded in {:?}", start.elapsed());
        println!("  {} bytes a binding", resident().saturating_sub(before) / count as u64);
        let user = UserInfo::new("user7", ["system:authenticated"]);
        let here =
            ResourceTarget { resource: "pods", namespace: "ns7", name: "p", ..ResourceTarget::default() };
        time("by a role binding", &rbac, &user, here);
        time("nothing allows", &rbac, &user, ResourceTarget { resource: "secrets", ..here });
        time("nothing allows a subresource", &rbac, &user, ResourceTarget { subresource: "log", ..here });
        let admin = UserInfo::new("a", ["system:authenticated", "system:masters"]);
        time("by cluster-admin", &rbac, &admin, here);
        let many = UserInfo::new("user7", (0..20).map(|i| format!("group{i}")));
        time("a user in 20 groups", &rbac, &many, here);
        changes(&rbac);
    }
    for count in [10, 10_000, 100_000] {
        let rbac = Rbac::new();
        let start = Instant::now();
        hoarder(&rbac, count);
        println!("one user with {count} roles, loaded in {:?}", start.elapsed());
        let user = UserInfo::new("hoarder", ["system:authenticated"]);
        let target = ResourceTarget { resource: "configmaps", name: "c9", ..ResourceTarget::default() };
        time("by one of them", &rbac, &user, target);
        time("by none", &rbac, &user, ResourceTarget { name: "x", ..target });
        let start = Instant::now();
        rbac.batch(|b| b.set_role(true, "", "r5", vec![Rule::resources("get", "-", "secrets")]));
        println!("  one change {:?}", start.elapsed());
    }
}
