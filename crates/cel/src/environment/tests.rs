use super::*;
use crate::value::Value;

fn refused(env: &Env, text: &str, wanted: &[Type]) -> String {
    compile(env, text, wanted).unwrap_err().to_string()
}

#[test]
fn claims_may_be_anything() {
    let strings = Type::list(Type::String);
    let wanted = [Type::String, strings];
    let claims_object = api::object! { "sub" => "me", "roles" => vec!["a", "b"] };
    let vars = Activation::new(claims()).set("claims", Value::json(&claims_object));
    let name = compile(claims(), "'x:' + claims.sub", &wanted).unwrap();
    assert_eq!(name.evaluate(&vars).value.unwrap().as_str(), Some("x:me"));
    let refusal = compile(claims(), "claims.sub == 'x'", &wanted).unwrap_err();
    assert_eq!(refusal.to_string(), "must evaluate to one of [string list(string)] but got bool");
    assert_eq!(refusal.without_output(), "must evaluate to one of [string list(string)]");
    assert!(compile(claims(), "claims.sub", &[]).is_ok());
    assert!(
        refused(claims(), "user.username", &[]).starts_with("compilation failed: ERROR: <input>:1:1: unde")
    );
}

#[test]
fn users_are_typed() {
    assert!(compile(user(), "user.groups.all(g, !g.startsWith('system:'))", &[Type::Bool]).is_ok());
    assert!(compile(user(), "user.extra['a'][0] == 'b' && user.uid == ''", &[Type::Bool]).is_ok());
    assert!(refused(user(), "user.name == ''", &[Type::Bool]).contains("undefined field 'name'"));
    assert!(refused(user(), "user.uid == 1", &[Type::Bool]).contains("no matching overload"));
}

#[test]
fn reviews_are_typed() {
    let text = "has(request.resourceAttributes) && request.resourceAttributes.labelSelector.requirements
        .exists(r, r.key == 'a' && r.values == ['b'])";
    let rule = compile(access_review(), text, &[Type::Bool]).unwrap();
    assert!(rule.selects("labelSelector") && !rule.selects("fieldSelector"));
    let optional = "request.?resourceAttributes.?fieldSelector.hasValue()";
    assert!(compile(access_review(), optional, &[Type::Bool]).unwrap().selects("fieldSelector"));
    assert!(refused(access_review(), "request.verb == ''", &[Type::Bool]).contains("undefined field 'verb'"));
    let review = api::object! { "user" => "me" };
    let vars = Activation::new(access_review()).set("request", Value::json(&review));
    assert_eq!(rule.evaluate(&vars).value.unwrap().as_bool(), Some(false));
}

#[test]
fn admission_has_what_it_is_asked_for() {
    let plain = admission(Admission::default());
    let full = admission(Admission { params: true, authorizer: true });
    for text in [
        "object.anything.goes && oldObject == null",
        "request.operation == 'CREATE' && request.userInfo.groups.size() > 0 && request.options.x == 1",
        "namespaceObject.metadata.labels['a'] == 'b' && namespaceObject.metadata.creationTimestamp.getHours() > 1",
    ] {
        assert!(compile(&plain, text, &[Type::Bool]).is_ok(), "{text}");
    }
    for text in ["params.x == 1", "authorizer.requestResource.check('get').allowed()"] {
        assert!(refused(&plain, text, &[Type::Bool]).contains("undeclared reference"), "{text}");
        assert!(compile(&full, text, &[Type::Bool]).is_ok(), "{text}");
    }
    assert!(refused(&plain, "request.uid == ''", &[]).contains("undefined field 'uid'"));
}
