use super::super::pool::Pool;
use super::*;
use crate::{Context, Strategy};

fn pool(ranges: &[&str]) -> Pool {
    let ranges: Vec<_> = ranges.iter().map(|range| net::Range::parse(range).expect("a range")).collect();
    Pool::new(&ranges, 30000..=32767, Box::new(|_| 0))
}

fn service(spec: &str) -> Value {
    let text = format!(r#"{{"kind":"Service","apiVersion":"v1","metadata":{{"name":"web"}},"spec":{spec}}}"#);
    let mut service = codec::json::parse(text.as_bytes()).expect("a sound test object").value;
    super::super::SERVICE.default(&mut service, "v1");
    service
}

fn created(spec: &str, pool: &Pool) -> Value {
    let mut object = service(spec);
    begin_create(&mut object, pool, false).expect("room for it").commit(pool);
    object
}

fn refused(spec: &str, pool: &Pool) -> String {
    begin_create(&mut service(spec), pool, false).expect_err("no room for it").message
}

fn spec_of<'a>(service: &'a Value, member: &str) -> &'a Value {
    service.at(&["spec", member])
}

#[test]
fn a_plain_service_gets_an_address() {
    let pool = pool(&["10.0.0.0/16"]);
    let web = created(r#"{"ports":[{"port":80}],"selector":{"a":"b"}}"#, &pool);
    assert_eq!(spec_of(&web, "clusterIP").as_str(), Some("10.0.1.1"));
    assert_eq!(spec_of(&web, "clusterIPs"), &vec!["10.0.1.1"].into());
    assert_eq!(spec_of(&web, "ipFamilies"), &vec!["IPv4"].into());
    assert_eq!(spec_of(&web, "ipFamilyPolicy").as_str(), Some("SingleStack"));
    release(&web, &pool);
    let again = created(r#"{"clusterIP":"10.0.1.1","ports":[{"port":80}]}"#, &pool);
    assert_eq!(spec_of(&again, "clusterIPs"), &vec!["10.0.1.1"].into());
    assert_eq!(
        refused(r#"{"clusterIP":"10.0.1.1","ports":[{"port":80}]}"#, &pool),
        "Service \"web\" is invalid: spec.clusterIPs: Invalid value: [\"10.0.1.1\"]: failed to allocate IP 10.0.1.1: \
         provided IP is already allocated"
    );
}

#[test]
fn ports_of_one_number_share_their_node_port() {
    let pool = pool(&["10.0.0.0/16"]);
    let web = created(
        r#"{"type":"NodePort","ports":[{"name":"a","port":53},{"name":"b","port":53,"protocol":"UDP","nodePort":30053},{"name":"c","port":80}]}"#,
        &pool,
    );
    assert_eq!(node_ports(&web), [30053, 30053, 30086]);
    assert!(
        refused(r#"{"type":"NodePort","ports":[{"port":80,"nodePort":30053}]}"#, &pool)
            .ends_with("spec.ports[0].nodePort: Invalid value: 30053: provided port is already allocated")
    );
    release(&web, &pool);
    assert!(!pool.has_port(30053) && !pool.has_port(30086));
}

#[test]
fn a_failed_write_leaves_nothing_taken() {
    let pool = pool(&["10.0.0.0/16"]);
    let text =
        refused(r#"{"type":"NodePort","clusterIP":"10.0.0.5","ports":[{"port":80,"nodePort":1}]}"#, &pool);
    assert!(text.contains("provided port is not in the valid range"), "{text}");
    created(r#"{"clusterIP":"10.0.0.5","ports":[{"port":80}]}"#, &pool);
    let mut dry = service(r#"{"type":"NodePort","ports":[{"port":80}]}"#);
    begin_create(&mut dry, &pool, true).expect("room for it").commit(&pool);
    assert_eq!(spec_of(&dry, "clusterIP").as_str(), Some("10.0.0.0"));
    assert_eq!(node_ports(&dry), [32769]);
    assert!(!pool.has_port(32769));
}

#[test]
fn headless_and_external_services_get_none() {
    let pool = pool(&["10.0.0.0/16"]);
    let headless = created(r#"{"clusterIP":"None","ports":[{"port":80}]}"#, &pool);
    assert_eq!(spec_of(&headless, "ipFamilies"), &vec!["IPv4", "IPv6"].into());
    assert_eq!(spec_of(&headless, "ipFamilyPolicy").as_str(), Some("RequireDualStack"));
    let selecting = created(r#"{"clusterIP":"None","ports":[{"port":80}],"selector":{"a":"b"}}"#, &pool);
    assert_eq!(spec_of(&selecting, "ipFamilies"), &vec!["IPv4"].into());
    let external = created(r#"{"type":"ExternalName","externalName":"example.org"}"#, &pool);
    assert!(spec_of(&external, "clusterIP").is_null() && spec_of(&external, "ipFamilies").is_null());
}

#[test]
fn two_families() {
    let both = pool(&["10.0.0.0/16", "fd00::/112"]);
    let web = created(r#"{"ipFamilyPolicy":"PreferDualStack","ports":[{"port":80}]}"#, &both);
    assert_eq!(spec_of(&web, "ipFamilies"), &vec!["IPv4", "IPv6"].into());
    assert_eq!(spec_of(&web, "clusterIPs").as_array().map(<[Value]>::len), Some(2));

    let mut single = web.clone();
    single.set_at(&["spec", "ipFamilyPolicy"], "SingleStack");
    begin_update(&mut single, &web, &both, false).expect("a sound change").commit(&both);
    assert_eq!(spec_of(&single, "clusterIPs").as_array().map(<[Value]>::len), Some(1));

    let one = pool(&["10.0.0.0/16"]);
    assert_eq!(
        refused(r#"{"ipFamilyPolicy":"RequireDualStack","ports":[{"port":80}]}"#, &one),
        "Service \"web\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not \
         configured for dual-stack services"
    );
    assert!(
        refused(r#"{"ipFamilies":["IPv6"],"ports":[{"port":80}]}"#, &one)
            .ends_with("not configured on this cluster")
    );
}

#[test]
fn an_update_keeps_what_the_client_left_out() {
    let pool = pool(&["10.0.0.0/16"]);
    let old =
        created(r#"{"type":"NodePort","ports":[{"name":"a","port":80},{"name":"b","port":81}]}"#, &pool);
    let mut new = service(r#"{"type":"NodePort","ports":[{"name":"b","port":81},{"name":"c","port":82}]}"#);
    begin_update(&mut new, &old, &pool, false).expect("a sound change").commit(&pool);
    assert_eq!(spec_of(&new, "clusterIPs"), spec_of(&old, "clusterIPs"));
    let (was, is) = (node_ports(&old), node_ports(&new));
    assert_eq!(is[0], was[1]);
    assert!(!pool.has_port(was[0]) && pool.has_port(is[1]));

    let mut external = service(r#"{"type":"ExternalName","externalName":"example.org"}"#);
    begin_update(&mut external, &new, &pool, false).expect("a sound change").commit(&pool);
    assert!(!pool.has_port(is[0]) && !pool.has_port(is[1]));
    let cx = Context { namespace: "default", ..Context::default() };
    super::super::SERVICE.prepare_update(&mut external, &new, &cx);
    assert!(
        spec_of(&external, "clusterIP").is_null() && spec_of(&external, "internalTrafficPolicy").is_null()
    );
    let mut back = service(r#"{"ports":[{"port":80}]}"#);
    begin_update(&mut back, &external, &pool, false).expect("a sound change").commit(&pool);
    assert!(spec_of(&back, "clusterIP").as_str().is_some_and(|ip| ip.starts_with("10.0.")));
}

#[test]
fn a_local_load_balancer_gets_a_health_port() {
    let pool = pool(&["10.0.0.0/16"]);
    let local = r#"{"type":"LoadBalancer","externalTrafficPolicy":"Local","ports":[{"name":"a","port":80}]}"#;
    let old = created(local, &pool);
    let port = spec_of(&old, "healthCheckNodePort").as_i64().expect("a port");
    assert!(pool.has_port(port));
    let mut new = service(&local.replace("Local", "Cluster"));
    begin_update(&mut new, &old, &pool, false).expect("a sound change").commit(&pool);
    assert!(!pool.has_port(port));
    assert_eq!(node_ports(&new), node_ports(&old));
}
