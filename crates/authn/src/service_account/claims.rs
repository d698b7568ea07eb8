//! What a service account's token says.

use api::{Map, Value, object};

/// The claims of a token, times in seconds since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Who issued it.
    pub issuer: String,
    /// Whom it is for.
    pub audiences: Vec<String>,
    /// Its end.
    pub expires: i64,
    /// When it was issued.
    pub issued_at: i64,
    /// Its beginning.
    pub not_before: i64,
    /// Its own id.
    pub id: String,
    /// Namespace of the service account.
    pub namespace: String,
    /// The service account.
    pub account: Reference,
    /// The pod it is bound to.
    pub pod: Option<Reference>,
    /// The secret it is bound to.
    pub secret: Option<Reference>,
    /// The node it is bound to, or the node of the pod.
    pub node: Option<Reference>,
    /// From when on its use is noted: it was asked for only until then.
    pub warn_after: Option<i64>,
}

/// An object by name and uid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// Its uid, `""` when it is not known.
    pub uid: String,
}

impl Claims {
    /// The payload, members in alphabetical order as upstream writes them.
    pub(super) fn payload(&self) -> Value {
        let mut own = Map::new();
        own.insert("namespace", self.namespace.as_str().into());
        let bound = [("node", &self.node), ("pod", &self.pod), ("secret", &self.secret)];
        for (key, reference) in bound.into_iter().filter_map(|(k, r)| Some((k, r.as_ref()?))) {
            own.insert(key, reference.value());
        }
        own.insert("serviceaccount", self.account.value());
        if let Some(time) = self.warn_after {
            own.insert("warnafter", time.into());
        }
        let audiences: Vec<&str> = self.audiences.iter().map(String::as_str).collect();
        object! {
            "aud" => audiences,
            "exp" => self.expires,
            "iat" => self.issued_at,
            "iss" => self.issuer.as_str(),
            "jti" => self.id.as_str(),
            "kubernetes.io" => own,
            "nbf" => self.not_before,
            "sub" => api::user::service_account_username(&self.namespace, &self.account.name),
        }
    }

    /// Reads a payload; `None` when a claim has the wrong type or a required one (`exp`) is missing.
    pub(crate) fn read(payload: &Value) -> Option<Self> {
        let own = payload.at(&["kubernetes.io"]);
        let reference = |key: &str| match own.at(&[key]) {
            Value::Null => Some(None),
            value => Reference::read(value).map(Some),
        };
        Some(Self {
            issuer: text(payload, "iss")?,
            audiences: audiences(payload.at(&["aud"]))?,
            expires: time(payload, "exp")??,
            issued_at: time(payload, "iat")?.unwrap_or(i64::MIN),
            not_before: time(payload, "nbf")?.unwrap_or(i64::MIN),
            id: text(payload, "jti")?,
            namespace: text(own, "namespace")?,
            account: Reference::read(own.at(&["serviceaccount"]))?,
            pod: reference("pod")?,
            secret: reference("secret")?,
            node: reference("node")?,
            warn_after: time(own, "warnafter")?.filter(|t| *t != 0),
        })
    }
}

impl Reference {
    /// Names an object.
    pub fn new(name: impl Into<String>, uid: impl Into<String>) -> Self {
        Self { name: name.into(), uid: uid.into() }
    }

    fn value(&self) -> Value {
        let pairs = [("name", &self.name), ("uid", &self.uid)];
        pairs.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k, v.as_str())).collect::<Map>().into()
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(Self { name: text(value, "name")?, uid: text(value, "uid")? })
    }
}

fn text(object: &Value, key: &str) -> Option<String> {
    match object.at(&[key]) {
        Value::Null => Some(String::new()),
        value => value.as_str().map(str::to_owned),
    }
}

/// A `NumericDate`; a fraction of a second is cut off.
fn time(object: &Value, key: &str) -> Option<Option<i64>> {
    match object.at(&[key]) {
        Value::Null => Some(None),
        Value::Int(i) => Some(Some(*i)),
        Value::Float(f) if f.abs() < 1e15 => Some(Some(*f as i64)),
        _ => None,
    }
}

/// One audience or a list of them.
pub(super) fn audiences(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::String(one) => Some(vec![one.to_string()]),
        Value::Array(many) => many.iter().map(|a| a.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_read_as_upstreams_and_back() {
        let claims = Claims {
            issuer: "https://i".into(),
            audiences: vec!["a".into()],
            expires: 20,
            issued_at: 10,
            not_before: 10,
            id: "j".into(),
            namespace: "ns".into(),
            account: Reference::new("robot", "u1"),
            pod: Some(Reference::new("p", "u2")),
            node: Some(Reference::new("n", "")),
            warn_after: Some(15),
            ..Claims::default()
        };
        let payload = claims.payload();
        assert_eq!(
            api::json::to_string(&payload),
            r#"{"aud":["a"],"exp":20,"iat":10,"iss":"https://i","jti":"j","kubernetes.io":{"namespace":"ns","node":{"name":"n"},"pod":{"name":"p","uid":"u2"},"serviceaccount":{"name":"robot","uid":"u1"},"warnafter":15},"nbf":10,"sub":"system:serviceaccount:ns:robot"}"#
        );
        assert_eq!(Claims::read(&payload), Some(claims));
    }

    #[test]
    fn wrong_types_and_missing_ends_are_refused() {
        let good = object! { "exp" => 1, "kubernetes.io" => object! { "serviceaccount" => object! {} } };
        assert!(Claims::read(&good).is_some());
        for (path, value) in [
            (&["exp"][..], Value::Null),
            (&["exp"], "1".into()),
            (&["exp"], 1e300.into()),
            (&["aud"], 1.into()),
            (&["aud"], vec![1].into()),
            (&["iss"], 1.into()),
            (&["kubernetes.io", "pod"], "p".into()),
            (&["kubernetes.io", "serviceaccount"], Value::Null),
        ] {
            let mut bad = good.clone();
            bad.set_at(path, value);
            assert_eq!(Claims::read(&bad), None, "{path:?}");
        }
    }
}
