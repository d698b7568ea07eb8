//! Every way of knowing who makes a request, in upstream's order: certificate, tokens, anonymous.

use api::user::{ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, UserInfo};

use crate::authenticator::{Answer, Authenticator, Certificate, Credentials, Identity, TokenAuthenticator};
use crate::bearer::{self, Header};
use crate::cache::{TokenCache, join};
use crate::certificate;

/// What becomes of a request that shows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Anonymous {
    /// It is refused.
    #[default]
    Refused,
    /// It is let in as `system:anonymous`.
    Allowed,
    /// It is let in as `system:anonymous` on these paths.
    OnPaths(Vec<String>),
}

/// The authenticators of a server.
pub struct Chain {
    /// Client certificates count.
    pub certificates: bool,
    /// Bearer tokens, when there is any kind of them.
    pub tokens: Option<TokenCache>,
    /// Requests that show nothing.
    pub anonymous: Anonymous,
}

const INVALID_TOKEN: &str = "invalid bearer token";

impl Authenticator for Chain {
    /// Whoever shows something that is wrong, and nothing that is right, is not anonymous but an error.
    fn authenticate(&self, credentials: &Credentials) -> Answer {
        let mut errors = Vec::new();
        let steps = [Self::by_certificate, Self::by_header, Self::by_websocket];
        for step in steps {
            match step(self, credentials) {
                Ok(None) => {}
                Ok(Some(identity)) => return Ok(Some(with_group(identity))),
                Err(texts) => errors.extend(texts),
            }
        }
        match join(errors) {
            Some(error) => Err(error),
            None => Ok(self.anonymous(credentials)),
        }
    }
}

type Step = Result<Option<Identity>, Vec<String>>;

impl Chain {
    fn by_certificate(&self, credentials: &Credentials) -> Step {
        match credentials.certificate {
            Certificate::Verified(leaf) if self.certificates => {
                certificate::user(leaf).map(|user| user.map(Identity::of)).map_err(|e| vec![e.to_string()])
            }
            Certificate::Invalid(why) if self.certificates => {
                Err(vec![format!("verifying the client certificate failed: {why}")])
            }
            _ => Ok(None),
        }
    }

    fn by_header(&self, credentials: &Credentials) -> Step {
        match bearer::header(credentials.authorization.unwrap_or("")) {
            // Upstream's loopback tokens are asked first and always add their text.
            Header::Token(token) => self
                .by_token(token, credentials)
                .map_err(|why| std::iter::once(INVALID_TOKEN.to_owned()).chain(why).collect()),
            Header::None | Header::ExtraSpace => Ok(None),
        }
    }

    fn by_websocket(&self, credentials: &Credentials) -> Step {
        let Some(protocols) = credentials.websocket_protocols else { return Ok(None) };
        match bearer::websocket_token(protocols) {
            Ok(None) => Ok(None),
            Ok(Some(token)) => self.by_token(&token, credentials),
            Err(error) => Err(vec![error.to_string()]),
        }
    }

    fn by_token(&self, token: &str, credentials: &Credentials) -> Step {
        let answer = self.tokens.as_ref().map(|t| t.authenticate_token(token, &credentials.context));
        match answer {
            Some(Ok(Some(identity))) => Ok(Some(identity)),
            Some(Err(error)) => Err(vec![error.to_string()]),
            Some(Ok(None)) | None => Err(vec![INVALID_TOKEN.to_owned()]),
        }
    }

    fn anonymous(&self, credentials: &Credentials) -> Option<Identity> {
        let allowed = match &self.anonymous {
            Anonymous::Refused => false,
            Anonymous::Allowed => true,
            Anonymous::OnPaths(paths) => paths.iter().any(|p| p == credentials.path),
        };
        let space = bearer::header(credentials.authorization.unwrap_or("")) == Header::ExtraSpace;
        allowed.then(|| Identity {
            audiences: credentials.context.audiences.to_vec(),
            warnings: space.then(|| bearer::EXTRA_SPACE.to_owned()).into_iter().collect(),
            ..Identity::of(UserInfo::anonymous())
        })
    }
}

/// Adds `system:authenticated`, unless the user is anonymous or its groups say already what it is.
fn with_group(mut identity: Identity) -> Identity {
    let user = &mut identity.user;
    if user.name != ANONYMOUS && !user.in_group(AUTHENTICATED) && !user.in_group(UNAUTHENTICATED) {
        user.groups.push(AUTHENTICATED.to_owned());
    }
    identity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticator::{AuthnError, TokenContext};
    use crate::random::SystemRandom;
    use std::sync::Arc;

    struct Tokens;

    impl TokenAuthenticator for Tokens {
        fn authenticate_token(&self, token: &str, _: &TokenContext) -> Answer {
            match token {
                "broken" => Err(AuthnError::new("it is broken")),
                "bob" => Ok(Some(Identity::of(UserInfo::new("bob", ["dev"])))),
                "fake" => Ok(Some(Identity::of(UserInfo::new(ANONYMOUS, [UNAUTHENTICATED])))),
                _ => Ok(None),
            }
        }
    }

    fn chain(anonymous: Anonymous) -> Chain {
        let tokens = TokenCache::new(vec![Arc::new(Tokens)], 10, &SystemRandom).unwrap();
        Chain { certificates: true, tokens: Some(tokens), anonymous }
    }

    fn show(authorization: Option<&str>) -> Credentials<'_> {
        Credentials {
            certificate: Certificate::None,
            authorization,
            websocket_protocols: None,
            path: "/healthz",
            context: TokenContext { audiences: &[], now: 0 },
        }
    }

    fn user(chain: &Chain, credentials: Credentials) -> Result<String, String> {
        let answer = chain.authenticate(&credentials).map_err(|e| e.to_string())?;
        Ok(answer.map(|i| format!("{} {}", i.user.name, i.user.groups.join(","))).unwrap_or_default())
    }

    #[test]
    fn tokens_and_anonymous() {
        let open = chain(Anonymous::Allowed);
        assert_eq!(user(&open, show(Some("Bearer bob"))).unwrap(), "bob dev,system:authenticated");
        assert_eq!(user(&open, show(None)).unwrap(), "system:anonymous system:unauthenticated");
        assert_eq!(
            user(&open, show(Some("Bearer fake"))).unwrap(),
            "system:anonymous system:unauthenticated"
        );
        assert_eq!(user(&open, show(Some("Bearer x"))).unwrap_err(), "invalid bearer token");
        assert_eq!(
            user(&open, show(Some("Bearer broken"))).unwrap_err(),
            "[invalid bearer token, it is broken]"
        );
        assert_eq!(user(&chain(Anonymous::Refused), show(None)).unwrap(), "");
        let some = chain(Anonymous::OnPaths(vec!["/healthz".into()]));
        assert!(!user(&some, show(None)).unwrap().is_empty());
        assert_eq!(user(&some, Credentials { path: "/api", ..show(None) }).unwrap(), "");
    }

    #[test]
    fn a_good_token_makes_up_for_a_bad_certificate() {
        let open = chain(Anonymous::Allowed);
        let bad = Certificate::Invalid("expired");
        let with = |authorization| Credentials { certificate: bad, ..show(authorization) };
        assert_eq!(user(&open, with(Some("Bearer bob"))).unwrap(), "bob dev,system:authenticated");
        assert_eq!(user(&open, with(None)).unwrap_err(), "verifying the client certificate failed: expired");
        let off = Chain { certificates: false, ..open };
        assert!(user(&off, with(None)).unwrap().starts_with(ANONYMOUS));
    }

    #[test]
    fn an_extra_space_is_pointed_out() {
        let identity = chain(Anonymous::Allowed).authenticate(&show(Some("Bearer  bob"))).unwrap().unwrap();
        assert_eq!((identity.user.name.as_str(), identity.warnings.len()), (ANONYMOUS, 1));
    }

    #[test]
    fn websockets() {
        let open = chain(Anonymous::Allowed);
        let with = |p| Credentials { websocket_protocols: Some(p), ..show(None) };
        let token = "v4.channel.k8s.io,base64url.bearer.authorization.k8s.io.Ym9i";
        assert_eq!(user(&open, with(token)).unwrap(), "bob dev,system:authenticated");
        assert!(user(&open, with("v4.channel.k8s.io")).unwrap().starts_with(ANONYMOUS));
        assert!(user(&open, with("base64url.bearer.authorization.k8s.io.Ym9i")).is_err());
    }
}
