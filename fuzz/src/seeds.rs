//! Inputs that mean something to a target, to be spoiled: texts written by hand, and objects of every kind.

use api::{Value, json, object};
use codec::object::{Format, encode};
use codec::proto;
use samples::damage::nested;
use samples::{Dice, Maker};

use crate::targets::logins;

fn texts(seeds: &[&str]) -> Vec<Vec<u8>> {
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}

/// Objects of every kind, with the place of the kind among the resources.
fn made() -> Vec<(u8, Value)> {
    let kinds = schema::resources().iter().enumerate();
    let make = |(i, resource): (usize, &'static schema::Resource)| {
        let dice = &mut Dice::new(i as u64);
        let maker = Maker { system: i % 2 == 0, loose: i % 3 > 0, depth: 5, ..Maker::default() };
        let value = maker.object(dice, resource.group, resource.version, resource.kind, resource.message);
        (u8::try_from(i).unwrap_or(0), value)
    };
    kinds.map(make).collect()
}

pub(crate) fn json() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        r#"{"a":[1,-0.0,1e3,1.5e-7,9223372036854775807,9223372036854775808,true,false,null],"b":{"c":"d"}}"#,
        r#"{"a":1,"a":2,"b":{"c":1,"c":{"d":[]}},"b":3}"#,
        r#"["\u0000\ud83d\ude00\ud800 \\\"\/\b\f\n\r\t","é😀","<&>"]"#,
        " \n{ \"a\" : [ ] }\t",
    ]);
    seeds.push(nested("[", "1", "]", 400));
    seeds.push(nested("{\"a\":", "1", "}", 400));
    seeds.extend(made().iter().step_by(7).map(|(_, value)| json::to_vec(value)));
    seeds
}

pub(crate) fn yaml() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "a: &x {b: [1, 2], c: 'd'}\ne: *x\nf:\n  <<: *x\n  g: |-\n    text\n     more\n  h: >+\n    folded\n    text\n\n",
        "%YAML 1.1\n---\n- yes\n- 0644\n- 0x1f\n- 1_000\n- .inf\n- ~\n- 2001-12-14t21:59:43.10-05:00\n- !!binary aGk=\n...\n",
        "? complex\n: value\n? [a, b]\n: {c: d}\n\"quoted \\x41\\u00e9\\n\": 'it''s'\n",
        "kind: Pod\napiVersion: v1\nmetadata:\n  name: a # comment\nspec:\n  containers:\n  - name: b\n    image: c\n",
        "a0: &a0 [x]\na1: &a1 [*a0, *a0, *a0]\na2: &a2 [*a1, *a1, *a1]\na3: [*a2, *a2, *a2]\n",
        "- - - a\n    - b\n  -\n - c\n",
    ]);
    seeds.push(nested("[", "a", "]", 300));
    seeds.push(nested("- ", "a", "", 300));
    seeds.extend(made().iter().step_by(9).map(|(_, value)| codec::yaml::write(value).into_bytes()));
    seeds
}

pub(crate) fn protobuf() -> Vec<Vec<u8>> {
    let messages = schema::messages();
    let make = |i: usize| {
        let message = messages.get(i)?;
        let mut value =
            Maker { system: true, depth: 4, ..Maker::default() }.structure(&mut Dice::new(i as u64), message);
        schema::coerce(&mut value, message).ok()?;
        schema::canonicalize(&mut value, message);
        let mut bytes = u16::try_from(i).ok()?.to_be_bytes().to_vec();
        bytes.extend(proto::encode(&value, message).ok()?);
        Some(bytes)
    };
    (0..messages.len()).filter_map(make).collect()
}

pub(crate) fn envelopes() -> Vec<Vec<u8>> {
    vec![
        proto::Envelope::wrap("v1", "Pod", b"\x0a\x00"),
        proto::Envelope::wrap("", "", b""),
        b"k8s\0".to_vec(),
    ]
}

pub(crate) fn objects() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (at, value) in made() {
        let resource = schema::resources().get(usize::from(at)).expect("it was made of one");
        let mut stored = value.clone();
        schema::coerce(&mut stored, resource.message).expect("what is made has the shape of its kind");
        schema::canonicalize(&mut stored, resource.message);
        for (i, format) in (0..).zip(Format::ALL) {
            let value = if *format == Format::Protobuf { &stored } else { &value };
            let bytes = encode(value, *format, false).expect("every kind has every encoding");
            seeds.push([&[at, i][..], &bytes].concat());
        }
    }
    seeds
}

pub(crate) fn options() -> Vec<Vec<u8>> {
    let options = object! {
        "kind" => "DeleteOptions", "apiVersion" => "v1", "gracePeriodSeconds" => 5, "propagationPolicy" => "Orphan",
        "dryRun" => vec!["All"], "preconditions" => object! { "uid" => "u", "resourceVersion" => "1" },
    };
    let encoded = |(i, format): (u8, &Format)| {
        [&[i][..], &encode(&options, *format, false).expect("options have every encoding")].concat()
    };
    (0..).zip(Format::ALL).map(encoded).collect()
}

pub(crate) fn custom() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"kind":"Thing","apiVersion":"ex.io/v1","metadata":{"name":"x","labels":{"a":"b"},"managedFields":[]},"spec":{"a":[1,1.0,{"b":null}],"a":2}}"#,
        "kind: Thing\napiVersion: ex.io/v1\nmetadata: {name: x, zz: 1}\nspec:\n- 1e3\n- 0x1f\n",
    ])
}

pub(crate) fn patches() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let bodies = [
        r#"[{"op":"add","path":"/metadata/labels","value":{"a":"b"}},{"op":"copy","from":"/metadata","path":"/spec"},{"op":"test","path":"/kind","value":"x"}]"#,
        r#"[{"op":"move","from":"/metadata/name","path":"/metadata/labels/~1a~0"},{"op":"replace","path":"","value":{}},{"op":"remove","path":"/spec/-"}]"#,
        r#"{"metadata":{"labels":{"a":null,"b":"c"},"finalizers":["x.y/a"],"managedFields":[{}]},"spec":null}"#,
        r#"{"spec":{"$patch":"replace","template":{"$retainKeys":["spec"],"spec":{"containers":[{"name":"a","$patch":"delete"},{"$patch":"replace"}],"$setElementOrder/containers":[{"name":"a"}]}}}}"#,
        r#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["x.y/a"],"$setElementOrder/finalizers":[],"finalizers":["x.y/b","x.y/c"],"$setElementOrder/ownerReferences":[{"uid":"a"}]}}"#,
        "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: n\n  labels: {a: b}\ndata: {a: b}\n",
    ];
    for at in 0..64u8 {
        for (sort, body) in (0..).zip([bodies[0], bodies[2], bodies[3], bodies[5]]) {
            seeds.push([&[at, sort][..], body.as_bytes()].concat());
        }
        seeds.push([&[at, 0][..], bodies[1].as_bytes()].concat());
        seeds.push([&[at, 2][..], bodies[4].as_bytes()].concat());
    }
    seeds.extend(made().iter().map(|(at, value)| [&[*at, 3][..], &json::to_vec(value)].concat()));
    seeds
}

pub(crate) fn choices() -> Vec<Vec<u8>> {
    let many = |seed: u64| {
        let mut dice = Dice::new(seed);
        (0..400).map(|_| u8::try_from(dice.below(256)).unwrap_or(0)).collect()
    };
    (0..200).map(many).collect()
}

pub(crate) fn fields_v1() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        r#"{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}}}}"#,
        r#"{"f:finalizers":{"v:\"a\"":{},"v:1":{},"v:null":{},"v:{\"a\":1.5}":{},"i:0":{},"i:-1":{}}}"#,
        r#"{"f:":{},"f:.":{},".":{},"k:{}":{}}"#,
    ]);
    seeds.push(nested("{\"f:a\":", "{}", "}", 400));
    seeds
}

pub(crate) fn selectors() -> Vec<Vec<u8>> {
    texts(&[
        "a=b,c==d,e!=f,g,!h,i in (j,k, ),l notin (m),n>1,o<2",
        "x.y/a in (b)",
        "metadata.name=a,spec.nodeName!=b,status.phase==c\\,d\\=e\\\\",
        r#"{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"c","operator":"In","values":["d","e"]},{"key":"f","operator":"DoesNotExist"}]}"#,
        ",,",
        "a in ()",
    ])
}

pub(crate) fn expressions() -> Vec<Vec<u8>> {
    texts(&[
        "object.b.all(x, x.startsWith('x')) && has(object.c.d) ? object.a + 1 : l[0] % 2",
        "object.?c[?'d'].orValue(1.0) in [1, 2u, 3.0, b'\\x01', null, r'a\\n', \"\"\"b\"\"\"]",
        "l.map(i, i > 1, i * 2).filter(i, i in {1: 'a', 2: 'b'}).exists_one(i, i == 4)",
        "quantity('1Gi').isGreaterThan(quantity('5M')) || ip('::1').family() == 6 && url('http://a/b').getPort() == ''",
        "'%s %d'.format(['a', 1]).matches('^a+[^b-c]{2,3}$') && timestamp('2020-01-01T00:00:00Z').getHours() > 1",
        "object.transformMap(k, v, k != 'a', v) == cidr('10.0.0.0/8') || semver('1.2.3-a').major() == 1 // c",
        "object.c.d.e.f.g(h)[i](",
    ])
}

pub(crate) fn rules() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"schema":{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{"k":{"type":"string","maxLength":5},"v":{"type":"string","format":"date-time","nullable":true}},"x-kubernetes-validations":[{"rule":"has(self.v) ? self.v.getHours() > 1 : self == oldSelf","message":"m"}]},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"x-kubernetes-validations":[{"rule":"self.all(x, x.k != '')","messageExpression":"'n' + string(size(self))","fieldPath":".a"}]}}},"object":{"a":[{"k":"x","v":"2020-01-01T00:00:00Z"},{"k":""}]}}"#,
        r#"{"schema":{"type":"object","additionalProperties":{"x-kubernetes-int-or-string":true,"x-kubernetes-validations":[{"rule":"type(self) == int ? self > 1 : self.size() > 1","reason":"FieldValueForbidden"}]},"maxProperties":3},"object":{"a":1,"b":"cd"}}"#,
        r#"{"schema":{"type":"object","properties":{"a.b":{"type":"number"},"e":{"type":"object","x-kubernetes-embedded-resource":true}},"x-kubernetes-validations":[{"rule":"self.a__dot__b > 1.0 && oldSelf.hasValue()","optionalOldSelf":true}],"allOf":[{"x-kubernetes-validations":[{"rule":"self.e.kind != ''"}]}]},"object":{"a.b":1,"e":{"kind":"K"}}}"#,
    ])
}

pub(crate) fn policies() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"spec":{"failurePolicy":"Fail","variables":[{"name":"n","expression":"object.metadata.name"},{"name":"m","expression":"variables.n + 'x'"}],"matchConditions":[{"name":"c","expression":"oldObject == null"}],"validations":[{"expression":"variables.m == 'ax'","messageExpression":"'no ' + variables.n","reason":"Forbidden"}],"auditAnnotations":[{"key":"k","valueExpression":"variables.n == 'a' ? 'y' : null"}]}}"#,
        r#"{"spec":{"paramKind":{},"failurePolicy":"Ignore","validations":[{"expression":"params == null && request.operation == 'CREATE'","message":"m"}]}}"#,
    ])
}

pub(crate) fn continuations() -> Vec<Vec<u8>> {
    let tokens = [(Some(7), "ns", "a"), (None, "", "b"), (Some(u64::MAX), "", "")];
    let token = |(revision, namespace, name): (Option<u64>, &str, &str)| {
        let token = codec::Continuation { revision, namespace: namespace.into(), name: name.into() };
        token.encode("").into_bytes()
    };
    tokens.into_iter().map(token).collect()
}

pub(crate) fn certificates() -> Vec<Vec<u8>> {
    vec![logins::LEAF.to_vec(), logins::LEAF_VERSION_1.to_vec()]
}

pub(crate) fn authorities() -> Vec<Vec<u8>> {
    vec![logins::CA.to_vec(), logins::REVOKED.to_vec(), [logins::CA, logins::CA].concat()]
}

pub(crate) fn proxy_headers() -> Vec<Vec<u8>> {
    texts(&[
        "X-Remote-User:alice\nX-Remote-Group:dev\nX-Remote-Group:ops\nX-Remote-Uid:1\nX-Remote-Extra-A.b%2fC:d",
        "x-remote-user:\nX-REMOTE-USER:bob\nx-remote-extra-%zz:1\nx-remote-extra-:2",
        "Impersonate-User:system:admin\nx-remote-user:é",
    ])
}

pub(crate) fn passwords() -> Vec<Vec<u8>> {
    texts(&[
        "\0Basic Ym9iOnNlY3JldA==",
        "\0basic Ym9iOg==",
        "\u{1}# users\nbob:$2b$04$abcdefghijklmnopqrstuuIJKLMNOPQRSTUVWXYZabcdefghijklm:dev,ops\nann:hunter2\n",
        "\u{1}ann:$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$YWJjZGVmZ2hpamtsbW5vcA\n",
        "\u{2}abcdef.0123456789abcdef",
    ])
}

pub(crate) fn tokens() -> Vec<Vec<u8>> {
    texts(&[
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"typ\":\"JWT\"}",
        "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJhIiwic3ViIjoiYiIsImF1ZCI6WyJjIl0sImV4cCI6MX0.c2ln",
        "Bearer abc.def",
        "base64url.bearer.authorization.k8s.io.YWJj, v4.channel.k8s.io",
        "token,user,uid,\"a,b\"\n\"quoted \"\" token\",user2,uid2\n,nobody,uid3\n",
        "Impersonate-User: a\nImpersonate-Group: b\nImpersonate-Uid: c\nImpersonate-Extra-x%2fy: d\n",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}",
        "0\u{82}\u{1}\n0\u{81}",
    ])
}

pub(crate) fn cloud_tokens() -> Vec<Vec<u8>> {
    let mut all = texts(&[
        "{\"timestamp\":\"1800000000000\",\"accessKey\":\"KEY\",\"signature\":\"tVR+2Hpdrsm71RCJsd/5kpqTlwWvBEJyo1liQadGhVc=\",\"path\":\"/iam/v1/user?clusterUuid=c\"}",
        "https://sts.amazonaws.com/?Action=GetCallerIdentity&X-Amz-Credential=AKIA%2F1&X-Amz-Date=20270115T080000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=abc",
        "abcdef.0123456789abcdef",
    ]);
    all.extend(jwts());
    all
}

pub(crate) fn jwts() -> Vec<Vec<u8>> {
    crate::targets::issuers::GOOD.iter().map(|token| token.clone().into_bytes()).collect()
}

pub(crate) fn key_sets() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"keys":[{"kty":"RSA","kid":"a","use":"sig","alg":"RS256","e":"AQAB","n":"wxyz"}]}"#,
        r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"b","key_ops":["verify"],
            "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
        r#"{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"OKP","crv":"Ed25519","x":"AAAA"},null,1]}"#,
        r#"{"keys":null}"#,
    ])
}

pub(crate) fn issuers() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"jwt":[{"issuer":{"url":"https://i","discoveryURL":"https://d/x","audiences":["a","b"],
            "audienceMatchPolicy":"MatchAny","certificateAuthority":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
            "claimValidationRules":[{"claim":"hd","requiredValue":"x"},{"expression":"claims.a == 'b'","message":"m"}],
            "claimMappings":{"username":{"expression":"claims.email_verified ? claims.email : claims.sub"},
            "groups":{"claim":"groups","prefix":"g:"},"uid":{"claim":"sub"},
            "extra":[{"key":"acme.io/x","valueExpression":"claims.?x.orValue('')"}]},
            "userValidationRules":[{"expression":"!user.username.startsWith('system:')"}]}],
            "anonymous":{"enabled":true,"conditions":[{"path":"/livez"}]}}"#,
        r#"{"jwt":[{"issuer":{"url":"https://u:p@issuer.example?q#f"},"claimMappings":{"username":{"claim":"sub"}}}]}"#,
    ])
}

pub(crate) fn requests() -> Vec<Vec<u8>> {
    let targets = [
        "/api/v1/namespaces/ns/pods/p/log?container=c&follow=true",
        "/apis/apps/v1/deployments?watch=1&fieldSelector=metadata.name%3Da&labelSelector=b%20in%20(c)&limit=5",
        "/api/v1/watch/namespaces/ns/pods?resourceVersion=0;x=y",
        "/api/v1/proxy/nodes/n/a//b/../c",
        "/apis/a/b/namespaces/c/status",
        "/%2f%00/é?%zz=%41&=+&a",
        "/api/v1",
        "//api//v1//pods//",
    ];
    (0..).zip(targets).map(|(i, target): (u8, _)| [&[i][..], target.as_bytes()].concat()).collect()
}

pub(crate) fn amounts() -> Vec<Vec<u8>> {
    texts(&[
        "1.5Gi",
        "-100m",
        "+1e-3",
        "123456789012345678901234567890.5k",
        "9223372036854775807Ei",
        "0.0000000001n",
        "2024-02-29T12:34:56.123456+05:30",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999-23:59",
        "1h2m3.5s",
        "-9223372036854775808ns",
        "2562047h47m16.854775807s",
        "1.5us",
    ])
}

pub(crate) fn reviews() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true,"user":{"username":"bob","uid":"1","groups":["a"],"extra":{"k":["v"]}},"audiences":["api"]}}"#,
        r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":false,"error":"expired"}}"#,
        r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":true,"reason":"so"}}"#,
        r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"user":"bob"},"status":{"allowed":true,"denied":true,"evaluationError":"x"}}"#,
        r#"{"kind":"Status","apiVersion":"v1","status":"Failure","code":500}"#,
    ])
}

pub(crate) fn authorizers() -> Vec<Vec<u8>> {
    texts(&[
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n- {type: Node, name: node}\n- {type: RBAC, name: rbac}\n",
        "apiVersion: apiserver.config.k8s.io/v1beta1\nkind: AuthorizationConfiguration\nauthorizers:\n- type: Webhook\n  name: a\n  webhook:\n    timeout: 3s\n    authorizedTTL: 1m\n    subjectAccessReviewVersion: v1\n    matchConditionSubjectAccessReviewVersion: v1\n    matchConditions:\n    - expression: has(request.resourceAttributes) && request.user != 'bob'\n    - expression: request.groups.exists(g, g.startsWith('dev'))\n    failurePolicy: Deny\n    connectionInfo: {type: KubeConfigFile, kubeConfigFile: /k}\n- {type: AccessRules, name: b, accessRules: {file: /r}}\n",
        r#"{"apiVersion":"apiserver.config.k8s.io/v1alpha1","kind":"AuthorizationConfiguration","authorizers":[{"type":"Webhook","name":"w","webhook":{"timeout":"1s","subjectAccessReviewVersion":"v1beta1","failurePolicy":"NoOpinion","connectionInfo":{"type":"InClusterConfig"}}}]}"#,
    ])
}

pub(crate) fn kubeconfigs() -> Vec<Vec<u8>> {
    texts(&[
        "current-context: c\nclusters: [{name: c, cluster: {server: 'https://a:1/b', certificate-authority-data: Y2E=, proxy-url: 'http://u:s3cret@p:1'}}]\nusers: [{name: u, user: {token: s3cret, as: jane, as-groups: [a], as-user-extra: {k: [v]}}}]\ncontexts: [{name: c, context: {cluster: c, user: u, namespace: n}}]\n",
        "users:\n- name: u\n  user:\n    username: bob\n    password: s3cret\n- name: p\n  user:\n    exec: {apiVersion: client.authentication.k8s.io/v1, command: ./x, args: [s3cret], env: [{name: A, value: s3cret}], interactiveMode: Never}\n    client-certificate: c\n    client-key-data: czNjcmV0\n",
        r#"{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":"a","insecure-skip-tls-verify":true,"tls-server-name":"b"}}]}"#,
    ])
}

pub(crate) fn audit_policies() -> Vec<Vec<u8>> {
    let head = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";
    let rules = [
        "omitStages: [RequestReceived]\nrules: [{level: None, verbs: [get, watch], users: [x]}, {level: Metadata}]\n",
        "omitManagedFields: true\nrules:\n- level: Request\n  resources:\n  - {group: '', resources: [pods/*, '*/log', '*'], resourceNames: [x]}\n  - {group: apps}\n  namespaces: ['', x]\n- {level: RequestResponse, nonResourceURLs: ['/healthz*', '*'], omitStages: [Panic]}\n",
        "rules: [{level: None, userGroups: ['system:masters'], omitManagedFields: false}, {level: None, users: ['*']}, {level: Bad}]\n",
    ];
    let seed = |(i, rules): (usize, &&str)| {
        let mut seed = vec![u8::try_from(i * 19).unwrap_or(0)];
        seed.extend(format!("{head}{rules}").into_bytes());
        seed
    };
    rules.iter().enumerate().map(seed).collect()
}

pub(crate) fn audit_logs() -> Vec<Vec<u8>> {
    let event = r#"{"kind":"Event","auditID":"1","stage":"ResponseComplete","requestURI":"/api/v1/pods?x=%2f","verb":"list","user":{"username":"a","groups":["system:masters"],"extra":{"a":["b"]}},"sourceIPs":["::1"],"objectRef":{"resource":"pods"},"responseStatus":{"code":200},"annotations":{"a":"b\\u00e9"},"stageTimestamp":"2026-06-01T00:00:00Z"}"#;
    let quoted = json::to_string(&Value::from(event));
    let google = r#"{"protoPayload":{"authenticationInfo":{"principalEmail":"a"},"requestMetadata":{"callerIp":"1.2.3.4"},"methodName":"io.k8s.core.v1.pods.create","resourceName":"core/v1/namespaces/a/pods"}}"#;
    let all = [
        format!("{event}\n{event}\n"),
        format!("[{event},\n{event}]"),
        format!("{{\"logEvents\":[{{\"message\":{quoted}}}]}}\n{google}"),
        format!("2026-06-01 {event}\n{{\"items\":[{event}"),
    ];
    all.map(String::into_bytes).to_vec()
}
