//! CSIDriver: what a volume driver can do.

use std::collections::HashSet;

use api::{Map, Value, field};

use crate::kind::{Generation, Kind, default_member};
use crate::{Context, Cursor, equal};

/// Members that must be set, and their names in failures.
const REQUIRED: [(&str, &str); 3] = [
    ("attachRequired", "attachedRequired"),
    ("podInfoOnMount", "podInfoOnMount"),
    ("storageCapacity", "storageCapacity"),
];
const GROUP_POLICIES: [&str; 3] = ["File", "None", "ReadWriteOnceWithFSType"];
const LIFECYCLE_MODES: [&str; 2] = ["Persistent", "Ephemeral"];
const MIN_TOKEN_SECONDS: i64 = 600;
const MAX_TOKEN_SECONDS: i64 = 1 << 32;

pub(crate) static CSI_DRIVER: Kind = Kind {
    unconditional_update: false,
    generation: Generation::OnUpdate(&["spec"]),
    default: |driver, _| default_spec(driver.object_at_mut(&["spec"])),
    prepare_create: |driver, _| drop_disabled(driver, &Value::Null),
    prepare_update: |new: &mut Value, old: &Value, _: &Context| drop_disabled(new, old),
    validate: |driver, _, errors| validate(driver, errors),
    validate_update: |new, old, _, errors| {
        validate(new, errors);
        let attach = Cursor::at("spec.attachedRequired", new.at(&["spec", "attachRequired"]));
        equal::immutable(&attach, old.at(&["spec", "attachRequired"]), errors);
        let modes = Cursor::at("spec.volumeLifecycleModes", new.at(&["spec", "volumeLifecycleModes"]));
        equal::immutable(&modes, old.at(&["spec", "volumeLifecycleModes"]), errors);
    },
    warnings: |driver, old, _| warnings(driver, old),
    ..Kind::PLAIN
};

fn default_spec(spec: &mut Map) {
    default_member(spec, "attachRequired", true);
    default_member(spec, "podInfoOnMount", false);
    default_member(spec, "storageCapacity", false);
    default_member(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
    if spec.get("volumeLifecycleModes").and_then(Value::as_array).is_none_or(<[Value]>::is_empty) {
        spec.insert("volumeLifecycleModes", vec!["Persistent"].into());
    }
    default_member(spec, "requiresRepublish", false);
    default_member(spec, "seLinuxMount", false);
}

/// Scheduling by volume limits is off; what an earlier version of the object says about it stays.
fn drop_disabled(driver: &mut Value, old: &Value) {
    if old.at(&["spec", "preventPodSchedulingIfMissing"]).is_null() {
        driver.remove_at(&["spec", "preventPodSchedulingIfMissing"]);
    }
}

fn validate(driver: &Value, errors: &mut field::Errors) {
    let spec = Cursor::at("spec", driver.at(&["spec"]));
    for (member, shown) in REQUIRED {
        if !spec.has(member) {
            spec.child_as(member, shown).required(errors, "");
        }
    }
    let policy = spec.child("fsGroupPolicy");
    if policy.is_set() {
        policy.one_of(errors, &GROUP_POLICIES);
    }
    let requests = spec.child("tokenRequests");
    token_requests(&requests, errors);
    let modes = spec.child("volumeLifecycleModes");
    for mode in modes.items().filter(|mode| !LIFECYCLE_MODES.contains(&mode.str())) {
        errors.not_supported(&modes.path(), &mode.str().into(), &LIFECYCLE_MODES);
    }
    if !spec.has("seLinuxMount") {
        spec.child("seLinuxMount").required(errors, "");
    }
    let period = spec.child("nodeAllocatableUpdatePeriodSeconds");
    if period.is_set() && period.int() < 10 {
        period.invalid(errors, "must be greater than or equal to 10 seconds");
    }
    let in_secrets = spec.child("serviceAccountTokenInSecrets");
    if in_secrets.is_set() && requests.is_empty() {
        in_secrets.invalid(errors, "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
    }
}

fn token_requests(requests: &Cursor, errors: &mut field::Errors) {
    let mut seen = HashSet::new();
    for request in requests.items() {
        let (audience, expiry) = (request.child("audience"), request.child("expirationSeconds"));
        if !seen.insert(request.text("audience")) {
            errors.duplicate(&audience.path(), &audience.str().into());
            continue;
        }
        if expiry.is_set() && expiry.int() < MIN_TOKEN_SECONDS {
            expiry.invalid(errors, "may not specify a duration less than 10 minutes");
        }
        if expiry.int() > MAX_TOKEN_SECONDS {
            expiry.invalid(errors, "may not specify a duration larger than 2^32 seconds");
        }
    }
}

fn warnings(driver: &Value, old: Option<&Value>) -> Vec<String> {
    let requests = driver.at(&["spec", "tokenRequests"]);
    let unchanged = old.is_some_and(|old| equal::semantic(old.at(&["spec", "tokenRequests"]), requests));
    let decided = !driver.at(&["spec", "serviceAccountTokenInSecrets"]).is_null();
    if unchanged || decided || requests.as_array().is_none_or(<[Value]>::is_empty) {
        return Vec::new();
    }
    let advice = "if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes";
    vec![format!("spec.serviceAccountTokenInSecrets is unset; {advice}")]
}
