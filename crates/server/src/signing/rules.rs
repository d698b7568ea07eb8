//! What the cluster's signers sign (upstream's `pkg/apis/certificates` and its admission of subjects).

use super::request::{Name, Request};

/// Signs certificates of clients of the API.
pub(crate) const API_CLIENT: &str = "kubernetes.io/kube-apiserver-client";
/// Signs certificates that kubelets show to the API.
pub(crate) const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// Signs certificates that kubelets serve with.
pub(crate) const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";

const SIGNATURE: &str = "digital signature";
const ENCIPHERMENT: &str = "key encipherment";
const CLIENT: &str = "client auth";
const SERVER: &str = "server auth";

/// Usages of keys that these signers sign, with their bit.
pub(super) const KEY_USAGES: [(&str, u8); 2] = [(SIGNATURE, 0x80), (ENCIPHERMENT, 0x20)];
/// Purposes that these signers sign, with their object identifier.
pub(super) const PURPOSES: [(&str, &[u8]); 2] = [
    (SERVER, &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01]),
    (CLIENT, &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02]),
];

const NODES: &str = "system:nodes";
const NODE_PREFIX: &str = "system:node:";
const MASTERS: &str = "system:masters";

/// Whether a signer of ours signs this; `None` for another signer's request.
///
/// # Errors
/// Why it does not.
pub(crate) fn check(signer: &str, request: &Request, usages: &[&str]) -> Option<Result<(), String>> {
    match signer {
        API_CLIENT => Some(api_client(request, usages)),
        KUBELET_CLIENT => Some(kubelet_client(request, usages)),
        KUBELET_SERVING => Some(kubelet_serving(request, usages)),
        _ => None,
    }
}

fn api_client(request: &Request, usages: &[&str]) -> Result<(), String> {
    // Upstream's admission refuses such a request; a signature would make an owner of the cluster of anybody who may
    // approve.
    if request.organizations.iter().any(|o| o == MASTERS) {
        return Err(format!("use of {API_CLIENT} signer with {MASTERS} group is not allowed"));
    }
    if let Some(other) = usages.iter().find(|u| ![SIGNATURE, ENCIPHERMENT, CLIENT].contains(u)) {
        return Err(format!("invalid usage for client certificate: {other}"));
    }
    if !usages.contains(&CLIENT) {
        return Err(format!("missing required usage for client certificate: {CLIENT}"));
    }
    Ok(())
}

fn kubelet_client(request: &Request, usages: &[&str]) -> Result<(), String> {
    is_of_nodes(request)?;
    if let Some(name) = request.names.first() {
        let kind = match name {
            Name::Dns(_) => "DNS",
            Name::Mail(_) => "Email",
            Name::Address(_) => "IP",
            Name::Uri(_) => "URI",
        };
        return Err(format!("{kind} subjectAltNames are not allowed"));
    }
    is_a_node(request)?;
    match_usages(usages, CLIENT)
}

fn kubelet_serving(request: &Request, usages: &[&str]) -> Result<(), String> {
    is_of_nodes(request)?;
    if !request.names.iter().any(|n| matches!(n, Name::Dns(_) | Name::Address(_))) {
        return Err("DNS or IP subjectAltName is required".to_owned());
    }
    if request.names.iter().any(|n| matches!(n, Name::Mail(_))) {
        return Err("Email subjectAltNames are not allowed".to_owned());
    }
    if request.names.iter().any(|n| matches!(n, Name::Uri(_))) {
        return Err("URI subjectAltNames are not allowed".to_owned());
    }
    match_usages(usages, SERVER)?;
    is_a_node(request)
}

fn is_of_nodes(request: &Request) -> Result<(), String> {
    if request.organizations == [NODES] {
        return Ok(());
    }
    Err("subject organization is not system:nodes".to_owned())
}

fn is_a_node(request: &Request) -> Result<(), String> {
    if request.common_name.starts_with(NODE_PREFIX) {
        return Ok(());
    }
    Err("subject common name does not begin with system:node:".to_owned())
}

/// The usages are exactly those of a kubelet, with or without the one that only RSA keys have.
fn match_usages(usages: &[&str], purpose: &str) -> Result<(), String> {
    let only = usages.iter().all(|u| [SIGNATURE, ENCIPHERMENT, purpose].contains(u));
    if only && usages.contains(&SIGNATURE) && usages.contains(&purpose) {
        return Ok(());
    }
    let mut all = [SIGNATURE, ENCIPHERMENT, purpose];
    all.sort_unstable();
    Err(format!("usages did not match [{}]", all.join(" ")))
}
