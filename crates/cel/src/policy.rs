//! Admission policies: their expressions compiled together, and run over a request.
//!
//! Entry points: [`Compiler`] compiles one expression after another and knows the policy's variables;
//! [`ValidatingPolicy`] and [`MutatingPolicy`] are whole policies.

mod evaluate;
mod matching;
mod mutating;
mod types;
mod validating;

use std::sync::Arc;

use crate::ast::Name;
use crate::env::Env;
use crate::environment::{self, Admission, Expression, Refusal};
use crate::types::{Type, Typed};

pub use evaluate::Input;
pub(crate) use evaluate::{Composed, VARIABLES};
pub use matching::{Conditions, Matched};
pub use mutating::{MutatingPolicy, Mutation, Patch};
pub use validating::{Annotation, Decision, Judgement, ValidatingPolicy};

/// What an expression of a policy is for, which decides what it may mention and what it must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whether the policy looks at a request.
    Condition,
    /// Whether a request is fine.
    Validation,
    /// What is said when it is not.
    Message,
    /// What the audit log says.
    Annotation,
    /// A patch for server-side apply.
    ApplyConfiguration,
    /// A list of operations.
    JsonPatch,
}

impl Purpose {
    fn wanted(self) -> Vec<Type> {
        match self {
            Purpose::Condition | Purpose::Validation => vec![Type::Bool],
            Purpose::Message => vec![Type::String],
            Purpose::Annotation => vec![Type::String, Type::Null],
            Purpose::ApplyConfiguration => vec![Type::object(types::OBJECT)],
            Purpose::JsonPatch => vec![Type::list(Type::object(types::JSON_PATCH))],
        }
    }

    fn patches(self) -> bool {
        matches!(self, Purpose::ApplyConfiguration | Purpose::JsonPatch)
    }
}

/// A variable of a policy.
#[derive(Debug)]
pub(crate) struct Variable {
    name: Name,
    expression: Result<Expression, Refusal>,
}

/// Compiles the expressions of one policy.
///
/// ```
/// use cel::policy::{Compiler, Purpose};
///
/// let mut compiler = Compiler::new(false).with_variables();
/// compiler.variable("limit", "5").unwrap();
/// assert!(compiler.compile(Purpose::Validation, "object.spec.replicas <= variables.limit").is_ok());
/// let refused = compiler.compile(Purpose::Validation, "variables.limit.startsWith('a')").unwrap_err();
/// assert!(refused.to_string().contains("found no matching overload for 'startsWith' applied to 'int.(string)'"));
/// ```
#[derive(Debug)]
pub struct Compiler {
    params: bool,
    /// Types of `object` and `params`, when they are known.
    schemas: types::Schemas,
    variables: Option<Vec<(Name, Type)>>,
    compiled: Vec<Variable>,
}

impl Compiler {
    /// For a policy with or without parameters, or for match conditions of webhooks, which have none.
    pub fn new(params: bool) -> Self {
        Self { params, schemas: types::Schemas::default(), variables: None, compiled: Vec::new() }
    }

    /// Lets expressions mention `variables`.
    #[must_use]
    pub fn with_variables(mut self) -> Self {
        self.variables.get_or_insert_default();
        self
    }

    /// Gives `object`, `oldObject` and `params` types, so that mistakes are found that would otherwise show when the
    /// policy runs (upstream's type checking, which only warns).  [`crate::schema::typed`] has those of custom resources.
    #[must_use]
    pub fn typed(mut self, object: Option<Typed>, params: Option<Typed>) -> Self {
        self.schemas = types::Schemas { object, params };
        self
    }

    /// Compiles a variable, which later expressions may mention even if it is refused.
    ///
    /// # Errors
    ///
    /// Why the expression cannot be used.
    pub fn variable(&mut self, name: &str, text: &str) -> Result<(), Refusal> {
        let expression = environment::compile(&self.env(true, false), text, &[]);
        let ty = expression.as_ref().map_or(Type::Dyn, |e| types::declared(e.output_type()));
        let variables = self.variables.get_or_insert_default();
        match variables.iter_mut().find(|(known, _)| **known == *name) {
            Some(slot) => slot.1 = ty,
            None => variables.push((name.into(), ty)),
        }
        let told = expression.as_ref().map(|_| ()).map_err(Clone::clone);
        self.compiled.retain(|variable| *variable.name != *name);
        self.compiled.push(Variable { name: name.into(), expression });
        told
    }

    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// Why the expression cannot be used.
    pub fn compile(&self, purpose: Purpose, text: &str) -> Result<Expression, Refusal> {
        // Messages are about the object; who may do what is none of their business.
        let env = self.env(purpose != Purpose::Message, purpose.patches());
        environment::compile(&env, text, &purpose.wanted())
    }

    /// Compiles an expression without asking what it gives.
    ///
    /// # Errors
    ///
    /// Why the expression cannot be used.
    pub fn check(&self, text: &str) -> Result<(), Refusal> {
        environment::compile(&self.env(true, false), text, &[]).map(drop)
    }

    fn env(&self, authorizer: bool, patches: bool) -> Env {
        let mut env = environment::admission(Admission { params: self.params, authorizer });
        for (name, ty) in self.schemas.variables() {
            if name != "params" || self.params {
                env = env.variable(name, ty);
            }
        }
        if self.variables.is_some() {
            env = env.variable(VARIABLES, Type::object(types::VARIABLES_TYPE));
        }
        let types = types::PolicyTypes {
            variables: self.variables.clone().unwrap_or_default(),
            schemas: self.schemas.clone(),
            patches,
        };
        let env = env.provider(Arc::new(types));
        if patches { env.json_patch() } else { env }
    }
}

/// Compiles the variables of a policy's spec; later expressions fail where they need one that is refused.
fn declare(compiler: &mut Compiler, spec: &api::Value) {
    for variable in spec.array_at(&["variables"]) {
        let (name, text) = (variable.str_at(&["name"]), variable.str_at(&["expression"]));
        drop(compiler.variable(name, text));
    }
}
