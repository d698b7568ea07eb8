//! TLS where requests come in: hosts of ingresses and listeners of gateways, and the certificates they show.

use api::Value;
use evidence::Object;

use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::tls_secrets::{Shown, TlsSecrets};
use crate::words::{Said, Words, words};

pub(super) const IDS: &[&str] = &["NET-013"];

const ID: &str = "NET-013";

/// Annotations by which an ingress takes a certificate from elsewhere, or leaves TLS to whatever is before it.
const CERTIFICATES: &[&str] = &[
    "alb.ingress.kubernetes.io/certificate-arn",
    "alb.ingress.kubernetes.io/ssl-certificate-no",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/certmap",
    "networking.gke.io/managed-certificates",
    "nginx.ingress.kubernetes.io/force-ssl-redirect",
    "nginx.ingress.kubernetes.io/ssl-passthrough",
    "route.openshift.io/termination",
    "traefik.ingress.kubernetes.io/router.tls",
    "traefik.ingress.kubernetes.io/router.tls.certresolver",
];

const PORTS: &str = "alb.ingress.kubernetes.io/listen-ports";
const REDIRECTS: [&str; 2] =
    ["alb.ingress.kubernetes.io/ssl-redirect", "alb.ingress.kubernetes.io/actions.ssl-redirect"];
const NGINX_REDIRECT: &str = "nginx.ingress.kubernetes.io/ssl-redirect";

const PLAIN_HOST: Words = words("{} is served without TLS", "{}을(를) TLS 없이 제공함");
const ANY_HOST: Words =
    words("a rule for every host is served without TLS", "모든 호스트에 대한 규칙을 TLS 없이 제공함");
const NO_REDIRECT: Words =
    words("what comes over HTTP is not sent to HTTPS", "HTTP 요청을 HTTPS로 보내지 않음");
const PLAIN_LISTENER: Words = words(
    "listener {} takes HTTP, and {} answers there without a redirect to HTTPS",
    "리스너 {}가 HTTP를 받고 {}가 HTTPS로 보내지 않고 응답함",
);
const IDLE_LISTENER: Words = words(
    "listener {} takes HTTP, and no route there is a redirect to HTTPS",
    "리스너 {}가 HTTP를 받는데 HTTPS로 보내는 경로가 없음",
);
const NO_CERTIFICATE: Words = words("listener {} has no certificate", "리스너 {}에 인증서가 없음");
const MISSING: Words = words("Secret {} is not there", "시크릿 {}이(가) 없음");
const BROKEN: Words = words("Secret {} holds no certificate: {}", "시크릿 {}에 인증서가 없음: {}");
const EXPIRED: Words = words("the certificate in Secret {} ended on {}", "시크릿 {}의 인증서가 {}에 만료됨");
const ENDS: Words =
    words("the certificate in Secret {} ends on {}", "시크릿 {}의 인증서가 {}에 만료될 예정임");
const OTHER_NAMES: Words =
    words("the certificate in Secret {} is not for {}", "시크릿 {}의 인증서가 {}에 대한 것이 아님");
const UNREADABLE: Words = words("what stands in Secret {} was not given", "시크릿 {}의 내용이 주어지지 않음");
const NO_SECRETS: Words = words("no Secret was given", "시크릿이 주어지지 않음");

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let secrets = TlsSecrets::of(&input.objects);
    for ingress in input.objects.of_kind("networking.k8s.io", "Ingress") {
        scan.examine(ID);
        of_ingress(scan, &secrets, ingress);
    }
    let routes: Vec<_> = ["HTTPRoute", "GRPCRoute"]
        .into_iter()
        .flat_map(|kind| input.objects.of_kind("gateway.networking.k8s.io", kind))
        .collect();
    for gateway in input.objects.of_kind("gateway.networking.k8s.io", "Gateway") {
        scan.examine(ID);
        for (i, listener) in gateway.value.array_at(&["spec", "listeners"]).iter().enumerate() {
            of_listener(scan, &secrets, &routes, gateway, (i, listener));
        }
    }
    for gateway in input.objects.of_kind("networking.istio.io", "Gateway") {
        scan.examine(ID);
        for (i, server) in gateway.value.array_at(&["spec", "servers"]).iter().enumerate() {
            of_server(scan, gateway, (i, server));
        }
    }
}

fn of_ingress(scan: &mut Scan<'_>, secrets: &TlsSecrets<'_>, ingress: &Object) {
    let annotations = ingress.value.at(&["metadata", "annotations"]);
    let says =
        |key: &str| annotations.get(key).and_then(Value::as_str).filter(|v| !matches!(*v, "" | "false"));
    let elsewhere = CERTIFICATES.iter().any(|key| says(key).is_some());
    let tls = ingress.value.array_at(&["spec", "tls"]);
    let rules = ingress.value.array_at(&["spec", "rules"]).iter().map(|rule| rule.str_at(&["host"]));
    let hosts: Vec<_> = rules.enumerate().collect();
    for (i, host) in hosts.iter().filter(|(_, host)| !elsewhere && !tls.iter().any(|t| covers(t, host))) {
        let reason = if host.is_empty() { ANY_HOST.plain() } else { PLAIN_HOST.with([host]) };
        scan.find(ID, Status::Fail, ingress, format!("spec.rules[{i}].host"), reason);
    }
    if hosts.is_empty() && tls.is_empty() && !elsewhere {
        scan.find(ID, Status::Fail, ingress, "spec.tls".to_owned(), ANY_HOST.plain());
    }
    let on_http = says(PORTS).is_some_and(|ports| ports.contains("\"HTTP\""));
    let redirected = REDIRECTS.iter().any(|key| says(key).is_some());
    let off = annotations.get(NGINX_REDIRECT).and_then(Value::as_str) == Some("false");
    for (key, bad) in [(PORTS, elsewhere && on_http && !redirected), (NGINX_REDIRECT, !tls.is_empty() && off)]
    {
        if bad {
            let field = format!("metadata.annotations[{key}]");
            scan.find(ID, Status::Fail, ingress, field, NO_REDIRECT.plain());
        }
    }
    for (i, entry) in tls.iter().enumerate() {
        let name = entry.str_at(&["secretName"]);
        let of_entry: Vec<_> = entry.array_at(&["hosts"]).iter().filter_map(Value::as_str).collect();
        if !name.is_empty() && !elsewhere {
            let field = format!("spec.tls[{i}].secretName");
            certificate(scan, secrets, ingress, &field, (ingress.namespace(), name), &of_entry);
        }
    }
}

/// True when an entry is for a host; one without hosts is for all.
fn covers(entry: &Value, host: &str) -> bool {
    let hosts = entry.array_at(&["hosts"]);
    let fits = |name: &str| {
        let parent = name.strip_prefix("*.");
        name.eq_ignore_ascii_case(host)
            || host.split_once('.').is_some_and(|(first, rest)| first != "*" && parent == Some(rest))
    };
    hosts.is_empty() || (!host.is_empty() && hosts.iter().filter_map(Value::as_str).any(fits))
}

fn of_listener(
    scan: &mut Scan<'_>,
    secrets: &TlsSecrets<'_>,
    routes: &[&Object],
    gateway: &Object,
    (i, listener): (usize, &Value),
) {
    let name = listener.str_at(&["name"]);
    let field = format!("spec.listeners[{i}]");
    match listener.str_at(&["protocol"]) {
        "HTTP" => {
            let attached: Vec<_> = routes.iter().filter(|r| is_attached(r, gateway, listener)).collect();
            let (status, reason) = match attached.iter().find(|route| !redirects(route)) {
                Some(route) => (Status::Fail, PLAIN_LISTENER.with([name, route.name()])),
                None if attached.is_empty() => (Status::Warn, IDLE_LISTENER.with([name])),
                None => return,
            };
            scan.find(ID, status, gateway, format!("{field}.protocol"), reason);
        }
        "HTTPS" | "TLS" if listener.str_at(&["tls", "mode"]) != "Passthrough" => {
            let references = listener.array_at(&["tls", "certificateRefs"]);
            let has_options = listener.at(&["tls", "options"]).as_object().is_some_and(|o| !o.is_empty());
            if references.is_empty() && !has_options {
                let field = format!("{field}.tls.certificateRefs");
                scan.find(ID, Status::Fail, gateway, field, NO_CERTIFICATE.with([name]));
            }
            let is_secret = |r: &&Value| matches!(r.str_at(&["kind"]), "" | "Secret");
            let host = listener.str_at(&["hostname"]);
            let hosts = if host.is_empty() { vec![] } else { vec![host] };
            for reference in references.iter().filter(is_secret) {
                let namespace = Some(reference.str_at(&["namespace"])).filter(|n| !n.is_empty());
                let secret = (namespace.unwrap_or(gateway.namespace()), reference.str_at(&["name"]));
                // With several certificates any of them may be the one for the host.
                let hosts = if references.len() > 1 { &[][..] } else { hosts.as_slice() };
                certificate(scan, secrets, gateway, &format!("{field}.tls.certificateRefs"), secret, hosts);
            }
        }
        _ => {}
    }
}

fn is_attached(route: &Object, gateway: &Object, listener: &Value) -> bool {
    route.value.array_at(&["spec", "parentRefs"]).iter().any(|parent| {
        let namespace = Some(parent.str_at(&["namespace"])).filter(|n| !n.is_empty());
        let (section, port) = (parent.str_at(&["sectionName"]), parent.at(&["port"]));
        matches!(parent.str_at(&["kind"]), "" | "Gateway")
            && parent.str_at(&["name"]) == gateway.name()
            && namespace.unwrap_or(route.namespace()) == gateway.namespace()
            && (section.is_empty() || section == listener.str_at(&["name"]))
            && (port.is_null() || port == listener.at(&["port"]))
    })
}

/// True when every rule of a route sends to HTTPS.
fn redirects(route: &Object) -> bool {
    let redirect = |filter: &Value| filter.str_at(&["requestRedirect", "scheme"]) == "https";
    let rules = route.value.array_at(&["spec", "rules"]);
    !rules.is_empty() && rules.iter().all(|rule| rule.array_at(&["filters"]).iter().any(redirect))
}

/// A server of Istio's own gateways.
fn of_server(scan: &mut Scan<'_>, gateway: &Object, (i, server): (usize, &Value)) {
    let plain = matches!(server.str_at(&["port", "protocol"]), "HTTP" | "HTTP2" | "GRPC");
    if plain && server.at(&["tls", "httpsRedirect"]).as_bool() != Some(true) {
        let field = format!("spec.servers[{i}].tls.httpsRedirect");
        scan.find(ID, Status::Fail, gateway, field, NO_REDIRECT.plain());
    }
}

/// Looks at the certificate of a Secret, for these hosts.
fn certificate(
    scan: &mut Scan<'_>,
    secrets: &TlsSecrets<'_>,
    object: &Object,
    field: &str,
    (namespace, name): (&str, &str),
    hosts: &[&str],
) {
    let (whole, now) = (scan.input.whole_cluster, scan.settings.now);
    let soon = scan.settings.limits.certificate_days;
    let mut say = |status, reason: Said| scan.find(ID, status, object, field.to_owned(), reason);
    match secrets.shown(namespace, name) {
        Shown::Nothing if whole && secrets.is_empty() => scan.lack(ID, NO_SECRETS.plain()),
        Shown::Nothing if whole => say(Status::Fail, MISSING.with([name])),
        // Manifests need not hold the Secret.
        Shown::Nothing => {}
        Shown::Hidden => scan.lack(ID, UNREADABLE.with([name])),
        Shown::Broken(why) => say(Status::Fail, BROKEN.with([name, &why])),
        Shown::Certificate(certificate) => {
            let end = certificate.not_after;
            let day = crate::when::day(end);
            let left = (end.seconds() - now.seconds()).div_euclid(86_400);
            if end <= now {
                say(Status::Fail, EXPIRED.with([name, &day]));
            } else if left < soon {
                say(Status::Warn, ENDS.with([name, &day]));
            }
            for host in hosts.iter().filter(|host| !certificate.covers(host)) {
                say(Status::Fail, OTHER_NAMES.with([name, host]));
            }
        }
    }
}
