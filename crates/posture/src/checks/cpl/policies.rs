//! Admission policies (`admissionregistration.k8s.io`): whether they are in force.

use std::collections::BTreeMap;

use evidence::Object;

use crate::finding::Status;
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["CPL-043"];
const ID: &str = "CPL-043";
const GROUP: &str = "admissionregistration.k8s.io";

/// Policies and their bindings; whether a binding says what a violation comes to.
const KINDS: [(&str, &str, bool); 2] = [
    ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", true),
    ("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", false),
];

const UNBOUND: Words = words("no binding puts it in force", "이 정책을 적용하는 바인딩이 없음");
const MAYBE_BOUND: Words = words(
    "whether {} is bound, only the whole cluster tells",
    "{}의 바인딩은 전체 클러스터가 있어야 알 수 있음",
);
const NO_PARAMETERS: Words = words(
    "the policy asks for parameters ({}), and it names none",
    "정책에 파라미터({})가 필요한데 지정하지 않음",
);
const GONE: Words = words("its parameters are not there: {} {}", "파라미터 {} {}가 없음");
const SILENT: Words = words(
    "violations are told and not refused (validationActions {})",
    "위반을 알리기만 하고 거부하지 않음 (validationActions {})",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    for (policy, binding, acts) in KINDS {
        let mut bindings: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        let input = scan.input;
        for object in input.objects.of_kind(GROUP, binding) {
            bindings.entry(object.value.str_at(&["spec", "policyName"])).or_default().push(object);
        }
        for object in input.objects.of_kind(GROUP, policy) {
            let bound = bindings.get(object.name()).map_or(&[][..], Vec::as_slice);
            judge(scan, object, bound, acts);
        }
    }
}

fn judge(scan: &mut Scan<'_>, policy: &Object, bindings: &[&Object], acts: bool) {
    scan.examine(ID);
    if bindings.is_empty() {
        if scan.input.whole_cluster {
            scan.find(ID, Status::Fail, policy, String::new(), UNBOUND.plain());
        } else {
            scan.lack(ID, MAYBE_BOUND.with([policy.name()]));
        }
        return;
    }
    bindings.iter().for_each(|binding| parameters(scan, policy, binding));
    if !acts {
        return;
    }
    let refuses = |binding: &&&Object| {
        let actions = binding.value.array_at(&["spec", "validationActions"]);
        actions.iter().any(|action| action.as_str() == Some("Deny"))
    };
    if !bindings.iter().any(|binding| refuses(&binding))
        && let Some(first) = bindings.first()
    {
        let actions = api::json::to_string(first.value.at(&["spec", "validationActions"]));
        scan.find(ID, Status::Warn, *first, "spec.validationActions".to_owned(), SILENT.with([actions]));
    }
}

fn parameters(scan: &mut Scan<'_>, policy: &Object, binding: &Object) {
    let kind = policy.value.str_at(&["spec", "paramKind", "kind"]);
    if kind.is_empty() {
        return;
    }
    let reference = binding.value.at(&["spec", "paramRef"]);
    let field = "spec.paramRef".to_owned();
    if reference.is_null() {
        return scan.find(ID, Status::Fail, binding, field, NO_PARAMETERS.with([kind]));
    }
    let name = reference.str_at(&["name"]);
    let there = scan.input.objects.objects.iter().any(|o| o.kind() == kind && o.name() == name);
    // A selector may choose none for now, and what is not given may be elsewhere.
    if scan.input.whole_cluster && !name.is_empty() && !there {
        scan.find(ID, Status::Fail, binding, field, GONE.with([kind, name]));
    }
}
