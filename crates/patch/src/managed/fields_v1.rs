//! Field sets as `metav1.FieldsV1` objects and back.
//!
//! Entry points: [`FieldSet::to_fields_v1`], [`FieldSet::from_fields_v1`].

use api::{Map, Str, Value};

use super::{
    element::Element,
    set::{FieldSet, Node},
};

impl FieldSet {
    /// The set as a `FieldsV1` object: an empty object is a field of the set, `.` one that has fields below it.
    pub fn to_fields_v1(&self) -> Value {
        Value::Object(self.members(false))
    }

    fn members(&self, is_member: bool) -> Map {
        let mut map = Map::with_capacity(self.nodes().len() + 1);
        let own = (is_member && !self.is_empty()).then(|| (Str::const_new("."), Value::object()));
        let below = self
            .nodes()
            .iter()
            .map(|node| (node.element.to_fields_v1(), Value::Object(node.children.members(node.member))));
        // Elements differ, and so do their texts.
        map.rearrange(|members| members.extend(own.into_iter().chain(below)));
        map
    }

    /// Reads a `FieldsV1` object; elements of unknown types are dropped.
    ///
    /// # Errors
    /// Says which element cannot be read.
    pub fn from_fields_v1(fields: &Value) -> Result<Self, String> {
        let map = match fields {
            Value::Object(map) => map,
            Value::Null => return Ok(Self::new()),
            other => return Err(format!("expected an object of fields, got {}", other.type_name())),
        };
        let mut nodes = Vec::with_capacity(map.len());
        for (name, below) in map.iter().filter(|(name, _)| *name != ".") {
            let element =
                Element::from_fields_v1(name).map_err(|e| format!("parsing key as path element: {e}"))?;
            let Some(element) = element else { continue };
            let children = Self::from_fields_v1(below)?;
            // An object without any field below it stands for the field itself.
            let member = children.is_empty() || below.get(".").is_some();
            nodes.push(Node { element, member, children });
        }
        Ok(Self::from_nodes(nodes))
    }
}
