//! Connecting to kubelets, pods and services within bounded time.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use client::dial;
pub(super) use client::dial::Wire;
use tokio::time::Instant;

use super::Backends;
use super::url::Location;

impl Backends {
    /// Connects to where a location is.
    ///
    /// # Errors
    /// Go's text of what went wrong.
    pub(super) async fn dial(&self, to: &Location) -> Result<Box<dyn Wire>, String> {
        let deadline = Instant::now() + self.dial_timeout.max(Duration::from_secs(1));
        let address = to.address();
        let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
        let Some(port) = port else {
            return Err(format!("dial tcp: lookup tcp/{}: unknown port", to.port));
        };
        let socket =
            dial::connect(&to.host, port, &to.addresses, deadline).await.map_err(|e| e.to_string())?;
        if !to.https {
            return Ok(Box::new(socket));
        }
        let secured = dial::secure(self.tls.config(to.trust), &to.host, socket, deadline).await;
        Ok(Box::new(secured.map_err(|e| e.to_string())?))
    }

    /// The addresses of a host that may be proxied to: none of them is this machine's or this link's.  Who connects
    /// must connect to these: what a name leads to can change (CVE-2020-8562).
    ///
    /// # Errors
    /// 400 texts: a name that leads nowhere, an address that is not allowed.
    pub(crate) async fn proxyable(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let found =
            dial::lookup(host, 0, Instant::now() + self.dial_timeout).await.map_err(|e| e.to_string())?;
        let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
        if addresses.is_empty() {
            return Err("no addresses for hostname".to_owned());
        }
        let allowed = |ip: &IpAddr| self.local_addresses || super::url::is_global(*ip);
        if addresses.iter().all(allowed) { Ok(addresses) } else { Err("address not allowed".to_owned()) }
    }
}
