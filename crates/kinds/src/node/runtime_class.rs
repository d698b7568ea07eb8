//! RuntimeClass: a way to run containers.

use api::{Map, Value};

use crate::kind::Kind;
use crate::nodes;

pub(crate) static RUNTIME_CLASS: Kind = Kind {
    create_on_update: true,
    unconditional_update: false,
    warnings: |class, _, _| warnings(class),
    ..Kind::PLAIN
};

fn warnings(class: &Value) -> Vec<String> {
    let labels = class.at(&["scheduling", "nodeSelector"]).as_object().into_iter().flat_map(Map::keys);
    labels
        .filter_map(nodes::deprecated_label)
        .map(|advice| format!("scheduling.nodeSelector: {advice}"))
        .collect()
}
