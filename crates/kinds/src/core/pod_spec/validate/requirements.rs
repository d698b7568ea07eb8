//! Requests and limits of a container or of a whole pod.
//!
//! Entry points: [`container_resources`] and [`pod_level`].

use std::collections::BTreeSet;

use api::field::{Error, ErrorType, Errors, go_quote};
use api::quantity::Quantity;

use super::super::resources::is_pod_level;
use super::Options;
use crate::amounts::{self, HUGE_PAGES};
use crate::{Cursor, names};

type NameCheck = fn(&Cursor, &str, &mut Errors);

/// All failures of what a container asks for; `claims` are the names of the pod's resource claims.
pub(crate) fn container_resources(
    resources: &Cursor,
    claims: &[&str],
    options: &Options,
    errors: &mut Errors,
) {
    all(resources, amounts::container_name, options, errors);
    claim_names(&resources.child("claims"), claims, errors);
}

/// All failures of what a pod as a whole asks for.
pub(super) fn pod_level(resources: &Cursor, claims: &[&str], options: &Options, errors: &mut Errors) {
    all(resources, pod_name, options, errors);
    claim_names(&resources.child("claims"), claims, errors);
}

fn pod_name(at: &Cursor, name: &str, errors: &mut Errors) {
    let before = errors.len();
    amounts::name(at, name, errors);
    if errors.len() == before && !is_pod_level(name) {
        errors.not_supported(&at.path(), &name.into(), &["cpu", HUGE_PAGES, "memory"]);
    }
}

fn all(resources: &Cursor, name_check: NameCheck, options: &Options, errors: &mut Errors) {
    let (limits, requests) = (resources.child("limits"), resources.child("requests"));
    for (name, amount) in limits.entries() {
        one(&amount, name, name_check, options, errors);
    }
    for (name, amount) in requests.entries() {
        name_check(&amount, name, errors);
        amounts::value(&amount, name, errors);
        against_limit(&amount, name, &requests, &limits, errors);
        whole_pages(&amount, name, options, errors);
    }
    let any =
        |wanted: fn(&str) -> bool| limits.entries().chain(requests.entries()).any(|(name, _)| wanted(name));
    if any(|name| name.starts_with(HUGE_PAGES)) && !any(|name| matches!(name, "cpu" | "memory")) {
        resources.forbidden(errors, "HugePages require cpu or memory");
    }
}

fn one(amount: &Cursor, name: &str, name_check: NameCheck, options: &Options, errors: &mut Errors) {
    name_check(amount, name, errors);
    amounts::value(amount, name, errors);
    whole_pages(amount, name, options, errors);
}

/// A request is at most the limit, and equal to it where nothing can be lent.  Failures stand at the list, as upstream
/// has it.
fn against_limit(amount: &Cursor, name: &str, requests: &Cursor, limits: &Cursor, errors: &mut Errors) {
    let limit = limits.key(name);
    let (request, most) = (amounts::quantity(amount), amounts::quantity(&limit));
    let shared = amounts::allows_overcommit(name);
    if !limit.is_set() {
        if !shared {
            limits.required(errors, "Limit must be set for non overcommitable resources");
        }
        return;
    }
    let relation = match (shared, request.cmp(&most)) {
        (_, std::cmp::Ordering::Equal) | (true, std::cmp::Ordering::Less) => return,
        (false, _) => "equal to",
        (true, std::cmp::Ordering::Greater) => "less than or equal to",
    };
    let why = format!("must be {relation} {name} limit of {most}");
    requests.bad(errors, amounts::shown(&request), &why);
}

fn whole_pages(at: &Cursor, name: &str, options: &Options, errors: &mut Errors) {
    let amount = amounts::quantity(at);
    if name.starts_with(HUGE_PAGES) && !options.lax_huge_pages && !is_whole_pages(name, &amount) {
        let why = format!("{amount} is not positive integer multiple of {name}");
        at.bad(errors, amounts::shown(&amount), &why);
    }
}

/// True when an amount of huge pages is a multiple of the page size that the name of the resource tells.
pub(super) fn is_whole_pages(name: &str, amount: &Quantity) -> bool {
    let size = name.strip_prefix(HUGE_PAGES).and_then(|size| Quantity::parse(size).ok());
    size.is_some_and(|size| {
        size.sign() > 0
            && size.milli_value() % 1000 == 0
            && amount.value().checked_rem(size.value()) == Some(0)
    })
}

/// Claims of a container must be claims of the pod, each named once.
fn claim_names(claims: &Cursor, known: &[&str], errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for claim in claims.items() {
        let (name, request) = (claim.text("name"), claim.child("request"));
        if name.is_empty() {
            claim.required(errors, "");
            continue;
        }
        if seen.contains(name) {
            errors.duplicate(&claim.path(), &name.into());
        } else {
            if !request.is_empty() {
                request.faults(errors, &names::dns1123_label(request.str()));
            }
            let key = if request.is_empty() { name.to_owned() } else { format!("{name}/{}", request.str()) };
            let parts = format!("{name}/");
            let overlaps =
                seen.iter().filter(|key: &&String| request.is_empty() && key.starts_with(&parts)).count();
            if seen.contains(&key) {
                errors.duplicate(&claim.path(), &key.as_str().into());
            }
            (0..overlaps).for_each(|_| errors.duplicate(&claim.path(), &name.into()));
            seen.insert(key);
        }
        if !known.contains(&name) {
            unknown_claim(&claim, name, known, errors);
        }
    }
}

fn unknown_claim(claim: &Cursor, name: &str, known: &[&str], errors: &mut Errors) {
    let mut sorted = known.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let list =
        if sorted.is_empty() { " which is empty".to_owned() } else { format!(": {}", sorted.join(", ")) };
    let body =
        format!("Not found: {}: must be one of the names in pod.spec.resourceClaims{list}", go_quote(name));
    errors.0.push(Error { kind: ErrorType::NotFound, field: claim.path(), body });
}
