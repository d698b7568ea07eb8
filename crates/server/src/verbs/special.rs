//! Subresources that make something other than a new state of their object: `binding`, `eviction`, `token`.

use api::{ApiError, GroupResource, Value};
use authz::{Attributes, ResourceTarget};
use hyper::StatusCode;

use super::{Exchange, eviction, token};
use crate::http::{Response, answer};
use crate::registry::Call;

/// Answers a POST to a subresource.
///
/// # Errors
/// The refusal of any stage; 404 for a subresource that makes nothing.
pub(super) async fn create(
    exchange: &Exchange,
    call: &mut Call<'_>,
    body: Value,
) -> Result<Response, ApiError> {
    match exchange.subresource.map_or("", |s| s.name) {
        "binding" => bind(exchange, call, &exchange.name, body).await,
        "eviction" => eviction::evict(exchange, call, body).await,
        "token" => token::issue(exchange, call, body).await,
        _ => Err(ApiError::no_such_path()),
    }
}

/// Assigns a pod to a node (`pods/NAME/binding` and the older `bindings`).
///
/// # Errors
/// 400 for a binding of another pod, 409 for a pod that is assigned already.
pub(super) async fn bind(
    exchange: &Exchange,
    call: &mut Call<'_>,
    pod: &str,
    mut binding: Value,
) -> Result<Response, ApiError> {
    let own = binding.str_at(&["metadata", "name"]);
    if !own.is_empty() && own != pod {
        return Err(ApiError::bad_request("name in URL does not match name in Binding object"));
    }
    binding.set_at(&["metadata", "name"], pod);
    crate::registry::meta::ensure_namespace(&mut binding, &exchange.namespace)?;
    call.check_body("", "Binding", &binding).map_err(ApiError::unclassified)?;
    call.mutate(admission::Operation::Create, &mut binding, None)?;
    call.validate(admission::Operation::Create, Some(&binding), None)?;
    let pods = exchange.app.catalog.find("", "v1", "pods").ok_or_else(ApiError::no_such_path)?;
    let write = Call { served: pods, name: pod, subresource: "binding", ..call.clone() };
    let uid = binding.str_at(&["metadata", "uid"]).to_owned();
    write
        .amend(|call, object| {
            let have = object.str_at(&["metadata", "uid"]);
            if !uid.is_empty() && uid != have {
                let why =
                    format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {have}");
                return Err(crate::registry::conflict_in_storage(call, &why));
            }
            let refuse = |why| ApiError::conflict(&GroupResource::new("", "pods/binding"), pod, why);
            kinds::bind(object, &binding, &call.now.text()).map_err(refuse)
        })
        .await?;
    answer::value(StatusCode::CREATED, &answer::success(201, Value::Null), &exchange.output)
}

/// A write that may create what it names needs the right to create it.
///
/// # Errors
/// 403, only when there is nothing to change.
pub(super) async fn check_create_on_update(exchange: &Exchange) -> Result<(), ApiError> {
    let key = exchange.served.key(&exchange.namespace, &exchange.name);
    if exchange.insecure || exchange.app.store.get(&key).is_some() {
        return Ok(());
    }
    let target = ResourceTarget {
        group: exchange.served.table.group,
        version: exchange.served.table.version,
        resource: exchange.served.table.plural,
        namespace: &exchange.namespace,
        name: &exchange.name,
        ..ResourceTarget::default()
    };
    exchange.app.authorization.check(&Attributes::of_resource(&exchange.user, "create", target)).await
}
