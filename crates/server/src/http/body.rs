//! Reading a request body within its limit.

use api::ApiError;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

/// The largest body of a request, in bytes (kube-apiserver's `MaxRequestBodyBytes`).
pub(crate) const LIMIT: usize = 3 * 1024 * 1024;

/// How much of a body that is too large is read and dropped, in bytes.
const DRAIN: usize = 8 * LIMIT;

/// Reads a whole body.
///
/// # Errors
/// 413 above [`LIMIT`]; 400 when the client breaks off.
pub(crate) async fn read(mut body: Incoming) -> Result<Bytes, ApiError> {
    if body.size_hint().lower() > LIMIT as u64 {
        return Err(too_large(body).await);
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| ApiError::bad_request(format!("cannot read the request body: {e}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > LIMIT {
            return Err(too_large(body).await);
        }
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// 413, once the client had a chance to send the rest: one that is still sending would not read the answer.
async fn too_large(mut body: Incoming) -> ApiError {
    let mut dropped = 0;
    while dropped < DRAIN
        && let Some(Ok(frame)) = body.frame().await
    {
        dropped += frame.data_ref().map_or(0, Bytes::len);
    }
    ApiError::too_large(format!("limit is {LIMIT}"))
}
