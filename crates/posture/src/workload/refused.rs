//! Workloads that the API would not take: what such a text means nobody can say, so no check passes it.
//!
//! Entry point: [`Refused::of`].

use api::Value;
use evidence::Object;

use super::Workload;
use crate::words::{Said, Words, words};

const REFUSED: Words = words(
    "{} is not what the API takes, so that nobody can say what it would do: {}",
    "{}은(는) API가 받지 않는 형식이라 어떻게 동작할지 알 수 없음: {}",
);
const NO_CONTAINERS: Words =
    words("{} has no containers: it is a part of something", "{}에 컨테이너가 없음: 일부분만 주어짐");
const STEPS: Words = words(
    "{} makes pods in a way of its own, which is not followed",
    "{}은(는) 고유한 방식으로 파드를 만들며 이는 따라가지 않음",
);

const MORE: Words = words("{} more of the kind", "그 밖에 {}개가 더 있음");

/// How many are told of.
const MOST: usize = 5;

/// Kinds that make pods from something else than a pod's specification.
const OWN_WAYS: [(&str, &str); 9] = [
    ("argoproj.io", "ClusterWorkflowTemplate"),
    ("argoproj.io", "CronWorkflow"),
    ("argoproj.io", "Workflow"),
    ("argoproj.io", "WorkflowTemplate"),
    ("tekton.dev", "ClusterTask"),
    ("tekton.dev", "Pipeline"),
    ("tekton.dev", "PipelineRun"),
    ("tekton.dev", "Task"),
    ("tekton.dev", "TaskRun"),
];

/// Types whose contents no check of pods reads as anything but text.
const TEXTS: [&str; 2] = ["EnvVar.", "ObjectMeta."];

/// Why each of them is none that can be judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refused(pub Vec<Said>);

impl Refused {
    pub(crate) fn of(workloads: &[Workload<'_>], objects: &[Object]) -> Self {
        let mut why: Vec<Said> = workloads.iter().filter_map(of_workload).collect();
        let own = objects.iter().filter(|object| OWN_WAYS.contains(&(object.group(), object.kind())));
        why.extend(own.map(|object| STEPS.with([name(object)])));
        let more = why.len().saturating_sub(MOST);
        why.truncate(MOST);
        why.extend((more > 0).then(|| MORE.with([more])));
        Self(why)
    }
}

fn of_workload(workload: &Workload<'_>) -> Option<Said> {
    let object = workload.object;
    let why = wrong_type(object).filter(|why| !TEXTS.iter().any(|text| why.contains(text)));
    if let Some(why) = why {
        return Some(REFUSED.with([name(object), why]));
    }
    workload.containers().next().is_none().then(|| NO_CONTAINERS.with([name(object)]))
}

/// What the decoder of the API says, of kinds that it knows.
fn wrong_type(object: &Object) -> Option<String> {
    let version = object.value.str_at(&["apiVersion"]);
    let version = version.rsplit_once('/').map_or(version, |(_, version)| version);
    let message = schema::kind(object.group(), version, object.kind())?;
    let mut copy = Value::object();
    for member in ["metadata", "spec", "template"] {
        copy.set_at(&[member], object.value.at(&[member]).clone());
    }
    schema::coerce(&mut copy, message).err().map(|why| why.to_string())
}

fn name(object: &Object) -> String {
    format!("{} {}", object.kind(), object.name())
}
