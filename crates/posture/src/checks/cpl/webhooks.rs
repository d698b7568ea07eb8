//! What the API server asks of others: aggregated APIs and admission webhooks.

use std::collections::{BTreeMap, HashSet};

use api::Value;
use api::selector::LabelSelector;
use api::url::Url;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evidence::Object;

use crate::certificate::Certificate;
use crate::finding::Status;
use crate::scan::Scan;
use crate::words::{Said, Words, words};

pub(super) const IDS: &[&str] = &["CPL-038", "CPL-040", "CPL-041", "CPL-042"];
const GROUP: &str = "admissionregistration.k8s.io";
const MUTATING: &str = "MutatingWebhookConfiguration";
const KINDS: [&str; 2] = [MUTATING, "ValidatingWebhookConfiguration"];

/// Resources whose webhooks guard the cluster.
const GUARDED: [(&str, &str); 3] = [("", "pods"), ("", "namespaces"), ("rbac.authorization.k8s.io", "*")];

const UNVERIFIED: Words = words("whoever answers at its address is taken for {}", "누가 응답하든 {}로 믿음");
const FAILS_OPEN: Words = words(
    "{} guards {} and is passed over when it cannot be asked",
    "{}가 {}를 지키는데 응답하지 않으면 통과시킴",
);
const SLOW: Words = words("{} may take {} s", "{}의 응답을 {}초까지 기다림");
const PLAIN: Words = words("{} is asked at {}, without TLS", "{}에 {}로 TLS 없이 물음");
const NO_AUTHORITY: Words = words(
    "nobody says by which authority {} is known at {}: any that the server's host trusts will do",
    "{}({})의 caBundle이 없어 호스트가 신뢰하는 모든 인증 기관을 받아들임",
);
const ELSEWHERE: Words = words("{} is outside of the cluster: {}", "{}가 클러스터 밖에 있음: {}");
const NO_SERVICE: Words = words("the service of {} is not there: {}", "{}의 서비스가 없음: {}");
const ENDS: Words = words("the authority of {} ends on {}", "{}의 인증 기관 유효 기간이 {}까지임");
const BROKEN: Words = words("the authority of {} cannot be read", "{}의 인증 기관을 읽을 수 없음");
const LOCKS_ITSELF: Words = words(
    "{} must be asked about everything, its own namespace {} too: once it is down it cannot come back",
    "{}가 자신의 네임스페이스 {}를 포함한 모든 요청에 필요하여 중단되면 복구할 수 없음",
);
const LOOP: Words = words(
    "{} and {} both change {}, and each is asked again after the other",
    "{}와 {}가 모두 {}를 바꾸고 서로의 변경 뒤에 다시 호출됨",
);
const NO_CONNECT: Words = words(
    "nothing is asked when somebody connects to a container (CONNECT on pods/exec)",
    "컨테이너 접속(pods/exec의 CONNECT)을 검사하는 웹훅이나 정책이 없음",
);

/// A webhook of a configuration.
struct Hook<'a> {
    object: &'a Object,
    index: usize,
    value: &'a Value,
}

pub(super) fn run(scan: &mut Scan<'_>) {
    aggregated(scan);
    let input = scan.input;
    let objects = KINDS.into_iter().flat_map(|kind| input.objects.of_kind(GROUP, kind));
    let hooks: Vec<Hook<'_>> = objects
        .flat_map(|object| {
            let hooks = object.value.array_at(&["webhooks"]).iter().enumerate();
            hooks.map(move |(index, value)| Hook { object, index, value })
        })
        .collect();
    let services: HashSet<(&str, &str)> =
        input.objects.of_kind("", "Service").map(|s| (s.namespace(), s.name())).collect();
    for hook in &hooks {
        IDS.iter().skip(1).for_each(|id| scan.examine(id));
        failure(scan, hook);
        transport(scan, hook, &services);
        self_lock(scan, hook);
    }
    reinvoked(scan, &hooks);
    if scan.input.whole_cluster {
        connections(scan, &hooks);
    }
}

fn aggregated(scan: &mut Scan<'_>) {
    let id = "CPL-038";
    for object in scan.input.objects.of_kind("apiregistration.k8s.io", "APIService") {
        // Those without a service are the server's own.
        if object.value.at(&["spec", "service"]).is_null() {
            continue;
        }
        scan.examine(id);
        if object.value.at(&["spec", "insecureSkipTLSVerify"]).as_bool() == Some(true) {
            let field = "spec.insecureSkipTLSVerify".to_owned();
            scan.find(id, Status::Fail, object, field, UNVERIFIED.with([object.name()]));
        }
    }
}

fn failure(scan: &mut Scan<'_>, hook: &Hook<'_>) {
    let guards =
        GUARDED.into_iter().find(|(group, resource)| hook.rules().any(|rule| matches(rule, group, resource)));
    if let Some((group, resource)) = guards.filter(|_| hook.is_passed_over()) {
        let guarded = if resource == "*" { group } else { resource };
        hook.warn(scan, "CPL-040", "failurePolicy", FAILS_OPEN.with([hook.name(), guarded]));
    }
    let timeout = hook.value.at(&["timeoutSeconds"]).as_i64().unwrap_or(0);
    if timeout > scan.settings.limits.webhook_seconds {
        hook.warn(scan, "CPL-040", "timeoutSeconds", SLOW.with([hook.name(), &timeout.to_string()]));
    }
}

fn transport(scan: &mut Scan<'_>, hook: &Hook<'_>, services: &HashSet<(&str, &str)>) {
    let id = "CPL-041";
    let client = hook.value.at(&["clientConfig"]);
    let (url, bundle) = (client.str_at(&["url"]), client.str_at(&["caBundle"]));
    if !url.is_empty() {
        let parsed = Url::parse(url).unwrap_or_default();
        if parsed.scheme != "https" {
            hook.fail(scan, id, "clientConfig.url", PLAIN.with([hook.name(), url]));
        } else if bundle.is_empty() {
            hook.fail(scan, id, "clientConfig.caBundle", NO_AUTHORITY.with([hook.name(), url]));
        }
        let host = parsed.host.rsplit_once(':').map_or(parsed.host.as_str(), |(host, _)| host);
        if !host.ends_with(".svc") && !host.ends_with(".cluster.local") && host != "localhost" {
            hook.warn(scan, id, "clientConfig.url", ELSEWHERE.with([hook.name(), host]));
        }
    }
    let service = client.at(&["service"]);
    let named = (service.str_at(&["namespace"]), service.str_at(&["name"]));
    if scan.input.whole_cluster && !service.is_null() && !services.contains(&named) {
        let shown = format!("{}/{}", named.0, named.1);
        hook.warn(scan, id, "clientConfig.service", NO_SERVICE.with([hook.name(), &shown]));
    }
    if !bundle.is_empty() {
        authority(scan, hook, bundle);
    }
}

fn authority(scan: &mut Scan<'_>, hook: &Hook<'_>, bundle: &str) {
    let pem = STANDARD.decode(bundle.trim()).unwrap_or_default();
    let field = "clientConfig.caBundle";
    let Ok(all) = Certificate::parse_all(&pem) else {
        return hook.warn(scan, "CPL-041", field, BROKEN.with([hook.name()]));
    };
    // Of several, the one that lasts longest is what keeps the webhook known.
    let Some(end) = all.iter().map(|certificate| certificate.not_after).max() else { return };
    if -scan.settings.days_since(end) < scan.settings.limits.certificate_days {
        hook.warn(scan, "CPL-041", field, ENDS.with([hook.name(), end.text().as_str()]));
    }
}

/// A webhook that must be asked about everything, the pods that it runs in too.
fn self_lock(scan: &mut Scan<'_>, hook: &Hook<'_>) {
    let namespace = hook.value.str_at(&["clientConfig", "service", "namespace"]);
    let everything = hook.rules().any(|rule| matches(rule, "", "*") && names(rule, "apiGroups", "*"));
    let narrowed =
        hook.value.at(&["objectSelector"]).as_object().is_some_and(|selector| !selector.is_empty());
    if namespace.is_empty() || !everything || narrowed || hook.is_passed_over() {
        return;
    }
    let object = scan.input.objects.of_kind("", "Namespace").find(|n| n.name() == namespace);
    let mut labels =
        object.and_then(|n| n.value.at(&["metadata", "labels"]).as_object().cloned()).unwrap_or_default();
    labels.insert("kubernetes.io/metadata.name", namespace.into());
    let selects = match hook.value.at(&["namespaceSelector"]) {
        Value::Null => true,
        selector => LabelSelector::from_object(selector).is_ok_and(|s| s.matches_map(Some(&labels))),
    };
    if selects {
        hook.warn(scan, "CPL-042", "namespaceSelector", LOCKS_ITSELF.with([hook.name(), namespace]));
    }
}

/// Mutating webhooks that are asked again after others, and change the same.
fn reinvoked(scan: &mut Scan<'_>, hooks: &[Hook<'_>]) {
    let again = hooks.iter().filter(|hook| {
        hook.object.kind() == MUTATING && hook.value.str_at(&["reinvocationPolicy"]) == "IfNeeded"
    });
    let mut first: BTreeMap<String, &Hook<'_>> = BTreeMap::new();
    let mut told: HashSet<(&str, &str)> = HashSet::new();
    for hook in again {
        for resource in hook.rules().flat_map(resources) {
            match first.get(&resource) {
                Some(other) if other.name() == hook.name() => {}
                Some(other) => {
                    if told.insert((other.name(), hook.name())) {
                        let reason = LOOP.with([other.name(), hook.name(), &resource]);
                        hook.warn(scan, "CPL-042", "reinvocationPolicy", reason);
                    }
                }
                None => {
                    first.insert(resource, hook);
                }
            }
        }
    }
}

/// Where webhooks guard at all, somebody should look at connections into containers.
fn connections(scan: &mut Scan<'_>, hooks: &[Hook<'_>]) {
    let connects = |rule: &Value| {
        let operation = names(rule, "operations", "CONNECT") || names(rule, "operations", "*");
        let resource = ["pods/exec", "pods/*", "*/*", "*/exec"].iter().any(|r| names(rule, "resources", r));
        let group = names(rule, "apiGroups", "") || names(rule, "apiGroups", "*");
        operation && resource && group
    };
    let policies = scan.input.objects.of_kind(GROUP, "ValidatingAdmissionPolicy");
    let mut rules = policies.flat_map(|p| p.value.array_at(&["spec", "matchConstraints", "resourceRules"]));
    let looked_at = hooks.iter().any(|hook| hook.rules().any(connects)) || rules.any(connects);
    if let Some(first) = hooks.first().filter(|_| !looked_at) {
        scan.find("CPL-042", Status::Warn, first.object, String::new(), NO_CONNECT.plain());
    }
}

impl<'a> Hook<'a> {
    fn name(&self) -> &'a str {
        self.value.str_at(&["name"])
    }

    fn rules(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.value.array_at(&["rules"]).iter()
    }

    /// True when requests go on without it; v1beta1 does so unless it says otherwise.
    fn is_passed_over(&self) -> bool {
        match self.value.str_at(&["failurePolicy"]) {
            "" => self.object.value.str_at(&["apiVersion"]).ends_with("v1beta1"),
            policy => policy == "Ignore",
        }
    }

    fn fail(&self, scan: &mut Scan<'_>, id: &'static str, member: &str, reason: Said) {
        scan.find(id, Status::Fail, self.object, self.field(member), reason);
    }

    fn warn(&self, scan: &mut Scan<'_>, id: &'static str, member: &str, reason: Said) {
        scan.find(id, Status::Warn, self.object, self.field(member), reason);
    }

    fn field(&self, member: &str) -> String {
        format!("webhooks[{}].{member}", self.index)
    }
}

fn names(rule: &Value, list: &str, name: &str) -> bool {
    rule.array_at(&[list]).iter().any(|item| item.as_str() == Some(name))
}

/// True when a rule is about some of the resources; `*` for a resource stands for any of the group.
fn matches(rule: &Value, group: &str, resource: &str) -> bool {
    let of_group = names(rule, "apiGroups", group) || names(rule, "apiGroups", "*");
    let mut resources = rule.array_at(&["resources"]).iter().filter_map(Value::as_str);
    of_group
        && resources
            .any(|r| matches!(r, "*" | "*/*") || r == resource || (resource == "*" && !group.is_empty()))
}

/// `group/resource` of everything that a rule is about.
fn resources(rule: &Value) -> Vec<String> {
    let texts = |list: &str| rule.array_at(&[list]).iter().filter_map(Value::as_str).collect::<Vec<_>>();
    let (groups, resources) = (texts("apiGroups"), texts("resources"));
    let pairs = groups.iter().flat_map(|group| {
        resources.iter().map(move |r| if group.is_empty() { (*r).to_owned() } else { format!("{group}/{r}") })
    });
    pairs.collect()
}
