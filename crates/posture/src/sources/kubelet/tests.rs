use super::*;

fn kubelet<T>(args: &str, files: &[(&str, &str)], look: impl Fn(&Kubelet<'_>) -> T) -> T {
    let args: Vec<_> = format!("/usr/bin/kubelet {args}").split_whitespace().map(Value::from).collect();
    let files: Vec<_> = files
        .iter()
        .map(|(path, content)| api::object! { "path" => *path, "type" => "file", "content" => *content })
        .collect();
    let process = api::object! { "name" => "kubelet", "args" => args };
    let value = api::object! { "files" => files, "processes" => vec![process] };
    let origin = evidence::Origin::whole("facts");
    let documents = vec![Document { kind: Kind::Host, value, origin }];
    let input = Input { documents, ..Input::default() };
    look(&Kubelet::all(&input)[0])
}

fn access(kubelet: &Kubelet<'_>) -> (bool, String, i64) {
    let mode = kubelet.text(&AUTHORIZATION).unwrap().to_owned();
    (kubelet.is(&ANONYMOUS).unwrap(), mode, kubelet.number(&READ_ONLY_PORT).unwrap())
}

fn is(anonymous: bool, mode: &str, port: i64) -> (bool, String, i64) {
    (anonymous, mode.to_owned(), port)
}

#[test]
fn without_a_file_the_defaults_of_the_command_line_count() {
    assert_eq!(kubelet("", &[], access), is(true, "AlwaysAllow", 10_255));
    assert_eq!(
        kubelet("--anonymous-auth=false --read-only-port 0", &[], access),
        is(false, "AlwaysAllow", 0)
    );
    // Drop-ins lie over them; what they delete gets the file's default.
    let drop_in = [("/d/a.conf", "{authentication: {anonymous: {enabled: null}}, readOnlyPort: 0}")];
    assert_eq!(kubelet("--config-dir /d", &drop_in, access), is(false, "AlwaysAllow", 0));
}

#[test]
fn with_a_file_those_of_the_file_count() {
    assert_eq!(kubelet("--config /c", &[("/c", "{}")], access), is(false, "Webhook", 0));
    let file = [("/c", "{authentication: {anonymous: {enabled: true}}, readOnlyPort: 10255}")];
    assert_eq!(kubelet("--config=/c", &file, access), is(true, "Webhook", 10_255));
    let flags = "--config=/c --anonymous-auth=false --authorization_mode AlwaysAllow --read-only-port=1";
    assert_eq!(kubelet(flags, &file, access), is(false, "AlwaysAllow", 1));
}

#[test]
fn drop_ins_are_merged_in_the_order_of_a_walk() {
    let files = [
        ("/c", "{readOnlyPort: 1, tlsCipherSuites: [A, B], authentication: {x509: {clientCAFile: /ca}}}"),
        ("/d/20.conf", "{readOnlyPort: 20}"),
        (
            "/d/10.conf",
            "{readOnlyPort: 10, tlsCipherSuites: [C], authentication: {webhook: {enabled: true}}}",
        ),
        ("/d/30.conf/1.conf", "{readOnlyPort: 30}"),
        ("/d/30-b.conf", "{readOnlyPort: 31}"),
        ("/d/99.yaml", "{readOnlyPort: 99}"),
    ];
    kubelet("--config /c --config-dir /d/", &files, |kubelet| {
        assert_eq!(kubelet.number(&READ_ONLY_PORT), Ok(30));
        assert_eq!(kubelet.list(&CIPHERS), Ok(vec!["C"]));
        assert_eq!(kubelet.text(&CLIENT_CA), Ok("/ca"));
        assert_eq!(kubelet.files, ["/c", "/d/10.conf", "/d/20.conf", "/d/30-b.conf", "/d/30.conf/1.conf"]);
    });
}

#[test]
fn no_time_in_a_file_is_the_default_and_in_a_flag_is_none() {
    let file = [("/c", "{streamingConnectionIdleTimeout: 0s}")];
    let timeout = |kubelet: &Kubelet<'_>| kubelet.text(&IDLE_TIMEOUT).unwrap().to_owned();
    assert_eq!(kubelet("--config /c", &file, timeout), "4h0m0s");
    assert_eq!(kubelet("--config /c --streaming-connection-idle-timeout=0", &file, timeout), "0");
}

#[test]
fn gates_add_up_and_seccomp_is_turned_on_by_either() {
    let file = [("/c", "{featureGates: {A: true, B: false}, seccompDefault: true}")];
    let flags = "--config /c --feature-gates=A=false,C=true --feature-gates D=true --seccomp-default=false";
    kubelet(flags, &file, |kubelet| {
        let gates = kubelet.value(&GATES).unwrap();
        let of = |gate| gates.at(&[gate]).as_bool();
        assert_eq!([of("A"), of("B"), of("C"), of("D")], [Some(false), Some(false), Some(true), Some(true)]);
        assert_eq!(kubelet.is(&SECCOMP), Ok(true));
    });
    assert_eq!(kubelet("--seccomp-default", &[], |kubelet| kubelet.is(&SECCOMP)), Ok(true));
}

#[test]
fn a_file_that_is_not_there_leaves_what_the_flags_say() {
    kubelet("--config /c --read-only-port=0", &[], |kubelet| {
        assert_eq!(kubelet.number(&READ_ONLY_PORT), Ok(0));
        assert_eq!(kubelet.is(&ANONYMOUS), Err(Unread("/c".to_owned())));
    });
    kubelet("--config /c", &[("/c", "not: [closed")], |kubelet| {
        assert!(kubelet.is(&ANONYMOUS).is_err());
    });
}

#[test]
fn a_configuration_alone_is_a_file_and_an_answer_is_in_force() {
    let texts = [
        "{kind: KubeletConfiguration, streamingConnectionIdleTimeout: 0s}",
        "{kubeletconfig: {streamingConnectionIdleTimeout: 0s, authentication: {anonymous: {enabled: false}}}}",
        "{kind: KubeProxyConfiguration}",
    ];
    let documents =
        texts.iter().flat_map(|text| Document::parse(Kind::Kubelet, "k", text.as_bytes()).unwrap());
    let input = Input { documents: documents.collect(), ..Input::default() };
    let all = Kubelet::all(&input);
    let timeouts: Vec<_> = all.iter().map(|kubelet| kubelet.text(&IDLE_TIMEOUT).unwrap()).collect();
    assert_eq!(timeouts, ["4h0m0s", "0s"]);
    assert!(all.iter().all(|kubelet| kubelet.flags.is_none() && !kubelet.is(&ANONYMOUS).unwrap()));
}
