//! May one user be taken for another (KEP-5284, constrained impersonation, and the legacy kind before it).
//!
//! Entry points: [`impersonate`], and [`LastModes`] for a server.  The modes are tried from the tightest to the widest;
//! the first that allows decides, and when none does the first refusal is the answer.

mod extra;
mod last;
mod mode;

use api::content;
use api::error::{ApiError, Result};
use api::user::{UserInfo, split_service_account};

use crate::authorizer::{Attributes, Authorizer};
pub use last::LastModes;
use mode::Mode;

/// Whom a request is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonated {
    /// The user from here on.
    pub user: UserInfo,
    /// The verb that allowed it, for audit; `""` for legacy impersonation.
    pub constraint: &'static str,
}

/// May whoever makes the request `attributes` be taken for `wanted`?
pub fn impersonate(
    wanted: &UserInfo,
    attributes: &Attributes,
    authorizer: &dyn Authorizer,
) -> Result<Impersonated> {
    by_mode(wanted, attributes, authorizer, None).map(|(impersonated, _)| impersonated)
}

/// Tries one mode first, when that is given, then the others; answers which one it was.
fn by_mode(
    wanted: &UserInfo,
    attributes: &Attributes,
    authorizer: &dyn Authorizer,
    first: Option<Mode>,
) -> Result<(Impersonated, Mode)> {
    let mut refusal = None;
    let others = Mode::ALL.into_iter().filter(|m| Some(*m) != first);
    for mode in first.into_iter().chain(others).filter(|m| m.applies(wanted, attributes.user)) {
        match mode.check(wanted, attributes, authorizer) {
            Ok(impersonated) => return Ok((impersonated, mode)),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    Err(refusal.unwrap_or_else(|| ApiError::internal("all impersonation modes failed")))
}

impl Impersonated {
    /// The name of the mode that allowed it, as metrics call it.
    pub fn mode(&self) -> &'static str {
        self.constraint.strip_prefix("impersonate:").unwrap_or("legacy")
    }
}

/// The name of the node in a node's user name.
fn node_of(username: &str) -> Option<&str> {
    let name = username.strip_prefix("system:node:")?;
    content::dns1123_subdomain(name).is_empty().then_some(name)
}

/// True when nothing but a name is asked for.
fn only_name(wanted: &UserInfo) -> bool {
    wanted.uid.is_empty() && wanted.groups.is_empty() && wanted.extra.is_empty()
}

/// True when `requestor` is a service account whose token says that it runs on the node that `wanted` is.
fn on_same_node(wanted: &UserInfo, requestor: &UserInfo) -> bool {
    let said = requestor.extra.get("authentication.kubernetes.io/node-name").map(Vec::as_slice);
    match (node_of(&wanted.name), said) {
        (Some(node), Some([said])) => split_service_account(&requestor.name).is_some() && said == node,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
