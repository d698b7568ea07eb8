//! PATCH: JSON Patch, merge patch, strategic merge patch, server-side apply.

use api::{ApiError, Value};
use bytes::Bytes;
use codec::object::FieldValidation;
use hyper::StatusCode;

use super::{Exchange, scale, special, write};
use crate::decode;
use crate::http::accept;
use crate::http::options::{WriteKind, WriteOptions};
use crate::http::{Response, answer};
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
    let patch = Patch {
        kind,
        options: &options,
        target,
        value: parse_patch(kind, body, &options, &mut call.warnings)?,
    };
    if exchange.subresource.is_some_and(|s| s.name == "scale") {
        let applied = kind == PatchType::Apply;
        return scale::update(exchange, call, applied, |call, scale, parent| {
            let patched = match applied {
                true => call.apply_scale(scale, parent, &patch.value, options.force, &patch.target)?,
                false => patch.apply(call, scale)?,
            };
            write::check_name(exchange, &patched)?;
            Ok(patched)
        })
        .await;
    }
    let may_create = kind == PatchType::Apply && exchange.subresource.is_none();
    if may_create {
        special::check_create_on_update(exchange)?;
    }
    let updated = call.update(may_create, |call, live| patch.change(exchange, call, live.value)).await?;
    let status = if updated.created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = shaper.written(status, &updated.written)?;
    answer::warn(response.headers_mut(), &call.warnings);
    Ok(response)
}

/// Reads the patch itself; duplicate members of it are findings too.
fn parse_patch(
    kind: PatchType,
    body: &Bytes,
    options: &WriteOptions,
    warnings: &mut Vec<String>,
) -> Result<Value, ApiError> {
    let json = |context: &str| {
        let parsed = codec::json::parse(body).map_err(|e| ApiError::bad_request(format!("{context}{e}")))?;
        let found = parsed.duplicates.iter().map(|path| format!("duplicate field \"{path}\"")).collect();
        Ok::<_, ApiError>((parsed.value, found))
    };
    let (value, found): (Value, Vec<String>) = match kind {
        PatchType::Apply => {
            let parsed = codec::yaml::parse(body)
                .map_err(|e| ApiError::bad_request(format!("error decoding YAML: {e}")))?;
            (parsed.value, parsed.duplicates.into_iter().collect())
        }
        PatchType::Strategic => json("")?,
        PatchType::Merge => json("error decoding patch: ")?,
        PatchType::Json => {
            let (value, mut found) = json("error decoding patch: ")?;
            if options.validation != FieldValidation::Ignore {
                found.extend(patch::json_patch::unknown_fields(&value)?);
            }
            (value, found)
        }
    };
    match options.validation {
        FieldValidation::Warn => warnings.extend(found),
        FieldValidation::Strict if !found.is_empty() => {
            return Err(ApiError::bad_request(format!("strict decoding error: {}", found.join(", "))));
        }
        _ => {}
    }
    Ok(value)
}

/// A patch that is ready to be put on an object, more than once if need be.
struct Patch<'a> {
    kind: PatchType,
    options: &'a WriteOptions,
    target: decode::Target,
    value: Value,
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
        write::check_name(exchange, &object)?;
        if self.kind != PatchType::Apply {
            call.track(live, &mut object);
        }
        Ok(object)
    }

    fn server_side(&self, call: &mut Call<'_>, live: Option<&Value>) -> Result<Value, ApiError> {
        let mut findings = Vec::new();
        let object = call.apply(live, &self.value, self.options.force, &mut findings)?;
        if self.options.validation == FieldValidation::Warn {
            call.warnings.extend(findings);
        }
        Ok(object)
    }

    /// The patched object, decoded and defaulted again.
    fn apply(&self, call: &mut Call<'_>, live: &Value) -> Result<Value, ApiError> {
        let mut rest = self.value.clone();
        let patched = match self.kind {
            PatchType::Json => patch::json_patch(live.clone(), &self.value)?,
            PatchType::Merge => patch::merge_patch(live.clone(), rest.clone())?,
            PatchType::Strategic => patch::strategic_merge(live.clone(), &mut rest, self.target.message)?,
            PatchType::Apply => return self.server_side(call, Some(live)),
        };
        let text = match self.kind {
            PatchType::Strategic => patch::go_text(&rest),
            _ => api::json::to_string(&patched),
        };
        let mut findings = Vec::new();
        let object = decode::value(patched, &self.target, &mut findings)
            .map_err(|why| patch::undecodable(&text, &why.to_string()))?;
        match self.options.validation {
            FieldValidation::Warn => call.warnings.extend(findings),
            FieldValidation::Strict if !findings.is_empty() => {
                return Err(patch::undecodable(
                    &text,
                    &format!("strict decoding error: {}", findings.join(", ")),
                ));
            }
            _ => {}
        }
        Ok(object)
    }
}
