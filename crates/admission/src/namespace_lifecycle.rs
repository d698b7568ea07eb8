//! `NamespaceLifecycle`: nothing is made in a namespace that is missing or going; some namespaces are forever.

use api::{ApiError, GroupResource, Value, error::Cause};

use crate::{Attributes, Operation, Plugin, World};

/// Namespaces that cannot be deleted.
const FOREVER: [&str; 3] = ["default", "kube-system", "kube-public"];

#[derive(Debug)]
pub(crate) struct NamespaceLifecycle;

impl Plugin for NamespaceLifecycle {
    fn mutate(
        &self,
        attributes: &Attributes<'_>,
        _object: &mut Value,
        _old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        check(attributes, world)
    }

    fn validate(
        &self,
        attributes: &Attributes<'_>,
        _object: Option<&Value>,
        _old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        check(attributes, world)
    }
}

fn check(attributes: &Attributes<'_>, world: &dyn World) -> Result<(), ApiError> {
    let is_namespace = attributes.group.is_empty() && attributes.resource == "namespaces";
    if is_namespace {
        if attributes.operation == Operation::Delete && FOREVER.contains(&attributes.name) {
            return Err(attributes.forbidden("this namespace may not be deleted"));
        }
        return Ok(());
    }
    let makes = attributes.operation == Operation::Create && !attributes.namespace.is_empty();
    // Asking who may do what must work in a namespace that is gone.
    if !makes || attributes.is("authorization.k8s.io", "localsubjectaccessreviews", "") {
        return Ok(());
    }
    let Some(namespace) = world.get("", "namespaces", "", attributes.namespace) else {
        return Err(ApiError::not_found(&GroupResource::new("", "namespaces"), attributes.namespace));
    };
    if namespace.str_at(&["status", "phase"]) != "Terminating" {
        return Ok(());
    }
    let why = format!(
        "unable to create new content in namespace {} because it is being terminated",
        attributes.namespace
    );
    let cause = Cause {
        reason: "NamespaceTerminating".to_owned(),
        message: format!("namespace {} is being terminated", attributes.namespace),
        field: "metadata.namespace".to_owned(),
    };
    Err(attributes.forbidden(why).with_cause(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{UserInfo, object};

    struct Namespaces;

    impl World for Namespaces {
        fn get(&self, _: &str, resource: &str, _: &str, name: &str) -> Option<Value> {
            let phase = match (resource, name) {
                ("namespaces", "live") => "Active",
                ("namespaces", "going") => "Terminating",
                _ => return None,
            };
            Some(object! { "status" => object! { "phase" => phase } })
        }

        fn list(&self, _: &str, _: &str, _: &str) -> Vec<Value> {
            Vec::new()
        }

        fn generate_name(&self, prefix: &str) -> String {
            prefix.to_owned()
        }

        fn warn(&self, _: String) {}
    }

    fn verdict(operation: Operation, resource: &str, namespace: &str, name: &str) -> Option<u16> {
        let user = UserInfo::new("u", ["g"]);
        let (group, version, subresource, kind) = ("", "v1", "", "");
        let attributes = Attributes {
            operation,
            group,
            version,
            resource,
            subresource,
            kind,
            namespace,
            name,
            user: &user,
            dry_run: false,
            now: 0,
        };
        check(&attributes, &Namespaces).err().map(|e| e.code)
    }

    #[test]
    fn only_live_namespaces_take_new_objects() {
        assert_eq!(verdict(Operation::Create, "pods", "live", "p"), None);
        assert_eq!(verdict(Operation::Create, "pods", "going", "p"), Some(403));
        assert_eq!(verdict(Operation::Create, "pods", "none", "p"), Some(404));
        assert_eq!(verdict(Operation::Update, "pods", "going", "p"), None);
        assert_eq!(verdict(Operation::Create, "nodes", "", "n"), None);
    }

    #[test]
    fn some_namespaces_are_forever() {
        assert_eq!(verdict(Operation::Delete, "namespaces", "default", "default"), Some(403));
        assert_eq!(verdict(Operation::Delete, "namespaces", "live", "live"), None);
    }
}
