//! Static tokens from a CSV file: `token,user,uid` and optionally `"group1,group2"`.
//!
//! Entry point: [`TokenFile::parse`].  Tokens are not kept: a table maps a hash, keyed with a number of this process,
//! to the user, so neither a memory dump nor timing tells a token.

use std::collections::HashMap;
use std::fmt;

use api::user::UserInfo;
use aws_lc_rs::hmac;

use crate::authenticator::{Answer, Identity, TokenAuthenticator, TokenContext};
use crate::random::Random;

/// The users of a token file.
pub struct TokenFile {
    key: hmac::Key,
    users: HashMap<[u8; 32], UserInfo>,
    /// The audiences of the server; a static token is good for all of them.
    audiences: Vec<String>,
}

/// A token file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFileError {
    line: usize,
    text: String,
}

impl TokenFile {
    /// Reads the file's text.  Also answers warnings, which name lines but no tokens.
    pub fn parse(
        text: &str,
        audiences: &[String],
        random: &dyn Random,
    ) -> Result<(Self, Vec<String>), TokenFileError> {
        let mut secret = [0u8; 32];
        if !random.fill(&mut secret) {
            return Err(TokenFileError {
                line: 0,
                text: "there is no randomness for the table's key".to_owned(),
            });
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let mut file = Self { key, users: HashMap::new(), audiences: audiences.to_vec() };
        let mut warnings = Vec::new();
        for record in records(text) {
            let (line, fields) = record?;
            let [token, name, uid, rest @ ..] = fields.as_slice() else {
                let text = format!(
                    "must have at least 3 columns (token, user name, user uid), found {}",
                    fields.len()
                );
                return Err(TokenFileError { line, text });
            };
            if token.is_empty() {
                warnings.push(format!("line {line} of the token file has an empty token and is ignored"));
                continue;
            }
            let groups = rest.first().map(|g| g.split(',').map(str::to_owned).collect()).unwrap_or_default();
            let user = UserInfo { name: name.clone(), uid: uid.clone(), groups, ..UserInfo::default() };
            if file.users.insert(file.hash(token), user).is_some() {
                warnings
                    .push(format!("line {line} of the token file repeats a token; the later line counts"));
            }
        }
        Ok((file, warnings))
    }

    fn hash(&self, token: &str) -> [u8; 32] {
        let mut hash = [0u8; 32];
        hash.iter_mut()
            .zip(hmac::sign(&self.key, token.as_bytes()).as_ref())
            .for_each(|(to, from)| *to = *from);
        hash
    }
}

impl TokenAuthenticator for TokenFile {
    fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer {
        let wanted = |a: &&String| context.audiences.is_empty() || context.audiences.contains(a);
        let audiences: Vec<String> = self.audiences.iter().filter(wanted).cloned().collect();
        if audiences.is_empty() && !context.audiences.is_empty() {
            return Ok(None);
        }
        let user = self.users.get(&self.hash(token)).cloned();
        Ok(user.map(|user| Identity { audiences, ..Identity::of(user) }))
    }
}

/// The records of a CSV text (RFC 4180, as Go's reader takes it: blank lines are skipped, quotes only around a whole
/// field, a quoted field may hold line ends), each with the line it starts on.
fn records(text: &str) -> impl Iterator<Item = Result<(usize, Vec<String>), TokenFileError>> {
    let (mut rest, mut line) = (text.strip_prefix('\u{feff}').unwrap_or(text), 1);
    std::iter::from_fn(move || {
        while let Some(after) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')) {
            (rest, line) = (after, line + 1);
        }
        if rest.is_empty() {
            return None;
        }
        let start = line;
        let result = record(&mut rest, &mut line);
        if result.is_err() {
            rest = "";
        }
        Some(result.map(|fields| (start, fields)))
    })
}

fn record(rest: &mut &str, line: &mut usize) -> Result<Vec<String>, TokenFileError> {
    let mut fields = Vec::new();
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted, line)?,
            None => {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                let field =
                    if after.starts_with(',') { field } else { field.strip_suffix('\r').unwrap_or(field) };
                if field.contains('"') {
                    return Err(TokenFileError {
                        line: *line,
                        text: "bare \" in non-quoted field".to_owned(),
                    });
                }
                (field.to_owned(), after)
            }
        };
        fields.push(field);
        let after_end = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'));
        match (after.strip_prefix(','), after_end) {
            (Some(next), _) => *rest = next,
            (None, Some(next)) => {
                (*rest, *line) = (next, *line + 1);
                return Ok(fields);
            }
            (None, None) if after.is_empty() => {
                *rest = "";
                return Ok(fields);
            }
            (None, None) => {
                let text = "extraneous or missing \" in quoted-field".to_owned();
                return Err(TokenFileError { line: *line, text });
            }
        }
    }
}

/// The field after an opening quote, and what follows its closing quote; `""` is a quote.
fn quoted_field<'a>(text: &'a str, line: &mut usize) -> Result<(String, &'a str), TokenFileError> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let Some((part, after)) = rest.split_once('"') else {
            let text = "extraneous or missing \" in quoted-field".to_owned();
            return Err(TokenFileError { line: *line, text });
        };
        field.push_str(&part.replace("\r\n", "\n"));
        *line += part.matches('\n').count();
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((field, after)),
        }
    }
}

impl fmt::Display for TokenFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

impl std::error::Error for TokenFileError {}

/// Users are shown, the key is not.
impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFile").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    const NOW: TokenContext = TokenContext { audiences: &[], now: 0 };

    fn parse(text: &str) -> Result<(TokenFile, Vec<String>), TokenFileError> {
        TokenFile::parse(text, &["api".to_owned()], &SystemRandom)
    }

    #[test]
    fn users_and_groups() {
        let text = "admin-token,admin,1,\"system:masters\"\r\n\nbob-token,bob,2\njane,jane,3,\"dev,qa\"";
        let (file, warnings) = parse(text).unwrap();
        let user = |token| file.authenticate_token(token, &NOW).unwrap().map(|i| i.user);
        assert_eq!(user("admin-token").unwrap().groups, ["system:masters"]);
        let bob = user("bob-token").unwrap();
        assert_eq!((bob.name.as_str(), bob.uid.as_str(), bob.groups.len()), ("bob", "2", 0));
        assert_eq!(user("jane").unwrap().groups, ["dev", "qa"]);
        assert_eq!(user("nobody"), None);
        assert_eq!(user(""), None);
        assert_eq!(warnings, Vec::<String>::new());
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, want) in [
            ("a,b,c\nx,y", "line 2: must have at least 3 columns (token, user name, user uid), found 2"),
            ("\n\na,b\"c,d", "line 3: bare \" in non-quoted field"),
            ("a,\"b,c", "line 1: extraneous or missing \" in quoted-field"),
            ("a,\"b\nc\"x,d", "line 2: extraneous or missing \" in quoted-field"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), want, "{text}");
        }
        let (_, warnings) = parse(",a,1\nx,b,2\nx,c,3").unwrap();
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].starts_with("line 1 ") && warnings[1].starts_with("line 3 "));
    }

    #[test]
    fn quoting() {
        let (file, _) = parse("\"to\"\"ken\",\"a,b\nc\",1\nnext,n,2").unwrap();
        let user = |token| file.authenticate_token(token, &NOW).unwrap().map(|i| i.user.name);
        assert_eq!(user("to\"ken").as_deref(), Some("a,b\nc"));
        assert_eq!(user("next").as_deref(), Some("n"));
    }

    #[test]
    fn audiences() {
        let (file, _) = parse("t,a,1").unwrap();
        let other = ["other".to_owned()];
        assert_eq!(file.authenticate_token("t", &TokenContext { audiences: &other, now: 0 }), Ok(None));
        let both = ["other".to_owned(), "api".to_owned()];
        let identity =
            file.authenticate_token("t", &TokenContext { audiences: &both, now: 0 }).unwrap().unwrap();
        assert_eq!(identity.audiences, ["api"]);
    }

    #[test]
    fn tokens_are_not_shown() {
        let (file, _) = parse("hidden,a,1").unwrap();
        assert!(!format!("{file:?}").contains("hidden"));
    }
}
