//! The object types that expressions of policies know.

use std::sync::Arc;

use crate::ast::Name;
use crate::environment::{ADMISSION, Declared};
use crate::types::{FieldType, Type, TypeProvider, Typed};

/// The type of a patch for server-side apply; those of its parts are called after where they are.
pub(super) const OBJECT: &str = "Object";
/// The type of an operation of a JSON patch.
pub(super) const JSON_PATCH: &str = "JSONPatch";
/// The type of `variables`.
pub(super) const VARIABLES_TYPE: &str = "kubernetes.variables";

/// The types of `object` and `params`, where they are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Schemas {
    pub object: Option<Typed>,
    pub params: Option<Typed>,
}

impl Schemas {
    /// The variables whose types are known.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, Type)> {
        let object = self.object.iter().flat_map(|o| [("object", o.ty.clone()), ("oldObject", o.ty.clone())]);
        object.chain(self.params.iter().map(|params| ("params", params.ty.clone())))
    }

    fn providers(&self) -> impl Iterator<Item = &Arc<dyn TypeProvider>> {
        self.object.iter().chain(&self.params).map(|typed| &typed.types)
    }
}

/// The types of admission, the policy's variables, and patches where they are made.
pub(super) struct PolicyTypes {
    pub variables: Vec<(Name, Type)>,
    pub schemas: Schemas,
    pub patches: bool,
}

impl TypeProvider for PolicyTypes {
    fn has_type(&self, name: &str) -> bool {
        name == VARIABLES_TYPE
            || self.patches && (name == JSON_PATCH || is_object(name))
            || Declared(ADMISSION).has_type(name)
            || self.schemas.providers().any(|types| types.has_type(name))
    }

    fn field(&self, type_name: &str, field: &str) -> Option<FieldType> {
        if type_name == VARIABLES_TYPE {
            return self.variables.iter().find(|(name, _)| **name == *field).map(|(_, ty)| ty.clone().into());
        }
        if self.patches && is_object(type_name) {
            return Some(Type::Dyn.into());
        }
        if self.patches && type_name == JSON_PATCH {
            return match field {
                "op" | "path" | "from" => Some(Type::String.into()),
                "value" => Some(Type::Dyn.into()),
                _ => None,
            };
        }
        let declared = Declared(ADMISSION).field(type_name, field);
        declared.or_else(|| self.schemas.providers().find_map(|types| types.field(type_name, field)))
    }
}

fn is_object(name: &str) -> bool {
    name.strip_prefix(OBJECT).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The type of a variable as other expressions see it: objects are anything.
pub(super) fn declared(ty: &Type) -> Type {
    match ty {
        Type::List(of) => Type::list(declared(of)),
        Type::Map(of) => Type::map(declared(&of.0), declared(&of.1)),
        Type::Bool
        | Type::Bytes
        | Type::Double
        | Type::Duration
        | Type::Int
        | Type::Null
        | Type::String
        | Type::Timestamp
        | Type::Uint => ty.clone(),
        _ => Type::Dyn,
    }
}
