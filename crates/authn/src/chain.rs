//! Every way of knowing who makes a request, in upstream's order: front proxy, certificate, password, tokens, anonymous.

use api::user::{ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, UserInfo};

use crate::authenticator::{Answer, AuthnError, Credentials, Identity, Member};
use crate::bearer::{self, Header};
use crate::cache::TokenCache;

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
    /// What is asked before bearer tokens, in this order.
    pub members: Vec<Member>,
    /// Bearer tokens, when there is any kind of them.
    pub tokens: Option<TokenCache>,
    /// Requests that show nothing.
    pub anonymous: Anonymous,
}

const INVALID_TOKEN: &str = "invalid bearer token";

impl Chain {
    /// Who makes this request?  Everybody is asked until one knows; whoever shows something that is wrong, and nothing
    /// that is right, is not anonymous but an error.  Nothing is allocated for the wait where nobody has to be waited
    /// for.
    pub async fn authenticate(&self, credentials: &Credentials<'_>) -> Answer {
        let mut errors = Vec::new();
        for member in &self.members {
            match member.authenticate(credentials).await {
                Ok(None) => {}
                Ok(Some(identity)) => return Ok(Some(with_group(identity))),
                Err(error) => errors.push(error),
            }
        }
        match self.by_header(credentials).await {
            Ok(None) => {}
            Ok(Some(identity)) => return Ok(Some(with_group(identity))),
            Err(error) => errors.push(error),
        }
        match self.by_websocket(credentials).await {
            Ok(None) => {}
            Ok(Some(identity)) => return Ok(Some(with_group(identity))),
            Err(error) => errors.push(error),
        }
        match AuthnError::all(errors) {
            Some(error) => Err(error),
            None => Ok(self.anonymous(credentials)),
        }
    }

    async fn by_header(&self, credentials: &Credentials<'_>) -> Answer {
        match bearer::header(credentials.authorization.unwrap_or("")) {
            // Upstream's loopback tokens are asked first and always add their text.
            Header::Token(token) => {
                let answer = self.by_token(token, credentials).await;
                answer.map_err(|why| {
                    AuthnError::all([AuthnError::new(INVALID_TOKEN), why.clone()]).unwrap_or(why)
                })
            }
            Header::None | Header::ExtraSpace => Ok(None),
        }
    }

    async fn by_websocket(&self, credentials: &Credentials<'_>) -> Answer {
        let Some(protocols) = credentials.websocket_protocols else { return Ok(None) };
        match bearer::websocket_token(protocols)? {
            None => Ok(None),
            Some(token) => self.by_token(&token, credentials).await,
        }
    }

    async fn by_token(&self, token: &str, credentials: &Credentials<'_>) -> Answer {
        let found = match &self.tokens {
            Some(tokens) => tokens.authenticate_token(token, &credentials.context).await?,
            None => None,
        };
        found.map(Some).ok_or_else(|| AuthnError::new(INVALID_TOKEN))
    }

    fn anonymous(&self, credentials: &Credentials<'_>) -> Option<Identity> {
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
    use crate::authenticator::{AnswerFuture, Authenticator, TokenAuthenticator, TokenContext, TokenMember};
    use crate::certificate::{Certificate, ClientCertificates};
    use crate::random::SystemRandom;
    use futures_util::FutureExt as _;
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
        let tokens = TokenCache::new(vec![TokenMember::Local(Arc::new(Tokens))], 10, &SystemRandom).unwrap();
        let members = vec![Member::Local(Arc::new(ClientCertificates))];
        Chain { members, tokens: Some(tokens), anonymous }
    }

    fn show(authorization: Option<&str>) -> Credentials<'_> {
        let context = TokenContext { audiences: &[], now: 0 };
        Credentials { path: "/healthz", ..Credentials::header(authorization, context) }
    }

    fn user(chain: &Chain, credentials: Credentials) -> Result<String, String> {
        let answer = chain.authenticate(&credentials).now_or_never().expect("nobody is far away");
        let identity = answer.map_err(|e| e.to_string())?;
        Ok(identity.map(|i| format!("{} {}", i.user.name, i.user.groups.join(","))).unwrap_or_default())
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
        assert_eq!(user(&some, Credentials { path: "/healthz/", ..show(None) }).unwrap(), "");
    }

    #[test]
    fn a_good_token_makes_up_for_a_bad_certificate() {
        let open = chain(Anonymous::Allowed);
        let bad = Certificate::Invalid("it is expired");
        let with = |authorization| Credentials { certificate: bad, ..show(authorization) };
        assert_eq!(user(&open, with(Some("Bearer bob"))).unwrap(), "bob dev,system:authenticated");
        assert_eq!(user(&open, with(None)).unwrap_err(), "it is expired");
        assert_eq!(
            user(&open, with(Some("Bearer broken"))).unwrap_err(),
            "[it is expired, invalid bearer token, it is broken]"
        );
        let off = Chain { members: Vec::new(), ..open };
        assert!(user(&off, with(None)).unwrap().starts_with(ANONYMOUS));
    }

    #[test]
    fn an_extra_space_is_pointed_out() {
        let chain = chain(Anonymous::Allowed);
        let answer = chain.authenticate(&show(Some("Bearer  bob"))).now_or_never().unwrap();
        let identity = answer.unwrap().unwrap();
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

    struct Never;

    impl Authenticator for Never {
        fn authenticate(&self, _: &Credentials) -> Answer {
            Ok(None)
        }
    }

    struct Slow;

    impl crate::RemoteAuthenticator for Slow {
        fn authenticate<'a>(&'a self, credentials: &'a Credentials<'a>) -> AnswerFuture<'a> {
            Box::pin(async move {
                Ok((credentials.path == "/slow").then(|| Identity::of(UserInfo::new("slow", ["far"]))))
            })
        }
    }

    #[test]
    fn members_of_both_kinds_are_asked_in_order() {
        let both = Chain {
            members: vec![Member::Local(Arc::new(Never)), Member::Remote(Arc::new(Slow))],
            ..chain(Anonymous::Refused)
        };
        let at = |path| Credentials { path, ..show(Some("Bearer bob")) };
        assert_eq!(user(&both, at("/slow")).unwrap(), "slow far,system:authenticated");
        assert_eq!(user(&both, at("/")).unwrap(), "bob dev,system:authenticated");
    }
}
