use super::*;
use proptest::prelude::*;

fn info(method: &str, target: &str) -> RequestInfo {
    RequestInfo::parse(method, target).unwrap()
}

/// `verb group/version namespace resource name subresource`, `-` for empty.
fn line(method: &str, target: &str) -> String {
    let i = info(method, target);
    let or = |s: &str| if s.is_empty() { "-".to_owned() } else { s.to_owned() };
    if !i.is_resource {
        return format!("{} {}", i.verb, i.path);
    }
    let group_version = crate::GroupVersion::new(i.group.clone(), i.version.clone());
    format!(
        "{} {group_version} {} {} {} {}",
        or(&i.verb),
        or(&i.namespace),
        or(&i.resource),
        or(&i.name),
        or(&i.subresource)
    )
}

#[test]
fn resources() {
    for (method, target, want) in [
        ("GET", "/api/v1/namespaces", "list v1 - namespaces - -"),
        ("GET", "/api/v1/namespaces/other", "get v1 other namespaces other -"),
        ("PUT", "/api/v1/namespaces/other/status", "update v1 other namespaces other status"),
        ("PUT", "/api/v1/namespaces/other/finalize", "update v1 other namespaces other finalize"),
        ("GET", "/api/v1/namespaces/other/pods", "list v1 other pods - -"),
        ("GET", "/api/v1/namespaces/other/pods/foo", "get v1 other pods foo -"),
        ("HEAD", "/api/v1/namespaces/other/pods/foo", "get v1 other pods foo -"),
        ("GET", "/api/v1/pods", "list v1 - pods - -"),
        ("POST", "/api/v1/namespaces/other/pods", "create v1 other pods - -"),
        ("PATCH", "/api/v1/namespaces/other/pods/foo", "patch v1 other pods foo -"),
        ("DELETE", "/api/v1/namespaces/other/pods/foo", "delete v1 other pods foo -"),
        ("DELETE", "/api/v1/namespaces/other/pods", "deletecollection v1 other pods - -"),
        ("GET", "/apis/apps/v1/namespaces/n/deployments/d/scale", "get apps/v1 n deployments d scale"),
        ("OPTIONS", "/api/v1/pods", "- v1 - pods - -"),
        ("GET", "/api/v1/proxy/namespaces/other/pods/foo/status", "proxy v1 other pods foo -"),
        ("GET", "/api/v1/watch/pods", "watch v1 - pods - -"),
        ("GET", "/api/v1/watch/namespaces/other/pods/foo", "watch v1 other pods foo -"),
        ("POST", "/api/v1/watch/pods", "watch v1 - pods - -"),
        ("GET", "/api/v1/namespaces//pods", "list v1 - pods - -"),
        ("GET", "/api/v1//pods", "get v1 - - pods -"),
        ("GET", "/api/v1/namespaces/other/pods/foo/", "get v1 other pods foo -"),
        ("GET", "/api/v1/namespaces/a%2Fpods", "list v1 a pods - -"),
    ] {
        assert_eq!(line(method, target), want, "{method} {target}");
    }
}

#[test]
fn other_paths() {
    for (method, target, want) in [
        ("GET", "/", "get /"),
        ("GET", "", "get "),
        ("GET", "/api", "get /api"),
        ("GET", "/api/v1", "get /api/v1"),
        ("GET", "/apis/apps/v1", "get /apis/apps/v1"),
        ("POST", "/healthz?verbose", "post /healthz"),
        ("GET", "/elsewhere/v1/pods", "get /elsewhere/v1/pods"),
        ("GET", "///", "get ///"),
    ] {
        assert_eq!(line(method, target), want, "{method} {target}");
    }
}

#[test]
fn queries_settle_the_verb() {
    for (query, want) in [
        ("watch=true", "watch v1 - pods - -"),
        ("watch", "watch v1 - pods - -"),
        ("watch=False", "list v1 - pods - -"),
        ("watch=0", "list v1 - pods - -"),
        ("watch=1&limit=x", "watch v1 - pods - -"),
        ("fieldSelector=metadata.name%3Dfoo", "list v1 - pods foo -"),
        ("fieldSelector=metadata.name=foo&watch=1", "watch v1 - pods foo -"),
        ("fieldSelector=metadata.name!=foo", "list v1 - pods - -"),
        ("fieldSelector=metadata.name=a%2Fb", "list v1 - pods - -"),
        ("fieldSelector=metadata.name=foo&limit=", "list v1 - pods - -"),
        ("fieldSelector=metadata.name=foo&labelSelector=%3D", "list v1 - pods - -"),
        ("fieldSelector=metadata.name=foo&x=%zz", "list v1 - pods foo -"),
    ] {
        assert_eq!(line("GET", &format!("/api/v1/pods?{query}")), want, "{query}");
    }
    assert_eq!(
        line("DELETE", "/api/v1/pods?fieldSelector=metadata.name=a"),
        "deletecollection v1 - pods - -"
    );
}

#[test]
fn selectors_are_kept_for_their_verbs() {
    let query = "?labelSelector=a%3Db&fieldSelector=x=y&labelSelector=other";
    let list = info("GET", &format!("/api/v1/pods{query}"));
    assert_eq!((list.label_selector.as_str(), list.field_selector.as_str()), ("a=b", "x=y"));
    for target in ["/api/v1/pods/p", "/api/v1/watch/pods", "/healthz"] {
        assert_eq!(info("GET", &format!("{target}{query}")).label_selector, "", "{target}");
    }
}

#[test]
fn rest_of_a_proxied_path() {
    let i = info("GET", "/api/v1/namespaces/n/services/s/proxy/a/b%20c");
    assert_eq!((i.subresource.as_str(), i.rest.as_slice()), ("proxy", ["a".into(), "b c".into()].as_slice()));
    let i = info("GET", "/api/v1/proxy/nodes/n/a");
    assert_eq!((i.verb.as_str(), i.subresource.as_str(), i.rest.len()), ("proxy", "", 1));
}

#[test]
fn bad_targets() {
    let error = |target| RequestInfo::parse("GET", target).unwrap_err().to_string();
    assert_eq!(error("/api/v1/watch"), "unable to determine kind and namespace from url, /api/v1/watch");
    assert_eq!(
        error("/apis/apps/v1/watch?x=1"),
        "unable to determine kind and namespace from url, /apis/apps/v1/watch?x=1"
    );
    for target in ["/%", "/a%4", "/%zz", "/%é"] {
        assert_eq!(RequestInfo::parse("GET", target), Err(TargetError::Escape(target.to_owned())));
    }
    assert_eq!(info("GET", "/%ff").path, "/\u{fffd}");
}

#[test]
fn queries() {
    let q = Query::parse("a=1&b=x+y&a=2&c;d&%zz=1&e&=f&&g=%26");
    let pairs: Vec<_> = q.iter().collect();
    assert_eq!(pairs, [("a", "1"), ("b", "x y"), ("a", "2"), ("e", ""), ("", "f"), ("g", "&")]);
    assert_eq!(q.all("a").collect::<Vec<_>>(), ["1", "2"]);
}

proptest! {
    #[test]
    fn any_target_is_read_or_refused(
        method in "GET|DELETE|POST|[A-Z]{0,5}",
        target in "(/(api|apis|v1|watch|proxy|namespaces|pods|%2[fF]|%|a|é)?){0,8}(\\?.{0,20})?|.*",
    ) {
        if let Ok(info) = RequestInfo::parse(&method, &target) {
            prop_assert!(info.is_resource || info.resource.is_empty());
        }
    }
}
