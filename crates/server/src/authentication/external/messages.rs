//! The messages of `ExternalJWTSigner` v1 as values.

use api::{Value, object};
use authn::service_account::external::{Signed, SignerKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codec::proto;
use schema::{Field, Message, Type};

static SIGN_REQUEST: Message =
    Message::new("v1.SignJWTRequest", "v1.SignJWTRequest", &[Field::new("claims", 1, Type::String)]);
static SIGN_RESPONSE: Message = Message::new(
    "v1.SignJWTResponse",
    "v1.SignJWTResponse",
    &[Field::new("header", 1, Type::String), Field::new("signature", 2, Type::String)],
);
static KEYS_RESPONSE: Message = Message::new(
    "v1.FetchKeysResponse",
    "v1.FetchKeysResponse",
    &[
        Field::new("keys", 1, Type::List(&Type::Message(&KEY))),
        Field { pointer: true, ..Field::new("dataTimestamp", 2, Type::Message(&TIMESTAMP)) },
        Field::new("refreshHintSeconds", 3, Type::Int64),
    ],
);
static KEY: Message = Message::new(
    "v1.Key",
    "v1.Key",
    &[
        Field::new("keyId", 1, Type::String),
        Field::new("key", 2, Type::Bytes),
        Field::new("excludeFromOidcDiscovery", 3, Type::Bool),
    ],
);
/// As it is, without the calendar of `metav1.Time`.
static TIMESTAMP: Message = Message::new(
    "google.protobuf.Timestamp",
    "timestamppb.Timestamp",
    &[Field::new("seconds", 1, Type::Int64), Field::new("nanos", 2, Type::Int32)],
);
static METADATA_RESPONSE: Message = Message::new(
    "v1.MetadataResponse",
    "v1.MetadataResponse",
    &[Field::new("maxTokenExpirationSeconds", 1, Type::Int64)],
);

/// The years 1 to 9999, in seconds since the Unix epoch: what a `Timestamp` may hold.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The keys of a signer, and how it wants them to be asked for.
pub(super) struct FetchedKeys {
    /// The keys.
    pub keys: Vec<SignerKey>,
    /// When the signer's data was true, in seconds since the Unix epoch.
    pub data_seconds: f64,
    /// In how many seconds they should be asked for again; more than 0.
    pub refresh_seconds: u64,
}

/// A request to sign.
pub(super) fn sign_request(claims: &str) -> Result<Vec<u8>, String> {
    proto::encode(&object! { "claims" => claims }, &SIGN_REQUEST).map_err(|e| e.to_string())
}

/// The answer to it.
pub(super) fn sign_response(bytes: &[u8]) -> Result<Signed, String> {
    let value = read(bytes, &SIGN_RESPONSE)?;
    let text = |name: &str| value.str_at(&[name]).to_owned();
    Ok(Signed { header: text("header"), signature: text("signature") })
}

/// The answer to a request for keys, with upstream's texts for what is wrong.
pub(super) fn keys_response(bytes: &[u8]) -> Result<FetchedKeys, String> {
    let value = read(bytes, &KEYS_RESPONSE)?;
    let hint = int(&value, "refreshHintSeconds");
    let refresh_seconds = u64::try_from(hint).ok().filter(|hint| *hint > 0);
    let refresh_seconds = refresh_seconds.ok_or_else(|| format!("found invalid refresh hint ({hint}s)"))?;
    let keys = value.array_at(&["keys"]).iter().map(key).collect();
    let data_seconds = timestamp(value.at(&["dataTimestamp"]));
    let data_seconds = data_seconds.map_err(|why| format!("invalid data timestamp: {why}"))?;
    Ok(FetchedKeys { keys, data_seconds, refresh_seconds })
}

/// The longest life of a token, in seconds, that a signer signs.
pub(super) fn metadata_response(bytes: &[u8]) -> Result<i64, String> {
    Ok(int(&read(bytes, &METADATA_RESPONSE)?, "maxTokenExpirationSeconds"))
}

fn read(bytes: &[u8], message: &'static Message) -> Result<Value, String> {
    proto::decode(bytes, message).map_err(|e| e.to_string())
}

fn int(value: &Value, name: &str) -> i64 {
    value.at(&[name]).as_i64().unwrap_or(0)
}

fn key(value: &Value) -> SignerKey {
    SignerKey {
        id: value.str_at(&["keyId"]).to_owned(),
        der: STANDARD.decode(value.str_at(&["key"])).unwrap_or_default(),
        unpublished: matches!(value.at(&["excludeFromOidcDiscovery"]), Value::Bool(true)),
    }
}

fn timestamp(value: &Value) -> Result<f64, String> {
    if value.is_null() {
        return Err("proto: invalid nil Timestamp".to_owned());
    }
    let (seconds, nanos) = (int(value, "seconds"), int(value, "nanos"));
    if !SECONDS.contains(&seconds) || !(0..1_000_000_000).contains(&nanos) {
        return Err(format!("proto: timestamp ({seconds} s, {nanos} ns) is out of range"));
    }
    Ok(seconds as f64 + nanos as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    #[test]
    fn messages_have_upstreams_numbers() {
        assert_eq!(sign_request("abc").unwrap(), field(1, b"abc"));
        let signed = sign_response(&[field(1, b"h"), field(2, b"s"), field(9, b"?")].concat()).unwrap();
        assert_eq!((signed.header.as_str(), signed.signature.as_str()), ("h", "s"));
        let key = [field(1, b"k"), field(2, &[0x30, 0xff]), vec![0x18, 1]].concat();
        let answer = [field(1, &key), field(1, b""), field(2, &[0x08, 5]), vec![0x18, 60]].concat();
        let fetched = keys_response(&answer).unwrap();
        assert_eq!((fetched.keys.len(), fetched.refresh_seconds), (2, 60));
        assert!((fetched.data_seconds - 5.0).abs() < 1e-9);
        assert_eq!((fetched.keys[0].id.as_str(), &fetched.keys[0].der[..]), ("k", &[0x30, 0xff][..]));
        assert!(fetched.keys[0].unpublished && !fetched.keys[1].unpublished);
        assert_eq!(metadata_response(&[0x08, 0xd8, 0x04]), Ok(600));
        assert_eq!(metadata_response(&[]), Ok(0));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |bytes: &[u8]| keys_response(bytes).map(drop).unwrap_err();
        assert_eq!(refused(&[]), "found invalid refresh hint (0s)");
        let minus_one = [&[0x18][..], &[0xff; 9], &[1]].concat();
        assert_eq!(refused(&minus_one), "found invalid refresh hint (-1s)");
        assert_eq!(refused(&[0x18, 1]), "invalid data timestamp: proto: invalid nil Timestamp");
        let nanos = field(2, &[&[0x10][..], &[0xff; 9], &[1]].concat());
        assert!(refused(&[&nanos[..], &[0x18, 1]].concat()).contains("out of range"));
        assert!(sign_response(&[0x0a, 200, 1]).is_err(), "cut short");
        assert!(sign_response(&[0x08, 1]).is_err(), "a number for a text");
    }
}
