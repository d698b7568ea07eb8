//! An object while a rule changes it.

use admission::pod_security::{CONTROLS, Pod, TEMPLATES, Template, Version};
use api::Value;

use crate::edit::{Change, Path, Step, keys, of_field};
use crate::finding::Finding;
use crate::settings::Settings;
use crate::workload::pods_in;

/// The lists of containers of a pod.
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// An object, and the changes that made it what it is.
pub(super) struct Draft<'a> {
    pub value: Value,
    pub changes: Vec<Change>,
    /// What the check has found in it.
    pub findings: &'a [Finding],
    pub settings: &'a Settings,
    /// Why it cannot be changed as the check wants it.
    pub refused: Option<&'static str>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(value: Value, findings: &'a [Finding], settings: &'a Settings) -> Self {
        Self { value, changes: Vec::new(), findings, settings, refused: None }
    }

    /// What stands at a path, `Null` when nothing does.
    pub(super) fn at(&self, path: &[Step]) -> &Value {
        super::object::value_at(&self.value, path).unwrap_or(&Value::Null)
    }

    /// Sets a value, unless it is so already.
    pub(super) fn set(&mut self, path: Path, value: impl Into<Value>) {
        let value = value.into();
        if *self.at(&path) != value {
            self.make(Change::Set(path, value));
        }
    }

    /// Appends an item to a list, which is made when there is none.
    pub(super) fn append(&mut self, mut list: Path, item: &str) {
        let length = self.at(&list).as_array().map_or(0, <[Value]>::len);
        list.push(Step::Item(length));
        self.make(Change::Set(list, Value::from(item)));
    }

    /// Removes what stands at a path, and whatever would hold nothing then.
    pub(super) fn remove(&mut self, mut path: Path) {
        if super::object::value_at(&self.value, &path).is_err() {
            return;
        }
        while let Some((_, parents)) = path.split_last() {
            let alone = match self.at(parents) {
                Value::Object(map) => map.len() == 1,
                Value::Array(items) => items.len() == 1,
                _ => false,
            };
            if !alone || parents.is_empty() {
                break;
            }
            path.pop();
        }
        self.make(Change::Remove(path));
    }

    fn make(&mut self, change: Change) {
        if change.make(&mut self.value).is_ok() {
            self.changes.push(change);
        }
    }

    fn template(&self) -> Option<&'static Template> {
        let version = self.value.str_at(&["apiVersion"]);
        let group = version.split_once('/').map_or("", |(group, _)| group);
        TEMPLATES.iter().find(|t| t.group == group && t.kind == self.value.str_at(&["kind"]))
    }

    /// The way to the specification of the pod in it.
    pub(super) fn pod(&self) -> Path {
        if self.template().is_none()
            && let [only] = pods_in(&self.value).as_slice()
        {
            return only.path.clone();
        }
        let mut path = self.template().map(|t| keys(t.path)).unwrap_or_default();
        path.push(Step::Key("spec".to_owned()));
        path
    }

    /// The way to every container.
    pub(super) fn containers(&self) -> Vec<Path> {
        let pod = self.pod();
        let list = |name: &str| {
            let list = below(&pod, &[name]);
            let count = self.at(&list).as_array().map_or(0, <[Value]>::len);
            (0..count).map(move |i| list.iter().cloned().chain([Step::Item(i)]).collect())
        };
        LISTS.into_iter().flat_map(list).collect()
    }

    /// The fields that the check has found something in, the last items of lists first so that removing one moves none
    /// of the others.
    pub(super) fn fields(&self) -> Vec<Path> {
        let mut fields: Vec<Path> = self.findings.iter().filter_map(|f| of_field(&f.field)).collect();
        fields.sort_by_key(|path| {
            let items = path.iter().filter_map(|s| if let Step::Item(i) = s { Some(*i) } else { None });
            std::cmp::Reverse(items.collect::<Vec<_>>())
        });
        fields.dedup();
        fields
    }

    /// True when a control of the Pod Security Standards has something against a pod specification.
    pub(super) fn violates(&self, control: &str, spec: &Value) -> bool {
        let version = self.settings.pod_security;
        let revision = CONTROLS.iter().find(|c| c.id == control).and_then(|c| c.at(version));
        revision.is_some_and(|revision| (revision.check)(&Pod { metadata: &Value::Null, spec }).is_some())
    }

    /// The version that a label pins.
    pub(super) fn version(&self) -> String {
        match self.settings.pod_security {
            Version::Latest => Version::Minor(crate::releases::newest()).to_string(),
            version => version.to_string(),
        }
    }
}

/// A path of keys further inside.
pub(super) fn below(path: &[Step], names: &[&str]) -> Path {
    path.iter().cloned().chain(keys(names)).collect()
}
