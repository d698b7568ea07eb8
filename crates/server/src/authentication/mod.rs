//! Every way to be known, one file each, and the chain of them.
//!
//! Entry point: [`Authentication::new`].  A way in that takes bearer tokens is a file with a function [`Make`] and a
//! line of [`TOKEN_WAYS`], which is in the order in which they are asked (upstream's).

mod bootstrap_tokens;
mod external;
mod front_proxy;
mod iam;
mod jwt;
mod passwords;
mod service_accounts;
mod static_tokens;
mod webhook;

use std::sync::Arc;

use api::{ApiError, Value};
use authn::{Chain, ClientCertificates, FrontProxy, Member, SystemRandom, TokenCache, TokenMember};

use crate::app::App;
use crate::config::Config;
use crate::late::Late;
use crate::pki::Pki;
use crate::reload::Reloads;

pub(crate) use external::External;
pub(crate) use iam::CloudIam;
pub(crate) use jwt::Jwt;
pub(crate) use service_accounts::ServiceAccounts;

/// The authenticators of a server, and what issues its tokens.
pub(crate) struct Authentication {
    chain: Chain,
    /// Front proxies, whose headers no one else may send.
    pub front_proxy: FrontProxy,
    /// Audiences of this API.
    audiences: Vec<String>,
    /// Issues service-account tokens, and what they are checked with.
    pub accounts: Arc<ServiceAccounts>,
    /// Users that clouds vouch for.
    pub iam: Arc<CloudIam>,
    /// Issuers of other tokens.
    pub jwt: Jwt,
    /// The objects that tokens refer to; set when the server has its store.
    pub objects: Arc<Late<App>>,
}

/// What a way in may be made from.
struct Making<'a> {
    config: &'a Config,
    /// Audiences of this API.
    audiences: &'a [String],
    accounts: &'a Arc<ServiceAccounts>,
    iam: &'a Arc<CloudIam>,
    jwt: &'a Jwt,
    /// The server, when it is there.
    objects: &'a Arc<Late<App>>,
    reloads: &'a Reloads,
}

/// Makes a way in, `None` when no flag asks for it.  An error names the flag or file.
type Make = fn(&Making<'_>) -> Result<Option<TokenMember>, String>;

/// The ways in that take bearer tokens, in the order in which they are asked.
const TOKEN_WAYS: &[Make] = &[
    static_tokens::make,
    service_accounts::make_legacy,
    service_accounts::make,
    bootstrap_tokens::make,
    jwt::make,
    iam::make,
    webhook::make,
];

impl std::fmt::Debug for Authentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authentication")
    }
}

impl Authentication {
    /// The authenticators that the flags ask for; `external` has the keys of service-account tokens when it is there.
    ///
    /// # Errors
    /// The flag or file that cannot be used.
    pub(crate) fn new(
        config: &Config,
        pki: &Pki,
        reloads: &Reloads,
        external: Option<Arc<External>>,
    ) -> Result<Self, String> {
        let accounts = Arc::new(ServiceAccounts::new(config, pki, external)?);
        let audiences = accounts.issuer.audiences.clone();
        let objects = Arc::<Late<App>>::default();
        let iam = Arc::<CloudIam>::default();
        let jwt = Jwt::new(config, &audiences, reloads)?;
        let making = Making {
            config,
            audiences: &audiences,
            accounts: &accounts,
            iam: &iam,
            jwt: &jwt,
            objects: &objects,
            reloads,
        };
        let mut tokens = Vec::new();
        for make in TOKEN_WAYS {
            tokens.extend(make(&making)?);
        }
        let tokens = TokenCache::new(tokens, TokenCache::SUCCESS_SECONDS, &SystemRandom);
        let front_proxy = front_proxy::make(config)?;
        // Upstream's order: front proxy, certificate, password; bearer tokens follow.
        let mut members =
            vec![Member::Local(Arc::new(front_proxy.clone())), Member::Local(Arc::new(ClientCertificates))];
        if let Some(path) = &config.basic_auth_file {
            members.push(Member::Remote(passwords::make(path, reloads)?));
        }
        let chain = Chain {
            members,
            tokens: Some(tokens.map_err(|e| e.to_string())?),
            anonymous: jwt.anonymous(config),
        };
        Ok(Self { chain, front_proxy, audiences, accounts, iam, jwt, objects })
    }

    /// Every way in.
    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// True for a header that only a front proxy may send, and nobody behind authentication may see.
    pub(crate) fn owns_header(&self, name: &str) -> bool {
        self.front_proxy.owns(name)
    }

    /// Answers a TokenReview.
    ///
    /// # Errors
    /// 400 for a review without a token.
    pub(crate) async fn review(&self, app: &App, review: Value) -> Result<Value, ApiError> {
        authn::review::token_review(review, &self.chain, &self.audiences, app.now().seconds()).await
    }
}
