//! The kubelet's configuration as it is in force: defaults, file, drop-ins, flags, each over what came before.
//!
//! Entry points: [`Kubelet::all`]; [`Kubelet::value`] tells what a [`Field`] is.

use std::cmp::Ordering;

use api::Value;

use super::flags::Flags;
use super::host::Host;
use crate::catalogue::Kind;
use crate::document::Document;
use crate::finding::Place;
use crate::input::Input;

/// A kubelet.
#[derive(Clone, Debug)]
pub(crate) struct Kubelet<'a> {
    /// The host's facts, or the configuration itself.
    pub document: &'a Document,
    /// Its flags; `None` when nothing tells of them.
    pub flags: Option<Flags<'a>>,
    /// The files its configuration comes from, in the order they count.
    pub files: Vec<String>,
    /// The first of the files that nobody could read: what no flag says is not known then.
    unread: Option<String>,
    config: Value,
    /// What is in force was asked of the kubelet itself.
    pub asked: bool,
}

/// A field of the configuration.
pub(crate) struct Field {
    pub path: &'static [&'static str],
    /// The flag that sets it, `""` for none.
    flag: &'static str,
    form: Form,
    default: Given,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Bool,
    Int,
    Text,
    /// An amount of time; none at all stands for the default.
    Time,
    List,
    /// `name=true` pairs that add up.
    Gates,
}

/// What is in force when nobody says anything.
#[derive(Clone, Copy)]
enum Given {
    Bool(bool),
    Int(i64),
    Text(&'static str),
    Nothing,
}

/// A file that has to be read to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread(pub String);

const fn field(path: &'static [&'static str], flag: &'static str, form: Form, default: Given) -> Field {
    Field { path, flag, form, default }
}

pub(crate) const ANONYMOUS: Field =
    field(&["authentication", "anonymous", "enabled"], "anonymous-auth", Form::Bool, Given::Bool(false));
pub(crate) const AUTHORIZATION: Field =
    field(&["authorization", "mode"], "authorization-mode", Form::Text, Given::Text("Webhook"));
pub(crate) const CLIENT_CA: Field =
    field(&["authentication", "x509", "clientCAFile"], "client-ca-file", Form::Text, Given::Text(""));
pub(crate) const READ_ONLY_PORT: Field = field(&["readOnlyPort"], "read-only-port", Form::Int, Given::Int(0));
pub(crate) const IDLE_TIMEOUT: Field = field(
    &["streamingConnectionIdleTimeout"],
    "streaming-connection-idle-timeout",
    Form::Time,
    Given::Text("4h0m0s"),
);
pub(crate) const IPTABLES: Field =
    field(&["makeIPTablesUtilChains"], "make-iptables-util-chains", Form::Bool, Given::Bool(true));
pub(crate) const EVENT_QPS: Field = field(&["eventRecordQPS"], "event-qps", Form::Int, Given::Int(50));
pub(crate) const CERTIFICATE: Field = field(&["tlsCertFile"], "tls-cert-file", Form::Text, Given::Text(""));
pub(crate) const KEY: Field =
    field(&["tlsPrivateKeyFile"], "tls-private-key-file", Form::Text, Given::Text(""));
pub(crate) const BOOTSTRAP: Field =
    field(&["serverTLSBootstrap"], "rotate-server-certificates", Form::Bool, Given::Bool(false));
pub(crate) const ROTATE: Field =
    field(&["rotateCertificates"], "rotate-certificates", Form::Bool, Given::Bool(false));
pub(crate) const CIPHERS: Field =
    field(&["tlsCipherSuites"], "tls-cipher-suites", Form::List, Given::Nothing);
pub(crate) const MIN_TLS: Field = field(&["tlsMinVersion"], "tls-min-version", Form::Text, Given::Text(""));
pub(crate) const PIDS: Field = field(&["podPidsLimit"], "pod-max-pids", Form::Int, Given::Int(-1));
pub(crate) const SECCOMP: Field = field(&["seccompDefault"], "", Form::Bool, Given::Bool(false));
pub(crate) const KERNEL: Field =
    field(&["protectKernelDefaults"], "protect-kernel-defaults", Form::Bool, Given::Bool(false));
pub(crate) const SYSCTLS: Field =
    field(&["allowedUnsafeSysctls"], "allowed-unsafe-sysctls", Form::List, Given::Nothing);
pub(crate) const POD_URL: Field = field(&["staticPodURL"], "manifest-url", Form::Text, Given::Text(""));
pub(crate) const POD_PATH: Field =
    field(&["staticPodPath"], "pod-manifest-path", Form::Text, Given::Text(""));
pub(crate) const ADDRESS: Field = field(&["address"], "address", Form::Text, Given::Text("0.0.0.0"));
pub(crate) const GATES: Field = field(&["featureGates"], "feature-gates", Form::Gates, Given::Nothing);

/// All of them; their defaults are those of `KubeletConfiguration` v1beta1 in 1.36, [`legacy`] has those of the flags.
const FIELDS: [&Field; 21] = [
    &ADDRESS,
    &ANONYMOUS,
    &AUTHORIZATION,
    &CLIENT_CA,
    &READ_ONLY_PORT,
    &IDLE_TIMEOUT,
    &IPTABLES,
    &EVENT_QPS,
    &CERTIFICATE,
    &KEY,
    &BOOTSTRAP,
    &ROTATE,
    &CIPHERS,
    &MIN_TLS,
    &PIDS,
    &SECCOMP,
    &KERNEL,
    &SYSCTLS,
    &POD_URL,
    &POD_PATH,
    &GATES,
];

impl<'a> Kubelet<'a> {
    /// Every kubelet: those that run on hosts, configurations that were given by themselves (each counts as the file
    /// of `--config`), and what a kubelet answers at `/configz`.
    pub(crate) fn all(input: &'a Input) -> Vec<Self> {
        let hosts = Host::all(input);
        let on_hosts = hosts.iter().filter_map(Self::on);
        on_hosts.chain(input.of_kind(Kind::Kubelet).filter_map(Self::alone)).collect()
    }

    /// The kubelet that runs on a host.
    pub(crate) fn on(host: &Host<'a>) -> Option<Self> {
        let flags = host.flags("kubelet")?;
        let (file, directory) = (flags.last("config"), flags.last("config-dir"));
        let mut all = Self::new(host.document, legacy());
        if let Some(path) = file.filter(|path| !path.is_empty()) {
            // With a file, the defaults of the command line do not count any more.
            all.config = Value::object();
            all.merge(path, host.content(path));
        }
        if let Some(directory) = directory.filter(|path| !path.is_empty()) {
            let mut drop_ins: Vec<_> = host.below(directory).filter(is_drop_in).collect();
            drop_ins.sort_by(|a, b| walk_order(a.path, b.path));
            drop_ins.iter().for_each(|file| all.merge(file.path, file.content));
            if host.file(directory).is_none() && host.missing(directory).is_some() {
                all.unread.get_or_insert_with(|| directory.to_owned());
            }
        }
        all.fill();
        FIELDS.iter().for_each(|field| field.overlay(&flags, &mut all.config));
        if flags.last("seccomp-default").and_then(boolean) == Some(true) {
            // This flag turns it on, and cannot turn off what the file turns on.
            all.config.set_at(SECCOMP.path, true);
        }
        all.flags = Some(flags);
        Some(all)
    }

    fn alone(document: &'a Document) -> Option<Self> {
        let (asked, config) = match document.value.get("kubeletconfig") {
            Some(config) => (true, config),
            None if document.value.str_at(&["kind"]) == "KubeletConfiguration" => (false, &document.value),
            None => return None,
        };
        let mut all = Self { asked, ..Self::new(document, config.clone()) };
        // What a kubelet answers is in force already: no time at all means just that.
        if !asked {
            all.fill();
        }
        Some(all)
    }

    fn new(document: &'a Document, config: Value) -> Self {
        Self { document, flags: None, files: Vec::new(), unread: None, config, asked: false }
    }

    fn merge(&mut self, path: &str, content: Option<&str>) {
        self.files.push(path.to_owned());
        match content.and_then(|text| codec::yaml::parse(text.as_bytes()).ok()) {
            Some(parsed) if parsed.value.as_object().is_some() => {
                merge_patch(&mut self.config, &parsed.value);
            }
            _ => {
                self.unread.get_or_insert_with(|| path.to_owned());
            }
        }
    }

    fn fill(&mut self) {
        FIELDS.iter().for_each(|field| field.fill(&mut self.config));
    }

    /// What is in force for a field.
    ///
    /// # Errors
    /// A file that would tell was not given.
    pub(crate) fn value(&self, field: &Field) -> Result<&Value, Unread> {
        let said = self.flags.as_ref().is_some_and(|flags| flags.last(field.flag).is_some());
        match &self.unread {
            Some(path) if !said => Err(Unread(path.clone())),
            _ => Ok(self.config.at(field.path)),
        }
    }

    /// What is in force for a field that holds text, `""` for nothing.
    ///
    /// # Errors
    /// A file that would tell was not given.
    pub(crate) fn text(&self, field: &Field) -> Result<&str, Unread> {
        Ok(self.value(field)?.as_str().unwrap_or(""))
    }

    /// What is in force for a field that is true or false.
    ///
    /// # Errors
    /// A file that would tell was not given.
    pub(crate) fn is(&self, field: &Field) -> Result<bool, Unread> {
        let default = matches!(field.default, Given::Bool(true));
        Ok(self.value(field)?.as_bool().unwrap_or(default))
    }

    /// What is in force for a field that is a number.
    ///
    /// # Errors
    /// A file that would tell was not given.
    pub(crate) fn number(&self, field: &Field) -> Result<i64, Unread> {
        let default = if let Given::Int(i) = field.default { i } else { 0 };
        Ok(self.value(field)?.as_i64().unwrap_or(default))
    }

    /// The texts of a list.
    ///
    /// # Errors
    /// A file that would tell was not given.
    pub(crate) fn list(&self, field: &Field) -> Result<Vec<&str>, Unread> {
        let items = self.value(field)?.as_array().unwrap_or(&[]);
        Ok(items.iter().filter_map(Value::as_str).collect())
    }

    /// Where findings about it are.
    pub(crate) fn place(&self) -> Place {
        match self.document.value.str_at(&["metadata", "name"]) {
            "" => Place::named("Kubelet", &*self.document.origin.source, &self.document.origin),
            name => Place::named("Kubelet", name, &self.document.origin),
        }
    }
}

impl Field {
    /// The name of the field.
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }

    /// What counts when nobody has said anything.
    fn fill(&self, config: &mut Value) {
        let value = config.at(self.path);
        let empty = value.is_null()
            || match self.form {
                Form::Time => value.as_str().is_none_or(is_no_time),
                Form::Text => value.as_str() == Some(""),
                _ => false,
            };
        let default = match self.default {
            Given::Bool(b) => Value::from(b),
            Given::Int(i) => Value::from(i),
            Given::Text(text) => Value::from(text),
            Given::Nothing => return,
        };
        if empty {
            config.set_at(self.path, default);
        }
    }

    /// What the command line says, over everything else.
    fn overlay(&self, flags: &Flags<'_>, config: &mut Value) {
        let Some(last) = flags.last(self.flag) else { return };
        let value = match self.form {
            Form::Bool => boolean(last).map(Value::from),
            Form::Int => last.parse::<i64>().ok().map(Value::from),
            Form::Text | Form::Time => Some(Value::from(last)),
            Form::List => {
                let items = flags.all(self.flag).flat_map(|text| text.split(','));
                Some(Value::from(items.filter(|t| !t.is_empty()).map(Value::from).collect::<Vec<_>>()))
            }
            Form::Gates => return self.gates(flags, config),
        };
        if let Some(value) = value {
            config.set_at(self.path, value);
        }
    }

    fn gates(&self, flags: &Flags<'_>, config: &mut Value) {
        for pair in flags.all(self.flag).flat_map(|text| text.split(',')) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            if let Some(value) = boolean(value.trim()) {
                config.object_at_mut(self.path).insert(name.trim(), value.into());
            }
        }
    }
}

/// The defaults of the command line, which count as long as no file is given.
fn legacy() -> Value {
    let mut config = Value::object();
    config.set_at(ANONYMOUS.path, true);
    config.set_at(AUTHORIZATION.path, "AlwaysAllow");
    config.set_at(READ_ONLY_PORT.path, 10_255_i64);
    config
}

/// RFC 7396; how deep it goes is bounded by how deep a text may nest.
fn merge_patch(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        target.clone_from(patch);
        return;
    };
    let members = target.make_object();
    for (key, value) in patch.iter() {
        if value.is_null() {
            members.remove(key);
        } else {
            merge_patch(members.entry(key), value);
        }
    }
}

/// A file whose name ends as the kubelet wants it.
fn is_drop_in(file: &super::host::File<'_>) -> bool {
    file.kind != "directory" && file.path.ends_with(".conf")
}

/// The order of a walk: by name within each directory.
fn walk_order(a: &str, b: &str) -> Ordering {
    a.split('/').cmp(b.split('/'))
}

/// No time at all, as Go writes amounts of time.
pub(crate) fn is_no_time(text: &str) -> bool {
    !text.bytes().any(|b| matches!(b, b'1'..=b'9'))
}

/// As Go's `strconv.ParseBool` reads it.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
