//! What is wrong with settings, in upstream's words.

use super::*;

fn errors(change: &dyn Fn(&mut Configuration)) -> Vec<String> {
    let mut configuration = Configuration { jwt: vec![settings()], anonymous: None };
    change(&mut configuration);
    let disallowed = ["https://b".to_owned(), "https://a".to_owned()];
    compile(&configuration, &disallowed)
        .err()
        .map_or(Vec::new(), |e| e.0.iter().map(ToString::to_string).collect())
}

/// The one thing that is wrong after a change of the only issuer.
fn error(change: &dyn Fn(&mut JwtAuthenticator)) -> String {
    let errors = errors(&|c| change(&mut c.jwt[0]));
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.into_iter().next().unwrap()
}

fn rule(claim: &str, expression: &str) -> ClaimRule {
    ClaimRule { claim: claim.to_owned(), expression: expression.to_owned(), ..ClaimRule::default() }
}

#[test]
fn issuers_and_their_urls() {
    assert!(errors(&|_| {}).is_empty());
    let url = |url: &str| error(&|j| j.issuer.url = url.to_owned());
    assert_eq!(url(""), "jwt[0].issuer.url: Required value");
    assert_eq!(
        url("https://a"),
        "jwt[0].issuer.url: Invalid value: \"https://a\": URL must not overlap with disallowed issuers: [https://a https://b]"
    );
    for (bad, why) in [
        ("http://i", "URL scheme must be https"),
        ("https://u:p@i", "URL must not contain a username or password"),
        ("https://i?a=b", "URL must not contain a query"),
        ("https://i#f", "URL must not contain a fragment"),
        ("https://i\u{1}", "parse \"https://i\\x01\": net/url: invalid control character in URL"),
    ] {
        let shown = api::field::go_quote(bad);
        assert_eq!(url(bad), format!("jwt[0].issuer.url: Invalid value: {shown}: {why}"));
    }
    let discovery = |url: &str| error(&|j| j.issuer.discovery_url = url.to_owned());
    assert_eq!(
        discovery("https://issuer.example/"),
        "jwt[0].issuer.discoveryURL: Invalid value: \"https://issuer.example/\": discoveryURL must be different from URL"
    );
    assert!(discovery("ftp://x").ends_with("URL scheme must be https"));
    assert_eq!(
        error(&|j| j.issuer.egress_selector_type = "etcd".to_owned()),
        "jwt[0].issuer.egressSelectorType: Invalid value: \"etcd\": egress selector must be either controlplane or cluster"
    );
    assert_eq!(
        error(&|j| j.issuer.certificate_authority = "junk".to_owned()),
        "jwt[0].issuer.certificateAuthority: Invalid value: \"<omitted>\": data does not contain any valid RSA or ECDSA certificates"
    );
}

#[test]
fn audiences() {
    let with = |audiences: &[&str], policy: &str| {
        errors(&|c| {
            c.jwt[0].issuer.audiences = audiences.iter().map(|a| (*a).to_owned()).collect();
            c.jwt[0].issuer.audience_match_policy = policy.to_owned();
        })
    };
    let at = "jwt[0].issuer.audience";
    assert_eq!(
        with(&[], ""),
        [format!("{at}s: Required value: at least one jwt[0].issuer.audiences is required")]
    );
    assert_eq!(with(&[""], ""), [format!("{at}s[0]: Required value")]);
    assert_eq!(with(&["a", "a"], "MatchAny"), [format!("{at}s[1]: Duplicate value: \"a\"")]);
    assert!(with(&["a", "b"], "MatchAny").is_empty() && with(&["a"], "MatchAny").is_empty());
    assert_eq!(
        with(&["a", "b"], ""),
        [format!(
            "{at}MatchPolicy: Invalid value: \"\": audienceMatchPolicy must be MatchAny for multiple audiences"
        )]
    );
    assert_eq!(
        with(&["a"], "MatchAll"),
        [format!(
            "{at}MatchPolicy: Invalid value: \"MatchAll\": audienceMatchPolicy must be empty or MatchAny for single audience"
        )]
    );
}

#[test]
fn several_issuers() {
    assert_eq!(
        errors(&|c| {
            c.jwt[0].issuer.discovery_url = "https://d".to_owned();
            let same = c.jwt[0].clone();
            c.jwt.push(same);
        }),
        [
            "jwt[1].issuer.url: Duplicate value: \"https://issuer.example\"",
            "jwt[1].issuer.discoveryURL: Duplicate value: \"https://d\""
        ]
    );
    assert_eq!(errors(&|c| c.jwt = vec![settings(); 65]), ["jwt: Too many: 65: must have at most 64 items"]);
    assert!(errors(&|c| c.jwt.clear()).is_empty());
    let anonymous = AnonymousSettings { enabled: false, paths: vec!["/livez".to_owned()] };
    assert_eq!(
        errors(&|c| c.anonymous = Some(anonymous.clone())),
        [
            "anonymous.conditions: Invalid value: [{\"path\":\"/livez\"}]: enabled should be set to true when conditions are defined"
        ]
    );
}

#[test]
fn rules() {
    let rules = |rules: Vec<ClaimRule>| errors(&|c| c.jwt[0].claim_rules.clone_from(&rules));
    let at = "jwt[0].claimValidationRules";
    assert_eq!(
        rules(vec![rule("", "")]),
        [format!("{at}[0]: Required value: claim or expression is required")]
    );
    assert_eq!(
        rules(vec![rule("a", "true")]),
        [format!("{at}[0]: Invalid value: \"a\": claim and expression can't both be set")]
    );
    assert_eq!(
        rules(vec![
            ClaimRule { message: "m".to_owned(), ..rule("a", "") },
            rule("a", ""),
            ClaimRule { required_value: "v".to_owned(), ..rule("", "true") },
            rule("", "true"),
            rule("", "claims.x"),
            rule("", "claims."),
        ])
        .iter()
        .map(|e| e.split('\n').next().unwrap().to_owned())
        .collect::<Vec<_>>(),
        [
            format!("{at}[0].message: Invalid value: \"m\": may not be specified when claim is set"),
            format!("{at}[1].claim: Duplicate value: \"a\""),
            format!(
                "{at}[2].requiredValue: Invalid value: \"v\": may not be specified when expression is set"
            ),
            format!("{at}[3].expression: Duplicate value: \"true\""),
            format!("{at}[4].expression: Invalid value: \"claims.x\": must evaluate to bool"),
            format!(
                "{at}[5].expression: Invalid value: \"claims.\": compilation failed: ERROR: <input>:1:8: Syntax error: no viable alternative at input '.'"
            ),
        ]
    );
    let user = |expression: &str| {
        error(&|j| {
            j.user_rules = vec![UserRule { expression: expression.to_owned(), message: String::new() }];
        })
    };
    let at = "jwt[0].userValidationRules[0].expression";
    assert_eq!(user(""), format!("{at}: Required value"));
    assert_eq!(
        user("user.name == 'x'"),
        format!(
            "{at}: Invalid value: \"user.name == 'x'\": compilation failed: ERROR: <input>:1:5: undefined field 'name'\n | user.name == 'x'\n | ....^"
        )
    );
    assert!(user("claims.sub == 'x'").contains("undeclared reference to 'claims'"));
}

#[test]
fn mappings() {
    let at = "jwt[0].claimMappings";
    let both = |prefix: Option<&str>| ClaimMapping {
        claim: "sub".to_owned(),
        prefix: prefix.map(str::to_owned),
        expression: "claims.sub".to_owned(),
    };
    assert_eq!(
        error(&|j| j.username = both(None)),
        format!("{at}.username: Invalid value: \"\": claim and expression can't both be set")
    );
    assert_eq!(
        error(&|j| j.username = ClaimMapping::default()),
        format!("{at}.username: Required value: claim or expression is required")
    );
    assert_eq!(
        error(&|j| j.username.prefix = None),
        format!(
            "{at}.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing"
        )
    );
    assert_eq!(
        error(&|j| j.groups = ClaimMapping { claim: String::new(), ..both(Some("p")) }),
        format!("{at}.groups.prefix: Invalid value: \"p\": may not be specified when expression is set")
    );
    assert_eq!(
        error(&|j| j.uid = both(None)),
        format!("{at}.uid: Invalid value: \"\": claim and expression can't both be set")
    );
}

#[test]
fn extra() {
    let extra = |pairs: &[(&str, &str)]| {
        errors(&|c| {
            let mapping =
                |(k, e): &(&str, &str)| ExtraMapping { key: (*k).to_owned(), expression: (*e).to_owned() };
            c.jwt[0].extra = pairs.iter().map(mapping).collect();
        })
    };
    let at = |i: usize| format!("jwt[0].claimMappings.extra[{i}]");
    assert!(extra(&[("acme.io/a", "claims.a"), ("acme.io/b", "'x'")]).is_empty());
    assert_eq!(
        extra(&[("foo", "''"), ("acme.io/a", ""), ("acme.io/a", "''"), ("", "''")]),
        [
            format!(
                "{}.key: Invalid value: \"foo\": must be a domain-prefixed path (such as \"acme.io/foo\")",
                at(0)
            ),
            format!("{}.valueExpression: Required value", at(1)),
            format!("{}.key: Duplicate value: \"acme.io/a\"", at(2)),
            format!("{}.key: Required value", at(3)),
        ]
    );
    assert_eq!(
        extra(&[("acme.io/A", "''")]),
        [format!("{}.key: Invalid value: \"acme.io/A\": must be lowercase", at(0))]
    );
    for key in ["k8s.io/x", "a.k8s.io/x", "kubernetes.io/x", "authentication.kubernetes.io/credential-id"] {
        assert_eq!(
            extra(&[(key, "''")]),
            [format!(
                "{}.key: Invalid value: \"{key}\": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use",
                at(0)
            )]
        );
    }
    assert!(extra(&[("notk8s.io/x", "''")]).is_empty());
}

#[test]
fn addresses_must_be_verified() {
    let unverified = |c: &mut Configuration| c.jwt[0].username = with_expression("claims.email");
    let errors_of = errors(&unverified);
    assert!(errors_of[0].starts_with(
        "jwt[0].claimMappings.username.expression: Invalid value: \"claims.email\": claims.email_verified must be used in"
    ));
    let verified: [&dyn Fn(&mut JwtAuthenticator); 3] = [
        &|j| j.username = with_expression("claims.?email_verified.orValue(true) ? claims.email : claims.sub"),
        &|j| j.claim_rules = vec![rule("", "claims.email_verified == true")],
        &|j| {
            j.extra = vec![ExtraMapping {
                key: "acme.io/v".to_owned(),
                expression: "string(claims.email_verified)".to_owned(),
            }];
        },
    ];
    for change in verified {
        let errors = errors(&|c| {
            unverified(c);
            change(&mut c.jwt[0]);
        });
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn everything_at_once() {
    let errors = errors(&|c| {
        let jwt = &mut c.jwt[0];
        jwt.issuer.url = "http://i?x".to_owned();
        jwt.issuer.audiences.clear();
        jwt.claim_rules = vec![rule("", "")];
        jwt.username = with_expression("nope");
        jwt.user_rules = vec![UserRule::default()];
    });
    assert_eq!(errors.len(), 6, "{errors:?}");
}
