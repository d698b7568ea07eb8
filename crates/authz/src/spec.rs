//! A question as the `spec` of a `SubjectAccessReview`: what webhooks are sent, and what expressions read as `request`.
//!
//! Entry point: [`review_spec`].

use api::selector::{FieldTerm, Operator, Requirement};
use api::{Map, Str, Value, object};

use crate::authorizer::{Attributes, ResourceTarget, Target};

/// The question with every text of user and target, empty ones included, so that expressions need not ask whether they
/// are there; selectors are left out when there are none.  (What goes over a wire leaves out what is empty.)
pub fn review_spec(attributes: &Attributes) -> Value {
    let user = attributes.user;
    let list = |items: &[String]| items.iter().map(|s| Value::from(s.as_str())).collect::<Vec<_>>();
    let extra: Map =
        user.extra.iter().map(|(key, values)| (key.as_str(), Value::from(list(values)))).collect();
    let mut spec = object! {
        "user" => user.name.as_str(), "groups" => list(&user.groups), "uid" => user.uid.as_str(), "extra" => extra,
    };
    match attributes.target {
        Target::Resource(r) => spec.set_at(&["resourceAttributes"], resource(attributes.verb, &r)),
        Target::Path(path) => {
            let target = object! { "path" => path, "verb" => attributes.verb };
            spec.set_at(&["nonResourceAttributes"], target);
        }
    }
    spec
}

fn resource(verb: &str, r: &ResourceTarget) -> Value {
    let mut target = object! {
        "namespace" => r.namespace, "verb" => verb, "group" => r.group, "version" => r.version,
        "resource" => r.resource, "subresource" => r.subresource, "name" => r.name,
    };
    let Some(selectors) = r.selectors else { return target };
    let fields: Vec<Value> = selectors.fields.iter().map(field_requirement).collect();
    let labels: Vec<Value> = selectors.labels.iter().filter_map(label_requirement).collect();
    for (which, requirements) in [("fieldSelector", fields), ("labelSelector", labels)] {
        if !requirements.is_empty() {
            target.set_at(&[which, "requirements"], requirements);
        }
    }
    target
}

fn field_requirement(term: &FieldTerm) -> Value {
    let operator = if term.negated { "NotIn" } else { "In" };
    object! { "key" => term.field.clone(), "operator" => operator, "values" => vec![term.value.clone()] }
}

/// `None` for comparisons of numbers, which have no form there.  Requirements are ANDed, so the question only gets
/// broader.
fn label_requirement(requirement: &Requirement) -> Option<Value> {
    let operator = match requirement.operator {
        Operator::Equals | Operator::DoubleEquals | Operator::In => "In",
        Operator::NotEquals | Operator::NotIn => "NotIn",
        Operator::Exists => "Exists",
        Operator::DoesNotExist => "DoesNotExist",
        Operator::GreaterThan | Operator::LessThan => return None,
    };
    let mut value = object! { "key" => requirement.key.clone(), "operator" => operator };
    if !requirement.values.is_empty() {
        let values: Vec<Str> = requirement.values.clone();
        value.set_at(&["values"], values);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::json;
    use api::request::RequestInfo;
    use api::user::UserInfo;

    use crate::authorizer::Selectors;

    #[test]
    fn every_text_is_there() {
        let mut bob = UserInfo::new("bob", ["dev"]);
        bob.extra.insert("k".to_owned(), vec!["v".to_owned()]);
        let path = Attributes { user: &bob, verb: "get", target: Target::Path("/x") };
        assert_eq!(
            json::to_string(&review_spec(&path)),
            r#"{"user":"bob","groups":["dev"],"uid":"","extra":{"k":["v"]},"nonResourceAttributes":{"path":"/x","verb":"get"}}"#
        );
        let info = RequestInfo {
            field_selector: "spec.nodeName=n,status.phase!=Failed".into(),
            label_selector: "a in (x,y),b,!c,d>1".into(),
            ..RequestInfo::default()
        };
        let selectors = Selectors::of_request(&info);
        let target = ResourceTarget {
            resource: "pods",
            version: "v1",
            selectors: selectors.as_ref(),
            ..ResourceTarget::default()
        };
        let spec = review_spec(&Attributes::of_resource(&bob, "list", target));
        assert_eq!(
            json::to_string(spec.at(&["resourceAttributes"])),
            concat!(
                r#"{"namespace":"","verb":"list","group":"","version":"v1","resource":"pods","subresource":"","name":"","#,
                r#""fieldSelector":{"requirements":[{"key":"spec.nodeName","operator":"In","values":["n"]},"#,
                r#"{"key":"status.phase","operator":"NotIn","values":["Failed"]}]},"#,
                r#""labelSelector":{"requirements":[{"key":"a","operator":"In","values":["x","y"]},"#,
                r#"{"key":"b","operator":"Exists"},{"key":"c","operator":"DoesNotExist"}]}}"#
            )
        );
    }
}
