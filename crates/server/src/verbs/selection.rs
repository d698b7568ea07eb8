//! Which objects a list or watch is about: its scope in the store and the selectors on top.

use api::{ApiError, FieldSelector, LabelSelector, Str};
use store::{Name, Object, Scope};

use crate::catalog::Served;
use crate::http::options::ListOptions;

/// Label and field conditions on objects.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selection {
    /// Reads the selectors of a request for this kind.
    ///
    /// # Errors
    /// 400 for a field that cannot be selected by.
    pub(crate) fn new(served: &Served, options: &ListOptions) -> Result<Self, ApiError> {
        // Nothing that is nothing selects everything; upstream asks for the name of anything else.
        let terms = options.fields.terms().iter().filter(|t| !(t.field.is_empty() && t.value.is_empty()));
        let mut fields: Vec<_> = terms.cloned().collect();
        for term in &mut fields {
            let field = term.field.as_str();
            if matches!(field, "metadata.name" | "metadata.namespace") {
                continue;
            }
            match served.fields.iter().find(|(name, _)| *name == field) {
                Some((_, stored)) => term.field = (*stored).into(),
                None => return Err(ApiError::bad_request(unknown_field(served, field))),
            }
        }
        Ok(Self { labels: options.labels.clone(), fields: FieldSelector::new(fields) })
    }

    /// True when every object is selected.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// True for objects that are selected.
    pub(crate) fn matches(&self, object: &Object) -> bool {
        (self.labels.is_empty() || self.labels.matches(|name| object.head().label(name)))
            && (self.fields.is_empty() || self.fields.matches(|name| field(object, name)))
    }

    /// The narrowest part of the store that holds everything selected.
    pub(crate) fn scope(&self, served: &Served, namespace: &str) -> Scope {
        let namespace = match self.fields.exact_match("metadata.namespace") {
            Some(selected) if namespace.is_empty() => selected,
            _ => namespace,
        };
        let name = self.fields.exact_match("metadata.name");
        match name {
            Some(name) if !served.table.namespaced => Scope::Name(Name::new("", name)),
            Some(name) if !namespace.is_empty() => Scope::Name(Name::new(namespace, name)),
            _ if served.table.namespaced && !namespace.is_empty() => Scope::Namespace(namespace.into()),
            _ => self.field_scope(served).unwrap_or_default(),
        }
    }

    fn field_scope(&self, served: &Served) -> Option<Scope> {
        served.fields.iter().find_map(|(_, field)| {
            let value = self.fields.exact_match(field).filter(|value| !value.is_empty())?;
            Some(Scope::Field(Str::from(*field), value.into()))
        })
    }
}

fn field<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    match name {
        "metadata.name" => Some(object.name()),
        "metadata.namespace" => Some(object.namespace()),
        name => object.head().fields.get(name),
    }
}

/// Upstream's text; kinds with fields of their own word it in their own way.
fn unknown_field(served: &Served, field: &str) -> String {
    match served.table.kind {
        "Job" => format!("field label {} not supported for Job", api::field::go_quote(field)),
        "ResourceSlice" => {
            format!("field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {field}")
        }
        _ if served.fields.is_empty() => format!(
            "{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
            api::field::go_quote(field)
        ),
        _ => format!("field label not supported: {field}"),
    }
}
