//! The text form of label selectors.
//!
//! Entry point: [`parse`].  A recursive descent over the tokens of the whole text, as upstream's, because the error
//! texts follow from it.

use super::SelectorError;
use super::labels::{Operator, Requirement, check_key};
use super::lexer::{Token, scan};
use crate::{Str, field};

/// The requirements of a selector, in the order of the text.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    Parser { tokens: scan(text), at: 0 }.parse()
}

/// Whether `in` and `notin` are words of the language or plain values at this place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Operator,
    Value,
}

struct Parser {
    tokens: Vec<(Token, String)>,
    at: usize,
}

type Parsed<T> = Result<T, SelectorError>;

impl Parser {
    fn parse(mut self) -> Parsed<Vec<Requirement>> {
        let mut requirements = Vec::new();
        loop {
            match self.peek(Place::Value) {
                (Token::Identifier | Token::Not, _) => {
                    let requirement = self
                        .requirement()
                        .map_err(|e| SelectorError::new(format!("unable to parse requirement: {e}")))?;
                    requirements.push(requirement);
                }
                (Token::End, _) => return Ok(requirements),
                (_, found) => return Err(unexpected(&found, "!, identifier, or 'end of string'")),
            }
            match self.take(Place::Value) {
                (Token::End, _) => return Ok(requirements),
                (Token::Comma, _) => match self.peek(Place::Value) {
                    (Token::Identifier | Token::Not, _) => {}
                    (_, found) => return Err(unexpected(&found, "identifier after ','")),
                },
                (_, found) => return Err(unexpected(&found, "',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Parsed<Requirement> {
        let (key, unary) = self.key()?;
        if let Some(operator) = unary {
            return Requirement::new(&key, operator, Vec::new());
        }
        let operator = self.operator()?;
        let mut values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        values.sort();
        values.dedup();
        Requirement::new(&key, operator, values)
    }

    fn key(&mut self) -> Parsed<(String, Option<Operator>)> {
        let (mut token, mut literal) = self.take(Place::Value);
        let mut operator = None;
        if token == Token::Not {
            operator = Some(Operator::DoesNotExist);
            (token, literal) = self.take(Place::Value);
        }
        if token != Token::Identifier {
            return Err(unexpected(&literal, "identifier"));
        }
        let mut errors = field::Errors::new();
        check_key(&mut errors, &field::Path::root(), &literal);
        if !errors.is_empty() {
            return Err(SelectorError::new(errors.to_string()));
        }
        if matches!(self.peek(Place::Value).0, Token::End | Token::Comma) {
            operator = operator.or(Some(Operator::Exists));
        }
        Ok((literal, operator))
    }

    fn operator(&mut self) -> Parsed<Operator> {
        let (token, found) = self.take(Place::Operator);
        Ok(match token {
            Token::In => Operator::In,
            Token::NotIn => Operator::NotIn,
            Token::Equals => Operator::Equals,
            Token::DoubleEquals => Operator::DoubleEquals,
            Token::NotEquals => Operator::NotEquals,
            Token::GreaterThan => Operator::GreaterThan,
            Token::LessThan => Operator::LessThan,
            _ => return Err(unexpected(&found, "in, notin, =, ==, !=, gt, lt")),
        })
    }

    fn values(&mut self) -> Parsed<Vec<Str>> {
        let (token, found) = self.take(Place::Value);
        if token != Token::OpenPar {
            return Err(SelectorError::new(format!("found '{found}' expected: '('")));
        }
        match self.peek(Place::Value) {
            (Token::Identifier | Token::Comma, first) => {
                let values = self.value_list()?;
                if self.take(Place::Value).0 == Token::ClosedPar {
                    Ok(values)
                } else {
                    Err(unexpected(&first, "')'"))
                }
            }
            (Token::ClosedPar, _) => {
                self.take(Place::Value);
                Ok(vec![Str::default()])
            }
            (_, found) => Err(unexpected(&found, "',', ')' or identifier")),
        }
    }

    /// Values between commas; nothing between two commas is the empty value.
    fn value_list(&mut self) -> Parsed<Vec<Str>> {
        let mut values: Vec<Str> = Vec::new();
        loop {
            match self.take(Place::Value) {
                (Token::Identifier, literal) => {
                    values.push(literal.into());
                    match self.peek(Place::Value) {
                        (Token::Comma, _) => {}
                        (Token::ClosedPar, _) => return Ok(values),
                        (_, found) => return Err(unexpected(&found, "',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.push(Str::default());
                    }
                    match self.peek(Place::Value).0 {
                        Token::ClosedPar => {
                            values.push(Str::default());
                            return Ok(values);
                        }
                        Token::Comma => values.push(Str::default()),
                        _ => {}
                    }
                }
                (_, found) => return Err(unexpected(&found, "',', or identifier")),
            }
        }
    }

    fn exact_value(&mut self) -> Parsed<Str> {
        if matches!(self.peek(Place::Value).0, Token::End | Token::Comma) {
            return Ok(Str::default());
        }
        match self.take(Place::Value) {
            (Token::Identifier, literal) => Ok(literal.into()),
            (_, found) => Err(unexpected(&found, "identifier")),
        }
    }

    fn peek(&self, place: Place) -> (Token, String) {
        let (token, literal) = self.tokens.get(self.at).cloned().unwrap_or((Token::End, String::new()));
        match token {
            Token::In | Token::NotIn if place == Place::Value => (Token::Identifier, literal),
            _ => (token, literal),
        }
    }

    fn take(&mut self, place: Place) -> (Token, String) {
        let item = self.peek(place);
        self.at += 1;
        item
    }
}

fn unexpected(found: &str, expected: &str) -> SelectorError {
    SelectorError::new(format!("found '{found}', expected: {expected}"))
}
