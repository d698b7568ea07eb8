//! What a request shows of who sends it: tokens that are given, read from files or made by plug-ins, and passwords.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::exec::{Credential, ExecPlugin};
use crate::{Error, Kind};

/// A token file is read again after this time (client-go's period of a minute, less its leeway).
const REREAD: Duration = Duration::from_secs(50);
/// Longest token file.
const LONGEST_TOKEN: u64 = 1 << 20;

/// Who we say we are, besides a client certificate.
#[derive(Clone, Debug, Default)]
pub enum Authentication {
    /// Nobody.
    #[default]
    Nothing,
    /// Whoever a bearer token stands for.
    Token(Secret),
    /// Whoever the token in a file stands for.
    TokenFile(TokenFile),
    /// A user with a password.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: Secret,
    },
    /// Whoever a plug-in says.
    Exec(Arc<ExecPlugin>),
}

/// A file with a bearer token, read again about once a minute; what was read last counts while it cannot be read.
#[derive(Clone)]
pub struct TokenFile {
    path: PathBuf,
    last: Arc<Mutex<(Instant, Secret)>>,
}

impl TokenFile {
    /// Reads the file; `otherwise` is the token that counts when that fails.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub fn open(path: PathBuf, otherwise: Option<Secret>) -> Result<Self, String> {
        let token = read(&path).or_else(|why| otherwise.ok_or(why))?;
        Ok(Self { path, last: Arc::new(Mutex::new((Instant::now(), token))) })
    }

    fn token(&self) -> Secret {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0.elapsed() >= REREAD {
            match read(&self.path) {
                Ok(token) => *last = (Instant::now(), token),
                Err(error) => tracing::warn!(%error, "keeping the token that was read before"),
            }
        }
        last.1.clone()
    }
}

impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenFile({})", self.path.display())
    }
}

fn read(path: &Path) -> Result<Secret, String> {
    use std::io::Read as _;
    let named = |why: String| format!("{}: {why}", path.display());
    let file = std::fs::File::open(path).map_err(|e| named(e.to_string()))?;
    let mut text = String::new();
    file.take(LONGEST_TOKEN).read_to_string(&mut text).map_err(|e| named(e.to_string()))?;
    let token = text.trim();
    if token.is_empty() { Err(named("no token in it".to_owned())) } else { Ok(Secret::new(token)) }
}

/// What one request shows.
pub(crate) struct Shown {
    /// The `Authorization` header.
    pub authorization: Option<Secret>,
    /// What a plug-in made, with its certificate.
    pub made: Option<Arc<Credential>>,
}

impl Authentication {
    /// What the next request shows.
    ///
    /// # Errors
    /// A plug-in that fails.
    pub(crate) async fn shown(&self) -> Result<Shown, Error> {
        let bearer = |token: &Secret| Some(Secret::new(format!("Bearer {}", token.expose())));
        let authorization = match self {
            Self::Nothing => None,
            Self::Token(token) => bearer(token),
            Self::TokenFile(file) => bearer(&file.token()),
            Self::Basic { username, password } => {
                let login = STANDARD.encode(format!("{username}:{}", password.expose()));
                Some(Secret::new(format!("Basic {login}")))
            }
            Self::Exec(plugin) => {
                let made = plugin.credential().await.map_err(|why| {
                    Error::new(Kind::Credentials, format!("getting credentials: exec: {why}"))
                })?;
                return Ok(Shown { authorization: made.token.as_ref().and_then(bearer), made: Some(made) });
            }
        };
        Ok(Shown { authorization, made: None })
    }

    /// Forgets a credential that was refused; true when asking again may help.
    pub(crate) fn refused(&self, shown: &Shown) -> bool {
        match (self, &shown.made) {
            (Self::Exec(plugin), Some(made)) => plugin.forget(made),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        assert!(TokenFile::open(path.clone(), None).unwrap_err().contains("token"));
        assert_eq!(TokenFile::open(path.clone(), Some(Secret::new("b"))).unwrap().token().expose(), "b");
        std::fs::write(&path, " a\n").unwrap();
        let file = TokenFile::open(path.clone(), None).unwrap();
        std::fs::write(&path, "c").unwrap();
        assert_eq!(file.token().expose(), "a");
        file.last.lock().unwrap().0 = Instant::now().checked_sub(REREAD).unwrap();
        assert_eq!(file.token().expose(), "c");
        file.last.lock().unwrap().0 = Instant::now().checked_sub(REREAD).unwrap();
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(file.token().expose(), "c");
        assert!(!format!("{file:?}").contains("\"c\""));
    }
}
