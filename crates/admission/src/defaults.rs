//! `DefaultStorageClass` and `DefaultIngressClass`: an object that names no class gets the default one.

use api::time::Timestamp;
use api::{ApiError, Value};

use crate::{Attributes, Operation, Plugin, World};

/// Gives new objects of a resource the class that an annotation marks as the default.
#[derive(Debug)]
pub(crate) struct DefaultClass {
    /// Group and resource of the objects.
    of: (&'static str, &'static str),
    /// Where they name their class.
    field: &'static str,
    /// An annotation that named the class before the field did.
    old_annotation: &'static str,
    /// Group and resource of the classes.
    classes: (&'static str, &'static str),
    /// The annotations that mark a default.
    marks: &'static [&'static str],
    /// More than one default is an error; else the newest is taken.
    only_one: bool,
}

/// Claims without a class.
pub(crate) const STORAGE: DefaultClass = DefaultClass {
    of: ("", "persistentvolumeclaims"),
    field: "storageClassName",
    old_annotation: "volume.beta.kubernetes.io/storage-class",
    classes: ("storage.k8s.io", "storageclasses"),
    marks: &[
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ],
    only_one: false,
};

/// Ingresses without a class.
pub(crate) const INGRESS: DefaultClass = DefaultClass {
    of: ("networking.k8s.io", "ingresses"),
    field: "ingressClassName",
    old_annotation: "kubernetes.io/ingress.class",
    classes: ("networking.k8s.io", "ingressclasses"),
    marks: &["ingressclass.kubernetes.io/is-default-class"],
    only_one: true,
};

impl Plugin for DefaultClass {
    fn mutate(
        &self,
        attributes: &Attributes<'_>,
        object: &mut Value,
        _old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        let (group, resource) = self.of;
        if attributes.operation != Operation::Create || !attributes.is(group, resource, "") {
            return Ok(());
        }
        let annotated = object.at(&["metadata", "annotations"]).get(self.old_annotation).is_some();
        if annotated || !object.at(&["spec", self.field]).is_null() {
            return Ok(());
        }
        if let Some(class) = self.default(attributes, world)? {
            object.set_at(&["spec", self.field], class);
        }
        Ok(())
    }
}

impl DefaultClass {
    fn default(&self, attributes: &Attributes<'_>, world: &dyn World) -> Result<Option<String>, ApiError> {
        let (group, resource) = self.classes;
        let marked = |class: &Value| {
            let annotations = class.at(&["metadata", "annotations"]);
            self.marks.iter().any(|mark| annotations.get(mark).and_then(Value::as_str) == Some("true"))
        };
        let mut defaults: Vec<Value> =
            world.list(group, resource, "").into_iter().filter(|c| marked(c)).collect();
        if self.only_one && defaults.len() > 1 {
            return Err(attributes
                .forbidden(format!("{} default IngressClasses were found, only 1 allowed", defaults.len())));
        }
        // The newest first; of equal age the one whose name comes first.
        defaults.sort_by(|a, b| created(b).cmp(&created(a)).then_with(|| name(a).cmp(name(b))));
        Ok(defaults.first().map(|class| name(class).to_owned()))
    }
}

fn created(class: &Value) -> i64 {
    Timestamp::parse(class.str_at(&["metadata", "creationTimestamp"])).map_or(0, Timestamp::seconds)
}

fn name(class: &Value) -> &str {
    class.str_at(&["metadata", "name"])
}
