//! Access that somebody expects: questions with their answers, asked of the authorizer.
//!
//! Entry point: [`run`].  A document of kind `AccessExpectation` lists cases: the `spec` of a SubjectAccessReview and
//! whether it is to be allowed.  RBAC of the given objects answers, and ABAC policies when some are given.

use std::sync::Arc;

use api::user::{
    ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, UserInfo, service_account_groups, split_service_account,
};
use api::{Value, object};
use authz::abac::{Abac, Policies};
use authz::rbac::GROUP;
use authz::review::{self, Review};
use authz::{Authorizer, Union};

use crate::catalogue::Kind;
use crate::document::Document;
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::rights::Rights;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["IAM-048"];

const ID: &str = "IAM-048";

const NONE: Words = words("nobody has said what access is expected", "기대하는 접근 권한이 주어지지 않음");
const NO_RULES: Words =
    words("there are no roles, bindings or policies to ask", "판정할 역할, 바인딩, 정책이 없음");
const BROKEN: Words = words("the question cannot be asked: {}", "질문을 판정할 수 없음: {}");
const NO_ANSWER: Words = words("it does not say whether it is to be allowed", "allowed 값이 없음");
const NO_CASES: Words = words("it has no cases", "cases가 없음");
const ALLOWED: Words = words("{} is allowed: {}", "{}이(가) 허용됨: {}");
const REFUSED: Words = words("{} is not allowed", "{}이(가) 허용되지 않음");
const BAD_POLICY: Words = words("an ABAC policy cannot be read: {}", "ABAC 정책을 읽을 수 없음: {}");

pub(super) fn run(scan: &mut Scan<'_>, rights: &Rights<'_>) {
    let input = scan.input;
    let documents: Vec<&Document> = input.of_kind(Kind::Expectation).collect();
    if documents.is_empty() {
        return scan.lack(ID, NONE.plain());
    }
    let policies = match policies(scan) {
        Ok(policies) => policies,
        Err(why) => return scan.lack(ID, BAD_POLICY.with([why])),
    };
    if policies.is_none() && !input.objects.objects.iter().any(|object| object.group() == GROUP) {
        return scan.lack(ID, NO_RULES.plain());
    }
    let abac = policies.map(|policies| Arc::new(Abac::new(policies)) as Arc<dyn Authorizer>);
    let rbac = Arc::clone(rights.policy.rbac()) as Arc<dyn Authorizer>;
    let authorizer = Union::new(std::iter::once(rbac).chain(abac));
    for document in documents {
        let cases = document.value.array_at(&["spec", "cases"]);
        if cases.is_empty() {
            scan.examine(ID);
            scan.find(ID, Status::Fail, document, "spec.cases".to_owned(), NO_CASES.plain());
        }
        for (at, case) in cases.iter().enumerate() {
            scan.examine(ID);
            let finding = ask(case, &authorizer);
            if let Some((field, reason)) = finding {
                scan.find(ID, Status::Fail, document, format!("spec.cases[{at}]{field}"), reason);
            }
        }
    }
}

/// The ABAC policies that were given; `None` for none.
fn policies(scan: &Scan<'_>) -> Result<Option<Policies>, String> {
    let group = "abac.authorization.kubernetes.io/";
    let given = scan.input.of_kind(Kind::ControlPlane);
    let lines: Vec<String> = given
        .filter(|document| document.value.str_at(&["apiVersion"]).starts_with(group))
        .map(|document| api::json::to_string(&document.value))
        .collect();
    if lines.is_empty() {
        return Ok(None);
    }
    match Policies::parse(&lines.join("\n")) {
        Ok((policies, _)) => Ok(Some(policies)),
        Err(errors) => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

/// What is wrong with a case, if anything.
fn ask(case: &Value, authorizer: &dyn Authorizer) -> Option<(&'static str, crate::words::Said)> {
    let Some(expected) = case.at(&["allowed"]).as_bool() else {
        return Some((".allowed", NO_ANSWER.plain()));
    };
    let question = object! {
        "apiVersion" => "authorization.k8s.io/v1", "kind" => "SubjectAccessReview",
        "spec" => with_groups(case.at(&["spec"])),
    };
    if let Err(why) = review::validate(Review::Subject, &question, "") {
        return Some((".spec", BROKEN.with([why.message])));
    }
    let answer = review::answer(Review::Subject, question, &UserInfo::default(), authorizer);
    let allowed = answer.at(&["status", "allowed"]).as_bool() == Some(true);
    match (expected, allowed) {
        (false, true) => {
            let why = answer.str_at(&["status", "reason"]).to_owned();
            Some((".allowed", ALLOWED.with([shown(case), why])))
        }
        (true, false) => Some((".allowed", REFUSED.with([shown(case)]))),
        _ => None,
    }
}

/// The question with the groups that the server gives everybody who logs in.
fn with_groups(spec: &Value) -> Value {
    let user = spec.str_at(&["user"]);
    let mut groups: Vec<String> =
        spec.array_at(&["groups"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    match split_service_account(user) {
        Some((namespace, _)) => groups.extend(service_account_groups(namespace)),
        None if user == ANONYMOUS => groups.push(UNAUTHENTICATED.to_owned()),
        None => {}
    }
    if user != ANONYMOUS && !(user.is_empty() && groups.is_empty()) {
        groups.push(AUTHENTICATED.to_owned());
    }
    let mut spec = spec.clone();
    spec.set_at(&["groups"], groups);
    spec
}

/// The name of a case, or the question in short.
fn shown(case: &Value) -> String {
    let name = case.str_at(&["name"]);
    if !name.is_empty() {
        return name.to_owned();
    }
    let spec = case.at(&["spec"]);
    let (resource, path) = (spec.at(&["resourceAttributes"]), spec.at(&["nonResourceAttributes"]));
    let words = [
        spec.str_at(&["user"]),
        resource.str_at(&["verb"]),
        path.str_at(&["verb"]),
        resource.str_at(&["resource"]),
        path.str_at(&["path"]),
        resource.str_at(&["namespace"]),
        resource.str_at(&["name"]),
    ];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
