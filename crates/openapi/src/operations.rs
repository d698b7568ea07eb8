//! Which paths a group-version has and what can be done with them, from its resources alone.
//!
//! Entry points: [`routes`] lists the paths, [`Route::item`] makes one of them.

use crate::{
    ApiResource, ApiSubresource, ApiVersion, Describe, Schema,
    model::{Answer, Body, Kind, Operation, PathItem},
    params,
};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const NORMAL: &[&str] = &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const STREAMS: &[&str] = &[
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
];
const LOG: &[&str] =
    &["text/plain", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const ANY: &[&str] = &["*/*"];
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];
const CUSTOM: &[&str] = &["application/json", "application/yaml"];
const CUSTOM_STREAMS: &[&str] = &["application/json", "application/yaml", "application/json;stream=watch"];
const CUSTOM_PATCHES: &[&str] =
    &["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

/// Kinds whose deletion answers with the object instead of a Status.
const DELETION_RETURNS_OBJECT: &[&str] = &[
    "CSIDriver",
    "CSINode",
    "DeviceClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodTemplate",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceQuota",
    "ResourceSlice",
    "Service",
    "ServiceAccount",
    "StorageClass",
    "VolumeAttachment",
    "VolumeAttributesClass",
];

/// Methods of a path that connects to something, with the discovery verb that allows each.
const CONNECT: &[(&str, &str)] = &[
    ("get", "get"),
    ("put", "update"),
    ("post", "create"),
    ("delete", "delete"),
    ("options", "proxy"),
    ("head", "proxy"),
    ("patch", "patch"),
];

/// One path of a group-version.
pub(crate) struct Route<'a> {
    /// The path, placeholders in braces.
    pub path: String,
    version: &'a ApiVersion,
    target: Target<'a>,
}

#[derive(Clone, Copy)]
enum Target<'a> {
    /// The group-version itself: which resources are there.
    Resources,
    /// A resource; all namespaces when `all`.
    Collection { resource: &'a ApiResource, all: bool },
    /// One object.
    Object(&'a ApiResource),
    /// A subresource of one object; with a path behind it when `deeper`.
    Sub { resource: &'a ApiResource, sub: &'a ApiSubresource, deeper: bool },
    /// The old watch path of a collection.
    WatchCollection { resource: &'a ApiResource, all: bool },
    /// The old watch path of an object.
    WatchObject(&'a ApiResource),
}

/// All paths of a group-version, sorted.
pub(crate) fn routes(version: &ApiVersion) -> Vec<Route<'_>> {
    let base = version.path();
    let mut routes = vec![Route { path: format!("{base}/"), version, target: Target::Resources }];
    for resource in &version.resources {
        resource_routes(&base, resource, &mut |path, target| routes.push(Route { path, version, target }));
    }
    routes.sort_by(|a, b| a.path.cmp(&b.path));
    routes
}

fn resource_routes<'a>(base: &str, resource: &'a ApiResource, add: &mut dyn FnMut(String, Target<'a>)) {
    let has = |verb: &str| resource.verbs.iter().any(|v| v == verb);
    let scope = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let name = &resource.name;
    let collection = format!("{scope}/{name}");
    if has("list") && resource.namespaced {
        add(format!("{base}/{name}"), Target::Collection { resource, all: true });
    }
    if has("list") || has("create") || has("deletecollection") {
        add(format!("{base}{collection}"), Target::Collection { resource, all: false });
    }
    if has("get") || has("update") || has("patch") || has("delete") {
        add(format!("{base}{collection}/{{name}}"), Target::Object(resource));
    }
    for sub in &resource.subresources {
        let path = format!("{base}{collection}/{{name}}/{}", sub.name);
        if sub.name == "proxy" {
            add(format!("{path}/{{path}}"), Target::Sub { resource, sub, deeper: true });
        }
        add(path, Target::Sub { resource, sub, deeper: false });
    }
    if has("watch") {
        if resource.namespaced {
            add(format!("{base}/watch/{name}"), Target::WatchCollection { resource, all: true });
        }
        add(format!("{base}/watch{collection}"), Target::WatchCollection { resource, all: false });
        add(format!("{base}/watch{collection}/{{name}}"), Target::WatchObject(resource));
    }
}

impl Route<'_> {
    /// The operations of this path.
    pub fn item(&self, describe: Describe) -> PathItem {
        let operations = match self.target {
            Target::Resources => vec![self.resources()],
            Target::Collection { resource, all: true } => vec![self.list(resource, true, describe)],
            Target::Collection { resource, all: false } => self.collection(resource, describe),
            Target::Object(resource) => self.object(resource, describe),
            Target::Sub { resource, sub, .. } if is_connect(sub) => self.connect(resource, sub, describe),
            Target::Sub { resource, sub, .. } => self.subresource(resource, sub, describe),
            Target::WatchCollection { resource, all } => {
                let suffix = if all { "ListForAllNamespaces" } else { "List" };
                vec![self.watch(resource, all, suffix, "watchlist", describe)]
            }
            Target::WatchObject(resource) => vec![self.watch(resource, false, "", "watch", describe)],
        };
        PathItem { path: self.path.clone(), operations }
    }

    fn resources(&self) -> Operation {
        let mut operation = self.operation("get", "", "Lists the resources of this version");
        operation.id = format!("get{}APIResources", self.id_prefix());
        operation.answer = Answer::Schema(format!("{META}.APIResourceList"));
        operation.consumes = if self.version.custom { CUSTOM } else { NORMAL };
        operation
    }

    fn collection(&self, resource: &ApiResource, describe: Describe) -> Vec<Operation> {
        let has = |verb: &str| resource.verbs.iter().any(|v| v == verb);
        let mut operations = Vec::new();
        if has("list") {
            operations.push(self.list(resource, false, describe));
        }
        if has("create") {
            let mut create = self.write("post", "create", resource, "Creates a", describe);
            create.codes = &[200, 201, 202];
            operations.push(create);
        }
        if has("deletecollection") {
            operations.push(self.delete_collection(resource, describe));
        }
        operations
    }

    fn object(&self, resource: &ApiResource, describe: Describe) -> Vec<Operation> {
        let has = |verb: &str| resource.verbs.iter().any(|v| v == verb);
        let mut operations = Vec::new();
        if has("get") {
            operations.push(self.read(resource));
        }
        if has("update") {
            operations.push(self.write("put", "replace", resource, "Replaces the", describe));
        }
        if has("delete") {
            operations.push(self.delete(resource, describe));
        }
        if has("patch") {
            operations.push(self.write("patch", "patch", resource, "Changes some fields of the", describe));
        }
        operations
    }

    fn list(&self, resource: &ApiResource, all: bool, describe: Describe) -> Operation {
        let mut operation = self.about(resource, "get", "list", "Lists or watches", all);
        operation.id = self.id("list", resource, all, if all { "ForAllNamespaces" } else { "" });
        operation.params.extend(params::options("ListOptions", describe));
        operation.answer = Answer::Schema(schema_name(self.version, resource) + "List");
        operation.produces = if self.version.custom { CUSTOM_STREAMS } else { STREAMS };
        operation
    }

    fn watch(
        &self,
        resource: &ApiResource,
        all: bool,
        suffix: &str,
        action: &'static str,
        describe: Describe,
    ) -> Operation {
        let words = "Watches; a list with the watch parameter does the same:";
        let mut operation = self.about(resource, "get", action, words, all);
        operation.id = self.id("watch", resource, all, suffix);
        operation.params.extend(params::options("ListOptions", describe));
        operation.answer = Answer::Schema(format!("{META}.WatchEvent"));
        operation.produces = if self.version.custom { CUSTOM_STREAMS } else { STREAMS };
        if action == "watch" {
            operation.params.push(params::path("name", &resource.kind));
        }
        operation
    }

    fn read(&self, resource: &ApiResource) -> Operation {
        let mut operation = self.about(resource, "get", "get", "Reads the", false);
        operation.id = self.id("read", resource, false, "");
        operation.params.push(params::path("name", &resource.kind));
        operation
    }

    /// `post`, `put` and `patch`.
    fn write(
        &self,
        method: &'static str,
        verb: &str,
        resource: &ApiResource,
        words: &str,
        describe: Describe,
    ) -> Operation {
        let mut operation = self.about(resource, method, method, words, false);
        operation.id = self.id(verb, resource, false, "");
        if method != "post" {
            operation.params.push(params::path("name", &resource.kind));
        }
        self.written(&mut operation, &schema_name(self.version, resource), describe);
        operation
    }

    /// Options and body of a write.
    fn written(&self, operation: &mut Operation, schema: &str, describe: Describe) {
        let (options, body, content) = match operation.method {
            "patch" if self.version.custom => ("PatchOptions", format!("{META}.Patch"), CUSTOM_PATCHES),
            "patch" => ("PatchOptions", format!("{META}.Patch"), PATCHES),
            "post" => ("CreateOptions", schema.to_owned(), ANY),
            _ => ("UpdateOptions", schema.to_owned(), ANY),
        };
        operation.params.extend(params::options(options, describe));
        operation.body = Some(Body { schema: body, required: true, content });
        operation.codes = &[200, 201];
    }

    fn delete(&self, resource: &ApiResource, describe: Describe) -> Operation {
        let mut operation = self.about(resource, "delete", "delete", "Deletes the", false);
        operation.id = self.id("delete", resource, false, "");
        operation.params.push(params::path("name", &resource.kind));
        operation.params.extend(params::options("DeleteOptions", describe));
        operation.body = Some(delete_body());
        operation.codes = &[200, 202];
        if !DELETION_RETURNS_OBJECT.contains(&resource.kind.as_str()) {
            operation.answer = Answer::Schema(format!("{META}.Status"));
        }
        operation
    }

    fn delete_collection(&self, resource: &ApiResource, describe: Describe) -> Operation {
        let mut operation = self.about(resource, "delete", "deletecollection", "Deletes all matching", false);
        operation.id = self.id("deleteCollection", resource, false, "");
        let list = params::options("ListOptions", describe).into_iter();
        operation.params.extend(list.filter(|p| !matches!(&*p.name, "watch" | "allowWatchBookmarks")));
        operation.params.extend(params::options("DeleteOptions", describe));
        operation.body = Some(delete_body());
        operation.answer = Answer::Schema(format!("{META}.Status"));
        operation
    }

    fn subresource(
        &self,
        resource: &ApiResource,
        sub: &ApiSubresource,
        describe: Describe,
    ) -> Vec<Operation> {
        let schema = sub_schema_name(self.version, resource, sub);
        let verbs = [
            ("get", "get", "read", "Reads"),
            ("update", "put", "replace", "Replaces"),
            ("create", "post", "create", "Creates"),
            ("patch", "patch", "patch", "Changes some fields of"),
        ];
        let there = verbs.iter().filter(|(verb, ..)| sub.verbs.iter().any(|v| v == verb));
        let mut operations = Vec::new();
        for (_, method, verb, words) in there {
            let words = format!("{words} {} of the", sub.name);
            let mut operation = self.about(resource, method, method, &words, false);
            operation.id = self.id(verb, resource, false, &title(&sub.name));
            operation.kind = Some(sub_kind(sub));
            operation.answer = Answer::Schema(schema.clone());
            operation.params.push(params::path("name", &sub.kind));
            if *method != "get" {
                self.written(&mut operation, &schema, describe);
            }
            if *method == "post" {
                operation.codes = &[200, 201, 202];
            }
            if sub.name == "log" {
                operation.answer = Answer::Text;
                operation.produces = LOG;
                operation.params.extend(params::options("PodLogOptions", describe));
            }
            operations.push(operation);
        }
        operations
    }

    fn connect(&self, resource: &ApiResource, sub: &ApiSubresource, describe: Describe) -> Vec<Operation> {
        let allowed =
            |verb: &str| sub.verbs.iter().any(|v| v == verb) || (verb == "proxy" && sub.name == "proxy");
        let deeper = matches!(self.target, Target::Sub { deeper: true, .. });
        let suffix = title(&sub.name) + if deeper { "WithPath" } else { "" };
        let mut operations = Vec::new();
        for (method, _) in CONNECT.iter().filter(|(_, verb)| allowed(verb)) {
            let words = format!("Connects to {} of the", sub.name);
            let mut operation = self.about(resource, method, "connect", &words, false);
            let scope = if resource.namespaced { "Namespaced" } else { "" };
            operation.id =
                format!("connect{}{}{scope}{}{suffix}", self.id_prefix(), title(method), resource.kind);
            operation.kind = Some(sub_kind(sub));
            operation.answer = Answer::Text;
            operation.produces = ANY;
            operation.params.retain(|p| p.name != "pretty");
            operation.params.push(params::path("name", &sub.kind));
            operation.params.extend(params::options(&sub.kind, describe));
            if deeper {
                operation.params.push(params::path("path", ""));
            }
            operations.push(operation);
        }
        operations
    }

    /// An operation on a resource that answers with an object of its kind.
    fn about(
        &self,
        resource: &ApiResource,
        method: &'static str,
        action: &'static str,
        words: &str,
        all: bool,
    ) -> Operation {
        let mut operation = self.operation(method, action, &format!("{words} {}", resource.kind));
        operation.kind = Some(Kind {
            group: self.version.group.clone(),
            version: self.version.version.clone(),
            kind: resource.kind.clone(),
        });
        operation.answer = Answer::Schema(schema_name(self.version, resource));
        operation.params.push(params::pretty());
        if resource.namespaced && !all {
            operation.params.push(params::path("namespace", ""));
        }
        operation
    }

    fn operation(&self, method: &'static str, action: &'static str, summary: &str) -> Operation {
        Operation {
            method,
            id: String::new(),
            tag: tag(&self.version.group, &self.version.version),
            summary: summary.to_owned(),
            action,
            kind: None,
            params: Vec::new(),
            body: None,
            codes: &[200],
            answer: Answer::Text,
            produces: if self.version.custom { CUSTOM } else { NORMAL },
            consumes: ANY,
        }
    }

    fn id_prefix(&self) -> String {
        format!("{}{}", title(&group_word(&self.version.group)), title(&self.version.version))
    }

    /// The `operationId` of a verb on a resource.
    fn id(&self, verb: &str, resource: &ApiResource, all: bool, suffix: &str) -> String {
        let (verb, collection) =
            verb.split_once("Collection").map_or((verb, ""), |(verb, _)| (verb, "Collection"));
        let scope = if resource.namespaced && !all { "Namespaced" } else { "" };
        format!("{verb}{}{collection}{scope}{}{suffix}", self.id_prefix(), resource.kind)
    }
}

fn delete_body() -> Body {
    Body { schema: format!("{META}.DeleteOptions"), required: false, content: ANY }
}

/// Subresources that open a connection take an options kind instead of a body.
fn is_connect(sub: &ApiSubresource) -> bool {
    sub.kind.ends_with("Options")
}

fn sub_kind(sub: &ApiSubresource) -> Kind {
    Kind { group: sub.group.clone(), version: sub.version.clone(), kind: sub.kind.clone() }
}

/// The name of the schema of a resource's objects.
pub(crate) fn schema_name(version: &ApiVersion, resource: &ApiResource) -> String {
    match &resource.schema {
        Schema::Message(message) => message.name.to_owned(),
        Schema::Custom(_) => custom_name(&version.group, &version.version, &resource.kind),
    }
}

fn sub_schema_name(version: &ApiVersion, resource: &ApiResource, sub: &ApiSubresource) -> String {
    match &sub.schema {
        Some(Schema::Message(message)) => message.name.to_owned(),
        _ => schema_name(version, resource),
    }
}

/// The schema name of a custom kind: the group's labels reversed, then version and kind.
fn custom_name(group: &str, version: &str, kind: &str) -> String {
    let mut parts: Vec<&str> = group.split('.').rev().collect();
    parts.extend([version, kind]);
    parts.join(".")
}

/// A group as operation ids and tags name it: `rbac.authorization.k8s.io` is `rbacAuthorization`.
pub(crate) fn group_word(group: &str) -> String {
    if group.is_empty() {
        return "core".to_owned();
    }
    let mut parts = group.strip_suffix(".k8s.io").unwrap_or(group).split(['.', '-']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |word, part| word + &title(part))
}

fn tag(group: &str, version: &str) -> String {
    format!("{}_{version}", group_word(group))
}

/// The text with its first letter in upper case.
pub(crate) fn title(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_make_words() {
        for (group, word) in [
            ("", "core"),
            ("apps", "apps"),
            ("rbac.authorization.k8s.io", "rbacAuthorization"),
            ("example.org", "exampleOrg"),
        ] {
            assert_eq!(group_word(group), word);
        }
        assert_eq!(custom_name("stable.example.org", "v1", "Thing"), "org.example.stable.v1.Thing");
    }
}
