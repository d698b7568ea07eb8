//! The selectors of a review (KEP-4601): raw, as in a query, or as a list of requirements.

use api::Value;
use api::content;
use api::field::{Errors, Path};
use api::selector::{FieldSelector, FieldTerm, LabelSelector, Requirement};

use crate::authorizer::Selectors;
use crate::union::aggregate;

/// All that is wrong with the selectors of `resourceAttributes`.  Operators that are not known are let through, so that
/// newer clients can ask.
pub(super) fn validate(resource: &Value, errors: &mut Errors) {
    for (which, check) in
        [("fieldSelector", field_requirement as Check), ("labelSelector", label_requirement)]
    {
        let selector = resource.at(&[which]);
        if selector.is_null() {
            continue;
        }
        let path = Path::new("spec.resourceAttributes").child(which);
        let (raw, requirements) = (selector.str_at(&["rawSelector"]), selector.array_at(&["requirements"]));
        if !raw.is_empty() && !requirements.is_empty() {
            let text = "may not specified at the same time as requirements";
            errors.invalid(&path.child("rawSelector"), &raw.into(), text);
        }
        if raw.is_empty() && requirements.is_empty() {
            let text = format!("when {path} is specified, requirements or rawSelector is required");
            errors.required(&path.child("requirements"), text);
        }
        for (i, requirement) in requirements.iter().enumerate() {
            check(requirement, &path.child("requirements").index(i), errors);
        }
    }
}

type Check = fn(&Value, &Path, &mut Errors);

fn field_requirement(requirement: &Value, path: &Path, errors: &mut Errors) {
    if requirement.str_at(&["key"]).is_empty() {
        errors.required(&path.child("key"), "must be specified");
    }
    values_fit(requirement, path, errors);
}

fn label_requirement(requirement: &Value, path: &Path, errors: &mut Errors) {
    values_fit(requirement, path, errors);
    let key = requirement.str_at(&["key"]);
    for complaint in content::label_key(key) {
        errors.invalid(&path.child("key"), &key.into(), complaint);
    }
    for (i, value) in requirement.array_at(&["values"]).iter().enumerate() {
        for complaint in content::label_value(value.as_str().unwrap_or("")) {
            errors.invalid(&path.child("values").index(i), value, complaint);
        }
    }
}

fn values_fit(requirement: &Value, path: &Path, errors: &mut Errors) {
    let none = requirement.array_at(&["values"]).is_empty();
    let path = path.child("values");
    match requirement.str_at(&["operator"]) {
        "In" | "NotIn" if none => {
            errors.required(&path, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !none => {
            errors.forbidden(&path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        _ => {}
    }
}

/// The selectors of `resourceAttributes`, as far as they can be read; `None` when there are none.
pub(super) fn read(resource: &Value) -> Option<Selectors> {
    let (fields, labels) = (resource.at(&["fieldSelector"]), resource.at(&["labelSelector"]));
    if fields.is_null() && labels.is_null() {
        return None;
    }
    let mut selectors = Selectors::default();
    match FieldSelector::parse(fields.str_at(&["rawSelector"])) {
        Ok(raw) => selectors.fields = raw.terms().to_vec(),
        Err(e) => selectors.fields_error = Some(e.to_string()),
    }
    match LabelSelector::parse(labels.str_at(&["rawSelector"])) {
        Ok(raw) => selectors.labels = raw.requirements().unwrap_or_default().to_vec(),
        Err(e) => selectors.labels_error = Some(e.to_string()),
    }
    let fields = fields.array_at(&["requirements"]);
    if !fields.is_empty() {
        (selectors.fields, selectors.fields_error) = split(fields.iter().map(field_term));
    }
    let labels = labels.array_at(&["requirements"]);
    if !labels.is_empty() {
        let read = |r: &Value| Requirement::from_object(r).map_err(|e| e.to_string());
        (selectors.labels, selectors.labels_error) = split(labels.iter().map(read));
    }
    Some(selectors)
}

/// What could be read, and the failures of the rest.
fn split<T>(results: impl Iterator<Item = Result<T, String>>) -> (Vec<T>, Option<String>) {
    let (mut good, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(item) => good.push(item),
            Err(error) => errors.push(error),
        }
    }
    (good, aggregate(errors))
}

fn field_term(requirement: &Value) -> Result<FieldTerm, String> {
    let operator = requirement.str_at(&["operator"]);
    let values = requirement.array_at(&["values"]);
    let (negated, word) = match operator {
        _ if values.len() > 1 => return Err("fieldSelectors do not yet support multiple values".to_owned()),
        "In" => (false, "in"),
        "NotIn" => (true, "not in"),
        "Exists" | "DoesNotExist" => return Err(format!("fieldSelectors do not yet support {operator}")),
        _ => {
            return Err(format!("{} is not a valid field selector operator", api::field::go_quote(operator)));
        }
    };
    let [value] = values else { return Err(format!("fieldSelectors {word} must have one value")) };
    let (field, value) = (requirement.str_at(&["key"]).into(), value.as_str().unwrap_or("").into());
    Ok(FieldTerm { field, negated, value })
}
