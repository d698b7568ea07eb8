//! Which families of addresses a Service uses (KEP-563), settled from what the client said and what the cluster has.

use api::{ApiError, Value, field};

use super::allocation::Allocators;
use super::{families, kind_of};

const POLICY: [&str; 2] = ["spec", "ipFamilyPolicy"];
const SINGLE: &str = "SingleStack";
const PREFER: &str = "PreferDualStack";
const REQUIRE: &str = "RequireDualStack";

/// Addresses and families of a Service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stack {
    pub ips: Vec<String>,
    pub families: Vec<String>,
}

impl Stack {
    pub(super) fn of(service: &Value) -> Self {
        let list = |member: &str| {
            let items = service.array_at(&["spec", member]).iter();
            items.map(|item| item.as_str().unwrap_or("").to_owned()).collect()
        };
        Self { ips: list("clusterIPs"), families: list("ipFamilies") }
    }
}

/// Makes `clusterIPs` follow `clusterIP` where a client knows only the latter.
pub(super) fn complete_cluster_ips(new: &mut Value, old: &Value) {
    let is = new.str_at(&["spec", "clusterIP"]).to_owned();
    let single = || Value::from(vec![is.as_str()]);
    if old.is_null() {
        if !is.is_empty() && new.array_at(&["spec", "clusterIPs"]).is_empty() {
            new.set_at(&["spec", "clusterIPs"], single());
        }
        return;
    }
    let was = old.str_at(&["spec", "clusterIP"]);
    let old_ips = old.array_at(&["spec", "clusterIPs"]);
    if was == is {
        if !old_ips.is_empty() && new.array_at(&["spec", "clusterIPs"]).is_empty() {
            new.set_at(&["spec", "clusterIPs"], old_ips.to_vec());
        }
    } else if new.array_at(&["spec", "clusterIPs"]) == old_ips {
        if is.is_empty() && !was.is_empty() {
            new.remove_at(&["spec", "clusterIPs"]);
        } else {
            new.set_at(&["spec", "clusterIPs"], single());
        }
    }
}

/// True when an update leaves a Service alone that took two families because it preferred so: it neither gains nor
/// loses one because the cluster changed.
pub(super) fn is_settled_dual(new: &Value, old: &Value) -> bool {
    let policy = |service: &Value| service.at(&POLICY).as_str().map(str::to_owned);
    kind_of(old) == kind_of(new)
        && matches!(kind_of(new), "ClusterIP" | "NodePort" | "LoadBalancer")
        && policy(new).as_deref() == Some(PREFER)
        && policy(old).is_none_or(|policy| policy == PREFER)
        && Stack::of(old) == Stack::of(new)
}

/// Fills `ipFamilyPolicy` and `ipFamilies`, or says why they cannot be.
pub(super) fn settle(service: &mut Value, old: &Value, allocators: &dyn Allocators) -> Result<(), ApiError> {
    if kind_of(service) == "ExternalName" || (!old.is_null() && is_settled_dual(service, old)) {
        return Ok(());
    }
    let free = is_free(service);
    settle_policy(service, old, free);
    failing_on(service, |service, errors| families::check(service, old, errors))?;
    let policy = service.str_at(&POLICY).to_owned();
    failing_on(service, |service, errors| {
        if !old.is_null() {
            reduce(service, old, &policy, errors);
        }
        one_for_single(service, &policy, errors);
        infer_families(service, allocators, errors);
    })?;
    if !free {
        failing_on(service, |service, errors| possible(service, &policy, allocators, errors))?;
    }
    let dual = policy != SINGLE && (free || allocators.families().len() == 2);
    let mut found = Stack::of(service).families;
    if found.is_empty() {
        found.extend(allocators.families().first().map(|family| (*family).to_owned()));
    }
    if let (true, [only]) = (dual, found.as_slice()) {
        found.push(if only == "IPv4" { "IPv6" } else { "IPv4" }.to_owned());
    }
    service.set_at(&["spec", "ipFamilies"], found);
    Ok(())
}

/// A Service without address and selector: its endpoints are somebody else's and of any family.
fn is_free(service: &Value) -> bool {
    let selector = service.at(&["spec", "selector"]).as_object();
    service.str_at(&["spec", "clusterIP"]) == families::NONE && selector.is_none_or(api::Map::is_empty)
}

fn settle_policy(service: &mut Value, old: &Value, free: bool) {
    if service.at(&POLICY).is_null() {
        let policy = match old.at(&POLICY) {
            Value::Null if free => REQUIRE.into(),
            Value::Null => SINGLE.into(),
            kept => kept.clone(),
        };
        service.set_at(&POLICY, policy);
    }
}

fn failing_on(
    service: &mut Value,
    check: impl FnOnce(&mut Value, &mut field::Errors),
) -> Result<(), ApiError> {
    let mut errors = field::Errors::new();
    check(service, &mut errors);
    if errors.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid("", "Service", service.str_at(&["metadata", "name"]), &errors))
}

/// Going back to one family drops the second; nothing else may.
fn reduce(service: &mut Value, old: &Value, policy: &str, errors: &mut field::Errors) {
    let what = [("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")];
    for (member, shown) in what {
        let (was, is) = (old.array_at(&["spec", member]).to_vec(), service.array_at(&["spec", member]));
        if policy == SINGLE {
            if let ([first, _, ..], true) = (is, is == was) {
                let first = vec![first.clone()];
                service.set_at(&["spec", member], first);
            }
        } else if !is.is_empty() && is.len() < was.len() {
            let why = format!("must be 'SingleStack' to release the secondary {shown}");
            errors.invalid(&policy_path(), service.at(&POLICY), why);
        }
    }
}

fn one_for_single(service: &Value, policy: &str, errors: &mut field::Errors) {
    let what = [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")];
    for (member, shown) in what {
        if policy == SINGLE && service.array_at(&["spec", member]).len() == 2 {
            let why = format!(
                "must be 'RequireDualStack' or 'PreferDualStack' when multiple {shown} are specified"
            );
            errors.invalid(&policy_path(), service.at(&POLICY), why);
        }
    }
}

/// Addresses tell their families.
fn infer_families(service: &mut Value, allocators: &dyn Allocators, errors: &mut field::Errors) {
    let Stack { ips, families: mut known } = Stack::of(service);
    for (i, ip) in ips.iter().enumerate().take_while(|(_, ip)| *ip != families::NONE) {
        let family = families::family_of(ip);
        if i < known.len() {
            continue;
        }
        if allocators.families().contains(&family) {
            known.push(family.to_owned());
        } else {
            let path = field::Path::new("spec.clusterIPs").index(i);
            let why = format!("{family} is not configured on this cluster");
            errors.invalid(&path, service.at(&["spec", "clusterIPs"]), why);
        }
    }
    if !known.is_empty() {
        service.set_at(&["spec", "ipFamilies"], known);
    }
}

/// The cluster must have what the Service asks for.
fn possible(service: &Value, policy: &str, allocators: &dyn Allocators, errors: &mut field::Errors) {
    if policy == REQUIRE && allocators.families().len() < 2 {
        let why = "this cluster is not configured for dual-stack services";
        errors.invalid(&policy_path(), service.at(&POLICY), why);
    }
    for (i, family) in Stack::of(service).families.iter().enumerate() {
        if !allocators.families().contains(&family.as_str()) {
            let path = field::Path::new("spec.ipFamilies").index(i);
            errors.invalid(&path, &family.as_str().into(), "not configured on this cluster");
        }
    }
}

fn policy_path() -> field::Path {
    field::Path::new("spec.ipFamilyPolicy")
}
