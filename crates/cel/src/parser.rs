//! Tokens to a tree.  The grammar is walked as ANTLR's generated parser for cel-go walks it, decision by decision, so
//! that a broken expression gives cel-go's errors; see [`recover`] for what happens then.
//!
//! Entry point: [`parse`].

mod build;
mod literal;
mod macros;
mod primary;
mod recover;

use crate::ast::{Expr, Kind, Name, Parsed};
use crate::lexer::{self, Tok, Token};
use crate::source::{Issues, Source};
use recover::{EPSILON, Fault, set};

pub(crate) use macros::Macros;

/// Code points an expression may have.
const LONGEST: usize = 100_000;
/// How deep each rule of the grammar may nest, and how deep operators and selections may nest together.
const DEEPEST: u32 = 250;

/// Parses an expression; what is wrong with it goes to `issues`.
pub(crate) fn parse(source: &Source, macros: &Macros, issues: &mut Issues) -> Parsed {
    let size = source.text().chars().count();
    if size > LONGEST {
        let message = format!("expression code point size exceeds limit: size: {size}, limit {LONGEST}");
        issues.report(None, message);
        return Parsed { root: Expr { id: 0, kind: Kind::Unspecified }, offsets: vec![0] };
    }
    let mut parser = Parser::new(source.text(), macros);
    let root = parser.start();
    let deep = parser.heights.get(root.id as usize).is_some_and(|h| *h > DEEPEST);
    if deep {
        parser.late.clear();
    }
    for (offset, message) in parser.early.drain(..).chain(parser.late.drain(..)) {
        issues.report(offset, message);
    }
    if deep {
        issues.report(None, "max recursion depth exceeded");
    }
    if let Some(message) = parser.fatal.take() {
        issues.report(None, message);
    }
    Parsed { root, offsets: parser.offsets }
}

/// The tokens an expression may begin with.
const EXPR: u64 = PRIMARY | set(&[Tok::Exclam]);
const PRIMARY: u64 = set(&[Tok::LBracket, Tok::LBrace, Tok::LParen, Tok::Dot, Tok::Ident]) | LITERAL;
const LITERAL: u64 = set(&[
    Tok::Minus,
    Tok::True,
    Tok::False,
    Tok::Null,
    Tok::Float,
    Tok::Int,
    Tok::Uint,
    Tok::String,
    Tok::Bytes,
]);
const OPT_EXPR: u64 = EXPR | set(&[Tok::Question]);
const RELATIONS: u64 = set(&[
    Tok::Equals,
    Tok::NotEquals,
    Tok::In,
    Tok::Less,
    Tok::LessEquals,
    Tok::GreaterEquals,
    Tok::Greater,
]);
const FACTORS: u64 = set(&[Tok::Star, Tok::Slash, Tok::Percent]);
const TERMS: u64 = set(&[Tok::Plus, Tok::Minus]);
/// What may follow an operand of each loop, or the end of its rule.
const AFTER_RELATION: u64 = RELATIONS | EPSILON;
const AFTER_CALC: u64 = FACTORS | TERMS | EPSILON;
const AFTER_MEMBER: u64 = set(&[Tok::Dot, Tok::LBracket]) | EPSILON;
const NAME: u64 = set(&[Tok::Ident, Tok::EscIdent]);

/// The rules whose nesting is limited.
#[derive(Clone, Copy)]
enum Rule {
    Expr,
    Or,
    And,
    Relation,
    Calc,
    Unary,
    Member,
    Primary,
    Other,
}

type Step<T = Expr> = Result<T, Fault>;

/// A grammar rule, an alternative or an operator it met.
struct Parser<'a> {
    text: &'a str,
    macros: &'a Macros,
    tokens: Vec<Token>,
    /// What the lexer could not read.
    dropped: Vec<(usize, usize)>,
    at: usize,
    /// What may follow each rule being parsed, within the rule that asked for it.
    follow: Vec<u64>,
    depths: [u32; 9],
    recovery: recover::State,
    /// Errors of lexer and grammar, in the order met.
    early: Vec<(Option<u32>, String)>,
    /// Errors about the tree, which cel-go finds afterwards.
    late: Vec<(Option<u32>, String)>,
    /// An error that ended parsing.
    fatal: Option<String>,
    offsets: Vec<u32>,
    /// How deep the operators and selections of each node nest.
    heights: Vec<u32>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, macros: &'a Macros) -> Self {
        let (tokens, faults) = lexer::tokens(text);
        let dropped = faults.iter().map(|f| (f.start, f.start + f.text.len())).collect();
        let early = faults
            .into_iter()
            .map(|f| (Some(f.offset), format!("Syntax error: token recognition error at: '{}'", f.text)));
        Self {
            text,
            macros,
            tokens,
            dropped,
            at: 0,
            follow: Vec::new(),
            depths: [0; 9],
            recovery: recover::State::default(),
            early: early.collect(),
            late: Vec::new(),
            fatal: None,
            offsets: vec![0],
            heights: vec![0],
        }
    }

    /// The token `ahead` of the present one; [`Tok::Eof`] goes on forever.
    fn token(&self, ahead: usize) -> Token {
        let eof = Token { kind: Tok::Eof, start: self.text.len(), end: self.text.len(), offset: 0 };
        self.tokens.get(self.at + ahead).or(self.tokens.last()).copied().unwrap_or(eof)
    }

    fn la(&self, ahead: usize) -> Tok {
        self.token(ahead).kind
    }

    fn la_in(&self, tokens: u64) -> bool {
        tokens & set(&[self.la(0)]) != 0
    }

    fn token_text(&self, token: Token) -> &'a str {
        self.text.get(token.start..token.end).unwrap_or("")
    }

    /// Runs a rule that `follow` may come after, and repairs what it could not parse.
    fn rule(&mut self, rule: Rule, follow: u64, body: fn(&mut Self) -> Step) -> Step {
        let depth = self.deeper(rule)?;
        self.follow.push(follow);
        let start = self.token(0).offset;
        let result = match body(self) {
            Err(fault) => self.repair(fault).map(|()| self.unspecified(start)),
            good => good,
        };
        self.follow.pop();
        if let Some(d) = self.depths.get_mut(rule as usize) {
            *d = depth;
        }
        result
    }

    /// Counts a level of nesting and gives the count before.
    fn deeper(&mut self, rule: Rule) -> Step<u32> {
        let Some(depth) = self.depths.get_mut(rule as usize) else { return Ok(0) };
        let before = *depth;
        *depth += 1;
        if *depth > DEEPEST {
            self.fatal = Some(format!("expression recursion limit exceeded: {DEEPEST}"));
            return Err(Fault::Fatal);
        }
        Ok(before)
    }

    fn start(&mut self) -> Expr {
        let root = self.expr(set(&[Tok::Eof]));
        let end = root.as_ref().is_ok().then(|| self.expect(Tok::Eof, 0, 1));
        if let Some(Err(fault)) = end {
            let _ = self.repair(fault);
        }
        root.unwrap_or_else(|_| self.unspecified(0))
    }

    fn expr(&mut self, follow: u64) -> Step {
        self.rule(Rule::Expr, follow, Self::expr_body)
    }

    fn expr_body(&mut self) -> Step {
        let condition = self.or(set(&[Tok::Question]) | EPSILON)?;
        if self.la(0) != Tok::Question {
            return Ok(condition);
        }
        let op = self.expect(Tok::Question, EXPR, 2)?;
        let id = self.id(op.offset);
        let then = self.or(set(&[Tok::Colon]))?;
        self.expect(Tok::Colon, EXPR, 3)?;
        let other = self.expr(EPSILON)?;
        Ok(self.operator(id, "_?_:_", vec![condition, then, other], true))
    }

    fn or(&mut self, follow: u64) -> Step {
        self.rule(Rule::Or, follow, |p| p.chain(Tok::Or, "_||_", Self::and))
    }

    fn and(&mut self) -> Step {
        let follow = set(&[Tok::Or]) | EPSILON;
        self.rule(Rule::And, follow, |p| {
            p.chain(Tok::And, "_&&_", |p| p.relation(set(&[Tok::And]) | EPSILON))
        })
    }

    /// Terms joined by a logical operator, as a balanced tree.
    fn chain(&mut self, op: Tok, name: &str, term: fn(&mut Self) -> Step) -> Step {
        let first = term(self)?;
        if self.la(0) != op {
            return Ok(first);
        }
        let (mut terms, mut ids) = (vec![Some(first)], Vec::new());
        while self.la(0) == op {
            let token = self.expect(op, EXPR, 4)?;
            let next = term(self)?;
            ids.push(self.id(token.offset));
            terms.push(Some(next));
        }
        Ok(self.balanced(name, &mut terms, &ids))
    }

    fn balanced(&mut self, name: &str, terms: &mut [Option<Expr>], ids: &[u32]) -> Expr {
        let middle = ids.len() / 2;
        let (Some(id), Some(left_ids), Some(right_ids)) =
            (ids.get(middle), ids.get(..middle), ids.get(middle + 1..))
        else {
            let term = terms.first_mut().and_then(Option::take);
            return term.unwrap_or_else(|| self.unspecified(0));
        };
        let (left, right) = terms.split_at_mut_checked(middle + 1).unwrap_or_default();
        let left = self.balanced(name, left, left_ids);
        let right = self.balanced(name, right, right_ids);
        self.operator(*id, name, vec![left, right], false)
    }

    fn relation(&mut self, follow: u64) -> Step {
        self.rule(Rule::Relation, follow, |p| {
            let first = p.calc(AFTER_RELATION, 0)?;
            p.operands(first, Rule::Relation, RELATIONS, |p| {
                p.rule(Rule::Relation, AFTER_RELATION, |p| p.calc(AFTER_RELATION, 0))
            })
        })
    }

    /// Sums and products; `binding` 1 is an operand of a sum, 2 one of a product.
    fn calc(&mut self, follow: u64, binding: u8) -> Step {
        let body: fn(&mut Self) -> Step = match binding {
            0 => |p| p.sum(FACTORS | TERMS),
            1 => |p| p.sum(FACTORS),
            _ => |p| p.unary(),
        };
        self.rule(Rule::Calc, follow, body)
    }

    fn sum(&mut self, ops: u64) -> Step {
        let mut left = self.unary()?;
        while self.la_in(ops) {
            let product = self.la_in(FACTORS);
            let one = if product { FACTORS } else { TERMS };
            left = self
                .operand_after(left, Rule::Calc, one, |p| p.calc(AFTER_CALC, if product { 2 } else { 1 }))?;
        }
        Ok(left)
    }

    fn operands(&mut self, first: Expr, rule: Rule, ops: u64, next: fn(&mut Self) -> Step) -> Step {
        let mut left = first;
        while self.la_in(ops) {
            left = self.operand_after(left, rule, ops, next)?;
        }
        Ok(left)
    }

    /// One operator and its right side; every one makes the left side nest deeper.
    fn operand_after(
        &mut self,
        left: Expr,
        rule: Rule,
        ops: u64,
        next: impl FnOnce(&mut Self) -> Step,
    ) -> Step {
        self.deeper(rule)?;
        let token = self.token(0);
        debug_assert!(self.la_in(ops), "the caller looked");
        self.consume_matched();
        let id = self.id(token.offset);
        let right = next(self)?;
        let name = build::operator_name(token.kind);
        Ok(self.operator(id, name, vec![left, right], true))
    }

    fn unary(&mut self) -> Step {
        self.rule(Rule::Unary, AFTER_CALC, |p| {
            p.sync_block(EXPR, 5)?;
            match p.la(0) {
                Tok::Exclam => p.negations(Tok::Exclam, "!_"),
                Tok::Minus if matches!(p.la(1), Tok::Int | Tok::Float) => p.member(),
                Tok::Minus if set(&[p.la(1)]) & PRIMARY == 0 => Err(p.no_viable(1)),
                Tok::Minus => p.negations(Tok::Minus, "-_"),
                _ if !p.la_in(EXPR) => Err(p.no_viable(0)),
                _ => p.member(),
            }
        })
    }

    /// `!!x` and `--x`: pairs cancel out.
    fn negations(&mut self, op: Tok, name: &str) -> Step {
        let first = self.token(0).offset;
        let mut count = 0;
        while self.la(0) == op {
            self.consume_matched();
            count += 1;
            if op == Tok::Minus && self.la(0) == op && set(&[self.la(1)]) & PRIMARY == 0 {
                return Err(self.no_viable(1));
            }
            self.sync_loop(PRIMARY | set(&[op]), 6)?;
        }
        if count % 2 == 0 {
            return self.member();
        }
        let operand = self.member()?;
        let id = self.id(first);
        Ok(self.operator(id, name, vec![operand], false))
    }

    fn member(&mut self) -> Step {
        self.rule(Rule::Member, EPSILON, |p| {
            let mut operand = p.primary()?;
            loop {
                operand = match p.la(0) {
                    Tok::LBracket => {
                        p.deeper(Rule::Member)?;
                        p.index(operand)?
                    }
                    Tok::Dot => {
                        p.deeper(Rule::Member)?;
                        let goes_on = p.dot_goes_on();
                        operand = p.dot(operand)?;
                        if !goes_on {
                            return Ok(operand);
                        }
                        operand
                    }
                    _ => return Ok(operand),
                };
            }
        })
    }

    fn index(&mut self, operand: Expr) -> Step {
        let bracket = self.token(0);
        self.consume_matched();
        let id = self.id(bracket.offset);
        let mut optional = false;
        let index = match self.index_body(&mut optional) {
            Err(fault) => {
                self.repair(fault)?;
                self.unspecified(bracket.offset)
            }
            Ok(index) => index,
        };
        let name = if optional { "_[?_]" } else { "_[_]" };
        Ok(self.operator(id, name, vec![operand, index], true))
    }

    fn index_body(&mut self, optional: &mut bool) -> Step {
        self.sync_block(OPT_EXPR, 7)?;
        *optional = self.la(0) == Tok::Question;
        if *optional {
            self.consume_matched();
        }
        let index = self.expr(set(&[Tok::RBracket]))?;
        self.expect(Tok::RBracket, AFTER_MEMBER, 8)?;
        Ok(index)
    }

    /// Whether something that may be selected follows the dot.
    fn dot_goes_on(&self) -> bool {
        matches!(self.la(1), Tok::Ident | Tok::EscIdent | Tok::Question)
    }

    fn dot(&mut self, operand: Expr) -> Step {
        match (self.la(1), self.la(2)) {
            (Tok::Ident, Tok::LParen) => self.method(operand),
            (Tok::Ident | Tok::EscIdent | Tok::Question, _) => self.select(operand),
            _ => {
                let fault = self.no_viable(1);
                self.repair(fault)?;
                Ok(operand)
            }
        }
    }

    fn select(&mut self, operand: Expr) -> Step {
        let dot = self.token(0);
        self.consume_matched();
        let optional = self.la(0) == Tok::Question;
        if optional {
            self.consume_matched();
        }
        let place = self.token(0);
        let field = self.field_name(AFTER_MEMBER)?;
        if !optional {
            let id = self.id(dot.offset);
            return Ok(self.selection(id, operand, field, false));
        }
        let name = self.string(place.offset, field);
        let id = self.id(dot.offset);
        Ok(self.counted_call(id, "_?._", vec![operand, name]))
    }

    fn method(&mut self, target: Expr) -> Step {
        self.consume_matched();
        let name: Name = self.token_text(self.token(0)).into();
        self.consume_matched();
        let paren = self.token(0);
        self.consume_matched();
        let id = self.id(paren.offset);
        let args = self.arguments()?;
        self.end_of_call(AFTER_MEMBER)?;
        Ok(self.call_or_macro(id, name, Some(target), args))
    }

    /// The parenthesis behind the arguments; a call without it is still one, whose macro may have more to complain of.
    fn end_of_call(&mut self, after: u64) -> Step<()> {
        match self.expect(Tok::RParen, after, 9) {
            Ok(_) => Ok(()),
            Err(fault) => self.repair(fault),
        }
    }

    /// `f(a, b` after the parenthesis.
    fn arguments(&mut self) -> Step<Vec<Expr>> {
        self.sync_block(EXPR | set(&[Tok::RParen]), 10)?;
        let mut args = Vec::new();
        if !self.la_in(EXPR) {
            return Ok(args);
        }
        self.list(set(&[Tok::RParen]), |p| {
            args.push(p.expr(set(&[Tok::Comma]) | EPSILON)?);
            while p.la(0) == Tok::Comma {
                p.consume_matched();
                args.push(p.expr(set(&[Tok::Comma]) | EPSILON)?);
            }
            Ok(())
        })?;
        Ok(args)
    }

    /// A rule that fills a list, which keeps what it got before a mistake.
    fn list(&mut self, follow: u64, body: impl FnOnce(&mut Self) -> Step<()>) -> Step<()> {
        self.follow.push(follow);
        let result = match body(self) {
            Err(fault) => self.repair(fault),
            good => good,
        };
        self.follow.pop();
        result
    }
}
