//! Kinds that are served but should not be used any more.
//!
//! Entry point: [`deprecated`].

/// The warning that goes with every answer about a kind, `None` when it is not deprecated.
pub fn deprecated(group: &str, version: &str, kind: &str) -> Option<&'static str> {
    match (group, version, kind) {
        ("", "v1", "ComponentStatus" | "ComponentStatusList") => {
            Some("v1 ComponentStatus is deprecated in v1.19+")
        }
        ("", "v1", "Endpoints" | "EndpointsList") => {
            Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
        }
        _ => None,
    }
}
