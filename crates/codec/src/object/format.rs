//! Which encoding a body has, and how strictly it is read.

use api::{ApiError, Reason};

/// An encoding of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
}

impl Format {
    /// All of them, as upstream lists them.
    pub const ALL: &'static [Self] = &[Self::Json, Self::Yaml, Self::Protobuf];
    /// Those of custom resources.
    pub const TEXT: &'static [Self] = &[Self::Json, Self::Yaml];

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }

    /// The encoding that a request's `Content-Type` names, parameters aside; JSON when it names none.
    ///
    /// # Errors
    /// 415 when it is none of those accepted.
    pub fn of_request(content_type: &str, accepted: &[Self]) -> Result<Self, ApiError> {
        let media_type = content_type.split(';').next().unwrap_or("").trim();
        let named = |format: &&Self| {
            format.media_type().eq_ignore_ascii_case(media_type)
                || content_type.is_empty() && **format == Self::Json
        };
        accepted.iter().find(named).copied().ok_or_else(|| {
            let types: Vec<&str> = accepted.iter().map(|format| format.media_type()).collect();
            let message = format!(
                "the body of the request was in an unknown format - accepted media types include: {}",
                types.join(", ")
            );
            ApiError::new(Reason::UnsupportedMediaType, message)
        })
    }
}

/// What becomes of unknown and repeated fields of a body (`?fieldValidation=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Nothing.
    Ignore,
    /// The answer warns of them.
    #[default]
    Warn,
    /// The request fails.
    Strict,
}

impl FieldValidation {
    /// Reads the parameter; empty is [`FieldValidation::Warn`], `None` is for a value that is not allowed.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Ignore" => Some(Self::Ignore),
            "" | "Warn" => Some(Self::Warn),
            "Strict" => Some(Self::Strict),
            _ => None,
        }
    }
}
