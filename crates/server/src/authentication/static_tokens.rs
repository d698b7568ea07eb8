//! Static bearer tokens from a file (`--token-auth-file`), read again when it changes.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use authn::{
    Answer, Generation, Identity, SystemRandom, TokenAuthenticator, TokenContext, TokenFile, TokenMember,
};

use super::Making;

const FLAG: &str = "--token-auth-file";

/// Knows the tokens of the file as it is now.
#[derive(Default)]
struct StaticTokens {
    file: ArcSwapOption<TokenFile>,
    generation: Generation,
}

impl TokenAuthenticator for StaticTokens {
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer {
        let grounds = self.generation.grounds(context.now);
        let answer = match &*self.file.load() {
            Some(file) => file.authenticate_token(token, context)?,
            None => None,
        };
        Ok(answer.map(|identity| Identity { grounds, ..identity }))
    }
}

/// The tokens of the flag's file.
pub(super) fn make(making: &Making<'_>) -> Result<Option<TokenMember>, String> {
    let Some(path) = making.config.token_auth_file.clone() else { return Ok(None) };
    let (tokens, audiences) = (Arc::<StaticTokens>::default(), making.audiences.to_vec());
    let member = TokenMember::Local(tokens.clone());
    let name = path.display().to_string();
    making.reloads.watch(FLAG, &[&path], move |contents| {
        let text = contents.first().map_or(&[][..], Vec::as_slice);
        let text = std::str::from_utf8(text).map_err(|e| format!("{name}: {e}"))?;
        let (file, warnings) =
            TokenFile::parse(text, &audiences, &SystemRandom).map_err(|e| format!("{name}: {e}"))?;
        for warning in warnings {
            tracing::warn!(file = %name, "{warning}");
        }
        tokens.file.store(Some(Arc::new(file)));
        tokens.generation.advance();
        Ok(())
    })?;
    Ok(Some(member))
}
