//! The operands: names, calls, brackets, literals.

use super::recover::{EPSILON, set};
use super::{EXPR, LITERAL, NAME, OPT_EXPR, PRIMARY, Parser, Rule, Step};
use crate::ast::{Element, Entry, Expr, Field, Kind, Name, Struct};
use crate::escape::RESERVED;
use crate::lexer::{Tok, Token};

const LIST_END: u64 = set(&[Tok::Comma, Tok::RBracket]);
const MAP_END: u64 = set(&[Tok::Comma, Tok::RBrace]);
const OPT_FIELD: u64 = NAME | set(&[Tok::Question]);
const MORE: u64 = set(&[Tok::Comma]) | EPSILON;

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Step {
        self.rule(Rule::Primary, super::AFTER_MEMBER, |p| {
            p.sync_block(PRIMARY, 11)?;
            match p.la(0) {
                Tok::Ident => p.name(0),
                Tok::Dot if p.la(1) == Tok::Ident => p.name(1),
                Tok::Dot => Err(p.no_viable(1)),
                Tok::LParen => p.nested(),
                Tok::LBracket => p.list_literal(),
                Tok::LBrace => p.map_literal(),
                _ if !p.la_in(LITERAL) => Err(p.no_viable(0)),
                _ => p.rule(Rule::Other, EPSILON, |p| {
                    p.sync_block(LITERAL, 12)?;
                    p.literal()
                }),
            }
        })
    }

    /// Something that begins with a name, `dots` tokens ahead.
    fn name(&mut self, dots: usize) -> Step {
        let mut end = dots + 1;
        while self.la(end) == Tok::Dot && self.la(end + 1) == Tok::Ident {
            end += 2;
        }
        if self.la(end) == Tok::LBrace {
            return self.message(end);
        }
        let start = self.token(0);
        if dots > 0 {
            self.consume_matched();
        }
        let token = self.token(0);
        let text = self.token_text(token);
        self.consume_matched();
        let full: Name = if dots > 0 { format!(".{text}").into() } else { text.into() };
        let reserved = RESERVED.contains(&text);
        if self.la(0) != Tok::LParen {
            if reserved {
                return Ok(self.late_error(start.offset, format!("reserved identifier: {text}")));
            }
            let id = self.id(token.offset);
            return Ok(Expr { id, kind: Kind::Ident(full) });
        }
        let paren = self.token(0);
        self.consume_matched();
        let id = self.id(paren.offset);
        let args = self.arguments()?;
        self.end_of_call(EPSILON)?;
        if reserved {
            return Ok(self.late_error(start.offset, format!("reserved identifier: {text}")));
        }
        Ok(self.call_or_macro(id, full, None, args))
    }

    /// `a.b.C{field: value}`, the brace being `end` tokens ahead.
    fn message(&mut self, end: usize) -> Step {
        let mut name = String::new();
        for _ in 0..end {
            name.push_str(self.token_text(self.token(0)));
            self.consume_matched();
        }
        let brace = self.token(0);
        self.consume_matched();
        let id = self.id(brace.offset);
        let mut fields = Vec::new();
        if self.opening(OPT_FIELD | MAP_END)? {
            if self.la_in(OPT_FIELD) {
                self.list(MAP_END, |p| p.fields(&mut fields))?;
            }
            self.closing(MAP_END, Tok::RBrace)?;
        }
        let height = self.height_of(fields.iter().map(|f| &f.value));
        self.set_height(id, height);
        Ok(Expr { id, kind: Kind::Struct(Box::new(Struct { type_name: name.into(), fields })) })
    }

    /// The colon of an entry; without it nobody looks at the key, so that what was found there since is forgotten.
    fn colon(&mut self, known: usize) -> Step<Token> {
        let colon = self.expect(Tok::Colon, EXPR, 15);
        if colon.is_err() {
            self.late.truncate(known);
        }
        colon
    }

    fn fields(&mut self, fields: &mut Vec<Field>) -> Step<()> {
        loop {
            let known = self.late.len();
            let optional = self.la(0) == Tok::Question;
            if optional {
                self.consume_matched();
            }
            self.follow.push(set(&[Tok::Colon]));
            let name = self.field_name(EPSILON);
            self.follow.pop();
            let name = name?;
            let colon = self.colon(known)?;
            let id = self.id(colon.offset);
            let value = self.expr(MORE)?;
            fields.push(Field { id, name, value, optional });
            if self.la(0) != Tok::Comma || set(&[self.la(1)]) & OPT_FIELD == 0 {
                return Ok(());
            }
            self.consume_matched();
        }
    }

    /// The name of a field; escaped names are no part of the language Kubernetes speaks.
    pub(super) fn field_name(&mut self, follow: u64) -> Step<Name> {
        let place = self.token(0);
        self.follow.push(follow);
        let found = match self.sync_block(NAME, 16) {
            Ok(()) => Ok(()),
            Err(fault) => {
                let repaired = self.repair(fault);
                self.late.push((Some(place.offset), "unsupported ident kind".to_owned()));
                self.follow.pop();
                return repaired.map(|()| "".into());
            }
        };
        self.follow.pop();
        found?;
        let token = self.token(0);
        self.consume_matched();
        if token.kind == Tok::EscIdent {
            self.late.push((Some(place.offset), "unsupported syntax: '`'".to_owned()));
            return Ok("".into());
        }
        Ok(self.token_text(token).into())
    }

    fn nested(&mut self) -> Step {
        self.consume_matched();
        let inner = self.expr(set(&[Tok::RParen]))?;
        self.end_of_call(EPSILON)?;
        Ok(inner)
    }

    fn list_literal(&mut self) -> Step {
        let bracket = self.token(0);
        self.consume_matched();
        let id = self.id(bracket.offset);
        let mut items = Vec::new();
        if self.opening(OPT_EXPR | LIST_END)? {
            if self.la_in(OPT_EXPR) {
                self.list(LIST_END, |p| p.elements(&mut items))?;
            }
            self.closing(LIST_END, Tok::RBracket)?;
        }
        let height = self.height_of(items.iter().map(|e| &e.value));
        self.set_height(id, height);
        Ok(Expr { id, kind: Kind::List(items) })
    }

    fn elements(&mut self, items: &mut Vec<Element>) -> Step<()> {
        loop {
            let (optional, value) = self.optional_expr(MORE)?;
            items.push(Element { value, optional });
            if self.la(0) != Tok::Comma || set(&[self.la(1)]) & OPT_EXPR == 0 {
                return Ok(());
            }
            self.consume_matched();
        }
    }

    fn optional_expr(&mut self, follow: u64) -> Step<(bool, Expr)> {
        self.follow.push(follow);
        let synced = self.sync_block(OPT_EXPR, 19);
        let optional = self.la(0) == Tok::Question;
        if optional {
            self.consume_matched();
        }
        let value = synced.and_then(|()| self.expr(EPSILON));
        let value = match value {
            Err(fault) => {
                let start = self.token(0).offset;
                self.repair(fault).map(|()| self.unspecified(start))
            }
            good => good,
        };
        self.follow.pop();
        Ok((optional, value?))
    }

    fn map_literal(&mut self) -> Step {
        let brace = self.token(0);
        self.consume_matched();
        let id = self.id(brace.offset);
        let mut entries = Vec::new();
        if self.opening(OPT_EXPR | MAP_END)? {
            if self.la_in(OPT_EXPR) {
                self.list(MAP_END, |p| p.entries(&mut entries))?;
            }
            self.closing(MAP_END, Tok::RBrace)?;
        }
        let height = self.height_of(entries.iter().flat_map(|e| [&e.key, &e.value]));
        self.set_height(id, height);
        Ok(Expr { id, kind: Kind::Map(entries) })
    }

    fn entries(&mut self, entries: &mut Vec<Entry>) -> Step<()> {
        loop {
            let known = self.late.len();
            let (optional, key) = self.optional_expr(set(&[Tok::Colon]))?;
            let colon = self.colon(known)?;
            let id = self.id(colon.offset);
            let value = self.expr(MORE)?;
            entries.push(Entry { id, key, value, optional });
            if self.la(0) != Tok::Comma || set(&[self.la(1)]) & OPT_EXPR == 0 {
                return Ok(());
            }
            self.consume_matched();
        }
    }

    /// Before the first item of a literal; false when there is nothing more to read of it.
    fn opening(&mut self, expected: u64) -> Step<bool> {
        match self.sync_block(expected, 18) {
            Ok(()) => Ok(true),
            Err(fault) => self.repair(fault).map(|()| false),
        }
    }

    /// A comma that may be there, and the bracket that has to be; a literal without it is still one.
    fn closing(&mut self, end: u64, bracket: Tok) -> Step<()> {
        let closed = self.sync_block(end, 22).and_then(|()| {
            if self.la(0) == Tok::Comma {
                self.consume_matched();
            }
            self.expect(bracket, EPSILON, 23).map(|_| ())
        });
        match closed {
            Err(fault) => self.repair(fault),
            good => good,
        }
    }
}
