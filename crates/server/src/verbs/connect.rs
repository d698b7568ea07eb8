//! Subresources that open a connection to a node: log, exec, attach, port-forward, proxy.

use api::{ApiError, GroupResource, Reason};

use super::Exchange;
use crate::gates::authorize::Head;
use crate::http::Response;
use crate::registry::parse;

/// Answers a connect request.
///
/// # Errors
/// What a cluster answers whose kubelet cannot be reached: the pod or node must exist, the pod must run somewhere.
pub(crate) async fn connect(exchange: &Exchange, head: &Head) -> Result<Response, ApiError> {
    let key = exchange.served.key(&exchange.namespace, &exchange.name);
    let object = exchange.app.store.get(&key).ok_or_else(|| exchange.not_found())?;
    let value = parse(&object)?;
    let subresource = exchange.subresource.map_or("", |s| s.name);
    if exchange.served.table.plural == "pods" {
        let node = value.str_at(&["spec", "nodeName"]);
        if node.is_empty() {
            return Err(ApiError::bad_request(format!(
                "pod {} does not have a host assigned",
                exchange.name
            )));
        }
        let nodes = GroupResource::new("", "nodes");
        if exchange.app.object("", "nodes", "", node).is_none() {
            return Err(ApiError::not_found(&nodes, node));
        }
    }
    tracing::debug!(path = %head.info.path, "no kubelet is reachable");
    Err(ApiError::new(
        Reason::ServiceUnavailable,
        format!(
            "{} \"{}\": {subresource}: the node cannot be reached from this server",
            exchange.served.group_resource(),
            exchange.name
        ),
    ))
}
