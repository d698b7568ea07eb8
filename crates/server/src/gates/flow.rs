//! Flow control: no more requests in flight than the limits say.

use tokio::sync::OwnedSemaphorePermit;

use super::authenticate::Authenticated;
use crate::app::Flow;
use crate::pipeline::{self, Refusal};

/// A place among the requests in flight, given back when dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    _permit: Option<OwnedSemaphorePermit>,
}

/// Takes a place; admins and long-running requests need none.
///
/// # Errors
/// 429 when there is none.
pub(crate) fn admit(flow: &Flow, request: &Authenticated) -> Result<InFlight, Refusal> {
    let exempt = request.user().in_group(api::user::SYSTEM_MASTERS)
        || super::authorize::is_long_running(request.info());
    let reads = matches!(request.info().verb.as_str(), "get" | "list" | "watch" | "head" | "options");
    let limit = if reads { &flow.reads } else { &flow.writes };
    let permit = match limit {
        Some(places) if !exempt => {
            Some(places.clone().try_acquire_owned().map_err(|_| pipeline::too_many())?)
        }
        _ => None,
    };
    Ok(InFlight { _permit: permit })
}
