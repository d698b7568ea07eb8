//! Characters to tokens, with the longest match and the errors of ANTLR's lexer.
//!
//! Entry point: [`tokens`].

/// A kind of token; the order is the grammar's, in which sets of expected tokens are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tok {
    Eof,
    Equals,
    NotEquals,
    In,
    Less,
    LessEquals,
    GreaterEquals,
    Greater,
    And,
    Or,
    LBracket,
    RBracket,
    LBrace,
    RBrace,
    LParen,
    RParen,
    Dot,
    Comma,
    Minus,
    Exclam,
    Question,
    Colon,
    Plus,
    Star,
    Slash,
    Percent,
    True,
    False,
    Null,
    Float,
    Int,
    Uint,
    String,
    Bytes,
    Ident,
    EscIdent,
}

/// How the kinds are named in messages, in their order.
pub(crate) const NAMES: [&str; 36] = [
    "<EOF>",
    "'=='",
    "'!='",
    "'in'",
    "'<'",
    "'<='",
    "'>='",
    "'>'",
    "'&&'",
    "'||'",
    "'['",
    "']'",
    "'{'",
    "'}'",
    "'('",
    "')'",
    "'.'",
    "','",
    "'-'",
    "'!'",
    "'?'",
    "':'",
    "'+'",
    "'*'",
    "'/'",
    "'%'",
    "'true'",
    "'false'",
    "'null'",
    "NUM_FLOAT",
    "NUM_INT",
    "NUM_UINT",
    "STRING",
    "BYTES",
    "IDENTIFIER",
    "ESC_IDENTIFIER",
];

/// A token: its kind, its bytes and the code point it begins at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: Tok,
    pub start: usize,
    pub end: usize,
    pub offset: u32,
}

/// A text that is no token.
pub(crate) struct Fault {
    pub offset: u32,
    pub start: usize,
    pub text: String,
}

/// All tokens of a text, the last being [`Tok::Eof`], and what could not be read.
pub(crate) fn tokens(text: &str) -> (Vec<Token>, Vec<Fault>) {
    let mut lexer = Lexer { text, at: 0, offset: 0 };
    let (mut out, mut faults) = (Vec::with_capacity(text.len() / 3 + 2), Vec::new());
    loop {
        lexer.skip_blanks();
        let (start, offset) = (lexer.at, lexer.offset);
        match lexer.next() {
            Some(Ok(kind)) => out.push(Token { kind, start, end: lexer.at, offset }),
            Some(Err(text)) => faults.push(Fault { offset, start, text }),
            None => break,
        }
    }
    out.push(Token { kind: Tok::Eof, start: text.len(), end: text.len(), offset: lexer.offset });
    (out, faults)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    offset: u32,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn advance(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        let taken = self.text.get(self.at..end).unwrap_or("");
        self.offset += taken.chars().count() as u32;
        self.at = end;
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches(['\t', ' ', '\r', '\n', '\u{c}']).len();
            let comment = if rest.starts_with("//") { rest.find('\n').unwrap_or(rest.len()) } else { 0 };
            if blanks + comment == 0 {
                return;
            }
            self.advance(blanks.max(comment));
        }
    }

    /// The next token, or the text that is none; `None` at the end.
    fn next(&mut self) -> Option<Result<Tok, String>> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let (found, reached) = longest(rest.as_bytes());
        if let Some((kind, len)) = found {
            let kind = if kind == Tok::Ident { keyword(rest.get(..len).unwrap_or("")) } else { kind };
            self.advance(len);
            return Some(Ok(kind));
        }
        // What was read so far and the character that did not fit are dropped together.
        let misfit = rest.get(reached..).and_then(|r| r.chars().next()).map_or(0, char::len_utf8);
        let text = rest.get(..reached + misfit).unwrap_or(rest).to_owned();
        self.advance(reached + misfit);
        Some(Err(text))
    }
}

fn keyword(text: &str) -> Tok {
    match text {
        "in" => Tok::In,
        "true" => Tok::True,
        "false" => Tok::False,
        "null" => Tok::Null,
        _ => Tok::Ident,
    }
}

/// The longest token at the start and its length, and how far reading got when there is none.
fn longest(b: &[u8]) -> (Option<(Tok, usize)>, usize) {
    let at = |i: usize| b.get(i).copied().unwrap_or(0);
    let one = |kind| (Some((kind, 1)), 1);
    let pair = |second: u8, kind: Tok, single: Option<Tok>| match (at(1) == second, single) {
        (true, _) => (Some((kind, 2)), 2),
        (false, Some(single)) => (Some((single, 1)), 1),
        (false, None) => (None, 1),
    };
    match at(0) {
        b'=' => pair(b'=', Tok::Equals, None),
        b'!' => pair(b'=', Tok::NotEquals, Some(Tok::Exclam)),
        b'<' => pair(b'=', Tok::LessEquals, Some(Tok::Less)),
        b'>' => pair(b'=', Tok::GreaterEquals, Some(Tok::Greater)),
        b'&' => pair(b'&', Tok::And, None),
        b'|' => pair(b'|', Tok::Or, None),
        b'[' => one(Tok::LBracket),
        b']' => one(Tok::RBracket),
        b'{' => one(Tok::LBrace),
        b'}' => one(Tok::RBrace),
        b'(' => one(Tok::LParen),
        b')' => one(Tok::RParen),
        b'.' if at(1).is_ascii_digit() => number(b),
        b'.' => one(Tok::Dot),
        b',' => one(Tok::Comma),
        b'-' => one(Tok::Minus),
        b'?' => one(Tok::Question),
        b':' => one(Tok::Colon),
        b'+' => one(Tok::Plus),
        b'*' => one(Tok::Star),
        b'/' => one(Tok::Slash),
        b'%' => one(Tok::Percent),
        b'0'..=b'9' => number(b),
        b'`' => escaped(b),
        b'"' | b'\'' => {
            quoted(b, 0, false).map_or_else(|reached| (None, reached), |end| (Some((Tok::String, end)), end))
        }
        b'_' | b'a'..=b'z' | b'A'..=b'Z' => word(b),
        _ => (None, 0),
    }
}

fn digits(b: &[u8], from: usize) -> usize {
    from + b.iter().skip(from).take_while(|c| c.is_ascii_digit()).count()
}

fn number(b: &[u8]) -> (Option<(Tok, usize)>, usize) {
    let at = |i: usize| b.get(i).copied().unwrap_or(0);
    if at(0) == b'0' && at(1) == b'x' && at(2).is_ascii_hexdigit() {
        let end = 2 + b.iter().skip(2).take_while(|c| c.is_ascii_hexdigit()).count();
        return if matches!(at(end), b'u' | b'U') {
            (Some((Tok::Uint, end + 1)), end)
        } else {
            (Some((Tok::Int, end)), end)
        };
    }
    let whole = digits(b, 0);
    let mut end = whole;
    let mut kind = Tok::Int;
    if at(end) == b'.' && at(end + 1).is_ascii_digit() {
        end = digits(b, end + 1);
        kind = Tok::Float;
    }
    if matches!(at(end), b'e' | b'E') {
        let sign = usize::from(matches!(at(end + 1), b'+' | b'-'));
        if at(end + 1 + sign).is_ascii_digit() {
            end = digits(b, end + 1 + sign);
            kind = Tok::Float;
        }
    }
    if kind == Tok::Int && matches!(at(end), b'u' | b'U') {
        return (Some((Tok::Uint, end + 1)), end);
    }
    (Some((kind, end)), end)
}

fn escaped(b: &[u8]) -> (Option<(Tok, usize)>, usize) {
    let inner = |c: &&u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b'/' | b' ');
    let end = 1 + b.iter().skip(1).take_while(inner).count();
    if end > 1 && b.get(end) == Some(&b'`') { (Some((Tok::EscIdent, end + 1)), end) } else { (None, end) }
}

/// An identifier, or a string with a prefix (`r`, `b`, `br`).
fn word(b: &[u8]) -> (Option<(Tok, usize)>, usize) {
    let at = |i: usize| b.get(i).copied().unwrap_or(0);
    let is_quote = |c: u8| matches!(c, b'"' | b'\'');
    let bytes = usize::from(matches!(at(0), b'b' | b'B'));
    let raw = usize::from(matches!(at(bytes), b'r' | b'R'));
    if bytes + raw > 0
        && is_quote(at(bytes + raw))
        && let Ok(end) = quoted(b, bytes + raw, raw > 0)
    {
        return (Some((if bytes > 0 { Tok::Bytes } else { Tok::String }, end)), end);
    }
    let end = b.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == b'_').count();
    (Some((Tok::Ident, end)), end)
}

/// The end of a string whose opening quote is at `from`; on failure where reading stopped.
fn quoted(b: &[u8], from: usize, raw: bool) -> Result<usize, usize> {
    let at = |i: usize| b.get(i).copied().unwrap_or(0);
    let quote = at(from);
    let triple = at(from + 1) == quote && at(from + 2) == quote;
    if triple {
        if let Ok(end) = quoted_body(b, from + 3, quote, true, raw) {
            return Ok(end);
        }
        // Two quotes alone are an empty string.
        return Ok(from + 2);
    }
    quoted_body(b, from + 1, quote, false, raw)
}

fn quoted_body(b: &[u8], from: usize, quote: u8, triple: bool, raw: bool) -> Result<usize, usize> {
    let mut i = from;
    while let Some(&c) = b.get(i) {
        if c == quote && !triple {
            return Ok(i + 1);
        }
        if c == quote && b.get(i + 1) == Some(&quote) && b.get(i + 2) == Some(&quote) {
            return Ok(i + 3);
        }
        if c == b'\\' && !raw {
            i = escape(b, i)?;
            continue;
        }
        if !triple && matches!(c, b'\n' | b'\r') {
            return Err(i);
        }
        i += 1;
    }
    Err(b.len())
}

/// The end of an escape sequence.
fn escape(b: &[u8], backslash: usize) -> Result<usize, usize> {
    let at = |i: usize| b.get(i).copied().unwrap_or(0);
    let run = |count: usize, holds: fn(u8) -> bool| {
        let from = backslash + 2;
        let good = (from..from + count).take_while(|i| holds(at(*i))).count();
        if good == count { Ok(from + count) } else { Err(from + good) }
    };
    match at(backslash + 1) {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`' => {
            Ok(backslash + 2)
        }
        b'x' | b'X' => run(2, |c| c.is_ascii_hexdigit()),
        b'u' => run(4, |c| c.is_ascii_hexdigit()),
        b'U' => run(8, |c| c.is_ascii_hexdigit()),
        b'0'..=b'3' => run(2, |c| (b'0'..=b'7').contains(&c)),
        _ => Err(backslash + 1),
    }
}
