//! `metadata` as the generic write path fills and reads it.

use api::{ApiError, Str, Value, time::Timestamp};

/// Longest name a `generateName` may lead to.
const MAX_NAME: usize = 63;
const SUFFIX: usize = 5;
/// Upstream's alphabet: no vowels, so that no words come out.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Removes what a client may not say about itself on create.
pub(crate) fn wipe_system_fields(object: &mut Value) {
    let metadata = object.object_at_mut(&["metadata"]);
    const SYSTEM: [&str; 5] =
        ["creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"];
    metadata.retain(|key, _| !SYSTEM.contains(&key));
}

/// Gives a new object its uid and time.
pub(super) fn fill_system_fields(object: &mut Value, now: Timestamp) {
    object.set_at(&["metadata", "uid"], uuid::Uuid::new_v4().to_string());
    object.set_at(&["metadata", "creationTimestamp"], now.text());
}

/// Puts the namespace of the request into the object.
///
/// # Errors
/// 400 when the object names another one.
pub(crate) fn ensure_namespace(object: &mut Value, namespace: &str) -> Result<(), ApiError> {
    let own = object.str_at(&["metadata", "namespace"]);
    if own == namespace {
        return Ok(());
    }
    if namespace.is_empty() {
        object.remove_at(&["metadata", "namespace"]);
        return Ok(());
    }
    if own.is_empty() {
        object.set_at(&["metadata", "namespace"], namespace);
        return Ok(());
    }
    Err(ApiError::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

/// A name from a `generateName`: the prefix and five random characters.
pub(crate) fn generate_name(prefix: &str) -> Str {
    let room = MAX_NAME - SUFFIX;
    let end = (0..=room.min(prefix.len())).rev().find(|i| prefix.is_char_boundary(*i)).unwrap_or(0);
    let mut name = Str::from(prefix.get(..end).unwrap_or(""));
    let random = uuid::Uuid::new_v4();
    for byte in random.as_bytes().iter().take(SUFFIX) {
        let letter = ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().unwrap_or(b'x');
        name.push(char::from(letter));
    }
    name
}

/// Removes owner references that stand twice; answers the uids concerned.
pub(crate) fn dedup_owner_references(object: &mut Value) -> Vec<String> {
    let Some(owners) = object
        .get_mut("metadata")
        .and_then(|m| m.get_mut("ownerReferences"))
        .and_then(Value::as_array_mut)
        .filter(|owners| owners.len() > 1)
    else {
        return Vec::new();
    };
    let mut twice = Vec::new();
    let mut kept: Vec<Value> = Vec::with_capacity(owners.len());
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            twice.push(owner.str_at(&["uid"]).to_owned());
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    twice
}

/// The warning about owner references that stood twice, `None` without.
pub(crate) fn owner_warning(twice: &[String]) -> Option<String> {
    (!twice.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may \
             reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            twice.join(", ")
        )
    })
}

/// The finalizers of an object.
pub(crate) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    object.array_at(&["metadata", "finalizers"]).iter().filter_map(Value::as_str)
}

/// `metadata.resourceVersion` as a number; 0 when missing.
///
/// # Errors
/// Go's text when it is none.
pub(super) fn resource_version(object: &Value) -> Result<u64, String> {
    let text = object.str_at(&["metadata", "resourceVersion"]);
    if text.is_empty() {
        return Ok(0);
    }
    text.parse()
        .map_err(|_| format!("strconv.ParseUint: parsing {}: invalid syntax", api::field::go_quote(text)))
}

/// True when deletion of the object has been asked for.
pub(crate) fn is_deleting(object: &Value) -> bool {
    !object.at(&["metadata", "deletionTimestamp"]).is_null()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn generated_names_fit_and_keep_their_prefix() {
        let name = generate_name("web-");
        assert!(name.starts_with("web-") && name.len() == 9, "{name}");
        assert_eq!(generate_name(&"x".repeat(200)).len(), MAX_NAME);
        assert_ne!(generate_name("a"), generate_name("a"));
    }

    #[test]
    fn a_foreign_namespace_is_refused_and_a_missing_one_filled() {
        let mut o = object! { "metadata" => object! {} };
        ensure_namespace(&mut o, "a").unwrap();
        assert_eq!(o.str_at(&["metadata", "namespace"]), "a");
        assert_eq!(ensure_namespace(&mut o, "b").unwrap_err().code, 400);
        ensure_namespace(&mut o, "").unwrap();
        assert!(o.at(&["metadata", "namespace"]).is_null());
    }

    #[test]
    fn equal_owner_references_are_kept_once() {
        let owner = |uid: &str| object! { "uid" => uid };
        let mut o = object! { "metadata" => object! { "ownerReferences" => vec![owner("1"), owner("2"), owner("1")] } };
        assert_eq!(dedup_owner_references(&mut o), ["1"]);
        assert_eq!(o.array_at(&["metadata", "ownerReferences"]).len(), 2);
    }
}
