//! `PodSecurityConfiguration`: what counts where a namespace says nothing, and whom nothing counts for.

use api::Value;
use api::field::{Errors, Path};
use codec::object::{ConfigKind, decode_config};
use kinds::names;
use schema::{Field, Message, Type};

use super::level::{Level, LevelVersion, Policy, Version};

/// The configuration of the plug-in (`pod-security.admission.config.k8s.io/v1`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// What counts where the labels of a namespace are silent.
    pub defaults: Policy,
    /// Users whose pods are not looked at.
    pub usernames: Vec<String>,
    /// Namespaces whose pods are not looked at.
    pub namespaces: Vec<String>,
    /// Runtime classes whose pods are not looked at.
    pub runtime_classes: Vec<String>,
}

/// The kind of file: its three versions say the same.
const KIND: ConfigKind = ConfigKind {
    group: "pod-security.admission.config.k8s.io",
    versions: &["v1", "v1beta1", "v1alpha1"],
    kind: "PodSecurityConfiguration",
    message: &MESSAGE,
};

static MESSAGE: Message = Message::new(
    "PodSecurityConfiguration",
    "v1.PodSecurityConfiguration",
    &[
        Field::new("apiVersion", 0, Type::String),
        Field::new("kind", 0, Type::String),
        Field::new("defaults", 0, Type::Message(&DEFAULTS)),
        Field::new("exemptions", 0, Type::Message(&EXEMPTIONS)),
    ],
);

static DEFAULTS: Message = Message::new(
    "PodSecurityDefaults",
    "v1.PodSecurityDefaults",
    &[
        Field::new("enforce", 0, Type::String),
        Field::new("enforce-version", 0, Type::String),
        Field::new("audit", 0, Type::String),
        Field::new("audit-version", 0, Type::String),
        Field::new("warn", 0, Type::String),
        Field::new("warn-version", 0, Type::String),
    ],
);

static EXEMPTIONS: Message = Message::new(
    "PodSecurityExemptions",
    "v1.PodSecurityExemptions",
    &[
        Field::new("usernames", 0, Type::List(&Type::String)),
        Field::new("namespaces", 0, Type::List(&Type::String)),
        Field::new("runtimeClasses", 0, Type::List(&Type::String)),
    ],
);

impl Configuration {
    /// Reads a configuration, YAML or JSON.
    ///
    /// # Errors
    /// Everything that is wrong with it, in upstream's words.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let object = decode_config(bytes, &KIND)?;
        Self::of(&object).map_err(|errors| errors.to_string())
    }

    fn of(object: &Value) -> Result<Self, Errors> {
        let mut errors = Errors::new();
        let defaults = Policy {
            enforce: mode(object, "enforce", &mut errors),
            audit: mode(object, "audit", &mut errors),
            warn: mode(object, "warn", &mut errors),
        };
        let mut exempt = |list: &str, faults: fn(&str) -> String| exempt(object, list, faults, &mut errors);
        let configuration = Self {
            defaults,
            namespaces: exempt("namespaces", |name| names::dns1123_label(name).join(", ")),
            runtime_classes: exempt("runtimeClasses", |name| names::dns1123_subdomain(name).join(", ")),
            usernames: exempt("usernames", |name| {
                if name.is_empty() { "username must not be empty".to_owned() } else { String::new() }
            }),
        };
        if errors.is_empty() { Ok(configuration) } else { Err(errors) }
    }

    /// True when pods of the namespace are not looked at.
    pub(super) fn exempts_namespace(&self, namespace: &str) -> bool {
        !namespace.is_empty() && self.namespaces.iter().any(|n| n == namespace)
    }

    /// True when pods of the user are not looked at.
    pub(super) fn exempts_user(&self, user: &str) -> bool {
        !user.is_empty() && self.usernames.iter().any(|n| n == user)
    }

    /// True when pods with this specification are not looked at.
    pub(super) fn exempts_class_of(&self, spec: &Value) -> bool {
        let class = spec.str_at(&["runtimeClassName"]);
        !class.is_empty() && self.runtime_classes.iter().any(|n| n == class)
    }
}

fn mode(object: &Value, mode: &str, errors: &mut Errors) -> LevelVersion {
    let path = Path::new("defaults");
    let text = |member: &str, otherwise: &'static str| match object.str_at(&["defaults", member]) {
        "" => otherwise.to_owned(),
        text => text.to_owned(),
    };
    let (level, member) = (text(mode, "privileged"), format!("{mode}-version"));
    let version = text(&member, "latest");
    let mut wrong = |member: &str, value: &str, why: &str| {
        errors.invalid(&path.child(member), &Value::from(value), why);
    };
    LevelVersion {
        level: Level::parse(&level).unwrap_or_else(|why| {
            wrong(mode, &level, why);
            Level::Restricted
        }),
        version: Version::parse(&version).unwrap_or_else(|why| {
            wrong(&member, &version, why);
            Version::Latest
        }),
    }
}

fn exempt(object: &Value, list: &str, faults: fn(&str) -> String, errors: &mut Errors) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (i, item) in object.array_at(&["exemptions", list]).iter().enumerate() {
        let path = Path::new("exemptions").child(list).index(i);
        let name = item.as_str().unwrap_or("");
        let fault = faults(name);
        if !fault.is_empty() {
            errors.invalid(&path, item, fault);
        } else if found.iter().any(|n| n == name) {
            errors.duplicate(&path, item);
        } else {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Configuration, String> {
        let head = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n";
        Configuration::read(format!("{head}{text}").as_bytes())
    }

    #[test]
    fn defaults_and_exemptions() {
        let read = read(
            "defaults: {enforce: baseline, enforce-version: v1.30}\n\
             exemptions: {namespaces: [kube-system], usernames: [root], runtimeClasses: [vm]}",
        )
        .unwrap();
        assert_eq!(read.defaults.enforce.to_string(), "baseline:v1.30");
        assert_eq!(read.defaults.warn.to_string(), "privileged:latest");
        assert!(read.exempts_namespace("kube-system") && !read.exempts_namespace(""));
        assert!(read.exempts_user("root") && !read.exempts_user("bob"));
        assert!(read.exempts_class_of(&api::object! { "runtimeClassName" => "vm" }));
    }

    #[test]
    fn all_that_is_wrong() {
        let errors = read(
            "defaults: {enforce: strict, audit-version: '1.2'}\n\
             exemptions: {namespaces: [A, b, b], usernames: ['']}",
        )
        .unwrap_err();
        for text in [
            "defaults.enforce: Invalid value: \"strict\": must be one of privileged, baseline, restricted",
            "defaults.audit-version: Invalid value: \"1.2\": must be \"latest\" or \"v1.x\"",
            "exemptions.namespaces[0]: Invalid value: \"A\"",
            "exemptions.namespaces[2]: Duplicate value: \"b\"",
            "exemptions.usernames[0]: Invalid value: \"\": username must not be empty",
        ] {
            assert!(errors.contains(text), "{text}\n{errors}");
        }
        assert!(read("default: {}").unwrap_err().contains("unknown field \"default\""));
    }
}
