//! What all rules of a definition may cost together.

use api::field::{Errors, Path};

/// What one expression may be estimated to cost.
const EXPRESSION_LIMIT: u64 = 10_000_000;
/// What all expressions of a schema may be estimated to cost.
const SCHEMA_LIMIT: u64 = 100_000_000;
/// How many expressions are named when all together cost too much.
const NAMED: usize = 4;

/// Adds up what the rules of a schema may cost.
#[derive(Debug, Default)]
pub struct Costs {
    total: u64,
    /// The most expensive first.
    expensive: Vec<(Path, u64)>,
}

impl Costs {
    /// Counts an expression.
    pub(super) fn observe(&mut self, path: &Path, cost: u64) {
        self.total = self.total.saturating_add(cost);
        if cost < SCHEMA_LIMIT / 100 {
            return;
        }
        let at = self.expensive.partition_point(|(_, other)| *other >= cost);
        self.expensive.insert(at, (path.clone(), cost));
        self.expensive.truncate(NAMED);
    }

    /// Says so when the rules of the schema at `root` cost too much together.
    pub fn report(&self, root: &Path, errors: &mut Errors) {
        if self.total <= SCHEMA_LIMIT {
            return;
        }
        for (path, _) in &self.expensive {
            let why =
                "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            errors.forbidden(path, why);
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.forbidden(root, excess(what, self.total, SCHEMA_LIMIT));
    }
}

/// Says so when one expression costs too much.
pub(super) fn report_one(what: &str, cost: u64, path: &Path, errors: &mut Errors) {
    if cost > EXPRESSION_LIMIT {
        errors.forbidden(path, excess(what, cost, EXPRESSION_LIMIT));
    }
}

fn excess(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and \
         maxLength where arrays, maps, and strings are declared)"
    )
}
