//! Tokens that a service elsewhere knows (`--authentication-token-webhook-config-file`).

use std::sync::Arc;

use authn::webhook::{ReviewVersion, TokenWebhook};
use authn::{SystemRandom, TokenMember};
use client::Config;

use super::Making;
use crate::webhook::{Webhook, of_kubeconfig};

/// The service of the flag's kubeconfig.
pub(super) fn make(making: &Making<'_>) -> Result<Option<TokenMember>, String> {
    let flags = &making.config.token_webhook;
    let Some(path) = &flags.config_file else { return Ok(None) };
    let failed = |why: String| format!("--authentication-token-webhook-config-file: {why}");
    let version = ReviewVersion::parse(&flags.version).ok_or_else(|| {
        format!(
            "--authentication-token-webhook-version: unsupported authentication webhook version {:?}, supported versions are \"v1\", \"v1beta1\"",
            flags.version
        )
    })?;
    let client: Config = of_kubeconfig(path).map_err(failed)?;
    let (timeout, limit) = (client.timeout, making.config.request_timeout);
    let callout = Arc::new(Webhook::new(client, "", timeout, limit).map_err(failed)?);
    let keep = i64::try_from(flags.cache_ttl.as_secs()).unwrap_or(i64::MAX);
    let webhook = TokenWebhook::new(callout, version, making.audiences.to_vec(), keep, &SystemRandom);
    let webhook = webhook.map_err(|e| e.to_string())?;
    Ok(Some(TokenMember::Remote(Arc::new(webhook))))
}
