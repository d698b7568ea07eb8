//! Cells of objects in every state that matters, and the tables of the reference server where they are at hand.

use std::{fs, path::PathBuf};

use api::{Map, Value, object};

use super::*;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

fn json(text: &str) -> Value {
    codec::json::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e}: {text}")).value
}

/// The cells of an object as JSON, without its name.
fn cells(group: &str, kind: &str, object: &str) -> String {
    let cells = printer(group, kind).cells(&json(object), NOW);
    api::json::to_string(&Value::Array(cells[1..].to_vec()))
}

fn check(group: &str, kind: &str, cases: &[(&str, &str)]) {
    for (object, want) in cases {
        assert_eq!(cells(group, kind, object), *want, "{kind} {object}");
    }
}

/// READY, STATUS and RESTARTS of a pod.
fn pod(spec: &str, status: &str, metadata: &str) -> String {
    let object = format!(r#"{{"metadata":{{{metadata}}},"spec":{spec},"status":{status}}}"#);
    let cells = printer("", "Pod").cells(&json(&object), NOW);
    cells[1..4].iter().map(|c| c.as_str().unwrap()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn pods_say_where_they_stand() {
    let two = r#"{"containers":[{"name":"a"},{"name":"b"}]}"#;
    let ended = |reason: &str, code: i64| {
        format!(r#"{{"state":{{"terminated":{{"reason":"{reason}","exitCode":{code}}}}}}}"#)
    };
    let running = r#"{"ready":true,"restartCount":2,"state":{"running":{}},"lastState":{"terminated":{"finishedAt":"2025-12-31T23:50:00Z"}}}"#;
    for (status, want) in [
        (r#"{"phase":"Pending"}"#.to_owned(), "0/2 | Pending | 0"),
        (r#"{"phase":"Failed","reason":"Evicted"}"#.to_owned(), "0/2 | Evicted | 0"),
        (
            r#"{"phase":"Pending","conditions":[{"type":"PodScheduled","reason":"SchedulingGated"}]}"#.to_owned(),
            "0/2 | SchedulingGated | 0",
        ),
        (
            r#"{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff"}}},{"state":{"waiting":{"reason":"ContainerCreating"}}}]}"#.to_owned(),
            "0/2 | ImagePullBackOff | 0",
        ),
        (format!(r#"{{"phase":"Running","containerStatuses":[{running},{running}]}}"#), "2/2 | Running | 4 (10m ago)"),
        (
            format!(r#"{{"phase":"Running","containerStatuses":[{},{running}]}}"#, ended("Completed", 0)),
            "1/2 | NotReady | 2 (10m ago)",
        ),
        (
            format!(
                r#"{{"phase":"Running","conditions":[{{"type":"Ready","status":"True"}}],"containerStatuses":[{},{running}]}}"#,
                ended("Completed", 0)
            ),
            "1/2 | Running | 2 (10m ago)",
        ),
        (
            format!(r#"{{"phase":"Failed","containerStatuses":[{},{}]}}"#, ended("Completed", 0), ended("Error", 1)),
            "0/2 | Error | 0",
        ),
        (format!(r#"{{"phase":"Succeeded","containerStatuses":[{}]}}"#, ended("Completed", 0)), "0/2 | Completed | 0"),
        (format!(r#"{{"phase":"Failed","containerStatuses":[{}]}}"#, ended("", 3)), "0/2 | ExitCode:3 | 0"),
        (
            r#"{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"signal":9,"exitCode":137}}}]}"#.to_owned(),
            "0/2 | Signal:9 | 0",
        ),
    ] {
        assert_eq!(pod(two, &status, ""), want, "{status}");
    }
    let deleted = r#""deletionTimestamp":"2026-01-01T00:00:00Z""#;
    assert_eq!(pod(two, r#"{"phase":"Running"}"#, deleted), "0/2 | Terminating | 0");
    assert_eq!(pod(two, r#"{"phase":"Succeeded"}"#, deleted), "0/2 | Succeeded | 0");
    assert_eq!(pod(two, r#"{"phase":"Running","reason":"NodeLost"}"#, deleted), "0/2 | Unknown | 0");
}

#[test]
fn init_containers_come_first() {
    let spec = r#"{"initContainers":[{"name":"i"},{"name":"side","restartPolicy":"Always"}],"containers":[{"name":"a"}]}"#;
    let done = r#"{"name":"i","restartCount":1,"state":{"terminated":{"exitCode":0}}}"#;
    let side = r#"{"name":"side","started":true,"ready":true,"restartCount":3,"state":{"running":{}}}"#;
    let main = r#"[{"ready":true,"state":{"running":{}}}]"#;
    for (init, containers, want) in [
        (
            r#"{"name":"i","state":{"waiting":{"reason":"PodInitializing"}}}"#.to_owned(),
            "[]",
            "0/2 | Init:0/2 | 0",
        ),
        (
            r#"{"name":"i","restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}"#.to_owned(),
            "[]",
            "0/2 | Init:CrashLoopBackOff | 4",
        ),
        (
            r#"{"name":"i","state":{"terminated":{"exitCode":2}}}"#.to_owned(),
            "[]",
            "0/2 | Init:ExitCode:2 | 0",
        ),
        (
            r#"{"name":"i","state":{"terminated":{"exitCode":1,"signal":7}}}"#.to_owned(),
            "[]",
            "0/2 | Init:Signal:7 | 0",
        ),
        (
            r#"{"name":"i","state":{"terminated":{"exitCode":1,"reason":"Error"}}}"#.to_owned(),
            "[]",
            "0/2 | Init:Error | 0",
        ),
        (format!(r#"{done},{{"name":"side","state":{{"running":{{}}}}}}"#), "[]", "0/2 | Init:1/2 | 1"),
        (format!("{done},{side}"), main, "2/2 | Running | 3"),
    ] {
        let status = format!(
            r#"{{"phase":"Running","initContainerStatuses":[{init}],"containerStatuses":{containers}}}"#
        );
        assert_eq!(pod(spec, &status, ""), want, "{status}");
    }
}

#[test]
fn wide_cells_of_pods() {
    let object = r#"{"metadata":{"creationTimestamp":"2025-12-31T00:00:00Z"},
        "spec":{"nodeName":"n","readinessGates":[{"conditionType":"x"},{"conditionType":"y"}]},
        "status":{"podIP":"10.0.0.1","nominatedNodeName":"m","phase":"Succeeded","conditions":[{"type":"y","status":"True"}]}}"#;
    check("", "Pod", &[(object, r#"["0/0","Succeeded","0","24h","10.0.0.1","n","m","1/2"]"#)]);
    let conditions = printer("", "Pod").conditions(&json(object));
    assert_eq!(conditions[0].str_at(&["reason"]), "Succeeded");
    check(
        "",
        "Pod",
        &[(
            "{}",
            r#"["0/0","","0","\u003cunknown\u003e","\u003cnone\u003e","\u003cnone\u003e","\u003cnone\u003e","\u003cnone\u003e"]"#,
        )],
    );
}

#[test]
fn jobs_and_cron_jobs() {
    let conditions = |ty: &str| {
        format!(
            r#"{{"status":{{"conditions":[{{"type":"{ty}","status":"True"}}]}},"metadata":{{"deletionTimestamp":"x"}}}}"#
        )
    };
    for (ty, want) in [("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Terminating")] {
        assert_eq!(printer("batch", "Job").cells(&json(&conditions(ty)), NOW)[1].as_str(), Some(want));
    }
    let none = "\\u003cnone\\u003e";
    let unknown = "\\u003cunknown\\u003e";
    check(
        "batch",
        "Job",
        &[
            (
                r#"{"spec":{"completions":3},"status":{"succeeded":1,"startTime":"2025-12-31T23:59:00Z","completionTime":"2025-12-31T23:59:30Z"}}"#,
                &format!(r#"["Running","1/3","30s","{unknown}","","","{none}"]"#),
            ),
            (
                r#"{"spec":{"parallelism":2}}"#,
                &format!(r#"["Running","0/1 of 2","","{unknown}","","","{none}"]"#),
            ),
            (
                r#"{"status":{"startTime":"2025-12-31T23:58:00Z","conditions":[{"type":"SuccessCriteriaMet","status":"True"}]}}"#,
                &format!(r#"["SuccessCriteriaMet","0/1","2m","{unknown}","","","{none}"]"#),
            ),
        ],
    );
    check(
        "batch",
        "CronJob",
        &[(
            r#"{"spec":{"schedule":"* * * * *","suspend":true},"status":{"active":[{}],"lastScheduleTime":"2025-12-31T23:59:59Z"}}"#,
            &format!(r#"["* * * * *","{none}","True",1,"1s","{unknown}","","","{none}"]"#),
        )],
    );
}

#[test]
fn services_and_their_addresses() {
    let external =
        |object: &str| printer("", "Service").cells(&json(object), NOW)[3].as_str().unwrap().to_owned();
    for (object, want) in [
        (r#"{"spec":{"type":"ClusterIP"}}"#, "<none>"),
        (r#"{"spec":{"type":"NodePort","externalIPs":["192.0.2.1","192.0.2.2"]}}"#, "192.0.2.1,192.0.2.2"),
        (r#"{"spec":{"type":"LoadBalancer"}}"#, "<pending>"),
        (
            r#"{"spec":{"type":"LoadBalancer","externalIPs":["e"]},"status":{"loadBalancer":{"ingress":[{"hostname":"z"},{"ip":"a"},{"ip":"a","hostname":"h"}]}}}"#,
            "a,z,e",
        ),
        (r#"{"spec":{"type":"ExternalName","externalName":"example.org"}}"#, "example.org"),
        (r#"{"spec":{}}"#, "<unknown>"),
    ] {
        assert_eq!(external(object), want, "{object}");
    }
    let ports =
        r#"{"spec":{"ports":[{"port":80,"protocol":"TCP","nodePort":30080},{"port":53,"protocol":"UDP"}]}}"#;
    assert_eq!(printer("", "Service").cells(&json(ports), NOW)[4].as_str(), Some("80:30080/TCP,53/UDP"));
}

#[test]
fn endpoints_and_hosts_end_in_more() {
    let text = |group: &str, kind: &str, cell: usize, object: &str| {
        printer(group, kind).cells(&json(object), NOW)[cell].as_str().unwrap().to_owned()
    };
    for (object, want) in [
        ("{}", "<none>"),
        (r#"{"subsets":[{"addresses":[{"ip":"a"},{"ip":"b"}]}]}"#, "a,b"),
        (
            r#"{"subsets":[{"addresses":[{"ip":"::1"}],"ports":[{"port":80},{"port":81}]}]}"#,
            "[::1]:80,[::1]:81",
        ),
        (
            r#"{"subsets":[{"addresses":[{"ip":"a"},{"ip":"b"}],"ports":[{"port":1},{"port":2}]},{"addresses":[{"ip":"c"}]}]}"#,
            "a:1,b:1,a:2 + 2 more...",
        ),
    ] {
        assert_eq!(text("", "Endpoints", 1, object), want, "{object}");
    }
    for (hosts, want) in [
        (r#"[]"#, "*"),
        (r#"[{"host":"a"},{},{"host":"b"}]"#, "a,b"),
        (r#"[{"host":"a"},{"host":"b"},{"host":"c"}]"#, "a,b,c"),
        (r#"[{"host":"a"},{"host":"b"},{"host":"c"},{}]"#, "a,b,c + 1 more..."),
        (r#"[{"host":"a"},{},{"host":"b"},{"host":"c"},{"host":"d"}]"#, "a,b,c + 2 more..."),
    ] {
        assert_eq!(
            text("networking.k8s.io", "Ingress", 2, &format!(r#"{{"spec":{{"rules":{hosts}}}}}"#)),
            want,
            "{hosts}"
        );
    }
    let slice = r#"{"ports":[{"port":1},{"name":"n"},{},{"port":2}],"endpoints":[{"addresses":["a","b"]},{"addresses":["c","d"]}]}"#;
    assert_eq!(text("discovery.k8s.io", "EndpointSlice", 2, slice), "1,n,* + 1 more...");
    assert_eq!(text("discovery.k8s.io", "EndpointSlice", 3, slice), "a,b,c + 1 more...");
    assert_eq!(text("discovery.k8s.io", "EndpointSlice", 3, "{}"), "<unset>");
}

#[test]
fn nodes_have_status_and_roles() {
    let object = r#"{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":"","node-role.kubernetes.io/":"","kubernetes.io/role":"a"}},
        "spec":{"unschedulable":true},
        "status":{"conditions":[{"type":"Ready","status":"False"}],"addresses":[{"type":"InternalIP","address":"10.0.0.1"}],
                  "nodeInfo":{"kernelVersion":"6.1","architecture":"arm64","kubeletVersion":"v1.36.0","osImage":"Debian"}}}"#;
    check(
        "",
        "Node",
        &[(
            object,
            r#"["NotReady,SchedulingDisabled","a,control-plane","\u003cunknown\u003e","v1.36.0","10.0.0.1","\u003cnone\u003e","Debian","6.1 (arm64)","\u003cunknown\u003e"]"#,
        )],
    );
}

#[test]
fn autoscalers_show_targets_of_every_type() {
    let targets = |object: &str| {
        printer("autoscaling", "HorizontalPodAutoscaler").cells(&json(object), NOW)[2]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (object, want) in [
        ("{}", "<none>"),
        (
            r#"{"spec":{"targetCPUUtilizationPercentage":80},"status":{"currentCPUUtilizationPercentage":5}}"#,
            "cpu: 5%/80%",
        ),
        (
            r#"{"spec":{"metrics":[{"type":"Resource","resource":{"name":"memory","target":{"averageValue":"1Gi"}}},{"type":"ContainerResource","containerResource":{"name":"cpu","target":{"averageUtilization":50}}}]},
                "status":{"currentMetrics":[{"resource":{"current":{"averageValue":"5"}}},{"containerResource":{"current":{"averageUtilization":7}}}]}}"#,
            "memory: 5/1Gi, cpu: 7%/50%",
        ),
        (
            r#"{"spec":{"metrics":[{"type":"External","external":{"target":{"averageValue":"2"}}},{"type":"Pods","pods":{"target":{"averageValue":"3"}}},{"type":"Object","object":{"target":{"value":"4"}}}]},
                "status":{"currentMetrics":[{"external":{"current":{"value":"1"}}},{"pods":{"current":{"averageValue":"9"}}}]}}"#,
            "<unknown>/2 (avg), 9/3 + 1 more...",
        ),
        (
            r#"{"spec":{"metrics":[{"type":"Object","object":{"target":{"value":"4"}}},{"type":"odd"}]},"status":{"currentMetrics":[{"object":{"current":{"value":"1"}}}]}}"#,
            "1/4, <unknown type>",
        ),
    ] {
        assert_eq!(targets(object), want, "{object}");
    }
}

#[test]
fn volumes_quotas_revisions_and_bindings() {
    let unset = "\\u003cunset\\u003e";
    let unknown = "\\u003cunknown\\u003e";
    check(
        "",
        "PersistentVolume",
        &[(
            r#"{"metadata":{"deletionTimestamp":"x","annotations":{"volume.beta.kubernetes.io/storage-class":"old"}},
            "spec":{"capacity":{"storage":"5Gi"},"accessModes":["ReadWriteMany","ReadWriteOnce"],"claimRef":{"namespace":"ns","name":"c"},"storageClassName":"new"}}"#,
            &format!(r#"["5Gi","RWO,RWX","","Terminating","ns/c","old","{unset}","","{unknown}","{unset}"]"#),
        )],
    );
    check(
        "",
        "PersistentVolumeClaim",
        &[(
            r#"{"spec":{"volumeName":"v","volumeMode":"Block"},"status":{"phase":"Bound","accessModes":["ReadWriteOncePod"]}}"#,
            &format!(r#"["Bound","v","0","RWOP","","{unset}","{unknown}","Block"]"#),
        )],
    );
    check(
        "",
        "ResourceQuota",
        &[(
            r#"{"status":{"hard":{"requests.cpu":"2","limits.cpu":"4","pods":"9"},"used":{"pods":"1"}}}"#,
            &format!(r#"["pods: 0/9, requests.cpu: 0/2","limits.cpu: 0/4","{unknown}"]"#)
                .replace("pods: 0/9", "pods: 1/9"),
        )],
    );
    check(
        "apps",
        "ControllerRevision",
        &[(
            r#"{"revision":3,"metadata":{"ownerReferences":[{"name":"x"},{"controller":true,"apiVersion":"apps/v1","kind":"DaemonSet","name":"agent"}]}}"#,
            &format!(r#"["daemonset.apps/agent",3,"{unknown}"]"#),
        )],
    );
    check(
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
        &[
            (
                r#"{"spec":{"policyName":"p","paramRef":{"name":"n"}}}"#,
                &format!(r#"["p","*/n","{unknown}"]"#),
            ),
            (
                r#"{"spec":{"paramRef":{"selector":{"matchLabels":{"b":"2","a":"1"},"matchExpressions":[{"key":"k","operator":"In","values":["x","y"]}]}}}}"#,
                &format!(
                    r#"["","\u0026LabelSelector{{MatchLabels:map[string]string{{a: 1,b: 2,}},MatchExpressions:[]LabelSelectorRequirement{{LabelSelectorRequirement{{Key:k,Operator:In,Values:[x y],}},}},}}","{unknown}"]"#
                ),
            ),
        ],
    );
    check(
        "apiregistration.k8s.io",
        "APIService",
        &[(
            r#"{"spec":{"service":{"namespace":"a","name":"b"}},"status":{"conditions":[{"type":"Available","status":"False","reason":"Missing"}]}}"#,
            &format!(r#"["a/b","False (Missing)","{unknown}"]"#),
        )],
    );
}

#[test]
fn events_of_both_groups_read_alike() {
    let old = r#"{"metadata":{"name":"e"},"type":"Normal","reason":"R","message":" hi\n","involvedObject":{"kind":"Pod","name":"p","fieldPath":"f"},
        "source":{"component":"c","host":"h"},"firstTimestamp":"2025-12-31T23:00:00Z","lastTimestamp":"2025-12-31T23:59:00Z","count":3}"#;
    let new = r#"{"metadata":{"name":"e"},"type":"Normal","reason":"R","note":"hi","regarding":{"kind":"Pod","name":"p","fieldPath":"f"},
        "deprecatedSource":{"component":"c","host":"h"},"deprecatedFirstTimestamp":"2025-12-31T23:00:00Z","deprecatedLastTimestamp":"2025-12-31T23:59:00Z","deprecatedCount":3}"#;
    let want = r#"["Normal","R","pod/p","f","c, h","hi","60m",3,"e"]"#;
    check("", "Event", &[(old, want)]);
    check("events.k8s.io", "Event", &[(new, want)]);
    let series = r#"{"eventTime":"2025-12-31T23:00:00.000000Z","series":{"count":7,"lastObservedTime":"2025-12-31T23:59:59.5Z"},"reportingController":"rc","reportingInstance":"ri"}"#;
    let cells = printer("events.k8s.io", "Event").cells(&json(series), NOW);
    assert_eq!(cells[0].as_str(), Some("1s"));
    assert_eq!(cells[5].as_str(), Some("rc, ri"));
    assert_eq!(cells[8].as_i64(), Some(7));
}

#[test]
fn tables_carry_what_was_asked_for() {
    let schema = |name: &str, precedence: i64| {
        object! { "metadata" => object! { "name" => name }, "spec" => object! { "matchingPrecedence" => precedence } }
    };
    let (a, b) = (schema("a", 900), schema("b", 100));
    let options = TableOptions { version: "v1", include: Include::Metadata, no_headers: false, now: NOW };
    let describe =
        |message: &str, field: &str| Some(format!("{}.{field}", message.rsplit('.').next().unwrap()));
    let meta = object! { "resourceVersion" => "7", "continue" => "", "remainingItemCount" => 3 };
    let flows = printer("flowcontrol.apiserver.k8s.io", "FlowSchema");
    let made = table(flows, &[&a, &b], &meta, &options, &describe);
    assert_eq!(made.at(&["metadata"]), &object! { "resourceVersion" => "7", "remainingItemCount" => 3 });
    assert_eq!(made.array_at(&["columnDefinitions"])[0].str_at(&["description"]), "ObjectMeta.name");
    assert_eq!(made.array_at(&["rows"])[0].array_at(&["cells"])[0].as_str(), Some("b"));
    assert_eq!(made.array_at(&["rows"])[0].str_at(&["object", "kind"]), "PartialObjectMetadata");
    let options = TableOptions { include: Include::None, no_headers: true, ..options };
    let made = table(flows, &[&a], &meta, &options, &describe);
    assert!(made.at(&["columnDefinitions"]).is_null());
    assert!(made.array_at(&["rows"])[0].get("object").is_some_and(Value::is_null));
    let options = TableOptions { include: Include::Object, ..options };
    assert_eq!(row(flows, &a, &options).at(&["object"]), &a);
    assert_eq!(Include::parse("All"), None);
    assert_eq!(Include::parse(""), Some(Include::Metadata));
}

/// The transcripts of the reference server; `None` (with a word why) where they are missing.
fn transcripts() -> Option<Value> {
    let root = std::env::var_os("SUMUN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = root.join("oracle/golden/kinds.json");
    match fs::read(&file) {
        Ok(bytes) => Some(codec::json::parse(&bytes).unwrap().value),
        Err(e) => {
            eprintln!("skipped: {}: {e}", file.display());
            None
        }
    }
}

/// Normalised times become the time of the test, so that ages are zero.
fn with_times(value: &Value) -> Value {
    match value {
        Value::String(s) if s == "<time>" => "2026-01-01T00:00:00Z".into(),
        Value::Array(items) => items.iter().map(with_times).collect::<Vec<_>>().into(),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k, with_times(v))).collect::<Map>()),
        other => other.clone(),
    }
}

#[test]
fn tables_of_the_reference() {
    let Some(cases) = transcripts() else { return };
    let mut compared = 0;
    for case in cases.as_array().unwrap() {
        let name = case.str_at(&["name"]);
        let answers = case.array_at(&["golden"]);
        let (Some(object), Some(want)) = (answers.first(), answers.get(1)) else { continue };
        if !name.ends_with("yaml-and-table") || want.at(&["body", "/rows/0/cells"]).as_array().is_none() {
            continue;
        }
        let object = with_times(object.at(&["body"]));
        let group = object.str_at(&["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
        let printer = printer(group, object.str_at(&["kind"]));
        let cells = printer.cells(&object, NOW);
        let want_cells = with_times(want.at(&["body", "/rows/0/cells"]));
        for (got, want) in cells.iter().zip(want_cells.as_array().unwrap()) {
            let aged = want
                .as_str()
                .is_some_and(|s| s.len() > 2 && s.ends_with('d') && s.as_bytes()[0].is_ascii_digit());
            assert!(got == want || aged, "{name}: {got:?} is not {want:?}");
        }
        assert_eq!(cells.len(), want_cells.as_array().unwrap().len(), "{name}");
        let definitions = column_definitions(printer, &|_, _| None);
        let want = want.array_at(&["body", "/columnDefinitions"]);
        assert_eq!(definitions.as_array().unwrap().len(), want.len(), "{name}");
        for (got, want) in definitions.as_array().unwrap().iter().zip(want) {
            for member in ["name", "type", "format", "priority"] {
                assert_eq!(got.get(member), want.get(member), "{name} {member}");
            }
        }
        compared += 1;
    }
    assert!(compared > 40, "{compared} tables");
}

#[test]
fn every_printer_fills_its_columns() {
    for (group, kind) in [
        ("", "ComponentStatus"),
        ("", "LimitRange"),
        ("autoscaling", "Scale"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("example.org", "Widget"),
    ] {
        let printer = printer(group, kind);
        assert_eq!(printer.cells(&Value::Null, NOW).len(), printer.columns().len(), "{kind}");
    }
    let address = printer("networking.k8s.io", "IPAddress");
    assert_eq!(address.cells(&Value::Null, NOW).len(), address.columns().len() + 1);
}
