//! CEL, the expression language of Kubernetes' policies and rules: parse, check, evaluate, account for the cost.
//!
//! An [`Env`] says what an expression may mention; [`Env::compile`] gives a [`Checked`] tree or [`Issues`] with
//! cel-go's texts, [`Program::new`] a program that threads may share, and [`Program::evaluate`] a value with its cost.
//! Objects are read where they lie: a [`Value`] points into the tree of [`api::Value`] it came from.
//!
//! ```
//! use cel::{Activation, Env, Limits, Program, Type, Value};
//!
//! let env = Env::kubernetes().variable("object", Type::Dyn);
//! let checked = env.compile("object.spec.replicas <= 5 && has(object.metadata.labels)").unwrap();
//! assert_eq!(checked.output_type(), &Type::Bool);
//!
//! let program = Program::new(&checked).unwrap();
//! let object = api::object! {
//!     "spec" => api::object! { "replicas" => 3 },
//!     "metadata" => api::object! { "labels" => api::object! {} },
//! };
//! let vars = Activation::new(&env).set("object", Value::json(&object));
//! let outcome = program.evaluate(&vars, &Limits { cost: Some(1_000_000), cancel: None });
//! assert_eq!(outcome.value.unwrap().as_bool(), Some(true));
//! assert_eq!(outcome.cost, 6);
//! ```
//!
//! What is wrong is shown with its line and a caret:
//!
//! ```
//! # use cel::Env;
//! let issues = Env::kubernetes().compile("1 +").unwrap_err();
//! assert!(issues.to_string().starts_with("ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {"));
//! ```
//!
//! [`Checked::estimate`] bounds the cost before there is any object, with sizes from [`estimate::SizeHints`].
//!
//! [`environment`] has the surroundings that Kubernetes compiles expressions in, ready to use.
//!
//! Object types come from a [`TypeProvider`], which is asked only about what an expression mentions; a
//! [`shape::Shape`] says how a schema wants JSON to be read.  The functions are the tables in `library`: one row a
//! signature, with what it costs and what it does.

pub mod ast;
mod checker;
mod cost;
mod env;
pub mod environment;
mod error;
pub mod escape;
pub mod estimate;
mod eval;
mod lexer;
mod library;
mod parser;
mod plan;
pub mod policy;
pub mod schema;
pub mod shape;
mod source;
mod stack;
mod types;
pub mod value;
mod zone;

pub use checker::Checked;
pub use env::Env;
pub use error::{Cause, Error};
pub use eval::{Activation, Limits, Outcome};
pub use library::{Authorizer, Decision, Request, Verdict, authorizer, resource_authorizer};
pub use plan::Program;
pub use source::{Issue, Issues, Source};
pub use types::{FieldType, Type, TypeProvider, Typed};
pub use value::Value;
