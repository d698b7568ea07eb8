//! The stored object: immutable, shared, its JSON ready to send.
//!
//! Entry points: a writer makes a [`Draft`], the commit turns it into an [`Object`].  The bytes of an object are kept
//! inside the bytes of the watch event that announced it (`{"type":"MODIFIED","object":…}` and a newline), so that
//! neither a GET nor a watch copies them.

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::Key;
use crate::head::{Head, HeadRef, PackedHead};

/// How an object came to be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was created.
    Added,
    /// It replaced an older state.
    Modified,
    /// It is a tombstone: the last state of an object that is gone.
    Deleted,
}

/// An object as a writer hands it in: everything but `metadata.resourceVersion`.
#[derive(Clone, Debug)]
pub struct Draft {
    head: Head,
    json: Bytes,
    splice_at: u32,
    rest_at: u32,
}

/// Why a draft cannot be made; always a fault of the writer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftError {
    /// The place for `resourceVersion` is not between two members of an object.
    Splice,
    /// The rest does not start inside the object, or behind the place for `resourceVersion`.
    Rest,
    /// More than 2 GiB.
    TooLarge,
}

/// An object in one revision.  Immutable; always shared as `Arc<Object>`.
pub struct Object {
    key: Key,
    revision: u64,
    head: PackedHead,
    /// The JSON with the event around it.
    frame: Bytes,
    /// Where `rest` starts in the JSON, 0 when unknown.
    rest_at: u32,
    /// Where the `resourceVersion` member starts in the JSON, a comma before it included.
    splice_at: u32,
    /// Length of that member with its comma.
    splice_len: u8,
    change: Change,
    /// Another encoding, made when first asked for.
    encoded: OnceLock<Box<Bytes>>,
}

const FRAME_END: &[u8] = b"}\n";
const MEMBER: &str = "\"resourceVersion\":\"";

impl Change {
    /// The text of a watch event's `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }

    /// What stands before the object in a JSON watch event of this type; `}` and a newline stand behind it.
    pub fn frame_start(self) -> &'static str {
        match self {
            Self::Added => r#"{"type":"ADDED","object":"#,
            Self::Modified => r#"{"type":"MODIFIED","object":"#,
            Self::Deleted => r#"{"type":"DELETED","object":"#,
        }
    }
}

impl Draft {
    /// Makes a draft.
    ///
    /// `json` is the object without `metadata.resourceVersion`; `splice_at` is where that member belongs: right behind
    /// `{` or behind the member before it (and before the comma that follows).  `rest_at` is where the object goes on
    /// behind `{"kind":…,"apiVersion":…,`, or 0 when items of a list carry kind and version.
    pub fn new(
        head: Head,
        json: impl Into<Bytes>,
        splice_at: usize,
        rest_at: usize,
    ) -> Result<Self, DraftError> {
        let json = json.into();
        if json.len() > i32::MAX as usize {
            return Err(DraftError::TooLarge);
        }
        let before = splice_at.checked_sub(1).and_then(|at| json.get(at));
        let after = json.get(splice_at);
        match (before, after) {
            (Some(b'{'), Some(b'}' | b'"'))
            | (Some(b'"' | b'}' | b']' | b'0'..=b'9' | b'e' | b'l'), Some(b',' | b'}')) => {}
            _ => return Err(DraftError::Splice),
        }
        if rest_at >= splice_at || (rest_at != 0 && json.get(rest_at) != Some(&b'"')) {
            return Err(DraftError::Rest);
        }
        let offset = |at: usize| u32::try_from(at).map_err(|_| DraftError::TooLarge);
        Ok(Self { head, json, splice_at: offset(splice_at)?, rest_at: offset(rest_at)? })
    }

    /// Its head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Its JSON, still without `resourceVersion`.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The same with another [`Head::expires`].
    #[must_use]
    pub fn expiring(mut self, at: u64) -> Self {
        self.head.expires = at;
        self
    }

    pub(crate) fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    /// The object this draft becomes at `revision`.
    pub(crate) fn commit(self, key: Key, revision: u64, change: Change) -> Object {
        let (before, after) = self.json.split_at(self.splice_at as usize);
        let member = splice(before, after, revision);
        let start = change.frame_start();
        let mut frame = Vec::with_capacity(start.len() + self.json.len() + member.len() + FRAME_END.len());
        for part in [start.as_bytes(), before, member.as_bytes(), after, FRAME_END] {
            frame.extend_from_slice(part);
        }
        Object {
            key,
            revision,
            head: self.head.pack(),
            frame: frame.into(),
            rest_at: self.rest_at,
            splice_at: self.splice_at,
            splice_len: u8::try_from(member.len()).unwrap_or(u8::MAX),
            change,
            encoded: OnceLock::new(),
        }
    }
}

/// The `resourceVersion` member as it goes between `before` and `after`, with the comma it needs.
fn splice(before: &[u8], after: &[u8], revision: u64) -> String {
    match (before.last(), after.first()) {
        (Some(b'{'), Some(b'}')) => format!("{MEMBER}{revision}\""),
        (Some(b'{'), _) => format!("{MEMBER}{revision}\","),
        _ => format!(",{MEMBER}{revision}\""),
    }
}

impl Object {
    /// Where it lives.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Its namespace, `""` for cluster-wide objects.
    pub fn namespace(&self) -> &str {
        &self.key.name.namespace
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.key.name.name
    }

    /// The revision of the transaction that wrote it, also its `metadata.resourceVersion`.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How it came to be.
    pub fn change(&self) -> Change {
        self.change
    }

    /// What is known of it without parsing.
    pub fn head(&self) -> HeadRef<'_> {
        self.head.view()
    }

    /// Its canonical JSON.
    pub fn json(&self) -> Bytes {
        self.frame.slice(self.json_range())
    }

    /// Its canonical JSON, borrowed.
    pub fn json_bytes(&self) -> &[u8] {
        self.frame.get(self.json_range()).unwrap_or_default()
    }

    /// Its JSON behind `{"kind":…,"apiVersion":…,`: an item of a list is `{` and this.  `None` when the writer gave no
    /// such place.
    pub fn rest(&self) -> Option<&[u8]> {
        (self.rest_at != 0).then(|| self.json_bytes().get(self.rest_at as usize..).unwrap_or_default())
    }

    /// Where [`Object::rest`] starts, 0 for nowhere.
    pub(crate) fn rest_at(&self) -> u32 {
        self.rest_at
    }

    /// The JSON watch event that announced it, newline included; shared by all watchers.
    pub fn frame(&self) -> Bytes {
        self.frame.clone()
    }

    /// A JSON watch event of any type about it; copies unless the type is that of [`Object::change`].
    pub fn frame_as(&self, change: Change) -> Bytes {
        if change == self.change {
            return self.frame();
        }
        [change.frame_start().as_bytes(), self.json_bytes(), FRAME_END].concat().into()
    }

    /// Its JSON as it would be at another revision, for the DELETED event of an object that left a selector.
    pub fn json_at(&self, revision: u64) -> Vec<u8> {
        let (before, after) = self.around_revision();
        [before, splice(before, after, revision).as_bytes(), after].concat()
    }

    /// The draft that would write it again.
    pub fn draft(&self) -> Draft {
        let (before, after) = self.around_revision();
        let json = [before, after].concat().into();
        Draft { head: self.head().to_head(), json, splice_at: self.splice_at, rest_at: self.rest_at }
    }

    /// True when writing `draft` would change nothing but the revision.
    pub fn same_content(&self, draft: &Draft) -> bool {
        let (before, after) = self.around_revision();
        draft.json.len() == before.len() + after.len()
            && draft.json.starts_with(before)
            && draft.json.ends_with(after)
            && draft.head.expires == self.head().expires
    }

    /// Its other encoding, made by `make` when first asked for and then kept.
    pub fn encoded(&self, make: impl FnOnce(&Object) -> Bytes) -> Bytes {
        Bytes::clone(self.encoded.get_or_init(|| Box::new(make(self))))
    }

    /// About how much memory it takes, in bytes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.frame.len() + self.head.len()
    }

    /// The JSON before and behind the `resourceVersion` member.
    pub(crate) fn around_revision(&self) -> (&[u8], &[u8]) {
        let json = self.json_bytes();
        let at = self.splice_at as usize;
        let before = json.get(..at).unwrap_or_default();
        (before, json.get(at + usize::from(self.splice_len)..).unwrap_or_default())
    }

    fn json_range(&self) -> std::ops::Range<usize> {
        self.change.frame_start().len()..self.frame.len() - FRAME_END.len()
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.change.as_str(), self.key, self.revision)
    }
}

impl fmt::Display for DraftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Splice => "the place for resourceVersion is not between two members",
            Self::Rest => "the rest does not start at a member before metadata.resourceVersion",
            Self::TooLarge => "an object cannot be larger than 2 GiB",
        })
    }
}

impl std::error::Error for DraftError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Resource;

    const POD: &str =
        r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","uid":"u","generation":1},"spec":{}}"#;

    fn draft(json: &'static str, splice_at: usize) -> Draft {
        let rest_at = json.find(r#""metadata""#).unwrap_or(0);
        Draft::new(Head::default(), json, splice_at, rest_at).unwrap()
    }

    fn object(draft: Draft) -> Object {
        draft.commit(Key::new(&Resource::new("", "pods"), "ns", "p"), 42, Change::Added)
    }

    #[test]
    fn the_revision_is_spliced_behind_the_member_before_it() {
        let pod = object(draft(POD, POD.find(r#","generation""#).unwrap()));
        let expect = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","uid":"u","resourceVersion":"42","generation":1},"spec":{}}"#;
        assert_eq!(pod.json(), expect);
        assert_eq!(pod.json_bytes(), expect.as_bytes());
        assert_eq!(pod.rest().unwrap(), &expect.as_bytes()[32..]);
        assert_eq!(pod.frame(), format!("{{\"type\":\"ADDED\",\"object\":{expect}}}\n"));
        assert_eq!(pod.frame_as(Change::Deleted), format!("{{\"type\":\"DELETED\",\"object\":{expect}}}\n"));
        assert_eq!(pod.json_at(1234), expect.replace("\"42\"", "\"1234\"").as_bytes());
        assert_eq!(pod.draft().json(), POD);
        assert!(pod.same_content(&pod.draft()));
    }

    #[test]
    fn commas_fit_every_place() {
        for (json, at, expect) in [
            (r#"{"metadata":{}}"#, 13, r#"{"metadata":{"resourceVersion":"42"}}"#),
            (r#"{"metadata":{"a":1}}"#, 13, r#"{"metadata":{"resourceVersion":"42","a":1}}"#),
            (r#"{"metadata":{"a":1}}"#, 18, r#"{"metadata":{"a":1,"resourceVersion":"42"}}"#),
        ] {
            let draft = Draft::new(Head::default(), json, at, 0).unwrap();
            let object = object(draft);
            assert_eq!(object.json(), expect);
            assert_eq!(object.draft().json(), json);
            assert_eq!(object.rest(), None);
        }
    }

    #[test]
    fn a_wrong_place_is_refused() {
        let new = |splice_at, rest_at| Draft::new(Head::default(), POD, splice_at, rest_at).map(|_| ());
        for splice_at in [0, 1, 2, 50, POD.len(), POD.len() + 1] {
            if splice_at != 1 {
                assert_eq!(new(splice_at, 0), Err(DraftError::Splice), "{splice_at}");
            }
        }
        let splice_at = POD.find(r#","generation""#).unwrap();
        assert_eq!(new(splice_at, 32), Ok(()));
        assert_eq!(new(splice_at, 31), Err(DraftError::Rest));
        assert_eq!(new(splice_at, splice_at + 1), Err(DraftError::Rest));
    }

    #[test]
    fn content_is_compared_without_the_revision() {
        let at = POD.find(r#","generation""#).unwrap();
        let pod = object(draft(POD, at));
        assert!(pod.same_content(&draft(POD, at)));
        let mut expiring = draft(POD, at);
        expiring.head_mut().expires = 7;
        assert!(!pod.same_content(&expiring));
        let other = POD.replace("\"u\"", "\"v\"");
        assert!(!pod.same_content(&Draft::new(Head::default(), other, at, 32).unwrap()));
    }

    #[test]
    fn another_encoding_is_made_once() {
        let pod = object(draft(POD, POD.find(r#","generation""#).unwrap()));
        assert_eq!(pod.encoded(|_| Bytes::from_static(b"one")), "one");
        assert_eq!(pod.encoded(|_| Bytes::from_static(b"two")), "one");
    }
}
