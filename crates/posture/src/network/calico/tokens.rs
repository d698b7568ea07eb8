//! Words of the language.

/// A word, or a text in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Label(String),
    Text(String),
    /// `has(label)`.
    Has(String),
    All,
    Global,
    Open,
    Close,
    OpenSet,
    CloseSet,
    Comma,
    Equal,
    Unequal,
    Not,
    And,
    Or,
    In,
    NotIn,
    Contains,
    StartsWith,
    EndsWith,
}

/// The longest name of a label.
const LONGEST: usize = 512;

/// What signs stand for; longer ones first.
const SIGNS: [(&str, Token); 10] = [
    ("==", Token::Equal),
    ("!=", Token::Unequal),
    ("&&", Token::And),
    ("||", Token::Or),
    ("!", Token::Not),
    ("(", Token::Open),
    (")", Token::Close),
    ("{", Token::OpenSet),
    ("}", Token::CloseSet),
    (",", Token::Comma),
];

/// What may follow a label; the words of one may stand apart or together.
const OPERATORS: [(&[&str], Token); 5] = [
    (&["contains"], Token::Contains),
    (&["starts", "with"], Token::StartsWith),
    (&["ends", "with"], Token::EndsWith),
    (&["not", "in"], Token::NotIn),
    (&["in"], Token::In),
];

/// The words of a text; `None` when some are no words.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut all = Vec::new();
    let mut rest = trimmed(text);
    while !rest.is_empty() {
        let after_label = matches!(all.last(), Some(Token::Label(_)));
        let (token, left) = sign(rest).or_else(|| quoted(rest)).or_else(|| match after_label {
            true => operator(rest),
            false => word(rest),
        })?;
        all.push(token);
        rest = trimmed(left);
    }
    Some(all)
}

fn trimmed(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

fn sign(text: &str) -> Option<(Token, &str)> {
    SIGNS.into_iter().find_map(|(sign, token)| Some((token, text.strip_prefix(sign)?)))
}

/// There are no escapes within quotes.
fn quoted(text: &str) -> Option<(Token, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (inner, rest) = text.strip_prefix(quote)?.split_once(quote)?;
    Some((Token::Text(inner.to_owned()), rest))
}

fn operator(text: &str) -> Option<(Token, &str)> {
    OPERATORS.into_iter().find_map(|(words, token)| {
        let mut rest = text;
        for word in words {
            rest = trimmed(rest).strip_prefix(word)?;
        }
        (!rest.starts_with(is_of_names)).then_some((token, rest))
    })
}

fn word(text: &str) -> Option<(Token, &str)> {
    let call = |name: &str| Some(trimmed(text.strip_prefix(name)?));
    if let Some(rest) = call("has(") {
        let (key, rest) = name(rest)?;
        return Some((Token::Has(key.to_owned()), trimmed(rest).strip_prefix(')')?));
    }
    for (start, token) in [("all(", Token::All), ("global(", Token::Global)] {
        if let Some(rest) = call(start) {
            return Some((token, rest.strip_prefix(')')?));
        }
    }
    let (key, rest) = name(text)?;
    Some((Token::Label(key.to_owned()), rest))
}

fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c| !is_of_names(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    (!name.is_empty() && name.len() <= LONGEST).then_some((name, rest))
}

fn is_of_names(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-')
}
