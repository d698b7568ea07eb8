//! What the server asks of others: kubelets, pods and services, and the protocols that are spoken through it.
//!
//! Entry points: [`Backends::kubelet`] finds the kubelet of a node; [`fetch`](http::fetch) asks for one thing,
//! [`forward`](forward::forward) hands a request on, [`pass`](upgrade::pass) one that upgrades its connection;
//! [`exec`] and [`tunnel`] translate between the WebSockets of clients and the SPDY that kubelets speak.

mod dial;
pub(crate) mod exec;
pub(crate) mod forward;
mod headers;
mod http;
pub(crate) mod reader;
mod stream;
mod tls;
pub(crate) mod tunnel;
pub(crate) mod upgrade;
pub(crate) mod url;
pub(crate) mod websocket;

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::{ApiError, GroupResource, Reason, Value};

use crate::app::App;
use crate::config::Config;
use crate::registry::parse;
use tls::{Kubelets, Trust};
use url::Location;

pub(crate) use http::{fetch, read_some};
pub(crate) use stream::{Relay, run as run_stream};
pub(crate) use upgrade::take_client;

/// Port of a kubelet whose node does not tell one.
const KUBELET_PORT: i64 = 10250;
/// What a node declares whose kubelet takes WebSockets itself.
const TAKES_WEBSOCKETS: &str = "ExtendWebSocketsToKubelet";

/// How others are reached.
#[derive(Debug)]
pub(crate) struct Backends {
    address_types: Vec<String>,
    dial_timeout: Duration,
    tls: Kubelets,
    /// Addresses of this machine may be proxied to; true in this crate's own tests only.
    pub local_addresses: bool,
}

/// Where the kubelet of a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kubelet {
    /// Host name or address.
    pub host: String,
    /// Port as text.
    pub port: String,
    /// It speaks WebSocket with clients; else it wants SPDY.
    pub takes_websockets: bool,
}

impl Backends {
    /// Reads the certificates that the flags name.
    ///
    /// # Errors
    /// The flag whose file cannot be used, and why.
    pub(crate) fn new(config: &Config) -> Result<Self, String> {
        Ok(Self {
            address_types: config.kubelet_preferred_address_types.clone(),
            dial_timeout: config.kubelet_timeout,
            tls: Kubelets::new(config)?,
            local_addresses: cfg!(test),
        })
    }

    /// The kubelet of a node; `asked` is the resource of the request.
    ///
    /// # Errors
    /// 404 for a node that is not there, by the name of `asked`, as upstream; 500 for one without an address of a
    /// wanted type.
    pub(crate) fn kubelet(&self, app: &App, node: &str, asked: &GroupResource) -> Result<Kubelet, ApiError> {
        let object = app.object("", "nodes", "", node).ok_or_else(|| ApiError::not_found(asked, node))?;
        kubelet_of(&parse(&object)?, &self.address_types)
    }
}

impl Kubelet {
    /// A path at this kubelet.
    pub(crate) fn at(&self, path: String, query: String) -> Location {
        let (host, port) = (self.host.clone(), self.port.clone());
        Location { https: true, host, addresses: Vec::new(), port, path, query, trust: Trust::Kubelet }
    }
}

fn kubelet_of(node: &Value, types: &[String]) -> Result<Kubelet, ApiError> {
    let addresses = node.array_at(&["status", "addresses"]);
    let of_type = |wanted: &String| addresses.iter().find(|a| a.str_at(&["type"]) == wanted);
    let Some(address) = types.iter().find_map(of_type) else {
        let known: Vec<String> = addresses
            .iter()
            .map(|a| format!("{{{} {}}}", a.str_at(&["type"]), a.str_at(&["address"])))
            .collect();
        let known = known.join(" ");
        let text = format!("no preferred addresses found; known addresses: [{known}]");
        return Err(ApiError::new(Reason::Unknown, text));
    };
    let port = node.at(&["status", "daemonEndpoints", "kubeletEndpoint", "Port"]).as_i64();
    let features = node.array_at(&["status", "declaredFeatures"]);
    Ok(Kubelet {
        host: address.str_at(&["address"]).to_owned(),
        port: port.filter(|p| *p > 0).unwrap_or(KUBELET_PORT).to_string(),
        takes_websockets: features.iter().any(|f| f.as_str() == Some(TAKES_WEBSOCKETS)),
    })
}
