//! The password file: a line a user, `NAME:HASH` and groups after another colon.
//!
//! Hashes are argon2id in PHC form (`$argon2id$v=19$m=…`) or bcrypt (`$2b$…`, what `htpasswd -B` writes).  Nothing else
//! is taken, and no hash so expensive that a login would be an attack.

use std::collections::HashMap;
use std::fmt;

use api::user::UserInfo;
use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use aws_lc_rs::hmac;

use crate::random::Random;

/// bcrypt looks at no more than these bytes of a password; longer ones never match.
const BCRYPT_LONGEST: usize = 72;
/// Costs of bcrypt: below the first it is warned, above the second refused.
const BCRYPT_COSTS: (u32, u32) = (10, 15);
/// Memory of argon2id in KiB: below the first it is warned, above the second refused.
const ARGON2_MEMORY: (u32, u32) = (8 * 1024, 256 * 1024);
const ARGON2_MOST_PASSES: u32 = 16;
const ARGON2_MOST_LANES: u32 = 16;

/// The users of a password file.
#[derive(Debug)]
pub struct PasswordFile {
    users: HashMap<String, Entry>,
    /// Hashes that are tried for users who are not there, so that a name cannot be told from another by time.
    hashes: Vec<Hash>,
    key: hmac::Key,
}

#[derive(Debug)]
struct Entry {
    hash: Hash,
    groups: Vec<String>,
}

#[derive(Clone)]
enum Hash {
    Argon2id(String),
    Bcrypt(String),
}

/// A password file that cannot be used.  It tells line and user, never what stands where a hash should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordFileError {
    line: usize,
    text: String,
}

impl PasswordFile {
    /// Reads the file's text.  Also answers warnings, which name lines and users but no hashes.
    ///
    /// # Errors
    /// The first line that is none, whose user is there already, or whose hash is not one of the two kinds.
    pub fn parse(text: &str, random: &dyn Random) -> Result<(Self, Vec<String>), PasswordFileError> {
        let mut secret = [0u8; 32];
        if !random.fill(&mut secret) {
            let text = "there is no randomness for the table's key".to_owned();
            return Err(PasswordFileError { line: 0, text });
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let (mut file, mut warnings) = (Self { users: HashMap::new(), hashes: Vec::new(), key }, Vec::new());
        for (line, text) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
            let (line, text) = (line + 1, text.trim());
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let error = |text: String| PasswordFileError { line, text };
            let (name, rest) =
                text.split_once(':').ok_or_else(|| error("must be NAME:HASH[:GROUP,...]".to_owned()))?;
            let (hash, groups) = rest.split_once(':').unwrap_or((rest, ""));
            if name.is_empty() {
                return Err(error("the name is empty".to_owned()));
            }
            let (hash, weak) = Hash::parse(hash).map_err(|why| error(format!("user `{name}`: {why}")))?;
            if weak {
                warnings.push(format!("line {line}: the hash of user `{name}` is cheap to try passwords on"));
            }
            let groups =
                groups.split(',').map(str::trim).filter(|g| !g.is_empty()).map(str::to_owned).collect();
            file.hashes.push(hash.clone());
            if file.users.insert(name.to_owned(), Entry { hash, groups }).is_some() {
                return Err(error(format!("user `{name}` is there twice")));
            }
        }
        Ok((file, warnings))
    }

    /// The user whose password this is.  It takes as long for a user who is not there, and much longer than a request
    /// should wait.
    pub fn user(&self, name: &str, password: &str) -> Option<UserInfo> {
        let known = self.users.get(name);
        let hash = known.map(|entry| &entry.hash).or_else(|| self.decoy(name))?;
        let right = hash.is_of(password);
        known.filter(|_| right).map(|entry| UserInfo::new(name, entry.groups.iter().cloned()))
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// One of the hashes, always the same for a name.
    fn decoy(&self, name: &str) -> Option<&Hash> {
        let tag = hmac::sign(&self.key, name.as_bytes());
        let number = tag.as_ref().iter().take(8).fold(0usize, |n, b| n << 8 | usize::from(*b));
        self.hashes.get(number.checked_rem(self.hashes.len())?)
    }
}

impl Hash {
    /// Reads a hash; also tells whether it is a cheap one.
    fn parse(text: &str) -> Result<(Self, bool), String> {
        if text.starts_with("$argon2id$") {
            let parsed =
                PasswordHash::new(text).map_err(|e| format!("the argon2id hash cannot be read: {e}"))?;
            let params = argon2::Params::try_from(&parsed).map_err(|e| format!("the argon2id hash: {e}"))?;
            let expensive = params.m_cost() > ARGON2_MEMORY.1
                || params.t_cost() > ARGON2_MOST_PASSES
                || params.p_cost() > ARGON2_MOST_LANES;
            if expensive || parsed.hash.is_none() || parsed.salt.is_none() {
                return Err("the argon2id hash is too expensive, or not whole".to_owned());
            }
            return Ok((Self::Argon2id(text.to_owned()), params.m_cost() < ARGON2_MEMORY.0));
        }
        if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) {
            let parts: bcrypt::HashParts =
                text.parse().map_err(|_| "the bcrypt hash cannot be read".to_owned())?;
            if parts.get_cost() > BCRYPT_COSTS.1 {
                return Err("the bcrypt hash is too expensive".to_owned());
            }
            return Ok((Self::Bcrypt(text.to_owned()), parts.get_cost() < BCRYPT_COSTS.0));
        }
        Err("what follows is neither an argon2id ($argon2id$...) nor a bcrypt hash ($2b$...); \
             plain passwords and other hashes are refused"
            .to_owned())
    }

    /// True for the password of this hash; the comparison takes the same time whatever it finds.
    fn is_of(&self, password: &str) -> bool {
        match self {
            Self::Argon2id(text) => PasswordHash::new(text)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()),
            Self::Bcrypt(text) => {
                let right = bcrypt::verify(password, text).unwrap_or(false);
                right && password.len() <= BCRYPT_LONGEST
            }
        }
    }
}

impl fmt::Display for PasswordFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

impl std::error::Error for PasswordFileError {}

/// A hash is a secret too.
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argon2id(_) => "Argon2id(…)",
            Self::Bcrypt(_) => "Bcrypt(…)",
        })
    }
}
