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

/// Tags that follow what is built.
const FOLLOWING: [&str; 15] = [
    "beta", "canary", "dev", "devel", "develop", "edge", "head", "main", "master", "mainline", "nightly",
    "rolling", "snapshot", "stable", "unstable",
];

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
        // Folders are in lower case, hosts need not be.
        let is_host = |first: &str| {
            first.contains(['.', ':']) || first == "localhost" || first.contains(|c: char| c.is_uppercase())
        };
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

    /// True when a digest is named, whole and as runtimes take it.
    pub(crate) fn is_pinned(&self) -> bool {
        let Some((kind, digits)) = self.digest.and_then(|digest| digest.split_once(':')) else {
            return false;
        };
        let length = match kind {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return false,
        };
        digits.len() == length && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// True when the same reference may be another image tomorrow.
    pub(crate) fn moves(&self) -> bool {
        !self.is_pinned() && self.tag.is_none_or(|tag| tag == "latest")
    }

    /// True when its tag is the name of a branch or of a kind of release, and no version.
    pub(crate) fn follows(&self) -> bool {
        !self.is_pinned()
            && self.tag.is_some_and(|tag| FOLLOWING.contains(&tag.to_ascii_lowercase().as_str()))
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
            ("REGISTRY/a", "REGISTRY/a", None, None),
        ] {
            let image = Image::parse(text).unwrap();
            assert_eq!((image.name().as_str(), image.tag, image.digest), (name, tag, digest), "{text}");
        }
        assert!(Image::parse("").is_none() && Image::parse("example.com/").is_none());
    }

    #[test]
    fn digests() {
        let pinned = |digest: &str| Image::parse(&format!("a@{digest}")).unwrap().is_pinned();
        let hash = "0123456789abcdef".repeat(4);
        assert!(pinned(&format!("sha256:{hash}")) && pinned(&format!("sha512:{hash}{hash}")));
        for bad in
            [hash.clone(), format!("sha256:{}", &hash[1..]), format!("md5:{hash}"), hash.to_uppercase()]
        {
            assert!(!pinned(&bad), "{bad}");
        }
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
