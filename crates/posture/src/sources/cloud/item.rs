//! One object of an export: what stands in it, and the way to it.
//!
//! Entry point: [`Item`].  Its readers take several names for one thing, as an API and Terraform call it, and give the
//! value with the field in which it stood.

use api::Value;

use crate::document::Document;
use crate::finding::Place;

/// An object of an export.
#[derive(Clone, Debug)]
pub(crate) struct Item<'a> {
    pub document: &'a Document,
    pub value: &'a Value,
    /// The way to it in the document; `""` for the whole document.
    pub path: String,
    /// What Terraform calls the resource that it is of (`ncloud_subnet.nodes[0]`); `""` in answers of an API.
    pub address: String,
}

/// A value, and the field in which it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub value: T,
    pub field: String,
}

/// What something is, for those who read a finding.
#[derive(Clone, Debug)]
pub(crate) struct Resource<'a> {
    pub document: &'a Document,
    /// The way to it in the document.
    pub path: String,
    /// What the provider calls such a thing.
    pub kind: &'static str,
    pub id: String,
    pub name: String,
}

impl<'a> Item<'a> {
    /// What stands at the first of these names that is there and not null.  A name may be a way (`log.audit`), with
    /// positions of lists (`log.0.audit`).
    pub(crate) fn at(&self, names: &[&str]) -> Option<At<&'a Value>> {
        names.iter().find_map(|name| self.one(name)).filter(|at| !at.value.is_null())
    }

    /// True when one of the members is there, even when it is null.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.value.get(name).is_some())
    }

    fn one(&self, name: &str) -> Option<At<&'a Value>> {
        let mut here = At { value: self.value, field: self.path.clone() };
        for step in name.split('.') {
            here = match step.parse::<usize>() {
                Ok(i) => At { value: here.value.as_array()?.get(i)?, field: format!("{}[{i}]", here.field) },
                Err(_) => At { value: here.value.get(step)?, field: join(&here.field, step) },
            };
        }
        (!here.value.is_null()).then_some(here)
    }

    /// A text; numbers are texts too, and of a code with its name (`{code, codeName}`) the code counts.
    pub(crate) fn text(&self, names: &[&str]) -> Option<At<String>> {
        let at = self.at(names)?;
        text(at.value).map(|value| At { value, field: at.field })
    }

    /// The text, `""` when there is none.
    pub(crate) fn word(&self, names: &[&str]) -> String {
        self.text(names).map_or_else(String::new, |at| at.value)
    }

    /// A truth value, whether it is written as one or as a word.
    pub(crate) fn flag(&self, names: &[&str]) -> Option<At<bool>> {
        let at = self.at(names)?;
        let value = match text(at.value).as_deref() {
            Some("Y" | "y" | "true" | "True" | "TRUE") => true,
            Some("N" | "n" | "false" | "False" | "FALSE") => false,
            _ => at.value.as_bool()?,
        };
        Some(At { value, field: at.field })
    }

    /// A whole number, whether it is written as one or as a text.
    pub(crate) fn number(&self, names: &[&str]) -> Option<At<i64>> {
        let at = self.text(names)?;
        at.value.parse().ok().map(|value| At { value, field: at.field })
    }

    /// The texts of a list, or the one text that stands where a list might.
    pub(crate) fn texts(&self, names: &[&str]) -> Vec<At<String>> {
        let Some(at) = self.at(names) else { return Vec::new() };
        match at.value.as_array() {
            Some(list) => {
                let each = list.iter().enumerate();
                each.filter_map(|(i, v)| Some(At { value: text(v)?, field: format!("{}[{i}]", at.field) }))
                    .collect()
            }
            None => text(at.value).map(|value| At { value, field: at.field }).into_iter().collect(),
        }
    }

    /// The objects of a list, or the one object that stands where a list might.
    pub(crate) fn items(&self, names: &[&str]) -> Vec<Item<'a>> {
        let Some(at) = self.at(names) else { return Vec::new() };
        let item = |value, path| Item { document: self.document, value, path, address: self.address.clone() };
        match at.value {
            Value::Array(list) => {
                let each = list.iter().enumerate();
                each.map(|(i, value)| item(value, format!("{}[{i}]", at.field))).collect()
            }
            value @ Value::Object(_) => vec![item(value, at.field)],
            _ => Vec::new(),
        }
    }

    /// True when one of the members is planned but not known yet: Terraform leaves it out, and writes null for it in a list.
    pub(crate) fn is_open(&self, names: &[&str]) -> bool {
        let open = |name: &&str| match self.value.get(name) {
            None => true,
            Some(value) => value.as_array().is_some_and(|list| list.iter().any(Value::is_null)),
        };
        self.path.starts_with(PLAN) && names.iter().any(open)
    }

    /// A member by its name.
    pub(crate) fn field(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// The file and the way in it, in which people write whose answer it is.
    pub(crate) fn whereabouts(&self) -> String {
        format!("{}/{}", self.document.origin.source, self.path)
    }

    /// What it is.
    pub(crate) fn resource(&self, kind: &'static str, id: &[&str], name: &[&str]) -> Resource<'a> {
        let (mut id, name) = (self.word(id), self.word(name));
        // What is only planned has no id yet.
        if id.is_empty() {
            id.clone_from(&self.address);
        }
        Resource { document: self.document, path: self.path.clone(), kind, id, name }
    }
}

impl Resource<'_> {
    /// What it is called: its name, and its id where that is something else.
    pub(crate) fn title(&self) -> String {
        match (self.name.as_str(), self.id.as_str()) {
            ("", "") => self.path.clone(),
            ("", id) => id.to_owned(),
            (name, id) if id.is_empty() || id == name => name.to_owned(),
            (name, id) => format!("{name} ({id})"),
        }
    }
}

impl From<&Resource<'_>> for Place {
    fn from(resource: &Resource<'_>) -> Self {
        Self::named(resource.kind, resource.title(), &resource.document.origin)
    }
}

/// Where a plan has what will be.
pub(super) const PLAN: &str = "planned_values.root_module";

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Object(_) => value.get("code").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    }
}

/// A member of what stands at a way.
pub(super) fn join(path: &str, member: &str) -> String {
    if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Kind;

    #[test]
    fn one_thing_under_several_names() {
        let text =
            b"{log: [{audit: 'true'}], serial: 12, type: {code: INBND, codeName: in}, list: [1, b], none: null}";
        let document = Document::parse(Kind::Cloud, "f", text).unwrap().remove(0);
        let item =
            Item { document: &document, value: &document.value, path: String::new(), address: String::new() };
        assert_eq!(item.flag(&["log.audit", "log.0.audit"]).unwrap().field, "log[0].audit");
        assert_eq!(
            item.text(&["none", "serial"]).unwrap(),
            At { value: "12".to_owned(), field: "serial".to_owned() }
        );
        assert_eq!((item.word(&["type"]).as_str(), item.number(&["serial"]).unwrap().value), ("INBND", 12));
        let list: Vec<_> = item.texts(&["list"]).into_iter().map(|at| at.field).collect();
        assert_eq!(list, ["list[0]", "list[1]"]);
        assert!(item.has(&["none"]) && item.at(&["none"]).is_none() && item.flag(&["serial"]).is_none());
        assert_eq!(item.items(&["log"])[0].field("audit"), "log[0].audit");
    }
}
