//! Exec credential plug-ins (`client.authentication.k8s.io`): a command that prints who we are.
//!
//! Entry point: [`ExecPlugin::credential`].  What a plug-in printed is kept until it expires or is refused.

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::time::Timestamp;
use api::{Secret, Value, json, object};

use crate::Pem;
use crate::tls::Identity;

/// Longest output of a plug-in.
const LONGEST_OUTPUT: u64 = 1 << 20;
/// A plug-in that asks somebody to log in gets this long.
const LIMIT: Duration = Duration::from_secs(300);

/// The plug-in's use of standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interactive {
    /// It reads nothing.
    Never,
    /// It reads if somebody is there.
    IfAvailable,
    /// It must be able to read.
    Always,
}

/// A command that makes credentials.
pub struct ExecPlugin {
    /// `client.authentication.k8s.io/v1` or `/v1beta1`.
    pub api_version: String,
    /// Program; a relative path with a slash is relative to the kubeconfig.
    pub command: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables besides those of this process.
    pub env: Vec<(String, String)>,
    /// What to tell people who do not have the program.
    pub install_hint: String,
    /// The plug-in is told about the cluster: `spec.cluster` of its input.
    pub cluster: Option<Value>,
    /// Its use of standard input.
    pub interactive: Interactive,
    /// What it made last.
    pub(crate) made: tokio::sync::Mutex<()>,
    pub(crate) kept: Mutex<Option<Arc<Credential>>>,
}

/// What a plug-in made.
pub(crate) struct Credential {
    pub token: Option<Secret>,
    pub identity: Option<Identity>,
    /// When it ends, in seconds since the Unix epoch.
    expires: Option<i64>,
}

impl ExecPlugin {
    /// What it made, asking it when there is nothing that is still good.
    ///
    /// # Errors
    /// What is wrong with the plug-in or its output.
    pub(crate) async fn credential(self: &Arc<Self>) -> Result<Arc<Credential>, String> {
        // One at a time: it may ask somebody to log in.
        let _one = self.made.lock().await;
        if let Some(kept) = self.kept().filter(|kept| kept.good_at(now())) {
            return Ok(kept);
        }
        let made = Arc::new(self.run().await?);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }

    fn kept(&self) -> Option<Arc<Credential>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets a credential that was refused; true when it is the latest one.
    pub(crate) fn forget(&self, refused: &Arc<Credential>) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, refused));
        if latest {
            *kept = None;
        }
        latest
    }

    async fn run(self: &Arc<Self>) -> Result<Credential, String> {
        let mut child = self.start()?;
        let Some(stdout) = child.stdout.take() else { return Err("it has no output".to_owned()) };
        let reading = tokio::task::spawn_blocking(move || {
            let mut text = Vec::new();
            stdout.take(LONGEST_OUTPUT).read_to_end(&mut text).map(|_| text)
        });
        let read = tokio::time::timeout(LIMIT, reading).await;
        let Ok(read) = read else {
            stop(&mut child);
            return Err(format!("executable {} takes longer than {LIMIT:?}", self.command.display()));
        };
        let output = read.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        // Whoever closed its output is done, or will not get done.
        let status = self.wait(child).await?;
        if !status.success() {
            let code = status.code().map_or_else(|| "a signal".to_owned(), |code| code.to_string());
            return Err(format!("executable {} failed with exit code {code}", self.command.display()));
        }
        self.read(&output)
    }

    fn start(&self) -> Result<Child, String> {
        use std::io::IsTerminal as _;
        let available = self.interactive != Interactive::Never && std::io::stdin().is_terminal();
        if self.interactive == Interactive::Always && !available {
            return Err("standard input is not available, and the plug-in needs it".to_owned());
        }
        let mut command = Command::new(&self.command);
        command.args(&self.args).envs(self.env.iter().map(|(k, v)| (k, v)));
        command.env("KUBERNETES_EXEC_INFO", json::to_string(&self.input(available)));
        command.stdin(if available { Stdio::inherit() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        command.spawn().map_err(|error| {
            let hint = if self.install_hint.is_empty() { "" } else { "\n\n" };
            format!("executable {}: {error}{hint}{}", self.command.display(), self.install_hint)
        })
    }

    fn input(&self, interactive: bool) -> Value {
        let mut input = object! {
            "kind" => "ExecCredential", "apiVersion" => self.api_version.as_str(),
            "spec" => object! { "interactive" => interactive },
        };
        if let Some(cluster) = &self.cluster {
            input.set_at(&["spec", "cluster"], cluster.clone());
        }
        input
    }

    async fn wait(&self, mut child: Child) -> Result<std::process::ExitStatus, String> {
        for pause in [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000] {
            if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        stop(&mut child);
        Err(format!("executable {} closed its output and does not end", self.command.display()))
    }

    /// Reads the output; complaints do not repeat it.
    fn read(&self, output: &[u8]) -> Result<Credential, String> {
        let parsed = codec::json::parse(output).map_err(|_| "decoding stdout: it is no JSON".to_owned())?;
        let (kind, version) = (parsed.value.str_at(&["kind"]), parsed.value.str_at(&["apiVersion"]));
        if kind != "ExecCredential" || version != self.api_version {
            return Err(format!(
                "plugin returned {version} {kind}, expected {} ExecCredential",
                self.api_version
            ));
        }
        let status = parsed.value.at(&["status"]);
        let text = |key| status.at(&[key]).as_str().filter(|s| !s.is_empty());
        let token = text("token").map(Secret::new);
        let identity = match (text("clientCertificateData"), text("clientKeyData")) {
            (Some(certificate), Some(key)) => Some(Identity {
                certificate: Pem::bytes("exec plugin: clientCertificateData", certificate.as_bytes()),
                key: Pem::bytes("exec plugin: clientKeyData", key.as_bytes()),
            }),
            (None, None) => None,
            _ => return Err("plugin returned only one of clientCertificateData and clientKeyData".to_owned()),
        };
        if token.is_none() && identity.is_none() {
            return Err("plugin did not return a token or cert/key pair".to_owned());
        }
        let expires = text("expirationTimestamp").map(Timestamp::parse).transpose();
        let expires =
            expires.map_err(|_| "plugin returned an expirationTimestamp that is none".to_owned())?;
        Ok(Credential { token, identity, expires: expires.map(Timestamp::seconds) })
    }
}

impl Credential {
    fn good_at(&self, now: i64) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

fn stop(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Arguments and variables may be secrets.
impl fmt::Debug for ExecPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExecPlugin({})", self.command.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(script: &str) -> Arc<ExecPlugin> {
        Arc::new(ExecPlugin {
            api_version: "client.authentication.k8s.io/v1".into(),
            command: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            env: vec![("WHO".into(), "bob".into())],
            install_hint: "apt install it".into(),
            cluster: None,
            interactive: Interactive::Never,
            made: tokio::sync::Mutex::default(),
            kept: Mutex::default(),
        })
    }

    fn ask(plugin: &Arc<ExecPlugin>) -> Result<String, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let made = runtime.block_on(plugin.credential())?;
        Ok(made.token.as_ref().map(|t| t.expose().to_owned()).unwrap_or_default())
    }

    fn answer(status: &str) -> String {
        format!(
            r#"echo '{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{status}}}'"#
        )
    }

    #[test]
    fn a_token_is_kept_until_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let count = || std::fs::read_to_string(&log).unwrap_or_default().len();
        let script = |status: &str| format!("printf x >> {}; {}", log.display(), answer(status));
        let lasting = plugin(&script(r#"{"token":"a","expirationTimestamp":"2999-01-01T00:00:00Z"}"#));
        assert_eq!((ask(&lasting), ask(&lasting), count()), (Ok("a".into()), Ok("a".into()), 1));
        let kept = lasting.kept().unwrap();
        assert!(lasting.forget(&kept) && !lasting.forget(&kept));
        assert_eq!((ask(&lasting), count()), (Ok("a".into()), 2));
        let over = plugin(&script(r#"{"token":"b","expirationTimestamp":"1999-01-01T00:00:00Z"}"#));
        assert_eq!((ask(&over), ask(&over), count()), (Ok("b".into()), Ok("b".into()), 4));
    }

    #[test]
    fn it_is_told_what_it_may_know() {
        let script = r#"test "$WHO" = bob || exit 3; case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 4;; esac; "#;
        assert_eq!(ask(&plugin(&format!("{script}{}", answer(r#"{"token":"c"}"#)))), Ok("c".into()));
    }

    #[test]
    fn what_goes_wrong_is_said_without_the_output() {
        for (script, expected) in [
            ("exit 7".to_owned(), "failed with exit code 7"),
            ("echo secret".to_owned(), "no JSON"),
            (
                "echo '{\"kind\":\"Secret\"}'".to_owned(),
                "expected client.authentication.k8s.io/v1 ExecCredential",
            ),
            (answer("{}"), "did not return a token"),
            (answer(r#"{"clientKeyData":"x"}"#), "only one of"),
            (answer(r#"{"token":"secret","expirationTimestamp":"soon"}"#), "expirationTimestamp"),
        ] {
            let why = ask(&plugin(&script)).unwrap_err();
            assert!(why.contains(expected) && !why.contains("secret"), "{why}");
        }
        let mut missing = plugin("");
        Arc::get_mut(&mut missing).unwrap().command = "/no/such/program".into();
        let why = ask(&missing).unwrap_err();
        assert!(why.contains("/no/such/program") && why.ends_with("apt install it"), "{why}");
    }
}
