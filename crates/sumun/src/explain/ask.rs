//! Finds out the question, asks it, and puts the answer together.
//!
//! Entry point: [`ask`].

use std::fs::File;
use std::io::Read;

use api::request::RequestInfo;
use api::user::UserInfo;
use api::{Value, object};
use audit::{Decision, Event, Target};
use authz::{Authorizer, Selectors};
use clap::ArgMatches;
use evidence::{ClusterError, Wanted};

use crate::common::{Failure, Live, Policy, Question, Resources, Sources, say, user_of};

/// Where a sumun server answers with explanations.
const DECISIONS: &str = "/apis/authorization.sumun.io/v1/decisions";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const MYSELF: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// The answer as JSON, and whether everything could be read that it rests on.
pub(super) fn ask(matches: &ArgMatches) -> Result<(Value, bool), Failure> {
    let sources = Sources::of(matches);
    let mut live = sources.open_live()?;
    let event = matches.get_one::<String>("audit-event").map(|file| recorded(file)).transpose()?;
    let user = match &event {
        Some((question, _)) => question.user.clone(),
        None => who(matches, live.as_ref())?,
    };
    let namespace =
        live.as_ref().map(Live::namespace).filter(|n| !n.is_empty()).unwrap_or("default").to_owned();
    let (mut answer, is_complete) = match (&mut live, matches.contains_id("authorization-mode")) {
        (Some(live), false) => match from_server(matches, live, &event, &user, &namespace)? {
            Some(answer) => (answer, true),
            None => from_objects(matches, Some(live), &event, user, &namespace)?,
        },
        (live, _) => from_objects(matches, live.as_mut(), &event, user, &namespace)?,
    };
    if let Some((_, recorded)) = event {
        answer.set_at(&["recorded"], recorded);
    }
    Ok((answer, is_complete))
}

type Recorded = Option<(Question, Value)>;

/// Who asks: `--as`, else whoever the cluster takes us for.
fn who(matches: &ArgMatches, live: Option<&Live>) -> Result<UserInfo, Failure> {
    if let Some(user) = user_of(matches)? {
        return Ok(user);
    }
    let Some(live) = live else { return Err(Failure("--as USER is needed to ask files".to_owned())) };
    let review = object! { "kind" => "SelfSubjectReview", "apiVersion" => "authentication.k8s.io/v1" };
    let answer = live.post(MYSELF, &review)?;
    let info = answer.at(&["status", "userInfo"]);
    let strings = |v: &Value| {
        v.as_array().unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let extra = info.at(&["extra"]).as_object().into_iter().flat_map(api::Map::iter);
    Ok(UserInfo {
        name: info.str_at(&["username"]).to_owned(),
        uid: info.str_at(&["uid"]).to_owned(),
        groups: strings(info.at(&["groups"])),
        extra: extra.map(|(key, values)| (key.to_owned(), strings(values))).collect(),
    })
}

/// Asks a sumun server, which knows all its authorizers; `None` when the server is another one or we may not ask.
fn from_server(
    matches: &ArgMatches,
    live: &mut Live,
    event: &Recorded,
    user: &UserInfo,
    namespace: &str,
) -> Result<Option<Value>, Failure> {
    let mut question = match event {
        Some((question, _)) => question.clone(),
        None => {
            let definitions = Wanted::Kinds(vec![("apiextensions.k8s.io", "CustomResourceDefinition")]);
            let mut reader = evidence::Reader::new(definitions);
            reader.cluster(live);
            Question::of(matches, user.clone(), &Resources::of(&reader.finish()), namespace)?
        }
    };
    question.user = user.clone();
    let body = object! {
        "kind" => "DecisionReview", "apiVersion" => "authorization.sumun.io/v1",
        "spec" => object! { "explain" => true, "questions" => vec![authz::review_spec(&question.attributes())] },
    };
    match live.post(DECISIONS, &body) {
        Ok(answer) => {
            let decisions = answer.at(&["status", "decisions"]).as_array().unwrap_or_default();
            let decision =
                decisions.first().ok_or_else(|| Failure("the server gave no decision".to_owned()))?;
            Ok(Some(told(&question, decision.at(&["explanation"]))))
        }
        Err(ClusterError::Status { .. }) => Ok(None),
        Err(why) => Err(why.into()),
    }
}

/// Asks the authorizers that a server would make of these objects.
fn from_objects(
    matches: &ArgMatches,
    mut live: Option<&mut Live>,
    event: &Recorded,
    user: UserInfo,
    namespace: &str,
) -> Result<(Value, bool), Failure> {
    let is_node = user.name.starts_with("system:node:");
    let policy = Policy::load(matches, is_node, live.as_deref_mut())?;
    let question = match event {
        Some((question, _)) => question.clone(),
        None => Question::of(matches, user, &policy.resources, namespace)?,
    };
    let explained = policy.union.explain(&question.attributes());
    let mut answer = told(&question, &authz::explain::explanation_value(&explained));
    policy.add_origins(&mut answer);
    if let Some(live) = live {
        compare(live, &question, &mut answer);
    }
    Ok((answer, policy.is_complete))
}

fn told(question: &Question, explanation: &Value) -> Value {
    let mut spec = authz::review_spec(&question.attributes());
    let request =
        spec.remove_at(&["resourceAttributes"]).or_else(|| spec.remove_at(&["nonResourceAttributes"]));
    let decision = explanation.str_at(&["decision"]).to_owned();
    let mut answer = object! {
        "allowed" => decision == "Allow", "decision" => decision, "user" => question.user.value(),
        "request" => request.unwrap_or_default(), "question" => question.describe(),
    };
    for key in ["reason", "evaluationError"] {
        if let Some(text) = explanation.get(key) {
            answer.set_at(&[key], text.clone());
        }
    }
    let members = explanation.at(&["members"]).clone();
    answer.set_at(&["authorizers"], members);
    answer
}

/// Adds what the cluster itself says, whose authorizers may be others.
fn compare(live: &Live, question: &Question, answer: &mut Value) {
    let review = object! {
        "kind" => "SubjectAccessReview", "apiVersion" => "authorization.k8s.io/v1",
        "spec" => authz::review_spec(&question.attributes()),
    };
    match live.post(REVIEWS, &review) {
        Ok(review) => {
            let status = review.at(&["status"]);
            answer.set_at(&["cluster"], status.clone());
        }
        Err(why) => say(&format!("note: the cluster itself was not asked: {why}")),
    }
}

/// The question of the first event in an audit log, and what the log says of it.
fn recorded(file: &str) -> Result<(Question, Value), Failure> {
    let input: Box<dyn Read> = match file {
        "-" => Box::new(std::io::stdin()),
        file => Box::new(File::open(file).map_err(|why| Failure(format!("{file}: {why}")))?),
    };
    let mut first = None;
    let mut count = 0usize;
    let mut take = |event: &Event| {
        count += 1;
        first.get_or_insert_with(|| (question_of(event), record_of(event)));
    };
    let mut reader = audit::log::Reader::new(&mut take);
    reader.read(file, input);
    let summary = reader.finish();
    if count > 1 {
        say(&format!("note: {file}: {count} events; the first one is explained"));
    }
    let problem = || {
        summary
            .problems
            .first()
            .map_or("no audit event in it".to_owned(), |p| format!("{}: {}", p.line, p.what))
    };
    first.ok_or_else(|| Failure(format!("{file}: {}", problem())))
}

fn question_of(event: &Event) -> Question {
    let mut question =
        Question { user: event.subject().user_info(), verb: event.verb.to_string(), ..Question::default() };
    match event.target() {
        Target::Path(path) => question.path = path.into_owned(),
        Target::Resource(object) => {
            question.group = object.group.into_owned();
            question.version = object.version.into_owned();
            question.resource = object.resource.into_owned();
            question.subresource = object.subresource.into_owned();
            question.namespace = object.namespace.into_owned();
            question.name = object.name.into_owned();
        }
    }
    let info = RequestInfo::parse("GET", &event.request_uri).ok();
    question.selectors = info.as_ref().and_then(Selectors::of_request);
    question
}

fn record_of(event: &Event) -> Value {
    let mut record = object! { "time" => event.time.as_ref() };
    if let Some(decision) = event.decision {
        record.set_at(&["decision"], if decision == Decision::Allow { "allow" } else { "forbid" });
    }
    if !event.reason.is_empty() {
        record.set_at(&["reason"], event.reason.as_ref());
    }
    if event.code > 0 {
        record.set_at(&["code"], i64::from(event.code));
    }
    record
}
