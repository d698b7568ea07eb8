//! Ingress: HTTP from outside to Services.

use api::{Value, field};

use super::{not_empty_segment, optional_subdomain};
use crate::core::service::validate::load_balancer_status;
use crate::core::service::warnings::ingress_warnings;
use crate::kind::Kind;
use crate::{Context, Cursor, MetaCheck, names, net};

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const PATH_TYPES: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];
const BAD_SEQUENCES: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_ENDS: [&str; 2] = ["/..", "/."];

pub(crate) static INGRESS: Kind = Kind {
    update_checks: &[MetaCheck::Change, MetaCheck::New],
    validate: |ingress, _, errors| {
        Lax::default().check(ingress, errors);
        class_matches_annotation(ingress, errors);
    },
    validate_update: |new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors| {
        if cx.subresource == "status" {
            let balancer = Cursor::at("status.loadBalancer", new.at(&["status", "loadBalancer"]));
            return load_balancer_status(balancer, old.at(&["status", "loadBalancer"]), None, errors);
        }
        Lax::of(old).check(new, errors);
    },
    warnings,
    ..Kind::WITH_STATUS
};

fn warnings(ingress: &Value, old: Option<&Value>, cx: &Context) -> Vec<String> {
    if cx.subresource == "status" {
        let points = ingress.array_at(&["status", "loadBalancer", "ingress"]);
        return ingress_warnings(points, &field::Path::new("status.loadBalancer.ingress"));
    }
    let annotated = !ingress.at(&["metadata", "annotations", CLASS_ANNOTATION]).is_null();
    if old.is_some() || !annotated || !ingress.at(&["spec", "ingressClassName"]).is_null() {
        return Vec::new();
    }
    vec![format!(
        "annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"
    )]
}

fn class_matches_annotation(ingress: &Value, errors: &mut field::Errors) {
    let annotation = ingress.at(&["metadata", "annotations", CLASS_ANNOTATION]);
    let class = ingress.at(&["spec", "ingressClassName"]);
    if !annotation.is_null() && !class.is_null() && annotation != class {
        let path = field::Path::new("annotations").child(CLASS_ANNOTATION);
        errors.invalid(&path, annotation, "must match `ingressClassName` when both are specified");
    }
}

/// What is let through because it was there before.
#[derive(Clone, Copy, Default)]
struct Lax {
    secrets: bool,
    wildcard_rules: bool,
}

impl Lax {
    fn of(old: &Value) -> Self {
        let bad_secret = |tls: &Value| !secret_faults(tls.str_at(&["secretName"])).is_empty();
        let bad_wildcard = |rule: &Value| {
            let mut errors = field::Errors::new();
            paths(&Cursor::root(rule), &mut errors);
            rule.str_at(&["host"]).contains('*') && !errors.is_empty()
        };
        Self {
            secrets: old.array_at(&["spec", "tls"]).iter().any(bad_secret),
            wildcard_rules: old.array_at(&["spec", "rules"]).iter().any(bad_wildcard),
        }
    }

    fn check(self, ingress: &Value, errors: &mut field::Errors) {
        let spec = Cursor::at("spec", ingress.at(&["spec"]));
        let (default, rules) = (spec.child("defaultBackend"), spec.child("rules"));
        if rules.is_empty() && !default.is_set() {
            spec.bad(errors, rules.value().clone(), "either `defaultBackend` or `rules` must be specified");
        }
        if default.is_set() {
            backend(&default, errors);
        }
        for rule in rules.items() {
            self.rule(&rule, errors);
        }
        for tls in spec.child("tls").items() {
            for host in tls.child("hosts").items() {
                host.faults(errors, &host_faults(host.str()));
            }
            let secret = tls.child("secretName");
            if !self.secrets {
                secret.faults(errors, &secret_faults(secret.str()));
            }
        }
        let class = spec.child("ingressClassName");
        if class.is_set() {
            class.faults(errors, &names::dns1123_subdomain(class.str()));
        }
    }

    fn rule(self, rule: &Cursor, errors: &mut field::Errors) {
        let host = rule.child("host");
        if !host.str().is_empty() {
            if net::Address::parse(host.str()).is_some() {
                host.invalid(errors, "must be a DNS name, not an IP address");
            }
            host.faults(errors, &host_faults(host.str()));
        }
        if !(host.str().contains('*') && self.wildcard_rules) {
            paths(rule, errors);
        }
    }
}

fn host_faults(host: &str) -> names::Faults {
    if host.contains('*') { names::wildcard_dns1123_subdomain(host) } else { names::dns1123_subdomain(host) }
}

fn secret_faults(name: &str) -> names::Faults {
    if name.is_empty() { names::Faults::new() } else { names::dns1123_subdomain(name) }
}

fn paths(rule: &Cursor, errors: &mut field::Errors) {
    let http = rule.child("http");
    if !http.is_set() {
        return;
    }
    let paths = http.child("paths");
    if paths.is_empty() {
        paths.required(errors, "");
    }
    for path in paths.items() {
        check_path(&path, errors);
    }
}

fn check_path(item: &Cursor, errors: &mut field::Errors) {
    let (path, kind) = (item.child("path"), item.child("pathType"));
    let text = path.str();
    if !kind.is_set() {
        return kind.required(errors, "pathType must be specified");
    }
    let strict = matches!(kind.str(), "Exact" | "Prefix");
    if !PATH_TYPES.contains(&kind.str()) {
        kind.not_supported(errors, &PATH_TYPES);
    } else if !text.starts_with('/') && (strict || !text.is_empty()) {
        path.bad(errors, text, "must be an absolute path");
    }
    if strict {
        for sequence in BAD_SEQUENCES.iter().filter(|sequence| text.contains(**sequence)) {
            path.invalid(errors, &format!("must not contain '{sequence}'"));
        }
        for end in BAD_ENDS.iter().filter(|end| text.ends_with(**end)) {
            path.invalid(errors, &format!("cannot end with '{end}'"));
        }
    }
    backend(&item.child("backend"), errors);
}

fn backend(backend: &Cursor, errors: &mut field::Errors) {
    let (resource, service) = (backend.child("resource"), backend.child("service"));
    match (resource.is_set(), service.is_set()) {
        (true, true) => backend.bad(errors, "", "cannot set both resource and service backends"),
        (true, false) => {
            optional_subdomain(&resource.child("apiGroup"), errors);
            not_empty_segment(&resource.child("kind"), errors);
            not_empty_segment(&resource.child("name"), errors);
        }
        (false, true) => service_backend(backend, &service, errors),
        (false, false) => backend.bad(errors, "", "resource or service backend is required"),
    }
}

fn service_backend(backend: &Cursor, service: &Cursor, errors: &mut field::Errors) {
    let name = service.child("name");
    if name.str().is_empty() {
        name.required(errors, "");
    } else {
        name.faults(errors, &names::dns1123_label(name.str()));
    }
    let port = service.child("port");
    let (port_name, number) = (port.child("name"), port.child("number"));
    match (port_name.str().is_empty(), number.int() == 0) {
        (false, false) => backend.bad(errors, "", "cannot set both port name & port number"),
        (false, true) => port_name.faults(errors, &names::port_name(port_name.str())),
        (true, false) => number.number_faults(errors, &names::port_number(number.int())),
        (true, true) => backend.required(errors, "port name or number is required"),
    }
}
