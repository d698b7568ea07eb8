//! Nodes in the syntax of Go (`%#v`), which shows in some of upstream's errors, and Go's floats.

use std::fmt::Write as _;

use api::field::go_quote;

use super::error;
use super::nodes::{Data, Id, Tree};
use super::resolve::{Resolved, resolve};
use super::scan::Result;

/// How long a text may become before it is cut off.
const MAX_LENGTH: usize = 64 * 1024;
/// How deep it may nest.
const MAX_DEPTH: usize = 64;

/// A node inside a collection or an interface: a missing value is `interface {}(nil)`.
pub(super) fn node(tree: &Tree, id: Id) -> Result<String> {
    let mut writer = Writer { tree, out: String::new() };
    writer.node(id, 0)?;
    Ok(writer.out)
}

/// A node for itself: a missing value is `<nil>`.
pub(super) fn top(tree: &Tree, id: Id) -> Result<String> {
    let text = node(tree, id)?;
    Ok(if text == NIL { "<nil>".to_owned() } else { text })
}

/// A list or map cannot be a key.
pub(super) fn invalid_key(text: &str) -> crate::SyntaxError {
    error::plain(&format!("invalid map key: {text}"))
}

const NIL: &str = "interface {}(nil)";

struct Writer<'a> {
    tree: &'a Tree,
    out: String,
}

impl Writer<'_> {
    fn node(&mut self, id: Id, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH || self.out.len() > MAX_LENGTH {
            return Err(error::plain("invalid map key"));
        }
        match self.tree.get(id).map(|node| &node.data) {
            None => {}
            Some(Data::Scalar(scalar)) => self.scalar(&resolve(scalar)?),
            Some(Data::Alias(alias)) => self.node(alias.target, depth + 1)?,
            Some(Data::Sequence(items)) => {
                self.out.push_str("[]interface {}{");
                self.items(items, depth)?;
                self.out.push('}');
            }
            Some(Data::Mapping(members)) => {
                self.out.push_str("map[interface {}]interface {}{");
                self.members(members, depth)?;
                self.out.push('}');
            }
        }
        Ok(())
    }

    fn items(&mut self, items: &[Id], depth: usize) -> Result<()> {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            self.node(*item, depth + 1)?;
        }
        Ok(())
    }

    /// The members of a map, sorted as Go prints them.
    fn members(&mut self, members: &[Id], depth: usize) -> Result<()> {
        let (pairs, _) = members.as_chunks::<2>();
        let mut texts = Vec::with_capacity(pairs.len());
        let before = self.out.len();
        for [key, value] in pairs {
            self.node(*key, depth + 1)?;
            let collection = self.is_collection(*key);
            let key = self.out.split_off(before);
            if collection {
                return Err(invalid_key(&key));
            }
            texts.push((key, *value));
        }
        texts.sort_by(|a, b| (a.0 != NIL, &a.0).cmp(&(b.0 != NIL, &b.0)));
        for (i, (key, value)) in texts.into_iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            self.out.push_str(&key);
            self.out.push(':');
            self.node(value, depth + 1)?;
        }
        Ok(())
    }

    fn is_collection(&self, mut id: Id) -> bool {
        while let Some(Data::Alias(alias)) = self.tree.get(id).map(|node| &node.data) {
            id = alias.target;
        }
        matches!(self.tree.get(id).map(|node| &node.data), Some(Data::Sequence(_) | Data::Mapping(_)))
    }

    fn scalar(&mut self, scalar: &Resolved) {
        let _ = match scalar {
            Resolved::Null => self.out.write_str(NIL),
            Resolved::Bool(b) => write!(self.out, "{b}"),
            Resolved::Int(i) => write!(self.out, "{i}"),
            Resolved::Uint(u) => write!(self.out, "0x{u:x}"),
            Resolved::Float(f) => self.out.write_str(&general(*f, 21)),
            Resolved::Text(text) => self.out.write_str(&go_quote(text)),
        };
    }
}

/// A float as a key: with the precision of 32 bits.
pub(super) fn short_float(f: f64) -> String {
    // The shortest digits that give the same 32-bit float.
    let narrow = f as f32;
    match narrow {
        f if f.is_nan() => ".nan".to_owned(),
        f if f.is_infinite() => if f > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
        f => with_exponent(&format!("{f:e}"), 6),
    }
}

/// A float as Go's `%g` writes it: with an exponent below -4 and from `precision` on.
pub(super) fn general(f: f64, precision: i32) -> String {
    match f {
        f if f.is_nan() => "NaN".to_owned(),
        f if f.is_infinite() => if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        f => with_exponent(&api::json::scientific(f), precision),
    }
}

/// Rewrites `1.5e7` as `%g` does.
fn with_exponent(scientific: &str, precision: i32) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific.to_owned() };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..precision).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, unsigned) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits = unsigned.replace('.', "");
    let point = exponent + 1;
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else if point >= length {
        format!("{sign}{digits}{}", zeros(point - length))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{sign}{whole}.{fraction}")
    }
}
