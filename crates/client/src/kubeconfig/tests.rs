use super::*;

const WHOLE: &str = r#"
apiVersion: v1
kind: Config
current-context: main
preferences: {}
clusters:
- name: a
  cluster: {server: "https://a.example:6443/x", certificate-authority-data: Y2E=, tls-server-name: b, proxy-url: "http://p:3128"}
- name: bare
  cluster: {server: "127.0.0.1:80"}
users:
- name: cert
  user: {client-certificate: c.pem, client-key: k.pem, as: jane, as-groups: [dev], as-user-extra: {scopes: [x, z]}}
- name: token
  user: {token: s3cret}
- name: basic
  user: {username: bob, password: s3cret}
- name: plugin
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./bin/login, args: [a], env: [{name: K, value: V}]}
contexts:
- {name: main, context: {cluster: a, user: cert, namespace: ns}}
- {name: token, context: {cluster: bare, user: token}}
- {name: basic, context: {cluster: a, user: basic}}
- {name: plugin, context: {cluster: a, user: plugin}}
- {name: nobody, context: {cluster: bare}}
- {name: lost, context: {cluster: none, user: none}}
"#;

fn parse(text: &str) -> Result<Kubeconfig, ConfigError> {
    Kubeconfig::parse(text.as_bytes(), Path::new("/etc/k/config"))
}

#[test]
fn everything_that_counts_is_read() {
    let file = parse(WHOLE).unwrap();
    let main = file.config(None).unwrap();
    assert_eq!(main.server.to_string(), "https://a.example:6443/x");
    assert_eq!((main.expected_name(), main.namespace.as_str()), ("b", "ns"));
    assert_eq!(main.proxy.as_ref().map(Proxy::port), Some(3128));
    let identity = main.identity.as_ref().unwrap();
    assert_eq!(identity.certificate.path(), Some(Path::new("/etc/k/c.pem")));
    assert_eq!(identity.key.path(), Some(Path::new("/etc/k/k.pem")));
    assert_eq!((main.impersonation.user.as_str(), main.impersonation.groups.len()), ("jane", 1));
    assert_eq!(main.impersonation.extra.get("scopes"), Some(&vec!["x".to_owned(), "z".to_owned()]));
    let Trust::Authorities(ca) = &main.trust else { panic!("no authority") };
    assert_eq!(ca.read().unwrap(), b"ca");
    assert!(matches!(file.config(Some("token")).unwrap().authentication, Authentication::Token(_)));
    assert!(matches!(file.config(Some("basic")).unwrap().authentication, Authentication::Basic { .. }));
    let plugin = file.config(Some("plugin")).unwrap();
    let Authentication::Exec(plugin) = &plugin.authentication else { panic!("no plug-in") };
    assert_eq!(plugin.command, Path::new("/etc/k/./bin/login"));
    assert_eq!(plugin.interactive, Interactive::IfAvailable);
    let nobody = file.config(Some("nobody")).unwrap();
    assert_eq!(nobody.server.to_string(), "http://127.0.0.1:80");
    assert!(matches!(nobody.authentication, Authentication::Nothing));
}

#[test]
fn complaints_name_file_and_field_and_all_at_once() {
    let file = parse(WHOLE).unwrap();
    let why = file.config(Some("lost")).unwrap_err();
    assert_eq!(
        why.0,
        [
            "/etc/k/config: contexts[5].context.cluster: there is no cluster `none`",
            "/etc/k/config: contexts[5].context.user: there is no user `none`",
        ]
    );
    let why = file.config(Some("x")).unwrap_err();
    assert_eq!(why.0, ["/etc/k/config: contexts: there is no context `x`"]);
    let why =
        parse("clusters: 1\nusers: [{name: a, user: {token: [s3cret], client-key-data: '%'}}]\nkind: Pod")
            .unwrap_err();
    assert_eq!(
        why.0,
        [
            "/etc/k/config: kind: must be `Config`, not `Pod`",
            "/etc/k/config: clusters: must be a list, not a JSON number",
            "/etc/k/config: users[0].user.client-key-data: is no base64",
            "/etc/k/config: users[0].user.token: must be a text, not a JSON array",
        ]
    );
    assert!(parse("a: [").unwrap_err().to_string().starts_with("/etc/k/config: "));
}

#[test]
fn what_makes_no_sense_together() {
    let with = |cluster: &str, user: &str| {
        let text = format!(
            "{{current-context: c, contexts: [{{name: c, context: {{cluster: c, user: u}}}}], clusters: [{{name: c, cluster: {cluster}}}], users: [{{name: u, user: {user}}}]}}"
        );
        parse(&text).unwrap().config(None).map(drop).unwrap_err().to_string()
    };
    let fine = "{server: 'https://a'}";
    for (cluster, user, expected) in [
        ("{}", "{}", "clusters[0].cluster.server: the cluster has no server"),
        ("{server: 'https://u:pw@a'}", "{}", "clusters[0].cluster.server: `…@a` holds a user"),
        ("{server: 'https://a', proxy-url: 'socks5://x'}", "{}", "clusters[0].cluster.proxy-url: proxies"),
        (
            "{server: 'https://a', insecure-skip-tls-verify: true, certificate-authority: x}",
            "{}",
            "with the insecure flag is not allowed",
        ),
        (fine, "{client-key: x}", "users[0].user.client-certificate: is missing"),
        (
            fine,
            "{token: a, username: b}",
            "users[0].user: more than one authentication method found; found [token basicAuth]",
        ),
        (fine, "{as-groups: [a]}", "users[0].user.as: as-uid"),
        (fine, "{exec: {command: a}}", "exec.apiVersion: must be"),
        (
            fine,
            "{exec: {command: a, apiVersion: client.authentication.k8s.io/v1}}",
            "exec.interactiveMode: must be",
        ),
        (fine, "{tokenFile: no-such-file}", "users[0].user.tokenFile: /etc/k/no-such-file"),
        (fine, "{auth-provider: {name: gcp}}", "users[0].user.auth-provider: the provider `gcp`"),
    ] {
        let why = with(cluster, user);
        assert!(why.contains(expected) && !why.contains("pw"), "{why}");
    }
}

#[test]
fn files_are_merged_and_the_first_counts() {
    let mut first = parse("{current-context: a, users: [{name: u, user: {token: s3cret}}]}").unwrap();
    first.add(parse("{current-context: b, users: [{name: u, user: {token: two}}], contexts: [{name: a, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: 'https://c'}}]}").unwrap());
    let config = first.config(None).unwrap();
    let Authentication::Token(token) = &config.authentication else { panic!("no token") };
    assert_eq!(token.expose(), "s3cret");
    assert!(!format!("{first:?} {config:?}").contains("s3cret"));
}
