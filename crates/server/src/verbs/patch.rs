//! PATCH: JSON Patch, merge patch, strategic merge patch, server-side apply.

use api::{ApiError, Reason, Value};
use bytes::Bytes;
use codec::object::{Applied, FieldValidation};
use hyper::StatusCode;

use super::{Exchange, scale, special, write};
use crate::decode;
use crate::http::Response;
use crate::http::accept;
use crate::http::options::{WriteKind, WriteOptions};
use crate::registry::Call;

/// How a body changes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PatchType {
    Json,
    Merge,
    Strategic,
    Apply,
}

const TYPES: [(&str, PatchType); 4] = [
    ("application/json-patch+json", PatchType::Json),
    ("application/merge-patch+json", PatchType::Merge),
    ("application/strategic-merge-patch+json", PatchType::Strategic),
    ("application/apply-patch+yaml", PatchType::Apply),
];

impl PatchType {
    fn parse(content_type: &str) -> Result<Self, ApiError> {
        let media_type = content_type.split(';').next().unwrap_or("");
        let found = TYPES.iter().find(|(name, _)| *name == media_type);
        found.map(|(_, kind)| *kind).ok_or_else(|| accept::unsupported(&TYPES.map(|(name, _)| name)))
    }
}

/// Refuses a body that is no patch before anything else is looked at, as upstream's router does.
///
/// # Errors
/// 415.
pub(crate) fn check_patch_type(content_type: &str) -> Result<(), ApiError> {
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    match TYPES.iter().any(|(name, _)| *name == media_type) {
        true => Ok(()),
        false => {
            Err(ApiError::new(Reason::UnsupportedMediaType, "415: Unsupported Media Type").with_details())
        }
    }
}

/// PATCH of an object or of one of its subresources.
///
/// # Errors
/// The refusal of any stage.
pub(crate) async fn patch(exchange: &Exchange, body: &Bytes) -> Result<Response, ApiError> {
    let kind = PatchType::parse(&exchange.content_type)?;
    let write_kind = if kind == PatchType::Apply { WriteKind::Apply } else { WriteKind::Patch };
    let options = WriteOptions::parse(&exchange.query, write_kind)?;
    let shaper = exchange.shaper()?;
    let manager = exchange.manager(&options.manager);
    let mut call = exchange.call(&manager, options.dry_run);
    let target = decode::Target::of(&exchange.served, exchange.subresource)?;
    let patch = Patch { kind, options: &options, target, read: Read::of(kind, body, options.validation) };
    if exchange.subresource.is_some_and(|s| s.name == "scale") {
        let applied = kind == PatchType::Apply;
        return scale::update(exchange, call, applied, |call, scale, parent| {
            let patched = match applied {
                true => patch.apply_scale(call, scale, parent)?,
                false => patch.apply(call, scale)?,
            };
            write::check_name(exchange, &patched)?;
            Ok(patched)
        })
        .await;
    }
    let may_create = kind == PatchType::Apply && exchange.subresource.is_none();
    if may_create {
        special::check_create_on_update(exchange).await?;
    }
    let updated = call.update(may_create, |call, live| patch.change(exchange, call, live.value)).await?;
    let status = if updated.created { StatusCode::CREATED } else { StatusCode::OK };
    shaper.written(status, &updated.written)
}

/// The body of a PATCH.
#[derive(Debug)]
enum Read {
    /// A patch, and what strict validation has to say of it.
    Patch(Value, Vec<String>),
    /// The configuration of a server-side apply.
    Config(Applied),
    /// Neither.  Upstream reads the patch when it has the object, so that a missing object is the first to be told.
    Refused(ApiError),
}

impl Read {
    fn of(kind: PatchType, body: &[u8], validation: FieldValidation) -> Self {
        let strictly = validation != FieldValidation::Ignore;
        let outcome = match kind {
            PatchType::Apply => codec::object::decode_apply(body).map(Self::Config),
            PatchType::Json => operations(body, strictly).map(|(patch, found)| Self::Patch(patch, found)),
            PatchType::Merge if !strictly => match codec::json::parse(body) {
                Ok(parsed) if parsed.out_of_range.is_none() => Ok(Self::Patch(parsed.value, Vec::new())),
                _ => Err(ApiError::bad_request("Invalid JSON Patch")),
            },
            PatchType::Merge | PatchType::Strategic => {
                let context = if kind == PatchType::Merge { "error decoding patch: " } else { "" };
                let read = codec::object::decode_patch(body);
                let read = read.map_err(|why| ApiError::bad_request(format!("{context}{why}")));
                read.map(|patch| Self::Patch(patch.value, patch.strict))
            }
        };
        outcome.unwrap_or_else(Self::Refused)
    }
}

/// The operations of a JSON patch, and what strict validation has to say of them.
fn operations(body: &[u8], strictly: bool) -> Result<(Value, Vec<String>), ApiError> {
    let context = if strictly { "error decoding patch: " } else { "" };
    let refused = |why: &str| ApiError::bad_request(format!("{context}{why}"));
    let parsed = codec::json::parse(body).map_err(|e| refused(&e.to_string()))?;
    if let Some(number) = parsed.out_of_range {
        let why = format!("json: cannot unmarshal number {number} into Go value of type float64");
        return Err(refused(&why));
    }
    let mut found = Vec::new();
    if strictly {
        let twice = parsed.duplicates.iter().map(|path| format!("json patch duplicate field \"{path}\""));
        found.extend(twice);
        found.extend(patch::json_patch::unknown_fields(&parsed.value)?);
    }
    Ok((parsed.value, found))
}

/// A patch that is ready to be put on an object, more than once if need be.
struct Patch<'a> {
    kind: PatchType,
    options: &'a WriteOptions,
    target: decode::Target,
    read: Read,
}

impl Patch<'_> {
    /// The new state of an object, its field owners noted.
    fn change(
        &self,
        exchange: &Exchange,
        call: &mut Call<'_>,
        live: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let mut object = match (self.kind, live) {
            (PatchType::Apply, live) => self.server_side(call, live)?,
            (_, Some(live)) => self.apply(call, live)?,
            (_, None) => return Err(exchange.not_found()),
        };
        let uid = object.str_at(&["metadata", "uid"]);
        if live.is_none() && !uid.is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            );
            return Err(ApiError::conflict(&exchange.served.group_resource(), &exchange.name, why));
        }
        write::check_name(exchange, &object)?;
        if self.kind != PatchType::Apply {
            call.track(live, &mut object);
        }
        Ok(object)
    }

    fn server_side(&self, call: &mut Call<'_>, live: Option<&Value>) -> Result<Value, ApiError> {
        let config = self.config()?;
        let mut findings = Vec::new();
        let object = call.apply(live, &config.value, self.options.force, &mut findings)?;
        call.warnings.extend(config.check(self.options.validation)?);
        if self.options.validation == FieldValidation::Warn {
            call.warnings.extend(findings);
        }
        Ok(object)
    }

    fn apply_scale(&self, call: &mut Call<'_>, scale: &Value, parent: &Value) -> Result<Value, ApiError> {
        let config = self.config()?;
        let object = call.apply_scale(scale, parent, &config.value, self.options.force, &self.target)?;
        call.warnings.extend(config.check(self.options.validation)?);
        Ok(object)
    }

    fn config(&self) -> Result<&Applied, ApiError> {
        match &self.read {
            Read::Config(config) => Ok(config),
            Read::Refused(error) => Err(error.clone()),
            Read::Patch(..) => Err(ApiError::internal("a patch is no configuration to apply")),
        }
    }

    /// The patched object, decoded and defaulted again.
    fn apply(&self, call: &mut Call<'_>, live: &Value) -> Result<Value, ApiError> {
        let (patch, strict) = match &self.read {
            Read::Patch(patch, strict) => (patch, strict),
            Read::Refused(error) => return Err(error.clone()),
            Read::Config(_) => return self.server_side(call, Some(live)),
        };
        let (patched, _) = self.patched(patch, live)?;
        let refused = |why: &str| match self.text(patch, live) {
            Ok(text) => patch::undecodable(&text, why),
            Err(error) => error,
        };
        // A strategic merge works on the type, which no patch can change.
        if self.kind != PatchType::Strategic {
            codec::object::check_kind(&patched, &self.target.gvk()).map_err(|why| refused(&why))?;
        }
        let mut findings = strict.clone();
        let object =
            decode::value(patched, &self.target, &mut findings).map_err(|why| refused(&why.to_string()))?;
        match self.options.validation {
            FieldValidation::Warn => call.warnings.extend(findings),
            FieldValidation::Strict if !findings.is_empty() => {
                return Err(refused(&format!("strict decoding error: {}", findings.join(", "))));
            }
            _ => {}
        }
        Ok(object)
    }

    /// The patched document, and what a strategic merge has left of its patch.
    fn patched(&self, patch: &Value, live: &Value) -> Result<(Value, Value), ApiError> {
        let mut rest = Value::Null;
        let patched = match self.kind {
            PatchType::Json => patch::json_patch(live.clone(), patch)?,
            PatchType::Strategic => {
                rest = patch.clone();
                patch::strategic_merge(live.clone(), &mut rest, self.target.message)?
            }
            PatchType::Merge | PatchType::Apply => patch::merge_patch(live.clone(), patch.clone())?,
        };
        Ok((patched, rest))
    }

    /// What upstream shows of a patch whose outcome is no object; made anew, since only failures need it.
    fn text(&self, patch: &Value, live: &Value) -> Result<String, ApiError> {
        let (patched, rest) = self.patched(patch, live)?;
        Ok(match self.kind {
            PatchType::Strategic => patch::go_text(&rest),
            _ => api::json::to_string(&patched),
        })
    }
}
