//! The few facts about an object that reads need without parsing it.
//!
//! Entry points: [`Head`] as a writer hands it in, [`HeadRef`] as a reader gets it.  In between it is one small
//! allocation, because there is one for each object.

use std::sync::Arc;

use api::Str;

use crate::leb128;

/// The few facts about an object that reads need without parsing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// `metadata.uid`.
    pub uid: Str,
    /// `metadata.labels`.
    pub labels: Box<[(Str, Str)]>,
    /// The selectable fields besides `metadata.name` and `metadata.namespace`.
    pub fields: Fields,
    /// When the object may be removed, in seconds since the Unix epoch; 0 for never.  The store keeps it, somebody
    /// else acts on it (upstream uses it for events).
    pub expires: u64,
}

/// Selectable fields by name, such as `spec.nodeName`; the names are shared by all objects of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    names: Arc<[Str]>,
    values: Box<[Str]>,
}

/// The head of a stored object.
#[derive(Clone, Copy, Debug)]
pub struct HeadRef<'a> {
    /// `metadata.uid`.
    pub uid: &'a str,
    /// `metadata.labels`.
    pub labels: LabelsRef<'a>,
    /// The selectable fields besides `metadata.name` and `metadata.namespace`.
    pub fields: FieldsRef<'a>,
    /// See [`Head::expires`].
    pub expires: u64,
}

/// The labels of a stored object.
#[derive(Clone, Copy, Debug)]
pub struct LabelsRef<'a>(Texts<'a>);

/// The selectable fields of a stored object.
#[derive(Clone, Copy, Debug)]
pub struct FieldsRef<'a> {
    names: &'a Arc<[Str]>,
    values: Texts<'a>,
}

/// A head in one allocation: the bytes that uid and labels take, then each text behind its length: uid, label names and
/// values in turn, field values.
pub(crate) struct PackedHead {
    texts: Box<[u8]>,
    names: Arc<[Str]>,
    expires: u64,
}

/// Texts, each behind its length.
#[derive(Clone, Copy, Debug)]
struct Texts<'a>(&'a [u8]);

impl Fields {
    /// Fields from pairs of name and value.
    pub fn new<N: Into<Str>, V: Into<Str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let (names, values): (Vec<Str>, Vec<Str>) =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).unzip();
        Self { names: names.into(), values: values.into() }
    }

    /// The value of a field, `None` when the kind has no such field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// All fields, name and value.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.names.iter().zip(&self.values).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Makes `other` use the names at hand when they are the same, and takes its names over when they are not.
    pub(crate) fn share_names(&mut self, other: &mut Fields) {
        if self.names == other.names {
            other.names = Arc::clone(&self.names);
        } else {
            self.names = Arc::clone(&other.names);
        }
    }
}

impl Head {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn pack(self) -> PackedHead {
        let labels = self.labels.iter().flat_map(|(name, value)| [name, value]);
        let (mut texts, mut values) = (Vec::new(), Vec::new());
        std::iter::once(&self.uid).chain(labels).for_each(|text| put_text(&mut texts, text));
        self.fields.values.iter().for_each(|text| put_text(&mut values, text));
        let mut packed = Vec::new();
        leb128::put(&mut packed, texts.len() as u64);
        let packed = [packed, texts, values].concat();
        PackedHead { texts: packed.into(), names: self.fields.names, expires: self.expires }
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    leb128::put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

impl PackedHead {
    /// About how many bytes it takes.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn view(&self) -> HeadRef<'_> {
        let mut rest = &*self.texts;
        let len = leb128::take(&mut rest).and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
        let (labels, values) = rest.split_at_checked(len).unwrap_or_default();
        let mut labels = Texts(labels);
        let uid = labels.next().unwrap_or_default();
        let fields = FieldsRef { names: &self.names, values: Texts(values) };
        HeadRef { uid, labels: LabelsRef(labels), fields, expires: self.expires }
    }
}

impl<'a> HeadRef<'a> {
    /// The value of a label.
    pub fn label(self, name: &str) -> Option<&'a str> {
        self.labels.get(name)
    }

    /// The head as a writer would hand it in.
    pub fn to_head(self) -> Head {
        Head {
            uid: self.uid.into(),
            labels: self.labels.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            fields: self.fields.to_fields(),
            expires: self.expires,
        }
    }
}

impl<'a> LabelsRef<'a> {
    /// The value of a label.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// All labels, name and value.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
        let mut texts = self.0;
        std::iter::from_fn(move || Some((texts.next()?, texts.next()?)))
    }
}

impl<'a> FieldsRef<'a> {
    /// The value of a field, `None` when the kind has no such field.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// All fields, name and value.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
        self.names.iter().map(Str::as_str).zip(self.values)
    }

    fn to_fields(self) -> Fields {
        Fields { names: Arc::clone(self.names), values: self.values.map(Str::from).collect() }
    }
}

impl<'a> Iterator for Texts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let len = usize::try_from(leb128::take(&mut self.0)?).ok()?;
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            uid: "u".into(),
            labels: Box::new([("app".into(), "web".into()), ("empty".into(), "".into())]),
            fields: Fields::new([("spec.nodeName", "n1"), ("status.phase", "Running"), ("status.podIP", "")]),
            expires: 7,
        }
    }

    #[test]
    fn a_packed_head_says_the_same() {
        let packed = head().pack();
        let view = packed.view();
        assert_eq!((view.uid, view.expires), ("u", 7));
        assert_eq!(
            (view.label("app"), view.label("empty"), view.label("tier")),
            (Some("web"), Some(""), None)
        );
        assert_eq!(view.fields.get("status.phase"), Some("Running"));
        assert_eq!((view.fields.get("status.podIP"), view.fields.get("spec.x")), (Some(""), None));
        assert_eq!(view.to_head(), head());
        let long = Head { uid: "x".repeat(300).into(), ..Head::default() };
        assert_eq!(long.clone().pack().view().to_head(), long);
        assert_eq!(Head::default().pack().view().to_head(), Head::default());
    }

    #[test]
    fn fields_and_labels_are_found_by_name() {
        let head = head();
        assert_eq!((head.label("app"), head.label("tier")), (Some("web"), None));
        assert_eq!(head.fields.get("status.phase"), Some("Running"));
        assert_eq!(head.fields.get("status.podIPs"), None);
    }

    #[test]
    fn names_of_fields_are_shared() {
        let (mut a, mut b) = (head(), head());
        let mut shared = Fields::default();
        shared.share_names(&mut a.fields);
        shared.share_names(&mut b.fields);
        assert!(Arc::ptr_eq(&a.fields.names, &b.fields.names));
    }
}
