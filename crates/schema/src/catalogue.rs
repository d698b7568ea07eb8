//! The tables as data, and the lookups over them.  Everything is made at build time; a lookup is a binary search.

use crate::types::{
    Field, Index, ListType, Message, PatchStrategy, Presence, Resource, SchemaOr, Subresource, Type, Via,
};

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// Kinds of `meta.k8s.io/v1` that every group and version knows under its own name.
const IN_EVERY_GROUP: &[&str] = &[
    "CreateOptions",
    "DeleteOptions",
    "GetOptions",
    "ListOptions",
    "PatchOptions",
    "UpdateOptions",
    "WatchEvent",
];

/// Every served (group, version, resource), in the order discovery lists them.
pub fn resources() -> &'static [Resource] {
    RESOURCES
}

/// The resources of this project's own kinds, which a server serves where it is told to.
pub fn own_resources() -> &'static [Resource] {
    OWN_RESOURCES
}

/// The resource with this plural name.
pub fn resource(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    let of = |i: &u16| RESOURCES.get(usize::from(*i));
    let key = |i: &u16| of(i).map(|r| (r.group, r.version, r.plural));
    let at = RESOURCE_ORDER.binary_search_by_key(&Some((group, version, plural)), key).ok()?;
    RESOURCE_ORDER.get(at).and_then(of)
}

/// The structure of any kind: served ones, those of other versions, lists, and helpers such as `DeleteOptions`,
/// `TokenRequest`, `Scale` or `Status`.
pub fn kind(group: &str, version: &str, kind: &str) -> Option<&'static Message> {
    let find = |group, version| {
        let at = KINDS.binary_search_by_key(&(group, version, kind), |(key, _)| *key).ok()?;
        KINDS.get(at).map(|(_, message)| *message)
    };
    find(group, version).or_else(|| {
        // `Status` and the discovery kinds go by plain `v1`.
        let shared = (group, version) == ("", "v1") || IN_EVERY_GROUP.contains(&kind);
        if shared { find("meta.k8s.io", "v1") } else { None }
    })
}

/// The structure with this OpenAPI name, such as `io.k8s.api.core.v1.PodSpec`.
pub fn message(openapi_name: &str) -> Option<&'static Message> {
    let at = MESSAGES.binary_search_by_key(&openapi_name, |m| m.name).ok()?;
    MESSAGES.get(at).copied()
}

/// Every structure, sorted by OpenAPI name.
pub fn messages() -> &'static [&'static Message] {
    MESSAGES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name_and_nothing_else_is() {
        for message in messages() {
            for field in message.fields {
                assert!(
                    std::ptr::eq(message.field(field.name).unwrap(), field),
                    "{} {}",
                    message.name,
                    field.name
                );
                assert!(message.field(&format!("{}x", field.name)).is_none() || message.fields.len() > 1);
                assert!(message.field(&field.name.to_uppercase()).is_none());
            }
            assert!(message.field("").is_none());
        }
    }

    #[test]
    fn embedded_structures_are_flat_and_remember_where_they_were() {
        let rule = message("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations").unwrap();
        let field = rule.field("apiGroups").unwrap();
        let via: Vec<_> = field.via.iter().map(|v| (v.number, v.name)).collect();
        assert_eq!(via, [(2, "RuleWithOperations"), (2, "Rule")]);
        assert_eq!((field.number, field.go), (1, &["[]string", "string"][..]));
        let pod = kind("", "v1", "Pod").unwrap();
        assert_eq!(
            pod.fields.iter().map(|f| f.name).collect::<Vec<_>>(),
            ["kind", "apiVersion", "metadata", "spec", "status"]
        );
        assert_eq!(pod.field("kind").map(|f| f.number), Some(0));
    }

    #[test]
    fn named_types_keep_their_go_names() {
        let go = |message_name: &str, field: &str| message(message_name).unwrap().field(field).unwrap().go;
        assert_eq!(
            go("io.k8s.api.core.v1.ResourceRequirements", "limits"),
            ["v1.ResourceList", "resource.Quantity"]
        );
        assert_eq!(go("io.k8s.api.core.v1.Secret", "data"), ["map[string][]uint8", "[]uint8"]);
        assert_eq!(go("io.k8s.api.core.v1.Container", "imagePullPolicy"), ["v1.PullPolicy"]);
        assert_eq!(
            go("io.k8s.api.authentication.v1.UserInfo", "extra"),
            ["map[string]v1.ExtraValue", "v1.ExtraValue", "string"]
        );
    }

    #[test]
    fn kinds_are_found_under_every_name_they_go_by() {
        let name = |g, v, k| kind(g, v, k).map(|m| m.name);
        let meta = |k: &str| Some(format!("io.k8s.apimachinery.pkg.apis.meta.v1.{k}"));
        assert_eq!(name("", "v1", "Status").map(str::to_owned), meta("Status"));
        assert_eq!(name("apps", "v1", "DeleteOptions").map(str::to_owned), meta("DeleteOptions"));
        assert_eq!(name("meta.k8s.io", "v1", "Table").map(str::to_owned), meta("Table"));
        assert_eq!(name("", "v1", "PodList"), Some("io.k8s.api.core.v1.PodList"));
        assert_eq!(name("", "v1", "List"), Some("io.k8s.api.core.v1.List"));
        assert_eq!(name("apps", "v1", "Status"), None);
        assert_eq!(name("apps", "v1", "Pod"), None);
        assert_eq!(name("policy", "v1", "Eviction"), Some("io.k8s.api.policy.v1.Eviction"));
    }

    #[test]
    fn resources_are_those_of_discovery() {
        assert_eq!(resources().len(), 68);
        for r in resources() {
            assert!(std::ptr::eq(resource(r.group, r.version, r.plural).unwrap(), r));
            assert_eq!(r.message.short_name(), r.kind);
        }
        let hpa = resource("autoscaling", "v1", "horizontalpodautoscalers").unwrap();
        assert_eq!(hpa.storage, ("autoscaling", "v2"));
        assert_eq!(resource("events.k8s.io", "v1", "events").unwrap().storage, ("", "v1"));
        let crd = resource("apiextensions.k8s.io", "v1", "customresourcedefinitions").unwrap();
        assert_eq!((crd.storage, crd.short_names), (("apiextensions.k8s.io", "v1"), &["crd", "crds"][..]));
        let pods = resource("", "v1", "pods").unwrap();
        let sub = |name: &str| pods.subresources.iter().find(|s| s.name == name).unwrap();
        assert_eq!(sub("eviction").message.map(|m| m.go_type), Some("v1.Eviction"));
        assert!(sub("exec").message.is_none() && sub("log").message.is_none());
        assert!(resource("", "v1", "deployments").is_none());
    }
}
