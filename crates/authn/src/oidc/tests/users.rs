//! From claims to users: claims and prefixes, expressions, rules.

use super::*;

/// The user of a token with these claims besides, or what is wrong.
fn user(settings: &JwtAuthenticator, more: api::Value) -> Result<api::UserInfo, String> {
    let issuers = issuers(&Web::provider(), std::slice::from_ref(settings));
    ask(&issuers, &good(more)).map(|i| i.unwrap().user).map_err(|e| e.to_string())
}

fn claim(name: &str, prefix: &str) -> ClaimMapping {
    ClaimMapping { claim: name.to_owned(), prefix: Some(prefix.to_owned()), ..ClaimMapping::default() }
}

#[test]
fn names_from_claims() {
    let mut mapped = settings();
    mapped.username = claim("email", "o:");
    let name = |more| user(&mapped, more).map(|u| u.name);
    assert_eq!(name(object! { "email" => "b@x" }).unwrap(), "o:b@x");
    assert_eq!(name(object! { "email" => "b@x", "email_verified" => true }).unwrap(), "o:b@x");
    for (more, why) in [
        (object! {}, "oidc: parse username claims \"email\": claim not present"),
        (
            object! { "email" => 3 },
            "oidc: parse username claims \"email\": json: cannot unmarshal number into Go value of type string",
        ),
        (object! { "email" => "b@x", "email_verified" => false }, "oidc: email not verified"),
        (
            object! { "email" => "b@x", "email_verified" => api::Value::from("true") },
            "oidc: parse 'email_verified' claim: json: cannot unmarshal string into Go value of type bool",
        ),
    ] {
        assert_eq!(name(more).unwrap_err(), why);
    }
    let sub = settings();
    assert_eq!(
        user(&sub, object! { "email_verified" => false }).unwrap().name,
        "bob",
        "only an address has to be verified"
    );
    let jti = user(&sub, object! { "jti" => "j-1" }).unwrap();
    assert_eq!(jti.extra["authentication.kubernetes.io/credential-id"], ["JTI=j-1"]);
    assert!(user(&sub, object! { "jti" => 7 }).unwrap().extra.is_empty());
}

#[test]
fn groups_and_uids_from_claims() {
    let mut mapped = settings();
    mapped.groups = claim("roles", "r:");
    mapped.uid = ClaimMapping { claim: "id".to_owned(), ..ClaimMapping::default() };
    let groups =
        |roles: api::Value| user(&mapped, object! { "id" => "1", "roles" => roles }).map(|u| u.groups);
    assert_eq!(groups("one".into()).unwrap(), ["r:one"]);
    assert_eq!(groups(vec!["a", "b"].into()).unwrap(), ["r:a", "r:b"]);
    for bad in [api::Value::from(1), object! {}, vec![api::Value::from("a"), 1.into()].into()] {
        assert!(
            groups(bad)
                .unwrap_err()
                .starts_with("oidc: parse groups claim \"roles\": json: cannot unmarshal")
        );
    }
    let none = user(&mapped, object! { "id" => "1" }).unwrap();
    assert_eq!((none.groups.len(), none.uid.as_str()), (0, "1"));
    assert_eq!(user(&mapped, object! {}).unwrap_err(), "oidc: parse uid claim \"id\": claim not present");
}

#[test]
fn required_claims() {
    let mut strict = settings();
    let rule = |claim: &str, value: &str| ClaimRule {
        claim: claim.to_owned(),
        required_value: value.to_owned(),
        ..ClaimRule::default()
    };
    strict.claim_rules = vec![rule("hd", "x.io")];
    assert!(user(&strict, object! { "hd" => "x.io" }).is_ok());
    for (more, why) in [
        (object! {}, "oidc: required claim hd not present in ID token"),
        (object! { "hd" => "y" }, "oidc: required claim hd value does not match. Got = y, want = x.io"),
        (
            object! { "hd" => true },
            "oidc: parse claim hd: json: cannot unmarshal bool into Go value of type string",
        ),
    ] {
        assert_eq!(user(&strict, more).unwrap_err(), why);
    }
}

#[test]
fn users_from_expressions() {
    let mut mapped = settings();
    mapped.username = with_expression("'n:' + claims.sub");
    mapped.groups = with_expression("claims.roles.split(',').map(r, 'g:' + r)");
    mapped.uid = with_expression("string(claims.id)");
    let extra =
        |key: &str, expression: &str| ExtraMapping { key: key.to_owned(), expression: expression.to_owned() };
    mapped.extra = vec![
        extra("acme.io/one", "claims.sub"),
        extra("acme.io/many", "['a', '', 'b']"),
        extra("acme.io/none", "''"),
        extra("acme.io/null", "null"),
    ];
    let more = object! { "roles" => "a,b", "id" => "7", "jti" => "j" };
    let found = user(&mapped, more).unwrap();
    assert_eq!((found.name.as_str(), found.uid.as_str()), ("n:bob", "7"));
    assert_eq!(found.groups, ["g:a", "g:b"]);
    let keys: Vec<&str> = found.extra.keys().map(String::as_str).collect();
    assert_eq!(keys, ["acme.io/many", "acme.io/one", "authentication.kubernetes.io/credential-id"]);
    assert_eq!(found.extra["acme.io/many"], ["a", "b"]);
}

#[test]
fn numbers_are_doubles_and_names_may_be_escaped() {
    let mut mapped = settings();
    mapped.claim_rules = [
        "claims.exp - claims.iat <= 86400.0",
        "claims.exp - claims.iat <= double(86400)",
        "type(claims.exp) == double",
        "claims.exp > 1",
        "claims.acme__dot__io__slash__team == 'x'",
        "claims['acme.io/team'] == 'x'",
        "claims.deep[0].a__dash__b == true",
        "has(claims.__namespace__) && !has(claims.nope)",
        "claims.?nope.orValue('z') == 'z'",
        "'sub' in claims",
    ]
    .map(|e| ClaimRule { expression: e.to_owned(), message: format!("not {e}"), ..ClaimRule::default() })
    .to_vec();
    let more = object! {
        "acme.io/team" => "x",
        "namespace" => "n",
        "deep" => vec![object! { "a-b" => true }],
    };
    user(&mapped, more).unwrap();
}

#[test]
fn what_expressions_may_not_give() {
    let mut mapped = settings();
    let mut error = |change: &dyn Fn(&mut JwtAuthenticator)| {
        mapped = settings();
        change(&mut mapped);
        user(&mapped, object! { "n" => 1, "list" => vec![1, 2], "empty" => "" }).unwrap_err()
    };
    let name = "oidc: error evaluating username claim expression: ";
    assert_eq!(
        error(&|m| m.username = with_expression("claims.n")),
        format!("{name}username claim expression must return a string")
    );
    assert_eq!(
        error(&|m| m.username = with_expression("claims.gone")),
        format!("{name}expression 'claims.gone' resulted in error: no such key: gone")
    );
    assert_eq!(
        error(&|m| m.username = with_expression("claims.empty")),
        "oidc: empty username via CEL expression is not allowed"
    );
    let strings = "expression must return a string or a list of strings";
    for groups in
        ["claims.n", "claims.list", "true", "{'a': 'b'}", "duration('1s')", "[['a']]", "claims.?sub"]
    {
        assert_eq!(
            error(&|m| m.groups = with_expression(groups)),
            format!("oidc: error evaluating group claim expression: {strings}"),
            "{groups}"
        );
    }
    assert_eq!(
        error(&|m| m.uid = with_expression("claims.n")),
        "oidc: error evaluating uid claim expression: uid claim expression must return a string"
    );
    let extra = |e: &str| vec![ExtraMapping { key: "a.io/b".to_owned(), expression: e.to_owned() }];
    assert_eq!(
        error(&|m| m.extra = extra("claims.n")),
        format!("oidc: error evaluating extra claim expression: claims.n: {strings}")
    );
}

#[test]
fn rules_of_claims_and_users() {
    let mut strict = settings();
    strict.username = with_expression("claims.sub");
    strict.groups = with_expression("claims.?groups.orValue([])");
    strict.claim_rules = vec![ClaimRule {
        expression: "claims.aud == 'me'".to_owned(),
        message: "only for me".to_owned(),
        ..ClaimRule::default()
    }];
    let rule =
        |expression: &str| UserRule { expression: expression.to_owned(), message: "reserved".to_owned() };
    strict.user_rules = vec![
        rule("!user.username.startsWith('system:')"),
        rule("user.groups.all(g, !g.startsWith('system:'))"),
        rule("user.uid == '' && size(user.extra) == 0"),
    ];
    assert!(user(&strict, object! {}).is_ok());
    assert_eq!(
        user(&strict, object! { "aud" => vec!["me"] }).unwrap_err(),
        "oidc: error evaluating claim validation expression: validation expression 'claims.aud == 'me'' failed: only for me"
    );
    assert_eq!(
        user(&strict, object! { "sub" => "system:admin" }).unwrap_err(),
        "oidc: error evaluating user info validation rule: validation expression '!user.username.startsWith('system:')' failed: reserved"
    );
    assert!(
        user(&strict, object! { "groups" => vec!["system:masters"] })
            .unwrap_err()
            .contains("user.groups.all")
    );
}

#[test]
fn expensive_expressions_end() {
    let mut slow = settings();
    let many = "[1,2,3,4,5,6,7,8,9,10]";
    slow.claim_rules = vec![ClaimRule {
        expression: format!(
            "{many}.all(a, {many}.all(b, {many}.all(c, {many}.all(d, {many}.all(e, {many}.all(f, {many}.all(g, claims.sub == 'bob')))))))"
        ),
        ..ClaimRule::default()
    }];
    assert!(user(&slow, object! {}).unwrap_err().contains("cost limit exceeded"));
}
