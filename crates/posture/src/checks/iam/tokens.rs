//! Tokens that lie in objects: service accounts' and those by which nodes join.

use api::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::Object;

use crate::finding::Status;
use crate::scan::Scan;
use crate::when::{day, moment};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["IAM-027", "IAM-028", "IAM-029"];

/// The group by which kubeadm's nodes join.
const JOINING: &str = "system:bootstrappers:kubeadm:default-node-token";
/// A token that was used in so many days is in use.
const IN_USE: i64 = 30;

const USED: &str = "kubernetes.io/legacy-token-last-used";
const INVALID: &str = "kubernetes.io/legacy-token-invalid-since";

const MOUNTED: Words = words(
    "pods that name no account of their own get its token",
    "서비스 어카운트를 지정하지 않은 파드가 이 토큰을 받음",
);
const FOR_EVER: Words =
    words("it holds a token of {} that never ends", "{}의 만료되지 않는 토큰이 들어 있음");
const STILL_USED: Words = words(
    "it holds a token of {} that never ends; somebody used it on {}",
    "{}의 만료되지 않는 토큰이 들어 있고 {}에 사용됨",
);
const SWEPT: Words = words("its token of {} is not valid since {}", "{}의 토큰이 {}부터 유효하지 않음");
const NO_END: Words = words("the token never ends", "토큰에 만료일이 없음");
const ENDED: Words = words("the token ended on {} and is still there", "{}에 만료된 토큰이 남아 있음");
const LATE: Words =
    words("the token lasts until {}, longer than {} hours", "토큰이 {}까지 유효하여 {}시간을 넘음");
const GROUPS: Words = words("who shows the token is in {}", "토큰 사용자가 {} 그룹에 속함");

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    for account in input.objects.of_kind("", "ServiceAccount").filter(|o| o.name() == "default") {
        scan.examine("IAM-027");
        let field = "automountServiceAccountToken";
        if account.value.at(&[field]).as_bool() != Some(false) {
            scan.find("IAM-027", Status::Warn, account, field.to_owned(), MOUNTED.plain());
        }
    }
    for secret in input.objects.of_kind("", "Secret") {
        if input.whole_cluster {
            scan.examine("IAM-028");
        }
        match secret.value.str_at(&["type"]) {
            "kubernetes.io/service-account-token" => in_secret(scan, secret),
            "bootstrap.kubernetes.io/token" => joining(scan, secret),
            _ => {}
        }
    }
}

fn in_secret(scan: &mut Scan<'_>, secret: &Object) {
    let metadata = |member, key| secret.value.at(&["metadata", member]).get(key).and_then(Value::as_str);
    let account = metadata("annotations", "kubernetes.io/service-account.name").unwrap_or("");
    let account = format!("{}/{account}", secret.namespace());
    let recent = |used: &&str| moment(used).is_some_and(|then| scan.settings.days_since(then) < IN_USE);
    let (status, reason) = if let Some(since) = metadata("labels", INVALID) {
        (Status::Warn, SWEPT.with([account.as_str(), since]))
    } else if let Some(used) = metadata("labels", USED).filter(recent) {
        // It cannot simply go: whoever uses it has to ask for tokens first.
        (Status::Warn, STILL_USED.with([account.as_str(), used]))
    } else {
        (Status::Fail, FOR_EVER.with([account]))
    };
    scan.find("IAM-028", status, secret, "type".to_owned(), reason);
}

/// Tokens by which nodes join; the server takes those in `kube-system` only.
fn joining(scan: &mut Scan<'_>, secret: &Object) {
    if secret.namespace() != "kube-system" {
        return;
    }
    scan.examine("IAM-029");
    let longest = scan.settings.limits.bootstrap_hours.saturating_mul(3600);
    let (status, reason) = match content(secret, "expiration").as_deref().and_then(moment) {
        None => (Status::Fail, NO_END.plain()),
        Some(end) if end <= scan.settings.now => (Status::Fail, ENDED.with([day(end)])),
        Some(end) if end.seconds().saturating_sub(scan.settings.now.seconds()) > longest => {
            (Status::Warn, LATE.with([day(end), scan.settings.limits.bootstrap_hours.to_string()]))
        }
        Some(_) => return groups(scan, secret),
    };
    scan.find("IAM-029", status, secret, "data.expiration".to_owned(), reason);
    groups(scan, secret);
}

fn groups(scan: &mut Scan<'_>, secret: &Object) {
    if content(secret, "usage-bootstrap-authentication").as_deref() != Some("true") {
        return;
    }
    let groups = content(secret, "auth-extra-groups").unwrap_or_default();
    for group in groups.split(',').map(str::trim).filter(|group| !group.is_empty() && *group != JOINING) {
        let field = "data.auth-extra-groups".to_owned();
        scan.find("IAM-029", Status::Fail, secret, field, GROUPS.with([group]));
    }
}

/// An entry of a Secret.
fn content(secret: &Object, key: &str) -> Option<String> {
    if let Some(plain) = secret.value.at(&["stringData"]).get(key).and_then(Value::as_str) {
        return Some(plain.to_owned());
    }
    let encoded = secret.value.at(&["data"]).get(key).and_then(Value::as_str)?;
    String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()
}
