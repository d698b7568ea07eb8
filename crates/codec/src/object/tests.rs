use api::object;

use super::*;

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

fn config_map() -> GroupVersionKind {
    GroupVersionKind::new("", "v1", "ConfigMap")
}

fn read_as(
    kind: &GroupVersionKind,
    content_type: &str,
    body: &[u8],
    validation: FieldValidation,
) -> Result<Decoded, String> {
    Format::of_request(content_type, Format::ALL)
        .and_then(|format| decode(body, format, Endpoint::of(kind), validation))
        .map_err(|e| format!("{} {}", e.code, e.message))
}

/// The failure of a body sent to an endpoint of config maps.
fn failure(content_type: &str, body: impl AsRef<[u8]>) -> String {
    read_as(&config_map(), content_type, body.as_ref(), FieldValidation::Warn).unwrap_err()
}

#[test]
fn bodies_that_are_nothing_are_shown() {
    let unrecognized = "400 the object provided is unrecognized (must be of type ConfigMap): ";
    let no_struct = "Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
    let cases = [
        (JSON, "", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        (JSON, "{", "couldn't get version/kind; json parse error: unexpected end of JSON input ({)"),
        (
            JSON,
            "[]",
            &format!(
                "couldn't get version/kind; json parse error: json: cannot unmarshal array into {no_struct} (5b5d)"
            ),
        ),
        (
            JSON,
            "true",
            &format!(
                "couldn't get version/kind; json parse error: json: cannot unmarshal bool into {no_struct} (74727565)"
            ),
        ),
        (
            JSON,
            "{\"kind\":5}",
            "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string ({\"kind\":5})",
        ),
        (
            JSON,
            "{\"kind\":\"ConfigMap\",\"apiVersion\":\"a/b/c\"}",
            "unexpected GroupVersion string: a/b/c ({\"kind\":\"ConfigMap\",\"apiVersio ...)",
        ),
        (YAML, "a: [", "yaml: line 1: did not find expected node content (613a205b)"),
        (YAML, "x: .nan", "json: unsupported value: NaN (783a202e6e616e)"),
        (PROTOBUF, "", "empty data (<empty>)"),
        (
            PROTOBUF,
            "{}",
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})",
        ),
        (PROTOBUF, "k8s\0\n", "unexpected EOF (6b3873000a)"),
        (PROTOBUF, "k8s\0\u{8}\u{1}", "proto: wrong wireType = 0 for field TypeMeta (6b3873000801)"),
    ];
    for (content_type, body, want) in cases {
        assert_eq!(failure(content_type, body), format!("{unrecognized}{want}"), "of {body:?}");
    }
    let deep = failure(JSON, "{\"a\":".repeat(20_000));
    assert!(deep.contains("invalid character '{' exceeded max depth ({\"a\":{\"a\":"), "{deep}");
}

#[test]
fn kinds_that_do_not_fit_are_named() {
    let scheme = "in scheme \"pkg/api/legacyscheme/scheme.go:30\"";
    let cases = [
        ("{\"apiVersion\":\"v2\",\"kind\":\"ConfigMap\"}", format!("ConfigMap in version \"v2\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered for version \"v2\" {scheme}")),
        ("{\"apiVersion\":\"apps/v1\",\"kind\":\"ConfigMap\"}", format!("ConfigMap in version \"v1\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered for version \"apps/v1\" {scheme}")),
        ("{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}", "Pod in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion".to_owned()),
        ("{\"apiVersion\":\"v1\",\"kind\":\"Status\"}", "Status in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Status) to (core.ConfigMap): unknown conversion".to_owned()),
        ("{\"apiVersion\":\"apps/\",\"kind\":\"ConfigMap\"}", "ConfigMap in version \"\" cannot be handled as a ConfigMap: Object 'apiVersion' is missing in '{\"apiVersion\":\"apps/\",\"kind\":\"ConfigMap\"}'".to_owned()),
        ("{\"metadata\":{\"name\":5}}", "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string".to_owned()),
        ("{\"kind\":\"Pod\",\"spec\":5}", "Pod in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field Pod.spec of type v1.PodSpec".to_owned()),
    ];
    for (body, want) in cases {
        assert_eq!(failure(JSON, body), format!("400 {want}"));
    }
}

#[test]
fn other_versions_of_a_kind_are_told_apart() {
    let mismatch = |data: &str, expected: &str| {
        format!(
            "400 the API version in the data ({data}) does not match the expected API version ({expected})"
        )
    };
    let cases = [
        (("autoscaling", "v2", "HorizontalPodAutoscaler"), "autoscaling/v1"),
        (("batch", "v1", "CronJob"), "batch/v1beta1"),
        (("events.k8s.io", "v1", "Event"), "v1"),
        (("", "v1", "Event"), "events.k8s.io/v1"),
        (("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), "apiextensions.k8s.io/v1beta1"),
    ];
    for ((group, version, name), data) in cases {
        let kind = GroupVersionKind::new(group, version, name);
        let body = format!("{{\"apiVersion\":\"{data}\",\"kind\":\"{name}\"}}");
        let failed = read_as(&kind, JSON, body.as_bytes(), FieldValidation::Warn).unwrap_err();
        let expected = kind.api_version();
        assert_eq!(failed, mismatch(data, &expected));
    }
    let eviction = GroupVersionKind::new("policy", "v1", "Eviction");
    let endpoint = Endpoint { kind: &eviction, also: &[("policy", "v1beta1")] };
    let body = br#"{"apiVersion":"policy/v1beta1","kind":"Eviction"}"#;
    let decoded = decode(body, Format::Json, endpoint, FieldValidation::Strict).unwrap();
    assert_eq!(decoded.value.str_at(&["apiVersion"]), "policy/v1");
}

#[test]
fn what_a_body_does_not_say_is_filled_in() {
    let all = [
        "{}",
        "null",
        "{\"kind\":null}",
        "{\"apiVersion\":\"/\"}",
        "{\"Kind\":\"ConfigMap\",\"APIVERSION\":\"v1\"}",
    ];
    for body in all {
        let decoded = read_as(&config_map(), JSON, body.as_bytes(), FieldValidation::Ignore).unwrap();
        let want = r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{}}"#;
        assert_eq!(api::json::to_string(&decoded.value), want, "of {body}");
    }
}

const REPEATED: &[u8] = br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"1","a":"2"},"bogus":1,
    "data":{"b":"1"},"metadata":{"zzz":1,"name":"y","labels":{"l":"1","l":"2"}},"bogus":2,"data2":{"x":1,"x":2}}"#;

#[test]
fn unknown_and_repeated_fields_are_told_in_document_order() {
    let strict = read_as(&config_map(), JSON, REPEATED, FieldValidation::Strict).unwrap_err();
    let findings = [
        "duplicate field \"data.a\"",
        "unknown field \"bogus\"",
        "duplicate field \"data\"",
        "duplicate field \"metadata\"",
        "unknown field \"metadata.zzz\"",
        "duplicate field \"metadata.labels.l\"",
        "unknown field \"data2\"",
    ];
    let about = "400 ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: ";
    assert_eq!(strict, format!("{about}{}", findings.join(", ")));

    let warned = read_as(&config_map(), JSON, REPEATED, FieldValidation::Warn).unwrap();
    assert_eq!(warned.warnings, findings);
    let merged = object! {
        "kind" => "ConfigMap", "apiVersion" => "v1", "data" => object! { "a" => "2", "b" => "1" },
        "metadata" => object! { "name" => "y", "labels" => object! { "l" => "2" } },
    };
    assert_eq!(warned.value, merged);

    let ignored = read_as(&config_map(), JSON, REPEATED, FieldValidation::Ignore).unwrap();
    assert_eq!((ignored.value, ignored.warnings.len()), (merged, 0));
}

#[test]
fn yaml_tells_repeated_keys_by_line() {
    let body = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  foo: 1\ndata:\n  a: '1'\n  a: '2'\nzed: 1\n";
    let strict = read_as(&config_map(), YAML, body, FieldValidation::Strict).unwrap_err();
    let want = "strict decoding error: yaml: unmarshal errors:\n  line 8: key \"a\" already set in map, unknown field \"metadata.foo\", unknown field \"zed\"";
    assert!(strict.ends_with(want), "{strict}");
    let warned = read_as(&config_map(), YAML, body, FieldValidation::Warn).unwrap();
    let want =
        ["line 8: key \"a\" already set in map", "unknown field \"metadata.foo\"", "unknown field \"zed\""];
    assert_eq!(warned.warnings, want);
}

#[test]
fn content_types_are_negotiated() {
    for content_type in ["", "application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"] {
        assert_eq!(Format::of_request(content_type, Format::ALL), Ok(Format::Json));
    }
    let refused = Format::of_request("text/plain", Format::ALL).unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (
            415,
            "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
    );
    assert!(Format::of_request(PROTOBUF, Format::TEXT).is_err());
}

#[test]
fn options_of_any_group_are_taken() {
    let taken = [
        r#"{"kind":"DeleteOptions","apiVersion":"v1","foo":1,"gracePeriodSeconds":5}"#,
        r#"{"kind":"DeleteOptions","apiVersion":"policy/v1beta1","gracePeriodSeconds":5}"#,
        r#"{"gracePeriodSeconds":5}"#,
    ];
    for body in taken {
        let options = decode_options(body.as_bytes(), Format::Json, "DeleteOptions").unwrap();
        assert_eq!(options.get("gracePeriodSeconds"), Some(&Value::Int(5)), "of {body}");
    }
    let cases = [
        ("{", "couldn't get version/kind; json parse error: unexpected end of JSON input"),
        (
            "{\"gracePeriodSeconds\":\"x\"}",
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
        ),
        (
            "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}",
            "no kind \"Pod\" is registered for version \"v1\" in scheme \"pkg/apis/meta/internalversion/scheme/register.go:27\"",
        ),
        (
            "{\"kind\":\"Status\",\"apiVersion\":\"v1\"}",
            "converting (v1.Status) to (v1.DeleteOptions): unknown conversion",
        ),
    ];
    for (body, want) in cases {
        let error = decode_options(body.as_bytes(), Format::Json, "DeleteOptions").unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (400, want));
    }
}

#[test]
fn every_encoding_carries_an_object_there_and_back() {
    let pod = GroupVersionKind::new("", "v1", "Pod");
    let body = br#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"b","ports":[{"containerPort":80}]}]}}"#;
    let value = decode(body, Format::Json, Endpoint::of(&pod), FieldValidation::Strict).unwrap().value;
    for format in Format::ALL {
        let bytes = encode(&value, *format, false).unwrap();
        let back = decode(&bytes, *format, Endpoint::of(&pod), FieldValidation::Strict).unwrap();
        assert_eq!(back.value, value, "{format:?}");
    }
    assert!(encode(&value, Format::Json, false).unwrap().ends_with(b"}\n"));
    assert!(encode(&value, Format::Json, true).unwrap().starts_with(b"{\n  \"kind\": \"Pod\","));
}

#[test]
fn an_empty_list_of_field_owners_is_not_none() {
    for (text, want) in [("[]", "[]"), ("[{}]", "[{}]"), ("[null]", "[{}]"), ("null", "null")] {
        let body =
            format!(r#"{{"kind":"ConfigMap","apiVersion":"v1","metadata":{{"managedFields":{text}}}}}"#);
        for content_type in [JSON, YAML] {
            let read =
                read_as(&config_map(), content_type, body.as_bytes(), FieldValidation::Strict).unwrap();
            let owners = read.value.at(&["metadata", "managedFields"]);
            assert_eq!(api::json::to_string(owners), want, "{text}");
        }
    }
    let thing = GroupVersionKind::new("ex.io", "v1", "Thing");
    let body = br#"{"kind":"Thing","apiVersion":"ex.io/v1","metadata":{"managedFields":[]}}"#;
    let read = decode_custom(body, Format::Json, &thing, FieldValidation::Strict, |_| Vec::new()).unwrap();
    assert_eq!(read.value.at(&["metadata", "managedFields"]), &Value::Array(Vec::new()));
}

#[test]
fn lists_and_statuses_have_protobuf_and_tables_have_not() {
    let list = object! {
        "kind" => "PodList", "apiVersion" => "v1", "metadata" => object! { "resourceVersion" => "5" },
        "items" => vec![object! { "metadata" => object! { "name" => "x" } }],
    };
    let bytes = encode(&list, Format::Protobuf, false).unwrap();
    let envelope = crate::proto::Envelope::decode(&bytes).unwrap();
    assert_eq!(envelope.kind, "PodList");
    let message = schema::kind("", "v1", "PodList").unwrap();
    let back = crate::proto::decode(&envelope.raw, message).unwrap();
    assert_eq!(back.array_at(&["items"])[0].str_at(&["metadata", "name"]), "x");

    let status = ApiError::unauthorized().status();
    assert!(encode(&status, Format::Protobuf, false).is_ok());
    let table = object! { "kind" => "Table", "apiVersion" => "meta.k8s.io/v1" };
    let refused = encode(&table, Format::Protobuf, false).unwrap_err();
    assert_eq!(refused.code, 406);
}

#[test]
fn random_bodies_never_panic() {
    let mut random = crate::testing::Random::new(21);
    let mut body = REPEATED.to_vec();
    for _ in 0..20_000 {
        let at = random.below(body.len());
        body[at] =
            if random.below(3) == 0 { random.next() as u8 } else { b"{}[]\",: 1anull"[random.below(13)] };
        for format in Format::ALL {
            let _ = decode(&body, *format, Endpoint::of(&config_map()), FieldValidation::Strict);
        }
        if random.below(8) == 0 {
            body = REPEATED.to_vec();
        }
    }
}

#[test]
fn custom_resources_are_read_without_a_catalogue() {
    let thing = GroupVersionKind::new("ex.io", "v1", "Thing");
    let read = |body: &str, validation| {
        let prune = |value: &mut Value| {
            value.as_object_mut().and_then(|m| m.remove("top")).map_or(vec![], |_| vec!["top".into()])
        };
        decode_custom(body.as_bytes(), Format::Json, &thing, validation, prune)
    };
    let body = r#"{"kind":"Thing","apiVersion":"ex.io/v1","spec":{"n":1,"n":2,"a":[{"z":1,"y":1.0}]},"metadata":{"name":"x"},
        "metadata":{"name":"y","zz":1},"top":1}"#;
    let decoded = read(body, FieldValidation::Warn).unwrap();
    let want = r#"{"apiVersion":"ex.io/v1","kind":"Thing","metadata":{"name":"y"},"spec":{"a":[{"y":1,"z":1}],"n":2}}"#;
    assert_eq!(api::json::to_string(&decoded.value), want);
    let findings = [
        "duplicate field \"spec.n\"",
        "duplicate field \"metadata\"",
        "unknown field \"metadata.zz\"",
        "unknown field \"top\"",
    ];
    assert_eq!(decoded.warnings, findings);
    let strict = read(body, FieldValidation::Strict).unwrap_err().message;
    let about = "Thing in version \"v1\" cannot be handled as a Thing: ";
    assert_eq!(strict, format!("{about}strict decoding error: {}", findings.join(", ")));

    let head = "\"apiVersion\":\"ex.io/v1\",\"kind\":\"Thing\"";
    let cases = [
        ("{}".to_owned(), "the object provided is unrecognized (must be of type Thing): Object 'Kind' is missing in '{}' ({})".to_owned()),
        ("{\"kind\":\"Thing\"}".to_owned(), "the API version in the data () does not match the expected API version (ex.io/v1)".to_owned()),
        (format!("{{{head},\"metadata\":5}}"), format!("{about}json: cannot unmarshal number into Go value of type v1.ObjectMeta")),
        (format!("{{{head},\"metadata\":{{\"name\":5}}}}"), format!("{about}json: cannot unmarshal number into Go struct field ObjectMeta.name of type string")),
        (format!("{{{head},\"x\":1e999}}"), format!("{about}json: cannot unmarshal number 1e999 into Go value of type float64")),
    ];
    for (body, want) in cases {
        assert_eq!(read(&body, FieldValidation::Warn).unwrap_err().message, want);
    }
}

#[test]
fn patches_are_objects() {
    let patch = decode_patch(br#"{"data":{"x":"1","x":"2"}}"#).unwrap();
    assert_eq!(patch.strict, ["duplicate field \"data.x\""]);
    let patched = object! { "kind" => "ConfigMap", "apiVersion" => "v1", "bogus" => 1, "data" => object! { "x" => "2" } };
    let retyped =
        retype(patched.clone(), &config_map(), FieldValidation::Warn, patch.strict.clone()).unwrap();
    assert_eq!(retyped.warnings, ["duplicate field \"data.x\"", "unknown field \"bogus\""]);
    assert!(retyped.value.get("bogus").is_none());
    let strict = retype(patched, &config_map(), FieldValidation::Strict, patch.strict).unwrap_err();
    assert_eq!(strict, "strict decoding error: duplicate field \"data.x\", unknown field \"bogus\"");
    let cases = [
        ("", "unexpected end of JSON input"),
        ("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ("{\"data\":1e999}", "json: cannot unmarshal number 1e999 into Go value of type float64"),
    ];
    for (body, want) in cases {
        assert_eq!(decode_patch(body.as_bytes()).unwrap_err(), want);
    }
}

#[test]
fn applied_configurations_are_yaml() {
    let applied = decode_apply(b"kind: ConfigMap\ndata:\n  a: b\n  a: c\n").unwrap();
    assert_eq!(applied.value.str_at(&["data", "a"]), "c");
    assert_eq!(applied.check(FieldValidation::Warn).unwrap(), ["line 4: key \"a\" already set in map"]);
    assert_eq!(
        applied.check(FieldValidation::Strict).unwrap_err().message,
        "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 4: key \"a\" already set in map"
    );
    assert_eq!(decode_apply(b"").unwrap().value, Value::object());
    let cases = [
        (
            "[]",
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            "x: [",
            "error decoding YAML: error converting YAML to JSON: yaml: line 1: did not find expected node content",
        ),
    ];
    for (body, want) in cases {
        assert_eq!(decode_apply(body.as_bytes()).unwrap_err().message, want);
    }
}
