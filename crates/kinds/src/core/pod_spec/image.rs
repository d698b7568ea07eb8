//! Container image names, as far as the pull policy depends on them.
//!
//! Entry point: [`pulls_latest`] (the grammar is that of github.com/distribution/reference).

/// Longest repository name with its domain, in bytes.
const NAME_MAX: usize = 255;

/// True when an image name is sound and means the tag `latest`, by name or because it has neither tag nor digest.
pub fn pulls_latest(image: &str) -> bool {
    tag(image).is_some_and(|tag| tag == "latest")
}

/// The tag an image name means, `""` when it names a digest alone; `None` when the name is not sound.
fn tag(image: &str) -> Option<&str> {
    if image.len() == 64 && image.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let (domain, rest) = domain_and_rest(image);
    let (named, digest) = match rest.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (rest, None),
    };
    let (path, tag) = match named.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (named, None),
    };
    // Official images live below `library/` of the default domain.
    let official = if domain.is_none() && !rest.contains('/') { "library/".len() } else { 0 };
    let length = domain.unwrap_or("docker.io").len() + 1 + official + path.len();
    let sound = domain.is_none_or(is_domain)
        && length <= NAME_MAX
        && path.split('/').all(is_path_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    sound.then(|| tag.unwrap_or(if digest.is_some() { "" } else { "latest" }))
}

/// Splits off what counts as a domain; `None` stands for the default one.
fn domain_and_rest(image: &str) -> (Option<&str>, &str) {
    match image.split_once('/') {
        Some(("docker.io" | "index.docker.io", rest)) => (None, rest),
        Some((first, rest))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.chars().any(char::is_uppercase) =>
        {
            (Some(first), rest)
        }
        _ => (None, image),
    }
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let is_address =
                !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
            return is_address && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
        }
        None => domain.split_once(':').map_or((domain, None), |(host, port)| (host, Some(port))),
    };
    host.split('.').all(is_domain_component) && port.is_none_or(is_port)
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

fn is_domain_component(component: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !component.is_empty()
        && component.bytes().all(inner)
        && !component.starts_with('-')
        && !component.ends_with('-')
}

/// Lower case letters and digits, joined by one `.`, one or two `_`, or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges =
        component.bytes().next().is_some_and(is_word) && component.bytes().next_back().is_some_and(is_word);
    edges
        && component.split(|c: char| c.is_ascii_alphanumeric()).all(is_separator)
        && !component.contains(char::is_uppercase)
}

fn is_separator(separator: &str) -> bool {
    matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
}

fn is_tag(tag: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|b| is_word(b) || b == b'.' || b == b'-')
}

fn is_digest(digest: &str) -> bool {
    let length = match digest.split_once(':') {
        Some(("sha256", hex)) => (hex, 64),
        Some(("sha384", hex)) => (hex, 96),
        Some(("sha512", hex)) => (hex, 128),
        _ => return false,
    };
    length.0.len() == length.1 && length.0.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let digest = format!("a@sha256:{}", "0".repeat(64));
        let both = format!("a:1@sha256:{}", "0".repeat(64));
        let long = "a".repeat(256);
        let hex = "0".repeat(64);
        for (image, want) in [
            ("nginx", Some("latest")),
            ("nginx:1.27", Some("1.27")),
            ("localhost/a:latest", Some("latest")),
            ("localhost:5000/a", Some("latest")),
            ("Registry/a", Some("latest")),
            ("[::1]:5000/a/b:x", Some("x")),
            ("a/b__c/d---e.f", Some("latest")),
            ("docker.io/a", Some("latest")),
            (&digest, Some("")),
            (&both, Some("1")),
            ("a b", None),
            ("UPPER", None),
            ("a:", None),
            ("a/b_-c", None),
            ("a..b", None),
            ("", None),
            ("a@sha256:00", None),
            (&long, None),
            (&hex, None),
        ] {
            assert_eq!(tag(image), want, "`{image}`");
        }
    }
}
