//! From flags to a server that answers, and back to a stop.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use openapi::Listing;
use store::Store;

use crate::allocate::Allocations;
use crate::app::{App, Flow};
use crate::authentication::{Authentication, External};
use crate::authorization::Authorization;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::health::Health;
use crate::keys::Keys;
use crate::kubelet::Backends;
use crate::pki::{self, Kubeconfig, Pki};
use crate::policies::Policies;
use crate::reload::Reloads;
use crate::shutdown::Shutdown;
use crate::transport::{Listener, Tls};
use crate::{bootstrap, controllers, registry};

/// A server that answers requests.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    ready: Ready,
    listeners: Vec<Listener>,
}

/// Where a server is and how to reach it.
#[derive(Clone, Debug)]
pub struct Ready {
    /// `https://host:port`.
    pub url: String,
    /// The address of the secure port.
    pub address: SocketAddr,
    /// The address of the insecure port, when it is on.
    pub insecure_address: Option<SocketAddr>,
    /// The admin's kubeconfig.
    pub kubeconfig: PathBuf,
    /// The data directory.
    pub data_dir: PathBuf,
    /// The API level, such as `v1.36.2`.
    pub kubernetes_version: String,
}

/// Why a server does not start or stops.
#[derive(Debug)]
pub struct ServeError(String);

impl std::fmt::Display for ServeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServeError {}

fn failed(what: impl std::fmt::Display, why: impl std::fmt::Display) -> ServeError {
    ServeError(format!("{what}: {why}"))
}

impl Server {
    /// Opens the store, makes what is missing, binds the ports and creates the bootstrap objects.
    ///
    /// # Errors
    /// The flag, file, port or object that stands in the way.
    pub async fn start(mut config: Config) -> Result<Self, ServeError> {
        config.data_dir = std::path::absolute(&config.data_dir).map_err(|e| failed("--data-dir", e))?;
        crate::files::create_private_dir(&config.data_dir)
            .map_err(|e| failed(config.data_dir.display(), e))?;
        let pki = pki::ensure(&pki_request(&config)?).map_err(ServeError::from_display)?;
        let external = External::start(&config).await.map_err(ServeError)?;
        let reloads = Reloads::default();
        let keys = Keys::load(&config, &pki, &reloads).map_err(ServeError)?;
        let listeners = bind(&config, keys.tls.clone()).await?;
        // From here on the port of the configuration is the real one.
        if let Some(address) = listeners.first().and_then(|l| l.address().ok()) {
            config.secure_port = address.port();
        }
        let ready = ready(&config, &listeners)?;
        Kubeconfig { server: &ready.url, ca: &keys.server_ca, cert: &pki.admin_cert, key: &pki.admin_key }
            .write(&ready.kubeconfig)
            .map_err(ServeError::from_display)?;
        let selected =
            controllers::Selected::parse(&config.controllers).map_err(|e| failed("--controllers", e))?;
        let app = Arc::new(build(config, &pki, &keys, reloads, external)?);
        app.authentication.objects.set(&app);
        app.reloads.start(app.config.reload_interval, app.shutdown.clone());
        controllers::authorizers::start(&app);
        bootstrap::run(&app).await.map_err(|e| failed("bootstrap objects", e.message))?;
        app.health.set_bootstrapped();
        controllers::start(&app, &selected);
        Ok(Self { app, ready, listeners })
    }

    /// Where the server is.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Serves until `stop` resolves, then drains connections and closes the store.
    ///
    /// # Errors
    /// None so far; a store that cannot be closed is logged.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let mut serving = tokio::task::JoinSet::new();
        for listener in self.listeners {
            serving.spawn(listener.serve(self.app.clone(), self.app.shutdown.clone()));
        }
        stop.await;
        tracing::info!("stopping");
        self.app.shutdown.begin(self.app.config.shutdown_delay_duration).await;
        while serving.join_next().await.is_some() {}
        self.app.store.close().await;
        Ok(())
    }
}

impl ServeError {
    fn from_display(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

fn pki_request(config: &Config) -> Result<pki::Request, ServeError> {
    let first = crate::allocate::first_service_ip(&config.service_cluster_ip_range)
        .map_err(|e| failed("--service-cluster-ip-range", e))?;
    let mut names = vec!["localhost".to_owned()];
    for name in
        ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    {
        names.push(name.to_owned());
    }
    names.extend(hostname().filter(|name| !names.contains(name)));
    names.extend(config.external_hostname.clone().filter(|name| !names.contains(name)));
    let mut addresses =
        vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from(std::net::Ipv6Addr::LOCALHOST), first];
    let more = [Some(config.bind_address).filter(|ip| !ip.is_unspecified()), config.advertise_address];
    for ip in more.into_iter().flatten() {
        if !addresses.contains(&ip) {
            addresses.push(ip);
        }
    }
    let dir = config.cert_dir.clone().unwrap_or_else(|| config.data_dir.join("pki"));
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(pki::Request {
        dir,
        dns_names: names,
        addresses,
        now: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
    })
}

/// The host's name, when it can stand in a certificate.
fn hostname() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_ascii_lowercase();
    let good =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    good.then_some(name)
}

async fn bind(config: &Config, tls: Tls) -> Result<Vec<Listener>, ServeError> {
    let streams = config.http2_max_streams_per_connection;
    let address = SocketAddr::new(config.bind_address, config.secure_port);
    let secure = Listener::bind(address, Some(tls), streams)
        .await
        .map_err(|e| failed(format!("cannot listen on {address}"), e))?;
    let mut listeners = vec![secure];
    if let Some(port) = config.insecure_port {
        if !config.insecure_bind_address.is_loopback() {
            return Err(failed(
                "--insecure-bind-address",
                "must be a loopback address: this port asks nobody who they are",
            ));
        }
        let address = SocketAddr::new(config.insecure_bind_address, port);
        let insecure = Listener::bind(address, None, streams)
            .await
            .map_err(|e| failed(format!("cannot listen on {address}"), e))?;
        tracing::warn!(
            %address,
            "INSECURE PORT ON: whoever reaches it is an admin, without authentication and authorization"
        );
        listeners.push(insecure);
    }
    Ok(listeners)
}

fn ready(config: &Config, listeners: &[Listener]) -> Result<Ready, ServeError> {
    let address_of = |l: &Listener| l.address().map_err(|e| failed("cannot tell the bound address", e));
    let mut addresses = listeners.iter().map(address_of);
    let address = addresses.next().unwrap_or_else(|| Err(failed("no listener", "")))?;
    let insecure_address = addresses.next().transpose()?;
    let host = if address.ip().is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { address.ip() };
    Ok(Ready {
        url: format!("https://{}", SocketAddr::new(host, address.port())),
        address,
        insecure_address,
        kubeconfig: config.data_dir.join("admin.kubeconfig"),
        data_dir: config.data_dir.clone(),
        kubernetes_version: crate::kubernetes_version(),
    })
}

fn build(
    config: Config,
    pki: &Pki,
    keys: &Keys,
    reloads: Reloads,
    external: Option<Arc<External>>,
) -> Result<App, ServeError> {
    let policies = Arc::new(Policies::new(&reloads));
    let authorization = Authorization::new(&config, &policies, &reloads).map_err(ServeError)?;
    // Kinds of ours are there only for those who use them, so that others see just what upstream serves.
    let own = if authorization.access_rules.is_some() { schema::own_resources() } else { &[] };
    let catalog = Catalog::of(schema::resources().iter().chain(own));
    let store = open_store(&config)?;
    let services = catalog
        .stored("", "services")
        .map(|s| s.stored.clone())
        .ok_or_else(|| failed("catalogue", "no services"))?;
    let allocations =
        Allocations::new(&config.service_cluster_ip_range, config.service_node_port_range, &store, &services)
            .map_err(|e| failed("--service-cluster-ip-range", e))?;
    let admission = admission(&config)?;
    let authentication = Authentication::new(&config, pki, &reloads, external).map_err(ServeError)?;
    let server_ca = read(&keys.server_ca)?;
    let signer = crate::signing::load(&config, pki, &reloads).map_err(ServeError)?;
    Ok(App {
        listing: Listing::of(schema::resources(), openapi::versions_of(own)),
        catalog,
        store,
        authentication,
        authorization,
        admission,
        legacy_uses: controllers::queue::Queue::new(),
        allocations,
        backends: Backends::new(&config).map_err(ServeError)?,
        reloads,
        impersonation: Default::default(),
        shutdown: Shutdown::new(config.shutdown_drain_duration),
        health: Health::default(),
        flow: Flow::new(&config),
        started: Instant::now(),
        signer,
        trust: keys.trust.clone(),
        server_ca,
        document_hashes: OnceLock::new(),
        config,
    })
}

fn admission(config: &Config) -> Result<admission::Chain, ServeError> {
    const FLAG: &str = "--admission-control-config-file";
    let file = |path: &Path| std::fs::read(path).map_err(|e| e.to_string());
    let configurations = match &config.admission_control_config_file {
        None => admission::Configurations::default(),
        Some(path) => {
            let flag = format!("{FLAG} {}", path.display());
            let bytes = file(path).map_err(|e| failed(&flag, e))?;
            let folder = path.parent().unwrap_or(Path::new(""));
            admission::Configurations::read(&bytes, folder).map_err(|e| failed(&flag, e))?
        }
    };
    let (enable, disable) = (&config.enable_admission_plugins, &config.disable_admission_plugins);
    admission::Chain::new(enable, disable, &configurations, file).map_err(ServeError::from_display)
}

fn read(path: &Path) -> Result<String, ServeError> {
    std::fs::read_to_string(path).map_err(|e| failed(path.display(), e))
}

/// Fields that lists select by so often that they are found without looking at every object: group, resource, field.
/// Every kubelet lists the pods of its node.
const INDEXES: &[(&str, &str, &str)] = &[("", "pods", "spec.nodeName")];

fn open_store(config: &Config) -> Result<Store, ServeError> {
    let dir = config.data_dir.join("store");
    let mut options = store::EmbeddedOptions::default();
    options.cache.window.events = config.watch_window;
    options.heads = registry::heads();
    options.cache.indexes = INDEXES
        .iter()
        .map(|(group, resource, field)| (store::Resource::new(*group, *resource), (*field).into()))
        .collect();
    Store::open(&dir, &options).map_err(|e| failed(dir.display(), e))
}
