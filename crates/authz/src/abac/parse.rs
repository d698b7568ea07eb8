//! Reading a policy file: `abac.authorization.kubernetes.io/v1beta1` and the older form without a version.

use std::fmt;
use std::sync::Arc;

use api::user::AUTHENTICATED;
use api::{Map, Str, Value};

use super::{Policies, Policy};

const GROUP: &str = "abac.authorization.kubernetes.io";
/// How much of a broken line is shown.
const SHOWN: usize = 200;

/// A line that is no policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbacError {
    /// The line of the file, from 1.
    pub line: usize,
    /// The line itself, cut when it is long.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

/// A line that means less, or more, than it seems to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The line of the file, from 1.
    pub line: usize,
    /// What to look at.
    pub text: String,
}

impl Policies {
    /// Reads a file: one JSON object a line; blank lines and lines that start with `#` count for nothing.
    ///
    /// Properties that nobody knows are ignored, as upstream does, but warned of: `readOnly` for `readonly` would allow
    /// more than was meant.
    ///
    /// # Errors
    /// Every line that is no policy.
    pub fn parse(text: &str) -> Result<(Self, Vec<Warning>), Vec<AbacError>> {
        let (mut policies, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (line, text) in (1..).zip(text.lines()) {
            let trimmed = text.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            match policy(line, trimmed, &mut warnings) {
                Ok(policy) => policies.push(Arc::new(policy)),
                Err(why) => {
                    errors.push(AbacError { line, text: trimmed.chars().take(SHOWN).collect(), why });
                }
            }
        }
        if errors.is_empty() { Ok((Self::new(policies), warnings)) } else { Err(errors) }
    }
}

fn policy(line: usize, text: &str, warnings: &mut Vec<Warning>) -> Result<Policy, String> {
    let parsed = codec::json::parse(text.as_bytes()).map_err(|e| e.to_string())?;
    let map = parsed.value.as_object().ok_or("a policy is an object in braces")?;
    let mut warn = |text: String| warnings.push(Warning { line, text });
    parsed.duplicates.iter().for_each(|d| warn(format!("property given twice: {d}")));
    let mut policy = match version(map)? {
        Version::Unversioned => {
            warn("policies without apiVersion are read as they were before version v1beta1".to_owned());
            unversioned(&Properties { map, prefix: "" }.read(&OLD, &mut warn)?)
        }
        Version::V1beta1 => {
            Properties { map, prefix: "" }.check(&["apiVersion", "kind", "spec"], &mut warn);
            match map.get("spec") {
                None | Some(Value::Null) => Policy::default(),
                Some(Value::Object(spec)) => {
                    v1beta1(&Properties { map: spec, prefix: "spec." }.read(&NEW, &mut warn)?)
                }
                Some(_) => return Err("spec: must be an object".to_owned()),
            }
        }
    };
    if policy.user.is_empty() && policy.group.is_empty() {
        warn("names neither user nor group, so it is for nobody".to_owned());
    }
    policy.line = line;
    Ok(policy)
}

#[derive(Clone, Copy)]
enum Version {
    Unversioned,
    V1beta1,
}

/// What a line is: without a version it is of the older form.
fn version(map: &Map) -> Result<Version, String> {
    let text = |key: &str| match map.get(key) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(s)) => Ok(s.as_str()),
        Some(_) => Err(format!("{key}: must be a string")),
    };
    let (api_version, kind) = (text("apiVersion")?, text("kind")?);
    let version = match (api_version.strip_prefix(GROUP).and_then(|v| v.strip_prefix('/')), kind) {
        (None, "" | "Policy") if api_version.is_empty() => Some(Version::Unversioned),
        (Some("v0"), "" | "Policy") => Some(Version::Unversioned),
        (Some("v1beta1"), "Policy") => Some(Version::V1beta1),
        _ => None,
    };
    version.ok_or_else(|| {
        format!(
            "kind `{kind}` of apiVersion `{api_version}` is no policy; use kind `Policy` of `{GROUP}/v1beta1`"
        )
    })
}

const OLD: [&str; 7] = ["apiVersion", "kind", "user", "group", "resource", "namespace", "readonly"];
const NEW: [&str; 7] = ["user", "group", "readonly", "apiGroup", "resource", "namespace", "nonResourcePath"];

/// The properties of a policy, read from one object.
struct Properties<'a> {
    map: &'a Map,
    prefix: &'static str,
}

impl Properties<'_> {
    fn check(&self, known: &[&str], warn: &mut impl FnMut(String)) {
        for (key, _) in self.map.iter().filter(|(key, _)| !known.contains(key)) {
            warn(format!("property `{}{key}` is not known and ignored", self.prefix));
        }
    }

    /// The properties as they are written.
    fn read(&self, known: &[&str], warn: &mut impl FnMut(String)) -> Result<Policy, String> {
        self.check(known, warn);
        let text = |key: &str| match self.map.get(key).filter(|_| known.contains(&key)) {
            None | Some(Value::Null) => Ok(Str::default()),
            Some(Value::String(s)) => Ok(s.clone()),
            Some(_) => Err(format!("{}{key}: must be a string", self.prefix)),
        };
        let readonly = match self.map.get("readonly") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(b)) => *b,
            Some(_) => return Err(format!("{}readonly: must be true or false", self.prefix)),
        };
        Ok(Policy {
            line: 0,
            user: text("user")?,
            group: text("group")?,
            readonly,
            api_group: text("apiGroup")?,
            resource: text("resource")?,
            namespace: text("namespace")?,
            path: text("nonResourcePath")?,
        })
    }
}

/// `*` stands for everybody who is authenticated.
fn v1beta1(written: &Policy) -> Policy {
    let mut policy = written.clone();
    if policy.user == "*" || policy.group == "*" {
        policy.user = Str::default();
        policy.group = AUTHENTICATED.into();
    }
    policy
}

/// In the older form what is left out is meant for all: everybody authenticated, every namespace, every resource, and
/// every path when neither namespace nor resource is given.
fn unversioned(written: &Policy) -> Policy {
    let mut policy = v1beta1(written);
    if policy.user.is_empty() && policy.group.is_empty() {
        policy.group = AUTHENTICATED.into();
    }
    if written.namespace.is_empty() && written.resource.is_empty() {
        policy.path = "*".into();
    }
    for part in [&mut policy.namespace, &mut policy.resource] {
        if part.is_empty() {
            *part = "*".into();
        }
    }
    policy.api_group = "*".into();
    policy
}

impl fmt::Display for AbacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.text, self.why)
    }
}

impl std::error::Error for AbacError {}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}
