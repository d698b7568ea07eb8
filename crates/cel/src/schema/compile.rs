//! One rule of a schema, compiled.
//!
//! Entry point: [`Compiler`].

use std::sync::Arc;

use super::decl::{Decl, Types};
use super::{Rule, Structural, path};
use crate::checker::Checked;
use crate::env::Env;
use crate::eval::Activation;
use crate::plan::Program;
use crate::types::Type;

/// The surroundings of the rules at one place of a schema.
pub(super) struct Compiler {
    declared: Arc<Types>,
    /// `oldSelf` as it is, and as an optional.
    envs: [Env; 2],
}

/// A rule and its message.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    /// Nothing when the rule is empty.
    pub program: Option<Result<Program, String>>,
    pub message: Option<Result<Program, String>>,
    pub uses_old_self: bool,
    /// What the rule may cost each time it runs.
    pub cost: u64,
    pub message_cost: u64,
    /// Where failures are reported, relative to the place of the rule.
    pub field_path: Option<String>,
}

impl Compiler {
    pub(super) fn new(decl: &Arc<Decl>) -> Self {
        let declared = Arc::new(Types::of_self(decl));
        let ty = declared.ty();
        let env = Env::kubernetes().variable("self", ty.clone()).provider(declared.clone());
        let envs = [env.clone().variable("oldSelf", ty.clone()), env.variable("oldSelf", Type::optional(ty))];
        Self { declared, envs }
    }

    /// `self` and `oldSelf` without values.
    pub(super) fn variables(&self) -> Activation<'static> {
        let [plain, _] = &self.envs;
        Activation::new(plain)
    }

    /// Compiles a rule of the place whose schema is `at`.
    pub(super) fn rule(&self, rule: &Rule, at: &Structural) -> Compiled {
        let mut out = Compiled::default();
        if rule.rule.trim().is_empty() {
            return out;
        }
        let [plain, optional] = &self.envs;
        let env = if rule.takes_optional() { optional } else { plain };
        match self.expression(env, &rule.rule, &Type::Bool, "") {
            Err(why) => {
                out.program = Some(Err(why));
                return out;
            }
            Ok((checked, program)) => {
                out.uses_old_self = checked.mentions().contains(&"oldSelf");
                out.cost = checked.estimate(&*self.declared).max;
                out.program = Some(Ok(program));
            }
        }
        if !rule.message_expression.is_empty() {
            let made = self.expression(env, &rule.message_expression, &Type::String, "messageExpression ");
            out.message = Some(made.map(|(checked, program)| {
                out.message_cost = checked.estimate(&*self.declared).max;
                program
            }));
        }
        if !rule.field_path.is_empty() {
            out.field_path = path::follow_structural(&rule.field_path, at).ok();
        }
        out
    }

    fn expression(
        &self,
        env: &Env,
        text: &str,
        wanted: &Type,
        what: &str,
    ) -> Result<(Checked, Program), String> {
        let checked = env.compile(text).map_err(|issues| format!("{what}compilation failed: {issues}"))?;
        if checked.output_type() != wanted {
            let what = if what.is_empty() { "cel expression " } else { what };
            return Err(format!("{what}must evaluate to a {wanted}"));
        }
        let kind = if what.is_empty() { "program " } else { what };
        let program = Program::new(&checked).map_err(|why| format!("{kind}instantiation failed: {why}"))?;
        Ok((checked, program))
    }
}
