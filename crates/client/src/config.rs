//! A checked configuration: everything that must be known to ask a server.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::credentials::Authentication;
use crate::tls::{Identity, Settings, Trust};
use crate::{Pem, Proxy, Server, TokenFile};

/// How long a whole request may take, reading the answer included (upstream's default for webhooks).
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Where a pod finds its account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// How a server is asked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it is.
    pub server: Server,
    /// What its certificate is checked by.
    pub trust: Trust,
    /// The certificate we show.
    pub identity: Option<Identity>,
    /// What it must be called in its certificate, when that is not its host.
    pub server_name: Option<String>,
    /// The proxy in front of it.
    pub proxy: Option<Proxy>,
    /// Who we say we are.
    pub authentication: Authentication,
    /// Whom we act for.
    pub impersonation: Impersonation,
    /// How long a whole request may take.
    pub timeout: Duration,
    /// Namespace of the context, `""` for none.
    pub namespace: String,
}

/// Whom a client acts for (`Impersonate-*` headers).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impersonation {
    /// User name, `""` for nobody.
    pub user: String,
    /// Uid of that user.
    pub uid: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// What else is known of it.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// All that is wrong with a configuration, each with its file and field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for ConfigError {}

impl From<String> for ConfigError {
    fn from(problem: String) -> Self {
        Self(vec![problem])
    }
}

impl Config {
    /// A server whose certificate an authority of this machine signed, asked without credentials.
    pub fn of_url(server: Server) -> Self {
        Self {
            server,
            trust: Trust::System,
            identity: None,
            server_name: None,
            proxy: None,
            authentication: Authentication::Nothing,
            impersonation: Impersonation::default(),
            timeout: TIMEOUT,
            namespace: String::new(),
        }
    }

    /// What a pod knows of its cluster: `KUBERNETES_SERVICE_HOST` and `_PORT`, and the files of its service account.
    ///
    /// # Errors
    /// What is missing.
    pub fn in_cluster() -> Result<Self, ConfigError> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let place = variable("KUBERNETES_SERVICE_HOST").zip(variable("KUBERNETES_SERVICE_PORT"));
        let Some((host, port)) = place else {
            let text = "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined";
            return Err(text.to_owned().into());
        };
        let port = port.parse().map_err(|_| format!("KUBERNETES_SERVICE_PORT: `{port}` is no port"))?;
        let file = |name: &str| Path::new(ACCOUNT).join(name);
        let token = TokenFile::open(file("token"), None).map_err(|why| format!("in-cluster token: {why}"))?;
        let authority = Pem::file("in-cluster certificate authority", file("ca.crt"));
        Ok(Self {
            trust: Trust::Authorities(authority),
            authentication: Authentication::TokenFile(token),
            namespace: std::fs::read_to_string(file("namespace")).unwrap_or_default().trim().to_owned(),
            ..Self::of_url(Server::https(host, port))
        })
    }

    /// What TLS is spoken with.
    pub(crate) fn tls(&self) -> Settings {
        Settings { trust: self.trust.clone(), identity: self.identity.clone(), http2: true }
    }

    /// What the server must be called in its certificate.
    pub(crate) fn expected_name(&self) -> &str {
        self.server_name.as_deref().unwrap_or(self.server.host())
    }

    /// Files that the configuration refers to, for whoever watches them.
    pub fn files(&self) -> Vec<PathBuf> {
        let trust = if let Trust::Authorities(pem) = &self.trust { pem.path() } else { None };
        let shown = self.identity.iter().flat_map(|i| [i.certificate.path(), i.key.path()]).flatten();
        trust.into_iter().chain(shown).map(Path::to_owned).collect()
    }
}
