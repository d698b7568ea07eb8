//! Subresources that open a connection to a node: log, exec, attach, port-forward, proxy.

use api::{ApiError, GroupResource, Reason, Value};
use hyper::StatusCode;

use super::Exchange;
use crate::gates::authorize::Head;
use crate::http::{Response, answer};
use crate::registry::parse;
use crate::transport::Body;

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
        if matches!(subresource, "log" | "attach" | "exec") {
            check_container(exchange, &value)?;
        }
        let node = value.str_at(&["spec", "nodeName"]);
        if node.is_empty() && subresource == "log" {
            // Nothing has run yet, nothing was logged.
            return Ok(answer::bytes(StatusCode::OK, "text/plain", Body::whole(Vec::new())));
        }
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

/// The container that is asked for must be in the pod; it can be left out when there is one.
fn check_container(exchange: &Exchange, pod: &Value) -> Result<(), ApiError> {
    let names = |list: &str| -> Vec<String> {
        pod.array_at(&["spec", list]).iter().map(|c| c.str_at(&["name"]).to_owned()).collect()
    };
    let (asked, name) = (exchange.query.first("container").unwrap_or(""), &exchange.name);
    let all = ["initContainers", "containers", "ephemeralContainers"].map(names).concat();
    let error = match (asked, names("containers").len()) {
        ("", 1) => return Ok(()),
        ("", 0) => format!("a container name must be specified for pod {name}"),
        ("", _) => {
            format!("a container name must be specified for pod {name}, choose one of: [{}]", all.join(" "))
        }
        (asked, _) if all.iter().any(|n| n == asked) => return Ok(()),
        (asked, _) => format!("container {asked} is not valid for pod {name}"),
    };
    Err(ApiError::bad_request(error))
}
