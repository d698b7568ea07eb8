//! Ingress: HTTP from outside to Services.

use api::Value;

use crate::kind::Kind;

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

pub(crate) static INGRESS: Kind = Kind {
    warnings: |ingress, old, _| if old.is_none() { class_warning(ingress) } else { Vec::new() },
    ..Kind::WITH_STATUS
};

fn class_warning(ingress: &Value) -> Vec<String> {
    let annotated = !ingress.at(&["metadata", "annotations", CLASS_ANNOTATION]).is_null();
    if !annotated || !ingress.at(&["spec", "ingressClassName"]).is_null() {
        return Vec::new();
    }
    vec![format!(
        "annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"
    )]
}
