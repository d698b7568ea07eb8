//! Kubeconfigs: whom they lead to, and with what they say who they are.
//!
//! Entry point: [`kubeconfigs`].  Credentials are told by their kind and by what they say of themselves (who, until
//! when); their texts stay in the document.  Nothing that a credential says is vouched for.

use std::net::IpAddr;

use api::Value;
use api::time::Timestamp;
use api::user::split_service_account;
use authn::jose::Compact;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::PemObject as _;

use crate::catalogue::Kind;
use crate::certificate::Certificate;
use crate::document::Document;
use crate::finding::Place;
use crate::input::Input;

/// A kubeconfig.
#[derive(Clone, Debug)]
pub(crate) struct Kubeconfig<'a> {
    /// Where it was read.
    pub document: &'a Document,
    pub clusters: Vec<Cluster<'a>>,
    pub users: Vec<User<'a>>,
    pub contexts: Vec<Context<'a>>,
}

/// A cluster of a kubeconfig.
#[derive(Clone, Debug)]
pub(crate) struct Cluster<'a> {
    pub index: usize,
    pub name: &'a str,
    /// The URL of its API.
    pub server: &'a str,
    /// Who vouches for the server; `None`: whoever the machine trusts.
    pub authority: Option<Pem<'a>>,
    /// Anybody may pose as the server.
    pub insecure: bool,
}

/// A user of a kubeconfig.
#[derive(Clone, Debug)]
pub(crate) struct User<'a> {
    pub index: usize,
    pub name: &'a str,
    pub certificate: Option<Pem<'a>>,
    pub token: Option<Token>,
    /// The file that a token is read from, `""` for none.
    pub token_file: &'a str,
    pub has_password: bool,
    pub exec: Option<Exec<'a>>,
}

/// A context: who goes where.
#[derive(Clone, Debug)]
pub(crate) struct Context<'a> {
    pub cluster: &'a str,
    pub user: &'a str,
}

/// Certificates in PEM.
#[derive(Clone, Debug)]
pub(crate) enum Pem<'a> {
    /// In the kubeconfig; an error is what is wrong with them.
    Inline(Result<Vec<Certificate>, String>),
    /// In this file.
    File(&'a str),
}

/// What a token says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// One of a service account, of this namespace and name; without an end, or until then.
    ServiceAccount(String, String, Option<Timestamp>),
    /// A JWT of this subject.
    Jwt(String, Option<Timestamp>),
    /// It says nothing.
    Opaque,
}

/// A program that gives credentials.
#[derive(Clone)]
pub(crate) struct Exec<'a> {
    pub api_version: &'a str,
    pub command: &'a str,
    pub args: Vec<&'a str>,
    /// Names and values.
    pub env: Vec<(&'a str, &'a str)>,
}

/// Arguments and variables may be secrets.
impl std::fmt::Debug for Exec<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exec({})", self.command)
    }
}

/// Every kubeconfig that was given.
pub(crate) fn kubeconfigs(input: &Input) -> Vec<Kubeconfig<'_>> {
    input.of_kind(Kind::Kubeconfig).map(Kubeconfig::of).collect()
}

impl<'a> Kubeconfig<'a> {
    fn of(document: &'a Document) -> Self {
        Self {
            document,
            clusters: items(document, "clusters").map(Cluster::of).collect(),
            users: items(document, "users").map(User::of).collect(),
            contexts: items(document, "contexts").map(|(_, item)| Context::of(item)).collect(),
        }
    }

    /// What a finding about it is about: the file.
    pub(crate) fn place(&self) -> Place {
        Place::named("Kubeconfig", &*self.document.origin.source, &self.document.origin)
    }

    /// The clusters that a user goes to; in a kubeconfig without contexts, all of them.
    pub(crate) fn clusters_of<'k>(&'k self, user: &'k User<'a>) -> impl Iterator<Item = &'k Cluster<'a>> {
        let goes = move |cluster: &&Cluster<'a>| {
            self.contexts.is_empty()
                || self.contexts.iter().any(|c| c.user == user.name && c.cluster == cluster.name)
        };
        self.clusters.iter().filter(goes)
    }
}

fn items<'a>(document: &'a Document, list: &str) -> impl Iterator<Item = (usize, &'a Value)> + use<'a> {
    document.value.array_at(&[list]).iter().enumerate()
}

impl<'a> Cluster<'a> {
    fn of((index, item): (usize, &'a Value)) -> Self {
        let cluster = item.at(&["cluster"]);
        Self {
            index,
            name: item.str_at(&["name"]),
            server: cluster.str_at(&["server"]),
            authority: Pem::of(cluster, "certificate-authority"),
            insecure: cluster.at(&["insecure-skip-tls-verify"]).as_bool() == Some(true),
        }
    }

    /// The name of a field of it.
    pub(crate) fn field(&self, member: &str) -> String {
        format!("clusters[{}].cluster.{member}", self.index)
    }

    /// The host of its URL, without port, user and brackets.
    pub(crate) fn host(&self) -> &'a str {
        let rest = self.server.split_once("://").map_or(self.server, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        match host.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or(v6),
            None => host.split(':').next().unwrap_or(host),
        }
    }

    /// Its URL without what stands before an `@`.
    pub(crate) fn shown(&self) -> String {
        match (self.server.split_once("://"), self.server.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
            _ => self.server.to_owned(),
        }
    }

    /// True when no public authority vouches for its host: an address of a private network, or a name without a domain.
    pub(crate) fn is_private(&self) -> bool {
        let host = self.host();
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(v4)) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
            Ok(IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
            Err(_) => {
                let ends = [".local", ".internal", ".svc", ".lan", ".localdomain", ".home.arpa"];
                !host.contains('.') || ends.iter().any(|end| host.ends_with(end))
            }
        }
    }
}

impl<'a> User<'a> {
    fn of((index, item): (usize, &'a Value)) -> Self {
        let user = item.at(&["user"]);
        let text = |key: &str| user.str_at(&[key]);
        Self {
            index,
            name: item.str_at(&["name"]),
            certificate: Pem::of(user, "client-certificate"),
            token: Some(text("token")).filter(|t| !t.is_empty()).map(Token::of),
            token_file: text("tokenFile"),
            has_password: !text("password").is_empty(),
            exec: user.get("exec").filter(|exec| exec.as_object().is_some()).map(Exec::of),
        }
    }

    /// The name of a field of it.
    pub(crate) fn field(&self, member: &str) -> String {
        format!("users[{}].user.{member}", self.index)
    }

    /// The field that holds its certificate.
    pub(crate) fn certificate_field(&self) -> String {
        let inline = matches!(self.certificate, Some(Pem::Inline(_)));
        self.field(if inline { "client-certificate-data" } else { "client-certificate" })
    }

    /// The certificate it shows, when that could be read.
    pub(crate) fn shown_certificate(&self) -> Option<&Certificate> {
        match &self.certificate {
            Some(Pem::Inline(Ok(all))) => all.first(),
            _ => None,
        }
    }
}

impl<'a> Context<'a> {
    fn of(item: &'a Value) -> Self {
        let context = item.at(&["context"]);
        Self { cluster: context.str_at(&["cluster"]), user: context.str_at(&["user"]) }
    }
}

impl<'a> Pem<'a> {
    /// `KEY-data` wins over the file of `KEY`, as for kubectl.
    fn of(parent: &'a Value, key: &str) -> Option<Self> {
        let inline = parent.str_at(&[&format!("{key}-data")]);
        if !inline.is_empty() {
            let pem = STANDARD.decode(inline.trim()).map_err(|why| why.to_string());
            return Some(Self::Inline(pem.and_then(|pem| Certificate::parse_all(&pem))));
        }
        Some(parent.str_at(&[key])).filter(|file| !file.is_empty()).map(Self::File)
    }
}

impl Token {
    fn of(token: &str) -> Self {
        let Some(jws) = Compact::parse(token.trim()) else { return Self::Opaque };
        let claims = jws.claimed_payload();
        let end = claims.at(&["exp"]).as_f64().filter(|s| s.abs() < 1e15);
        let end = end.map(|seconds| Timestamp::new(seconds.trunc() as i64, 0));
        let subject = claims.str_at(&["sub"]);
        match split_service_account(subject) {
            Some((namespace, name)) => Self::ServiceAccount(namespace.to_owned(), name.to_owned(), end),
            None => Self::Jwt(subject.to_owned(), end),
        }
    }
}

impl<'a> Exec<'a> {
    fn of(exec: &'a Value) -> Self {
        let variable = |item: &'a Value| (item.str_at(&["name"]), item.str_at(&["value"]));
        Self {
            api_version: exec.str_at(&["apiVersion"]),
            command: exec.str_at(&["command"]),
            args: exec.array_at(&["args"]).iter().filter_map(Value::as_str).collect(),
            env: exec.array_at(&["env"]).iter().map(variable).collect(),
        }
    }

    /// The program, without its folder and ending.
    pub(crate) fn program(&self) -> &'a str {
        let name = self.command.rsplit(['/', '\\']).next().unwrap_or(self.command);
        name.strip_suffix(".exe").unwrap_or(name)
    }

    /// The value of `--flag value` or `--flag=value`.
    pub(crate) fn flag(&self, name: &str) -> Option<&'a str> {
        let mut args = self.args.iter();
        while let Some(arg) = args.next() {
            let Some(rest) = arg.strip_prefix(name) else { continue };
            match rest.strip_prefix('=') {
                Some(value) => return Some(value),
                None if rest.is_empty() => return args.next().copied(),
                None => {}
            }
        }
        None
    }
}

/// The subject that a request for a certificate (PKCS #10 in PEM, in base64) asks for: common name and organizations.
pub(crate) fn requested_subject(encoded: &str) -> Option<(String, Vec<String>)> {
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer as _;
    let pem = STANDARD.decode(encoded.trim()).ok()?;
    let der = rustls_pki_types::CertificateSigningRequestDer::from_pem_slice(&pem).ok()?;
    let (_, request) = X509CertificationRequest::from_der(&der).ok()?;
    let subject = &request.certification_request_info.subject;
    let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| value.as_str().unwrap_or("").to_owned();
    let name = subject.iter_common_name().next().map(text).unwrap_or_default();
    Some((name, subject.iter_organization().map(text).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document {
        Document::parse(Kind::Kubeconfig, "config", text.as_bytes()).unwrap().remove(0)
    }

    #[test]
    fn credentials_tell_what_they_are_and_are_not_kept() {
        let claims = |json: &str| {
            let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
            format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(json), part("signature"))
        };
        let robot = claims(r#"{"sub":"system:serviceaccount:ci:robot","exp":1800000000}"#);
        let bob = claims(r#"{"sub":"bob"}"#);
        let document = parse(&format!(
            "{{users: [{{name: a, user: {{token: {robot}}}}}, {{name: b, user: {{token: {bob}}}}}, \
             {{name: c, user: {{token: hunter2, password: p, client-certificate: c.pem}}}}, \
             {{name: d, user: {{exec: {{command: /usr/bin/x.exe, args: [token, --a, b, --c=d]}}}}}}]}}"
        ));
        let config = Kubeconfig::of(&document);
        let tokens: Vec<_> = config.users.iter().map(|user| user.token.clone()).collect();
        let end = Some(Timestamp::new(1_800_000_000, 0));
        let robots = Token::ServiceAccount("ci".into(), "robot".into(), end);
        assert_eq!(tokens, [Some(robots), Some(Token::Jwt("bob".into(), None)), Some(Token::Opaque), None]);
        assert!(
            config.users[2].has_password && matches!(config.users[2].certificate, Some(Pem::File("c.pem")))
        );
        let exec = config.users[3].exec.as_ref().unwrap();
        assert_eq!((exec.program(), exec.flag("--a"), exec.flag("--c")), ("x", Some("b"), Some("d")));
        assert_eq!(exec.flag("--d"), None);
        let shown = format!("{:?}", config.users);
        assert!(!shown.contains("hunter2") && !shown.contains(&robot));
    }

    #[test]
    fn servers_and_who_goes_there() {
        let document = parse(
            "{clusters: [{name: x, cluster: {server: 'https://u:p@10.0.0.1:6443/a'}}, {name: y, cluster: {server: 'https://[fd00::1]:1'}}, \
             {name: z, cluster: {server: 'https://k.example.com'}}], contexts: [{context: {cluster: x, user: a}}], users: [{name: a}, {name: b}]}",
        );
        let config = Kubeconfig::of(&document);
        let hosts: Vec<_> = config.clusters.iter().map(|c| (c.host(), c.is_private())).collect();
        assert_eq!(hosts, [("10.0.0.1", true), ("fd00::1", true), ("k.example.com", false)]);
        assert_eq!(config.clusters[0].shown(), "https://…@10.0.0.1:6443/a");
        let count = |user: usize| config.clusters_of(&config.users[user]).count();
        assert_eq!((count(0), count(1)), (1, 0));
    }

    #[test]
    fn requests_for_certificates_say_for_whom() {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, "bob");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "system:masters");
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.serialize_request(&key).unwrap().pem().unwrap();
        let subject = requested_subject(&STANDARD.encode(pem)).unwrap();
        assert_eq!(subject, ("bob".to_owned(), vec!["system:masters".to_owned()]));
        assert_eq!(requested_subject("AAAA"), None);
    }
}
