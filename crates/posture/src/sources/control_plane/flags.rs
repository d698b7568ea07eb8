//! Flags as the programs read them: pflag for Kubernetes, Go's own package and the environment for etcd.

use api::Value;

use super::argv::Word;
use crate::sources::flags::pairs;

/// Boolean flags: they take no value but behind a `=`.
const BOOLEAN: &[&str] = &[
    "allocate-node-cidrs",
    "allow-privileged",
    "anonymous-auth",
    "audit-log-compress",
    "audit-log-truncate-enabled",
    "audit-webhook-truncate-enabled",
    "authentication-skip-lookup",
    "authentication-tolerate-lookup-failure",
    "auto-tls",
    "client-cert-auth",
    "configure-cloud-routes",
    "contention-profiling",
    "enable-aggregator-routing",
    "enable-bootstrap-token-auth",
    "enable-garbage-collector",
    "enable-logs-handler",
    "enable-pprof",
    "enable-priority-and-fairness",
    "encryption-provider-config-automatic-reload",
    "leader-elect",
    "peer-auto-tls",
    "peer-client-cert-auth",
    "permit-address-sharing",
    "permit-port-sharing",
    "profiling",
    "service-account-extend-token-expiration",
    "service-account-lookup",
    "shutdown-send-retry-after",
    "use-service-account-credentials",
    "watch-cache",
];

/// One flag as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flag {
    /// Its name without dashes in front.
    pub name: String,
    pub value: String,
    /// Where it stands, such as `spec.containers[0].command[3]`.
    pub field: String,
}

/// The flags of a program, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(Vec<Flag>);

impl Flags {
    /// Reads a command line without the program's name.
    pub(crate) fn parse(words: &[Word]) -> Self {
        let flags = words.iter().map(|word| word.text.as_str()).take_while(|text| *text != "--");
        let flag = |(at, name, value): (usize, String, &str)| {
            let field = words.get(at)?.field.clone();
            Some(Flag { name, value: value.to_owned(), field })
        };
        Self(pairs(flags, BOOLEAN).into_iter().filter_map(flag).collect())
    }

    /// What etcd reads from its environment; flags count for more.
    pub(crate) fn with_environment(mut self, environment: Vec<Flag>) -> Self {
        self.0.splice(0..0, environment);
        self
    }

    /// The settings of etcd's configuration file by the names of their flags.
    pub(crate) fn of_etcd_file(file: &Value, path: &str) -> Self {
        let sections = [
            ("", file),
            ("", file.at(&["client-transport-security"])),
            ("peer-", file.at(&["peer-transport-security"])),
        ];
        let members = sections.into_iter().flat_map(|(prefix, section)| {
            let members = section.as_object().into_iter().flat_map(|map| map.iter());
            members.map(move |(name, value)| (format!("{prefix}{name}"), value))
        });
        let flag = |(name, value): (String, &Value)| {
            let value = match value {
                Value::String(text) => text.to_string(),
                Value::Bool(_) | Value::Int(_) => api::json::to_string(value),
                _ => return None,
            };
            Some(Flag { field: format!("{path}: {name}"), name, value })
        };
        Self(members.filter_map(flag).collect())
    }

    /// The arguments of OpenShift's configuration of a component: lists of values by the names of flags.
    pub(crate) fn add_arguments(&mut self, file: &Value, path: &str) {
        for member in ["apiServerArguments", "extendedArguments"] {
            for (name, values) in file.at(&[member]).as_object().into_iter().flat_map(|map| map.iter()) {
                let values = values.as_array().unwrap_or(&[]).iter().filter_map(Value::as_str);
                let field = format!("{path}: {member}.{name}");
                let flag =
                    |value: &str| Flag { name: name.into(), value: value.into(), field: field.clone() };
                self.0.extend(values.map(flag));
            }
        }
    }

    /// The flag as it counts: the last one.
    pub(crate) fn last(&self, name: &str) -> Option<&Flag> {
        self.0.iter().rev().find(|flag| flag.name == name)
    }

    /// Its value, `""` when it is not given.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.last(name).map_or("", |flag| flag.value.as_str())
    }

    /// True when it is given and not empty.
    pub(crate) fn has(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// A boolean flag.
    pub(crate) fn is(&self, name: &str, default: bool) -> bool {
        match self.last(name).map(|flag| flag.value.as_str()) {
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
            _ => default,
        }
    }

    /// A whole number; `None` when it is not given, or is no number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.last(name)?.value.parse().ok()
    }

    /// A list: what is given later comes behind.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let all = self.0.iter().filter(|flag| flag.name == name);
        all.flat_map(|flag| flag.value.split(',')).map(str::trim).filter(|item| !item.is_empty()).collect()
    }

    /// `--feature-gates`, the later ones counting for more.
    pub(crate) fn gate(&self, name: &str) -> Option<bool> {
        let gates = self.list("feature-gates").into_iter().rev();
        let mut set = gates.filter_map(|gate| gate.split_once('='));
        set.find(|(gate, _)| gate.trim() == name)
            .and_then(|(_, value)| value.trim().to_ascii_lowercase().parse().ok())
    }

    /// True when both say the same.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let plain = |flags: &Self| {
            flags.0.iter().map(|flag| (flag.name.clone(), flag.value.clone())).collect::<Vec<_>>()
        };
        plain(self) == plain(other)
    }
}
