//! References of images, as container runtimes read them.

/// `registry/repository:tag@digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image<'a> {
    /// Host and port; `docker.io` when none is named.
    pub registry: &'a str,
    /// The way within the registry; without a folder it is one of Docker's own (`library/…`).
    pub repository: String,
    /// The tag, when one is named.
    pub tag: Option<&'a str>,
    /// The digest, such as `sha256:…`, when one is named.
    pub digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    /// Reads a reference; `None` for an empty one.
    pub(crate) fn parse(reference: &'a str) -> Option<Self> {
        let (rest, digest) = match reference.trim().split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (reference.trim(), None),
        };
        // A colon before the last slash belongs to a port.
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (rest, tag) = match rest.get(last..)?.find(':') {
            Some(colon) => (rest.get(..last + colon)?, rest.get(last + colon + 1..)),
            None => (rest, None),
        };
        let is_host = |first: &str| first.contains(['.', ':']) || first == "localhost";
        let (registry, path) = match rest.split_once('/') {
            Some((first, path)) if is_host(first) => (first, path),
            _ => ("docker.io", rest),
        };
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        let library = registry == "docker.io" && !path.contains('/');
        let repository = if library { format!("library/{path}") } else { path.to_owned() };
        (!path.is_empty()).then_some(Self {
            registry,
            repository,
            tag: tag.filter(|t| !t.is_empty()),
            digest,
        })
    }

    /// `registry/repository`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// True when the same reference may be another image tomorrow.
    pub(crate) fn moves(&self) -> bool {
        self.digest.is_none() && self.tag.is_none_or(|tag| tag == "latest")
    }

    /// True when the image is of a registry, or of a folder of one, that is in `list`.
    pub(crate) fn is_of(&self, list: &[String]) -> bool {
        let name = self.name();
        list.iter().any(|allowed| {
            let allowed = allowed.trim_end_matches('/');
            name.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for (text, name, tag, digest) in [
            ("nginx", "docker.io/library/nginx", None, None),
            ("nginx:1.27", "docker.io/library/nginx", Some("1.27"), None),
            ("bitnami/redis", "docker.io/bitnami/redis", None, None),
            ("registry.example.com:5000/a/b:c", "registry.example.com:5000/a/b", Some("c"), None),
            ("registry.example.com:5000/a", "registry.example.com:5000/a", None, None),
            ("localhost/a", "localhost/a", None, None),
            ("a:b@sha256:00", "docker.io/library/a", Some("b"), Some("sha256:00")),
            ("index.docker.io/library/a", "docker.io/library/a", None, None),
        ] {
            let image = Image::parse(text).unwrap();
            assert_eq!((image.name().as_str(), image.tag, image.digest), (name, tag, digest), "{text}");
        }
        assert!(Image::parse("").is_none() && Image::parse("example.com/").is_none());
    }

    #[test]
    fn registries() {
        let of = |text: &str, list: &[&str]| {
            let list: Vec<_> = list.iter().map(|l| (*l).to_owned()).collect();
            Image::parse(text).unwrap().is_of(&list)
        };
        assert!(of("nginx", &["docker.io"]) && of("nginx", &["docker.io/library/"]));
        assert!(!of("evil.example.com/docker.io/nginx", &["docker.io"]));
        assert!(!of("docker.io.example.com/nginx", &["docker.io"]));
        assert!(!of("bitnami/redis", &["docker.io/library"]));
    }
}
