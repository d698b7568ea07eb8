//! Every way to be allowed something, and the union of them: made from `--authorization-mode` or from a file
//! (`--authorization-config`), which is read again when it changes.
//!
//! Entry points: [`Authorization::new`], then [`Authorization::check`] and [`Authorization::union`].  A type of
//! authorizer is a line of [`authz::configuration::TYPES`] and one of the table in `members.rs`.

mod configuration;
mod members;
mod metrics;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use api::{ApiError, Reason};
use arc_swap::ArcSwap;
use authz::access::AccessRules;
use authz::configuration::Configuration;
use authz::node::Node;
use authz::rbac::Rbac;
use authz::{Attributes, Union, Verdict};

use crate::config::Config;
use crate::controllers::authorizers::Known;
use crate::policies::Policies;
use crate::reload::Reloads;
use members::Kept;
use metrics::Outcomes;

/// The authorizers of a server.
pub(crate) struct Authorization {
    /// All of them, in order.
    union: Arc<ArcSwap<Union>>,
    /// The index of roles and bindings, when RBAC is on; controllers keep it up to date.
    pub rbac: Arc<Rbac>,
    /// What ties objects to nodes, when the Node authorizer is on.
    pub node: Option<Arc<Node>>,
    /// The rules that are objects, when there are such.
    pub access_rules: Option<Arc<AccessRules>>,
    /// How far the index of roles has come.
    pub known: Known,
    outcomes: Arc<Outcomes>,
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorization")
    }
}

/// Why something is not allowed.
pub(crate) enum Refused {
    /// Nobody allows it.
    Forbidden(ApiError),
    /// Somebody who was asked failed, with this text.
    Failed(String),
}

impl Authorization {
    /// The authorizers that the flags ask for.
    ///
    /// # Errors
    /// The flag or file that cannot be used, and everything that is wrong with it.
    pub(crate) fn new(config: &Config, policies: &Arc<Policies>, reloads: &Reloads) -> Result<Self, String> {
        let outcomes = Arc::<Outcomes>::default();
        let (first, content) = match &config.authorization_config {
            Some(path) => configuration::of_file(path, config)?,
            None => (configuration::of_flags(config)?, Vec::new()),
        };
        let kept = Arc::new(Kept::new(&first, config, policies, &outcomes)?);
        let union = kept.union(&first)?;
        let authorization = Self {
            union: Arc::new(ArcSwap::from_pointee(union)),
            rbac: kept.rbac.clone(),
            node: kept.node.clone(),
            access_rules: policies.objects(),
            known: Known::default(),
            outcomes,
        };
        if let Some(path) = &config.authorization_config {
            authorization.follow(path, (first, content), kept, reloads)?;
        }
        Ok(authorization)
    }

    /// Reads the file again when it changes; one that cannot be used leaves everything as it is.
    fn follow(
        &self,
        path: &std::path::Path,
        (first, mut used): (Configuration, Vec<u8>),
        kept: Arc<Kept>,
        reloads: &Reloads,
    ) -> Result<(), String> {
        let (union, outcomes, shown) =
            (self.union.clone(), self.outcomes.clone(), path.display().to_string());
        reloads.watch("authorization-config", &[path], move |contents| {
            let content = contents.first().map(Vec::as_slice).unwrap_or_default();
            if content == used {
                return Ok(());
            }
            used = content.to_vec();
            let made = configuration::read(content).and_then(|configuration| {
                configuration.check_types(&first)?;
                kept.union(&configuration)
            });
            outcomes.reloaded(made.is_ok());
            union.store(Arc::new(made.map_err(|why| format!("{shown}: {why}"))?));
            Ok(())
        })
    }

    /// The authorizers of this moment.
    pub(crate) fn union(&self) -> Arc<Union> {
        self.union.load_full()
    }

    /// Fails unless the answer is yes.
    ///
    /// # Errors
    /// Nobody says yes, or somebody failed.
    pub(crate) async fn decide(&self, attributes: &Attributes<'_>) -> Result<(), Refused> {
        let verdict = self.ask(attributes).await;
        if verdict.allowed() {
            return Ok(());
        }
        Err(match verdict.error {
            Some(error) => Refused::Failed(error),
            None => Refused::Forbidden(authz::forbidden(attributes, &verdict.reason)),
        })
    }

    /// The same in the API's words.
    ///
    /// # Errors
    /// 403 with upstream's text, or 500 when an authorizer failed.
    pub(crate) async fn check(&self, attributes: &Attributes<'_>) -> Result<(), ApiError> {
        self.decide(attributes).await.map_err(|refused| match refused {
            Refused::Forbidden(error) => error,
            Refused::Failed(error) => ApiError::new(Reason::InternalError, error),
        })
    }

    /// May the user do this?
    pub(crate) async fn ask(&self, attributes: &Attributes<'_>) -> Verdict {
        self.union().ask(attributes).await
    }

    /// Adds what there is to say for `/metrics`.
    pub(crate) fn metrics(&self, out: &mut String) {
        self.outcomes.write(out);
    }
}
