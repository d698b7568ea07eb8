//! Passwords (`Authorization: Basic`), which upstream has dropped, in a form that can be answered for.
//!
//! Entry points: [`PasswordFile`] knows hashes only, slow ones; [`Passwords`] asks it, for no longer than a bounded
//! number of others wait, with a memory for failures per user and address, and remembers who was right.

mod file;
mod throttle;

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use api::Secret;
use api::user::UserInfo;

use crate::TokenContext;
use crate::authenticator::{Answer, AnswerFuture, AuthnError, Credentials, Identity, RemoteAuthenticator};
use crate::cache::table::Table;
use crate::grounds::Generation;
use crate::random::Random;

pub use file::{PasswordFile, PasswordFileError};
use throttle::Throttle;

/// The longest password that is looked at, in bytes.
const LONGEST: usize = 1024;
/// How long a right password is remembered, in seconds; a change of the file ends it at once.
const KEEP_SECONDS: i64 = 60;

/// A name and a password as a request shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub name: String,
    /// The password.
    pub password: Secret,
}

/// Work that takes a processor for a while.
pub type Job = Box<dyn FnOnce() -> Option<UserInfo> + Send>;

/// Does work apart from requests, only so much at a time.
pub trait Worker: Send + Sync {
    /// The outcome of the work; `None` when there is too much of it already.
    fn work(&self, job: Job) -> Pin<Box<dyn Future<Output = Option<Option<UserInfo>>> + Send + '_>>;
}

/// Knows users by their passwords.
pub struct Passwords {
    file: ArcSwap<PasswordFile>,
    generation: Generation,
    right: Table,
    wrong: Throttle,
    worker: Arc<dyn Worker>,
}

impl Login {
    /// Reads an `Authorization` header; `None` when it is of another scheme.
    ///
    /// # Errors
    /// One of this scheme that cannot be read (RFC 7617).
    pub fn of_header(header: &str) -> Result<Option<Self>, AuthnError> {
        let Some((scheme, rest)) = header.trim().split_once(' ') else { return Ok(None) };
        if !scheme.eq_ignore_ascii_case("basic") {
            return Ok(None);
        }
        let malformed = || AuthnError::new("the Authorization header holds no name and password");
        let bytes = STANDARD.decode(rest.trim()).map_err(|_| malformed())?;
        let text = String::from_utf8(bytes).map_err(|_| malformed())?;
        let (name, password) = text.split_once(':').ok_or_else(malformed)?;
        if name.is_empty() || password.is_empty() || password.len() > LONGEST || text.contains('\0') {
            return Err(malformed());
        }
        Ok(Some(Self { name: name.to_owned(), password: Secret::new(password) }))
    }
}

impl Passwords {
    /// Asks a file; fails when there is no randomness for the keys of its tables.
    pub fn new(file: PasswordFile, worker: Arc<dyn Worker>, random: &dyn Random) -> Result<Self, AuthnError> {
        Ok(Self {
            file: ArcSwap::from_pointee(file),
            generation: Generation::default(),
            right: Table::new(KEEP_SECONDS, random)?,
            wrong: Throttle::new(random)?,
            worker,
        })
    }

    /// Asks another file from now on; nobody is remembered from the old one.
    pub fn replace(&self, file: PasswordFile) {
        self.file.store(Arc::new(file));
        self.generation.advance();
    }

    async fn login(&self, login: Login, peer: Option<IpAddr>, now: i64) -> Answer {
        // Grounds before content: see `Generation`.
        let grounds = self.generation.grounds(0);
        let name = [login.name.clone()];
        let context = TokenContext { audiences: &name, now };
        let hash = self.right.hash(login.password.expose(), &context);
        if let Some(identity) = self.right.find(&hash, now) {
            return Ok(Some(identity.as_ref().clone()));
        }
        if let Err(wait) = self.wrong.check(&login.name, peer, now) {
            return Err(AuthnError::new(format!(
                "too many wrong passwords for this user from this address, the next is looked at in {wait}s"
            )));
        }
        let (file, asked) = (self.file.load_full(), login.clone());
        let job: Job = Box::new(move || file.user(&asked.name, asked.password.expose()));
        match self.worker.work(job).await {
            None => Err(AuthnError::new("too many passwords are being looked at")),
            Some(None) => {
                self.wrong.failed(&login.name, peer, now);
                Err(AuthnError::new("wrong user or password"))
            }
            Some(Some(user)) => {
                self.wrong.succeeded(&login.name, peer);
                let identity = Identity { grounds, ..Identity::of(user) };
                self.right.remember(hash, &identity, now);
                Ok(Some(identity))
            }
        }
    }
}

impl RemoteAuthenticator for Passwords {
    fn concerns(&self, credentials: &Credentials) -> bool {
        credentials
            .authorization
            .is_some_and(|h| h.trim_start().get(..5).is_some_and(|s| s.eq_ignore_ascii_case("basic")))
    }

    fn authenticate<'a>(&'a self, credentials: &'a Credentials<'a>) -> AnswerFuture<'a> {
        Box::pin(async move {
            match Login::of_header(credentials.authorization.unwrap_or_default())? {
                Some(login) => self.login(login, credentials.peer, credentials.context.now).await,
                None => Ok(None),
            }
        })
    }
}

#[cfg(test)]
mod tests;
