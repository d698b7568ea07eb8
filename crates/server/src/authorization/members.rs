//! From configured authorizers to those that are asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use authz::abac::Abac;
use authz::configuration::{AuthorizerConfig, Configuration, Connection};
use authz::node::Node;
use authz::rbac::Rbac;
use authz::webhook::{Monotonic, ReviewVersion, Webhook};
use authz::{AlwaysAllow, AlwaysDeny, Member, Union};

use super::metrics::Outcomes;
use crate::config::Config;
use crate::policies::Policies;
use crate::webhook::{self, of_kubeconfig};

/// Makes an authorizer.  An error names what cannot be used.
type Make = fn(&Kept, &AuthorizerConfig) -> Result<Member, String>;

/// How each type of [`authz::configuration::TYPES`] is made.
const MAKERS: &[(&str, Make)] = &[
    ("ABAC", |kept, _| {
        let abac = kept.abac.clone();
        abac.map(|abac| Member::Local(abac)).ok_or_else(|| missing("ABAC"))
    }),
    ("AccessRules", access_rules),
    ("AlwaysAllow", |_, _| Ok(Member::Local(Arc::new(AlwaysAllow)))),
    ("AlwaysDeny", |_, _| Ok(Member::Local(Arc::new(AlwaysDeny)))),
    ("Node", |kept, _| {
        let node = kept.node.clone();
        node.map(|node| Member::Local(node)).ok_or_else(|| missing("Node"))
    }),
    ("RBAC", |kept, _| Ok(Member::Local(kept.rbac.clone()))),
    ("Webhook", of_webhook),
];

/// What stays over reloads, because it is fed from the start.
pub(super) struct Kept {
    pub rbac: Arc<Rbac>,
    pub node: Option<Arc<Node>>,
    abac: Option<Arc<Abac>>,
    policies: Arc<Policies>,
    /// Rules are objects since the start: their kind is served.
    objects: bool,
    outcomes: Arc<Outcomes>,
    clock: Monotonic,
    /// All tries of a webhook together.
    limit: Duration,
}

impl Kept {
    /// What the first configuration needs.
    ///
    /// # Errors
    /// A policy file that cannot be used.
    pub(super) fn new(
        first: &Configuration,
        config: &Config,
        policies: &Arc<Policies>,
        outcomes: &Arc<Outcomes>,
    ) -> Result<Self, String> {
        let has = |name: &str| first.authorizers.iter().any(|a| a.of.name == name);
        let abac = match (has("ABAC"), &config.authorization_policy_file) {
            (false, _) => None,
            (true, Some(path)) => Some(policies.abac(path)?),
            (true, None) => {
                return Err("authorization-mode ABAC's authorization policy file not passed".to_owned());
            }
        };
        let started = Instant::now();
        Ok(Self {
            rbac: Arc::new(Rbac::new()),
            node: has("Node").then(|| Arc::new(Node::new())),
            abac,
            policies: policies.clone(),
            objects: first.authorizers.iter().any(wants_objects),
            outcomes: outcomes.clone(),
            clock: Arc::new(move || started.elapsed()),
            limit: config.request_timeout,
        })
    }

    /// The authorizers of a configuration.
    ///
    /// # Errors
    /// The first authorizer that cannot be made.
    pub(super) fn union(&self, configuration: &Configuration) -> Result<Union, String> {
        let make = |authorizer: &AuthorizerConfig| {
            let maker = MAKERS.iter().find(|(name, _)| *name == authorizer.of.name);
            let (_, make) = maker.ok_or_else(|| missing(authorizer.of.name))?;
            make(self, authorizer).map_err(|why| format!("authorizer {}: {why}", authorizer.name))
        };
        Ok(Union::of(configuration.authorizers.iter().map(make).collect::<Result<Vec<_>, _>>()?))
    }
}

fn wants_objects(authorizer: &AuthorizerConfig) -> bool {
    authorizer.access_rules == Some(authz::access::Source::Objects)
}

fn missing(name: &str) -> String {
    format!("authorizer type {name} is not allowed if it was not enabled at initial server startup")
}

fn access_rules(kept: &Kept, authorizer: &AuthorizerConfig) -> Result<Member, String> {
    let source = authorizer.access_rules.as_ref().ok_or("there is no section accessRules")?;
    if wants_objects(authorizer) && !kept.objects {
        return Err("rules that are objects must be there when the server starts".to_owned());
    }
    Ok(Member::Local(kept.policies.access_rules(source)?))
}

fn of_webhook(kept: &Kept, authorizer: &AuthorizerConfig) -> Result<Member, String> {
    let config = authorizer.webhook.as_ref().ok_or("there is no section webhook")?;
    let (client, path) = match &config.connection {
        Connection::KubeConfigFile(file) => (of_kubeconfig(file)?, ""),
        Connection::InCluster => {
            let client = client::Config::in_cluster().map_err(|e| e.to_string())?;
            let path = match config.settings.version {
                ReviewVersion::V1 => "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                ReviewVersion::V1beta1 => "/apis/authorization.k8s.io/v1beta1/subjectaccessreviews",
            };
            (client, path)
        }
    };
    let callout = Arc::new(webhook::Webhook::new(client, path, config.timeout, kept.limit)?);
    let (settings, conditions) = (config.settings.clone(), config.conditions.clone());
    let counts = kept.outcomes.webhook(&authorizer.name);
    let name = authorizer.name.as_str();
    let webhook = Webhook::new(name, settings, conditions, callout, kept.clock.clone(), counts);
    Ok(Member::Remote(Arc::new(webhook)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_can_be_made() {
        let types: Vec<&str> = authz::configuration::TYPES.iter().map(|of| of.name).collect();
        let makers: Vec<&str> = MAKERS.iter().map(|(name, _)| *name).collect();
        assert_eq!(types, makers);
    }
}
