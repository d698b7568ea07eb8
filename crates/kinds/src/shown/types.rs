//! Internal types of pods and workloads as upstream prints them: members in Go's order under Go's names.
//!
//! Entry points: [`of_type`] and [`list_of`].  The table is `types.txt`, one type a line: its name, then its members as
//! `GoName=jsonName:kind`, without `=jsonName` where that is the Go name with a small first letter.  A `^` before the
//! JSON name says that the API keeps the member one object further out.  Kinds: `s` text, `n` number, `b` truth value,
//! `q` quantity, `-` anything that is `null` when missing, `*T` the same of a type in the table, `[T]` a list of those,
//! `=T` one that is always there; `+metadata` stands for the members of the object's metadata.

use std::collections::HashMap;
use std::sync::LazyLock;

use api::{Map, Value};

static TYPES: LazyLock<HashMap<&str, Vec<Member>>> = LazyLock::new(|| {
    let lines = include_str!("types.txt").lines();
    lines.filter_map(|line| line.split_once(' ')).map(|(name, rest)| (name, members(rest))).collect()
});

struct Member {
    go: &'static str,
    json: String,
    outer: bool,
    holds: Holds,
}

enum Holds {
    Text,
    Number,
    Flag,
    Quantity,
    Nullable,
    Pointer(&'static str),
    List(&'static str),
    Always(&'static str),
    Metadata,
}

fn members(line: &'static str) -> Vec<Member> {
    line.split(' ').filter_map(member).collect()
}

fn member(text: &'static str) -> Option<Member> {
    if text == "+metadata" {
        return Some(Member { go: "", json: "metadata".to_owned(), outer: false, holds: Holds::Metadata });
    }
    let (names, kind) = text.split_once(':')?;
    let (go, json) =
        names.split_once('=').map_or_else(|| (names, uncapitalized(names)), |(g, j)| (g, j.to_owned()));
    let outer = json.starts_with('^');
    let json = json.trim_start_matches('^').to_owned();
    Some(Member { go, json, outer, holds: holds(kind) })
}

fn holds(kind: &'static str) -> Holds {
    match kind {
        "s" => Holds::Text,
        "n" => Holds::Number,
        "b" => Holds::Flag,
        "q" => Holds::Quantity,
        _ => match kind.split_at_checked(1) {
            Some(("*", name)) => Holds::Pointer(name),
            Some(("=", name)) => Holds::Always(name),
            Some(("[", name)) => Holds::List(name.trim_end_matches(']')),
            _ => Holds::Nullable,
        },
    }
}

fn uncapitalized(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}

/// An object of the API as upstream prints it when it is of the internal type `name`, such as `PodSpec`.
pub(crate) fn of_type(value: &Value, name: &str) -> Value {
    shown(value, &Value::Null, name)
}

/// A list of the API as upstream prints one of the internal type `name`; `null` when there is none.
pub(crate) fn list_of(list: &Value, name: &str) -> Value {
    let Some(items) = list.as_array() else { return Value::Null };
    items.iter().map(|item| of_type(item, name)).collect::<Vec<_>>().into()
}

fn shown(value: &Value, outer: &Value, name: &str) -> Value {
    let mut out = Map::new();
    for member in TYPES.get(name).into_iter().flatten() {
        let holder = if member.outer { outer } else { value };
        let given = holder.at(&[&member.json]);
        if matches!(member.holds, Holds::Metadata) {
            let members = given.as_object().into_iter().flat_map(Map::iter);
            members.for_each(|(key, value)| {
                out.insert(key, value.clone());
            });
        } else {
            out.insert(member.go, member.holds.shown(given, value));
        }
    }
    out.into()
}

impl Holds {
    fn shown(&self, given: &Value, holder: &Value) -> Value {
        match self {
            Holds::Text if given.is_null() => "".into(),
            Holds::Number if given.is_null() => 0.into(),
            Holds::Flag if given.is_null() => false.into(),
            Holds::Quantity if given.is_null() => "0".into(),
            Holds::Pointer(_) if given.is_null() => Value::Null,
            Holds::Pointer(name) | Holds::Always(name) => shown(given, holder, name),
            Holds::List(name) => match given.as_array() {
                Some(items) => items.iter().map(|item| shown(item, holder, name)).collect::<Vec<_>>().into(),
                None => Value::Null,
            },
            _ => given.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn every_type_that_is_named_is_there() {
        assert_eq!(TYPES.len(), include_str!("types.txt").lines().count());
        for (name, members) in TYPES.iter() {
            assert!(!members.is_empty(), "{name}");
            for member in members {
                if let Holds::Pointer(held) | Holds::List(held) | Holds::Always(held) = &member.holds {
                    assert!(TYPES.contains_key(held), "{name} {} holds {held}", member.go);
                }
            }
        }
    }

    #[test]
    fn zero_values_and_moved_members() {
        let spec = object! { "hostNetwork" => true, "containers" => vec![object! { "name" => "c" }] };
        let shown = of_type(&spec, "PodSpec");
        assert_eq!(shown.at(&["SecurityContext", "HostNetwork"]), &true.into());
        assert_eq!(shown.at(&["SecurityContext", "HostPID"]), &false.into());
        assert_eq!(shown.get("Volumes"), Some(&Value::Null));
        let [container] = shown.array_at(&["Containers"]) else { panic!("{shown:?}") };
        assert_eq!(container.at(&["Name"]), &"c".into());
        assert_eq!(container.at(&["Resources"]).get("Limits"), Some(&Value::Null));
        let template = object! { "metadata" => object! { "labels" => object! { "a" => "b" } } };
        assert_eq!(of_type(&template, "PodTemplateSpec").at(&["labels", "a"]), &"b".into());
    }
}
