//! Random choices, and questions made of them.

use super::{Question, Resource};

/// A generator (splitmix64) that gives the same for the same seed.
pub struct Random(u64);

const USERS: &[&str] = &[
    "u0",
    "u1",
    "u2",
    "system:serviceaccount:n1:a",
    "system:serviceaccount:n2:b",
    "system:node:m1",
    "system:node:m2",
];
pub const GROUPS: &[&str] = &["g0", "g1", "g2", "system:authenticated"];
pub const VERBS: &[&str] =
    &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
pub const NAMESPACES: &[&str] = &["", "n1", "n2", "n2-x", "kube-node-lease"];
pub const NAMES: &[&str] = &["", "a", "b", "m1", "m2", "a-v", "b-v"];
pub const RESOURCES: &[(&str, &str)] = &[
    ("", "pods"),
    ("", "pods"),
    ("", "secrets"),
    ("", "secrets"),
    ("", "configmaps"),
    ("", "nodes"),
    ("", "persistentvolumeclaims"),
    ("", "persistentvolumes"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("", "events"),
    ("apps", "deployments"),
    ("apps", "pods"),
    ("coordination.k8s.io", "leases"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "volumeattachments"),
    ("resource.k8s.io", "resourceslices"),
    ("resource.k8s.io", "resourceclaims"),
    ("certificates.k8s.io", "certificatesigningrequests"),
    ("certificates.k8s.io", "podcertificaterequests"),
];
pub const SUBRESOURCES: &[&str] = &["", "", "", "", "status", "log", "scale", "token", "eviction"];
pub const PATHS: &[&str] = &["/", "/a", "/a/", "/a/b", "/ab", "/healthz", ""];

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn some(&mut self, from: &[&str], most: usize) -> Vec<String> {
        (0..self.below(most + 1)).map(|_| self.pick(from).to_owned()).collect()
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            let j = self.below(i + 1);
            list.swap(i, j);
        }
    }

    pub fn user(&mut self) -> String {
        self.pick(USERS).to_owned()
    }

    pub fn question(&mut self) -> Question {
        let user = self.user();
        let mut groups = self.some(GROUPS, 3);
        if user.starts_with("system:node:") && !self.one_in(5) {
            groups.push("system:nodes".to_owned());
        }
        if self.one_in(50) {
            groups.push("system:masters".to_owned());
        }
        let mut resource = (!self.one_in(6)).then(|| self.resource());
        let mut verb = self.pick(VERBS).to_owned();
        // What follows from pods and volumes is rarely met by chance.
        if user.starts_with("system:node:") && self.one_in(2) {
            resource = Some(self.needed());
            verb = self.pick(&["get", "get", "get", "list", "watch"]).to_owned();
        }
        Question { user, groups, verb, resource, path: self.pick(PATHS).to_owned() }
    }

    /// Something that a pod or a volume may name.
    fn needed(&mut self) -> Resource {
        let resources =
            ["secrets", "secrets", "configmaps", "persistentvolumeclaims", "persistentvolumes", "pods"];
        let resource = self.pick(&resources).to_owned();
        let namespace = if resource == "persistentvolumes" { "" } else { self.pick(&["n1", "n2"]) };
        Resource {
            group: String::new(),
            resource,
            subresource: String::new(),
            namespace: namespace.to_owned(),
            name: self.pick(&["a", "b", "a-v"]).to_owned(),
            node: None,
        }
    }

    fn resource(&mut self) -> Resource {
        let (group, resource) = self.pick(RESOURCES);
        Resource {
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: self.pick(SUBRESOURCES).to_owned(),
            namespace: self.pick(NAMESPACES).to_owned(),
            name: self.pick(NAMES).to_owned(),
            node: self.one_in(4).then(|| (self.one_in(3), self.pick(&["m1", "m2"]).to_owned())),
        }
    }
}
