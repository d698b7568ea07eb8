//! The surroundings Kubernetes compiles expressions in: which variables there are, of which types, what an expression
//! must give and what it may cost.
//!
//! Entry points: [`compile`] with one of [`claims`], [`user`], [`access_review`] and [`admission`]; [`device_selector`].
//!
//! ```
//! use cel::environment::{self, access_review};
//! use cel::{Activation, Type, Value};
//!
//! let rule = environment::compile(access_review(), "request.user.startsWith('system:')", &[Type::Bool]).unwrap();
//! let request = api::object! { "user" => "system:admin" };
//! let vars = Activation::new(access_review()).set("request", Value::json(&request));
//! assert_eq!(rule.evaluate(&vars).value.unwrap().as_bool(), Some(true));
//!
//! let refused = environment::compile(access_review(), "request.user", &[Type::Bool]).unwrap_err();
//! assert_eq!(refused.to_string(), "must evaluate to bool but got string");
//! ```

mod declared;
mod device;

use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::env::Env;
use crate::error::Error;
use crate::eval::{Activation, Limits, Outcome};
use crate::plan::Program;
use crate::source::Issues;
use crate::types::{Type, TypeProvider};
pub(crate) use declared::{ADMISSION, Declared};
use declared::{REVIEW, USER};
pub use device::device_selector;

/// What a single expression may cost (upstream's `PerCallLimit`).
pub const EXPRESSION_BUDGET: u64 = 1_000_000;
/// What all expressions of a policy binding or of a custom resource's schema may cost for one request (upstream's
/// `RuntimeCELCostBudget`).
pub const REQUEST_BUDGET: u64 = 10_000_000;
/// What all match conditions of a webhook or policy may cost for one request.
pub const MATCH_BUDGET: u64 = 2_500_000;
/// The longest message an expression may make, in bytes.
pub const LONGEST_MESSAGE: usize = 5 * 1024;

/// A compiled expression and its text; share it between threads.
#[derive(Debug)]
pub struct Expression {
    text: Box<str>,
    program: Program,
    members: Vec<crate::ast::Name>,
}

impl Expression {
    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The type of its value.
    pub fn output_type(&self) -> &Type {
        self.program.output_type()
    }

    /// True when a member of that name is selected somewhere, so that what nobody asks for need not be made.
    pub fn selects(&self, member: &str) -> bool {
        self.members.iter().any(|m| &**m == member)
    }

    /// Evaluates within [`EXPRESSION_BUDGET`].
    pub fn evaluate<'v>(&'v self, vars: &Activation<'v>) -> Outcome<'v> {
        self.program.evaluate(vars, &Limits { cost: Some(EXPRESSION_BUDGET), cancel: None })
    }
}

/// Why an expression is refused; displays as the detail of upstream's error.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// It does not compile.
    Compilation(Issues),
    /// It gives something else than what is wanted here.
    Output {
        /// What it may give.
        wanted: Vec<Type>,
        /// What it gives.
        got: Type,
    },
    /// A constant part of it has no value.
    Program(Error),
    /// It selects devices and gives something that cannot be a truth value.
    Selector {
        /// What it gives.
        got: Type,
    },
    /// It may cost more than it is allowed to.
    TooExpensive,
}

impl Refusal {
    /// Reports it for an expression at `path`, shown as `text`.
    pub fn report(&self, path: &api::field::Path, text: &str, errors: &mut api::field::Errors) {
        match self {
            Refusal::Program(_) => errors.internal(path, self),
            Refusal::TooExpensive => errors.forbidden(path, self),
            _ => errors.invalid(path, &text.into(), self),
        }
    }

    /// The detail as authentication configuration has it, which does not say what the expression gives.
    pub fn without_output(&self) -> String {
        match self {
            Refusal::Output { wanted, .. } => must_evaluate(wanted),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Compilation(issues) => write!(f, "compilation failed: {issues}"),
            Refusal::Output { wanted, got } => {
                write!(f, "{} but got {}", must_evaluate(wanted), got.full_name())
            }
            Refusal::Program(error) => write!(f, "program instantiation failed: {error}"),
            Refusal::Selector { got } => {
                write!(f, "must evaluate to bool or the unknown type, not {}", got.full_name())
            }
            Refusal::TooExpensive => f.write_str("too complex, exceeds cost limit"),
        }
    }
}

impl std::error::Error for Refusal {}

fn must_evaluate(wanted: &[Type]) -> String {
    let names: Vec<String> = wanted.iter().map(Type::full_name).collect();
    match names.as_slice() {
        [one] => format!("must evaluate to {one}"),
        many => format!("must evaluate to one of [{}]", many.join(" ")),
    }
}

/// Compiles an expression that must give one of some types; no types are any type.
///
/// # Errors
///
/// Says why the expression cannot be used.
pub fn compile(env: &Env, text: &str, wanted: &[Type]) -> Result<Expression, Refusal> {
    let checked = env.compile(text).map_err(Refusal::Compilation)?;
    let got = checked.output_type();
    if !wanted.is_empty() && !wanted.contains(got) {
        return Err(Refusal::Output { wanted: wanted.to_vec(), got: got.clone() });
    }
    let program = Program::new(&checked).map_err(Refusal::Program)?;
    Ok(Expression { text: text.into(), program, members: checked.members() })
}

fn declared(types: &'static [declared::Object]) -> Arc<dyn TypeProvider> {
    Arc::new(Declared(types))
}

/// Expressions over the claims of a token: `claims`, a map of anything.
pub fn claims() -> &'static Env {
    static ENV: LazyLock<Env> =
        LazyLock::new(|| Env::kubernetes().variable("claims", Type::map(Type::String, Type::Dyn)));
    &ENV
}

/// Expressions over whom a token turned out to be: `user` with `username`, `uid`, `groups`, `extra`.
pub fn user() -> &'static Env {
    static ENV: LazyLock<Env> = LazyLock::new(|| {
        Env::kubernetes().variable("user", Type::object("kubernetes.UserInfo")).provider(declared(USER))
    });
    &ENV
}

/// Match conditions of an authorizer: `request`, the spec of a SubjectAccessReview.
pub fn access_review() -> &'static Env {
    static ENV: LazyLock<Env> = LazyLock::new(|| {
        let request = Type::object("kubernetes.SubjectAccessReviewSpec");
        Env::kubernetes().variable("request", request).provider(declared(REVIEW))
    });
    &ENV
}

/// What expressions of admission may mention beside objects, request and namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// `params`.
    pub params: bool,
    /// `authorizer` and `authorizer.requestResource`.
    pub authorizer: bool,
}

/// Expressions of webhooks' match conditions and of admission policies: `object`, `oldObject`, `namespaceObject`,
/// `request` and what is asked for.
pub fn admission(with: Admission) -> Env {
    let mut env = Env::kubernetes()
        .variable("object", Type::Dyn)
        .variable("oldObject", Type::Dyn)
        .variable("namespaceObject", Type::object("kubernetes.Namespace"))
        .variable("request", Type::object("kubernetes.AdmissionRequest"))
        .provider(declared(ADMISSION));
    if with.params {
        env = env.variable("params", Type::Dyn);
    }
    if with.authorizer {
        env = env
            .variable("authorizer", Type::object("kubernetes.authorization.Authorizer"))
            .variable("authorizer.requestResource", Type::object("kubernetes.authorization.ResourceCheck"));
    }
    env
}

#[cfg(test)]
mod tests;
