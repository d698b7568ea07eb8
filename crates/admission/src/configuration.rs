//! `AdmissionConfiguration`: which plug-in gets which configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use api::Value;
use codec::object::{ConfigKind, decode_config};
use schema::{Field, Message, Type};

/// The configurations of plug-ins by their names, each as it stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configurations(BTreeMap<String, Source>);

/// Where a plug-in's configuration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Here(Vec<u8>),
    File(PathBuf),
}

const KIND: ConfigKind = ConfigKind {
    group: "apiserver.config.k8s.io",
    versions: &["v1"],
    kind: "AdmissionConfiguration",
    message: &MESSAGE,
};

static MESSAGE: Message = Message::new(
    "AdmissionConfiguration",
    "v1.AdmissionConfiguration",
    &[
        Field::new("apiVersion", 0, Type::String),
        Field::new("kind", 0, Type::String),
        Field::new("plugins", 0, Type::List(&Type::Message(&PLUGIN))),
    ],
);

static PLUGIN: Message = Message::new(
    "AdmissionPluginConfiguration",
    "v1.AdmissionPluginConfiguration",
    &[
        Field::new("name", 0, Type::String),
        Field::new("path", 0, Type::String),
        Field::new("configuration", 0, Type::RawExtension),
    ],
);

impl Configurations {
    /// Reads the file that stands in `folder`, from where paths in it count.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(bytes: &[u8], folder: &Path) -> Result<Self, String> {
        let object = decode_config(bytes, &KIND)?;
        let mut found = BTreeMap::new();
        for plugin in object.array_at(&["plugins"]) {
            let (name, path) = (plugin.str_at(&["name"]).to_owned(), plugin.str_at(&["path"]));
            let source = match plugin.at(&["configuration"]) {
                Value::Null if path.is_empty() => continue,
                Value::Null => Source::File(folder.join(path)),
                here => Source::Here(api::json::to_string(here).into_bytes()),
            };
            // The first one counts, as upstream finds it.
            found.entry(name).or_insert(source);
        }
        Ok(Self(found))
    }

    /// What a plug-in is to be configured with; `file` reads a file.
    ///
    /// # Errors
    /// That of `file`, with the file's name.
    pub(crate) fn of(
        &self,
        plugin: &str,
        file: impl Fn(&Path) -> Result<Vec<u8>, String>,
    ) -> Result<Option<Vec<u8>>, String> {
        match self.0.get(plugin) {
            None => Ok(None),
            Some(Source::Here(bytes)) => Ok(Some(bytes.clone())),
            Some(Source::File(path)) => {
                file(path).map(Some).map_err(|why| format!("{}: {why}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n";

    #[test]
    fn configurations_stand_here_or_in_files() {
        let text = format!(
            "{HEAD}plugins:\n- {{name: A, configuration: {{x: 1}}}}\n- {{name: B, path: b.yaml}}\n- {{name: A, path: c}}\n- name: C\n"
        );
        let read = Configurations::read(text.as_bytes(), Path::new("/etc")).unwrap();
        let file = |path: &Path| match path.to_str() {
            Some("/etc/b.yaml") => Ok(b"b".to_vec()),
            _ => Err("gone".to_owned()),
        };
        assert_eq!(read.of("A", file), Ok(Some(br#"{"x":1}"#.to_vec())));
        assert_eq!(read.of("B", file), Ok(Some(b"b".to_vec())));
        assert_eq!(read.of("C", file), Ok(None));
        assert_eq!(read.of("B", |_| Err("gone".to_owned())), Err("/etc/b.yaml: gone".to_owned()));
    }

    #[test]
    fn a_file_that_is_wrong() {
        let wrong = format!("{HEAD}plugin: []");
        let why = Configurations::read(wrong.as_bytes(), Path::new("/")).unwrap_err();
        assert!(why.contains("unknown field \"plugin\""), "{why}");
    }
}
