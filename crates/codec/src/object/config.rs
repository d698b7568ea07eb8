//! Configuration files of the server: kinds that no endpoint takes, read as strictly as upstream reads them.

use api::field::go_quote;
use api::{GroupVersion, Value};
use schema::Message;

use super::read::{Document, judge};
use super::{FieldValidation, Format};

/// A kind of configuration file.
#[derive(Clone, Copy, Debug)]
pub struct ConfigKind {
    /// Its group.
    pub group: &'static str,
    /// The versions it is read in, which all have the same fields.
    pub versions: &'static [&'static str],
    /// Its name.
    pub kind: &'static str,
    /// Its fields.
    pub message: &'static Message,
}

/// Reads a configuration file, JSON or YAML.  The value has the types of `kind`'s fields; members that are not set are
/// missing.
///
/// # Errors
/// Everything that is wrong with the file, in upstream's words: its syntax, another kind, a value of the wrong type,
/// fields that are not known or set twice.
pub fn decode_config(bytes: &[u8], kind: &ConfigKind) -> Result<Value, String> {
    let (value, strict) = decode_config_leniently(bytes, kind)?;
    judge(&strict, FieldValidation::Strict)?;
    Ok(value)
}

/// As [`decode_config`], for the few kinds that upstream reads although fields are not known or set twice: those come
/// beside the value, one text each.
///
/// # Errors
/// Everything else that is wrong with the file.
pub fn decode_config_leniently(bytes: &[u8], kind: &ConfigKind) -> Result<(Value, Vec<String>), String> {
    if bytes.is_empty() {
        return Err("empty config data".to_owned());
    }
    let json = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    let format = if json { Format::Json } else { Format::Yaml };
    let document = Document::read(bytes, format).map_err(|failure| failure.text)?;
    let claim = document.identity().map_err(|failure| failure.text)?;
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    if claim.kind.is_empty() {
        return Err(format!("Object 'Kind' is missing in '{}'", shown()));
    }
    let version = GroupVersion::parse(&claim.api_version)
        .ok_or_else(|| format!("unexpected GroupVersion string: {}", claim.api_version))?;
    if version.version.is_empty() {
        return Err(format!("Object 'apiVersion' is missing in '{}'", shown()));
    }
    if claim.kind != kind.kind
        || version.group != kind.group
        || !kind.versions.contains(&version.version.as_str())
    {
        let (found, version) = (go_quote(&claim.kind), go_quote(&claim.api_version));
        return Err(format!("no kind {found} is registered for version {version}"));
    }
    let typed = document.typed(kind.message)?;
    Ok((typed.value, typed.strict))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::{Field, Type};

    static INNER: Message = Message::new(
        "x.Inner",
        "v1.Inner",
        &[Field::new("url", 0, Type::String), Field::new("n", 0, Type::Bool)],
    );
    static FIELDS: [Field; 3] = [
        Field::new("apiVersion", 0, Type::String),
        Field::new("kind", 0, Type::String),
        Field { go: &["[]v1.Inner"], ..Field::new("items", 0, Type::List(&Type::Message(&INNER))) },
    ];
    static MESSAGE: Message = Message::new("x.Config", "v1.Config", &FIELDS);
    const KIND: ConfigKind =
        ConfigKind { group: "x.io", versions: &["v1", "v1beta1"], kind: "Config", message: &MESSAGE };

    fn read(text: &str) -> Result<String, String> {
        decode_config(text.as_bytes(), &KIND).map(|v| api::json::to_string(&v))
    }

    #[test]
    fn yaml_and_json() {
        let head = "apiVersion: x.io/v1beta1\nkind: Config\n";
        assert_eq!(
            read(&format!("{head}items:\n- url: a\n- {{}}\n")).unwrap(),
            r#"{"apiVersion":"x.io/v1beta1","items":[{"url":"a"},{}],"kind":"Config"}"#
        );
        assert!(read(r#" {"apiVersion":"x.io/v1","kind":"Config"}"#).is_ok());
    }

    #[test]
    fn everything_else_is_refused() {
        for (text, why) in [
            ("", "empty config data"),
            ("apiVersion: x.io/v1", "Object 'Kind' is missing in 'apiVersion: x.io/v1'"),
            ("kind: Config", "Object 'apiVersion' is missing in 'kind: Config'"),
            ("kind: Config\napiVersion: x.io/v2", "no kind \"Config\" is registered for version \"x.io/v2\""),
            ("kind: Pod\napiVersion: v1", "no kind \"Pod\" is registered for version \"v1\""),
            (
                "kind: Config\napiVersion: x.io/v1\nitem: 1\nitems: [{nope: 2}]",
                "strict decoding error: unknown field \"item\", unknown field \"items[0].nope\"",
            ),
            (
                r#"{"kind":"Config","apiVersion":"x.io/v1","items":[{"url":"a","url":"b"}]}"#,
                "strict decoding error: duplicate field \"items[0].url\"",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), why);
        }
        assert!(
            read("kind: Config\napiVersion: x.io/v1\nitems: 3")
                .unwrap_err()
                .starts_with("json: cannot unmarshal number")
        );
        assert!(
            read("kind: Config\nkind: Config\napiVersion: x.io/v1")
                .unwrap_err()
                .contains("already set in map")
        );
        assert!(read("{").is_err() && read("\u{0}").is_err() && read("- 1").is_err());
    }
}
