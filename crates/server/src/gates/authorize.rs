//! Authorization: the user may do what the request asks.

use std::sync::Arc;

use api::request::{Query, RequestInfo};
use api::{ApiError, Reason, UserInfo};
use authz::access::{AccessRules, Source};
use authz::node::Node;
use authz::rbac::Rbac;
use authz::{AlwaysAllow, AlwaysDeny, Attributes, Authorizer, Mode, Selectors, Union};
use hyper::body::Incoming;

use super::authenticate::Authenticated;
use super::receive::Received;
use crate::app::App;
use crate::config::Config;
use crate::controllers::authorizers::Known;
use crate::policies::Policies;

/// Subresources that open a connection.
const CONNECT: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];

/// The authorizers of a server.
pub(crate) struct Authorization {
    /// All of them, in order.
    pub union: Union,
    /// The index of roles and bindings, when RBAC is on; controllers keep it up to date.
    pub rbac: Arc<Rbac>,
    /// What ties objects to nodes, when the Node authorizer is on.
    pub node: Option<Arc<Node>>,
    /// The rules that are objects, when there are such.
    pub access_rules: Option<Arc<AccessRules>>,
    /// How far the index of roles has come.
    pub known: Known,
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorization")
    }
}

/// A request that may go on.
#[derive(Debug)]
pub(crate) struct Authorized {
    received: Received,
    user: UserInfo,
}

impl Authorized {
    /// What it asks for.
    pub(crate) fn info(&self) -> &RequestInfo {
        &self.received.info
    }

    /// The decoded query.
    pub(crate) fn query(&self) -> &Query {
        &self.received.query
    }

    /// True for requests that last as long as the client wants.
    pub(crate) fn is_long_running(&self) -> bool {
        is_long_running(&self.received.info)
    }

    /// The request taken apart: head, body, user.
    pub(crate) fn into_parts(self) -> (Head, Incoming, UserInfo) {
        let Received { head, info, query, body, insecure, .. } = self.received;
        (Head { parts: head, info, query, insecure }, body, self.user)
    }
}

/// The head of an authorized request.
#[derive(Debug)]
pub(crate) struct Head {
    /// Method, headers, target.
    pub parts: hyper::http::request::Parts,
    /// What it asks for.
    pub info: RequestInfo,
    /// The decoded query.
    pub query: Query,
    /// It came in on the insecure port, where everything is allowed.
    pub insecure: bool,
}

/// True for watches and connections.
pub(crate) fn is_long_running(info: &RequestInfo) -> bool {
    info.is_resource
        && (matches!(info.verb.as_str(), "watch" | "proxy") || CONNECT.contains(&info.subresource.as_str()))
}

/// Asks the authorizers.
///
/// # Errors
/// 403, or 500 when an authorizer failed.
pub(crate) fn authorize(app: &App, request: Authenticated) -> Result<Authorized, ApiError> {
    let (received, user) = request.into_parts();
    if !received.insecure {
        let selectors = Selectors::of_request(&received.info);
        app.authorization.check(&Attributes::of_request(&user, &received.info, selectors.as_ref()))?;
    }
    Ok(Authorized { received, user })
}

impl Authorization {
    /// The authorizers of `--authorization-mode`.
    ///
    /// # Errors
    /// A mode that this build does not have, or a policy file that cannot be used.
    pub(crate) fn new(config: &Config, policies: &Policies) -> Result<Self, String> {
        let modes = Mode::parse_list(&config.authorization_mode.join(","))
            .map_err(|e| format!("--authorization-mode: {e}"))?;
        if config.authorization_policy_file.is_some() && !modes.contains(&Mode::Abac) {
            return Err("cannot specify --authorization-policy-file without mode ABAC".to_owned());
        }
        if config.access_rules_file.is_some() && !modes.contains(&Mode::AccessRules) {
            return Err("cannot specify --access-rules-file without mode AccessRules".to_owned());
        }
        let rbac = Arc::new(Rbac::new());
        let node = modes.contains(&Mode::Node).then(|| Arc::new(Node::new()));
        let members = modes.iter().map(|mode| member(*mode, config, policies, &rbac, node.as_ref()));
        let union = Union::new(members.collect::<Result<Vec<_>, _>>()?);
        Ok(Self { union, rbac, node, access_rules: policies.objects(), known: Known::default() })
    }

    /// Fails unless the answer is yes.
    ///
    /// # Errors
    /// 403 with upstream's text, or 500 when an authorizer failed.
    pub(crate) fn check(&self, attributes: &Attributes<'_>) -> Result<(), ApiError> {
        let verdict = self.union.authorize(attributes);
        if verdict.allowed() {
            return Ok(());
        }
        match verdict.error {
            Some(error) => Err(ApiError::new(Reason::InternalError, error)),
            None => Err(authz::forbidden(attributes, &verdict.reason)),
        }
    }
}

fn member(
    mode: Mode,
    config: &Config,
    policies: &Policies,
    rbac: &Arc<Rbac>,
    node: Option<&Arc<Node>>,
) -> Result<Arc<dyn Authorizer>, String> {
    let missing = || format!("authorization mode `{}` is not available yet", mode.name());
    Ok(match mode {
        Mode::AlwaysAllow => Arc::new(AlwaysAllow),
        Mode::AlwaysDeny => Arc::new(AlwaysDeny),
        Mode::Rbac => rbac.clone(),
        Mode::Node => node.ok_or_else(missing)?.clone(),
        Mode::Abac => {
            let path = config.authorization_policy_file.as_deref();
            let path = path.ok_or("authorization-mode ABAC's authorization policy file not passed")?;
            policies.abac(path)?
        }
        Mode::AccessRules => {
            let file = config.access_rules_file.as_ref().map(|p| Source::File(p.display().to_string()));
            policies.access_rules(&file.unwrap_or(Source::Objects))?
        }
        Mode::Webhook => return Err(missing()),
    })
}
