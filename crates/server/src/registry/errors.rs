//! What the store's failures are to a client.

use api::{ApiError, Reason};
use store::CommitError;

use super::Call;

/// A failure of the store that is no conflict.
pub(crate) fn storage(error: CommitError) -> ApiError {
    match error {
        CommitError::TooLarge { limit, .. } => ApiError::too_large(format!("limit is {limit}")),
        CommitError::StorageFull(_) | CommitError::Unavailable(_) => {
            ApiError::new(Reason::ServiceUnavailable, error.to_string()).retry_after(1)
        }
        CommitError::Uncertain(_) => ApiError::timeout(error, 0),
        CommitError::Conflict(_) | CommitError::Invalid(_) => ApiError::internal(error),
    }
}

/// 409 for a precondition that failed inside upstream's storage layer, with its text.
pub(crate) fn conflict_in_storage(call: &Call<'_>, why: &str) -> ApiError {
    let place = if call.namespace.is_empty() { String::new() } else { format!("{}/", call.namespace) };
    let text = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{}/{place}{}, ResourceVersion: 0, AdditionalErrorMsg: {why}",
        call.served.table.plural, call.name
    );
    ApiError::conflict(&call.served.group_resource(), call.name, text)
}
