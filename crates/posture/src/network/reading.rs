//! Every policy of a cluster, in the order in which they are asked, and what is known of those that cannot be followed.

use evidence::{Evidence, Object};

use super::calico::{Calico, is_policy};
use super::policy::{Pods, Policy};
use super::{admin, cilium, plain};

/// A policy that is not followed.
#[derive(Debug)]
pub(super) enum Unread<'a> {
    /// It may decide about any pod of a namespace.
    In(&'a str),
    /// It may decide about any pod.
    Anywhere,
    /// It may decide about these pods.
    For(Pods),
}

/// Reads all of them.
pub(super) fn read(evidence: &Evidence) -> (Vec<Policy<'_>>, Vec<Unread<'_>>) {
    let (mut policies, mut unread) = (Vec::new(), Vec::new());
    let mut calico = None;
    for object in &evidence.objects {
        match (object.group(), object.kind()) {
            ("networking.k8s.io", "NetworkPolicy") => policies.push(plain::policy(object)),
            ("cilium.io", "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy") => {
                policies.extend(cilium::policies(evidence, object));
            }
            (
                "policy.networking.k8s.io",
                "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" | "ClusterNetworkPolicy",
            ) => match admin::unread(object) {
                Some(pods) => unread.push(Unread::For(pods)),
                None => policies.extend(admin::policy(object)),
            },
            ("crd.antrea.io", "NetworkPolicy" | "ClusterNetworkPolicy") => unread.push(place(object)),
            _ if is_policy(object) => {
                let calico = calico.get_or_insert_with(|| Calico::of(evidence));
                match calico.policy(object) {
                    Ok(policy) => policies.extend(policy),
                    Err(why) => unread.push(why),
                }
            }
            _ => {}
        }
    }
    // Two makers of networks in one cluster: which of them decides is not for policies to tell.
    if calico.is_some() && policies.iter().any(|policy| policy.object.group() == "cilium.io") {
        unread.push(Unread::Anywhere);
    }
    sort(&mut policies);
    (policies, unread)
}

/// Where a policy may decide of which nothing else is known.
pub(super) fn place(object: &Object) -> Unread<'_> {
    match object.namespace() {
        "" => Unread::Anywhere,
        namespace => Unread::In(namespace),
    }
}

fn sort(policies: &mut [Policy<'_>]) {
    let is_plain = |policy: &Policy<'_>| policy.object.group() == "networking.k8s.io";
    policies.sort_by(|a, b| {
        let tiers = a.tier.order.total_cmp(&b.tier.order).then_with(|| a.tier.name.cmp(b.tier.name));
        let within = || a.order.total_cmp(&b.order).then_with(|| is_plain(a).cmp(&is_plain(b)));
        tiers.then_with(within).then_with(|| a.object.name().cmp(b.object.name()))
    });
}
