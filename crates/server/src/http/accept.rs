//! Which encoding a client sends and which it wants (k8s.io/apiserver `handlers/negotiation`).

use api::request::Query;
use api::{ApiError, Reason};
pub(crate) use codec::object::Format;

/// The encodings in upstream's order; the first is the default.
const FORMATS: [Format; 3] = [Format::Json, Format::Yaml, Format::Protobuf];

/// The kind an object or list is to be shown as, instead of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As it is.
    Own,
    /// `Table` of this `meta.k8s.io` version.
    Table(String),
    /// `PartialObjectMetadata` of this `meta.k8s.io` version.
    Metadata(String),
    /// `PartialObjectMetadataList` of this `meta.k8s.io` version.
    MetadataList(String),
}

/// What a client wants to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// Encoding.
    pub format: Format,
    /// Shape.
    pub shape: Shape,
    /// Indented for people.
    pub pretty: bool,
}

/// What a client wants of an endpoint that can only show its objects as they are.
pub(crate) fn plain(accept: &str, pretty: bool) -> Result<Output, ApiError> {
    negotiate(accept, pretty, false)
}

/// What a client wants of an endpoint that can also show tables and metadata.
pub(crate) fn transformable(accept: &str, pretty: bool) -> Result<Output, ApiError> {
    negotiate(accept, pretty, true)
}

/// `?pretty=`, or a client known to be read by people.
pub(crate) fn wants_pretty(query: &Query, user_agent: &str) -> bool {
    match query.first("pretty").filter(|text| !text.is_empty()) {
        Some(text) => matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True"),
        None => ["curl", "Wget", "Mozilla/5.0"].iter().any(|prefix| user_agent.starts_with(prefix)),
    }
}

fn negotiate(accept: &str, pretty: bool, transforms: bool) -> Result<Output, ApiError> {
    if accept.is_empty() {
        return Ok(Output { format: Format::Json, shape: Shape::Own, pretty });
    }
    for clause in clauses(accept) {
        for format in FORMATS.into_iter().filter(|f| clause.covers(*f)) {
            if let Some((shape, asks_pretty)) = clause.shape(format, transforms) {
                return Ok(Output { format, shape, pretty: pretty || asks_pretty });
            }
        }
    }
    Err(not_acceptable())
}

/// Which of some media types a client wants most, by its place; nothing asked for is the first.
pub(crate) fn best(accept: &str, offered: &[&str]) -> Option<usize> {
    if accept.is_empty() {
        return Some(0);
    }
    clauses(accept).iter().find_map(|clause| offered.iter().position(|t| clause.covers_type(t)))
}

/// Refuses a client that names none of the media types of a route, before anything is negotiated (upstream's router
/// does, and knows no `type/*`).  Collections can also be watched.
pub(crate) fn route(accept: &str, is_collection: bool) -> Result<(), ApiError> {
    let named = |range: &str| {
        let media_type = range.split(';').next().unwrap_or("").trim();
        media_type == "*/*" || FORMATS.iter().any(|format| format.media_type() == media_type)
    };
    if accept.is_empty() || accept.split(',').any(named) {
        return Ok(());
    }
    let watched = FORMATS.iter().filter(|format| is_collection && **format != Format::Yaml);
    let watched = watched.map(|format| format!(", {};stream=watch", format.media_type()));
    let offered = supported() + &watched.collect::<String>();
    let message = format!("406: Not Acceptable\n\nAvailable representations: {offered}");
    Err(ApiError::new(Reason::NotAcceptable, message).with_details())
}

/// 406 with the encodings there are.
pub(crate) fn not_acceptable() -> ApiError {
    ApiError::new(
        Reason::NotAcceptable,
        format!("only the following media types are accepted: {}", supported()),
    )
}

fn supported() -> String {
    FORMATS.map(Format::media_type).join(", ")
}

/// The encoding of a body with this `Content-Type`; none given is JSON.
pub(crate) fn input(content_type: &str) -> Result<Format, ApiError> {
    let media_type = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if media_type.is_empty() {
        return Ok(Format::Json);
    }
    FORMATS
        .into_iter()
        .find(|f| f.media_type() == media_type)
        .ok_or_else(|| unsupported(&FORMATS.map(Format::media_type)))
}

/// 415 with the media types there are.
pub(crate) fn unsupported(accepted: &[&str]) -> ApiError {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: {}",
        accepted.join(", ")
    );
    ApiError::new(Reason::UnsupportedMediaType, message)
}

/// One media range of an Accept header.
#[derive(Debug)]
struct Clause<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: f32,
    parameters: Vec<(&'a str, &'a str)>,
}

/// The media ranges, best first: by quality, then the more exact one, then as written.
fn clauses(accept: &str) -> Vec<Clause<'_>> {
    let mut clauses: Vec<_> = accept.split(',').filter_map(clause).collect();
    clauses.sort_by(|a, b| b.rank().partial_cmp(&a.rank()).unwrap_or(std::cmp::Ordering::Equal));
    clauses
}

fn clause(text: &str) -> Option<Clause<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let (kind, subtype) = match parts.next()? {
        "*" => ("*", "*"),
        range => range.split_once('/')?,
    };
    let mut clause =
        Clause { kind: kind.trim(), subtype: subtype.trim(), quality: 1.0, parameters: Vec::new() };
    for (name, value) in parts.filter_map(|p| p.split_once('=')) {
        match name.trim() {
            "q" => clause.quality = value.trim().parse().unwrap_or(1.0),
            name => clause.parameters.push((name, value.trim())),
        }
    }
    Some(clause)
}

impl Clause<'_> {
    fn rank(&self) -> (f32, u8) {
        (self.quality, u8::from(self.kind != "*") + u8::from(self.subtype != "*"))
    }

    fn covers(&self, format: Format) -> bool {
        self.covers_type(format.media_type())
    }

    fn covers_type(&self, media_type: &str) -> bool {
        let (kind, subtype) = media_type.split_once('/').unwrap_or((media_type, ""));
        (self.kind == "*" && self.subtype == "*")
            || (self.kind == kind && (self.subtype == "*" || self.subtype == subtype))
    }

    /// The shape asked for; `None` when this endpoint cannot give it.
    fn shape(&self, format: Format, transforms: bool) -> Option<(Shape, bool)> {
        let (mut kind, mut group, mut version, mut pretty) = (None, "", "", false);
        for (name, value) in &self.parameters {
            match *name {
                "as" => kind = Some(*value),
                "g" => group = value,
                "v" => version = value,
                "pretty" => pretty = *value == "1",
                "stream" if !value.is_empty() && (*value != "watch" || format == Format::Yaml) => {
                    return None;
                }
                "sv" if !value.is_empty() => return None,
                _ => {}
            }
        }
        let Some(kind) = kind else {
            return (group.is_empty() && version.is_empty()).then_some((Shape::Own, pretty));
        };
        let known = transforms && group == "meta.k8s.io" && matches!(version, "v1" | "v1beta1");
        let shape = match kind {
            // Upstream has no protobuf form of tables.
            "Table" if format != Format::Protobuf => Shape::Table(version.to_owned()),
            "PartialObjectMetadata" => Shape::Metadata(version.to_owned()),
            "PartialObjectMetadataList" => Shape::MetadataList(version.to_owned()),
            _ => return None,
        };
        known.then_some((shape, pretty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(accept: &str) -> Option<Format> {
        plain(accept, false).ok().map(|o| o.format)
    }

    #[test]
    fn the_best_supported_clause_wins() {
        assert_eq!(format(""), Some(Format::Json));
        assert_eq!(format("*/*"), Some(Format::Json));
        assert_eq!(format("application/yaml"), Some(Format::Yaml));
        assert_eq!(
            format("application/json;q=0.5,application/vnd.kubernetes.protobuf"),
            Some(Format::Protobuf)
        );
        assert_eq!(format("text/html, application/*;q=0.1"), Some(Format::Json));
        assert_eq!(format("text/plain"), None);
        assert_eq!(format("application/json;stream=watch"), Some(Format::Json));
        assert_eq!(format("application/yaml;stream=watch"), None);
    }

    #[test]
    fn the_best_of_some_media_types() {
        let offered = ["application/json", "application/x@v1", "application/x.v1"];
        for (accept, want) in [
            ("", Some(0)),
            ("*/*", Some(0)),
            ("application/*", Some(0)),
            ("application/x@v1", Some(1)),
            ("application/json;q=0.5, application/x.v1", Some(2)),
            ("text/plain, application/json", Some(0)),
            ("text/plain", None),
        ] {
            assert_eq!(best(accept, &offered), want, "{accept}");
        }
    }

    #[test]
    fn a_shape_that_cannot_be_given_falls_through() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(transformable(kubectl, false).unwrap().shape, Shape::Table("v1".to_owned()));
        assert_eq!(plain(kubectl, false).unwrap().shape, Shape::Own);
        let unknown = "application/json;as=Tabel;v=v1;g=meta.k8s.io";
        assert_eq!(transformable(unknown, false).unwrap_err().code, 406);
    }

    #[test]
    fn people_read_what_is_pretty() {
        for (query, agent, want) in [
            ("", "kubectl/v1.36", false),
            ("", "curl/8.1", true),
            ("pretty=", "Mozilla/5.0 (X11)", true),
            ("pretty=true", "kubectl/v1.36", true),
            ("pretty=yes", "curl/8.1", false),
        ] {
            assert_eq!(wants_pretty(&Query::parse(query), agent), want, "{query} {agent}");
        }
    }

    #[test]
    fn bodies_are_json_unless_said_otherwise() {
        assert_eq!(input("").unwrap(), Format::Json);
        assert_eq!(input("application/json; charset=utf-8").unwrap(), Format::Json);
        assert_eq!(input("text/plain").unwrap_err().code, 415);
    }
}
