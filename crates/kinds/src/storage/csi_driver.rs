//! CSIDriver: what a volume driver can do.

use api::{Map, Value};

use crate::Context;
use crate::equal;
use crate::kind::{Generation, Kind, default_member};

pub(crate) static CSI_DRIVER: Kind = Kind {
    unconditional_update: false,
    generation: Generation::OnUpdate(&["spec"]),
    default: |driver, _| default_spec(driver.object_at_mut(&["spec"])),
    prepare_create: |driver, _| drop_disabled(driver, &Value::Null),
    prepare_update: |new: &mut Value, old: &Value, _: &Context| drop_disabled(new, old),
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
