//! Registries that a cloud runs: by which way they are reached, whether they scan, who may push.

use std::collections::BTreeMap;

use crate::checks::cld::not_exported;
use crate::finding::Status;
use crate::image::Image;
use crate::limits::exceeds;
use crate::scan::Scan;
use crate::settings::Profile;
use crate::sources::cloud::{At, Cloud, Identity, Registry};
use crate::sources::images::Images;
use crate::words::{Words, words};

const IDS: &[&str] = &["IMG-017", "IMG-018", "IMG-019", "IMG-020"];

/// Ends of hosts of Naver Cloud's registries on the internet, and within networks (guide.ncloud-docs.com).
const PUBLIC: [&str; 3] = [".ncr.ntruss.com", ".ncr.gov-ntruss.com", ".ncr.fin-ntruss.com"];
const PRIVATE: [&str; 3] =
    [".private-ncr.ntruss.com", ".private-ncr.gov-ntruss.com", ".private-ncr.fin-ntruss.com"];

const OVER_INTERNET: Words = words(
    "{} is pulled over the internet; the registry has a private endpoint",
    "{}을(를) 공개 엔드포인트로 받음. 프라이빗 엔드포인트를 사용할 수 있음",
);
const SWITCHED_OFF: Words = words(
    "{} names the public endpoint of {}, which is off",
    "{}이(가) 꺼져 있는 {}의 공개 엔드포인트를 사용함",
);
const NO_REGISTRY: Words = words("the export has no registries", "내보내기에 컨테이너 레지스트리가 없음");
const ON_INTERNET: Words = words("it answers on the internet at {}", "공개 엔드포인트 {}이(가) 켜져 있음");
const ANONYMOUS: Words =
    words("everybody may pull without signing in", "인증 없이 누구나 이미지를 받을 수 있음");
const NOT_TOLD: Words =
    words("the export does not tell how registry {} is set", "내보내기에 레지스트리 {}의 설정이 없음");
const NO_SCAN: Words = words(
    "images are not scanned as they come, and there is no report of the last {} days",
    "푸시할 때 스캔하지 않고 최근 {}일 이내의 보고서도 없음",
);
const SCAN_BY_HAND: Words = words(
    "images are not scanned as they come; only reports that somebody made tell of them",
    "푸시할 때 스캔하지 않고 수동 보고서만 있음",
);
const NO_PEOPLE: Words =
    words("the export has no accounts and no roles", "내보내기에 서브 계정과 역할이 없음");
const NO_POLICIES: Words =
    words("the export does not tell which policies {} has", "내보내기에 {}의 정책이 없음");
const SERVER_MANAGES: Words =
    words("what servers act in may push and delete: {}", "서버 역할이 이미지를 푸시하고 삭제할 수 있음: {}");
const MANY_MANAGE: Words = words(
    "it is one of {} accounts that may push and delete ({}); {} are the most",
    "이미지를 푸시하고 삭제할 수 있는 {}개 계정 중 하나임 ({}). 최대 {}개",
);

pub(super) fn ids() -> Vec<&'static str> {
    IDS.to_vec()
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let cloud = Cloud::of(input);
    references(scan, &cloud);
    for id in ["IMG-018", "IMG-019"] {
        not_exported(scan, id, !cloud.registries.is_empty(), NO_REGISTRY.plain());
    }
    let reported = reported(&Images::of(input), scan);
    for registry in &cloud.registries {
        reachable(scan, registry);
        scanned(scan, registry, &reported);
    }
    managers(scan, &cloud);
}

/// Of other clusters nobody can say by which way they should pull.
fn references(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    if scan.settings.profile != Profile::Nks && !cloud.is_nks() {
        return;
    }
    let by_host: BTreeMap<&str, &Registry<'_>> =
        cloud.registries.iter().map(|registry| (registry.public_host.as_str(), registry)).collect();
    for workload in scan.workloads.0.clone() {
        for named in workload.images() {
            let reference = named.reference;
            let Some(image) = Image::parse(reference) else { continue };
            let ends = |ends: &[&str]| ends.iter().any(|end| image.registry.ends_with(end));
            if !ends(&PUBLIC) && !ends(&PRIVATE) {
                continue;
            }
            scan.examine("IMG-017");
            if ends(&PRIVATE) {
                continue;
            }
            let off = by_host.get(image.registry).filter(|r| r.public.as_ref().is_some_and(|on| !on.value));
            let (status, reason) = match off {
                Some(registry) => {
                    (Status::Fail, SWITCHED_OFF.with([reference.to_owned(), registry.resource.title()]))
                }
                None => (Status::Warn, OVER_INTERNET.with([reference])),
            };
            let field = workload.field(&named.field);
            scan.find("IMG-017", status, workload.object, field, reason);
        }
    }
}

fn reachable(scan: &mut Scan<'_>, registry: &Registry<'_>) {
    if registry.public.is_none() && registry.anonymous.is_none() {
        return scan.lack("IMG-018", NOT_TOLD.with([registry.resource.title()]));
    }
    scan.examine("IMG-018");
    if let Some(public) = registry.public.as_ref().filter(|public| public.value) {
        let reason = ON_INTERNET.with([&registry.public_host]);
        scan.find("IMG-018", Status::Warn, &registry.resource, public.field.clone(), reason);
    }
    if let Some(anonymous) = registry.anonymous.as_ref().filter(|anonymous| anonymous.value) {
        let field = anonymous.field.clone();
        scan.find("IMG-018", Status::Fail, &registry.resource, field, ANONYMOUS.plain());
    }
}

/// Registries whose images somebody has looked at lately.
fn reported(images: &Images<'_>, scan: &Scan<'_>) -> Vec<String> {
    let is_new = |taken| (0..=scan.settings.limits.report_days).contains(&scan.settings.days_since(taken));
    let looked_at = images
        .facts
        .iter()
        .filter(|facts| facts.vulnerabilities.is_some() && facts.taken.is_some_and(is_new));
    let names = looked_at.flat_map(|facts| facts.names.references.iter().chain(&facts.names.repositories));
    let mut registries: Vec<_> =
        names.filter_map(|name| Some(Image::parse(name)?.registry.to_owned())).collect();
    registries.sort_unstable();
    registries.dedup();
    registries
}

fn scanned(scan: &mut Scan<'_>, registry: &Registry<'_>, reported: &[String]) {
    let Some(scans) = &registry.scans else {
        return scan.lack("IMG-019", NOT_TOLD.with([registry.resource.title()]));
    };
    scan.examine("IMG-019");
    if scans.value {
        return;
    }
    let hosts = [&registry.public_host, &registry.private_host];
    let by_hand = hosts.into_iter().any(|host| !host.is_empty() && reported.contains(host));
    let (status, reason) = match by_hand {
        true => (Status::Warn, SCAN_BY_HAND.plain()),
        false => (Status::Fail, NO_SCAN.with([scan.settings.limits.report_days])),
    };
    scan.find("IMG-019", status, &registry.resource, scans.field.clone(), reason);
}

/// A policy by which an identity may do everything with registries.
fn manages<'i>(identity: &'i Identity<'_>) -> Option<&'i At<String>> {
    let is_manager = |policy: &str| {
        let policy = policy.to_ascii_uppercase();
        let of_registry = policy.contains("CONTAINER_REGISTRY") || policy.contains("_NCR_");
        (of_registry && policy.ends_with("_MANAGER"))
            || policy == "AMAZONEC2CONTAINERREGISTRYFULLACCESS"
            || matches!(policy.as_str(), "NCP_ADMINISTRATOR" | "NCP_INFRA_MANAGER" | "ADMINISTRATORACCESS")
    };
    identity.policies.iter().find(|policy| is_manager(&policy.value))
}

fn managers(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    // A key alone does not say what may be done with it.
    let holders: Vec<_> = cloud.identities.iter().filter(|identity| !identity.is_key()).collect();
    not_exported(scan, "IMG-020", !holders.is_empty(), NO_PEOPLE.plain());
    let managing: Vec<_> =
        holders.iter().filter_map(|identity| Some((*identity, manages(identity)?))).collect();
    let people = managing.iter().filter(|(identity, _)| !identity.of_server).count();
    for identity in holders {
        scan.examine("IMG-020");
        if !identity.is_told {
            scan.lack("IMG-020", NO_POLICIES.with([identity.resource.title()]));
        }
    }
    let most = scan.settings.limits.registry_managers;
    for (identity, policy) in managing {
        let reason = match identity.of_server {
            true => SERVER_MANAGES.with([&policy.value]),
            false if exceeds(people, most) => {
                MANY_MANAGE.with([people.to_string(), policy.value.clone(), most.to_string()])
            }
            false => continue,
        };
        scan.find("IMG-020", Status::Fail, &identity.resource, policy.field.clone(), reason);
    }
}
