//! Characters to tokens, as libyaml cuts them.
//!
//! A mapping key shows itself only by the colon behind it, so the scanner remembers where a key may have begun and
//! puts the tokens that announce it into the queue afterwards.

use std::collections::VecDeque;

use super::source::{Mark, Source};
use super::{MAX_DEPTH, error};
use crate::SyntaxError;

pub(super) type Result<T> = std::result::Result<T, SyntaxError>;

/// One token, the line it begins in, counted from 0, and the bytes it takes: none for those that nobody wrote, and the
/// white space behind plain and block scalars too.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
    pub(super) start: usize,
    end: usize,
}

/// What a token is.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    StreamEnd,
    /// `%YAML 1.1`.
    Version(u8, u8),
    /// `%TAG handle prefix`.
    TagDirective(String, String),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    /// Handle and suffix.
    Tag(String, String),
    Scalar {
        text: String,
        plain: bool,
    },
}

/// Where a key may have begun that is known by its colon only.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    /// Nothing but a key can stand there.
    required: bool,
    /// Number of the token that begins the key.
    token: usize,
    mark: Mark,
    /// Bytes before it.
    start: usize,
}

/// How many characters a key may take before its colon.
const MAX_KEY: usize = 1024;

pub(super) struct Scanner<'a> {
    pub(super) source: Source<'a>,
    queue: VecDeque<Token>,
    /// How many tokens have left the queue.
    taken: usize,
    /// Where the token begins that is being read.
    begun: usize,
    /// Where the last token ends that was taken and that somebody wrote.
    passed: usize,
    /// Column of the block collection being read, -1 outside.
    pub(super) indent: isize,
    indents: Vec<isize>,
    /// One for each flow level and one for block context.
    keys: Vec<SimpleKey>,
    /// Token numbers, ascending, and which of `keys` they begin; one that has left the queue means nothing.
    keys_by_token: VecDeque<(usize, usize)>,
    pub(super) key_allowed: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            source: Source::new(text),
            queue: VecDeque::new(),
            taken: 0,
            begun: 0,
            passed: 0,
            indent: -1,
            indents: Vec::new(),
            keys: vec![SimpleKey::default()],
            keys_by_token: VecDeque::new(),
            key_allowed: true,
        }
    }

    /// Makes sure that the head of the queue is what comes next.
    pub(super) fn fill(&mut self) -> Result<()> {
        while self.queue.is_empty() || self.head_may_be_key()? {
            self.fetch()?;
        }
        Ok(())
    }

    /// The next token; [`Scanner::fill`] came before.
    pub(super) fn head(&self) -> Option<&Token> {
        self.queue.front()
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Option<Token> {
        self.taken += 1;
        let token = self.queue.pop_front()?;
        if token.end > token.start {
            self.passed = token.end;
        }
        Some(token)
    }

    /// Where the last token ends that was taken and that somebody wrote.
    pub(super) fn passed(&self) -> usize {
        self.passed
    }

    fn head_may_be_key(&mut self) -> Result<bool> {
        while self.keys_by_token.front().is_some_and(|(token, _)| *token < self.taken) {
            self.keys_by_token.pop_front();
        }
        match self.keys_by_token.front() {
            Some((token, at)) if *token == self.taken => self.is_key_valid(*at),
            _ => Ok(false),
        }
    }

    /// The token begins no key any more.
    fn forget_token(&mut self, token: usize) {
        if let Some(at) = self.keys_by_token.iter().rposition(|(number, _)| *number == token) {
            self.keys_by_token.remove(at);
        }
    }

    /// Can the key at `at` still find its colon?
    fn is_key_valid(&mut self, at: usize) -> Result<bool> {
        let mark = self.source.mark;
        let Some(key) = self.keys.get_mut(at).filter(|key| key.possible) else { return Ok(false) };
        if key.mark.line < mark.line || key.mark.index + MAX_KEY < mark.index {
            if key.required {
                return Err(error::scanning(mark.line, "could not find expected ':'"));
            }
            key.possible = false;
        }
        Ok(key.possible)
    }

    pub(super) fn in_flow(&self) -> bool {
        self.keys.len() > 1
    }

    fn column(&self) -> isize {
        self.source.mark.column.cast_signed()
    }

    pub(super) fn error<T>(&self, problem: &str) -> Result<T> {
        Err(error::scanning(self.source.mark.line, problem))
    }

    /// Reads the next token into the queue.
    fn fetch(&mut self) -> Result<()> {
        self.skip_to_token();
        self.begun = self.source.offset();
        self.unroll(self.column());
        if self.source.is_end() {
            return self.stream_end();
        }
        if self.source.mark.column == 0 && self.source.byte(0) == b'%' {
            return self.directive();
        }
        if self.source.is_document_indicator() {
            return self.document_indicator();
        }
        let space_follows = self.source.is_blank_or_end(1);
        match self.source.byte(0) {
            b'[' => self.flow_start(Kind::FlowSequenceStart),
            b'{' => self.flow_start(Kind::FlowMappingStart),
            b']' => self.flow_end(Kind::FlowSequenceEnd),
            b'}' => self.flow_end(Kind::FlowMappingEnd),
            b',' => self.flow_entry(),
            b'-' if space_follows => self.block_entry(),
            b'?' if space_follows || self.in_flow() => self.explicit_key(),
            b':' if space_follows || self.in_flow() => self.value(),
            b'*' | b'&' => self.anchor_or_alias(),
            b'!' => self.tag(),
            indicator @ (b'|' | b'>') if !self.in_flow() => self.block_scalar(indicator == b'|'),
            quote @ (b'\'' | b'"') => self.quoted_scalar(quote),
            b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => {
                self.error("found character that cannot start any token")
            }
            _ => self.plain_scalar(),
        }
    }

    /// Passes over white space, comments and line breaks.
    fn skip_to_token(&mut self) {
        loop {
            // Tabs may not indent where a key could begin.
            while self.source.byte(0) == b' '
                || (self.source.byte(0) == b'\t' && (self.in_flow() || !self.key_allowed))
            {
                self.source.skip();
            }
            self.source.skip_comment();
            if self.source.break_width(0) == 0 {
                return;
            }
            self.source.skip_line();
            if !self.in_flow() {
                self.key_allowed = true;
            }
        }
    }

    /// Puts the token into the queue that begins where the scanner began to read, and ends where it is.
    pub(super) fn push(&mut self, kind: Kind, line: usize) {
        let (start, end) = (self.begun, self.source.offset());
        self.queue.push_back(Token { kind, line, start, end });
    }

    /// Puts a token before the one with the given number, or at the end when that has left the queue.
    fn insert(&mut self, number: usize, kind: Kind, line: usize, start: usize) {
        let at = number.checked_sub(self.taken).unwrap_or(self.queue.len()).min(self.queue.len());
        self.queue.insert(at, Token { kind, line, start, end: start });
    }

    /// Number of the token that is read next.
    fn next_number(&self) -> usize {
        self.taken + self.queue.len()
    }

    /// Remembers that a key may begin here.
    pub(super) fn save_key(&mut self) -> Result<()> {
        if !self.key_allowed {
            return Ok(());
        }
        let required = !self.in_flow() && self.indent == self.column();
        let token = self.next_number();
        self.forget_key()?;
        self.keys_by_token.push_back((token, self.keys.len() - 1));
        if let Some(key) = self.keys.last_mut() {
            let (mark, start) = (self.source.mark, self.source.offset());
            *key = SimpleKey { possible: true, required, token, mark, start };
        }
        Ok(())
    }

    /// Gives up the key that may have begun at this flow level.
    pub(super) fn forget_key(&mut self) -> Result<()> {
        let line = self.source.mark.line;
        if let Some(key) = self.keys.last_mut().filter(|key| key.possible) {
            if key.required {
                return Err(error::scanning(line, "could not find expected ':'"));
            }
            key.possible = false;
            let token = key.token;
            self.forget_token(token);
        }
        Ok(())
    }

    /// Begins a block collection when the column is deeper than that of the one being read.
    fn roll(&mut self, column: isize, number: usize, kind: Kind, line: usize, start: usize) -> Result<()> {
        if self.in_flow() || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_DEPTH {
            return self.error(&format!("exceeded max depth of {MAX_DEPTH}"));
        }
        self.insert(number, kind, line, start);
        Ok(())
    }

    fn roll_here(&mut self, kind: Kind) -> Result<()> {
        self.roll(self.column(), self.next_number(), kind, self.source.mark.line, self.source.offset())
    }

    /// Ends the block collections that are deeper than a column.
    fn unroll(&mut self, column: isize) {
        while !self.in_flow() && self.indent > column {
            self.push(Kind::BlockEnd, self.source.mark.line);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn stream_end(&mut self) -> Result<()> {
        self.source.end_line();
        self.unroll(-1);
        self.forget_key()?;
        self.key_allowed = false;
        self.push(Kind::StreamEnd, self.source.mark.line);
        Ok(())
    }

    fn directive(&mut self) -> Result<()> {
        self.unroll(-1);
        self.forget_key()?;
        self.key_allowed = false;
        self.scan_directive()
    }

    fn document_indicator(&mut self) -> Result<()> {
        self.unroll(-1);
        self.forget_key()?;
        self.key_allowed = false;
        let kind = if self.source.byte(0) == b'-' { Kind::DocumentStart } else { Kind::DocumentEnd };
        let line = self.source.mark.line;
        (0..3).for_each(|_| self.source.skip());
        self.push(kind, line);
        Ok(())
    }

    /// Puts the token of one character into the queue.
    fn indicator(&mut self, kind: Kind) {
        let line = self.source.mark.line;
        self.source.skip();
        self.push(kind, line);
    }

    fn flow_start(&mut self, kind: Kind) -> Result<()> {
        let token = self.next_number();
        self.save_key()?;
        self.keys.push(SimpleKey { token, ..SimpleKey::default() });
        if self.keys.len() > MAX_DEPTH {
            return self.error(&format!("exceeded max depth of {MAX_DEPTH}"));
        }
        self.key_allowed = true;
        self.indicator(kind);
        Ok(())
    }

    fn flow_end(&mut self, kind: Kind) -> Result<()> {
        self.forget_key()?;
        if self.in_flow()
            && let Some(key) = self.keys.pop()
        {
            // A collection without keys inside is no key itself any more: goyaml forgets it here.
            self.forget_token(key.token);
        }
        self.key_allowed = false;
        self.indicator(kind);
        Ok(())
    }

    fn flow_entry(&mut self) -> Result<()> {
        self.forget_key()?;
        self.key_allowed = true;
        self.indicator(Kind::FlowEntry);
        Ok(())
    }

    fn block_entry(&mut self) -> Result<()> {
        if !self.in_flow() {
            if !self.key_allowed {
                return self.error("block sequence entries are not allowed in this context");
            }
            self.roll_here(Kind::BlockSequenceStart)?;
        }
        self.forget_key()?;
        self.key_allowed = true;
        self.indicator(Kind::BlockEntry);
        Ok(())
    }

    fn explicit_key(&mut self) -> Result<()> {
        if !self.in_flow() {
            if !self.key_allowed {
                return self.error("mapping keys are not allowed in this context");
            }
            self.roll_here(Kind::BlockMappingStart)?;
        }
        self.forget_key()?;
        self.key_allowed = !self.in_flow();
        self.indicator(Kind::Key);
        Ok(())
    }

    fn value(&mut self) -> Result<()> {
        let at = self.keys.len() - 1;
        let key = self.keys.get(at).copied().unwrap_or_default();
        if self.is_key_valid(at)? {
            self.insert(key.token, Kind::Key, key.mark.line, key.start);
            let column = key.mark.column.cast_signed();
            self.roll(column, key.token, Kind::BlockMappingStart, key.mark.line, key.start)?;
            if let Some(key) = self.keys.get_mut(at) {
                key.possible = false;
            }
            self.forget_token(key.token);
            self.key_allowed = false;
        } else {
            if !self.in_flow() {
                if !self.key_allowed {
                    return self.error("mapping values are not allowed in this context");
                }
                self.roll_here(Kind::BlockMappingStart)?;
            }
            self.key_allowed = !self.in_flow();
        }
        self.indicator(Kind::Value);
        Ok(())
    }
}
