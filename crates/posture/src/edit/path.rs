//! What is to be changed, and where.

use api::{Value, object};

/// A step from a value into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// To a member.
    Key(String),
    /// To an item.
    Item(usize),
}

/// Where something is in a document.
pub(crate) type Path = Vec<Step>;

/// A change of one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// A value, and everything on the way to it; an item may be one behind the last.
    Set(Path, Value),
    /// A member or an item, which is there.
    Remove(Path),
}

impl Change {
    /// The same change further inside.
    pub(crate) fn below(self, prefix: &[Step]) -> Self {
        let longer = |path: Path| prefix.iter().cloned().chain(path).collect();
        match self {
            Self::Set(path, value) => Self::Set(longer(path), value),
            Self::Remove(path) => Self::Remove(longer(path)),
        }
    }

    /// Makes the change in a value.
    ///
    /// # Errors
    /// A path that leads nowhere.
    pub(crate) fn make(&self, value: &mut Value) -> Result<(), String> {
        let lost = || "the place is not there".to_owned();
        match self {
            Self::Set(path, new) => {
                *slot(value, path).ok_or_else(lost)? = new.clone();
                Ok(())
            }
            Self::Remove(path) => {
                let (last, parents) = path.split_last().ok_or_else(lost)?;
                let parent = parents.iter().try_fold(value, |v, step| existing(v, step)).ok_or_else(lost)?;
                match (parent, last) {
                    (Value::Object(map), Step::Key(key)) => map.remove(key).map(drop).ok_or_else(lost),
                    (Value::Array(items), Step::Item(i)) if *i < items.len() => {
                        items.remove(*i);
                        Ok(())
                    }
                    _ => Err(lost()),
                }
            }
        }
    }
}

fn existing<'a>(value: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match step {
        Step::Key(key) => value.get_mut(key),
        Step::Item(i) => value.as_array_mut()?.get_mut(*i),
    }
}

/// The place at the end of a path, made when it is not there.
fn slot<'a>(value: &'a mut Value, path: &[Step]) -> Option<&'a mut Value> {
    let Some((step, rest)) = path.split_first() else { return Some(value) };
    if value.is_null() {
        *value = if matches!(step, Step::Key(_)) { Value::object() } else { Value::Array(Vec::new()) };
    }
    let next = match (value, step) {
        (Value::Object(map), Step::Key(key)) => {
            if !map.contains_key(key) {
                map.insert(key.as_str(), Value::Null);
            }
            map.get_mut(key)?
        }
        (Value::Array(items), Step::Item(i)) => {
            if *i == items.len() {
                items.push(Value::Null);
            }
            items.get_mut(*i)?
        }
        _ => return None,
    };
    slot(next, rest)
}

/// A value inside what a path would make.
pub(super) fn nested(path: &[Step], value: &Value) -> Result<Value, String> {
    path.iter().rev().try_fold(value.clone(), |inner, step| match step {
        Step::Key(key) => Ok(object! { key.as_str() => inner }),
        Step::Item(0) => Ok(Value::Array(vec![inner])),
        Step::Item(_) => Err("an item is wanted behind others that are not there".to_owned()),
    })
}

/// The steps of a field such as `spec.containers[0].image` or `metadata.labels[a.b/c]`; `None` for one that names many.
pub(crate) fn of_field(field: &str) -> Option<Path> {
    let mut path = Vec::new();
    let mut rest = field;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('[') {
            let (inside, after) = behind.split_once(']')?;
            path.push(match inside.parse() {
                Ok(index) => Step::Item(index),
                Err(_) if inside == "*" || inside.is_empty() => return None,
                Err(_) => Step::Key(inside.to_owned()),
            });
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            path.push(Step::Key(key.to_owned()));
            rest = after.strip_prefix('.').unwrap_or(after);
        }
    }
    Some(path)
}

/// A path of keys.
pub(crate) fn keys(names: &[&str]) -> Path {
    names.iter().map(|name| Step::Key((*name).to_owned())).collect()
}
