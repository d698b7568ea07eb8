//! The contract between the generic write path and a kind: what only the kind can say about its objects.

use std::cmp::Ordering;

use api::{Str, Value, field};

use crate::names;

/// What a strategy may know of the request it serves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Namespace of the request, `""` for cluster-wide kinds.
    pub namespace: &'a str,
    /// Name of the requesting user.
    pub user: &'a str,
    /// Uid of the requesting user.
    pub user_uid: &'a str,
    /// Groups of the requesting user.
    pub groups: &'a [String],
    /// Subresource that is written, `""` for the object itself.
    pub subresource: &'a str,
    /// Now, in seconds since the Unix epoch.
    pub now: i64,
    /// Containers may ask to be privileged (`--allow-privileged`).
    pub allow_privileged: bool,
}

/// The rule for `metadata.name` (k8s.io/apimachinery `api/validation`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameRule {
    /// RFC 1123 subdomain, 253 bytes.
    #[default]
    Subdomain,
    /// RFC 1123 label, 63 bytes.
    Label,
    /// RFC 1035 label, 63 bytes.
    Label1035,
    /// Anything that can stand as one path segment (RBAC and others).
    PathSegment,
    /// The kind checks the name itself.
    Custom,
}

/// A check of `metadata` that a kind makes on update besides the common one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaCheck {
    /// The new metadata by itself, with the kind's name rule (upstream's `ValidateObjectMeta`).
    New,
    /// The change (upstream's `ValidateObjectMetaUpdate`).
    Change,
}

/// One column of a table (`meta.k8s.io/v1` `TableColumnDefinition`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Header.
    pub name: &'static str,
    /// OpenAPI type: `string`, `integer`, `date`…
    pub ty: &'static str,
    /// OpenAPI format: `name` for the name column, mostly `""`.
    pub format: &'static str,
    /// Where the description comes from.
    pub description: Description,
    /// 0 is always shown, 1 only with `-o wide`.
    pub priority: i32,
}

/// Where the description of a column comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Description {
    /// The description of a field: OpenAPI name of the message, JSON name of the field.
    Field(&'static str, &'static str),
    /// A text of our own.
    Text(&'static str),
}

/// What a kind means beyond the shape of its objects.
///
/// The generic write path calls, in this order: on decode `default`; on create `prepare_create`, then
/// [`crate::check_create`]; on update `prepare_update`, then [`crate::check_update`]; `schema::canonicalize` runs last.
/// Upstream defaults once more what it reads back from storage: where a default follows from what preparation makes,
/// preparation makes it here.
///
/// `default` gets objects coerced by `schema::coerce` (every known field has its declared type, any may be missing);
/// everything after it gets them in canonical form (`schema::canonicalize`) with uid and timestamps in place.
pub trait Strategy: Sync {
    /// Fills what upstream's `SetDefaults_*` fill, for the version the object is written in.  Idempotent.
    fn default(&self, _object: &mut Value, _version: &str) {}

    /// The rule for `metadata.name`.
    fn name_rule(&self) -> NameRule {
        NameRule::Subdomain
    }

    /// What is wrong with `metadata.name`, or with `metadata.generateName` when `prefix` is set.  Kinds with
    /// [`NameRule::Custom`] say it here.
    fn name_faults(&self, name: &str, prefix: bool) -> names::Faults {
        names::object_name(self.name_rule(), name, prefix)
    }

    /// False for the few kinds whose metadata only the common path checks, once nothing else is wrong.
    fn checks_metadata_on_create(&self) -> bool {
        true
    }

    /// The checks of `metadata` that upstream's kind repeats on update, in its order; each repeats its failures.
    fn metadata_checks(&self, _cx: &Context) -> &'static [MetaCheck] {
        &[MetaCheck::Change]
    }

    /// Finalizers without a slash must be ones that Kubernetes knows (upstream's core `ValidateObjectMeta`), wherever
    /// the kind checks metadata itself.
    fn knows_finalizers(&self) -> bool {
        false
    }

    /// Clears and sets what a client may not choose when it creates (upstream's `PrepareForCreate`).
    fn prepare_create(&self, _object: &mut Value, _cx: &Context) {}

    /// Carries over what a client may not change (upstream's `PrepareForUpdate`), `metadata.generation` included.
    /// `cx.subresource` tells which strategy of upstream's applies.
    fn prepare_update(&self, _new: &mut Value, _old: &Value, _cx: &Context) {}

    /// All failures of a new object; `metadata` is checked by the caller.
    fn validate_create(&self, _object: &Value, _cx: &Context, _errors: &mut field::Errors) {}

    /// All failures of a changed object; `metadata` is checked by the caller.
    fn validate_update(&self, _new: &Value, _old: &Value, _cx: &Context, _errors: &mut field::Errors) {}

    /// Texts for `Warning` headers; `old` is `None` on create.
    fn warnings(&self, _object: &Value, _old: Option<&Value>, _cx: &Context) -> Vec<String> {
        Vec::new()
    }

    /// Other names of selectable fields that this version of the kind has: what clients say, and the field meant.
    /// Where there are any for a kind that is stored as another one, they are all the names there are.
    fn field_aliases(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Values of the selectable fields besides `metadata.name` and `metadata.namespace`; always the same fields.
    fn selectable_fields(&self, _object: &Value) -> Vec<(&'static str, Str)> {
        Vec::new()
    }

    /// True when a PUT may create the object (upstream's `AllowCreateOnUpdate`).
    fn allow_create_on_update(&self) -> bool {
        false
    }

    /// True when a PUT without `resourceVersion` may overwrite (upstream's `AllowUnconditionalUpdate`).
    fn allow_unconditional_update(&self) -> bool {
        true
    }

    /// The grace period in seconds that deletion of this object gets when the client asked for `requested`; `None`
    /// when the kind is deleted at once (upstream's `RESTGracefulDeleteStrategy`).
    fn grace_period(&self, _object: &Value, _requested: Option<i64>) -> Option<i64> {
        None
    }

    /// Dependents are orphaned when the client names no propagation policy (upstream's
    /// `DefaultGarbageCollectionPolicy`).
    fn orphans_by_default(&self, _version: &str) -> bool {
        false
    }
}

/// How `kubectl get` shows a kind.
pub trait Printer: Sync {
    /// The columns, first is the name.
    fn columns(&self) -> &'static [Column];

    /// The cells of one object, as many as there are columns.  `now` is in seconds since the Unix epoch.
    fn cells(&self, object: &Value, now: i64) -> Vec<Value>;

    /// The conditions of an object's row (`TableRowCondition`), such as a pod that has run to its end.
    fn conditions(&self, _object: &Value) -> Vec<Value> {
        Vec::new()
    }

    /// The order of rows; `None` for kinds that keep the order of the list.
    fn order(&self) -> Option<fn(&Value, &Value) -> Ordering> {
        None
    }
}
