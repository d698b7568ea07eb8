//! Query options of the verbs (`meta.k8s.io` `ListOptions`, `CreateOptions`, `DeleteOptions`…), read and checked.

use api::field::{Errors, Path};
use api::request::Query;
use api::{ApiError, FieldSelector, LabelSelector, Value};
use codec::object::FieldValidation;

const META: &str = "meta.k8s.io";
const MANAGER_MAX: usize = 128;

/// Which revision a list must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// That one.
    Exact,
    /// That one or a later one.
    NotOlderThan,
}

/// Options of list, watch and deletecollection.
#[derive(Clone, Debug)]
pub(crate) struct ListOptions {
    /// Only objects with these labels.
    pub labels: LabelSelector,
    /// Only objects with these field values.
    pub fields: FieldSelector,
    /// `""`, `"0"` or a revision.
    pub resource_version: String,
    /// How `resource_version` is meant.
    pub version_match: Option<Match>,
    /// Objects a page, 0 for all.
    pub limit: usize,
    /// Where the page before ended.
    pub continue_token: String,
    /// Watch instead of list.
    pub watch: bool,
    /// Length of a watch.
    pub timeout_seconds: Option<u64>,
    /// BOOKMARK events are welcome.
    pub bookmarks: bool,
    /// A watch starts with the present state.
    pub send_initial_events: Option<bool>,
}

/// Options of create, update and patch.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteOptions {
    /// Everything but the commit.
    pub dry_run: bool,
    /// Who writes; `""` when the client does not say.
    pub manager: String,
    /// What happens with unknown fields.
    pub validation: FieldValidation,
    /// Server-side apply takes fields over.
    pub force: bool,
}

/// Options of delete, from the query and the body.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeleteOptions {
    /// Everything but the commit.
    pub dry_run: bool,
    /// Seconds the object gets to end.
    pub grace_period_seconds: Option<i64>,
    /// The object must have this uid.
    pub uid: Option<String>,
    /// The object must be in this revision.
    pub resource_version: Option<String>,
    /// The older way to say `Orphan` or `Background`.
    pub orphan_dependents: Option<bool>,
    /// `Orphan`, `Background` or `Foreground`.
    pub propagation_policy: Option<String>,
}

impl ListOptions {
    /// Reads and checks the query of a list or watch.
    ///
    /// # Errors
    /// 400 for what cannot be read, 422 for what makes no sense together.
    pub(crate) fn parse(query: &Query) -> Result<Self, ApiError> {
        let text = |name: &str| query.first(name).unwrap_or("").to_owned();
        let bad = |e: api::selector::SelectorError| ApiError::bad_request(e.to_string());
        let options = Self {
            labels: LabelSelector::parse(&text("labelSelector")).map_err(bad)?,
            fields: FieldSelector::parse(&text("fieldSelector")).map_err(bad)?,
            resource_version: text("resourceVersion"),
            version_match: match query.first("resourceVersionMatch") {
                Some("Exact") => Some(Match::Exact),
                Some("NotOlderThan") => Some(Match::NotOlderThan),
                _ => None,
            },
            limit: usize::try_from(number(query, "limit")?.unwrap_or(0)).unwrap_or(0),
            continue_token: text("continue"),
            watch: query.bool("watch"),
            timeout_seconds: number(query, "timeoutSeconds")?.and_then(|n| u64::try_from(n).ok()),
            bookmarks: query.bool("allowWatchBookmarks"),
            send_initial_events: query.first("sendInitialEvents").map(|_| query.bool("sendInitialEvents")),
        };
        let errors = options.check(query.first("resourceVersionMatch").unwrap_or(""));
        invalid_unless_empty("ListOptions", &errors)?;
        Ok(options)
    }

    /// Narrows the options to one object, whose name stood in the path or in the field selector.
    ///
    /// # Errors
    /// 400 when the field selector names another one.
    pub(crate) fn select_name(&mut self, name: &str) -> Result<(), ApiError> {
        if self.fields.is_empty() {
            let selector = format!("metadata.name={name}");
            self.fields =
                FieldSelector::parse(&selector).map_err(|e| ApiError::bad_request(e.to_string()))?;
            return Ok(());
        }
        if self.fields.exact_match("metadata.name") == Some(name) {
            return Ok(());
        }
        Err(ApiError::bad_request("fieldSelector metadata.name doesn't match requested name"))
    }

    fn check(&self, version_match: &str) -> Errors {
        let mut errors = Errors::new();
        let field = Path::new("resourceVersionMatch");
        if self.watch {
            self.check_watch(version_match, &field, &mut errors);
            return errors;
        }
        if !version_match.is_empty() {
            if self.resource_version.is_empty() {
                errors.forbidden(
                    &field,
                    "resourceVersionMatch is forbidden unless resourceVersion is provided",
                );
            }
            if !self.continue_token.is_empty() {
                errors.forbidden(&field, "resourceVersionMatch is forbidden when continue is provided");
            }
            if self.version_match.is_none() {
                errors.not_supported(&field, &version_match.into(), &["Exact", "NotOlderThan", ""]);
            }
            if self.version_match == Some(Match::Exact) && self.resource_version == "0" {
                errors.forbidden(
                    &field,
                    "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
                );
            }
        }
        if self.send_initial_events.is_some() {
            errors.forbidden(&Path::new("sendInitialEvents"), "sendInitialEvents is forbidden for list");
        }
        errors
    }

    fn check_watch(&self, version_match: &str, field: &Path, errors: &mut Errors) {
        // Upstream turns such a watch into one with initial events and then finds the token.
        let from_now = matches!(self.resource_version.as_str(), "" | "0");
        let plain = version_match.is_empty() && self.send_initial_events.is_none();
        if plain && from_now && !self.continue_token.is_empty() {
            errors.forbidden(field, "resourceVersionMatch is forbidden when continue is provided");
        }
        if self.send_initial_events.is_some() && self.version_match != Some(Match::NotOlderThan) {
            errors
                .forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }
        if version_match.is_empty() {
            return;
        }
        if self.send_initial_events.is_none() {
            errors.forbidden(
                field,
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            );
        }
        if self.version_match != Some(Match::NotOlderThan) {
            errors.not_supported(field, &version_match.into(), &["NotOlderThan"]);
        }
        if !self.continue_token.is_empty() {
            errors.forbidden(field, "resourceVersionMatch is forbidden when continue is provided");
        }
    }
}

/// Which options a write has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteKind {
    /// POST.
    Create,
    /// PUT.
    Update,
    /// PATCH with a patch of changes.
    Patch,
    /// PATCH of server-side apply.
    Apply,
}

impl WriteOptions {
    /// Reads and checks the query of a write.
    ///
    /// # Errors
    /// 422, all at once.
    pub(crate) fn parse(query: &Query, kind: WriteKind) -> Result<Self, ApiError> {
        let mut errors = Errors::new();
        let manager = query.first("fieldManager").unwrap_or("");
        match kind {
            WriteKind::Apply if manager.is_empty() => {
                errors.required(&Path::new("fieldManager"), "is required for apply patch");
            }
            WriteKind::Patch if query.first("force").is_some() => {
                errors.forbidden(&Path::new("force"), "may not be specified for non-apply patch");
            }
            _ => {}
        }
        check_manager(manager, &mut errors);
        let dry_run = check_dry_run(&query.all("dryRun").collect::<Vec<_>>(), &mut errors);
        let validation = check_validation(query.first("fieldValidation").unwrap_or(""), &mut errors);
        let name = match kind {
            WriteKind::Create => "CreateOptions",
            WriteKind::Update => "UpdateOptions",
            WriteKind::Patch | WriteKind::Apply => "PatchOptions",
        };
        invalid_unless_empty(name, &errors)?;
        Ok(Self { dry_run, manager: manager.to_owned(), validation, force: query.bool("force") })
    }
}

impl DeleteOptions {
    /// Reads and checks the options of a delete: the body when there is one, else the query.
    ///
    /// # Errors
    /// 400 for what cannot be read, 422 for what makes no sense.
    pub(crate) fn parse(query: &Query, body: Option<&Value>) -> Result<Self, ApiError> {
        let mut errors = Errors::new();
        let mut options = match body {
            Some(body) => Self::from_body(body, &mut errors),
            None => Self::from_query(query, &mut errors)?,
        };
        options.check(&mut errors);
        // Upstream takes a dry run from the query also when there is a body.
        let asked: Vec<_> = query.all("dryRun").collect();
        options.dry_run |= body.is_some() && check_dry_run(&asked, &mut errors);
        invalid_unless_empty("DeleteOptions", &errors)?;
        Ok(options)
    }

    fn from_query(query: &Query, errors: &mut Errors) -> Result<Self, ApiError> {
        Ok(Self {
            dry_run: check_dry_run(&query.all("dryRun").collect::<Vec<_>>(), errors),
            grace_period_seconds: number(query, "gracePeriodSeconds")?,
            orphan_dependents: query.first("orphanDependents").map(|_| query.bool("orphanDependents")),
            propagation_policy: query.first("propagationPolicy").map(str::to_owned),
            ..Self::default()
        })
    }

    fn from_body(body: &Value, errors: &mut Errors) -> Self {
        let text = |path: &[&str]| body.at(path).as_str().map(str::to_owned);
        let dry_run: Vec<_> = body.array_at(&["dryRun"]).iter().filter_map(Value::as_str).collect();
        Self {
            dry_run: check_dry_run(&dry_run, errors),
            grace_period_seconds: body.at(&["gracePeriodSeconds"]).as_i64(),
            uid: text(&["preconditions", "uid"]),
            resource_version: text(&["preconditions", "resourceVersion"]),
            orphan_dependents: body.at(&["orphanDependents"]).as_bool(),
            propagation_policy: text(&["propagationPolicy"]),
        }
    }

    fn check(&self, errors: &mut Errors) {
        let field = Path::new("propagationPolicy");
        let Some(policy) = &self.propagation_policy else { return };
        if self.orphan_dependents.is_some() {
            errors.invalid(
                &field,
                &policy.as_str().into(),
                "orphanDependents and deletionPropagation cannot be both set",
            );
        }
        if !matches!(policy.as_str(), "Foreground" | "Background" | "Orphan") {
            errors.not_supported(
                &field,
                &policy.as_str().into(),
                &["Foreground", "Background", "Orphan", "nil"],
            );
        }
    }
}

fn check_manager(manager: &str, errors: &mut Errors) {
    let field = Path::new("fieldManager");
    if manager.len() > MANAGER_MAX {
        errors.too_long(&field, MANAGER_MAX);
    }
    for (at, c) in manager.char_indices().filter(|(_, c)| c.is_control()) {
        let detail = format!("invalid character U+{:04X} (at position {at})", c as u32);
        errors.invalid(&field, &manager.into(), detail);
    }
}

fn check_dry_run(values: &[&str], errors: &mut Errors) -> bool {
    if values.iter().any(|v| *v != "All") {
        errors.not_supported(&Path::new("dryRun"), &values.to_vec().into(), &["All"]);
    }
    !values.is_empty()
}

fn check_validation(text: &str, errors: &mut Errors) -> FieldValidation {
    match text {
        "Strict" => FieldValidation::Strict,
        "Ignore" => FieldValidation::Ignore,
        "" | "Warn" => FieldValidation::Warn,
        other => {
            let field = Path::new("fieldValidation");
            errors.not_supported(&field, &other.into(), &["", "Ignore", "Strict", "Warn"]);
            FieldValidation::Warn
        }
    }
}

/// A number of the query, with Go's text when it is none.
fn number(query: &Query, name: &str) -> Result<Option<i64>, ApiError> {
    let Some(text) = query.first(name) else { return Ok(None) };
    let why = match text.parse::<i64>() {
        Ok(number) => return Ok(Some(number)),
        Err(e)
            if matches!(
                e.kind(),
                std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow
            ) =>
        {
            "value out of range"
        }
        Err(_) => "invalid syntax",
    };
    Err(ApiError::bad_request(format!("strconv.ParseInt: parsing {}: {why}", api::field::go_quote(text))))
}

fn invalid_unless_empty(kind: &str, errors: &Errors) -> Result<(), ApiError> {
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(META, kind, "", errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T>(result: Result<T, ApiError>) -> String {
        result.err().map(|e| e.message).unwrap_or_default()
    }

    #[test]
    fn what_makes_no_sense_together_is_told_in_upstreams_words() {
        let list = |q: &str| message(ListOptions::parse(&Query::parse(q)));
        assert_eq!(list("limit=5&labelSelector=a%3Db"), "");
        assert_eq!(list("limit=x"), "strconv.ParseInt: parsing \"x\": invalid syntax");
        assert!(
            list("resourceVersionMatch=Exact").contains("is forbidden unless resourceVersion is provided")
        );
        assert!(list("watch=true&sendInitialEvents=true").contains("requires setting resourceVersionMatch"));
    }

    #[test]
    fn write_options_are_checked_all_at_once() {
        let bad = WriteOptions::parse(&Query::parse("dryRun=Some&fieldValidation=x"), WriteKind::Create);
        assert_eq!(
            message(bad),
            "CreateOptions.meta.k8s.io \"\" is invalid: [dryRun: Unsupported value: [\"Some\"]: supported values: \"All\", \
             fieldValidation: Unsupported value: \"x\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"]"
        );
        assert!(
            message(WriteOptions::parse(&Query::parse(""), WriteKind::Apply))
                .contains("fieldManager: Required")
        );
        assert!(WriteOptions::parse(&Query::parse("dryRun=All"), WriteKind::Update).unwrap().dry_run);
    }

    #[test]
    fn a_body_takes_the_place_of_the_query_in_a_delete() {
        let body =
            api::object! { "gracePeriodSeconds" => 5, "preconditions" => api::object! { "uid" => "u" } };
        let options =
            DeleteOptions::parse(&Query::parse("gracePeriodSeconds=9&dryRun=All"), Some(&body)).unwrap();
        assert_eq!(
            (options.grace_period_seconds, options.uid.as_deref(), options.dry_run),
            (Some(5), Some("u"), true)
        );
        let odd = DeleteOptions::parse(&Query::parse("propagationPolicy=Odd"), None);
        assert!(
            message(odd).contains("supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"")
        );
    }
}
