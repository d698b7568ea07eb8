//! The paths beside the group-versions: the groups, the version, the token issuer.  Entry point: [`paths`].

use crate::{
    Listing,
    model::{Answer, Operation, PathItem},
    operations::{group_word, title},
};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const NORMAL: &[&str] = &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const JSON: &[&str] = &["application/json"];
const KEYS: &[&str] = &["application/jwk-set+json"];

/// A path with one read-only operation and a document of its own.
pub(crate) struct OtherPath {
    /// The path of its OpenAPI 3 document below `/openapi/v3/`.
    pub document: String,
    id: String,
    tag: String,
    summary: &'static str,
    /// Name of the schema of the answer; `None` for text.
    schema: Option<String>,
    content: &'static [&'static str],
    /// What dialect 2 says a request may carry.
    consumes: &'static [&'static str],
}

impl OtherPath {
    /// The path and its operation.
    pub fn item(self) -> PathItem {
        let operation = Operation {
            method: "get",
            id: self.id,
            tag: self.tag,
            summary: self.summary.to_owned(),
            action: "",
            kind: None,
            params: Vec::new(),
            body: None,
            codes: &[200],
            answer: self.schema.map_or(Answer::Text, Answer::Schema),
            produces: self.content,
            consumes: self.consumes,
        };
        PathItem { path: format!("/{}/", self.document), operations: vec![operation] }
    }
}

/// All of them.
pub(crate) fn paths(listing: &Listing) -> Vec<OtherPath> {
    let plain = |document: &str, id: &str, tag: &str, summary, schema: Option<&str>, content| OtherPath {
        document: document.to_owned(),
        id: id.to_owned(),
        tag: tag.to_owned(),
        summary,
        schema: schema.map(str::to_owned),
        content,
        consumes: if content == NORMAL { NORMAL } else { &[] },
    };
    let meta = |kind: &str| format!("{META}.{kind}");
    let info = "io.k8s.apimachinery.pkg.version.Info";
    let mut paths = vec![
        plain(
            ".well-known/openid-configuration",
            "getServiceAccountIssuerOpenIDConfiguration",
            "WellKnown",
            "Describes the issuer of service account tokens (OpenID Connect discovery)",
            None,
            JSON,
        ),
        plain(
            "api",
            "getCoreAPIVersions",
            "core",
            "Lists the API versions",
            Some(&meta("APIVersions")),
            NORMAL,
        ),
        plain("apis", "getAPIVersions", "apis", "Lists the API groups", Some(&meta("APIGroupList")), NORMAL),
        plain(
            "openid/v1/jwks",
            "getServiceAccountIssuerOpenIDKeyset",
            "openid",
            "The public keys that service account tokens are verified with",
            None,
            KEYS,
        ),
        OtherPath {
            consumes: JSON,
            ..plain("version", "getCodeVersion", "version", "The version of the server", Some(info), JSON)
        },
    ];
    for group in listing.groups().filter_map(|versions| versions.first()) {
        let word = group_word(&group.group);
        let id = format!("get{}APIGroup", title(&word));
        let document = format!("apis/{}", group.group);
        paths.push(plain(&document, &id, &word, "Describes a group", Some(&meta("APIGroup")), NORMAL));
    }
    paths
}
