//! An address of mail is no name before somebody has verified it: whoever uses `claims.email` as the user name has to
//! look at `claims.email_verified`, too.

use cel::ast::{Expr, Kind};
use cel::environment;

/// What is said of an address that nobody looks at.
pub(super) const UNVERIFIED: &str = "claims.email_verified must be used in claimMappings.username.expression or \
     claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in \
     claimMappings.username.expression";

/// Which of the two claims expressions use.
#[derive(Debug, Default)]
pub(super) struct Use {
    email: bool,
    verified: bool,
}

impl Use {
    /// Notes the expression of the user name.
    pub fn of_username(&mut self, expression: &str) {
        self.email |= selects(expression, "email");
        self.may_verify(expression);
    }

    /// Notes another expression, which may look whether the address is verified.
    pub fn may_verify(&mut self, expression: &str) {
        self.verified |= selects(expression, "email_verified");
    }

    /// True when an address is used that nobody has verified.
    pub fn is_unverified(&self) -> bool {
        self.email && !self.verified
    }
}

/// True for an expression with `claims.<field>`, `has(claims.<field>)` or `claims.?<field>` in it.
fn selects(expression: &str, field: &str) -> bool {
    let Ok(parsed) = environment::claims().parse(expression) else { return false };
    let mut open = vec![&parsed.root];
    while let Some(expr) = open.pop() {
        if is_selection(expr, field) {
            return true;
        }
        open.extend(expr.children());
    }
    false
}

fn is_selection(expr: &Expr, field: &str) -> bool {
    let of_claims = |operand: &Expr| operand.as_ident().is_some_and(|name| &**name == "claims");
    match &expr.kind {
        Kind::Select(select) => of_claims(&select.operand) && &*select.field == field,
        Kind::Call(call) if &*call.function == "_?._" && call.target.is_none() => {
            match call.args.as_slice() {
                [operand, name] => {
                    let named = matches!(name.as_literal(), Some(cel::ast::Literal::String(text)) if &**text == field);
                    of_claims(operand) && named
                }
                _ => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_of_claims() {
        for text in [
            "claims.email",
            "has(claims.email) ? claims.sub : ''",
            "claims.?email.orValue('')",
            "[1].map(x, claims.email)",
            "{'a': [claims.email]}",
            "'a' + claims.email.lowerAscii()",
        ] {
            assert!(selects(text, "email"), "{text}");
        }
        for text in
            ["claims.email_verified", "claims['email']", "'claims.email'", "claims.a.email", "claims."]
        {
            assert!(!selects(text, "email"), "{text}");
        }
    }
}
