//! From the text of a kubeconfig to its parts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use api::{Map, Secret, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Cluster, Context, Exec, Kubeconfig, Place, User};
use crate::{ConfigError, Impersonation, Pem};

/// Reads a file's text.
pub(super) fn read(bytes: &[u8], path: &Path) -> Result<Kubeconfig, ConfigError> {
    let shown = path.display().to_string();
    let value = codec::yaml::parse(bytes).map_err(|e| format!("{shown}: {e}"))?.value;
    let dir = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut reader = Reader { dir, problems: Vec::new() };
    let root = Field { value: &value, place: shown.clone(), top: true };
    reader.check_kind(&root);
    let config = Kubeconfig {
        clusters: reader.named(&root, "clusters", "cluster", Reader::cluster),
        users: reader.named(&root, "users", "user", Reader::user),
        contexts: reader.named(&root, "contexts", "context", Reader::context),
        current: reader.text(&root, "current-context"),
        shown,
    };
    if reader.problems.is_empty() { Ok(config) } else { Err(ConfigError(reader.problems)) }
}

struct Reader {
    dir: PathBuf,
    problems: Vec<String>,
}

/// A value and where it stands.
struct Field<'a> {
    value: &'a Value,
    place: String,
    /// It is the whole file.
    top: bool,
}

impl<'a> Field<'a> {
    fn child(&self, name: &str) -> Field<'a> {
        let separator = if self.top { ": " } else { "." };
        Field { value: self.value.at(&[name]), place: format!("{}{separator}{name}", self.place), top: false }
    }

    fn place(&self) -> Place {
        Place(self.place.clone())
    }
}

impl Reader {
    fn complain(&mut self, field: &Field<'_>, why: impl std::fmt::Display) {
        self.problems.push(format!("{}: {why}", field.place));
    }

    fn wrong(&mut self, field: &Field<'_>, expected: &str) {
        self.complain(field, format!("must be {expected}, not a JSON {}", field.value.type_name()));
    }

    fn check_kind(&mut self, root: &Field<'_>) {
        if !matches!(root.value, Value::Object(_) | Value::Null) {
            self.wrong(root, "an object");
        }
        for (key, expected) in [("kind", "Config"), ("apiVersion", "v1")] {
            let found = self.text(root, key);
            if !found.is_empty() && found != expected {
                self.complain(&root.child(key), format!("must be `{expected}`, not `{found}`"));
            }
        }
    }

    fn text(&mut self, parent: &Field<'_>, name: &str) -> String {
        let field = parent.child(name);
        match field.value {
            Value::Null => String::new(),
            Value::String(text) => text.to_string(),
            _ => {
                self.wrong(&field, "a text");
                String::new()
            }
        }
    }

    fn flag(&mut self, parent: &Field<'_>, name: &str) -> bool {
        let field = parent.child(name);
        match field.value {
            Value::Null => false,
            Value::Bool(flag) => *flag,
            _ => {
                self.wrong(&field, "true or false");
                false
            }
        }
    }

    fn secret(&mut self, parent: &Field<'_>, name: &str) -> Option<Secret> {
        Some(self.text(parent, name)).filter(|text| !text.is_empty()).map(Secret::new)
    }

    fn items<'a>(&mut self, parent: &Field<'a>, name: &str) -> Vec<Field<'a>> {
        let field = parent.child(name);
        match field.value {
            Value::Null => Vec::new(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(i, value)| Field { value, place: format!("{}[{i}]", field.place), top: false })
                .collect(),
            _ => {
                self.wrong(&field, "a list");
                Vec::new()
            }
        }
    }

    fn texts(&mut self, parent: &Field<'_>, name: &str) -> Vec<String> {
        let items = self.items(parent, name);
        let mut texts = Vec::new();
        for item in items {
            match item.value.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => self.wrong(&item, "a text"),
            }
        }
        texts
    }

    /// A list of things with names; of several with the same name the first counts.
    fn named<T>(
        &mut self,
        root: &Field<'_>,
        list: &str,
        member: &str,
        mut read: impl FnMut(&mut Self, &Field<'_>) -> T,
    ) -> BTreeMap<String, T> {
        let mut found = BTreeMap::new();
        for item in self.items(root, list) {
            let name = self.text(&item, "name");
            let part = item.child(member);
            if !matches!(part.value, Value::Null | Value::Object(_)) {
                self.wrong(&part, "an object");
                continue;
            }
            let read = read(self, &part);
            found.entry(name).or_insert(read);
        }
        found
    }

    /// What `NAME-data` or else the file `NAME` holds.
    fn pem(&mut self, parent: &Field<'_>, name: &str) -> Option<Pem> {
        let data = parent.child(&format!("{name}-data"));
        let encoded = self.text(parent, &format!("{name}-data"));
        if !encoded.is_empty() {
            let compact: String = encoded.split_ascii_whitespace().collect();
            return match STANDARD.decode(compact) {
                Ok(bytes) => Some(Pem::bytes(data.place, bytes)),
                Err(_) => {
                    self.complain(&data, "is no base64");
                    None
                }
            };
        }
        let path = self.text(parent, name);
        (!path.is_empty()).then(|| Pem::file(parent.child(name).place, self.dir.join(path)))
    }

    fn cluster(&mut self, field: &Field<'_>) -> Cluster {
        Cluster {
            place: field.place(),
            server: self.text(field, "server"),
            server_name: self.text(field, "tls-server-name"),
            insecure: self.flag(field, "insecure-skip-tls-verify"),
            authority: self.pem(field, "certificate-authority"),
            proxy: Secret::new(self.text(field, "proxy-url")),
        }
    }

    fn context(&mut self, field: &Field<'_>) -> Context {
        Context {
            place: field.place(),
            cluster: self.text(field, "cluster"),
            user: self.text(field, "user"),
            namespace: self.text(field, "namespace"),
        }
    }

    fn user(&mut self, field: &Field<'_>) -> User {
        let token_file = self.text(field, "tokenFile");
        let exec = field.child("exec");
        let provider = field.child("auth-provider");
        User {
            place: field.place(),
            certificate: self.pem(field, "client-certificate"),
            key: self.pem(field, "client-key"),
            token: self.secret(field, "token"),
            token_file: (!token_file.is_empty()).then(|| self.dir.join(token_file)),
            username: self.text(field, "username"),
            password: self.secret(field, "password"),
            impersonation: self.impersonation(field),
            exec: (!exec.value.is_null()).then(|| self.exec(&exec)),
            provider: self.text(&provider, "name"),
        }
    }

    fn impersonation(&mut self, field: &Field<'_>) -> Impersonation {
        let extra = field.child("as-user-extra");
        if !matches!(extra.value, Value::Null | Value::Object(_)) {
            self.wrong(&extra, "an object");
        }
        let keys = extra.value.as_object().into_iter().flat_map(Map::keys);
        Impersonation {
            user: self.text(field, "as"),
            uid: self.text(field, "as-uid"),
            groups: self.texts(field, "as-groups"),
            extra: keys.map(|key| (key.to_owned(), self.texts(&extra, key))).collect(),
        }
    }

    fn exec(&mut self, field: &Field<'_>) -> Exec {
        let variables = self.items(field, "env");
        let env = variables.iter().map(|v| (self.text(v, "name"), self.text(v, "value"))).collect();
        Exec {
            api_version: self.text(field, "apiVersion"),
            command: self.text(field, "command"),
            args: self.texts(field, "args"),
            env,
            install_hint: self.text(field, "installHint"),
            provide_cluster: self.flag(field, "provideClusterInfo"),
            interactive: self.text(field, "interactiveMode"),
            dir: self.dir.clone(),
        }
    }
}
