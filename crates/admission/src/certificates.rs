//! `CertificateApproval`, `CertificateSigning` and `CertificateSubjectRestriction`: who may approve and sign requests for
//! certificates, signer by signer, and what nobody may ask for.

use api::{ApiError, Value, field};

use crate::{Attributes, Operation, Plugin, Question, World};

const GROUP: &str = "certificates.k8s.io";
const RESOURCE: &str = "certificatesigningrequests";
/// The signer whose certificates make users of the API.
const API_CLIENT: &str = "kubernetes.io/kube-apiserver-client";
/// The group that may do anything.
const MASTERS: &str = "system:masters";

/// Whoever approves or denies a request may `approve` for its signer.
#[derive(Debug)]
pub(crate) struct CertificateApproval;

/// Whoever writes a certificate, or says that there is none, may `sign` for the signer.
#[derive(Debug)]
pub(crate) struct CertificateSigning;

/// Nobody asks for a certificate that may do anything.
#[derive(Debug)]
pub(crate) struct CertificateSubjectRestriction;

impl Plugin for CertificateApproval {
    fn validate(
        &self,
        attributes: &Attributes<'_>,
        _object: Option<&Value>,
        old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        let concerns =
            attributes.operation == Operation::Update && attributes.is(GROUP, RESOURCE, "approval");
        match old.filter(|_| concerns) {
            Some(old) => permitted(attributes, world, "approve", old),
            None => Ok(()),
        }
    }
}

impl Plugin for CertificateSigning {
    fn validate(
        &self,
        attributes: &Attributes<'_>,
        object: Option<&Value>,
        old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        let concerns = attributes.operation == Operation::Update && attributes.is(GROUP, RESOURCE, "status");
        let (Some(old), Some(new), true) = (old, object, concerns) else { return Ok(()) };
        let certificate = |request: &Value| request.str_at(&["status", "certificate"]).to_owned();
        let conditions = |request: &Value| request.array_at(&["status", "conditions"]).to_vec();
        if certificate(old) == certificate(new) && conditions(old) == conditions(new) {
            return Ok(());
        }
        permitted(attributes, world, "sign", old)
    }
}

impl Plugin for CertificateSubjectRestriction {
    fn validate(
        &self,
        attributes: &Attributes<'_>,
        object: Option<&Value>,
        _old: Option<&Value>,
        _world: &dyn World,
    ) -> Result<(), ApiError> {
        let concerns = attributes.operation == Operation::Create && attributes.is(GROUP, RESOURCE, "");
        let Some(request) = object.filter(|_| concerns) else { return Ok(()) };
        if request.str_at(&["spec", "signerName"]) != API_CLIENT {
            return Ok(());
        }
        let organizations = kinds::requested_organizations(request)
            .map_err(|why| attributes.forbidden(format!("failed to parse CSR: {why}")))?;
        if organizations.iter().any(|o| o == MASTERS) {
            let why = format!("use of {API_CLIENT} signer with {MASTERS} group is not allowed");
            return Err(attributes.forbidden(why));
        }
        Ok(())
    }
}

/// Fails unless the user may do this for the signer of a request, or for all signers of its domain.  The signer is that
/// of the request as it was: who changes it asks for the present one.
fn permitted(
    attributes: &Attributes<'_>,
    world: &dyn World,
    verb: &str,
    request: &Value,
) -> Result<(), ApiError> {
    let signer = request.str_at(&["spec", "signerName"]);
    let domain = signer.split('/').next().unwrap_or_default();
    let may = |name: &str| world.allows(&Question { verb, group: GROUP, resource: "signers", name });
    if may(signer) || may(&format!("{domain}/*")) {
        return Ok(());
    }
    let signer = field::go_quote(signer);
    Err(attributes.forbidden(format!("user not permitted to {verb} requests with signerName {signer}")))
}

#[cfg(test)]
mod tests;
