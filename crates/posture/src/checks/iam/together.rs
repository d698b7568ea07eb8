//! Permissions that are dangerous together, each proved by the authorizer.
//!
//! Entry point: [`run`]: whoever makes Secrets and reads them has the token of any account of the namespace, and whoever
//! approves requests for client certificates is whom he likes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use authz::rbac::{RoleKind, Rule};
use authz::{Attributes, Authorizer, ResourceTarget, Target, Union};
use privilege::escalation::Principal;

use super::held::Hits;
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::rights::{Bound, Rights, is_everything, stock_rules, target};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["IAM-015", "IAM-016"];

const TOKENS: Words = words(
    "{} makes Secrets for tokens of accounts and reads them, in the whole cluster",
    "{}: 클러스터 전체에서 서비스 어카운트 토큰 시크릿을 만들고 읽음",
);
const TOKENS_HERE: Words = words(
    "{} makes Secrets for tokens of accounts and reads them, in {}, where accounts with rights in the whole cluster are",
    "{}: 클러스터 권한을 가진 서비스 어카운트가 있는 {}에서 토큰 시크릿을 만들고 읽음",
);
const APPROVES: Words =
    words("{} approves requests for client certificates of {}", "{}: {}의 클라이언트 인증서 요청을 승인함");

const WOULD_APPROVE: Words = words(
    "whoever is bound to it approves requests for client certificates of {}; nobody is yet",
    "연결되면 {}의 클라이언트 인증서 요청을 승인함. 아직 연결된 대상은 없음",
);

const CERTIFICATES: &str = "certificates.k8s.io";

/// Signers whose certificates the server takes for users or nodes.
const SIGNERS: [&str; 3] =
    ["kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"];

/// Who holds a part of it, and where.
type Candidates<'b> = BTreeMap<Principal, BTreeMap<String, &'b Bound<'b>>>;

pub(super) fn run(scan: &mut Scan<'_>, rights: &Rights<'_>, hits: &mut Hits<'_, '_>) {
    let authorizer = rights.policy.authorizer();
    let (mut makers, mut approvers) = (Candidates::new(), Candidates::new());
    for bound in &rights.bindings {
        IDS.iter().for_each(|id| scan.examine(id));
        let (rules, stock) = (rights.rules_of(bound), stock_rules(&bound.binding.role_key()));
        // Who is bound to cluster-admin is another check's.
        if stock.iter().any(is_everything) {
            continue;
        }
        let makes = any(rules, &["create", "get", "list", "watch"], "", "secrets");
        let approves =
            any(rules, &["update", "patch", "approve"], CERTIFICATES, "certificatesigningrequests/approval");
        for (_, whom) in bound.own_subjects() {
            if makes {
                makers.entry(whom.clone()).or_default().insert(bound.scope().to_owned(), bound);
            }
            if approves && bound.scope().is_empty() {
                approvers.entry(whom).or_default().insert(String::new(), bound);
            }
        }
    }
    let mighty = mighty_namespaces(scan, rights, hits);
    for (whom, places) in &makers {
        tokens(scan, &authorizer, &mighty, whom, places);
    }
    for (whom, places) in &approvers {
        approved(scan, &authorizer, whom, places);
    }
    unbound(scan, rights);
}

/// Cluster roles by which whoever is bound to them approves.
fn unbound(scan: &mut Scan<'_>, rights: &Rights<'_>) {
    for role in &rights.roles {
        scan.examine("IAM-016");
        let held = || rights.holders(&role.key).any(|bound| bound.principals().next().is_some());
        let rules = &role.rules;
        // Who gives everything is another check's.
        if role.key.kind != RoleKind::ClusterRole
            || role.own_rules().next().is_none()
            || rules.iter().any(is_everything)
            || held()
        {
            continue;
        }
        let writes = any(rules, &["update", "patch"], CERTIFICATES, "certificatesigningrequests/approval");
        let approves = |signer: &&&str| {
            rules.iter().any(|rule| rule.allows("approve", target(CERTIFICATES, "signers", "", signer)))
        };
        if let (true, Some(signer)) = (writes, SIGNERS.iter().find(approves)) {
            let reason = WOULD_APPROVE.with([*signer]);
            scan.find("IAM-016", Status::Warn, role.object, "rules".to_owned(), reason);
        }
    }
}

fn any(rules: &[Rule], verbs: &[&str], group: &str, resource: &str) -> bool {
    let allowed = |rule: &Rule| verbs.iter().any(|verb| rule.allows(verb, target(group, resource, "", "")));
    rules.iter().any(allowed)
}

/// Namespaces with accounts that hold something dangerous in the whole cluster.
fn mighty_namespaces(scan: &Scan<'_>, rights: &Rights<'_>, hits: &mut Hits<'_, '_>) -> HashSet<String> {
    let mut mighty: HashSet<String> = scan.settings.system_namespaces.iter().cloned().collect();
    for bound in rights.bindings.iter().filter(|bound| bound.scope().is_empty()) {
        let accounts = bound.principals().filter_map(|whom| match whom {
            Principal::ServiceAccount(namespace, _) => Some(namespace),
            _ => None,
        });
        let accounts: BTreeSet<String> = accounts.collect();
        if accounts.iter().all(|namespace| mighty.contains(namespace)) {
            continue;
        }
        let rules = rights.rules_of(bound);
        if rules.iter().any(|rule| hits.of(rule).iter().any(|hit| hit.status(scan, "") == Some(Status::Fail)))
        {
            mighty.extend(accounts);
        }
    }
    mighty
}

fn tokens(
    scan: &mut Scan<'_>,
    authorizer: &Union,
    mighty: &HashSet<String>,
    whom: &Principal,
    places: &BTreeMap<String, &Bound<'_>>,
) {
    let user = whom.user_info();
    let may = |verb: &str, namespace: &str| {
        let Target::Resource(resource) = target("", "secrets", namespace, "") else { return false };
        authorizer.authorize(&Attributes::of_resource(&user, verb, resource)).allowed()
    };
    for (place, bound) in places {
        let both = may("create", place) && ["get", "list", "watch"].iter().any(|verb| may(verb, place));
        if !both || (!place.is_empty() && !mighty.contains(place)) {
            continue;
        }
        let reason = match place.as_str() {
            "" => TOKENS.with([whom]),
            place => TOKENS_HERE.with([whom.to_string(), place.to_owned()]),
        };
        scan.find("IAM-015", Status::Fail, bound.object, "roleRef".to_owned(), reason);
        if place.is_empty() {
            return;
        }
    }
}

fn approved(
    scan: &mut Scan<'_>,
    authorizer: &Union,
    whom: &Principal,
    places: &BTreeMap<String, &Bound<'_>>,
) {
    let user = whom.user_info();
    let may = |verb: &str, resource: &str, subresource: &str, name: &str| {
        let target = ResourceTarget {
            group: CERTIFICATES,
            version: "*",
            resource,
            subresource,
            name,
            ..ResourceTarget::default()
        };
        authorizer.authorize(&Attributes::of_resource(&user, verb, target)).allowed()
    };
    let writes =
        ["update", "patch"].iter().any(|verb| may(verb, "certificatesigningrequests", "approval", ""));
    let signer = SIGNERS.iter().find(|signer| may("approve", "signers", "", signer));
    if let (true, Some(signer), Some(bound)) = (writes, signer, places.values().next()) {
        let reason = APPROVES.with([whom.to_string(), (*signer).to_owned()]);
        scan.find("IAM-016", Status::Fail, bound.object, "roleRef".to_owned(), reason);
    }
}
