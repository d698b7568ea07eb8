use super::*;

fn texts(check: impl FnOnce(&mut field::Errors, &field::Path)) -> Vec<String> {
    let mut errors = field::Errors::new();
    check(&mut errors, &field::Path::new("f"));
    errors.0.iter().map(ToString::to_string).collect()
}

#[test]
fn addresses_are_read_leniently() {
    let read = |text| Address::parse(text).map(|a| (a.ip.to_string(), a.mapped, a.padded));
    let plain = |text: &str| Some((text.to_owned(), false, false));
    assert_eq!(read("10.0.0.1"), plain("10.0.0.1"));
    assert_eq!(read("010.000.0.01"), Some(("10.0.0.1".to_owned(), false, true)));
    assert_eq!(read("::ffff:10.0.0.1"), Some(("10.0.0.1".to_owned(), true, false)));
    assert_eq!(read("::ffff:10.0.0.01"), Some(("10.0.0.1".to_owned(), true, true)));
    assert_eq!(read("2001:DB8:0::1"), plain("2001:db8::1"));
    assert_eq!(read("2001:00db8::1"), Some(("2001:db8::1".to_owned(), false, true)));
    for bad in [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.x",
        "+1.2.3.4",
        ":::",
        "1::2::3",
        "fe80::1%eth0",
        "12345::",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn ranges_are_read_leniently() {
    let read = |text| Range::parse(text).map(|r| r.canonical());
    assert_eq!(read("10.1.2.3/8").as_deref(), Some("10.0.0.0/8"));
    assert_eq!(read("0.0.0.0/0").as_deref(), Some("0.0.0.0/0"));
    assert_eq!(read("2001:db8::5/64").as_deref(), Some("2001:db8::/64"));
    assert_eq!(read("::ffff:10.1.2.3/104").as_deref(), Some("10.0.0.0/8"));
    assert_eq!(read("10.0.0.0/033"), None);
    assert_eq!(read("10.0.0.0/08").as_deref(), Some("10.0.0.0/8"));
    for bad in ["10.0.0.0", "10.0.0.0/", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8", "x/8"] {
        assert_eq!(read(bad), None, "{bad}");
    }
    let range = Range::parse("10.0.0.0/16").expect("a range");
    assert!(range.contains("10.0.255.255".parse().expect("an address")));
    assert!(!range.contains("10.1.0.0".parse().expect("an address")));
    assert!(!range.contains("::1".parse().expect("an address")));
    assert!(range.covers(&Range::parse("10.0.3.0/24").expect("a range")));
    assert!(!range.covers(&Range::parse("10.0.0.0/8").expect("a range")));
}

#[test]
fn failures_read_as_upstreams() {
    let legacy = |text: &str| texts(|e, p| assert_eq!(check_legacy_ip(e, p, text, []), e.is_empty()));
    assert_eq!(legacy("10.0.0.1"), [""; 0]);
    assert_eq!(legacy("x"), [format!("f: Invalid value: \"x\": {BAD_ADDRESS}")]);
    assert_eq!(legacy("1.2.3.04"), ["f: Invalid value: \"1.2.3.04\": must not have leading 0s"]);
    assert_eq!(texts(|e, p| assert!(check_legacy_ip(e, p, "bad", ["bad"]))), [""; 0]);
    assert_eq!(
        texts(|e, p| check_ip(e, p, "2001:DB8::")),
        ["f: Invalid value: \"2001:DB8::\": must be in canonical form (\"2001:db8::\")"]
    );
    assert_eq!(
        texts(|e, p| check_cidr(e, p, "10.0.0.1/8")),
        ["f: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length"]
    );
    assert_eq!(
        texts(|e, p| check_interface_address(e, p, "10.0.0.1/08")),
        ["f: Invalid value: \"10.0.0.1/08\": must be in canonical form (\"10.0.0.1/8\")"]
    );
}

#[test]
fn warnings_name_the_better_form() {
    let path = field::Path::new("f");
    assert_eq!(ip_warning(&path, "10.0.0.1"), None);
    assert_eq!(
        ip_warning(&path, "010.0.0.1").as_deref(),
        Some("f: non-standard IP address \"010.0.0.1\" is invalid: use \"10.0.0.1\"")
    );
    assert_eq!(
        ip_warning(&path, "::0").as_deref(),
        Some("f: IPv6 address \"::0\" should be in RFC 5952 canonical format (\"::\")")
    );
    assert_eq!(
        cidr_warnings(&path, "10.0.0.1/8"),
        [
            "f: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)"
        ]
    );
}
