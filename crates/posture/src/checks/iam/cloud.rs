//! Who a cloud lets into its clusters, and what accounts, roles and keys of it may do.

use std::collections::BTreeMap;

use crate::checks::cld::setting::{self, Setting};
use crate::checks::cld::{not_exported, untold};
use crate::finding::Status;
use crate::limits::exceeds;
use crate::scan::Scan;
use crate::sources::attestation::attested;
use crate::sources::cloud::{AccessEntry, At, Cloud, Given, Identity, Power};
use crate::words::{Words, words};

const IDS: &[&str] = &["IAM-036", "IAM-037", "IAM-039"];

const SETTINGS: &[Setting] = &[Setting {
    id: "IAM-038",
    of: |cluster| &cluster.grants_by_api,
    off: |_| (Status::Warn, BY_MAP.plain()),
}];

/// Policies with which everything can be done, on any cloud.
const EVERYTHING: [&str; 3] = ["NCP_ADMINISTRATOR", "NCP_INFRA_MANAGER", "ADMINISTRATORACCESS"];

/// Words in the names of what is no person but a pipeline.
const PIPELINES: [&str; 13] = [
    "argocd",
    "build",
    "cd",
    "ci",
    "cicd",
    "deploy",
    "deployer",
    "github",
    "gitlab",
    "jenkins",
    "pipeline",
    "runner",
    "sourcepipeline",
];

const HIDDEN: Words = words(
    "the account that made the cluster, and the main account, are administrators that no list shows; nobody attests who they are",
    "클러스터를 생성한 서브 계정과 메인 계정이 목록에 없는 관리자인데 확인서가 없음",
);
const NOT_COUNTED: Words = words(
    "the attestation of who made the cluster does not count: {}",
    "클러스터 생성자 확인서가 유효하지 않음: {}",
);
const BY_MAP: Words = words(
    "access is granted by a ConfigMap, which whoever may write in kube-system can change",
    "kube-system에 쓸 수 있으면 바꿀 수 있는 ConfigMap으로 접근을 부여함",
);
const NO_POLICIES: Words =
    words("the export does not tell which policies {} has", "내보내기에 {}의 정책이 없음");
const PIPELINE_ADMIN: Words =
    words("a pipeline is an administrator of the cluster ({})", "파이프라인이 클러스터 관리자임 ({})");
const MANY_ADMINS: Words = words(
    "it is one of {} administrators of the cluster; {} are the most",
    "클러스터 관리자 {}개 중 하나임. 최대 {}개",
);
const WIDE: Words = words("{} counts in every namespace", "{}이(가) 모든 네임스페이스에 적용됨");
const MASTERS: Words = words(
    "the group {} may do everything, whatever RBAC says",
    "그룹 {}은(는) RBAC과 관계없이 모든 권한을 가짐",
);
const SYSTEM: Words = words("the group {} is one of the system's own", "시스템 그룹 {}에 속함");
const NO_ENTRIES: Words =
    words("the access entries of the clusters were not exported", "내보내기에 클러스터의 액세스 항목이 없음");
const NO_PEOPLE: Words =
    words("the export has no accounts and no roles", "내보내기에 서브 계정과 역할이 없음");
const POWERFUL: Words =
    words("a server or pipeline may do everything: {}", "서버나 파이프라인이 모든 작업을 할 수 있음: {}");
const WILDCARD: Words = words("the policy allows {}", "정책이 {}을(를) 허용함");
const OLD_KEY: Words = words("an access key is {} days old", "Access Key를 만든 지 {}일이 지남");
const NO_MFA: Words = words("no second factor is asked for", "2차 인증을 사용하지 않음");
const ONE_ROLE: Words = words(
    "the role is that of cluster {} too, whose nodes need other rights",
    "클러스터 {}도 같은 역할을 사용함",
);

pub(super) fn ids() -> Vec<&'static str> {
    IDS.iter().copied().chain(SETTINGS.iter().map(|setting| setting.id)).collect()
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let cloud = Cloud::of(input);
    setting::run(scan, &cloud, SETTINGS);
    creators(scan, &cloud);
    entries(scan, &cloud);
    identities(scan, &cloud);
    shared_roles(scan, &cloud);
}

/// With entries of the API whoever made the cluster is in the list.
fn creators(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    setting::no_cluster(scan, cloud, "IAM-036");
    let hidden = cloud.clusters.iter().filter_map(|cluster| {
        let by_api = cluster.grants_by_api.as_ref().filter(|at| !at.value)?;
        Some((cluster, by_api))
    });
    for (cluster, at) in hidden {
        scan.examine("IAM-036");
        let reason = match attested(scan.input, scan.settings, "IAM-036") {
            None => HIDDEN.plain(),
            Some(attested) => match attested.flaw {
                None => continue,
                Some((field, _)) => NOT_COUNTED.with([field]),
            },
        };
        scan.find("IAM-036", Status::Warn, &cluster.resource, at.field.clone(), reason);
    }
}

fn entries(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let by_map_only = !cloud.clusters.is_empty()
        && cloud.clusters.iter().all(|c| c.grants_by_api.as_ref().is_some_and(|at| !at.value));
    let is_there = !cloud.entries.is_empty() || cloud.given.contains(&Given::Entries) || by_map_only;
    not_exported(scan, "IAM-037", is_there, NO_ENTRIES.plain());
    untold(scan, cloud, Given::Entries, &["IAM-037"]);
    let mut admins: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in cloud.entries.iter().filter(|entry| admin(entry).is_some()) {
        *admins.entry(&entry.cluster).or_default() += 1;
    }
    for entry in &cloud.entries {
        scan.examine("IAM-037");
        let others = admins.get(entry.cluster.as_str()).copied().unwrap_or_default();
        grants(scan, entry, others, cloud);
        groups(scan, entry);
    }
}

fn admin<'e>(entry: &'e AccessEntry<'_>) -> Option<&'e At<String>> {
    entry.grants.iter().find(|grant| grant.power == Power::ClusterAdmin).map(|grant| &grant.policy)
}

fn grants(scan: &mut Scan<'_>, entry: &AccessEntry<'_>, admins: usize, cloud: &Cloud<'_>) {
    let most = scan.settings.limits.cluster_admins;
    if let Some(policy) = admin(entry) {
        // The entry names an identity by its id; its name stands elsewhere, if it was exported.
        let named = cloud.identities.iter().find(|identity| {
            !identity.resource.id.is_empty() && entry.resource.id.ends_with(identity.resource.id.as_str())
        });
        let is_pipeline = is_pipeline(&entry.resource.name)
            || named.is_some_and(|identity| is_pipeline(&identity.resource.name));
        let reason = match is_pipeline {
            true => PIPELINE_ADMIN.with([&policy.value]),
            false if exceeds(admins, most) => MANY_ADMINS.with([admins.to_string(), most.to_string()]),
            false => return wide(scan, entry),
        };
        scan.find("IAM-037", Status::Fail, &entry.resource, policy.field.clone(), reason);
    }
    wide(scan, entry);
}

fn wide(scan: &mut Scan<'_>, entry: &AccessEntry<'_>) {
    let writes = |power| matches!(power, Power::Admin | Power::Edit);
    for grant in entry.grants.iter().filter(|grant| grant.everywhere && writes(grant.power)) {
        let reason = WIDE.with([&grant.policy.value]);
        scan.find("IAM-037", Status::Warn, &entry.resource, grant.policy.field.clone(), reason);
    }
}

fn groups(scan: &mut Scan<'_>, entry: &AccessEntry<'_>) {
    for group in &entry.groups {
        let (status, words) = match group.value.as_str() {
            "system:masters" => (Status::Fail, MASTERS),
            name if name.starts_with("system:") => (Status::Warn, SYSTEM),
            _ => continue,
        };
        scan.find("IAM-037", status, &entry.resource, group.field.clone(), words.with([&group.value]));
    }
}

/// True when one of the words of a name says that it is no person.
fn is_pipeline(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| PIPELINES.contains(&word))
}

fn identities(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let is_there = !cloud.identities.is_empty() || !cloud.policies.is_empty();
    not_exported(scan, "IAM-039", is_there, NO_PEOPLE.plain());
    for identity in &cloud.identities {
        scan.examine("IAM-039");
        powers(scan, identity);
        keys(scan, identity);
    }
    for policy in &cloud.policies {
        scan.examine("IAM-039");
        if let Some(at) = policy.wildcards.first() {
            let reason = WILDCARD.with([&at.value]);
            scan.find("IAM-039", Status::Warn, &policy.resource, at.field.clone(), reason);
        }
    }
}

fn powers(scan: &mut Scan<'_>, identity: &Identity<'_>) {
    if identity.is_key() || (!identity.of_server && !is_pipeline(&identity.resource.name)) {
        return;
    }
    if !identity.is_told {
        scan.lack("IAM-039", NO_POLICIES.with([identity.resource.title()]));
    }
    let everything = |at: &&At<String>| EVERYTHING.contains(&at.value.to_ascii_uppercase().as_str());
    if let Some(policy) = identity.policies.iter().find(everything) {
        let reason = POWERFUL.with([&policy.value]);
        scan.find("IAM-039", Status::Fail, &identity.resource, policy.field.clone(), reason);
    }
}

/// The keys themselves are not told, only their age.
fn keys(scan: &mut Scan<'_>, identity: &Identity<'_>) {
    for key in identity.keys.iter().filter(|key| key.is_active) {
        let Some(days) = key.made.map(|made| scan.settings.days_since(made)) else { continue };
        if days > scan.settings.limits.key_days {
            scan.find("IAM-039", Status::Warn, &identity.resource, key.field.clone(), OLD_KEY.with([days]));
        }
    }
    if let Some(mfa) = identity.mfa.as_ref().filter(|mfa| !mfa.value && !identity.is_role) {
        scan.find("IAM-039", Status::Warn, &identity.resource, mfa.field.clone(), NO_MFA.plain());
    }
}

/// Nodes of two clusters that act in one role have the rights of both.
fn shared_roles(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for pool in &cloud.pools {
        let Some(role) = &pool.role else { continue };
        scan.examine("IAM-039");
        let before = *first.entry(&role.value).or_insert(&pool.cluster);
        if before != pool.cluster {
            let other = cloud.clusters.iter().find(|cluster| cluster.resource.id == before);
            let other = other.map_or_else(|| before.to_owned(), |cluster| cluster.resource.title());
            scan.find("IAM-039", Status::Fail, &pool.resource, role.field.clone(), ONE_ROLE.with([other]));
        }
    }
}
