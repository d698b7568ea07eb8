//! What the flags of each component should say, a row a check.

use crate::checks::components::{
    API_SERVER, Ask, CONTROLLER_MANAGER, ETCD, KUBERNETES, Look, Rule, SCHEDULER, rule,
};
use crate::finding::Status;
use crate::words::{Words, words};

use super::{admission, api_server, etcd};

pub(super) const RULES: &[Rule] = &[
    rule("CPL-002", API_SERVER, Ask::Absent("token-auth-file")),
    rule("CPL-003", API_SERVER, Ask::Other(api_server::basic_authentication)),
    rule("CPL-004", API_SERVER, Ask::Other(api_server::insecure_port)),
    rule("CPL-005", API_SERVER, Ask::Other(api_server::insecure_address)),
    rule("CPL-006", API_SERVER, Ask::Other(api_server::secure_port)),
    rule("CPL-007", API_SERVER, Ask::Other(api_server::serving_certificate)),
    rule("CPL-008", API_SERVER, Ask::Other(api_server::transport)),
    rule("CPL-009", API_SERVER, Ask::Set(&["client-ca-file"])),
    rule("CPL-010", API_SERVER, Ask::Set(&["kubelet-client-certificate", "kubelet-client-key"])),
    rule("CPL-011", API_SERVER, Ask::Set(&["kubelet-certificate-authority"])),
    rule("CPL-017", API_SERVER, Ask::Other(admission::always_admit)),
    rule("CPL-018", API_SERVER, Ask::Other(|look| admission::is_on(look, "NamespaceLifecycle"))),
    rule("CPL-019", API_SERVER, Ask::Other(|look| admission::is_on(look, "ServiceAccount"))),
    rule("CPL-020", API_SERVER, Ask::Other(|look| admission::is_on(look, "NodeRestriction"))),
    rule("CPL-021", API_SERVER, Ask::Other(admission::pod_security)),
    rule("CPL-022", API_SERVER, Ask::Other(|look| admission::should_be_on(look, "AlwaysPullImages"))),
    rule("CPL-023", API_SERVER, Ask::Other(admission::rate_limit)),
    rule("CPL-024", API_SERVER, Ask::Other(admission::external_addresses)),
    rule("CPL-025", API_SERVER, Ask::Off("profiling", true)),
    rule("CPL-026", API_SERVER, Ask::Other(api_server::request_timeout)),
    rule("CPL-027", API_SERVER, Ask::On("service-account-lookup", true)),
    rule("CPL-028", API_SERVER, Ask::Other(api_server::service_account_key)),
    rule("CPL-029", API_SERVER, Ask::Off("service-account-extend-token-expiration", true)),
    rule("CPL-030", API_SERVER, Ask::Other(api_server::service_account_issuer)),
    rule("CPL-031", API_SERVER, Ask::Other(api_server::storage_client)),
    rule("CPL-032", API_SERVER, Ask::Other(api_server::storage)),
    rule("CPL-033", API_SERVER, Ask::Set(&["encryption-provider-config"])),
    rule("CPL-036", API_SERVER, Ask::Other(api_server::front_proxy)),
    rule("CPL-039", KUBERNETES, Ask::Other(gates)),
    rule("CPL-044", API_SERVER, Ask::Other(api_server::address)),
    rule("CPL-050", CONTROLLER_MANAGER, Ask::Other(collected_pods)),
    rule("CPL-051", CONTROLLER_MANAGER, Ask::Off("profiling", true)),
    rule("CPL-052", CONTROLLER_MANAGER, Ask::On("use-service-account-credentials", false)),
    rule("CPL-053", CONTROLLER_MANAGER, Ask::Set(&["service-account-private-key-file"])),
    rule("CPL-054", CONTROLLER_MANAGER, Ask::Set(&["root-ca-file"])),
    rule("CPL-055", CONTROLLER_MANAGER, Ask::Gate("RotateKubeletServerCertificate")),
    rule("CPL-056", CONTROLLER_MANAGER, Ask::Loopback("bind-address")),
    rule("CPL-060", SCHEDULER, Ask::Other(scheduler_profiling)),
    rule("CPL-061", SCHEDULER, Ask::Loopback("bind-address")),
    rule("CPL-070", ETCD, Ask::Set(&["cert-file", "key-file"])),
    rule("CPL-071", ETCD, Ask::On("client-cert-auth", false)),
    rule("CPL-072", ETCD, Ask::Off("auto-tls", false)),
    rule("CPL-073", ETCD, Ask::Other(etcd::peer_certificate)),
    rule("CPL-074", ETCD, Ask::Other(etcd::peer_authentication)),
    rule("CPL-075", ETCD, Ask::Off("peer-auto-tls", false)),
    rule("CPL-076", ETCD, Ask::Other(etcd::own_authority)),
    rule("CPL-077", ETCD, Ask::Other(etcd::reachable)),
];

/// Features that keep others in their bounds; on unless somebody switches them off.  From the feature gates of
/// Kubernetes 1.36 and those that earlier releases had (kubernetes.io/docs, feature gates and removed feature gates).
const SECURITY_GATES: &[&str] = &[
    "AnonymousAuthConfigurableEndpoints",
    "AppArmor",
    "AuthorizeNodeWithSelectors",
    "AuthorizePodWebsocketUpgradeCreatePermission",
    "AuthorizeWithSelectors",
    "BoundServiceAccountTokenVolume",
    "DRAResourceClaimGranularStatusAuthorization",
    "KubeletEnsureSecretPulledImages",
    "KubeletFineGrainedAuthz",
    "LegacyServiceAccountTokenCleanUp",
    "LegacyServiceAccountTokenNoAutoGeneration",
    "LegacyServiceAccountTokenTracking",
    "PodSecurity",
    "ServiceAccountNodeAudienceRestriction",
    "ServiceAccountTokenJTI",
    "ServiceAccountTokenNodeBindingValidation",
    "ServiceAccountTokenPodNodeInfo",
    "TokenRequestServiceAccountUIDValidation",
    "UnauthenticatedHTTP2DOSMitigation",
    "ValidatingAdmissionPolicy",
];

const ALL_ALPHA: Words = words(
    "every feature that is not ready yet is on (AllAlpha=true)",
    "준비되지 않은 기능이 모두 켜져 있음 (AllAlpha=true)",
);
const SECURITY_OFF: Words = words("{} is switched off, which protects", "보호 기능 {}가 꺼져 있음");
const COLLECTS_LATE: Words = words(
    "finished pods are collected from {} on (--terminated-pod-gc-threshold)",
    "종료된 파드를 {}개부터 정리함 (--terminated-pod-gc-threshold)",
);
const COLLECTS_NEVER: Words = words(
    "finished pods are never collected (--terminated-pod-gc-threshold={})",
    "종료된 파드를 정리하지 않음 (--terminated-pod-gc-threshold={})",
);
const PROFILES: Words = words(
    "profiling is on (enableProfiling of --config, true unless set otherwise)",
    "프로파일링이 켜져 있음 (--config의 enableProfiling, 기본값 true)",
);
const PROFILES_BY_FLAG: Words = words(
    "profiling is on (--profiling, true unless set otherwise)",
    "프로파일링이 켜져 있음 (--profiling, 기본값 true)",
);
const BROKEN: Words = words("{} cannot be read", "{}를 읽을 수 없음");

/// From how many finished pods on the controller manager collects them by itself.
const MOST_FINISHED: &str = "12500";

fn gates(look: &mut Look<'_, '_>) -> bool {
    if look.flags().gate("AllAlpha") == Some(true) {
        look.warn("feature-gates", ALL_ALPHA.plain());
    }
    for gate in SECURITY_GATES {
        if look.flags().gate(gate) == Some(false) {
            look.warn("feature-gates", SECURITY_OFF.with([gate]));
        }
    }
    true
}

fn collected_pods(look: &mut Look<'_, '_>) -> bool {
    let flag = "terminated-pod-gc-threshold";
    match look.flags().number(flag) {
        None => look.warn(flag, COLLECTS_LATE.with([MOST_FINISHED])),
        Some(number) if number < 1 => look.warn(flag, COLLECTS_NEVER.with([number])),
        Some(_) => {}
    }
    true
}

/// A configuration file replaces the flag.
fn scheduler_profiling(look: &mut Look<'_, '_>) -> bool {
    if !look.flags().has("config") {
        if look.flags().is("profiling", true) {
            look.fail("profiling", PROFILES_BY_FLAG.plain());
        }
        return true;
    }
    let Some(file) = look.file("config") else { return true };
    match file.value() {
        None => look.find_in(Status::Fail, file.place(), "", BROKEN.with([&file.path])),
        Some(value) if value.at(&["enableProfiling"]).as_bool() != Some(false) => {
            look.find_in(Status::Fail, file.place(), "enableProfiling", PROFILES.plain());
        }
        Some(_) => {}
    }
    true
}
