//! Numbers that a site decides for itself, one row each: how old, how many, how long.
//!
//! Entry points: [`Limits`], [`LIMITS`].

use crate::words::{Words, words};

/// A number that a site may decide for itself.
#[derive(Debug)]
pub struct Limit {
    /// What it is called where it is set.
    pub name: &'static str,
    /// What it is unless a site decides.
    pub default: i64,
    /// The checks that ask for it.
    pub checks: &'static [&'static str],
    /// What it limits.
    pub about: Words,
    field: fn(&mut Limits) -> &mut i64,
}

macro_rules! limits {
    ($($field:ident, $name:literal, $default:literal, [$($check:literal),+], $en:literal, $ko:literal;)+) => {
        /// What a site takes; [`LIMITS`] says what each is about.
        #[derive(Clone, Debug)]
        pub struct Limits {
            $(#[doc = $en] pub $field: i64,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        /// Every limit, in the order of the alphabet.
        pub static LIMITS: &[Limit] = &[$(Limit {
            name: $name,
            default: $default,
            checks: &[$($check),+],
            about: words($en, $ko),
            field: |limits| &mut limits.$field,
        }),+];
    };
}

limits! {
    applications, "applications", 5, ["POD-039"],
        "Applications in one namespace", "한 네임스페이스의 애플리케이션 수";
    bootstrap_hours, "bootstrap-token-hours", 24, ["IAM-029"],
        "Hours that a token for joining lasts", "부트스트랩 토큰의 남은 유효 시간(시간)";
    certificate_days, "certificate-days", 30, ["CPL-007", "CPL-041", "HST-075", "NET-013", "NET-020"],
        "Days before its end from which on a certificate has to be renewed", "인증서를 갱신해야 하는 만료 전 일수";
    client_certificate_days, "client-certificate-days", 90, ["IAM-030"],
        "Days that a person's client certificate lasts", "사용자 클라이언트 인증서의 유효 일수";
    cluster_admins, "cluster-admins", 3, ["IAM-035", "IAM-037"],
        "Cloud users who are administrators of a cluster", "클러스터 관리자인 클라우드 사용자 수";
    critical, "critical-vulnerabilities", 0, ["IMG-006", "IMG-008"],
        "Critical vulnerabilities of an image that newer versions mend", "이미지에 남은, 수정 버전이 있는 긴급 취약점 수";
    event_rate, "event-rate", 50, ["HST-057"],
        "Events that a kubelet may send in a second", "kubelet이 초당 보낼 수 있는 이벤트 수";
    evidence_days, "evidence-days", 90, ["COD-001", "COD-002", "HST-073"],
        "Days after which an analysis of code or a check of a host tells too little", "코드 분석과 호스트 점검 결과를 인정하는 일수";
    high, "high-vulnerabilities", 10, ["IMG-006", "IMG-008"],
        "High vulnerabilities of an image that newer versions mend", "이미지에 남은, 수정 버전이 있는 높은 위험 취약점 수";
    image_days, "image-days", 180, ["IMG-015"],
        "Days after which an image is to be built again", "이미지를 다시 빌드해야 하는 일수";
    image_mib, "image-mib", 500, ["IMG-012"],
        "MiB of a small image", "작은 이미지의 크기(MiB)";
    image_packages, "image-packages", 150, ["IMG-012"],
        "Packages of a small image", "작은 이미지의 패키지 수";
    key_days, "key-days", 90, ["IAM-039"],
        "Days after which an access key of a cloud is old", "클라우드 액세스 키를 교체해야 하는 일수";
    log_gap, "log-gap-minutes", 60, ["AUD-018"],
        "Minutes that an audit log may be without an event", "감사 로그에 이벤트가 없어도 되는 시간(분)";
    log_days, "log-retention-days", 365, ["AUD-011"],
        "Days that logs are kept at the least", "로그를 보관해야 하는 최소 일수";
    lowest_id, "lowest-id", 10_000, ["POD-029"],
        "The smallest user and group that is certainly none of a host", "호스트와 겹치지 않는 가장 작은 사용자·그룹 ID";
    not_ready, "not-ready-minutes", 10, ["HST-077"],
        "Minutes after which a node that is not ready has been left alone", "준비되지 않은 노드를 방치한 것으로 보는 시간(분)";
    patch_days, "patch-days", 30, ["HST-071"],
        "Days that an update for security may wait", "보안 업데이트를 미룰 수 있는 일수";
    port_range, "port-range", 1000, ["CLD-003", "NET-018"],
        "Ports that one rule of a firewall or policy opens", "방화벽·정책 규칙 하나가 여는 포트 수";
    refusals, "refusals-per-minute", 30, ["AUD-021"],
        "Refusals of one source within a minute that make a burst", "급증으로 보는, 한 출처의 분당 거부(401·403) 수";
    registry_managers, "registry-managers", 3, ["IMG-020"],
        "People who manage registries", "레지스트리를 관리하는 사용자 수";
    report_days, "report-days", 30, ["IMG-005", "IMG-007", "IMG-019"],
        "Days after which a report on an image tells too little", "이미지 검사 보고서를 인정하는 일수";
    request_seconds, "request-seconds", 300, ["CPL-026"],
        "Seconds that a request may take", "요청 제한 시간(초)";
    review_days, "review-days", 180, ["IAM-041"],
        "Days after which rights have to be reviewed again", "권한을 다시 검토해야 하는 일수";
    service_ports, "service-ports", 10, ["NET-018"],
        "Ports of one service", "서비스 하나의 포트 수";
    support_days, "support-days", 60, ["CLD-011", "CPL-037"],
        "Days before the end of a release from which on the next one has to be planned", "업그레이드를 계획해야 하는 지원 종료 전 일수";
    token_seconds, "token-seconds", 86_400, ["POD-048"],
        "Seconds that a token mounted into a pod lasts", "파드에 마운트한 토큰의 유효 시간(초)";
    unused_days, "unused-days", 30, ["IAM-040"],
        "Days that an audit log tells of before what it does not show counts as unused", "권한을 미사용으로 판단하는 데 필요한 감사 로그 일수";
    webhook_seconds, "webhook-seconds", 10, ["CPL-040"],
        "Seconds that the answer of a webhook is waited for", "웹훅 응답을 기다리는 시간(초)";
}

impl Limit {
    /// The limit of this name.
    pub fn find(name: &str) -> Option<&'static Limit> {
        LIMITS.iter().find(|limit| limit.name == name)
    }

    /// The limits that a check asks for.
    pub fn of(check: &str) -> impl Iterator<Item = &'static Limit> {
        LIMITS.iter().filter(move |limit| limit.checks.contains(&check))
    }
}

impl Limits {
    /// Decides a limit.
    pub fn set(&mut self, limit: &Limit, value: u32) {
        *(limit.field)(self) = i64::from(value);
    }
}

/// Whether there are more than a limit allows.
pub(crate) fn exceeds(count: usize, limit: i64) -> bool {
    i64::try_from(count).map_or(true, |count| count > limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_in_order_and_of_checks_that_there_are() {
        assert!(LIMITS.is_sorted_by(|a, b| a.name < b.name));
        for limit in LIMITS {
            assert!(limit.checks.iter().all(|id| crate::check(id).is_some()), "{}", limit.name);
            assert_eq!(*(limit.field)(&mut Limits::default()), limit.default, "{}", limit.name);
        }
    }
}
