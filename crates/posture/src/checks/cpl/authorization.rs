//! Who may do what: which authorizers the API server asks, in which order, and what those in files say.

use std::collections::BTreeMap;

use api::Value;
use api::user::{AUTHENTICATED, UNAUTHENTICATED};
use authz::Decision;
use authz::abac::Policies;
use authz::configuration::{Configuration, Connection, WebhookConfig};

use crate::checks::components::Ask;
use crate::checks::components::{API_SERVER, Look, Rule, absent, rule, run as ask};
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::control_plane::{ControlPlane, File, Program};
use crate::words::{Said, Words, words};

pub(super) const IDS: &[&str] = &["CPL-012", "CPL-013", "CPL-014", "CPL-015", "CPL-016"];

const RULES: &[Rule] = &[
    rule("CPL-012", API_SERVER, Ask::Other(not_everything)),
    rule("CPL-013", API_SERVER, Ask::Other(|look| has(look, "Node"))),
    rule("CPL-015", API_SERVER, Ask::Other(attributes)),
    rule("CPL-016", API_SERVER, Ask::Other(chain)),
];
/// A whole cluster tells this one too.
const RBAC: &[Rule] = &[rule("CPL-014", API_SERVER, Ask::Other(|look| has(look, "RBAC")))];

const FLAG: &str = "authorization-config";
const MODES: &str = "authorization-mode";
const POLICY: &str = "authorization-policy-file";

/// The longest time for which a yes of a webhook should be remembered, in seconds.
const LONGEST_YES: u64 = 600;

const ALWAYS: Words =
    words("AlwaysAllow allows everybody everything", "AlwaysAllow가 모두에게 모든 것을 허용함");
const ALWAYS_BY_DEFAULT: Words = words(
    "neither --authorization-mode nor --authorization-config is set: everybody may do everything",
    "--authorization-mode와 --authorization-config가 모두 없어 모든 것이 허용됨",
);
const WITHOUT: Words = words("{} is not among the authorizers ({})", "인가 방식에 {}가 없음 ({})");
const NOT_SERVED: Words = words(
    "the cluster has no roles at all: RBAC is not served",
    "클러스터에 역할이 하나도 없어 RBAC이 제공되지 않음",
);
const USES_ABAC: Words = words(
    "ABAC is in use: its policies change with a file and a restart, and nobody sees them through the API",
    "ABAC을 사용함: 정책이 파일에 있어 API로 확인할 수 없고 재시작해야 바뀜",
);
const BROAD: Words = words(
    "line {}: {} has any {}, and not for reading only",
    "{}행: {}에게 모든 {}를 읽기 전용이 아닌 권한으로 허용함",
);
const BROKEN: Words = words("{}", "{}");
const BROKEN_LINE: Words = words("line {}: {}", "{}행: {}");
const FAILS_OPEN: Words =
    words("when {} cannot be asked, {} decides without it", "{}에 물을 수 없으면 {}가 그 없이 결정함");
const LONG_YES: Words = words("a yes of {} counts for {} s", "{}의 허용 답변을 {}초 동안 기억함");
const ASKED_ALWAYS: Words = words(
    "{} is asked for every request (no matchConditions): when it is slow, everything is",
    "{}에 모든 요청을 물어 (matchConditions 없음) 느려지면 전체가 느려짐",
);
const PLAIN_HOOK: Words = words("{} is asked at {}, without TLS", "{}에 {}로 TLS 없이 물음");
const UNVERIFIED_HOOK: Words =
    words("nobody says by which authority {} is known ({})", "{}를 검증할 인증 기관이 없음 ({})");

pub(super) fn run(scan: &mut Scan<'_>) {
    ask(scan, RULES);
    rbac_is_served(scan);
    let plane = ControlPlane::of(scan);
    for file in plane.strays(scan.input, "Policy", POLICY) {
        scan.examine("CPL-015");
        for (status, reason) in lines(&file.text()) {
            scan.find("CPL-015", status, file.place(), String::new(), reason);
        }
    }
}

/// The API server tells; else a whole cluster does, whoever runs it: where RBAC is served there are roles.
fn rbac_is_served(scan: &mut Scan<'_>) {
    let plane = ControlPlane::of(scan);
    if plane.all(Program::ApiServer).next().is_some() {
        return ask(scan, RBAC);
    }
    let [Rule { id, programs, .. }] = RBAC else { return };
    if !scan.input.whole_cluster {
        return absent(scan, id, programs);
    }
    scan.examine(id);
    let group = "rbac.authorization.k8s.io";
    if !scan.input.objects.objects.iter().any(|object| object.group() == group)
        && let Some(first) = scan.input.objects.objects.first()
    {
        scan.find(
            id,
            Status::Fail,
            Place::named("Cluster", "", &first.origin),
            String::new(),
            NOT_SERVED.plain(),
        );
    }
}

/// The types of authorizers in the order in which they are asked; `None` when the file that tells was not given.
fn modes(look: &mut Look<'_, '_>) -> Option<Vec<String>> {
    if look.flags().has(FLAG) {
        let file = look.file(FLAG)?;
        let value = look.value(&file)?;
        let types = value.array_at(&["authorizers"]).iter().map(|a| a.str_at(&["type"]).to_owned());
        return Some(types.collect());
    }
    Some(look.flags().list(MODES).into_iter().map(str::to_owned).collect())
}

/// The flag that says how requests are authorized.
fn flag(look: &Look<'_, '_>) -> &'static str {
    if look.flags().has(FLAG) { FLAG } else { MODES }
}

fn not_everything(look: &mut Look<'_, '_>) -> bool {
    let Some(modes) = modes(look) else { return true };
    if modes.is_empty() {
        look.fail(flag(look), ALWAYS_BY_DEFAULT.plain());
    } else if modes.iter().any(|mode| mode == "AlwaysAllow") {
        look.fail(flag(look), ALWAYS.plain());
    }
    true
}

fn has(look: &mut Look<'_, '_>, mode: &str) -> bool {
    let Some(modes) = modes(look) else { return true };
    if !modes.iter().any(|m| m == mode) {
        let shown = if modes.is_empty() { "AlwaysAllow".to_owned() } else { modes.join(",") };
        look.fail(flag(look), WITHOUT.with([mode, &shown]));
    }
    true
}

fn attributes(look: &mut Look<'_, '_>) -> bool {
    let Some(modes) = modes(look) else { return true };
    if !modes.iter().any(|mode| mode == "ABAC") {
        return false;
    }
    look.warn(flag(look), USES_ABAC.plain());
    if let Some(file) = look.file(POLICY) {
        for (status, reason) in lines(&file.text()) {
            look.find_in(status, file.place(), "", reason);
        }
    }
    true
}

/// What is wrong with a policy file: lines that are none, and lines that allow everybody something in general.
fn lines(text: &str) -> Vec<(Status, Said)> {
    let policies = match Policies::parse(text) {
        Ok((policies, _)) => policies,
        Err(errors) => {
            let told = errors.iter().map(|e| BROKEN_LINE.with([e.line.to_string(), e.why.clone()]));
            return told.map(|said| (Status::Fail, said)).collect();
        }
    };
    let broad = policies.list().iter().filter(|policy| !policy.readonly).filter_map(|policy| {
        let everybody = [AUTHENTICATED, UNAUTHENTICATED].contains(&policy.group.as_str())
            || policy.user == "*"
            || policy.group == "*";
        let rights = [
            ("resource", &policy.resource),
            ("namespace", &policy.namespace),
            ("nonResourcePath", &policy.path),
        ];
        let all = rights.into_iter().find(|(_, right)| *right == "*" || *right == "/*");
        let (what, _) = all.filter(|_| everybody)?;
        let who = if policy.group.is_empty() { &policy.user } else { &policy.group };
        Some(BROAD.with([policy.line.to_string(), who.to_string(), what.to_owned()]))
    });
    broad.map(|said| (Status::Fail, said)).collect()
}

/// The webhooks of an AuthorizationConfiguration, read as the server reads it.
fn chain(look: &mut Look<'_, '_>) -> bool {
    if !look.flags().has(FLAG) {
        return chain_of_flags(look);
    }
    let Some(file) = look.file(FLAG) else { return true };
    let configuration = match Configuration::parse(file.text().as_bytes(), &|_| Ok(())) {
        Ok(configuration) => configuration,
        Err(why) => {
            look.find_in(Status::Fail, file.place(), "", BROKEN.with([why]));
            return true;
        }
    };
    let names: Vec<_> = configuration.authorizers.iter().map(|a| a.of.name).collect();
    let mut any = false;
    for (i, authorizer) in configuration.authorizers.iter().enumerate() {
        let Some(webhook) = &authorizer.webhook else { continue };
        any = true;
        let field = format!("authorizers[{i}].webhook");
        let behind = names.get(i + 1..).unwrap_or_default();
        hook(look, &file, (&authorizer.name, &field, webhook), behind);
    }
    any
}

fn hook(
    look: &mut Look<'_, '_>,
    file: &File<'_>,
    (name, field, webhook): (&str, &str, &WebhookConfig),
    behind: &[&str],
) {
    let value = file.value();
    let conditions = value.as_deref().map_or(0, |value| {
        let hooks = value.array_at(&["authorizers"]).iter();
        let mut own = hooks.filter(|a| a.str_at(&["name"]) == name);
        own.next().map_or(0, |a| a.array_at(&["webhook", "matchConditions"]).len())
    });
    let mut warn = |member: &str, reason| {
        look.find_in(Status::Warn, file.place(), &format!("{field}.{member}"), reason);
    };
    if let (Decision::NoOpinion, Some(next)) = (webhook.settings.on_error, allows(behind)) {
        warn("failurePolicy", FAILS_OPEN.with([name, next]));
    }
    let seconds = webhook.settings.authorized_ttl.as_secs();
    if seconds > LONGEST_YES {
        warn("authorizedTTL", LONG_YES.with([name, &seconds.to_string()]));
    }
    if conditions == 0 {
        warn("matchConditions", ASKED_ALWAYS.with([name]));
    }
    if let Connection::KubeConfigFile(path) = &webhook.connection {
        kubeconfig(look, name, &path.display().to_string());
    }
}

/// The first authorizer behind that may allow what the webhook would have denied.
fn allows<'n>(behind: &[&'n str]) -> Option<&'n str> {
    behind.iter().copied().find(|mode| !matches!(*mode, "Node" | "AlwaysDeny"))
}

/// A webhook of `--authorization-mode` cannot deny when it fails, and has no conditions.
fn chain_of_flags(look: &mut Look<'_, '_>) -> bool {
    let modes = look.flags().list(MODES);
    let Some(at) = modes.iter().position(|mode| *mode == "Webhook") else { return false };
    if let Some(next) = allows(modes.get(at + 1..).unwrap_or_default()) {
        look.warn(MODES, FAILS_OPEN.with(["Webhook", next]));
    }
    let flag = "authorization-webhook-cache-authorized-ttl";
    let nanos = api::time::duration::parse(look.flags().text(flag)).unwrap_or(0);
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(0);
    if seconds > LONGEST_YES {
        look.warn(flag, LONG_YES.with(["Webhook", &seconds.to_string()]));
    }
    let path = look.flags().text("authorization-webhook-config-file");
    kubeconfig(look, "Webhook", path);
    true
}

/// How a webhook is reached: over TLS, by a known authority.
fn kubeconfig(look: &mut Look<'_, '_>, name: &str, path: &str) {
    let Some(file) = look.named(name, path) else { return };
    let Some(value) = look.value(&file) else { return };
    let clusters: BTreeMap<usize, &Value> =
        value.array_at(&["clusters"]).iter().map(|cluster| cluster.at(&["cluster"])).enumerate().collect();
    for (i, cluster) in clusters {
        let server = cluster.str_at(&["server"]);
        let field = format!("clusters[{i}].cluster");
        let known = ["certificate-authority", "certificate-authority-data"];
        let known = known.iter().any(|member| !cluster.str_at(&[member]).is_empty());
        if !server.starts_with("https://") {
            look.find_in(Status::Fail, file.place(), &field, PLAIN_HOOK.with([name, server]));
        } else if !known || cluster.at(&["insecure-skip-tls-verify"]).as_bool() == Some(true) {
            look.find_in(Status::Fail, file.place(), &field, UNVERIFIED_HOOK.with([name, server]));
        }
    }
}
