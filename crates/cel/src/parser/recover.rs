//! What ANTLR's default strategy does about a token that does not fit: drop it, imagine the missing one, or report it
//! and skip to something that may follow.  The messages are ANTLR's.
//!
//! Entry points: [`Parser::expect`], [`Parser::sync_block`], [`Parser::sync_loop`] and [`Parser::repair`].

use super::Parser;
use crate::lexer::{NAMES, Tok, Token};

/// In a set of tokens: the rule may end here.
pub(super) const EPSILON: u64 = 1 << 63;

/// How often recovery is tried, and how many tokens each try may skip.
const MOST_ATTEMPTS: u32 = 30;
const MOST_SKIPPED: u32 = 256;
const MOST_REPORTS: u32 = 100;

/// A set of kinds of tokens.
pub(super) const fn set(kinds: &[Tok]) -> u64 {
    let (mut out, mut i) = (0, 0);
    while let Some((_, rest)) = kinds.split_at_checked(i) {
        let [kind, ..] = rest else { break };
        out |= 1 << *kind as u8;
        i += 1;
    }
    out
}

/// Why a rule could not go on.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    /// The present token is not among those expected.
    Mismatch { expected: u64, state: u16 },
    /// No alternative begins with the tokens up to that one.
    NoViable { ahead: usize },
    /// Parsing ends.
    Fatal,
}

#[derive(Default)]
pub(super) struct State {
    /// An error was reported and no token matched since.
    recovering: bool,
    /// Where the last recovery began, and in which states.
    last: Option<(usize, Vec<u16>)>,
    attempts: u32,
    reports: u32,
}

impl Parser<'_> {
    /// Takes the present token, which fits.
    pub(super) fn consume_matched(&mut self) {
        self.recovery.recovering = false;
        self.recovery.last = None;
        self.consume();
    }

    fn consume(&mut self) {
        if self.la(0) != Tok::Eof {
            self.at += 1;
        }
    }

    /// Takes a token of one kind; `after` is what may come behind it within the rule.
    pub(super) fn expect(&mut self, kind: Tok, after: u64, state: u16) -> Result<Token, Fault> {
        let token = self.token(0);
        if token.kind == kind {
            self.consume_matched();
            return Ok(token);
        }
        self.count_attempt()?;
        let expected = set(&[kind]);
        if self.delete_one(expected)? {
            let token = self.token(0);
            self.consume();
            return Ok(token);
        }
        if self.la_in(self.in_context(after)) {
            if !self.recovery.recovering {
                self.recovery.recovering = true;
                let message = format!("missing {} at {}", names(expected), self.shown(token));
                self.syntax_error(token, &message)?;
            }
            return Ok(token);
        }
        Err(Fault::Mismatch { expected, state })
    }

    /// Before an alternative: the present token has to be in `expected`, or the one behind it.
    pub(super) fn sync_block(&mut self, expected: u64, state: u16) -> Result<(), Fault> {
        if self.recovery.recovering || self.la_in(expected) || self.delete_one(expected)? {
            return Ok(());
        }
        Err(Fault::Mismatch { expected, state })
    }

    /// Behind one round of a loop that has to go on: skips to something that fits.
    pub(super) fn sync_loop(&mut self, expected: u64, _state: u16) -> Result<(), Fault> {
        if self.recovery.recovering || self.la_in(expected) {
            return Ok(());
        }
        self.report_unwanted(expected)?;
        self.skip_to(expected | self.recovery_set(), None)
    }

    /// The error for a token that no alternative can have `ahead` of the present one.
    pub(super) fn no_viable(&self, ahead: usize) -> Fault {
        Fault::NoViable { ahead }
    }

    /// Reports why a rule ended and skips to a token that may follow it.
    pub(super) fn repair(&mut self, fault: Fault) -> Result<(), Fault> {
        let state = match fault {
            Fault::Fatal => return Err(Fault::Fatal),
            Fault::Mismatch { state, .. } => state,
            Fault::NoViable { .. } => 0,
        };
        self.report(&fault)?;
        self.count_attempt()?;
        let mut skipped = 0;
        let here = self.at;
        let states = match self.recovery.last.take() {
            Some((at, mut states)) if at == here => {
                if states.contains(&state) {
                    self.consume();
                    skipped = 1;
                }
                states.push(state);
                states
            }
            _ => vec![state],
        };
        self.recovery.last = Some((self.at, states));
        let stop = self.recovery_set();
        self.skip_to(stop, Some(skipped))
    }

    fn report(&mut self, fault: &Fault) -> Result<(), Fault> {
        if std::mem::replace(&mut self.recovery.recovering, true) {
            return Ok(());
        }
        let (token, message) = match fault {
            Fault::Fatal => return Ok(()),
            Fault::Mismatch { expected, .. } => {
                let token = self.token(0);
                let expected = names(self.in_context(*expected));
                (token, format!("mismatched input {} expecting {expected}", self.shown(token)))
            }
            Fault::NoViable { ahead } => {
                let token = self.token(*ahead);
                let text = self.read_text(self.token(0).start, token.end);
                let message = match text.strip_prefix(|_: char| true) {
                    Some(word @ ("true" | "false" | "null")) => {
                        format!("mismatched input '{word}' expecting IDENTIFIER")
                    }
                    _ => format!("no viable alternative at input {}", quote(&text)),
                };
                (token, message)
            }
        };
        self.syntax_error(token, &message)
    }

    /// A part of the text without what the lexer could not read.
    fn read_text(&self, start: usize, end: usize) -> String {
        let (mut out, mut from) = (String::new(), start);
        for (a, b) in self.dropped.iter().filter(|(a, b)| *a >= start && *b <= end) {
            out.push_str(self.text.get(from..*a).unwrap_or(""));
            from = *b;
        }
        out + self.text.get(from..end).unwrap_or("")
    }

    /// Drops the present token when the next one fits.
    fn delete_one(&mut self, expected: u64) -> Result<bool, Fault> {
        let expected = self.in_context(expected);
        if set(&[self.la(1)]) & expected == 0 {
            return Ok(false);
        }
        self.report_unwanted(expected)?;
        self.consume();
        self.recovery.recovering = false;
        self.recovery.last = None;
        Ok(true)
    }

    fn report_unwanted(&mut self, expected: u64) -> Result<(), Fault> {
        if std::mem::replace(&mut self.recovery.recovering, true) {
            return Ok(());
        }
        let token = self.token(0);
        let message =
            format!("extraneous input {} expecting {}", self.shown(token), names(self.in_context(expected)));
        self.syntax_error(token, &message)
    }

    fn syntax_error(&mut self, token: Token, message: &str) -> Result<(), Fault> {
        self.recovery.reports += 1;
        let fatal = self.recovery.reports > MOST_REPORTS;
        let text = if fatal { format!("More than {MOST_REPORTS} syntax errors") } else { message.to_owned() };
        self.early.push((Some(token.offset), format!("Syntax error: {text}")));
        if fatal { Err(Fault::Fatal) } else { Ok(()) }
    }

    fn count_attempt(&mut self) -> Result<(), Fault> {
        if self.recovery.attempts == MOST_ATTEMPTS {
            let token = self.token(0);
            self.syntax_error(token, &format!("error recovery attempt limit exceeded: {MOST_ATTEMPTS}"))?;
            return Err(Fault::Fatal);
        }
        self.recovery.attempts += 1;
        Ok(())
    }

    fn skip_to(&mut self, stop: u64, limit: Option<u32>) -> Result<(), Fault> {
        let mut skipped = limit.unwrap_or(0);
        while !self.la_in(stop) && self.la(0) != Tok::Eof {
            if limit.is_some() && skipped >= MOST_SKIPPED {
                self.fatal = Some(format!("error recovery token lookahead limit exceeded: {MOST_SKIPPED}"));
                return Err(Fault::Fatal);
            }
            skipped += 1;
            self.consume();
        }
        Ok(())
    }

    /// A set with what may follow the rules around, as far as these may end.
    fn in_context(&self, local: u64) -> u64 {
        let mut out = local;
        for follow in self.follow.iter().rev() {
            if out & EPSILON == 0 {
                return out;
            }
            out = (out & !EPSILON) | follow;
        }
        if out & EPSILON == 0 { out } else { (out & !EPSILON) | set(&[Tok::Eof]) }
    }

    /// Everything that may follow any rule around.
    fn recovery_set(&self) -> u64 {
        self.follow.iter().fold(0, |all, f| all | f) & !EPSILON
    }

    fn shown(&self, token: Token) -> String {
        if token.kind == Tok::Eof { "'<EOF>'".to_owned() } else { quote(self.token_text(token)) }
    }
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r"))
}

/// The names of a set of tokens: one bare, more in braces.
fn names(tokens: u64) -> String {
    let names: Vec<&str> =
        NAMES.iter().enumerate().filter(|(i, _)| tokens & (1 << i) != 0).map(|(_, n)| *n).collect();
    if names.len() == 1 { names.concat() } else { format!("{{{}}}", names.join(", ")) }
}
