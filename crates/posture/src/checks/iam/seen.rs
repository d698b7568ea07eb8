//! Logins that the audit log has seen: people by certificate, and tokens of service accounts from outside.
//!
//! Entry point: [`run`].  Tokens belong to pods: an address that is none of the cluster's is somebody's own.

use std::collections::HashSet;
use std::net::IpAddr;

use api::user::split_service_account;

use crate::finding::{Place, Status, Subject};
use crate::network::Block;
use crate::scan::Scan;
use crate::sources::audit_log::{Actor, AuditLog};
use crate::words::{Words, words};

const CERTIFICATE: Words = words(
    "{} logged in by client certificate at {}, event {}",
    "{}이(가) {}에 클라이언트 인증서로 로그인함, 이벤트 {}",
);
const OUTSIDE: Words = words(
    "a token of {} was used from {}, which is none of the cluster's addresses; first event {}",
    "{}의 토큰이 클러스터 주소가 아닌 {}에서 쓰임, 첫 이벤트 {}",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    let Some(log) = scan.input.audit_log.as_ref().filter(|log| log.events() > 0) else { return };
    scan.examine("IAM-030");
    for actor in log.certificate_users() {
        let Some(mark) = &actor.certificate else { continue };
        let reason = CERTIFICATE.with([actor.name.as_str(), &mark.time, &mark.id]);
        let place = Place { subject: user(&actor.name), origin: Some(mark.origin()) };
        scan.find("IAM-030", Status::Warn, place, String::new(), reason);
    }
    tokens(scan, log);
}

fn user(name: &str) -> Subject {
    match split_service_account(name) {
        Some((namespace, name)) => Subject {
            api_version: "v1".to_owned(),
            kind: "ServiceAccount".to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        },
        None => Subject { kind: "User".to_owned(), name: name.to_owned(), ..Subject::default() },
    }
}

fn tokens(scan: &mut Scan<'_>, log: &AuditLog) {
    let known = Addresses::of(scan);
    for actor in log.service_accounts() {
        scan.examine("IAM-031");
        let system = split_service_account(&actor.name).is_some_and(|(ns, _)| scan.settings.is_system(ns));
        let outside: Vec<&str> = sources(actor).filter(|source| known.is_outside(source, system)).collect();
        if outside.is_empty() {
            continue;
        }
        let first = &actor.first;
        let shown = super::held::named(outside.iter().map(|source| (*source).to_owned()));
        let reason = OUTSIDE.with([actor.name.as_str(), &shown, &first.to_string()]);
        let place = Place { subject: user(&actor.name), origin: Some(first.origin()) };
        scan.find("IAM-031", Status::Warn, place, String::new(), reason);
    }
}

fn sources(actor: &Actor) -> impl Iterator<Item = &str> {
    actor.sources.iter().map(|(source, _)| source.as_str())
}

/// Addresses of the cluster, as its objects tell them.
#[derive(Default)]
struct Addresses {
    single: HashSet<IpAddr>,
    /// Those of pods, node by node.
    blocks: Vec<Block>,
}

impl Addresses {
    fn of(scan: &Scan<'_>) -> Self {
        let mut known = Self::default();
        let objects = &scan.input.objects;
        for node in objects.of_kind("", "Node") {
            let addresses = node.value.array_at(&["status", "addresses"]).iter();
            known.single.extend(addresses.filter_map(|a| a.str_at(&["address"]).parse::<IpAddr>().ok()));
            let spec = node.value.at(&["spec"]);
            let all = spec.array_at(&["podCIDRs"]).iter().filter_map(|block| block.as_str());
            known.blocks.extend(all.chain([spec.str_at(&["podCIDR"])]).filter_map(Block::parse));
        }
        for pod in objects.of_kind("", "Pod") {
            let status = pod.value.at(&["status"]);
            let all = status.array_at(&["podIPs"]).iter().map(|ip| ip.str_at(&["ip"]));
            known
                .single
                .extend(all.chain([status.str_at(&["podIP"])]).filter_map(|ip| ip.parse::<IpAddr>().ok()));
        }
        known
    }

    /// True for an address that is certainly not of the cluster.  Where pods have private addresses that the nodes do not
    /// tell, and for the control plane's own accounts, only public ones are certain.
    fn is_outside(&self, source: &str, system: bool) -> bool {
        let Ok(address) = source.parse::<IpAddr>() else { return false };
        let address = address.to_canonical();
        if self.single.contains(&address) || self.blocks.iter().any(|block| block.contains(address)) {
            return false;
        }
        if is_public(address) {
            return true;
        }
        !address.is_loopback() && !system && !self.blocks.is_empty()
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // Addresses of carriers are used within clouds.
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified())
        }
    }
}
