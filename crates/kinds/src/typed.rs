//! The types of built-in kinds as expressions see them: those of the catalogue.
//!
//! Entry point: [`typed`].  What may be of several types, such as quantities, is anything.

use std::sync::Arc;

use cel::{FieldType, Type, TypeProvider, Typed};
use schema::Message;

/// The type of an object of a kind, for [`cel::policy::Compiler::typed`]; `None` when the kind is not built in.
///
/// ```
/// # use sumun_kinds as kinds;
/// let deployment = kinds::typed("apps", "v1", "Deployment");
/// let compiler = cel::policy::Compiler::new(false).typed(deployment, None);
/// assert!(compiler.check("object.spec.replicas > 1").is_ok());
/// let mistake = compiler.check("object.spec.replica > 1").unwrap_err();
/// assert!(mistake.to_string().contains("undefined field 'replica'"));
/// ```
pub fn typed(group: &str, version: &str, kind: &str) -> Option<Typed> {
    let root = schema::kind(group, version, kind)?;
    let name = format!("{kind}0");
    Some(Typed { ty: Type::object(&name), types: Arc::new(BuiltIn { root, name }) })
}

/// The structures of a kind, each called after where it is.
struct BuiltIn {
    root: &'static Message,
    name: String,
}

impl BuiltIn {
    /// The structure of a name.
    fn find(&self, type_name: &str) -> Option<&'static Message> {
        let mut at = schema::Type::Message(self.root);
        let inside = type_name.strip_prefix(&self.name).filter(|r| r.is_empty() || r.starts_with('.'))?;
        for part in inside.split('.').skip(1) {
            at = match at {
                schema::Type::Message(message) => message.field(&cel::escape::unescape(part)?)?.ty,
                schema::Type::List(of) | schema::Type::Map(of) => *of,
                _ => return None,
            };
        }
        if let schema::Type::Message(message) = at { Some(message) } else { None }
    }
}

impl TypeProvider for BuiltIn {
    fn has_type(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn field(&self, type_name: &str, field: &str) -> Option<FieldType> {
        let name = cel::escape::unescape(field)?;
        let found = self.find(type_name)?.field(&name)?;
        let key = (name != field).then(|| name.as_str().into());
        Some(FieldType { ty: declared(&found.ty, &format!("{type_name}.{field}")), key })
    }
}

fn declared(ty: &schema::Type, name: &str) -> Type {
    match ty {
        schema::Type::Bool => Type::Bool,
        schema::Type::Int32 | schema::Type::Int64 => Type::Int,
        schema::Type::Double => Type::Double,
        schema::Type::String | schema::Type::Duration => Type::String,
        schema::Type::Bytes => Type::Bytes,
        schema::Type::Time | schema::Type::MicroTime => Type::Timestamp,
        schema::Type::Message(_) => Type::object(name),
        schema::Type::List(of) => Type::list(declared(of, &format!("{name}.@idx"))),
        schema::Type::StringList => Type::list(Type::String),
        schema::Type::Map(of) => Type::map(Type::String, declared(of, &format!("{name}.@elem"))),
        schema::Type::Quantity
        | schema::Type::IntOrString
        | schema::Type::FieldsV1
        | schema::Type::RawExtension
        | schema::Type::Json
        | schema::Type::JsonSchemaOr(..) => Type::Dyn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cel::policy::Compiler;

    fn complaint(kind: Option<Typed>, text: &str) -> Option<String> {
        let found = Compiler::new(false).typed(kind, None).check(text);
        found.err().map(|refusal| refusal.to_string().lines().next().unwrap_or("").to_owned())
    }

    #[test]
    fn objects_have_the_types_of_the_catalogue() {
        let pod = || typed("", "v1", "Pod");
        for text in [
            "object.metadata.__namespace__ == '' && object.metadata.labels['a'].startsWith('b')",
            "object.spec.containers.all(c, c.ports.exists(p, p.containerPort > 1024) || c.image == oldObject.kind)",
            "object.metadata.creationTimestamp < timestamp('2020-01-01T00:00:00Z')",
            "quantity(object.spec.containers[0].resources.limits.cpu).isLessThan(quantity('1'))",
            "object.spec.containers[0].livenessProbe.httpGet.port == 80",
            "object.metadata.managedFields[0].fieldsV1.x == 1",
        ] {
            assert_eq!(complaint(pod(), text), None, "{text}");
        }
        for (text, wanted) in [
            ("object.spec.container", "undefined field 'container'"),
            (
                "object.spec.containers[0].name == 1",
                "found no matching overload for '_==_' applied to '(string, int)'",
            ),
            ("object.spec == 1", "found no matching overload for '_==_' applied to '(Pod0.spec, int)'"),
        ] {
            let found = complaint(pod(), text);
            assert!(found.as_deref().is_some_and(|f| f.contains(wanted)), "{text}: {found:?}");
        }
        assert!(typed("", "v1", "Nothing").is_none());
    }

    #[test]
    fn every_resource_can_be_looked_at() {
        for resource in schema::resources() {
            let kind = || typed(resource.group, resource.version, resource.kind);
            if kind()
                .is_some_and(|kind| kind.types.field(&format!("{}0", resource.kind), "metadata").is_some())
            {
                let found = complaint(kind(), "object.metadata.name == object.kind + object.apiVersion");
                assert_eq!(found, None, "{}", resource.kind);
            }
        }
    }
}
