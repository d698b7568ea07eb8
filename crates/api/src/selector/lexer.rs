//! Tokens of a label selector.
//!
//! Entry point: [`scan`].  A NUL byte ends a token and, between tokens, the whole text, as upstream's lexer has it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    End,
    ClosedPar,
    Comma,
    Not,
    DoubleEquals,
    Equals,
    GreaterThan,
    Identifier,
    In,
    LessThan,
    NotEquals,
    NotIn,
    OpenPar,
}

/// The tokens of `text` with their literals; the last one is [`Token::End`].
pub(super) fn scan(text: &str) -> Vec<(Token, String)> {
    let mut lexer = Lexer { rest: text };
    let mut tokens = Vec::new();
    loop {
        let (token, literal) = lexer.next();
        tokens.push((token, literal));
        if token == Token::End {
            return tokens;
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
}

impl Lexer<'_> {
    fn next(&mut self) -> (Token, String) {
        self.rest = self.rest.trim_start_matches(is_whitespace);
        match self.rest.chars().next() {
            None | Some('\0') => (Token::End, String::new()),
            Some(c) if is_special(c) => self.special(),
            Some(_) => self.identifier(),
        }
    }

    fn identifier(&mut self) -> (Token, String) {
        let end =
            self.rest.find(|c| c == '\0' || is_special(c) || is_whitespace(c)).unwrap_or(self.rest.len());
        let (literal, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix('\0').unwrap_or(rest);
        let token = match literal {
            "in" => Token::In,
            "notin" => Token::NotIn,
            _ => Token::Identifier,
        };
        (token, literal.to_owned())
    }

    /// The longest symbol: every special character is one, `==` and `!=` are the only longer ones.
    fn special(&mut self) -> (Token, String) {
        let known = |n| self.rest.get(..n).and_then(|s| Some((symbol(s)?, s.to_owned())));
        let Some((token, literal)) = known(2).or_else(|| known(1)) else {
            return (Token::End, String::new());
        };
        let rest = self.rest.get(literal.len()..).unwrap_or("");
        self.rest = rest.strip_prefix('\0').unwrap_or(rest);
        (token, literal)
    }
}

fn symbol(text: &str) -> Option<Token> {
    Some(match text {
        ")" => Token::ClosedPar,
        "," => Token::Comma,
        "!" => Token::Not,
        "==" => Token::DoubleEquals,
        "=" => Token::Equals,
        ">" => Token::GreaterThan,
        "<" => Token::LessThan,
        "!=" => Token::NotEquals,
        "(" => Token::OpenPar,
        _ => return None,
    })
}

fn is_special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn is_whitespace(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
