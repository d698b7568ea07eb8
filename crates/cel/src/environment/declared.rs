//! The object types that Kubernetes declares by hand, as tables.
//!
//! Entry point: [`Declared`].

use crate::types::{FieldType, Type, TypeProvider};

/// An object type: its name, and its fields with their types.
pub(crate) type Object = (&'static str, &'static [(&'static str, &'static str)]);

/// Object types from a table.
pub(crate) struct Declared(pub &'static [Object]);

impl TypeProvider for Declared {
    fn has_type(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| *n == name)
    }

    fn field(&self, type_name: &str, field: &str) -> Option<FieldType> {
        let (_, fields) = self.0.iter().find(|(n, _)| *n == type_name)?;
        let (_, ty) = fields.iter().find(|(n, _)| *n == field)?;
        Some(Type::read(ty).into())
    }
}

const USER_INFO: Object = (
    "kubernetes.UserInfo",
    &[
        ("username", "string"),
        ("uid", "string"),
        ("groups", "list(string)"),
        ("extra", "map(string, list(string))"),
    ],
);

pub(crate) const USER: &[Object] = &[USER_INFO];

const SELECTOR: &[(&str, &str)] =
    &[("rawSelector", "string"), ("requirements", "list(kubernetes.SelectorRequirement)")];

pub(crate) const REVIEW: &[Object] = &[
    (
        "kubernetes.SubjectAccessReviewSpec",
        &[
            ("resourceAttributes", "kubernetes.ResourceAttributes"),
            ("nonResourceAttributes", "kubernetes.NonResourceAttributes"),
            ("user", "string"),
            ("groups", "list(string)"),
            ("extra", "map(string, list(string))"),
            ("uid", "string"),
        ],
    ),
    (
        "kubernetes.ResourceAttributes",
        &[
            ("namespace", "string"),
            ("verb", "string"),
            ("group", "string"),
            ("version", "string"),
            ("resource", "string"),
            ("subresource", "string"),
            ("name", "string"),
            ("fieldSelector", "kubernetes.FieldSelectorAttributes"),
            ("labelSelector", "kubernetes.LabelSelectorAttributes"),
        ],
    ),
    ("kubernetes.FieldSelectorAttributes", SELECTOR),
    ("kubernetes.LabelSelectorAttributes", SELECTOR),
    (
        "kubernetes.SelectorRequirement",
        &[("key", "string"), ("operator", "string"), ("values", "list(string)")],
    ),
    ("kubernetes.NonResourceAttributes", &[("path", "string"), ("verb", "string")]),
];

const STRINGS: &str = "list(string)";
const LABELS: &str = "map(string, string)";

pub(crate) const ADMISSION: &[Object] = &[
    USER_INFO,
    ("kubernetes.GroupVersionKind", &[("group", "string"), ("version", "string"), ("kind", "string")]),
    (
        "kubernetes.GroupVersionResource",
        &[("group", "string"), ("version", "string"), ("resource", "string")],
    ),
    (
        "kubernetes.AdmissionRequest",
        &[
            ("kind", "kubernetes.GroupVersionKind"),
            ("resource", "kubernetes.GroupVersionResource"),
            ("subResource", "string"),
            ("requestKind", "kubernetes.GroupVersionKind"),
            ("requestResource", "kubernetes.GroupVersionResource"),
            ("requestSubResource", "string"),
            ("name", "string"),
            ("namespace", "string"),
            ("operation", "string"),
            ("userInfo", "kubernetes.UserInfo"),
            ("dryRun", "bool"),
            ("options", "dyn"),
        ],
    ),
    (
        "kubernetes.Namespace",
        &[
            ("metadata", "kubernetes.NamespaceMetadata"),
            ("spec", "kubernetes.NamespaceSpec"),
            ("status", "kubernetes.NamespaceStatus"),
        ],
    ),
    ("kubernetes.NamespaceSpec", &[("finalizers", STRINGS)]),
    (
        "kubernetes.NamespaceStatus",
        &[("conditions", "list(kubernetes.NamespaceCondition)"), ("phase", "string")],
    ),
    (
        "kubernetes.NamespaceCondition",
        &[
            ("status", "string"),
            ("type", "string"),
            ("lastTransitionTime", "timestamp"),
            ("message", "string"),
            ("reason", "string"),
        ],
    ),
    (
        "kubernetes.NamespaceMetadata",
        &[
            ("name", "string"),
            ("generateName", "string"),
            ("namespace", "string"),
            ("labels", LABELS),
            ("annotations", LABELS),
            ("UID", "string"),
            ("creationTimestamp", "timestamp"),
            ("deletionGracePeriodSeconds", "int"),
            ("deletionTimestamp", "timestamp"),
            ("generation", "int"),
            ("resourceVersion", "string"),
            ("finalizers", STRINGS),
        ],
    ),
];
