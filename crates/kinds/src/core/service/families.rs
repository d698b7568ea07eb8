//! The addresses of a Service and their families (KEP-563): what they may be and how they may change.

use std::net::IpAddr;

use api::{Value, field};

use super::{is_headless, kind_of};
use crate::cursor::Cursor;
use crate::net;

/// Stands for no address.
pub(super) const NONE: &str = "None";
const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];
const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const SET_ONCE: &str = "may not change once set";

/// The family of an address by the name it has in a Service.
pub(super) fn family_name(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "IPv4" } else { "IPv6" }
}

pub(super) fn family_of(ip: &str) -> &'static str {
    net::Address::parse(ip).map_or("unknown", |address| family_name(address.ip))
}

/// The members `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`.
pub(super) fn check(service: &Value, old: &Value, errors: &mut field::Errors) {
    if kind_of(service) == "ExternalName" {
        return;
    }
    let spec = Cursor::at("spec", service.at(&["spec"]));
    let (ip, ips) = (spec.child("clusterIP"), spec.child("clusterIPs"));
    if ip.str().is_empty() {
        if !ips.is_empty() {
            ips.invalid(errors, "must be empty when `clusterIP` is not specified");
        }
    } else if ips.is_empty() {
        ips.required(errors, "");
    } else if ips.index(0).str() != ip.str() {
        ips.invalid(errors, "first value must match `clusterIP`");
    }
    families(&spec, errors);
    if addresses(&ips, old, errors) {
        dual_stack(&ips, &spec.child("ipFamilies"), is_headless(service), errors);
    }
}

fn families(spec: &Cursor, errors: &mut field::Errors) {
    let families = spec.child("ipFamilies");
    for (i, family) in families.items().enumerate() {
        family.one_of(errors, &FAMILIES);
        if families.list().iter().take(i).any(|other| other == family.value()) {
            family.duplicate(errors);
        }
    }
    let policy = spec.child("ipFamilyPolicy");
    if policy.is_set() {
        policy.one_of(errors, &POLICIES);
    }
}

/// Reports addresses that are none; true when all are.
fn addresses(ips: &Cursor, old: &Value, errors: &mut field::Errors) -> bool {
    let known = || old.array_at(&["spec", "clusterIPs"]).iter().filter_map(Value::as_str);
    let mut sound = true;
    for (i, ip) in ips.items().enumerate() {
        if i == 0 && ip.str() == NONE {
            if ips.len() > 1 {
                sound = false;
                ips.invalid(errors, "'None' must be the first and only value");
            }
            continue;
        }
        sound &= net::check_legacy_ip(errors, &ip.path(), ip.str(), known());
    }
    if ips.len() > 2 {
        ips.invalid(errors, "may only hold up to 2 values");
    }
    sound
}

fn dual_stack(ips: &Cursor, families: &Cursor, headless: bool, errors: &mut field::Errors) {
    let is_v6 = |ip: &Cursor| family_of(ip.str()) == "IPv6";
    let v6 = ips.items().filter(|ip| is_v6(ip)).count();
    if ips.len() > 1 && (v6 == 0 || v6 == ips.len()) {
        ips.invalid(errors, "may specify no more than one IP for each IP family");
    }
    if headless {
        return;
    }
    for (i, (ip, family)) in ips.items().zip(families.items()).enumerate() {
        let wanted = match (family.str(), is_v6(&ip)) {
            ("IPv4", true) => "an IPv4",
            ("IPv6", false) => "an IPv6",
            _ => continue,
        };
        ip.invalid(errors, &format!("expected {wanted} value as indicated by `ipFamilies[{i}]`"));
    }
}

/// The first address stays; a second one may come, and may go when the policy says so.
pub(super) fn cluster_ip_changes(new: &Value, old: &Value, errors: &mut field::Errors) {
    if is_external_name(new, old) || (is_headless(old) && is_headless(new)) {
        return;
    }
    let (was, spec) = (old.array_at(&["spec", "clusterIPs"]), Cursor::at("spec", new.at(&["spec"])));
    let ips = spec.child("clusterIPs");
    let report = |errors: &mut field::Errors, i: usize, why: &str| {
        errors.invalid(&ips.path().index(i), ips.value(), why);
    };
    if was.len() == ips.len() {
        for (i, _) in was.iter().zip(ips.list()).enumerate().filter(|(_, (was, is))| was != is) {
            report(errors, i, SET_ONCE);
        }
        return;
    }
    if ips.is_empty() {
        report(errors, 0, "primary clusterIP can not be unset");
    }
    if let (Some(was), Some(is)) = (was.first(), ips.list().first())
        && was != is
    {
        report(errors, 0, SET_ONCE);
    }
    if was.len() > ips.len() && ips.len() == 1 {
        must_be_single(&spec, "clusterIP", errors);
    }
}

/// The same for the families.
pub(super) fn family_changes(new: &Value, old: &Value, errors: &mut field::Errors) {
    if is_external_name(new, old) || is_headless(old) || is_headless(new) {
        return;
    }
    let (was, spec) = (old.array_at(&["spec", "ipFamilies"]), Cursor::at("spec", new.at(&["spec"])));
    let (ips, families) = (spec.child("clusterIPs"), spec.child("ipFamilies"));
    let first = families.path().index(0);
    if was.len() == families.len() {
        for _ in was.iter().zip(families.list()).filter(|(was, is)| was != is) {
            errors.invalid(&first, families.value(), SET_ONCE);
        }
        return;
    }
    if was.len() > families.len() && ips.is_empty() {
        errors.invalid(&first, families.value(), "primary ipFamily can not be unset");
    }
    if let (Some(was), Some(is)) = (was.first(), families.list().first())
        && was != is
    {
        errors.invalid(&first, ips.value(), SET_ONCE);
    }
    if was.len() > families.len() && families.len() == 1 {
        must_be_single(&spec, "ipFamily", errors);
    }
}

fn is_external_name(new: &Value, old: &Value) -> bool {
    [new, old].iter().any(|service| kind_of(service) == "ExternalName")
}

fn must_be_single(spec: &Cursor, what: &str, errors: &mut field::Errors) {
    let policy = spec.child("ipFamilyPolicy");
    if policy.str() != "SingleStack" {
        policy.invalid(errors, &format!("must be set to 'SingleStack' when releasing the secondary {what}"));
    }
}
