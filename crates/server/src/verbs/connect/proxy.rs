//! Proxies to a pod, a service or a node: where they are, and what is below them.

use api::{ApiError, Reason, Value};
use hyper::body::Incoming;

use super::pod::Pod;
use crate::gates::authorize::Head;
use crate::http::Response;
use crate::kubelet::forward::forward;
use crate::kubelet::upgrade;
use crate::kubelet::url::{Location, clean_path, is_global, split_scheme_name_port};
use crate::registry::parse;
use crate::verbs::Exchange;

/// Answers a request of any method for any path below a proxy.
///
/// # Errors
/// 400 for a name or address that cannot be proxied to, 404 and 503 for nothing there.
pub(super) async fn proxy(exchange: &Exchange, head: Head, body: Incoming) -> Result<Response, ApiError> {
    let mut to = match exchange.served.table.plural {
        "pods" => of_pod(exchange)?,
        "services" => of_service(exchange)?,
        _ => of_node(exchange).await?,
    };
    to.path = path_below(&head);
    if upgrade::wants_upgrade(&head.parts.headers) {
        return upgrade::pass(&exchange.app, head, &to).await;
    }
    forward(&exchange.app, &head, body, to).await
}

/// The part of a path below `/proxy`, cleaned.
fn path_below(head: &Head) -> String {
    let mut below = head.info.rest.join("/");
    if !below.is_empty() && !below.starts_with('/') {
        below.insert(0, '/');
    }
    if head.info.path.ends_with('/') && !below.ends_with('/') {
        below.push('/');
    }
    clean_path(&below)
}

fn split<'a>(exchange: &'a Exchange, what: &str) -> Result<(&'a str, &'a str, &'a str), ApiError> {
    let name = exchange.name.as_str();
    let quoted = api::field::go_quote(name);
    let invalid = || ApiError::bad_request(format!("invalid {what} request {quoted}"));
    split_scheme_name_port(name).ok_or_else(invalid)
}

fn of_pod(exchange: &Exchange) -> Result<Location, ApiError> {
    let (scheme, name, port) = split(exchange, "pod")?;
    let pod = find(exchange, "pods", name)?;
    let port = if port.is_empty() { pod.first_port().map(|p| p.to_string()) } else { Some(port.to_owned()) };
    let ip = pod.addresses().next().unwrap_or("");
    let allowed = |ip: &std::net::IpAddr| exchange.app.backends.local_addresses || is_global(*ip);
    if !ip.parse().is_ok_and(|ip| allowed(&ip)) {
        return Err(ApiError::bad_request("address not allowed"));
    }
    Ok(Location::anyone(scheme, ip, &port.unwrap_or_default()))
}

async fn of_node(exchange: &Exchange) -> Result<Location, ApiError> {
    let (scheme, name, port) = split(exchange, "node")?;
    let kubelet = exchange.kubelet(name)?;
    let addresses = exchange.app.backends.proxyable(&kubelet.host).await.map_err(ApiError::bad_request)?;
    let to = if port.is_empty() || port == kubelet.port {
        kubelet.at(String::new(), String::new())
    } else {
        Location::anyone(scheme, &kubelet.host, port)
    };
    Ok(to.pinned(addresses))
}

fn of_service(exchange: &Exchange) -> Result<Location, ApiError> {
    let (scheme, name, port) = split(exchange, "service")?;
    let unavailable = |text: String| ApiError::new(Reason::ServiceUnavailable, text);
    let mut port = port.to_owned();
    let service = find(exchange, "services", name)?.0;
    if let Ok(number) = port.parse::<i64>() {
        let ports = service.array_at(&["spec", "ports"]).iter();
        let mut ports = ports.filter(|p| p.at(&["port"]).as_i64() == Some(number));
        let missing = || unavailable(format!("no service port {number} found for service {name:?}"));
        ports.next().ok_or_else(missing)?.str_at(&["name"]).clone_into(&mut port);
    }
    let endpoints = find(exchange, "endpoints", name)?.0;
    let subsets = endpoints.array_at(&["subsets"]);
    if subsets.is_empty() {
        return Err(unavailable(format!("no endpoints available for service {name:?}")));
    }
    match choose(subsets, &port, |address| is_pod(exchange, address)) {
        Some((ip, port)) => Ok(Location::anyone(scheme, ip, &port.to_string())),
        None => Err(unavailable(format!("no endpoints available for service {:?}", exchange.name.as_str()))),
    }
}

/// Any address with a port of this name.
fn choose<'a>(
    subsets: &'a [Value],
    port: &str,
    is_allowed: impl Fn(&Value) -> bool,
) -> Option<(&'a str, i64)> {
    rotated(subsets).find_map(|subset| {
        let target = subset.array_at(&["ports"]).iter().find(|p| p.str_at(&["name"]) == port)?;
        let address = rotated(subset.array_at(&["addresses"])).find(|address| is_allowed(address))?;
        Some((address.str_at(&["ip"]), target.at(&["port"]).as_i64()?))
    })
}

/// All values, beginning anywhere.
fn rotated(values: &[Value]) -> impl Iterator<Item = &Value> {
    let random = usize::from(uuid::Uuid::new_v4().as_bytes()[0]);
    values.iter().cycle().skip(random % values.len().max(1)).take(values.len())
}

/// True for an address that is really one of the pod it names: nobody is led elsewhere by an object they may write.
fn is_pod(exchange: &Exchange, address: &Value) -> bool {
    if address.str_at(&["targetRef", "namespace"]) != exchange.namespace {
        return false;
    }
    let ip = address.str_at(&["ip"]);
    find(exchange, "pods", address.str_at(&["targetRef", "name"]))
        .is_ok_and(|pod| pod.addresses().any(|own| own == ip))
}

/// An object of the core group in the namespace of the request.
fn find(exchange: &Exchange, plural: &str, name: &str) -> Result<Pod, ApiError> {
    let object = exchange.app.object("", plural, &exchange.namespace, name);
    // Whatever is missing, upstream names the resource of the request.
    let object = object.ok_or_else(|| ApiError::not_found(&exchange.served.group_resource(), name))?;
    parse(&object).map(Pod)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_leads_to_any_of_its_pods() {
        let subsets = r#"[
            {"ports": [{"name": "web", "port": 80}]},
            {"addresses": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}, {"ip": "6.6.6.6"}],
             "ports": [{"name": "web", "port": 8080}, {"name": "metrics", "port": 9090}]},
            {"addresses": [{"ip": "10.0.0.3"}], "ports": [{"port": 81}]}
        ]"#;
        let subsets = codec::json::parse(subsets.as_bytes()).unwrap().value;
        let subsets = subsets.as_array().unwrap();
        let allowed = |address: &Value| address.str_at(&["ip"]).starts_with("10.");
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            seen.insert(choose(subsets, "web", allowed));
        }
        assert_eq!(
            seen.into_iter().collect::<Vec<_>>(),
            [Some(("10.0.0.1", 8080)), Some(("10.0.0.2", 8080))]
        );
        assert_eq!(choose(subsets, "", allowed), Some(("10.0.0.3", 81)));
        assert_eq!(choose(subsets, "other", allowed), None);
        assert_eq!(choose(subsets, "web", |_| false), None);
    }
}
