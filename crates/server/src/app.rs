//! The server's state, shared by all requests and controllers.

use std::net::{IpAddr, UdpSocket};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use api::{Value, time::Timestamp};
use authn::service_account::LegacyUse;
use openapi::Listing;
use store::{Object, Store};
use tokio::sync::Semaphore;

use crate::allocate::Allocations;
use crate::authentication::Authentication;
use crate::authorization::Authorization;
use crate::catalog::{Catalog, Served};
use crate::config::Config;
use crate::controllers::queue::Queue;
use crate::gates::impersonate::Impersonation;
use crate::health::Health;
use crate::kubelet::Backends;
use crate::registry::parse;
use crate::reload::Reloads;
use crate::shutdown::Shutdown;
use crate::signing::CurrentSigner;
use crate::transport::Trust;

/// Everything a request may need.
pub(crate) struct App {
    /// The flags.
    pub config: Config,
    /// The objects.
    pub store: Store,
    /// The resources.
    pub catalog: Catalog,
    /// The resources as discovery and OpenAPI show them.
    pub listing: Listing,
    /// Who are you.
    pub authentication: Authentication,
    /// May you.
    pub authorization: Authorization,
    /// The last gate of writes.
    pub admission: admission::Chain,
    /// Uses of tokens in secrets that are to be noted there.
    pub legacy_uses: Arc<Queue<LegacyUse>>,
    /// Addresses and ports of services.
    pub allocations: Allocations,
    /// Kubelets, pods and services.
    pub backends: Backends,
    /// Files that are read again when they change.
    pub reloads: Reloads,
    /// Requests on behalf of others.
    pub impersonation: Impersonation,
    /// Where the end is.
    pub shutdown: Shutdown,
    /// What readyz and livez say.
    pub health: Health,
    /// Requests in flight.
    pub flow: Flow,
    /// When the process started to serve.
    pub started: Instant,
    /// What this server's certificate chains to, PEM.
    pub server_ca: String,
    /// The CA that signs requests for certificates.
    pub signer: CurrentSigner,
    /// Whose word counts about clients.
    pub trust: Arc<Trust>,
    /// Paths of the OpenAPI documents with the hash of each, once somebody asked.
    pub document_hashes: OnceLock<Vec<(String, String)>>,
}

/// Limits of requests in flight (`--max-requests-inflight`, `--max-mutating-requests-inflight`).
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    /// Reading requests.
    pub reads: Option<Arc<Semaphore>>,
    /// Writing requests.
    pub writes: Option<Arc<Semaphore>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Flow {
    /// The limits of a configuration; 0 is none.
    pub(crate) fn new(config: &Config) -> Self {
        let limit = |n: usize| (n > 0).then(|| Arc::new(Semaphore::new(n)));
        Self {
            reads: limit(config.max_requests_inflight),
            writes: limit(config.max_mutating_requests_inflight),
        }
    }
}

impl App {
    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
    }

    /// The address other machines reach this server at, `None` when there is none but loopback.
    pub(crate) fn advertised_ip(&self) -> Option<IpAddr> {
        let bound = self.config.bind_address;
        let local = || if bound.is_unspecified() { outward_ip() } else { Some(bound) };
        self.config.advertise_address.or_else(local).filter(|ip| !ip.is_loopback())
    }

    /// Host and port that clients elsewhere are told (upstream's `ExternalAddress`).
    pub(crate) fn external_address(&self) -> String {
        let port = self.config.secure_port;
        match &self.config.external_hostname {
            Some(host) => format!("{host}:{port}"),
            None => {
                let ip = self.advertised_ip().unwrap_or(self.config.bind_address);
                std::net::SocketAddr::new(ip, port).to_string()
            }
        }
    }

    /// One object in its stored version.
    pub(crate) fn object(
        &self,
        group: &str,
        resource: &str,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Object>> {
        let served = self.catalog.stored(group, resource)?;
        self.store.get(&served.key(namespace, name))
    }

    /// All objects of a resource in their stored version, of one namespace or (`""`) of all.
    pub(crate) fn objects(&self, group: &str, resource: &str, namespace: &str) -> Vec<Value> {
        let Some(served) = self.catalog.stored(group, resource) else { return Vec::new() };
        let scope =
            if namespace.is_empty() { store::Scope::All } else { store::Scope::Namespace(namespace.into()) };
        let snapshot = self.store.snapshot(&served.stored);
        snapshot.iter(&scope, None).filter_map(|object| parse(object).ok()).collect()
    }

    /// What has to happen behind the removal of an object: addresses and ports become free.
    pub(crate) fn after_delete(&self, served: &Served, tombstone: &Object) {
        self.allocations.after_delete(served, tombstone);
    }
}

/// The address this machine would send from; no packet is sent to find out.
fn outward_ip() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}
