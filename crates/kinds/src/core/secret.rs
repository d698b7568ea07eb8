//! Secret: data that must stay out of sight.  No failure or warning shows a value.

use api::{Map, Value, field};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keyed::{self, MAX_BYTES};
use crate::kind::{Kind, default_text, text_field};
use crate::{Context, Cursor, MetaCheck, equal, pem};

/// Annotation of a token that names its account.
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// Types of secrets whose data is a JSON object under this key.
const DOCUMENTS: [(&str, &str); 2] =
    [("kubernetes.io/dockercfg", ".dockercfg"), ("kubernetes.io/dockerconfigjson", ".dockerconfigjson")];

pub(crate) static SECRET: Kind = Kind {
    update_checks: &[MetaCheck::Change, MetaCheck::New],
    default: default_secret,
    prepare_update: keep_type,
    validate: |secret, _, errors| validate(secret, errors),
    validate_update: |new: &Value, old: &Value, _: &Context, errors: &mut field::Errors| {
        equal::immutable(&Cursor::at("type", new.at(&["type"])), old.at(&["type"]), errors);
        keyed::frozen(new, old, &["data"], errors);
        validate(new, errors);
    },
    warnings: |secret, _, _| warnings(secret),
    fields: |secret| vec![("type", text_field(secret, &["type"]))],
    ..Kind::PLAIN
};

/// `stringData` is another way to write `data` and never read back.
fn default_secret(secret: &mut Value, _version: &str) {
    default_text(secret.make_object(), "type", "Opaque");
    if let Some(Value::Object(texts)) = secret.remove_at(&["stringData"])
        && !texts.is_empty()
    {
        let data = secret.object_at_mut(&["data"]);
        for (key, text) in texts {
            data.insert(key, STANDARD.encode(text.as_str().unwrap_or("")).into());
        }
    }
}

/// A write that leaves the type out keeps it.
fn keep_type(new: &mut Value, old: &Value, _cx: &Context) {
    default_text(new.make_object(), "type", old.str_at(&["type"]));
}

fn validate(secret: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(secret);
    let data = root.child("data");
    for (key, entry) in data.entries() {
        keyed::key(&entry, key, errors);
    }
    if keyed::decoded_size(&data) > MAX_BYTES {
        errors.too_long(&data.path(), MAX_BYTES);
    }
    let mut need = |keys: &[&str]| {
        for key in keys.iter().filter(|key| !data.has(key)) {
            data.key(key).required(errors, "");
        }
    };
    match root.text("type") {
        "kubernetes.io/service-account-token" => {
            let meta = root.child("metadata");
            let annotations = meta.child("annotations");
            let account = annotations.key(ACCOUNT);
            if account.str().is_empty() {
                account.required(errors, "");
            }
        }
        "kubernetes.io/basic-auth" if !data.has("username") && !data.has("password") => {
            need(&["username", "password"]);
        }
        "kubernetes.io/ssh-auth" if data.key("ssh-privatekey").str().is_empty() => {
            data.key("ssh-privatekey").required(errors, "");
        }
        "kubernetes.io/tls" => need(&["tls.crt", "tls.key"]),
        other => {
            if let Some((_, key)) = DOCUMENTS.iter().find(|(kind, _)| *kind == other) {
                document(&data.key(key), errors);
            }
        }
    }
}

fn document(entry: &Cursor, errors: &mut field::Errors) {
    if !entry.is_set() {
        return entry.required(errors, "");
    }
    let fault = match codec::json::parse(&bytes(entry.value())) {
        Ok(parsed) => match parsed.value {
            Value::Object(_) | Value::Null => return,
            other => {
                let kind = other.type_name();
                format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
            }
        },
        Err(error) => error.to_string(),
    };
    entry.bad(errors, "<secret contents redacted>", &fault);
}

/// The bytes a base64 text stands for; decoding has refused what is none.
fn bytes(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap_or("")).unwrap_or_default()
}

fn warnings(secret: &Value) -> Vec<String> {
    if secret.str_at(&["type"]) != "kubernetes.io/tls" {
        return Vec::new();
    }
    let data = secret.at(&["data"]).as_object();
    let pem = |key: &str| data.and_then(|data: &Map| data.get(key)).map(bytes).unwrap_or_default();
    pem::key_pair_fault(&pem("tls.crt"), &pem("tls.key")).into_iter().collect()
}
