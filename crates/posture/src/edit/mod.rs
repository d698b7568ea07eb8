//! Changes to the text of YAML and JSON documents that leave comments, order, quotes and everything else as they stand.
//!
//! Entry points: [`Change`] is what is wanted, [`edit`] makes it in the text of one document and proves that nothing else
//! has changed, or refuses; [`documents`] cuts a file into documents, [`unified`] shows what became of it.

mod diff;
mod insert;
mod path;
mod remove;
mod text;

use api::Value;
use codec::yaml::{Content, Located, locate};

pub(crate) use diff::unified;
pub(crate) use path::{Change, Path, Step, keys, of_field};
pub(crate) use text::documents;

/// The largest document that is edited, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// The text with a change made in it.
///
/// # Errors
/// Why the change cannot be made so that it alone is made.
pub(crate) fn edit(text: &str, change: &Change) -> Result<String, String> {
    if text.len() > MOST_BYTES {
        return Err(format!("the document has more than {} MiB", MOST_BYTES >> 20));
    }
    let mut wanted = value_of(text)?;
    change.make(&mut wanted)?;
    let root = locate(text).map_err(|why| why.to_string())?.ok_or("the document is empty")?;
    let edited = match change {
        Change::Set(path, value) => set(text, &root, path, value),
        Change::Remove(path) => remove::remove(text, &root, path),
    }?;
    match value_of(&edited) {
        Ok(got) if got == wanted => Ok(edited),
        _ => Err("the way it is written does not let this be changed alone".to_owned()),
    }
}

/// What a document says; a key that stands twice is not edited around.
fn value_of(text: &str) -> Result<Value, String> {
    let parsed = codec::yaml::parse(text.as_bytes()).map_err(|why| why.to_string())?;
    if parsed.duplicates.is_some() {
        return Err("a key stands twice in it".to_owned());
    }
    Ok(parsed.value)
}

fn set(text: &str, root: &Located, path: &[Step], value: &Value) -> Result<String, String> {
    let style = text::Style::of(text, root);
    let mut here = root;
    for (depth, step) in path.iter().enumerate() {
        let rest = path.get(depth + 1..).unwrap_or_default();
        if let Some(next) = child(here, step)? {
            here = next;
            continue;
        }
        return match &here.content {
            Content::Scalar(_) => {
                let value = path::nested(path.get(depth..).unwrap_or_default(), value)?;
                Ok(insert::replace(text, here, &value, style))
            }
            _ => insert::insert(text, here, step, &path::nested(rest, value)?, style),
        };
    }
    Ok(insert::replace(text, here, value, style))
}

/// Where a step leads; `None` when there is nothing yet.
fn child<'a>(node: &'a Located, step: &Step) -> Result<Option<&'a Located>, String> {
    match (&node.content, step) {
        (Content::Alias, _) => Err("it stands behind an alias".to_owned()),
        (Content::Mapping(_), Step::Key(key)) => Ok(node.member(key)),
        (Content::Sequence(_), Step::Item(i)) => Ok(node.item(*i)),
        (Content::Scalar(_), _) => Ok(None),
        _ => Err("a list stands where a mapping is expected, or the other way round".to_owned()),
    }
}

#[cfg(test)]
mod tests;
