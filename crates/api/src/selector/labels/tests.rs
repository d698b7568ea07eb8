use super::*;
use crate::object;
use proptest::prelude::*;

fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
    let get = |key: &str| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
    LabelSelector::parse(selector).unwrap().matches(get)
}

#[test]
fn matching() {
    let web = [("app", "web"), ("n", "5")];
    for yes in [
        "",
        "app",
        "app=web",
        "app==web",
        "app in (web,db)",
        "x notin (a)",
        "x!=a",
        "!x",
        "n>4",
        "n<6",
        "app=web,n=5",
        " app = web , ! x ",
        "app in (in, web)",
        "app!=db",
    ] {
        assert!(selects(yes, &web), "{yes}");
    }
    for no in [
        "app=db",
        "x",
        "!app",
        "app in ()",
        "n>5",
        "n<5",
        "app>1",
        "app!=web",
        "app notin (web)",
        "x=",
        "x in (,)",
    ] {
        assert!(!selects(no, &web), "{no}");
    }
    assert!(selects("e=", &[("e", "")]));
}

#[test]
fn errors_read_as_upstreams() {
    for (text, want) in [
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (b,", "unable to parse requirement: found '', expected: ',', or identifier"),
        ("a,", "found '', expected: identifier after ','"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("!!a", "unable to parse requirement: found '!', expected: identifier"),
        ("a<>3", "unable to parse requirement: found '>', expected: identifier"),
        ("a\0b=c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("(a)", "found '(', expected: !, identifier, or 'end of string'"),
        ("a=b,,c=d", "found ',', expected: identifier after ','"),
        ("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("a=>b", "unable to parse requirement: found '>', expected: identifier"),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
        (
            "a=-x",
            "unable to parse requirement: values[0][a]: Invalid value: \"-x\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ),
    ] {
        assert_eq!(LabelSelector::parse(text).unwrap_err().to_string(), want, "{text}");
    }
}

#[test]
fn text_form_can_be_read_again() {
    for (text, want) in
        [("b=1,a in (y,x)", "a in (x,y),b=1"), ("!a,c>1", "!a,c>1"), ("x in ()", "x in ()"), ("a==b", "a==b")]
    {
        let selector = LabelSelector::parse(text).unwrap();
        assert_eq!(selector.to_string(), want);
        assert_eq!(LabelSelector::parse(want).unwrap(), selector);
    }
}

#[test]
fn from_objects() {
    let labels = object! { "app" => "web" };
    let read = |v: &Value| LabelSelector::from_object(v).unwrap().matches_map(labels.as_object());
    assert!(!read(&Value::Null));
    assert!(read(&object! {}));
    assert!(read(&object! { "matchLabels" => object! { "app" => "web" } }));
    let not_in = object! { "key" => "app", "operator" => "NotIn", "values" => vec!["web"] };
    assert!(!read(&object! { "matchExpressions" => vec![not_in] }));
    let odd = object! { "matchExpressions" => vec![object! { "key" => "a", "operator" => "Like" }] };
    let e = LabelSelector::from_object(&odd).unwrap_err();
    assert_eq!(e.to_string(), "\"Like\" is not a valid label selector operator");
}

#[test]
fn exact_matches() {
    let s = LabelSelector::parse("a=1,b in (2),c in (1,2),d!=1").unwrap();
    assert_eq!([s.exact_match("a"), s.exact_match("b"), s.exact_match("c")], [Some("1"), Some("2"), None]);
    assert_eq!(s.exact_match("d"), None);
}

/// Texts that are made of the words of the language, and now and then of something else.
fn texts() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a", "b", "in", "notin", "=", "==", "!=", "!", ",", "(", ")", ">", "<", " ", "1", "é", "\0", "-",
        "x/y",
    ]);
    prop_oneof![3 => prop::collection::vec(word, 0..12).prop_map(|w| w.concat()), 1 => ".*"]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in texts()) {
        if let Ok(selector) = LabelSelector::parse(&text) {
            let again = LabelSelector::parse(&selector.to_string());
            prop_assert_eq!(again.as_ref(), Ok(&selector), "{:?} from {:?}", again, text);
        }
    }
}
