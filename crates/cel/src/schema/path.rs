//! Paths into objects, such as `.spec.names['a.b']`, followed through a schema.
//!
//! Entry points: [`follow`] and [`follow_structural`].

use api::{Map, Value};

use super::Structural;

/// Where a path leads.
#[derive(Debug)]
pub struct Found<'a> {
    /// The path in the form that field errors use.
    pub path: api::field::Path,
    /// The first name in it.
    pub root: String,
    /// The schema there.
    pub schema: &'a Value,
}

/// A schema that paths can be followed through.
trait Schema: Sized {
    /// The schema of a member, and whether it has one of its own.
    fn step(self, name: &str) -> (Option<Self>, bool);
}

impl Schema for &Value {
    fn step(self, name: &str) -> (Option<Self>, bool) {
        match self.at(&["properties"]).as_object().filter(|map: &&Map| !map.is_empty()) {
            Some(properties) => (properties.get(name), true),
            None => {
                let values = self.at(&["additionalProperties"]);
                (Some(values).filter(|values| values.as_object().is_some()), false)
            }
        }
    }
}

impl Schema for &Structural {
    fn step(self, name: &str) -> (Option<Self>, bool) {
        if self.properties.is_empty() {
            (self.additional.schema().map(|s| &**s), false)
        } else {
            (self.properties.get(name).map(|s| &**s), true)
        }
    }
}

/// Follows a path through a structural schema.
///
/// # Errors
///
/// Why the path is none, or leads nowhere, in upstream's words.
pub fn follow<'a>(path: &str, schema: &'a Value, brackets: bool) -> Result<Found<'a>, String> {
    let (path, root, schema) = walk(path, schema, brackets)?;
    Ok(Found { path, root, schema })
}

/// Follows a path through a schema that was read; the path in the form that field errors use.
pub(super) fn follow_structural(path: &str, schema: &Structural) -> Result<String, String> {
    walk(path, schema, true).map(|(path, ..)| path.to_string())
}

fn walk<S: Schema>(
    path: &str,
    mut schema: S,
    brackets: bool,
) -> Result<(api::field::Path, String, S), String> {
    const LOST: &str = "does not refer to a valid field";
    const END: &str = "unexpected end of JSON path";
    let mut tokens = Tokens(path);
    let (mut path, mut root) = (api::field::Path::default(), String::new());
    while let Some(token) = tokens.next() {
        let name = match token {
            "[" if !brackets => return Err("array notation is not allowed".to_owned()),
            "[" => {
                let name = quoted(tokens.next().ok_or(END)?)?;
                match tokens.next().ok_or(END)? {
                    "]" => name,
                    other => return Err(format!("expected ] but got {other}")),
                }
            }
            "." => tokens.next().ok_or(END)?.to_owned(),
            other => return Err(format!("expected [ or . but got: {other}")),
        };
        let (next, named) = schema.step(&name);
        schema = next.ok_or(LOST)?;
        path = if named { path.child(&name) } else { path.key(&name) };
        if root.is_empty() {
            root = name;
        }
    }
    Ok((path, root, schema))
}

/// Splits at `.`, `[` and `]`, which are tokens themselves; a text in single quotes is one token.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = if self.0.starts_with('\'') {
            let bytes = self.0.as_bytes();
            let closes = |pair: &[u8]| pair.last() == Some(&b'\'') && pair.first() != Some(&b'\\');
            bytes.windows(2).position(closes).map_or(bytes.len(), |at| at + 2)
        } else {
            match self.0.find(['.', '[', ']']) {
                Some(0) => 1,
                Some(at) => at,
                None => self.0.len(),
            }
        };
        let (token, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }
}

fn quoted(token: &str) -> Result<String, String> {
    let inner = token.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let inner = inner.ok_or_else(|| format!("expected single quoted string but got {token}"))?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('a') => out.push('\x07'),
            Some('b') => out.push('\x08'),
            Some('f') => out.push('\x0c'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('v') => out.push('\x0b'),
            Some(c @ ('\'' | '\\')) => out.push(c),
            Some(c) => return Err(format!("invalid string literal: invalid escape char \\{c}")),
            None => out.push('\\'),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn paths() {
        let text = object! { "type" => "string" };
        let spec = object! {
            "properties" => object! {
                "color" => text.clone(), "a.b" => text.clone(),
                "m" => object! { "additionalProperties" => text },
            }
        };
        let root = object! { "properties" => object! { "spec" => spec } };
        let follow = |path: &str| match follow(path, &root, true) {
            Ok(found) => format!("{} {} {}", found.path, found.root, found.schema.str_at(&["type"])),
            Err(why) => why,
        };
        assert_eq!(follow(".spec.color"), "spec.color spec string");
        assert_eq!(follow(".spec['a.b']"), "spec.a.b spec string");
        assert_eq!(follow(".spec.m.k"), "spec.m[k] spec string");
        assert_eq!(follow(".spec.none"), "does not refer to a valid field");
        assert_eq!(follow(".spec.color.x"), "does not refer to a valid field");
        assert_eq!(follow("spec"), "expected [ or . but got: spec");
        assert_eq!(follow(".spec[color]"), "expected single quoted string but got color");
        assert_eq!(follow(".spec['color'"), "unexpected end of JSON path");
        assert_eq!(follow(".spec['\\q']"), "invalid string literal: invalid escape char \\q");
        assert_eq!(follow("."), "unexpected end of JSON path");
    }
}
