//! What an issuer is asked for over the network, and what its answers say about how long they are good.

use std::pin::Pin;

use api::Value;

use crate::jose;

/// The longest document that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// Gets documents.  It bounds its own time and what it reads, and does not follow redirects to anything but `https`.
pub trait Fetch: Send + Sync {
    /// Sends `GET url`, with a bearer token if there is one.
    fn get<'a>(&'a self, url: &'a str, bearer: Option<&'a str>) -> FetchFuture<'a>;
}

/// An answer that takes its time; an error is why there is none.
pub type FetchFuture<'a> = Pin<Box<dyn Future<Output = Result<Fetched, String>> + Send + 'a>>;

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Its status.
    pub status: u16,
    /// Its `Cache-Control` header, `""` when there is none.
    pub cache_control: String,
    /// Its `Content-Type` header.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Fetched {
    /// The body of a good answer.
    pub(super) fn good(self) -> Result<Vec<u8>, String> {
        if self.status != 200 {
            let shown = self.body.get(..200).unwrap_or(&self.body);
            return Err(format!("{}: {}", self.status, String::from_utf8_lossy(shown)));
        }
        if self.body.len() > LONGEST {
            return Err(format!("the answer is longer than {LONGEST} bytes"));
        }
        Ok(self.body)
    }

    /// For how many seconds it is fresh (RFC 9111, as a shared cache); 0 when it does not say.
    pub(super) fn fresh_for(&self) -> i64 {
        let (mut age, mut shared) = (0, None);
        for directive in self.cache_control.split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let seconds = || value.trim().trim_matches('"').parse::<u32>().map_or(0, i64::from);
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" | "private" => return 0,
                "max-age" => age = seconds(),
                "s-maxage" => shared = Some(seconds()),
                _ => {}
            }
        }
        shared.unwrap_or(age)
    }
}

/// What is needed of a discovery document (OpenID Connect Discovery 1.0, section 3): where the keys are.
///
/// # Errors
/// It is none, of another issuer, or its keys are not behind TLS.
pub(super) fn key_set_url(document: Fetched, issuer: &str) -> Result<String, String> {
    let content_type = document.content_type.clone();
    let body = document.good()?;
    let Some(value) = jose::parse_json(&body).filter(|v| v.as_object().is_some()) else {
        let wanted = if content_type.split(';').next().is_some_and(|t| t.trim() == "application/json") {
            "got Content-Type = application/json, but could not unmarshal as JSON".to_owned()
        } else {
            format!("expected Content-Type = application/json, got {content_type:?}")
        };
        return Err(format!("oidc: failed to decode provider discovery object: {wanted}"));
    };
    let claimed = value.get("issuer").and_then(Value::as_str).unwrap_or("");
    if claimed != issuer {
        return Err(format!(
            "oidc: issuer did not match the issuer returned by provider, expected {} got {}",
            api::field::go_quote(issuer),
            api::field::go_quote(claimed)
        ));
    }
    match value.str_at(&["jwks_uri"]) {
        "" => Err("provider did not return JWKS URL".to_owned()),
        url if url.starts_with("https://") => Ok(url.to_owned()),
        url => Err(format!("the JWKS URL {url:?} of the provider is not https")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness() {
        for (header, seconds) in [
            ("", 0),
            ("max-age=300", 300),
            ("public, Max-Age = \"60\" , must-revalidate", 60),
            ("max-age=300, s-maxage=10", 10),
            ("max-age=300, no-store", 0),
            ("private, max-age=300", 0),
            ("max-age=-5", 0),
            ("max-age=99999999999999999999", 0),
            ("max-age", 0),
        ] {
            let fetched = Fetched { cache_control: header.to_owned(), ..Fetched::default() };
            assert_eq!(fetched.fresh_for(), seconds, "{header}");
        }
    }

    #[test]
    fn discovery_documents() {
        let read = |status, body: &str| {
            let body = body.as_bytes().to_vec();
            key_set_url(Fetched { status, body, ..Fetched::default() }, "https://i")
        };
        assert_eq!(
            read(200, r#"{"issuer":"https://i","jwks_uri":"https://i/keys"}"#).unwrap(),
            "https://i/keys"
        );
        for (status, body, why) in [
            (404, "gone", "404: gone"),
            (200, "<html>", "oidc: failed to decode provider discovery object: expected Content-Type"),
            (200, "[]", "oidc: failed to decode"),
            (
                200,
                r#"{"issuer":"https://e"}"#,
                "oidc: issuer did not match the issuer returned by provider, expected \"https://i\" got \"https://e\"",
            ),
            (200, r#"{"issuer":"https://i"}"#, "provider did not return JWKS URL"),
            (200, r#"{"issuer":"https://i","jwks_uri":"http://i/keys"}"#, "the JWKS URL \"http://i/keys\""),
        ] {
            assert!(read(status, body).unwrap_err().starts_with(why), "{body}");
        }
    }
}
