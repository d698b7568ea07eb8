//! Structures as messages show them where upstream prints its internal types: Go's member names, nothing left out.
//!
//! Entry points: [`internal`] for a structure given here and now, [`of_type`] and [`list_of`] for those of pods and workloads.

mod types;

use api::{Map, Value};

pub(crate) use types::{list_of, of_type};

/// A member of an internal type.
pub(crate) struct Member {
    /// Its name in the API.
    pub(crate) name: &'static str,
    /// Its name in Go.
    pub(crate) go: &'static str,
    /// What it holds.
    pub(crate) holds: Holds,
}

/// What a member holds, as far as that matters for a missing one.
pub(crate) enum Holds {
    /// A pointer, list or map: `null` when missing.
    Pointer,
    /// A text: empty when missing.
    Text,
    /// A number: zero when missing.
    Number,
    /// A pointer to a structure.
    Structure(&'static [Member]),
    /// A structure in place, shown even when it is missing.
    Plain(&'static [Member]),
    /// A list of structures.
    List(&'static [Member]),
}

/// A member that is a pointer, list or map of plain values.
pub(crate) const fn pointer(name: &'static str, go: &'static str) -> Member {
    Member { name, go, holds: Holds::Pointer }
}

/// A member that is a text.
pub(crate) const fn text(name: &'static str, go: &'static str) -> Member {
    Member { name, go, holds: Holds::Text }
}

/// The structure as upstream's internal type prints it.
pub(crate) fn internal(value: &Value, members: &[Member]) -> Value {
    members.iter().map(|member| (member.go, member.shown(value.at(&[member.name])))).collect::<Map>().into()
}

impl Member {
    fn shown(&self, value: &Value) -> Value {
        match (&self.holds, value) {
            (Holds::Text, Value::Null) => "".into(),
            (Holds::Number, Value::Null) => 0.into(),
            (Holds::Plain(members), _) | (Holds::Structure(members), Value::Object(_)) => {
                internal(value, members)
            }
            (Holds::List(members), Value::Array(items)) => {
                items.iter().map(|item| internal(item, members)).collect::<Vec<_>>().into()
            }
            _ => value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn missing_members_are_shown() {
        const INNER: [Member; 1] = [Member { name: "partition", go: "Partition", holds: Holds::Number }];
        const ONE: [Member; 1] = [text("x", "X")];
        let members = [
            text("type", "Type"),
            Member { name: "one", go: "One", holds: Holds::Plain(&ONE) },
            Member { name: "r", go: "R", holds: Holds::Structure(&INNER) },
            pointer("p", "P"),
        ];
        assert_eq!(
            api::json::to_string(&internal(&object! { "r" => object! {} }, &members)),
            r#"{"Type":"","One":{"X":""},"R":{"Partition":0},"P":null}"#
        );
    }
}
