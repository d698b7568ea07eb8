//! Subresources that open a connection to a node, a pod or a service: log, exec, attach, port-forward, proxy.
//! Entry point: [`connect`].

mod log;
mod options;
mod pod;
mod proxy;

use api::{ApiError, GroupResource};
use authz::{Attributes, Selectors};
use hyper::body::Incoming;

use super::Exchange;
use crate::gates::authorize::Head;
use crate::http::Response;
use crate::kubelet::exec::{self, Streams};
use crate::kubelet::url::encode_query;
use crate::kubelet::{Kubelet, tunnel, upgrade};
use crate::registry::parse;
use crate::transport::Held;

/// Answers a connect request.
///
/// # Errors
/// What is wrong with the request, the pod or the node; upstream's texts for a backend that cannot be reached.
pub(crate) async fn connect(exchange: &Exchange, head: Head, body: Incoming) -> Result<Response, ApiError> {
    // On HTTP/2 each stream waits for itself.
    if head.parts.version < hyper::Version::HTTP_2
        && let Some(held) = head.parts.extensions.get::<Held>()
    {
        held.be_patient();
    }
    let subresource = exchange.subresource.map_or("", |s| s.name);
    if subresource == "log" {
        return log::log(exchange, head).await;
    }
    if head.query.first("dryRun").is_some() {
        return Err(ApiError::bad_request("dryRun is not supported"));
    }
    if subresource == "proxy" {
        proxy::proxy(exchange, head, body).await
    } else {
        streams(exchange, head).await
    }
}

impl Exchange {
    /// The kubelet of a node.
    fn kubelet(&self, node: &str) -> Result<Kubelet, ApiError> {
        self.app.backends.kubelet(&self.app, node, &self.served.group_resource())
    }
}

/// exec, attach and port-forward: the kubelet streams.
async fn streams(exchange: &Exchange, head: Head) -> Result<Response, ApiError> {
    let subresource = exchange.subresource.map_or("", |s| s.name);
    let (streams, mut query) = match subresource {
        "portforward" => (Streams::default(), options::ports(&head.query)?),
        _ => options::streams(&head.query),
    };
    check_create(exchange, &head).await?;
    let pod = pod::Pod(parse(&*exchange.stored()?)?);
    let path = match subresource {
        "portforward" => format!("/portForward/{}/{}", exchange.namespace, exchange.name),
        _ => {
            let container = pod.container(head.query.first("container").unwrap_or(""))?;
            format!("/{subresource}/{}/{}/{container}", exchange.namespace, exchange.name)
        }
    };
    if subresource == "exec" {
        query.extend(head.query.all("command").map(|word| ("command", word.to_owned())));
    }
    let Some(node) = pod.node() else {
        let text = format!("pod {} does not have a host assigned", exchange.name);
        return Err(ApiError::bad_request(text));
    };
    let kubelet = exchange.kubelet(node)?;
    let to = kubelet.at(path, encode_query(&query));
    let headers = &head.parts.headers;
    if !upgrade::wants_upgrade(headers) {
        return Err(ApiError::bad_request("Upgrade request required"));
    }
    match subresource {
        _ if kubelet.takes_websockets => upgrade::pass(&exchange.app, head, &to).await,
        "portforward" if tunnel::wants_tunnel(headers) => tunnel::tunnel(&exchange.app, head, &to).await,
        "exec" | "attach" if exec::wants_translation(headers) => {
            exec::translate(&exchange.app, head, to, streams)
        }
        _ => upgrade::pass(&exchange.app, head, &to).await,
    }
}

/// Who opens streams must be allowed to create, also by a GET, as browsers open WebSockets
/// (`AuthorizePodWebsocketUpgradeCreatePermission`).
async fn check_create(exchange: &Exchange, head: &Head) -> Result<(), ApiError> {
    if exchange.insecure || head.info.verb == "create" {
        return Ok(());
    }
    let mut info = head.info.clone();
    info.verb = "create".into();
    let selectors = Selectors::of_request(&info);
    let attributes = Attributes::of_request(&exchange.user, &info, selectors.as_ref());
    let verdict = exchange.app.authorization.ask(&attributes).await;
    if verdict.allowed() {
        return Ok(());
    }
    match verdict.error {
        Some(error) => Err(ApiError::new(api::Reason::Unknown, error)),
        None => Err(ApiError::forbidden(&GroupResource::new("", "pods"), &info.name, verdict.reason)),
    }
}
