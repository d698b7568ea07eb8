//! PriorityLevelConfiguration: how many requests of a level run and how many wait.

use api::{Value, field};

use super::{conditions, must_equal};
use crate::kind::{Kind, Status, default_member, default_number, inside};
use crate::{Context, Cursor, MetaCheck};

const PRESERVE_ZERO: &str = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";
const TYPES: [&str; 2] = ["Exempt", "Limited"];
const RESPONSES: [&str; 2] = ["Queue", "Reject"];
const MAX_QUEUES: i64 = 10_000_000;
/// Bits of the hash that deals hands of queues.
const HASH_BITS: i64 = 60;
/// The spec of the level for all that no other takes.
const CATCH_ALL: &str = r#"{"type":"Limited","limited":{"nominalConcurrencyShares":5,"lendablePercent":0,
    "limitResponse":{"type":"Reject"}}}"#;

pub(crate) static PRIORITY_LEVEL: Kind = Kind {
    status: Status::OwnWithoutMetadata,
    update_checks: &[MetaCheck::New],
    subresource_checks: &[],
    default: default_level,
    validate: |level, _, errors| validate(level, errors),
    validate_update: |new: &Value, _: &Value, cx: &Context, errors: &mut field::Errors| {
        if cx.subresource == "status" { conditions(new, errors) } else { validate(new, errors) }
    },
    ..Kind::WITH_STATUS
};

fn default_level(level: &mut Value, _version: &str) {
    for (kind, shares) in [("exempt", 0), ("limited", 30)] {
        inside(level, &["spec", kind], |bounds| {
            default_member(bounds, "nominalConcurrencyShares", shares);
            default_member(bounds, "lendablePercent", 0);
        });
    }
    inside(level, &["spec", "limited", "limitResponse", "queuing"], |queuing| {
        default_number(queuing, "handSize", 8);
        default_number(queuing, "queues", 64);
        default_number(queuing, "queueLengthLimit", 50);
    });
}

fn validate(level: &Value, errors: &mut field::Errors) {
    if !level.at(&["metadata", "annotations", PRESERVE_ZERO]).is_null() {
        let why = format!("annotation '{PRESERVE_ZERO}' is forbidden");
        errors.forbidden(&field::Path::new("metadata.annotations"), why);
    }
    let name = level.str_at(&["metadata", "name"]);
    let spec = Cursor::at("spec", level.at(&["spec"]));
    check_spec(&spec, name, errors);
    mandatory(&spec, name, errors);
    conditions(level, errors);
}

fn mandatory(spec: &Cursor, name: &str, errors: &mut field::Errors) {
    match name {
        "exempt" => {
            let mut have = spec.value().clone();
            have.remove_at(&["exempt"]);
            let why = "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value";
            must_equal(spec, &have, r#"{"type":"Exempt"}"#, why, errors);
        }
        "catch-all" => {
            let why = "spec of 'catch-all' must equal the fixed value";
            must_equal(spec, spec.value(), CATCH_ALL, why, errors);
        }
        _ => {}
    }
}

fn check_spec(spec: &Cursor, name: &str, errors: &mut field::Errors) {
    let (kind, limited, exempt) = (spec.child("type"), spec.child("limited"), spec.child("exempt"));
    if (name == "exempt") != (kind.str() == "Exempt") {
        kind.bad(errors, kind.str(), "must be 'Exempt' if and only if `name` is 'exempt'");
    }
    match kind.str() {
        "Exempt" => {
            if limited.is_set() {
                limited.forbidden(errors, "must be nil if the type is not Limited");
            }
            shares(&exempt, errors);
            lendable(&exempt, errors);
        }
        "Limited" => {
            if exempt.is_set() {
                exempt.forbidden(errors, "must be nil if the type is Limited");
            }
            if limited.is_set() {
                check_limited(&limited, errors);
            } else {
                limited.required(errors, "must not be empty when type is Limited");
            }
        }
        _ => kind.not_supported(errors, &TYPES),
    }
}

fn shares(bounds: &Cursor, errors: &mut field::Errors) {
    let shares = bounds.child("nominalConcurrencyShares");
    if shares.int() < 0 {
        shares.invalid(errors, "must be a non-negative integer");
    }
}

fn lendable(bounds: &Cursor, errors: &mut field::Errors) {
    let percent = bounds.child("lendablePercent");
    if !(0..=100).contains(&percent.int()) {
        percent.invalid(errors, "must be between 0 and 100, inclusive");
    }
}

fn check_limited(limited: &Cursor, errors: &mut field::Errors) {
    shares(limited, errors);
    let response = limited.child("limitResponse");
    let (kind, queuing) = (response.child("type"), response.child("queuing"));
    match (kind.str(), queuing.is_set()) {
        ("Reject", true) => {
            queuing.forbidden(errors, "must be nil if limited.limitResponse.type is not Limited");
        }
        ("Queue", true) => check_queuing(&queuing, errors),
        ("Queue", false) => {
            queuing.required(errors, "must not be empty if limited.limitResponse.type is Limited");
        }
        _ => kind.one_of(errors, &RESPONSES),
    }
    lendable(limited, errors);
    let borrowing = limited.child("borrowingLimitPercent");
    if borrowing.int() < 0 {
        borrowing.invalid(errors, "if specified, must be a non-negative integer");
    }
}

fn check_queuing(queuing: &Cursor, errors: &mut field::Errors) {
    let positive = |at: &Cursor, errors: &mut field::Errors| {
        if at.int() <= 0 {
            at.bad(errors, at.int(), "must be positive");
        }
        at.int() > 0
    };
    positive(&queuing.child("queueLengthLimit"), errors);
    let (queues, hand) = (queuing.child("queues"), queuing.child("handSize"));
    if positive(&queues, errors) && queues.int() > MAX_QUEUES {
        queues.invalid(errors, &format!("must not be greater than {MAX_QUEUES}"));
    }
    if !positive(&hand, errors) {
        return;
    }
    let (deck, size) = (queues.int(), hand.int());
    if size > deck {
        hand.invalid(errors, &format!("should not be greater than queues ({deck})"));
    } else if ((deck as f64).log2() * size as f64).ceil() as i64 > HASH_BITS {
        let needed = format!("required entropy bits of deckSize {deck} and handSize {size}");
        hand.invalid(errors, &format!("{needed} should not be greater than {HASH_BITS}"));
    }
}
