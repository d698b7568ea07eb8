//! One way of impersonating: what is asked of the authorizer, and what the user becomes.

use std::collections::BTreeMap;

use api::error::Result;
use api::user::{
    ANONYMOUS, AUTHENTICATED, SYSTEM_MASTERS, UNAUTHENTICATED, UserInfo, service_account_groups,
    split_service_account,
};

use super::{Impersonated, extra, node_of, on_same_node, only_name};
use crate::authorizer::{Attributes, Authorizer, Reason, ResourceTarget, Target};
use crate::forbidden;

/// From so many values on, one question about all of them comes first.
pub(super) const MANY: usize = 4;
const AUTHENTICATION: &str = "authentication.k8s.io";

/// The ways of impersonating, from the tightest to the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    AssociatedNode,
    ArbitraryNode,
    ServiceAccount,
    UserInfo,
    Legacy,
}

impl Mode {
    pub const ALL: [Mode; 5] =
        [Mode::AssociatedNode, Mode::ArbitraryNode, Mode::ServiceAccount, Mode::UserInfo, Mode::Legacy];

    /// The verb about the user; with `-on` and the verb of the request, that about the request.
    fn verb(self) -> &'static str {
        match self {
            Self::AssociatedNode => "impersonate:associated-node",
            Self::ArbitraryNode => "impersonate:arbitrary-node",
            Self::ServiceAccount => "impersonate:serviceaccount",
            Self::UserInfo => "impersonate:user-info",
            Self::Legacy => "impersonate",
        }
    }

    fn is_constrained(self) -> bool {
        self != Self::Legacy
    }

    /// True when the mode is about such a user at all.
    pub fn applies(self, wanted: &UserInfo, requestor: &UserInfo) -> bool {
        let node = node_of(&wanted.name).is_some();
        let account = split_service_account(&wanted.name).is_some();
        match self {
            Self::AssociatedNode => only_name(wanted) && on_same_node(wanted, requestor),
            Self::ArbitraryNode => only_name(wanted) && node,
            Self::ServiceAccount => only_name(wanted) && account,
            Self::UserInfo => !node && !account,
            Self::Legacy => true,
        }
    }

    /// Asks everything that this mode asks.
    pub fn check(
        self,
        wanted: &UserInfo,
        attributes: &Attributes,
        authorizer: &dyn Authorizer,
    ) -> Result<Impersonated> {
        let requestor = self.requestor(attributes.user);
        let asking = Asking { mode: self, requestor: &requestor, authorizer };
        if let Some(mode) = self.verb().strip_prefix("impersonate:") {
            let verb = format!("impersonate-on:{mode}:{}", attributes.verb);
            asking.ask(&Attributes { user: &requestor, verb: &verb, target: attributes.target })?;
        }
        let mut user = wanted.clone();
        asking.username(wanted, &mut user)?;
        asking.uid(wanted)?;
        asking.groups(wanted)?;
        asking.extra(wanted)?;
        add_group(&mut user);
        Ok(Impersonated { user, constraint: if self.is_constrained() { self.verb() } else { "" } })
    }

    /// Who asks.  For one's own node the values of `extra` do not count, since they were compared already.
    fn requestor(self, user: &UserInfo) -> UserInfo {
        let mut requestor = user.clone();
        if self == Self::AssociatedNode {
            let keys = user.extra.keys().cloned().collect();
            let key = "authentication.kubernetes.io/associated-node-keys".to_owned();
            requestor.extra = BTreeMap::from([(key, keys)]);
        }
        requestor
    }
}

/// Questions of one mode.
struct Asking<'a> {
    mode: Mode,
    requestor: &'a UserInfo,
    authorizer: &'a dyn Authorizer,
}

impl Asking<'_> {
    fn ask(&self, attributes: &Attributes) -> Result<()> {
        let verdict = self.authorizer.authorize(attributes);
        if verdict.allowed() {
            return Ok(());
        }
        let reason = match (verdict.error, verdict.reason) {
            (None, reason) => reason,
            (Some(error), reason) if reason.is_empty() => Reason::text(error),
            (Some(error), reason) => Reason::text(format!("{error}: {reason}")),
        };
        Err(forbidden(attributes, &reason))
    }

    fn about(&self, target: ResourceTarget) -> Result<()> {
        self.ask(&self.attributes(target))
    }

    fn attributes<'a>(&'a self, target: ResourceTarget<'a>) -> Attributes<'a> {
        Attributes { user: self.requestor, verb: self.mode.verb(), target: Target::Resource(target) }
    }

    fn refuse(&self, target: ResourceTarget, why: String) -> Result<()> {
        Err(forbidden(&self.attributes(target), &Reason::text(why)))
    }

    /// The part of a user that is asked for; users and groups were core resources once.
    fn part<'a>(&self, resource: &'a str, name: &'a str) -> ResourceTarget<'a> {
        let core = !self.mode.is_constrained() && matches!(resource, "users" | "groups" | "serviceaccounts");
        let group = if core { "" } else { AUTHENTICATION };
        ResourceTarget { group, version: "v1", resource, name, ..ResourceTarget::default() }
    }

    /// The name; a node and a service account bring their groups.
    fn username(&self, wanted: &UserInfo, user: &mut UserInfo) -> Result<()> {
        let mut target = self.part("users", &wanted.name);
        if let Some(node) = node_of(&wanted.name).filter(|_| self.mode.is_constrained()) {
            // One's own node stands for every node, as in upstream.
            let name = if self.mode == Mode::AssociatedNode { "*" } else { node };
            target = self.part("nodes", name);
            user.groups = vec!["system:nodes".to_owned()];
        }
        if let Some((namespace, name)) = split_service_account(&wanted.name) {
            target = ResourceTarget { namespace, ..self.part("serviceaccounts", name) };
            if wanted.groups.is_empty() {
                user.groups = service_account_groups(namespace);
            }
        }
        self.about(target)
    }

    fn uid(&self, wanted: &UserInfo) -> Result<()> {
        if wanted.uid.is_empty() { Ok(()) } else { self.about(self.part("uids", &wanted.uid)) }
    }

    fn groups(&self, wanted: &UserInfo) -> Result<()> {
        let constrained = self.mode.is_constrained();
        if constrained && wanted.in_group("") {
            let why = "impersonating the empty string group is not allowed";
            return self.refuse(self.part("groups", ""), why.to_owned());
        }
        if constrained && wanted.in_group(SYSTEM_MASTERS) {
            let why = "impersonating the system:masters group is not allowed";
            return self.refuse(self.part("groups", SYSTEM_MASTERS), why.to_owned());
        }
        if constrained && wanted.groups.len() >= MANY && self.about(self.part("groups", "*")).is_ok() {
            return Ok(());
        }
        wanted.groups.iter().try_for_each(|group| self.about(self.part("groups", group)))
    }

    fn extra(&self, wanted: &UserInfo) -> Result<()> {
        let constrained = self.mode.is_constrained();
        if constrained && let Err(why) = extra::validate(&wanted.extra) {
            return self.refuse(self.part("userextras", ""), why);
        }
        let value = |key, name| ResourceTarget { subresource: key, ..self.part("userextras", name) };
        if constrained && extra::is_large(&wanted.extra) && self.about(value("*", "*")).is_ok() {
            return Ok(());
        }
        let mut pairs = wanted.extra.iter().flat_map(|(key, values)| values.iter().map(move |v| (key, v)));
        pairs.try_for_each(|(key, name)| self.about(value(key, name)))
    }
}

/// Adds the group of everybody who is known, or who is not.
fn add_group(user: &mut UserInfo) {
    let group = if user.name == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
    if !user.in_group(group) && !user.in_group(UNAUTHENTICATED) {
        user.groups.push(group.to_owned());
    }
}
