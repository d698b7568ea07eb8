use super::*;

fn parse(text: &str) -> Value {
    codec::json::parse(text.as_bytes()).expect("a sound test object").value
}

fn converted(object: &Value, from: &str, to: &str, kind: &str) -> Value {
    let version = |text| GroupVersion::parse(text).expect("a group and version");
    convert(object.clone(), &version(from), &version(to), kind)
}

const V2: &str = r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
  "metadata":{"name":"h","annotations":{"mine":"stays"}},
  "spec":{"maxReplicas":5,"metrics":[
    {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}},
    {"type":"Pods","pods":{"metric":{"name":"a<b","selector":{"matchLabels":{"a":"b"}}},"target":{"type":"AverageValue","averageValue":"10"}}},
    {"type":"Object","object":{"describedObject":{"kind":"Service","name":"s","apiVersion":"v1"},"target":{"type":"Value","value":"3"},"metric":{"name":"o"}}},
    {"type":"Object","object":{"describedObject":{"kind":"Service","name":"s"},"target":{"type":"AverageValue","averageValue":"3"},"metric":{"name":"p"}}},
    {"type":"ContainerResource","containerResource":{"name":"memory","target":{"type":"Utilization","averageUtilization":5},"container":"c"}},
    {"type":"External","external":{"metric":{"name":"e"},"target":{"type":"AverageValue","averageValue":"100m"}}},
    {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}],
   "behavior":{"scaleUp":{"stabilizationWindowSeconds":3,"selectPolicy":"Max","policies":[{"type":"Pods","value":4,"periodSeconds":15}]},
    "scaleDown":{"tolerance":"10m"}}},
  "status":{"currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":7,"averageValue":"3m"}}}],
   "conditions":[{"type":"AbleToScale","status":"True","lastTransitionTime":null}]}}"#;

#[test]
fn an_autoscaler_survives_the_older_version() {
    let v2 = parse(V2);
    let v1 = converted(&v2, "autoscaling/v2", "autoscaling/v1", "HorizontalPodAutoscaler");
    assert_eq!(v1.at(&["spec", "targetCPUUtilizationPercentage"]).as_i64(), Some(50));
    assert_eq!(v1.at(&["status", "currentCPUUtilizationPercentage"]).as_i64(), Some(7));
    assert!(v1.at(&["spec", "metrics"]).is_null() && v1.at(&["status", "conditions"]).is_null());
    let mut back = converted(&v1, "autoscaling/v1", "autoscaling/v2", "HorizontalPodAutoscaler");
    let message = schema::kind("autoscaling", "v2", "HorizontalPodAutoscaler").unwrap();
    schema::canonicalize(&mut back, message);
    assert_eq!(api::json::to_string(&back), {
        let mut wanted = v2.clone();
        schema::canonicalize(&mut wanted, message);
        api::json::to_string(&wanted)
    });
}

#[test]
fn annotations_read_as_upstreams() {
    let v1 = converted(&parse(V2), "autoscaling/v2", "autoscaling/v1", "HorizontalPodAutoscaler");
    let annotation = |key: &str| {
        let key = format!("autoscaling.alpha.kubernetes.io/{key}");
        v1.str_at(&["metadata", "annotations", &key]).to_owned()
    };
    assert_eq!(
        annotation("behavior"),
        r#"{"ScaleUp":{"StabilizationWindowSeconds":3,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":null,"Policies":null,"Tolerance":"10m"}}"#
    );
    assert_eq!(
        annotation("metrics"),
        concat!(
            r#"[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}},"#,
            r#"{"type":"Pods","pods":{"metricName":"a\u003cb","targetAverageValue":"10","selector":{"matchLabels":{"a":"b"}}}},"#,
            r#"{"type":"Object","object":{"target":{"kind":"Service","name":"s","apiVersion":"v1"},"metricName":"o","targetValue":"3"}},"#,
            r#"{"type":"Object","object":{"target":{"kind":"Service","name":"s"},"metricName":"p","targetValue":"0","averageValue":"3"}},"#,
            r#"{"type":"ContainerResource","containerResource":{"name":"memory","targetAverageUtilization":5,"container":"c"}},"#,
            r#"{"type":"External","external":{"metricName":"e","targetAverageValue":"100m"}}]"#
        )
    );
    assert_eq!(
        annotation("conditions"),
        r#"[{"type":"AbleToScale","status":"True","lastTransitionTime":null}]"#
    );
    assert_eq!(v1.str_at(&["metadata", "annotations", "mine"]), "stays");
}

#[test]
fn an_unreadable_annotation_is_dropped_and_cpu_is_the_default() {
    let v1 = parse(
        r#"{"metadata":{"annotations":{"autoscaling.alpha.kubernetes.io/metrics":"[1","autoscaling.alpha.kubernetes.io/behavior":"7"}},"spec":{}}"#,
    );
    let v2 = converted(&v1, "autoscaling/v1", "autoscaling/v2", "HorizontalPodAutoscaler");
    assert_eq!(v2.at(&["spec", "metrics"]), &vec![autoscaling::horizontal::cpu_metric(80)].into());
    assert!(v2.at(&["metadata", "annotations"]).as_object().is_some_and(Map::is_empty));
    assert!(v2.at(&["spec", "behavior"]).is_null());
}

#[test]
fn events_have_two_faces() {
    let core = parse(
        r#"{"kind":"Event","apiVersion":"v1","metadata":{"name":"e"},"involvedObject":{"kind":"Pod"},"message":"m",
            "source":{"component":"c"},"firstTimestamp":null,"count":2,"reportingComponent":"r","action":"a"}"#,
    );
    let newer = converted(&core, "v1", "events.k8s.io/v1", "Event");
    assert_eq!(newer.str_at(&["note"]), "m");
    assert_eq!(newer.str_at(&["regarding", "kind"]), "Pod");
    assert_eq!(newer.str_at(&["reportingController"]), "r");
    assert_eq!(newer.str_at(&["apiVersion"]), "events.k8s.io/v1");
    assert_eq!(converted(&newer, "events.k8s.io/v1", "v1", "Event"), core);
}
