//! How secrets lie in etcd: what the EncryptionConfiguration says.  Keys are never shown.

use api::Value;

use crate::checks::components::{API_SERVER, Ask, Look, Rule, rule, run as ask};
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::control_plane::{ControlPlane, Files};
use crate::words::{Said, Words, words};

pub(super) const IDS: &[&str] = &["CPL-034"];

const RULES: &[Rule] = &[rule("CPL-034", API_SERVER, Ask::Other(quality))];
const FLAG: &str = "encryption-provider-config";

/// How a list of resources may name secrets.
const SECRETS: [&str; 3] = ["secrets", "*.", "*.*"];

/// Providers with keys in the file itself.
const WITH_KEYS: [&str; 3] = ["aescbc", "aesgcm", "secretbox"];

const BROKEN: Words = words("{} cannot be read", "{}를 읽을 수 없음");
const UNCOVERED: Words = words("secrets are in no list of resources", "시크릿이 암호화 대상에 없음");
const IN_CLEAR: Words = words(
    "secrets are written as they are: {} comes first",
    "첫 번째 공급자가 {}여서 시크릿이 평문으로 저장됨",
);
const NO_PROVIDER: Words =
    words("the list of resources with secrets has no provider", "시크릿이 있는 대상에 공급자가 없음");
const OLD_KMS: Words = words("KMS v1 is deprecated, and slow", "KMS v1은 지원 중단 예정이며 느림");
const ROTATE: Words = words(
    "keys of aesgcm have to be replaced every 200,000 writes",
    "aesgcm 키는 20만 번 기록하기 전에 교체해야 함",
);
const EVERYBODY: Words = words(
    "its keys can be read by everybody on the host (mode {})",
    "호스트의 모든 사용자가 키를 읽을 수 있음 (권한 {})",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    ask(scan, RULES);
    for file in ControlPlane::of(scan).strays(scan.input, "EncryptionConfiguration", FLAG) {
        let [id] = IDS else { return };
        scan.examine(id);
        if let Some((status, field, reason)) = file.value().and_then(|value| judge(&value)) {
            scan.find(id, status, file.place(), field, reason);
        }
    }
}

fn quality(look: &mut Look<'_, '_>) -> bool {
    let path = look.flags().text(FLAG);
    if path.is_empty() {
        // CPL-033 says that there is none.
        return false;
    }
    let Some(file) = look.file(FLAG) else { return true };
    let Some(value) = file.value() else {
        look.find_in(Status::Fail, file.place(), "", BROKEN.with([path]));
        return true;
    };
    if let Some((status, field, reason)) = judge(&value) {
        look.find_in(status, file.place(), &field, reason);
    }
    let mode = Files::mode(look.input(), &look.component.on_host(path), look.component.host);
    if let Some(mode) = mode.filter(|mode| mode & 0o004 != 0 && has_keys(&value)) {
        look.find_in(Status::Warn, file.place(), "", EVERYBODY.with([format!("{mode:04o}")]));
    }
    true
}

/// The first list that names secrets counts, and in it the provider that writes: the first one.
fn judge(value: &Value) -> Option<(Status, String, Said)> {
    let lists = value.array_at(&["resources"]);
    let names_secrets = |list: &&Value| {
        let mut resources = list.array_at(&["resources"]).iter().filter_map(Value::as_str);
        resources.any(|resource| SECRETS.contains(&resource))
    };
    let Some(at) = lists.iter().position(|list| names_secrets(&list)) else {
        return Some((Status::Fail, "resources".to_owned(), UNCOVERED.plain()));
    };
    let provider = lists.get(at)?.array_at(&["providers"]).first();
    let (name, settings) =
        provider.and_then(Value::as_object).and_then(|p| p.iter().next()).unwrap_or(("", &Value::Null));
    let field = format!("resources[{at}].providers[0]");
    match name {
        "" => Some((Status::Fail, field, NO_PROVIDER.plain())),
        "identity" => Some((Status::Fail, field, IN_CLEAR.with([name]))),
        "kms" if settings.str_at(&["apiVersion"]) != "v2" => Some((Status::Warn, field, OLD_KMS.plain())),
        "aesgcm" => Some((Status::Warn, field, ROTATE.plain())),
        _ => None,
    }
}

fn has_keys(value: &Value) -> bool {
    let providers = value.array_at(&["resources"]).iter().flat_map(|list| list.array_at(&["providers"]));
    let mut names = providers.filter_map(Value::as_object).flat_map(|provider| provider.keys());
    names.any(|name| WITH_KEYS.contains(&name))
}
