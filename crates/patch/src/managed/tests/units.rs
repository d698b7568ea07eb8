//! Elements, sets, comparison and what a type's view says, on small objects.

use schema::Message;

use super::*;

#[test]
fn elements_read_write_and_show() {
    let cases = [
        ("f:spec", ".spec"),
        ("f:", "."),
        (r#"k:{"containerPort":80,"protocol":"TCP"}"#, r#"[containerPort=80,protocol="TCP"]"#),
        (r#"v:"a\u003cb""#, r#"[="a<b"]"#),
        ("v:1.5", "[=1.5]"),
        ("v:true", "[=true]"),
        ("i:3", "[3]"),
    ];
    for (written, shown) in cases {
        let element = Element::from_fields_v1(written).unwrap().unwrap();
        assert_eq!((element.to_fields_v1().as_str(), element.to_string().as_str()), (written, shown));
    }
    assert_eq!(Element::from_fields_v1("x:later").unwrap(), None);
    for bad in ["", "f", "fx", "é", "v:{", "k:1", "i:x", "k:{\"a\""] {
        assert!(Element::from_fields_v1(bad).is_err(), "{bad}");
    }
    let sorted = [
        "f:a",
        "f:b",
        r#"k:{"a":9}"#,
        r#"k:{"a":10}"#,
        r#"k:{"a":10,"b":1}"#,
        "v:2",
        "v:10",
        r#"v:"1""#,
        "v:false",
        "v:null",
        "i:0",
    ];
    let elements: Vec<_> = sorted.iter().map(|t| Element::from_fields_v1(t).unwrap().unwrap()).collect();
    assert!(elements.is_sorted() && elements.windows(2).all(|w| w[0] < w[1]));
    let key = |t| Element::from_fields_v1(t).unwrap();
    assert_eq!(key(r#"k:{"b":1,"a":2}"#), key(r#"k:{"a":2.0,"b":1}"#));
}

#[test]
fn sets_read_and_write() {
    let written = r#"{"f:a":{".":{},"f:b":{},"f:c":{"k:{\"n\":1}":{}}},"f:d":{}}"#;
    assert_eq!(text(&set(written)), written);
    assert_eq!(
        text(&set(r#"{"f:d":{},"x:y":{"f:z":{}},"f:a":{"f:z":{},"f:b":{".":{}}}}"#)),
        r#"{"f:a":{"f:b":{},"f:z":{}},"f:d":{}}"#
    );
    assert!(FieldSet::from_fields_v1(&parse(r#"{"f:a":1}"#)).is_err());
    assert!(FieldSet::from_fields_v1(&parse(r#"{"nonsense":{}}"#)).is_err());
}

#[test]
fn set_algebra() {
    let a = || set(r#"{"f:a":{".":{},"f:b":{}},"f:c":{}}"#);
    let b = set(r#"{"f:a":{},"f:c":{"f:d":{}}}"#);
    assert_eq!(text(&a().union(b.clone())), r#"{"f:a":{".":{},"f:b":{}},"f:c":{".":{},"f:d":{}}}"#);
    assert_eq!(text(&a().intersection(&b)), r#"{"f:a":{}}"#);
    assert_eq!(text(&a().difference(&b)), r#"{"f:a":{"f:b":{}},"f:c":{}}"#);
    assert_eq!(text(&a().recursive_difference(&b)), r#"{"f:c":{}}"#);
    assert_eq!(text(&a().leaves()), r#"{"f:a":{"f:b":{}},"f:c":{}}"#);
    assert_eq!(a().len(), 3);
    assert!(
        a().has(&[Element::field("a"), Element::field("b")]) && !b.has(&[Element::field("c")]) && !b.has(&[])
    );
}

/// What a change of a pod is, as the sets of changed and removed fields.
#[track_caller]
fn check_compare(old: &str, new: &str, changed: &str, removed: &str) {
    let found = compare(message("", "v1", "Pod"), &parse(old), &parse(new)).unwrap();
    assert_eq!((text(&found.changed).as_str(), text(&found.removed).as_str()), (changed, removed));
}

#[test]
fn comparison() {
    check_compare(r#"{"spec":{"nodeName":"a"}}"#, r#"{"spec":{"nodeName":"a"}}"#, "{}", "{}");
    check_compare(
        r#"{"spec":{"nodeName":"a"}}"#,
        r#"{"spec":{"nodeName":"b"}}"#,
        r#"{"f:spec":{"f:nodeName":{}}}"#,
        "{}",
    );
    // Leaves of something new are listed with it, a null or empty field that gets members is not new itself.
    check_compare(
        "{}",
        r#"{"metadata":{"labels":{"a":"b"}}}"#,
        r#"{"f:metadata":{".":{},"f:labels":{".":{},"f:a":{}}}}"#,
        "{}",
    );
    check_compare(
        r#"{"spec":{"containers":null}}"#,
        r#"{"spec":{"containers":[{"name":"c"}]}}"#,
        r#"{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:name":{}}}}}"#,
        "{}",
    );
    check_compare(
        r#"{"metadata":{"labels":{"a":"b"}}}"#,
        r#"{"metadata":{"labels":{}}}"#,
        "{}",
        r#"{"f:metadata":{"f:labels":{"f:a":{}}}}"#,
    );
    check_compare(
        r#"{"metadata":{"labels":{"a":"b"}}}"#,
        r#"{"metadata":{}}"#,
        "{}",
        r#"{"f:metadata":{"f:labels":{".":{},"f:a":{}}}}"#,
    );
    // Sets by value, maps by key with defaults, atomics as one.
    check_compare(
        r#"{"metadata":{"finalizers":["a","b"]}}"#,
        r#"{"metadata":{"finalizers":["c","b"]}}"#,
        r#"{"f:metadata":{"f:finalizers":{"v:\"c\"":{}}}}"#,
        r#"{"f:metadata":{"f:finalizers":{"v:\"a\"":{}}}}"#,
    );
    check_compare(
        r#"{"spec":{"containers":[{"name":"c","ports":[{"containerPort":1}],"args":["x"]}]}}"#,
        r#"{"spec":{"containers":[{"name":"c","ports":[{"containerPort":1,"protocol":"TCP","name":"n"}],"args":["y"]}]}}"#,
        r#"{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:args":{},"f:ports":{"k:{\"containerPort\":1,\"protocol\":\"TCP\"}":{"f:name":{},"f:protocol":{}}}}}}}"#,
        "{}",
    );
    // Items that cannot be told apart count as one value.
    let twice =
        r#"{"spec":{"containers":[{"name":"c","env":[{"name":"E","value":"1"},{"name":"E","value":"2"}]}]}}"#;
    let once = r#"{"spec":{"containers":[{"name":"c","env":[{"name":"E","value":"1"}]}]}}"#;
    let item = |inside: &str| {
        format!(
            r#"{{"f:spec":{{"f:containers":{{"k:{{\"name\":\"c\"}}":{{"f:env":{{"k:{{\"name\":\"E\"}}":{inside}}}}}}}}}}}"#
        )
    };
    check_compare(once, twice, &item("{}"), &item(r#"{".":{},"f:name":{},"f:value":{}}"#));
    check_compare(twice, once, &item(r#"{".":{},"f:name":{},"f:value":{}}"#), &item("{}"));
    check_compare(twice, &twice.replace('2', "3"), &item("{}"), "{}");
}

#[test]
fn a_field_may_merge_by_member_what_is_atomic_elsewhere() {
    let view = message("", "v1", "PersistentVolume");
    let found = compare(
        view,
        &parse(r#"{"spec":{"claimRef":{"name":"a"}}}"#),
        &parse(r#"{"spec":{"claimRef":{"name":"b"}}}"#),
    )
    .unwrap();
    assert_eq!(text(&found.changed), r#"{"f:spec":{"f:claimRef":{"f:name":{}}}}"#);
    let mut old = set(r#"{"f:subsets":{"f:x":{}},"f:metadata":{"f:labels":{"f:a":{}}}}"#);
    old.reconcile(message("", "v1", "Endpoints"));
    assert_eq!(text(&old), r#"{"f:metadata":{"f:labels":{"f:a":{}}},"f:subsets":{}}"#);
}

#[test]
fn types_without_schema() {
    let view = BuiltIn::Deduced;
    let found = compare(
        view,
        &parse(r#"{"a":{"b":1},"l":[1],"s":"x"}"#),
        &parse(r#"{"a":{"b":1.0,"c":2},"l":[1,2],"s":{"t":1}}"#),
    )
    .unwrap();
    assert_eq!(text(&found.changed), r#"{"f:a":{"f:c":{}},"f:l":{},"f:s":{".":{},"f:t":{}}}"#);
    assert_eq!(
        text(&field_set(view, &parse(r#"{"a":{"b":{}},"l":[{"x":1}]}"#))),
        r#"{"f:a":{".":{},"f:b":{}},"f:l":{}}"#
    );
}

/// The catalogue must never be without a way to tell items of a keyed list apart.
#[test]
fn zero_objects_of_every_resource_compare_with_themselves() {
    for resource in schema::resources() {
        let view = BuiltIn::Message(resource.message);
        let zero = view.zero_object();
        assert!(compare(view, &zero, &zero).unwrap().is_empty(), "{}", resource.kind);
        assert!(compare(view, &Value::object(), &zero).is_ok());
    }
    let keyed = |m: &'static Message| {
        m.fields.iter().all(|f| BuiltIn::Field(f).list_key(0).is_none_or(|key| !key.is_empty()))
    };
    assert!(schema::messages().iter().all(|m| keyed(m)));
}

#[test]
fn an_element_that_no_float_holds_is_refused() {
    for text in [r#"{"v:1e999":{}}"#, r#"{"k:{\"a\":1e999}":{}}"#] {
        let why = FieldSet::from_fields_v1(&parse(text)).unwrap_err();
        assert!(why.ends_with("cannot unmarshal number 1e999 into Go value of type float64"), "{why}");
    }
}
