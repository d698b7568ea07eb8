//! The oldest TLS that is taken where requests come in.

use evidence::Object;

use crate::finding::Status;
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["NET-014"];

const TAKES: Words = words("it takes {}", "{}을(를) 받음");
const BY_DEFAULT: Words =
    words("{} is not set, and without it TLS 1.0 is taken", "{}을(를) 설정하지 않아 TLS 1.0도 받음");

/// What a setting holds.
#[derive(Clone, Copy)]
enum Reads {
    /// Protocols that are taken, such as `TLSv1.2 TLSv1.3`.
    Protocols,
    /// The oldest that is taken, such as `VersionTLS12` or `TLSV12`.
    Oldest,
    /// The name of one of Amazon's policies.
    AmazonPolicy,
}

/// A setting by which something says which TLS it takes.
struct Setting {
    group: &'static str,
    kind: &'static str,
    /// The member it stands in, and its name there.
    path: &'static [&'static str],
    reads: Reads,
    /// An annotation that makes it count; without the setting what is taken by default is too old then.
    needs: &'static str,
}

const ANNOTATIONS: &[&str] = &["metadata", "annotations"];

macro_rules! setting {
    ($group:literal, $kind:literal, [$($step:literal),+], $reads:ident) => {
        Setting { group: $group, kind: $kind, path: &[$($step),+], reads: Reads::$reads, needs: "" }
    };
    ($group:literal, $kind:literal, [$($step:literal),+], $reads:ident, $needs:literal) => {
        Setting { group: $group, kind: $kind, path: &[$($step),+], reads: Reads::$reads, needs: $needs }
    };
}

/// As their projects' and providers' documentation names them (August 2026).
const SETTINGS: &[Setting] = &[
    setting!("", "ConfigMap", ["data", "ssl-protocols"], Protocols),
    setting!(
        "",
        "Service",
        ["metadata", "annotations", "service.beta.kubernetes.io/ncloud-load-balancer-tls-min-version"],
        Oldest,
        "service.beta.kubernetes.io/ncloud-load-balancer-ssl-certificate-no"
    ),
    setting!(
        "",
        "Service",
        ["metadata", "annotations", "service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy"],
        AmazonPolicy,
        "service.beta.kubernetes.io/aws-load-balancer-ssl-cert"
    ),
    setting!(
        "networking.k8s.io",
        "Ingress",
        ["metadata", "annotations", "alb.ingress.kubernetes.io/ssl-policy"],
        AmazonPolicy,
        "alb.ingress.kubernetes.io/certificate-arn"
    ),
    setting!(
        "networking.k8s.io",
        "Ingress",
        ["metadata", "annotations", "projectcontour.io/tls-minimum-protocol-version"],
        Oldest
    ),
    setting!("traefik.io", "TLSOption", ["spec", "minVersion"], Oldest),
    setting!("traefik.containo.us", "TLSOption", ["spec", "minVersion"], Oldest),
    setting!(
        "projectcontour.io",
        "HTTPProxy",
        ["spec", "virtualhost", "tls", "minimumProtocolVersion"],
        Oldest
    ),
];

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    for object in &input.objects.objects {
        let fits = |s: &&Setting| object.group() == s.group && object.kind() == s.kind;
        for setting in SETTINGS.iter().filter(fits) {
            held(scan, object, setting);
        }
        if object.group() == "networking.istio.io" && object.kind() == "Gateway" {
            servers(scan, object);
        }
    }
}

fn held(scan: &mut Scan<'_>, object: &Object, setting: &Setting) {
    let needed = object.value.at(ANNOTATIONS).get(setting.needs).is_some();
    let field = || match setting.path {
        ["metadata", "annotations", key] => format!("metadata.annotations[{key}]"),
        ["data", key] => format!("data[{key}]"),
        path => path.join("."),
    };
    match object.value.at(setting.path).as_str() {
        Some(value) => {
            scan.examine("NET-014");
            if let Some(old) = setting.reads.too_old(value) {
                scan.find("NET-014", Status::Fail, object, field(), TAKES.with([old]));
            }
        }
        None if needed => {
            scan.examine("NET-014");
            let name = setting.path.last().copied().unwrap_or_default();
            scan.find("NET-014", Status::Fail, object, field(), BY_DEFAULT.with([name]));
        }
        None => {}
    }
}

fn servers(scan: &mut Scan<'_>, gateway: &Object) {
    for (i, server) in gateway.value.array_at(&["spec", "servers"]).iter().enumerate() {
        let Some(oldest) = server.at(&["tls", "minProtocolVersion"]).as_str() else { continue };
        scan.examine("NET-014");
        if let Some(old) = Reads::Oldest.too_old(oldest) {
            let field = format!("spec.servers[{i}].tls.minProtocolVersion");
            scan.find("NET-014", Status::Fail, gateway, field, TAKES.with([old]));
        }
    }
}

impl Reads {
    /// What is taken that is older than TLS 1.2.
    fn too_old(self, value: &str) -> Option<String> {
        match self {
            Self::Protocols => {
                let old: Vec<_> = value.split_whitespace().filter(|word| is_old(word)).collect();
                (!old.is_empty()).then(|| old.join(" "))
            }
            Self::Oldest => is_old(value).then(|| value.to_owned()),
            Self::AmazonPolicy => {
                let new = ["-TLS13-1-2", "-TLS13-1-3", "-TLS-1-2-", "-FS-1-2-"];
                (!new.iter().any(|part| value.contains(part))).then(|| format!("{value} (TLS 1.0/1.1)"))
            }
        }
    }
}

/// `TLSv1`, `TLSv1.1`, `TLSV10`, `TLSV1_1`, `VersionTLS11`, `1.0`, `SSLv3`.
fn is_old(version: &str) -> bool {
    let upper = version.trim_matches([';', '"', ' ']).to_ascii_uppercase();
    let digits: String = upper.chars().filter(char::is_ascii_digit).collect();
    upper.starts_with("SSL") || matches!(digits.as_str(), "1" | "10" | "11")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_in_many_ways() {
        for old in ["TLSv1", "TLSv1.1", "TLSV10", "TLSV1_1", "VersionTLS11", "1.0", "SSLv3"] {
            assert!(is_old(old), "{old}");
        }
        for new in ["TLSv1.2", "TLSv1.3;", "TLSV12", "TLSV1_3", "VersionTLS12", "1.2"] {
            assert!(!is_old(new), "{new}");
        }
        let policy = |name| Reads::AmazonPolicy.too_old(name).is_some();
        assert!(policy("ELBSecurityPolicy-2016-08") && policy("ELBSecurityPolicy-TLS13-1-0-2021-06"));
        assert!(policy("ELBSecurityPolicy-FS-1-1-2019-08") && !policy("ELBSecurityPolicy-FS-1-2-2019-08"));
        assert!(
            !policy("ELBSecurityPolicy-TLS13-1-2-2021-06")
                && !policy("ELBSecurityPolicy-TLS-1-2-Ext-2018-06")
        );
    }
}
