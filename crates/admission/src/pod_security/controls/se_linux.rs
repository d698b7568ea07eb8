//! SELinux confines containers; only types that do may be chosen.

use api::Value;

use super::Violation;
use super::text::{self, Values};
use crate::pod_security::pod::{Pod, name, security};

const OPTIONS: &[&str] = &["seLinuxOptions"];
const TYPES: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t"];
const WITH_ENGINE: &[&str] =
    &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    holds(pod, TYPES)
}

/// A type for engines inside of containers came later.
pub(super) fn with_engine(pod: &Pod<'_>) -> Option<Violation> {
    holds(pod, WITH_ENGINE)
}

/// What the options of a pod and its containers set that they must not.
#[derive(Default)]
struct Found<'a> {
    types: Values<'a>,
    user: bool,
    role: bool,
}

impl<'a> Found<'a> {
    fn look(&mut self, options: &'a Value, allowed: &[&str]) -> bool {
        let [kind, user, role] = ["type", "user", "role"].map(|member| options.str_at(&[member]));
        let bad_type = !allowed.contains(&kind);
        if bad_type {
            self.types.insert(kind);
        }
        self.user |= !user.is_empty();
        self.role |= !role.is_empty();
        bad_type || !user.is_empty() || !role.is_empty()
    }

    fn texts(self) -> String {
        let types = (!self.types.is_empty()).then(|| {
            format!("{} {}", text::plural(self.types.len(), "type", "types"), text::quoted(self.types))
        });
        let user = self.user.then(|| "user may not be set".to_owned());
        let role = self.role.then(|| "role may not be set".to_owned());
        types.into_iter().chain(user).chain(role).collect::<Vec<_>>().join("; ")
    }
}

fn holds(pod: &Pod<'_>, allowed: &[&str]) -> Option<Violation> {
    let mut found = Found::default();
    let by_pod = found.look(pod.security(OPTIONS), allowed);
    let bad: Vec<_> =
        pod.containers().filter(|c| found.look(security(c, OPTIONS), allowed)).map(name).collect();
    let setters = text::setters(by_pod, &bad);
    if setters.is_empty() {
        return None;
    }
    let setters = setters.join(" and ");
    Violation::some(
        "seLinuxOptions",
        format!("{setters} set forbidden securityContext.seLinuxOptions: {}", found.texts()),
    )
}
