//! The settings of an authorizer of type `Webhook`.

use std::path::{Path as FilePath, PathBuf};
use std::time::Duration;

use api::Value;
use api::field::{Errors, Path};
use api::time::duration;

use super::CheckFile;
use crate::authorizer::Decision;
use crate::webhook::{Conditions, ReviewVersion, Settings};

/// How long a yes is remembered when nothing else is said.
const AUTHORIZED: Duration = Duration::from_secs(300);
/// How long anything else is remembered when nothing else is said.
const UNAUTHORIZED: Duration = Duration::from_secs(30);
/// The longest timeout, in nanoseconds.
const LONGEST: i64 = 30_000_000_000;

/// A webhook as the file has it.
#[derive(Debug)]
pub struct WebhookConfig {
    /// What is asked and what answers come to.
    pub settings: Settings,
    /// When it is asked at all.
    pub conditions: Conditions,
    /// How long one request may take.
    pub timeout: Duration,
    /// Where it is.
    pub connection: Connection,
}

/// How a webhook is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// As the server itself, which runs in a pod (`InClusterConfig`).
    InCluster,
    /// As the current context of a kubeconfig file says.
    KubeConfigFile(PathBuf),
}

/// Reads the section; what is wrong goes to `errors`.
pub(super) fn read(
    section: &Value,
    path: &Path,
    check_file: CheckFile<'_>,
    errors: &mut Errors,
) -> WebhookConfig {
    let timeout = read_timeout(section, path, errors);
    let authorized_ttl =
        read_ttl(section, path, ("authorizedTTL", "cacheAuthorizedRequests"), AUTHORIZED, errors);
    let unauthorized_ttl =
        read_ttl(section, path, ("unauthorizedTTL", "cacheUnauthorizedRequests"), UNAUTHORIZED, errors);
    let version = read_version(section, path, errors);
    check_condition_version(section, path, errors);
    let on_error = read_policy(section, path, errors);
    let connection = read_connection(section, &path.child("connectionInfo"), check_file, errors);
    let conditions = section.array_at(&["matchConditions"]).iter();
    let texts: Vec<&str> = conditions.map(|c| c.str_at(&["expression"])).collect();
    let conditions = Conditions::compile(&texts, &path.child("matchConditions"), errors);
    let settings = Settings { version, authorized_ttl, unauthorized_ttl, on_error };
    WebhookConfig { settings, conditions, timeout, connection }
}

/// A duration of the file in nanoseconds; what is not set is 0.
fn nanos(section: &Value, field: &str) -> i64 {
    duration::parse(section.str_at(&[field])).unwrap_or(0)
}

fn positive(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

fn shown(nanos: i64) -> Value {
    Value::String(duration::format(nanos))
}

fn read_timeout(section: &Value, path: &Path, errors: &mut Errors) -> Duration {
    let (path, nanos) = (path.child("timeout"), nanos(section, "timeout"));
    if nanos == 0 {
        errors.required(&path, "");
    } else if !(0..=LONGEST).contains(&nanos) {
        errors.invalid(&path, &shown(nanos), "must be > 0s and <= 30s");
    }
    positive(nanos)
}

/// How long answers of a kind are remembered: zero when the second field says so.
fn read_ttl(
    section: &Value,
    path: &Path,
    (field, switch): (&str, &str),
    default: Duration,
    errors: &mut Errors,
) -> Duration {
    let nanos = nanos(section, field);
    if nanos < 0 {
        errors.invalid(&path.child(field), &shown(nanos), "must be > 0s");
    }
    match (section.at(&[switch]).as_bool(), nanos) {
        (Some(false), _) => Duration::ZERO,
        (_, 0) => default,
        (_, nanos) => positive(nanos),
    }
}

fn read_version(section: &Value, path: &Path, errors: &mut Errors) -> ReviewVersion {
    let (path, name) =
        (path.child("subjectAccessReviewVersion"), section.str_at(&["subjectAccessReviewVersion"]));
    let version = ReviewVersion::parse(name);
    if name.is_empty() {
        errors.required(&path, "");
    } else if version.is_none() {
        errors.not_supported(&path, &name.into(), &["v1", "v1beta1"]);
    }
    version.unwrap_or_default()
}

fn check_condition_version(section: &Value, path: &Path, errors: &mut Errors) {
    const FIELD: &str = "matchConditionSubjectAccessReviewVersion";
    let path = path.child(FIELD);
    match section.str_at(&[FIELD]) {
        "v1" => {}
        "" if section.array_at(&["matchConditions"]).is_empty() => {}
        "" => errors.required(&path, "required if match conditions are specified"),
        other => errors.not_supported(&path, &other.into(), &["v1"]),
    }
}

fn read_policy(section: &Value, path: &Path, errors: &mut Errors) -> Decision {
    let path = path.child("failurePolicy");
    match section.str_at(&["failurePolicy"]) {
        "NoOpinion" => return Decision::NoOpinion,
        "Deny" => {}
        "" => errors.required(&path, ""),
        other => errors.not_supported(&path, &other.into(), &["NoOpinion", "Deny"]),
    }
    Decision::Deny
}

fn read_connection(
    section: &Value,
    path: &Path,
    check_file: CheckFile<'_>,
    errors: &mut Errors,
) -> Connection {
    let info = section.at(&["connectionInfo"]);
    let file = info.at(&["kubeConfigFile"]).as_str();
    let file_path = path.child("kubeConfigFile");
    match info.str_at(&["type"]) {
        "" => errors.required(&path.child("type"), ""),
        "InClusterConfig" => {
            if let Some(file) = file {
                errors.invalid(&file_path, &file.into(), "can only be set when type=KubeConfigFile");
            }
        }
        "KubeConfigFile" => {
            let file = file.unwrap_or("");
            if file.is_empty() {
                errors.required(&file_path, "");
            } else if !FilePath::new(file).is_absolute() {
                errors.invalid(&file_path, &file.into(), "must be an absolute path");
            } else if let Err(why) = check_file(file) {
                errors.invalid(&file_path, &file.into(), why);
            }
            return Connection::KubeConfigFile(file.into());
        }
        other => {
            errors.not_supported(&path.child("type"), &other.into(), &["InClusterConfig", "KubeConfigFile"]);
        }
    }
    Connection::InCluster
}
