//! kubeconfig files: clusters, users and contexts that tie them together.
//!
//! Entry points: [`Kubeconfig::load`] or [`Kubeconfig::load_default`], then [`Kubeconfig::config`].  Unknown fields do
//! not matter, as upstream; every complaint names file and field, and never a value that may be a secret.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use api::{Secret, Value, object};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::TIMEOUT;
use crate::tls::{Identity, Trust};
use crate::{
    Authentication, Config, ConfigError, ExecPlugin, Impersonation, Interactive, Pem, Proxy, Server,
    TokenFile,
};

/// What one file, or several merged, say.
#[derive(Clone, Debug, Default)]
pub struct Kubeconfig {
    clusters: BTreeMap<String, Cluster>,
    users: BTreeMap<String, User>,
    contexts: BTreeMap<String, Context>,
    current: String,
    /// The files, for messages.
    shown: String,
}

/// Where a field stands, for messages: `file: users[0].user`.
#[derive(Clone, Debug, Default)]
struct Place(String);

impl Place {
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.0)
    }
}

#[derive(Clone, Debug, Default)]
struct Cluster {
    place: Place,
    server: String,
    server_name: String,
    insecure: bool,
    authority: Option<Pem>,
    /// May hold a password.
    proxy: Secret,
}

#[derive(Clone, Debug, Default)]
struct User {
    place: Place,
    certificate: Option<Pem>,
    key: Option<Pem>,
    token: Option<Secret>,
    token_file: Option<PathBuf>,
    username: String,
    password: Option<Secret>,
    impersonation: Impersonation,
    exec: Option<Exec>,
    provider: String,
}

#[derive(Clone, Default)]
struct Exec {
    api_version: String,
    command: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    install_hint: String,
    provide_cluster: bool,
    interactive: String,
    dir: PathBuf,
}

/// Arguments and variables may be secrets.
impl std::fmt::Debug for Exec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exec({})", self.command)
    }
}

#[derive(Clone, Debug, Default)]
struct Context {
    place: Place,
    cluster: String,
    user: String,
    namespace: String,
}

impl Kubeconfig {
    /// Reads a file; what it names by a relative path is beside it.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&bytes, path)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, ConfigError> {
        read::read(bytes, path)
    }

    /// Reads what `KUBECONFIG` names (the first file that says something counts), else `~/.kube/config`.
    ///
    /// # Errors
    /// Everything that is wrong with the files, or that there is none.
    pub fn load_default() -> Result<Self, ConfigError> {
        let named = std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty());
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".kube/config"));
        let paths: Vec<PathBuf> = match &named {
            Some(paths) => std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()).collect(),
            None => home().into_iter().collect(),
        };
        let there: Vec<&PathBuf> = paths.iter().filter(|path| path.exists()).collect();
        if there.is_empty() {
            let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            return Err(format!("there is no kubeconfig: {}", paths.join(", ")).into());
        }
        let mut merged = Self::default();
        for path in there {
            merged.add(Self::load(path)?);
        }
        Ok(merged)
    }

    /// Takes over what another one says and this one does not.
    fn add(&mut self, other: Self) {
        let Self { clusters, users, contexts, current, shown } = other;
        merge(&mut self.clusters, clusters);
        merge(&mut self.users, users);
        merge(&mut self.contexts, contexts);
        if self.current.is_empty() {
            self.current = current;
        }
        if !self.shown.is_empty() {
            self.shown.push_str(", ");
        }
        self.shown.push_str(&shown);
    }

    /// The context that counts when none is named, `""` for none.
    pub fn current_context(&self) -> &str {
        &self.current
    }

    /// The names of all contexts, sorted.
    pub fn contexts(&self) -> impl Iterator<Item = &str> {
        self.contexts.keys().map(String::as_str)
    }

    /// The configuration of a context, the current one when `None`.
    ///
    /// # Errors
    /// Everything that is wrong with the context, its cluster and its user.
    pub fn config(&self, context: Option<&str>) -> Result<Config, ConfigError> {
        let name = context.unwrap_or(&self.current);
        if name.is_empty() {
            return Err(format!("{}: current-context: no context is named", self.shown).into());
        }
        let Some(context) = self.contexts.get(name) else {
            return Err(format!("{}: contexts: there is no context `{name}`", self.shown).into());
        };
        let mut problems = Vec::new();
        let cluster = self.clusters.get(&context.cluster);
        if cluster.is_none() {
            let place = context.place.field("cluster");
            problems.push(format!("{place}: there is no cluster `{}`", context.cluster));
        }
        let nobody = User::default();
        let user = if context.user.is_empty() { Some(&nobody) } else { self.users.get(&context.user) };
        if user.is_none() {
            problems.push(format!("{}: there is no user `{}`", context.place.field("user"), context.user));
        }
        let mut config = cluster.and_then(|cluster| cluster.config(user, &mut problems));
        if let (Some(config), Some(user)) = (&mut config, user) {
            config.namespace.clone_from(&context.namespace);
            user.apply(config, cluster, &mut problems);
        }
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(ConfigError(problems)),
        }
    }
}

/// Takes over what is not there yet.
fn merge<T>(into: &mut BTreeMap<String, T>, from: BTreeMap<String, T>) {
    for (name, value) in from {
        into.entry(name).or_insert(value);
    }
}

impl Cluster {
    fn config(&self, user: Option<&User>, problems: &mut Vec<String>) -> Option<Config> {
        let secured = self.authority.is_some()
            || self.insecure
            || user.is_some_and(|user| user.certificate.is_some() || user.token.is_some());
        if self.server.is_empty() {
            problems.push(format!("{}: the cluster has no server", self.place.field("server")));
        }
        if self.insecure && self.authority.is_some() {
            let place = self.place.field("insecure-skip-tls-verify");
            problems.push(format!(
                "{place}: specifying a root certificates file with the insecure flag is not allowed"
            ));
        }
        let proxy = match self.proxy.expose() {
            "" => None,
            url => Proxy::parse(url)
                .map_err(|why| problems.push(format!("{}: {why}", self.place.field("proxy-url"))))
                .ok(),
        };
        if self.server.is_empty() {
            return None;
        }
        let server = match Server::parse(&self.server, secured) {
            Ok(server) => server,
            Err(why) => {
                let place = self.place.field("server");
                problems.push(format!("{place}: `{}` {why}", hide(&self.server)));
                return None;
            }
        };
        let trust = match &self.authority {
            _ if self.insecure => Trust::Anybody,
            Some(pem) => Trust::Authorities(pem.clone()),
            None => Trust::System,
        };
        let server_name = Some(self.server_name.clone()).filter(|name| !name.is_empty());
        Some(Config { trust, server_name, proxy, timeout: TIMEOUT, ..Config::of_url(server) })
    }

    /// The cluster as exec plug-ins are told of it.
    fn value(&self) -> Value {
        let mut value = object! { "server" => self.server.as_str() };
        for (key, text) in
            [("tls-server-name", self.server_name.as_str()), ("proxy-url", self.proxy.expose())]
        {
            if !text.is_empty() {
                value.set_at(&[key], text);
            }
        }
        if self.insecure {
            value.set_at(&["insecure-skip-tls-verify"], true);
        }
        if let Some(bytes) = self.authority.as_ref().and_then(|pem| pem.read().ok()) {
            value.set_at(&["certificate-authority-data"], STANDARD.encode(bytes));
        }
        value
    }
}

/// A URL without what stands before the `@`.
fn hide(url: &str) -> String {
    url.rsplit_once('@').map_or_else(|| url.to_owned(), |(_, place)| format!("…@{place}"))
}

impl User {
    fn apply(&self, config: &mut Config, cluster: Option<&Cluster>, problems: &mut Vec<String>) {
        config.identity = self.identity(problems);
        config.impersonation = self.impersonation.clone();
        let whom = &self.impersonation;
        if whom.user.is_empty() && (!whom.groups.is_empty() || !whom.uid.is_empty() || !whom.extra.is_empty())
        {
            let place = self.place.field("as");
            problems.push(format!("{place}: as-uid, as-groups and as-user-extra go with a user name"));
        }
        if !self.provider.is_empty() {
            let place = self.place.field("auth-provider");
            problems.push(format!("{place}: the provider `{}` is not known; use exec", self.provider));
        }
        let basic = !self.username.is_empty() || self.password.is_some();
        let token = self.token.is_some() || self.token_file.is_some();
        let ways: Vec<&str> = [(token, "token"), (basic, "basicAuth"), (self.exec.is_some(), "exec")]
            .into_iter()
            .filter_map(|(given, name)| given.then_some(name))
            .collect();
        if ways.len() > 1 {
            problems.push(format!(
                "{}: more than one authentication method found; found [{}], only one is allowed",
                self.place.0,
                ways.join(" ")
            ));
            return;
        }
        config.authentication = self.authentication(cluster, problems);
    }

    fn identity(&self, problems: &mut Vec<String>) -> Option<Identity> {
        let missing = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                return Some(Identity { certificate: certificate.clone(), key: key.clone() });
            }
            (None, None) => return None,
            (Some(_), None) => ("client-key", "client-certificate"),
            (None, Some(_)) => ("client-certificate", "client-key"),
        };
        problems.push(format!("{}: is missing beside {}", self.place.field(missing.0), missing.1));
        None
    }

    fn authentication(&self, cluster: Option<&Cluster>, problems: &mut Vec<String>) -> Authentication {
        if let Some(exec) = &self.exec {
            return exec
                .plugin(&self.place, cluster, problems)
                .map_or(Authentication::Nothing, |plugin| Authentication::Exec(Arc::new(plugin)));
        }
        if let Some(path) = &self.token_file {
            return match TokenFile::open(path.clone(), self.token.clone()) {
                Ok(file) => Authentication::TokenFile(file),
                Err(why) => {
                    problems.push(format!("{}: {why}", self.place.field("tokenFile")));
                    Authentication::Nothing
                }
            };
        }
        match (&self.token, &self.password) {
            (Some(token), _) => Authentication::Token(token.clone()),
            (None, password) if password.is_some() || !self.username.is_empty() => Authentication::Basic {
                username: self.username.clone(),
                password: password.clone().unwrap_or_default(),
            },
            _ => Authentication::Nothing,
        }
    }
}

impl Exec {
    fn plugin(
        &self,
        place: &Place,
        cluster: Option<&Cluster>,
        problems: &mut Vec<String>,
    ) -> Option<ExecPlugin> {
        const V1: &str = "client.authentication.k8s.io/v1";
        const V1BETA1: &str = "client.authentication.k8s.io/v1beta1";
        let before = problems.len();
        let mut complain = |field: &str, why: String| problems.push(format!("{}: {why}", place.field(field)));
        if self.command.is_empty() {
            complain("exec.command", "the plug-in has no command".to_owned());
        }
        if ![V1, V1BETA1].contains(&self.api_version.as_str()) {
            complain("exec.apiVersion", format!("must be {V1} or {V1BETA1}"));
        }
        let interactive = match self.interactive.as_str() {
            "Never" => Some(Interactive::Never),
            "IfAvailable" => Some(Interactive::IfAvailable),
            "Always" => Some(Interactive::Always),
            "" if self.api_version == V1BETA1 => Some(Interactive::IfAvailable),
            _ => None,
        };
        let Some(interactive) = interactive else {
            complain("exec.interactiveMode", "must be Never, IfAvailable or Always".to_owned());
            return None;
        };
        if problems.len() > before {
            return None;
        }
        let relative = self.command.contains('/');
        let command = if relative { self.dir.join(&self.command) } else { PathBuf::from(&self.command) };
        Some(ExecPlugin {
            api_version: self.api_version.clone(),
            command,
            args: self.args.clone(),
            env: self.env.clone(),
            install_hint: self.install_hint.clone(),
            cluster: cluster.filter(|_| self.provide_cluster).map(Cluster::value),
            interactive,
            made: tokio::sync::Mutex::default(),
            kept: Mutex::default(),
        })
    }
}
