//! The suggested and mandatory configuration of API Priority and Fairness (KEP-1040), as data.

use api::{Value, object};

use super::Wanted;

const GROUP: &str = "flowcontrol.apiserver.k8s.io";
/// One JSON object a line: resource, name, spec.
const TABLE: &str = include_str!("flowcontrol.jsonl");

/// Every priority level and flow schema.
pub(super) fn objects() -> impl Iterator<Item = Wanted> {
    TABLE.lines().filter_map(|line| codec::json::parse(line.as_bytes()).ok()).map(|parsed| {
        let row = parsed.value;
        let resource = match row.str_at(&["resource"]) {
            "flowschemas" => "flowschemas",
            _ => "prioritylevelconfigurations",
        };
        let metadata = object! {
            "name" => row.str_at(&["name"]),
            "annotations" => object! { "apf.kubernetes.io/autoupdate-spec" => "true" },
        };
        let object =
            object! { "metadata" => metadata, "spec" => row.get("spec").cloned().unwrap_or(Value::Null) };
        Wanted { group: GROUP, version: "v1", resource, object }
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_line_is_read() {
        assert_eq!(super::objects().count(), super::TABLE.lines().count());
    }
}
