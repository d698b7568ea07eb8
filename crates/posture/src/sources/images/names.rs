//! Names of an image: digests, references, package URLs.
//!
//! Entry point: [`Names::add`] takes any of them.

use crate::image::Image;

/// What an image is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The name to show; `""` when it has none.
    pub title: String,
    /// Digests of its manifests, and of its configuration.
    pub digests: Vec<String>,
    /// `registry/repository:tag`.
    pub references: Vec<String>,
    /// `registry/repository`, where every version of it is meant.
    pub repositories: Vec<String>,
}

/// What runtimes and tools put before a reference.
const SCHEMES: [&str; 7] =
    ["docker-pullable://", "docker://", "containerd://", "cri-o://", "registry:", "docker:", "podman:"];

impl Names {
    /// Of one name.
    pub(crate) fn of(name: &str) -> Self {
        let mut names = Self::default();
        names.add(name);
        names
    }

    /// One more name: a reference with or without a digest, a digest alone, or a package URL.  Anything else, such as a
    /// path, is passed over.
    pub(crate) fn add(&mut self, name: &str) {
        let name = name.trim();
        let name = SCHEMES.iter().find_map(|scheme| name.strip_prefix(scheme)).unwrap_or(name);
        if name.starts_with("pkg:") {
            return self.add_purl(name);
        }
        if is_digest(name) {
            return self.add_digest(name);
        }
        if let Some(image) = Image::parse(name).filter(|_| is_reference(name)) {
            self.add_image(name, &image);
        }
    }

    /// True when it is called nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.digests.is_empty() && self.references.is_empty() && self.repositories.is_empty()
    }

    /// True when both are of one image: digests decide when both have some.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let shares = |a: &[String], b: &[String]| a.iter().any(|name| b.contains(name));
        if shares(&self.digests, &other.digests) {
            return true;
        }
        let undecided = self.digests.is_empty() || other.digests.is_empty();
        let versions = |all: &[String], one: &[String]| {
            all.iter().any(|repository| {
                one.iter().any(|r| r.rsplit_once(':').is_some_and(|(r, _)| r == repository))
            })
        };
        (undecided && shares(&self.references, &other.references))
            || versions(&self.repositories, &other.references)
            || versions(&other.repositories, &self.references)
    }

    /// The digest to show.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.digests.first().map(String::as_str)
    }

    fn add_digest(&mut self, digest: &str) {
        if self.title.is_empty() {
            digest.clone_into(&mut self.title);
        }
        push(&mut self.digests, digest.to_owned());
    }

    fn add_image(&mut self, name: &str, image: &Image<'_>) {
        if self.title.is_empty() || is_digest(&self.title) {
            name.clone_into(&mut self.title);
        }
        if let Some(digest) = image.digest.filter(|digest| is_digest(digest)) {
            push(&mut self.digests, digest.to_owned());
        }
        if image.tag.is_some() || image.digest.is_none() {
            push(&mut self.references, reference(image));
        }
    }

    /// `pkg:oci/name@sha256%3A…?repository_url=…&tag=…`, `pkg:docker/folder/name@tag`.
    fn add_purl(&mut self, purl: &str) {
        let (rest, qualifiers) = purl.split_once('?').unwrap_or((purl, ""));
        let Some((kind, path)) = rest.trim_start_matches("pkg:").split_once('/') else { return };
        if !matches!(kind, "oci" | "docker") {
            return;
        }
        let (path, version) = path.split_once('@').unwrap_or((path, ""));
        let qualifier = |name: &str| {
            let mut pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| decoded(value)).unwrap_or_default()
        };
        let (version, path, place, tag) =
            (decoded(version), decoded(path), qualifier("repository_url"), qualifier("tag"));
        let repository = match kind {
            "oci" if !place.is_empty() => place,
            _ if !place.is_empty() => format!("{place}/{path}"),
            _ => path,
        };
        let tag = if tag.is_empty() && !is_digest(&version) { version.clone() } else { tag };
        let digest = if is_digest(&version) { format!("@{version}") } else { String::new() };
        let tag = if tag.is_empty() { tag } else { format!(":{tag}") };
        let name = format!("{repository}{tag}{digest}");
        match Image::parse(&name).filter(|_| is_reference(&name)) {
            Some(image) if image.tag.is_none() && image.digest.is_none() => {
                push(&mut self.repositories, image.name());
            }
            Some(image) => self.add_image(&name, &image),
            None => {}
        }
    }
}

/// `registry/repository:tag`.
pub(super) fn reference(image: &Image<'_>) -> String {
    format!("{}:{}", image.name(), image.tag.unwrap_or("latest"))
}

/// The name and version of a package in its URL: `pkg:deb/debian/openssl@1.1`; `None` for an image's.
pub(super) fn package(purl: &str) -> Option<(String, String)> {
    let rest = purl.strip_prefix("pkg:")?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (kind, path) = rest.split_once('/')?;
    let (path, version) = path.rsplit_once('@').unwrap_or((path, ""));
    // Packages of an operating system are in a folder of its name, others are called by the whole path.
    let name = match kind {
        "oci" | "docker" => return None,
        "deb" | "rpm" | "apk" => path.rsplit('/').next().unwrap_or(path),
        _ => path,
    };
    Some((decoded(name), decoded(version)))
}

fn push(list: &mut Vec<String>, name: String) {
    if !list.contains(&name) {
        list.push(name);
    }
}

fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").or_else(|| text.strip_prefix("sha512:"));
    hex.is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// True for what a registry could be asked for; paths and archives are not.
fn is_reference(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@' | '+');
    let archive = [".tar", ".tar.gz", ".tgz", ".json"].iter().any(|end| name.ends_with(end));
    !name.is_empty() && name.chars().all(plain) && !name.starts_with(['/', '.', '-']) && !archive
}

/// `%3A` is `:`; what is no such code stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or("");
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> (Vec<String>, Vec<String>) {
        let names = Names::of(name);
        (names.digests, names.references)
    }

    #[test]
    fn names_of_all_kinds() {
        let digest = "sha256:00ff";
        for (name, digests, references) in [
            ("nginx", vec![], vec!["docker.io/library/nginx:latest"]),
            ("docker-pullable://nginx@sha256:00ff", vec![digest], vec![]),
            ("sha256:00ff", vec![digest], vec![]),
            ("a/b:1@sha256:00ff", vec![digest], vec!["docker.io/a/b:1"]),
            (
                "pkg:oci/nginx@sha256%3A00ff?repository_url=index.docker.io%2Flibrary%2Fnginx",
                vec![digest],
                vec![],
            ),
            ("pkg:oci/nginx@sha256:00ff?tag=1.27", vec![digest], vec!["docker.io/library/nginx:1.27"]),
            ("pkg:docker/bitnami/redis@7?repository_url=quay.io", vec![], vec!["quay.io/bitnami/redis:7"]),
            ("pkg:deb/debian/openssl@1.1", vec![], vec![]),
            ("/tmp/image.tar", vec![], vec![]),
            ("image.tar", vec![], vec![]),
            ("a b", vec![], vec![]),
        ] {
            let want = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(of(name), (want(digests), want(references)), "{name}");
        }
    }

    #[test]
    fn digests_decide_when_there_are_some() {
        let overlap = |a: &str, b: &str| Names::of(a).overlaps(&Names::of(b));
        assert!(overlap("a:1@sha256:00", "b:2@sha256:00"));
        assert!(!overlap("a:1@sha256:00", "a:1@sha256:11"));
        assert!(overlap("a:1@sha256:00", "a:1"));
        assert!(overlap("pkg:oci/a", "a:1@sha256:00") && !overlap("pkg:oci/a", "b:1"));
    }

    #[test]
    fn packages() {
        let of = |purl| package(purl).map(|(name, version)| format!("{name} {version}"));
        assert_eq!(of("pkg:deb/debian/openssl@1.1%2Bx?arch=amd64").as_deref(), Some("openssl 1.1+x"));
        assert_eq!(of("pkg:golang/golang.org/x/net@v0.1").as_deref(), Some("golang.org/x/net v0.1"));
        assert_eq!(of("pkg:npm/%40a/b").as_deref(), Some("@a/b "));
        assert_eq!(of("pkg:oci/a@sha256:00"), None);
        assert_eq!(decoded("100%"), "100%");
    }
}
