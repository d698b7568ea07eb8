//! OpenAPI 2 (Swagger): one document of everything, for clients that do not know version 3.
//!
//! Entry points: [`document`] for JSON, [`protobuf`] for the form that client-go's `OpenAPISchema` asks for.  Both are
//! written path by path and schema by schema straight into their bytes.

mod proto;

use std::collections::BTreeMap;

use api::{Map, Value, json, object};
use base64::{Engine as _, prelude::BASE64_URL_SAFE};

use crate::{
    ApiVersion, Describe, Dialect, Listing, custom,
    model::{Answer, Body, Operation, Param, PathItem},
    operations::routes,
    other,
    schemas::{Everywhere, Schemas},
    v3,
    writer::Writer,
};

/// Every group-version upstream knows, served or not: `DeleteOptions` and `WatchEvent` are kinds of each.
const KNOWN: &[(&str, &[&str])] = &[
    ("", &["v1"]),
    ("admission.k8s.io", &["v1", "v1beta1"]),
    ("admissionregistration.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("apiextensions.k8s.io", &["v1", "v1beta1"]),
    ("apiregistration.k8s.io", &["v1", "v1beta1"]),
    ("apps", &["v1", "v1beta1", "v1beta2"]),
    ("authentication.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("authorization.k8s.io", &["v1", "v1beta1"]),
    ("autoscaling", &["v1", "v2"]),
    ("batch", &["v1", "v1beta1"]),
    ("certificates.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("coordination.k8s.io", &["v1", "v1alpha2", "v1beta1"]),
    ("discovery.k8s.io", &["v1", "v1beta1"]),
    ("events.k8s.io", &["v1", "v1beta1"]),
    ("extensions", &["v1beta1"]),
    ("flowcontrol.apiserver.k8s.io", &["v1", "v1beta1", "v1beta2", "v1beta3"]),
    ("imagepolicy.k8s.io", &["v1alpha1"]),
    ("internal.apiserver.k8s.io", &["v1alpha1"]),
    ("networking.k8s.io", &["v1", "v1beta1"]),
    ("node.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("policy", &["v1", "v1beta1"]),
    ("rbac.authorization.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("resource.k8s.io", &["v1", "v1alpha3", "v1beta1", "v1beta2"]),
    ("scheduling.k8s.io", &["v1", "v1alpha2", "v1beta1"]),
    ("storage.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("storagemigration.k8s.io", &["v1beta1"]),
];

/// Parameters that are spelled out at each operation, because old clients look for them there.
const SPELLED_OUT: &[&str] = &["dryRun", "fieldValidation", "name"];

/// Parameters that operations refer to, by the name they are referred to by.
type Shared = BTreeMap<String, Value>;

/// The media types a client may ask the protobuf form by.
pub const PROTOBUF_ACCEPTED: [&str; 2] = [
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
];

/// The media type of the protobuf form in an answer.
pub const PROTOBUF_CONTENT_TYPE: &str = PROTOBUF_ACCEPTED[1];

/// The document at `/openapi/v2` as JSON.
pub fn document(listing: &Listing, describe: Describe) -> Vec<u8> {
    let mut out = Writer::new();
    out.open();
    write(listing, describe, &mut out);
    out.close();
    out.finish()
}

/// The document at `/openapi/v2` as protobuf (gnostic's `openapi.v2.Document`).
pub fn protobuf(listing: &Listing, describe: Describe) -> Vec<u8> {
    let mut out = Protobuf::default();
    write(listing, describe, &mut out);
    out.document
}

/// What a document is written to: plain members, and sections of many entries.
trait Sink {
    fn member(&mut self, name: &str, value: &Value);
    fn begin(&mut self, section: &'static str);
    fn entry(&mut self, name: &str, value: &Value);
    fn end(&mut self);
}

impl Sink for Writer {
    fn member(&mut self, name: &str, value: &Value) {
        Writer::member(self, name, value);
    }

    fn begin(&mut self, section: &'static str) {
        self.key(section);
        self.open();
    }

    fn entry(&mut self, name: &str, value: &Value) {
        Writer::member(self, name, value);
    }

    fn end(&mut self) {
        self.close();
    }
}

/// A document in protobuf, the section that is being written apart from it.
#[derive(Default)]
struct Protobuf {
    document: Vec<u8>,
    section: (&'static str, Vec<u8>),
}

impl Sink for Protobuf {
    fn member(&mut self, name: &str, value: &Value) {
        let member: Map = [(name, value.clone())].into_iter().collect();
        proto::DOCUMENT.encode(&mut self.document, &member);
    }

    fn begin(&mut self, section: &'static str) {
        self.section = (section, Vec::new());
    }

    fn entry(&mut self, name: &str, value: &Value) {
        let (section, out) = &mut self.section;
        proto::DOCUMENT.encode_entry(out, section, name, value);
    }

    fn end(&mut self) {
        let (section, entries) = std::mem::take(&mut self.section);
        proto::DOCUMENT.encode_section(&mut self.document, section, &entries);
    }
}

fn write(listing: &Listing, describe: Describe, out: &mut dyn Sink) {
    let mut shared = Shared::new();
    out.member("swagger", &"2.0".into());
    out.member("info", &v3::info());
    let roots = write_paths(out, listing, describe, &mut shared);
    write_definitions(out, listing, roots, describe);
    out.begin("parameters");
    shared.iter().for_each(|(name, param)| out.entry(name, param));
    out.end();
    out.member("security", &vec![object! { "BearerToken" => Value::Array(Vec::new()) }].into());
    out.member("securityDefinitions", &v3::security());
}

/// Writes all paths; answers the names of the schemas they need.
fn write_paths(
    out: &mut dyn Sink,
    listing: &Listing,
    describe: Describe,
    shared: &mut Shared,
) -> Vec<String> {
    type Item<'a> = Box<dyn FnOnce(Describe) -> PathItem + 'a>;
    let mut items: Vec<(String, Item)> = Vec::new();
    for version in listing.versions() {
        for route in routes(version) {
            items.push((route.path.clone(), Box::new(move |describe| route.item(describe))));
        }
    }
    for other in other::paths(listing) {
        items.push((format!("/{}/", other.document), Box::new(|_| other.item())));
    }
    items.sort_by(|a, b| a.0.cmp(&b.0));
    let mut roots = Vec::new();
    out.begin("paths");
    for (path, item) in items {
        let item = item(describe);
        roots.extend(item.operations.iter().flat_map(Operation::schemas));
        out.entry(&path, &path_item(item, shared));
    }
    out.end();
    roots
}

fn write_definitions(out: &mut dyn Sink, listing: &Listing, mut roots: Vec<String>, describe: Describe) {
    let customs: Vec<&ApiVersion> = listing.versions().iter().map(|v| &**v).filter(|v| v.custom).collect();
    if !customs.is_empty() {
        roots.extend(custom::BASES.map(str::to_owned));
    }
    let packages = listing.packages();
    let schemas = Schemas { dialect: Dialect::V2, packages: &packages, everywhere: Everywhere::All(KNOWN) };
    out.begin("definitions");
    for name in Schemas::reachable(roots) {
        let custom = || customs.iter().find_map(|v| custom::schema(v, &name, Dialect::V2));
        if let Some(schema) = schemas.named(&name, describe).or_else(custom) {
            out.entry(&name, &schema);
        }
    }
    out.end();
}

fn path_item(mut item: PathItem, shared: &mut Shared) -> Value {
    let common = item.take_common_params();
    let mut out: Map = item.operations.iter().map(|o| (o.method, operation(o, shared))).collect();
    if !common.is_empty() {
        out.insert("parameters", common.iter().map(|p| param(p, shared)).collect::<Vec<_>>().into());
    }
    out.into()
}

fn operation(operation: &Operation, shared: &mut Shared) -> Value {
    let consumes = operation.body.as_ref().map_or(operation.consumes, |b| b.content);
    let mut out = object! { "description" => operation.summary.as_str() };
    let map = out.make_object();
    if !consumes.is_empty() {
        map.insert("consumes", consumes.to_vec().into());
    }
    map.insert("produces", operation.produces.to_vec().into());
    map.insert("schemes", vec!["https"].into());
    map.insert("tags", vec![operation.tag.as_str()].into());
    map.insert("operationId", operation.id.as_str().into());
    let params = params(operation, shared);
    if !params.is_empty() {
        map.insert("parameters", params.into());
    }
    map.insert("responses", responses(operation));
    if !operation.action.is_empty() {
        map.insert("x-kubernetes-action", operation.action.into());
    }
    if let Some(kind) = &operation.kind {
        map.insert("x-kubernetes-group-version-kind", kind.value());
    }
    out
}

/// The body is one of the parameters, which are sorted by name.
fn params(operation: &Operation, shared: &mut Shared) -> Vec<Value> {
    let mut params: Vec<(&str, Value)> =
        operation.params.iter().map(|p| (p.name.as_ref(), param(p, shared))).collect();
    params.extend(operation.body.as_ref().map(|b| ("body", body(b, shared))));
    params.sort_by(|a, b| a.0.cmp(b.0));
    params.into_iter().map(|(_, value)| value).collect()
}

fn responses(operation: &Operation) -> Value {
    let schema = match &operation.answer {
        Answer::Schema(name) => Dialect::V2.reference(name),
        Answer::Text => object! { "type" => "string" },
    };
    let success = |code: &u16| {
        (code.to_string(), object! { "description" => v3::reason(*code), "schema" => schema.clone() })
    };
    let mut out: Map = operation.codes.iter().map(success).collect();
    out.insert("401", object! { "description" => v3::reason(401) });
    out.into()
}

fn param(param: &Param, shared: &mut Shared) -> Value {
    let mut out = object! { "uniqueItems" => true, "type" => param.ty };
    let map = out.make_object();
    if !param.description.is_empty() {
        map.insert("description", param.description.as_ref().into());
    }
    map.insert("name", param.name.as_ref().into());
    map.insert("in", if param.in_path { "path" } else { "query" }.into());
    if param.in_path {
        map.insert("required", true.into());
    }
    if SPELLED_OUT.contains(&param.name.as_ref()) { out } else { share(&param.name, out, shared) }
}

/// Bodies of the kinds that all groups have are shared, the others belong to their operation.
fn body(body: &Body, shared: &mut Shared) -> Value {
    let mut out = object! { "name" => "body", "in" => "body" };
    let map = out.make_object();
    if body.required {
        map.insert("required", true.into());
    }
    map.insert("schema", Dialect::V2.reference(&body.schema));
    if body.schema.starts_with("io.k8s.apimachinery") { share("body", out, shared) } else { out }
}

/// Keeps a parameter among the shared ones, and refers to it there.
fn share(name: &str, param: Value, shared: &mut Shared) -> Value {
    let hash = fnv1(&json::to_vec(&param)).to_be_bytes();
    let hash = BASE64_URL_SAFE.encode(hash.get(..6).unwrap_or(&hash));
    let key = format!("{name}-{hash}");
    let reference = object! { "$ref" => format!("#/parameters/{key}") };
    shared.entry(key).or_insert(param);
    reference
}

/// The 64-bit FNV-1 hash, which upstream names shared parameters by.
fn fnv1(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte))
}

#[cfg(test)]
mod tests;
