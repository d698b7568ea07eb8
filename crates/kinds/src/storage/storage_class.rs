//! StorageClass: a way to make volumes.

use api::{Value, field};

use crate::kind::{Kind, default_member};
use crate::nodes;

pub(crate) static STORAGE_CLASS: Kind = Kind {
    default: |class, _| {
        let class = class.make_object();
        default_member(class, "reclaimPolicy", "Delete");
        default_member(class, "volumeBindingMode", "Immediate");
    },
    warnings: |class, _, _| warnings(class),
    ..Kind::PLAIN
};

fn warnings(class: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    for (i, topology) in class.array_at(&["allowedTopologies"]).iter().enumerate() {
        let path = field::Path::new("allowedTopologies").index(i).child("matchLabelExpressions");
        for (j, expression) in topology.array_at(&["matchLabelExpressions"]).iter().enumerate() {
            if let Some(advice) = nodes::deprecated_label(expression.str_at(&["key"])) {
                texts.push(format!("{}: {advice}", path.index(j).child("key")));
            }
        }
    }
    texts
}
