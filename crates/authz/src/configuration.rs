//! `AuthorizationConfiguration` (`apiserver.config.k8s.io`): which authorizers there are, in which order.
//!
//! Entry point: [`Configuration::parse`].  The types of authorizers are the table [`TYPES`]; a type with settings of its
//! own has a section that is named there and read in a file of its own.

mod message;
#[cfg(test)]
mod tests;
mod webhook;

use api::Value;
use api::content;
use api::field::{Errors, Path};
use codec::object::{ConfigKind, decode_config};

use crate::access::Source;
pub use webhook::{Connection, WebhookConfig};

/// The kind of file, in the versions that upstream reads.
const KIND: ConfigKind = ConfigKind {
    group: "apiserver.config.k8s.io",
    versions: &["v1", "v1beta1", "v1alpha1"],
    kind: "AuthorizationConfiguration",
    message: &message::CONFIGURATION,
};

/// A type of authorizer.
#[derive(Debug, PartialEq, Eq)]
pub struct AuthorizerType {
    /// Its name, also for `--authorization-mode`.
    pub name: &'static str,
    /// There may be several, each with a name of its own; else the name is that of the type in lower case.
    pub repeatable: bool,
    /// Field with its settings, `""` for none.
    pub section: &'static str,
}

/// Every type of authorizer, sorted by name.
pub static TYPES: &[AuthorizerType] = &[
    AuthorizerType { name: "ABAC", repeatable: false, section: "" },
    // A type of ours.
    AuthorizerType { name: "AccessRules", repeatable: true, section: "accessRules" },
    AuthorizerType { name: "AlwaysAllow", repeatable: false, section: "" },
    AuthorizerType { name: "AlwaysDeny", repeatable: false, section: "" },
    AuthorizerType { name: "Node", repeatable: false, section: "" },
    AuthorizerType { name: "RBAC", repeatable: false, section: "" },
    AuthorizerType { name: "Webhook", repeatable: true, section: "webhook" },
];

/// The authorizers of a server.
#[derive(Debug)]
pub struct Configuration {
    /// In the order in which they are asked.
    pub authorizers: Vec<AuthorizerConfig>,
}

/// One authorizer.
#[derive(Debug)]
pub struct AuthorizerConfig {
    /// What it is.
    pub of: &'static AuthorizerType,
    /// What it is called in messages and metrics.
    pub name: String,
    /// Settings of the type `Webhook`.
    pub webhook: Option<WebhookConfig>,
    /// Settings of the type `AccessRules`.
    pub access_rules: Option<Source>,
}

/// What a file names besides itself, looked at by whoever may look at files: why it cannot be used.
pub type CheckFile<'a> = &'a dyn Fn(&str) -> Result<(), String>;

impl AuthorizerType {
    /// The type of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|of| of.name == name)
    }

    /// What an authorizer of this type is called that has no name of its own.
    pub fn default_name(&self) -> String {
        self.name.to_ascii_lowercase()
    }
}

impl AuthorizerConfig {
    /// An authorizer without settings.
    pub fn plain(of: &'static AuthorizerType) -> Self {
        Self { of, name: of.default_name(), webhook: None, access_rules: None }
    }
}

impl Configuration {
    /// Reads a file, JSON or YAML.
    ///
    /// # Errors
    /// Everything that is wrong with it, in upstream's words.
    pub fn parse(bytes: &[u8], check_file: CheckFile<'_>) -> Result<Self, String> {
        let failed = |why| format!("failed to load AuthorizationConfiguration from file: {why}");
        let value = decode_config(bytes, &KIND).map_err(failed)?;
        let mut errors = Errors::new();
        let configuration = read(&value, check_file, &mut errors);
        if !errors.is_empty() {
            return Err(errors.to_string());
        }
        configuration.check_names()?;
        Ok(configuration)
    }

    /// Authorizers that there may be one of have the name of their type, as those of the flag have.
    fn check_names(&self) -> Result<(), String> {
        let others = self.authorizers.iter().filter(|a| !a.of.repeatable && a.name != a.of.default_name());
        let complaints: Vec<String> = others
            .map(|a| {
                format!(
                    "expected name {} for authorizer {} instead of {}",
                    a.of.default_name(),
                    a.of.name,
                    a.name
                )
            })
            .collect();
        crate::union::aggregate(complaints).map_or(Ok(()), Err)
    }

    /// Types other than webhooks stay as they were at the start: what they know is fed to them from then on.
    ///
    /// # Errors
    /// Which are missing or new, against those of `first`.
    pub fn check_types(&self, first: &Configuration) -> Result<(), String> {
        let types = |of: &Configuration| -> Vec<&'static str> {
            let fixed = of.authorizers.iter().map(|a| a.of).filter(|of| of.section.is_empty());
            let mut names: Vec<_> = fixed.map(|of| of.name).collect();
            names.sort_unstable();
            names
        };
        let (had, has) = (types(first), types(self));
        let missing: Vec<&str> = had.iter().filter(|name| !has.contains(name)).copied().collect();
        if !missing.is_empty() {
            return Err(format!("missing required types: [{}]", missing.join(" ")));
        }
        // The others know nothing that would have to be fed to them.
        let fed = |name: &&&str| ["Node", "ABAC", "RBAC"].contains(*name) && !had.contains(*name);
        match has.iter().find(fed) {
            Some(name) => Err(format!(
                "authorizer type {name} is not allowed if it was not enabled at initial server startup"
            )),
            None => Ok(()),
        }
    }
}

fn read(value: &Value, check_file: CheckFile<'_>, errors: &mut Errors) -> Configuration {
    let path = Path::new("authorizers");
    let items = value.array_at(&["authorizers"]);
    if items.is_empty() {
        errors.required(&path, "at least one authorization mode must be defined");
    }
    let mut authorizers: Vec<AuthorizerConfig> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let path = path.index(i);
        let Some(of) = read_type(item, &path, &authorizers, errors) else { continue };
        let name = item.str_at(&["name"]);
        check_name(name, &path.child("name"), &authorizers, errors);
        let mut authorizer =
            AuthorizerConfig { of, name: name.to_owned(), webhook: None, access_rules: None };
        check_sections(item, of, &path, errors);
        let section = item.at(&[of.section]);
        if of.section == "webhook" && !section.is_null() {
            // Upstream's paths leave the section out.
            authorizer.webhook = Some(webhook::read(section, &path, check_file, errors));
        }
        if of.section == "accessRules" && !section.is_null() {
            authorizer.access_rules = Source::read(section, &path.child("accessRules"), errors);
        }
        authorizers.push(authorizer);
    }
    Configuration { authorizers }
}

fn read_type(
    item: &Value,
    path: &Path,
    before: &[AuthorizerConfig],
    errors: &mut Errors,
) -> Option<&'static AuthorizerType> {
    let (path, name) = (path.child("type"), item.str_at(&["type"]));
    if name.is_empty() {
        errors.required(&path, "");
        return None;
    }
    let Some(of) = AuthorizerType::find(name) else {
        let known: Vec<&str> = TYPES.iter().map(|of| of.name).collect();
        errors.not_supported(&path, &name.into(), &known);
        return None;
    };
    if !of.repeatable && before.iter().any(|a| a.of == of) {
        errors.duplicate(&path, &name.into());
        return None;
    }
    Some(of)
}

fn check_name(name: &str, path: &Path, before: &[AuthorizerConfig], errors: &mut Errors) {
    if name.is_empty() {
        return errors.required(path, "");
    }
    if before.iter().any(|a| a.name == name) {
        return errors.duplicate(path, &name.into());
    }
    let wrong = content::dns1123_subdomain(name);
    if !wrong.is_empty() {
        errors.invalid(path, &name.into(), format!("authorizer name is invalid: {}", wrong.join(", ")));
    }
}

/// A type has its own section, and no other.
fn check_sections(item: &Value, of: &AuthorizerType, path: &Path, errors: &mut Errors) {
    for other in TYPES.iter().filter(|other| !other.section.is_empty()) {
        let given = !item.at(&[other.section]).is_null();
        let path = path.child(other.section);
        if other == of && !given {
            errors.required(&path, format!("required when type={}", of.name));
        } else if other != of && given {
            let detail = format!("may only be specified when type={}", other.name);
            errors.invalid(&path, &"non-null".into(), detail);
        }
    }
}
