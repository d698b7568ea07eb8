use super::*;

#[track_caller]
fn check(rule: fn(&str) -> Faults, good: &[&str], bad: &[(&str, &[&str])]) {
    for value in good {
        assert_eq!(rule(value), Faults::new(), "`{value}` is valid");
    }
    for (value, starts) in bad {
        let faults = rule(value);
        assert_eq!(faults.len(), starts.len(), "`{value}`: {faults:?}");
        for (fault, start) in faults.iter().zip(*starts) {
            assert!(fault.starts_with(start), "`{value}`: {fault}");
        }
    }
}

#[test]
fn labels_and_subdomains() {
    let long = "a".repeat(64);
    let label = "a lowercase RFC 1123 label must consist";
    check(
        dns1123_label,
        &["a", "a-b", "0", "a--b"],
        &[
            ("", &[label]),
            ("A", &[label]),
            ("-a", &[label]),
            ("a-", &[label]),
            ("a.b", &["must not contain dots"]),
            (&long, &["must be no more than 63 characters"]),
        ],
    );
    check(
        dns1123_subdomain,
        &["a", "a.b", "a.b-c.0"],
        &[("a..b", &["a lowercase RFC 1123 subdomain"]), ("a_b", &["a lowercase RFC 1123 subdomain"])],
    );
    check(dns1035_label, &["a", "a-1"], &[("1a", &["a DNS-1035 label"]), ("a.b", &["a DNS-1035 label"])]);
    check(wildcard_dns1123_subdomain, &["*.a.b"], &[("*", &["a wildcard"]), ("a.b", &["a wildcard"])]);
    check(
        dns1123_subdomain_with_underscore,
        &["_a.b_c", "a"],
        &[("a_", &["a lowercase"]), ("__a", &["a lowercase"])],
    );
}

#[test]
fn the_whole_text_of_a_fault() {
    assert_eq!(
        dns1123_label("A"),
        [
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and \
             end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        ]
    );
    assert_eq!(
        qualified_name("a/b/c"),
        [
            "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
             an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
             '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. \
             'example.com/MyName')"
        ]
    );
}

#[test]
fn keys_and_values() {
    let long = "x".repeat(64);
    check(
        qualified_name,
        &["a", "A_b.c", "example.com/a"],
        &[
            ("", &["name part must be non-empty", "name part must consist"]),
            ("/a", &["prefix part must be non-empty"]),
            ("A/", &["prefix part a lowercase", "name part must be non-empty", "name part must consist"]),
            ("-a", &["name part must consist"]),
            (&long, &["name part must be no more than 63 bytes"]),
        ],
    );
    check(
        label_value,
        &["", "a", "A.b"],
        &[("-", &["a valid label must be"]), (&long, &["must be no more than 63 bytes"])],
    );
    check(
        config_map_key,
        &["a", ".a", "A_b-c"],
        &[
            ("", &["a valid config key"]),
            ("..", &["must not be '..'"]),
            (".", &["must not be '.'"]),
            ("..a", &["must not start with '..'"]),
        ],
    );
}

#[test]
fn ports_and_variables() {
    check(
        port_name,
        &["http", "a1", "x-y"],
        &[
            ("", &["must contain only", "must contain at least one letter"]),
            ("80", &["must contain at least one letter"]),
            ("-a--b", &["must not contain consecutive hyphens", "must not begin or end with a hyphen"]),
            ("Abcdefghijklmnopq", &["must be no more than 15 characters", "must contain only"]),
        ],
    );
    check(
        env_var_name,
        &["A", "1 a"],
        &[("", &["environment variable name must"]), ("a=b", &["a valid"]), ("ä", &["a valid"])],
    );
    check(
        percent,
        &["1%", "100%"],
        &[("%", &["a valid percent"]), ("1", &["a valid percent"]), ("-1%", &["a valid percent"])],
    );
    assert_eq!(port_number(0), ["must be between 1 and 65535, inclusive"]);
    assert_eq!(unix_id(-1), ["must be between 0 and 2147483647, inclusive"]);
}

#[test]
fn prefixes_may_end_in_a_dash() {
    assert_eq!(object_name(NameRule::Subdomain, "web-", true), Faults::new());
    assert_eq!(object_name(NameRule::Subdomain, "web-", false).len(), 1);
    assert_eq!(object_name(NameRule::PathSegment, "..", true), Faults::new());
    assert_eq!(object_name(NameRule::PathSegment, "..", false), ["may not be '..'"]);
    assert_eq!(
        object_name(NameRule::PathSegment, "a/%", false),
        ["may not contain '/'", "may not contain '%'"]
    );
}

#[test]
fn domains() {
    let path = field::Path::new("x");
    let mut errors = field::Errors::new();
    fully_qualified_domain_name(&mut errors, &path, "a.b.");
    domain_prefixed_path(&mut errors, &path, "a.b/c:d");
    domain_prefixed_key(&mut errors, &path, "a.b/c");
    assert!(errors.is_empty(), "{errors}");
    fully_qualified_name(&mut errors, &path, "a.b");
    domain_prefixed_path(&mut errors, &path, "a.b");
    domain_prefixed_key(&mut errors, &path, "c");
    assert_eq!(errors.len(), 3);
}
