//! OpenAPI 3: an index, and one document for each group-version and each path beside them.
//!
//! Entry points: [`paths`] lists the documents, [`document`] writes one, [`index`] points to them.  Nothing is kept: a
//! document is written schema by schema and path by path straight into its bytes.

use api::{Map, Value, object};

use crate::{
    ApiVersion, Describe, Dialect, Listing, custom,
    discovery::Fnv,
    model::{Answer, Operation, Param, PathItem},
    operations::routes,
    other,
    schemas::{Everywhere, Schemas},
    writer::Writer,
};

/// The media type of the documents.
pub const CONTENT_TYPE: &str = "application/json";

/// The paths of all documents below `/openapi/v3/`, such as `apis/apps/v1`, sorted.
pub fn paths(listing: &Listing) -> Vec<String> {
    let mut paths: Vec<String> = other::paths(listing).into_iter().map(|p| p.document).collect();
    paths.extend(listing.versions().iter().map(|v| v.path().trim_start_matches('/').to_owned()));
    paths.sort();
    paths
}

/// The index at `/openapi/v3`: where each document is, with a hash of it, as [`hash`] makes it.
pub fn index<'a>(documents: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let entry = |(path, hash): (&'a str, &'a str)| {
        (path, object! { "serverRelativeURL" => format!("/openapi/v3/{path}?hash={hash}") })
    };
    let mut paths: Map = documents.into_iter().map(entry).collect();
    paths.sort();
    object! { "paths" => paths }
}

/// The path and the hash of every document, as [`index`] takes them.  Each is written once and dropped: some 4 MB of
/// text in all.
pub fn hashes(listing: &Listing, describe: Describe) -> Vec<(String, String)> {
    let entry = |path: String| Some((hash(&document(listing, &path, describe)?), path));
    paths(listing).into_iter().filter_map(entry).map(|(hash, path)| (path, hash)).collect()
}

/// What changes whenever a document does; also its entity tag.
pub fn hash(document: &[u8]) -> String {
    let mut hash = Fnv::new();
    hash.write(document);
    hash.finish()
}

/// The document at `/openapi/v3/<path>`; `None` when there is no such.
pub fn document(listing: &Listing, path: &str, describe: Describe) -> Option<Vec<u8>> {
    if let Some(entry) = other::paths(listing).into_iter().find(|p| p.document == path) {
        return Some(write(listing, None, vec![entry.item()], describe));
    }
    let version = match path.strip_prefix("apis/") {
        Some(rest) => rest.split_once('/').and_then(|(group, version)| listing.version(group, version)),
        None => path.strip_prefix("api/").and_then(|version| listing.version("", version)),
    }?;
    let items = routes(version).into_iter().map(|route| route.item(describe));
    Some(write(listing, Some(version), items, describe))
}

fn write(
    listing: &Listing,
    version: Option<&ApiVersion>,
    items: impl IntoIterator<Item = PathItem>,
    describe: Describe,
) -> Vec<u8> {
    let mut out = Writer::new();
    out.open();
    out.member("openapi", &"3.0.0".into());
    out.member("info", &info());
    out.key("paths");
    out.open();
    let mut roots = Vec::new();
    for item in items {
        roots.extend(item.operations.iter().flat_map(Operation::schemas));
        let path = item.path.clone();
        out.member(&path, &path_item(item));
    }
    out.close();
    out.key("components");
    out.open();
    write_schemas(&mut out, listing, version, roots, describe);
    out.member("securitySchemes", &security());
    out.close();
    out.close();
    out.finish()
}

/// Title and version of the API.
pub(crate) fn info() -> Value {
    let version =
        crate::version::KUBERNETES.rsplit_once('.').map_or(crate::version::KUBERNETES, |(minor, _)| minor);
    object! { "title" => "Kubernetes", "version" => version }
}

/// How clients authenticate.
pub(crate) fn security() -> Value {
    let token = object! {
        "type" => "apiKey", "description" => "A bearer token.", "name" => "authorization", "in" => "header",
    };
    object! { "BearerToken" => token }
}

fn write_schemas(
    out: &mut Writer,
    listing: &Listing,
    version: Option<&ApiVersion>,
    mut roots: Vec<String>,
    describe: Describe,
) {
    if roots.is_empty() {
        return;
    }
    if version.is_some_and(|v| v.custom) {
        roots.extend(custom::BASES.map(str::to_owned));
    }
    let packages = listing.packages();
    let everywhere = version.map_or(Everywhere::One("", "v1"), |v| Everywhere::One(&v.group, &v.version));
    let schemas = Schemas { dialect: Dialect::V3, packages: &packages, everywhere };
    out.key("schemas");
    out.open();
    for name in Schemas::reachable(roots) {
        if let Some(schema) =
            schemas.named(&name, describe).or_else(|| custom::schema(version?, &name, Dialect::V3))
        {
            out.member(&name, &schema);
        }
    }
    out.close();
}

fn path_item(mut item: PathItem) -> Value {
    let common = item.take_common_params();
    let mut out: Map = item.operations.iter().map(|o| (o.method, operation(o))).collect();
    if !common.is_empty() {
        out.insert("parameters", common.iter().map(param).collect::<Vec<_>>().into());
    }
    out.into()
}

fn operation(operation: &Operation) -> Value {
    let mut out = object! {
        "tags" => vec![operation.tag.as_str()],
        "description" => operation.summary.as_str(),
        "operationId" => operation.id.as_str(),
    };
    let map = out.make_object();
    if !operation.params.is_empty() {
        map.insert("parameters", operation.params.iter().map(param).collect::<Vec<_>>().into());
    }
    if let Some(body) = &operation.body {
        let mut value = object! { "content" => content(body.content, &Answer::Schema(body.schema.clone())) };
        if body.required {
            value.set_at(&["required"], true);
        }
        map.insert("requestBody", value);
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

fn responses(operation: &Operation) -> Value {
    let content = content(operation.produces, &operation.answer);
    let mut out: Map = operation
        .codes
        .iter()
        .map(|code| {
            (code.to_string(), object! { "description" => reason(*code), "content" => content.clone() })
        })
        .collect();
    out.insert("401", object! { "description" => reason(401) });
    out.into()
}

/// The reason phrase of a status code (RFC 9110).
pub(crate) fn reason(code: u16) -> &'static str {
    match code {
        201 => "Created",
        202 => "Accepted",
        401 => "Unauthorized",
        _ => "OK",
    }
}

fn content(types: &[&str], answer: &Answer) -> Value {
    let schema = match answer {
        Answer::Schema(name) => Dialect::V3.reference(name),
        Answer::Text => object! { "type" => "string" },
    };
    let mut out: Map = types.iter().map(|ty| (*ty, object! { "schema" => schema.clone() })).collect();
    out.sort();
    out.into()
}

fn param(param: &Param) -> Value {
    let mut out =
        object! { "name" => param.name.as_ref(), "in" => if param.in_path { "path" } else { "query" } };
    let map = out.make_object();
    if !param.description.is_empty() {
        map.insert("description", param.description.as_ref().into());
    }
    if param.in_path {
        map.insert("required", true.into());
    }
    map.insert("schema", object! { "type" => param.ty, "uniqueItems" => true });
    out
}

#[cfg(test)]
mod tests;
