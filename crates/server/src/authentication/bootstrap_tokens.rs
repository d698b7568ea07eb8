//! Bootstrap tokens (`--enable-bootstrap-token-auth`), from the Secrets that the server has in memory.

use std::sync::Arc;

use api::Value;
use authn::TokenMember;
use authn::bootstrap::{BootstrapSecrets, BootstrapTokens, NAMESPACE};

use super::Making;
use crate::app::App;
use crate::late::Late;
use crate::registry::parse;

/// The Secrets of the server.
struct Secrets(Arc<Late<App>>);

impl BootstrapSecrets for Secrets {
    fn secret(&self, name: &str) -> Option<(Value, u64)> {
        let object = self.0.get()?.object("", "secrets", NAMESPACE, name)?;
        Some((parse(&object).ok()?, object.revision()))
    }

    fn revision(&self, name: &str) -> Option<u64> {
        Some(self.0.get()?.object("", "secrets", NAMESPACE, name)?.revision())
    }
}

/// Bootstrap tokens, when the flag is on.
pub(super) fn make(making: &Making<'_>) -> Result<Option<TokenMember>, String> {
    let secrets = Arc::new(Secrets(making.objects.clone()));
    let tokens = BootstrapTokens { secrets, audiences: making.audiences.to_vec() };
    Ok(making.config.enable_bootstrap_token_auth.then(|| TokenMember::Local(Arc::new(tokens))))
}
