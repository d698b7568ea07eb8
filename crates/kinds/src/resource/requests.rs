//! The requests of a claim: what is wrong with them, and how messages show them.
//!
//! Entry points: [`check`] for the spec of a claim, [`shown`], [`Names`] for references to requests.

use std::collections::{HashMap, HashSet};

use api::{Value, field};

use crate::shown::{Holds, Member, internal, pointer, text};
use crate::{Cursor, names};

use super::parts::{self, by};

/// Most requests of one claim.
pub(super) const MAX_REQUESTS: usize = 32;
const MAX_CONSTRAINTS: usize = 32;
const MAX_CHOICES: usize = 8;
const NO_SUCH_REQUEST: &str =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/// The requests of a claim by name, each with the names of its choices.
pub(super) struct Names<'a>(HashMap<&'a str, HashSet<&'a str>>);

impl<'a> Names<'a> {
    /// The names in the spec of a claim.
    pub(super) fn of(spec: &'a Value) -> Self {
        let name = |item: &'a Value| item.str_at(&["name"]);
        let requests = spec.array_at(&["devices", "requests"]).iter();
        let choices = |request: &'a Value| {
            request.array_at(&["firstAvailable"]).iter().map(name).collect::<HashSet<_>>()
        };
        Self(requests.map(|request| (name(request), choices(request))).collect())
    }

    fn has(&self, reference: &str) -> bool {
        match reference.split_once('/') {
            None => self.0.contains_key(reference),
            Some((request, choice)) => self.0.get(request).is_some_and(|choices| choices.contains(choice)),
        }
    }

    /// Reports a reference that is ill-formed or leads nowhere.
    pub(super) fn check(&self, reference: &Cursor, errors: &mut field::Errors) {
        let text = reference.str();
        if text.matches('/').count() > 1 {
            return reference.bad(errors, text, NO_SUCH_REQUEST);
        }
        for segment in text.split('/') {
            names::report(errors, &reference.path(), segment, &names::dns1123_label(segment));
        }
        if !self.has(text) {
            reference.bad(errors, text, NO_SUCH_REQUEST);
        }
    }

    /// Reports what is wrong with a list of references.
    pub(super) fn check_all(&self, list: &Cursor, errors: &mut field::Errors) {
        parts::set(list, MAX_REQUESTS, errors, |name, errors| self.check(name, errors), Value::clone);
    }
}

/// All failures of the spec of a claim.
pub(super) fn check(spec: &Cursor, errors: &mut field::Errors) {
    let devices = spec.child("devices");
    let names = Names::of(spec.value());
    parts::set(&devices.child("requests"), MAX_REQUESTS, errors, check_request, by("name"));
    parts::items(&devices.child("constraints"), MAX_CONSTRAINTS, errors, |constraint, errors| {
        check_constraint(constraint, &names, errors);
    });
    parts::items(&devices.child("config"), parts::MAX_CONFIG, errors, |config, errors| {
        names.check_all(&config.child("requests"), errors);
        parts::configuration(config, false, errors);
    });
}

fn check_request(request: &Cursor, errors: &mut field::Errors) {
    parts::label(&request.child("name"), errors);
    let (exactly, choices) = (request.child("exactly"), request.child("firstAvailable"));
    let why = "exactly one of `exactly` or `firstAvailable` is required";
    match (exactly.is_set(), !choices.is_empty()) {
        (false, false) => request.required(errors, why),
        (true, true) => {
            request.bad(errors, Value::Null, &format!("{why}, but multiple fields are set"));
        }
        (false, true) => parts::set(
            &choices,
            MAX_CHOICES,
            errors,
            |choice, errors| {
                parts::label(&choice.child("name"), errors);
                check_devices(choice, errors);
            },
            by("name"),
        ),
        (true, false) => check_devices(&exactly, errors),
    }
}

/// Which devices, and how many.
fn check_devices(request: &Cursor, errors: &mut field::Errors) {
    let (class, mode) = (request.child("deviceClassName"), request.child("allocationMode"));
    if class.is_empty() {
        class.required(errors, "");
    } else {
        class.faults(errors, &names::dns1123_subdomain(class.str()));
    }
    parts::items(&request.child("selectors"), parts::MAX_SELECTORS, errors, parts::selector);
    let count = request.child("count");
    match mode.str() {
        "All" if count.int() != 0 => {
            count.invalid(errors, "must not be specified when allocationMode is 'All'");
        }
        "ExactCount" if count.int() <= 0 => count.bad(errors, count.int(), "must be greater than zero"),
        "All" | "ExactCount" => {}
        _ => mode.not_supported(errors, &["All", "ExactCount"]),
    }
    request.child("tolerations").items().for_each(|toleration| parts::toleration(&toleration, errors));
}

fn check_constraint(constraint: &Cursor, names: &Names, errors: &mut field::Errors) {
    names.check_all(&constraint.child("requests"), errors);
    let given = ["matchAttribute", "distinctAttribute"].into_iter().find(|name| constraint.has(name));
    match given {
        Some(name) => parts::fully_qualified_name(&constraint.child(name), errors),
        None => constraint.required(
            errors,
            "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set",
        ),
    }
}

const fn list(name: &'static str, go: &'static str, members: &'static [Member]) -> Member {
    Member { name, go, holds: Holds::List(members) }
}

const fn structure(name: &'static str, go: &'static str, members: &'static [Member]) -> Member {
    Member { name, go, holds: Holds::Structure(members) }
}

const EXPRESSION: [Member; 1] = [text("expression", "Expression")];
const SELECTOR: [Member; 1] = [structure("cel", "CEL", &EXPRESSION)];
const TOLERATION: [Member; 5] = [
    text("key", "Key"),
    text("operator", "Operator"),
    text("value", "Value"),
    text("effect", "Effect"),
    pointer("tolerationSeconds", "TolerationSeconds"),
];
const CAPACITY: [Member; 1] = [pointer("requests", "Requests")];
const CLASS: Member = text("deviceClassName", "DeviceClassName");
const SELECTORS: Member = list("selectors", "Selectors", &SELECTOR);
const MODE: Member = text("allocationMode", "AllocationMode");
const COUNT: Member = Member { name: "count", go: "Count", holds: Holds::Number };
const TOLERATIONS: Member = list("tolerations", "Tolerations", &TOLERATION);
const CAPACITIES: Member = structure("capacity", "Capacity", &CAPACITY);
const EXACTLY: [Member; 7] =
    [CLASS, SELECTORS, MODE, COUNT, pointer("adminAccess", "AdminAccess"), TOLERATIONS, CAPACITIES];
const CHOICE: [Member; 7] = [text("name", "Name"), CLASS, SELECTORS, MODE, COUNT, TOLERATIONS, CAPACITIES];
const REQUEST: [Member; 3] = [
    text("name", "Name"),
    structure("exactly", "Exactly", &EXACTLY),
    list("firstAvailable", "FirstAvailable", &CHOICE),
];
const CONSTRAINT: [Member; 3] = [
    pointer("requests", "Requests"),
    pointer("matchAttribute", "MatchAttribute"),
    pointer("distinctAttribute", "DistinctAttribute"),
];
const OPAQUE: [Member; 2] = [text("driver", "Driver"), pointer("parameters", "Parameters")];
const CONFIG: [Member; 2] = [pointer("requests", "Requests"), structure("opaque", "Opaque", &OPAQUE)];
const DEVICES: [Member; 3] = [
    list("requests", "Requests", &REQUEST),
    list("constraints", "Constraints", &CONSTRAINT),
    list("config", "Config", &CONFIG),
];
const SPEC: [Member; 1] = [Member { name: "devices", go: "Devices", holds: Holds::Plain(&DEVICES) }];

/// The spec of a claim as messages show it.
pub(super) fn shown(spec: &Value) -> Value {
    internal(spec, &SPEC)
}
