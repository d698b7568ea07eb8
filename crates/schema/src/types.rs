//! The shape of the catalogue: messages, their fields, and the resources that serve them.
//!
//! Everything here is `'static` data made by the build script from the tables under `catalogue/`; nothing is parsed
//! when a process starts.

use crate::hash;

/// One structure of the API, such as `io.k8s.api.core.v1.PodSpec`.
#[derive(Debug)]
pub struct Message {
    /// Its OpenAPI name, such as `io.k8s.api.core.v1.PodSpec`.
    pub name: &'static str,
    /// Its name in upstream's decode errors, such as `v1.PodSpec`.
    pub go_type: &'static str,
    /// Its JSON members in upstream's order.  Embedded structures are flattened; see [`Field::via`].
    pub fields: &'static [Field],
    /// True when server-side apply replaces the whole structure (`+structType=atomic`).
    pub atomic: bool,
    pub(crate) index: Index,
}

impl Message {
    /// A structure that is not in the catalogue; its fields are searched one by one.
    pub const fn new(name: &'static str, go_type: &'static str, fields: &'static [Field]) -> Self {
        Self { name, go_type, fields, atomic: false, index: Index::new(fields, 0, &[], u64::MAX) }
    }

    /// The field with this JSON name, letter case included; costs one comparison.
    #[inline]
    pub fn field(&self, json_name: &str) -> Option<&'static Field> {
        self.position(json_name).and_then(|p| self.fields.get(p))
    }

    /// Where the field with this JSON name stands in the fields.
    #[inline]
    pub(crate) fn position(&self, json_name: &str) -> Option<usize> {
        if self.index.slots.is_empty() {
            return self.fields.iter().position(|f| f.name == json_name);
        }
        let slot = hash::slot(json_name, self.index.seed, self.index.slots.len());
        let position = usize::from(*self.index.slots.get(slot)?);
        self.fields.get(position).filter(|f| f.name == json_name).map(|_| position)
    }

    /// The name of the Go structure, such as `PodSpec`.
    pub fn short_name(&self) -> &'static str {
        self.go_type.rsplit_once('.').map_or(self.go_type, |(_, name)| name)
    }
}

/// What the walks want to know about a message at once.
#[derive(Debug)]
pub(crate) struct Index {
    seed: u32,
    /// Positions in the fields by the hash of their names, which has no collisions; a power of two of them, 255 for
    /// none.  Empty: there is no index.
    slots: &'static [u8],
    /// A bit for each field that is written when it is missing too.
    pub(crate) always: u64,
    /// A bit for each field that has a default or leads to a structure with one.
    pub(crate) defaults: u64,
}

impl Index {
    /// The build script has made sure that there are at most 64 fields.
    pub(crate) const fn new(
        fields: &'static [Field],
        seed: u32,
        slots: &'static [u8],
        defaults: u64,
    ) -> Self {
        let mut always = 0;
        let mut rest = fields;
        let mut bit = 1u64;
        while let Some((field, more)) = rest.split_first() {
            if field.always_written() {
                always |= bit;
            }
            bit = bit.wrapping_shl(1);
            rest = more;
        }
        Self { seed, slots, always, defaults }
    }
}

/// One member of a [`Message`].
#[derive(Debug)]
pub struct Field {
    /// JSON name.
    pub name: &'static str,
    /// Protobuf field number within the innermost structure of `via`, 0 when it is not on the protobuf wire (as
    /// `kind` and `apiVersion`, which travel in the envelope).
    pub number: u32,
    /// The embedded structures that hold this field, outermost first: flat in JSON, nested in protobuf.  Empty when
    /// the message itself holds it.
    pub via: &'static [Via],
    /// What it holds.
    pub ty: Type,
    /// The Go types decode errors name, without pointers: the field's own first, then that of its items, and so on.
    pub go: &'static [&'static str],
    /// How Go's JSON encoder treats its zero value.
    pub presence: Presence,
    /// True when Go holds a pointer, so that missing and zero are told apart.
    pub pointer: bool,
    /// True when OpenAPI lists it as required.
    pub required: bool,
    /// How server-side apply merges it.
    pub list: ListType,
    /// How strategic merge treats it.
    pub patch: PatchStrategy,
    /// The default of upstream's `+default` marker, as JSON text.
    pub default: Option<&'static str>,
    /// The values of a type with a closed set (`+enum`), sorted; empty when open.  For a list those of its items.
    pub allowed: &'static [&'static str],
}

impl Field {
    /// A field that is not in the catalogue: optional, merged by no rule.
    pub const fn new(name: &'static str, number: u32, ty: Type) -> Self {
        Self {
            name,
            number,
            via: &[],
            ty,
            go: &[],
            presence: Presence::OmitEmpty,
            pointer: false,
            required: false,
            list: ListType::Default,
            patch: PatchStrategy { merge: false, replace: false, retain_keys: false, merge_key: "" },
            default: None,
            allowed: &[],
        }
    }

    /// True when Go writes it even if it is missing.
    pub(crate) const fn always_written(&self) -> bool {
        match self.presence {
            Presence::Always => true,
            Presence::OmitEmpty => !self.pointer && self.ty.is_struct(),
            Presence::Optional | Presence::OmitZero => false,
        }
    }
}

/// An embedded structure, which JSON flattens.
#[derive(Debug)]
pub struct Via {
    /// Its protobuf field number, 0 when it is not on the protobuf wire.
    pub number: u32,
    /// Its Go name, which shows in the paths of decode errors.
    pub name: &'static str,
}

/// What a field or an item holds.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// `bool`.
    Bool,
    /// 32-bit integer.
    Int32,
    /// 64-bit integer.
    Int64,
    /// 64-bit float.
    Double,
    /// UTF-8 text.
    String,
    /// Bytes, base64 in JSON.
    Bytes,
    /// `metav1.Time`: RFC 3339 in whole seconds; zero is `null`.
    Time,
    /// `metav1.MicroTime`: RFC 3339 with six fractional digits; zero is `null`.
    MicroTime,
    /// `metav1.Duration`: Go's duration text.
    Duration,
    /// `resource.Quantity`: canonicalised text, a number is accepted.
    Quantity,
    /// `intstr.IntOrString`.
    IntOrString,
    /// `metav1.FieldsV1`: any JSON object, bytes on the wire.
    FieldsV1,
    /// `runtime.RawExtension`: any JSON value, kept as it came.
    RawExtension,
    /// `apiextensions` `JSON` (and an untyped value, as a table's cells): any JSON value, JSON bytes on the wire.
    Json,
    /// `JSONSchemaPropsOrBool`, `...OrArray`, `...OrStringArray`: a schema or the alternative in the name.
    JsonSchemaOr(SchemaOr, &'static Message),
    /// A structure.
    Message(&'static Message),
    /// A list.
    List(&'static Type),
    /// A list of strings with a Go type of its own (`ExtraValue`, `Verbs`): on the protobuf wire a message with the
    /// items as field 1, so that empty and missing are told apart.
    StringList,
    /// A map with string keys.
    Map(&'static Type),
}

impl Type {
    /// True when it is a structure in Go, which `omitempty` does not leave out.
    pub(crate) const fn is_struct(&self) -> bool {
        match self {
            Self::Bool | Self::Int32 | Self::Int64 | Self::Double | Self::String | Self::Bytes => false,
            Self::List(_) | Self::StringList | Self::Map(_) => false,
            Self::Time | Self::MicroTime | Self::Duration | Self::Quantity | Self::IntOrString => true,
            Self::FieldsV1 | Self::RawExtension | Self::Json | Self::JsonSchemaOr(..) | Self::Message(_) => {
                true
            }
        }
    }
}

/// The alternative to a schema in the three union types of `JSONSchemaProps`.
///
/// In protobuf each is a message: `Bool` holds `allows` as 1 and the schema as 2, `Array` the schema as 1 and the
/// schemas as 2, `StringArray` the schema as 1 and the strings as 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOr {
    /// A boolean (`additionalProperties`, `additionalItems`).
    Bool,
    /// A list of schemas (`items`).
    Array,
    /// A list of strings (`dependencies`).
    StringArray,
}

/// How Go's JSON encoder treats a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Written always, a missing value as its zero value (`""`, `0`, `false`, `null`, `{}`); a missing pointer, list or
    /// map as `null`.
    Always,
    /// A plain value with `omitempty`: its zero value is left out (`false`, `0`, `""`, empty list or map).  A plain
    /// structure has no zero value for `omitempty`: it is written as `{}`.
    OmitEmpty,
    /// A pointer with `omitempty`: left out only when missing; an explicit zero value stays.
    Optional,
    /// `omitzero`: left out when the whole structure is zero.
    OmitZero,
}

/// How server-side apply merges a list or map (KEP-555).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    /// Nothing is said: an atomic list, a granular map or structure, or none of them.
    Default,
    /// Replaced as a whole.
    Atomic,
    /// A set of scalars.
    Set,
    /// A list of objects told apart by these members.
    Map(&'static [&'static str]),
    /// Merged member by member, though the structure it holds may be atomic elsewhere.
    Granular,
}

/// How strategic merge patch treats a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    /// Items are merged rather than the list replaced.
    pub merge: bool,
    /// The object is replaced rather than merged.
    pub replace: bool,
    /// Members that the patch does not name are dropped when `$retainKeys` says so.
    pub retain_keys: bool,
    /// The member that tells items apart, `""` for lists of scalars.
    pub merge_key: &'static str,
}

/// One served version of a resource, as discovery shows it.
#[derive(Debug)]
pub struct Resource {
    /// API group, `""` for the core group.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// Plural name, such as `pods`.
    pub plural: &'static str,
    /// Singular name.
    pub singular: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// True when its objects live in a namespace.
    pub namespaced: bool,
    /// Short names, such as `po`.
    pub short_names: &'static [&'static str],
    /// Categories, such as `all`.
    pub categories: &'static [&'static str],
    /// Verbs, in discovery's order.
    pub verbs: &'static [&'static str],
    /// The structure of its objects.
    pub message: &'static Message,
    /// Its subresources, in discovery's order.
    pub subresources: &'static [Subresource],
    /// Hash of the storage version, as `storageVersionHash` of discovery.
    pub storage_version_hash: &'static str,
    /// Group and version its objects are stored in: its own for all but `autoscaling/v1` (v2) and `events.k8s.io/v1`
    /// (core v1).
    pub storage: (&'static str, &'static str),
}

/// One subresource of a [`Resource`].
#[derive(Debug)]
pub struct Subresource {
    /// Name without the parent, such as `status`.
    pub name: &'static str,
    /// Group of its kind.
    pub group: &'static str,
    /// Version of its kind.
    pub version: &'static str,
    /// Its kind, such as `Scale`.
    pub kind: &'static str,
    /// Verbs.
    pub verbs: &'static [&'static str],
    /// The structure of its body; `None` for connect-type subresources without one.
    pub message: Option<&'static Message>,
}
