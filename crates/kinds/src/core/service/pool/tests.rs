use super::*;

fn pool(range: &str, ports: std::ops::RangeInclusive<u16>) -> Pool {
    Pool::new(&[net::Range::parse(range).expect("a range")], ports, Box::new(|bound| bound / 2))
}

fn owner() -> Owner {
    Owner { namespace: "default".to_owned(), name: "web".to_owned() }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn every_address_is_given_once() {
    let pool = pool("10.0.0.0/28", 30000..=30001);
    let mut given = HashSet::new();
    for _ in 0..14 {
        assert!(given.insert(pool.allocate_ip("IPv4", None, &owner()).expect("a free address")));
    }
    assert!(!given.contains(&ip("10.0.0.0")) && !given.contains(&ip("10.0.0.15")));
    assert_eq!(pool.allocate_ip("IPv4", None, &owner()), Err(Refusal::Full));
    pool.release_ip(ip("10.0.0.7"));
    assert_eq!(pool.allocate_ip("IPv4", None, &owner()), Ok(ip("10.0.0.7")));
    assert_eq!(pool.allocate_ip("IPv6", None, &owner()), Err(Refusal::ForeignIp));
}

#[test]
fn the_lower_part_is_given_last() {
    let pool = pool("10.0.0.0/24", 30000..=30099);
    let first = pool.allocate_ip("IPv4", None, &owner()).expect("a free address");
    assert!(first > ip("10.0.0.16"), "{first}");
    for _ in 0..(254 - 16 - 1) {
        assert!(pool.allocate_ip("IPv4", None, &owner()).expect("a free address") > ip("10.0.0.16"));
    }
    assert!(pool.allocate_ip("IPv4", None, &owner()).expect("a free address") <= ip("10.0.0.16"));
    assert!(pool.allocate_port(None).expect("a free port") >= 30016);
}

#[test]
fn refusals_read_as_upstreams() {
    let pool = pool("10.0.0.0/16", 30000..=32767);
    let ask = |text: &str| {
        let asked = pool.allocate_ip("IPv4", Some(ip(text)), &owner());
        asked.map(|ip| ip.to_string()).unwrap_or_else(|refusal| refusal.to_string())
    };
    assert_eq!(ask("10.0.0.1"), "10.0.0.1");
    assert_eq!(ask("10.0.0.1"), "provided IP is already allocated");
    assert_eq!(ask("10.1.0.1"), "the provided network does not match the current range");
    assert_eq!(
        ask("10.0.255.255"),
        "the provided IP (10.0.255.255) is not in the valid range. The range of valid IPs is 10.0.0.0/16"
    );
    assert_eq!(pool.allocate_port(Some(30000)), Ok(30000));
    assert_eq!(pool.allocate_port(Some(30000)), Err(Refusal::PortTaken));
    let outside = pool.allocate_port(Some(80)).expect_err("outside the range").to_string();
    assert_eq!(outside, "provided port is not in the valid range. The range of valid ports is 30000-32767");
}

#[test]
fn huge_and_tiny_ranges() {
    let wide = pool("fd00::/64", 1..=1);
    assert!(wide.range("IPv6").is_some_and(|range| {
        range.range.contains(wide.allocate_ip("IPv6", None, &owner()).expect("a free address"))
    }));
    let one = pool("10.0.0.1/32", 1..=1);
    assert_eq!(one.allocate_ip("IPv4", None, &owner()), Err(Refusal::Full));
    assert!(one.allocate_ip("IPv4", Some(ip("10.0.0.1")), &owner()).is_err());
    assert_eq!(one.allocate_port(None), Ok(1));
    assert_eq!(one.allocate_port(None), Err(Refusal::Full));
}

#[test]
fn services_that_exist_keep_what_they_have() {
    let pool = pool("10.0.0.0/16", 30000..=32767);
    let ports = vec![object! { "port" => 80, "nodePort" => 30080 }];
    let spec = object! {
        "type" => "LoadBalancer", "externalTrafficPolicy" => "Local", "healthCheckNodePort" => 30081,
        "clusterIPs" => vec!["10.0.0.9"], "ports" => ports,
    };
    pool.occupy(&object! { "spec" => spec });
    assert_eq!(pool.allocate_ip("IPv4", Some(ip("10.0.0.9")), &owner()), Err(Refusal::IpTaken));
    assert!(pool.has_port(30080) && pool.has_port(30081));
}
