//! RE2 syntax as Go reads it to that of the `regex` crate: the same but for ASCII classes, quoted text and what only one
//! of the two knows.
//!
//! Entry point: [`translate`].

/// A pattern in the crate's syntax.
///
/// # Errors
///
/// What Go says of the pattern.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        pattern,
        at: 0,
        out: String::with_capacity(pattern.len() * 2),
        open: 0,
        before: Before::Nothing,
    };
    translator.run().map_err(|(what, part)| format!("error parsing regexp: {what}: `{part}`"))?;
    Ok(translator.out)
}

/// How often something may be repeated.
const MOST_REPEATS: u32 = 1000;

type Fault<'a> = (&'static str, &'a str);
type Step<'a, T = ()> = Result<T, Fault<'a>>;

/// What stands before a repetition operator.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// Nothing that can be repeated.
    Nothing,
    Something,
    /// A repetition that began there.
    Repetition(usize),
}

struct Translator<'a> {
    pattern: &'a str,
    at: usize,
    out: String,
    open: usize,
    before: Before,
}

impl<'a> Translator<'a> {
    fn rest(&self) -> &'a str {
        self.pattern.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn since(&self, start: usize) -> &'a str {
        self.pattern.get(start..self.at).unwrap_or("")
    }

    fn run(&mut self) -> Step<'a> {
        while let Some(c) = self.peek() {
            let start = self.at;
            match c {
                '(' => self.group()?,
                ')' => {
                    self.next();
                    if self.open == 0 {
                        return Err(("unexpected )", self.pattern));
                    }
                    self.open -= 1;
                    self.put(")");
                }
                '|' => {
                    self.next();
                    self.out.push('|');
                    self.before = Before::Nothing;
                }
                '*' | '+' | '?' => {
                    self.next();
                    self.repeat(start, c.encode_utf8(&mut [0; 4]))?;
                }
                '{' => self.counted(start)?,
                '[' => {
                    let class = self.class()?;
                    self.put(&class);
                }
                '\\' => self.escape()?,
                '^' | '$' | '.' => {
                    self.next();
                    self.put(&c.to_string());
                }
                c => {
                    self.next();
                    self.literal(c);
                }
            }
        }
        if self.open > 0 { Err(("missing closing )", self.pattern)) } else { Ok(()) }
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.before = Before::Something;
    }

    fn literal(&mut self, c: char) {
        let text = quoted(c);
        self.put(&text);
    }

    /// A repetition operator, maybe a lazy one.
    fn repeat(&mut self, start: usize, operator: &str) -> Step<'a> {
        match self.before {
            Before::Nothing => return Err(("missing argument to repetition operator", self.since(start))),
            Before::Repetition(first) => {
                self.lazy();
                return Err(("invalid nested repetition operator", self.since(first)));
            }
            Before::Something => {}
        }
        self.out.push_str(operator);
        if self.lazy() {
            self.out.push('?');
        }
        self.before = Before::Repetition(start);
        Ok(())
    }

    fn lazy(&mut self) -> bool {
        let lazy = self.peek() == Some('?');
        self.at += usize::from(lazy);
        lazy
    }

    /// `{2}`, `{2,}`, `{2,3}`; anything else is a brace.
    fn counted(&mut self, start: usize) -> Step<'a> {
        let close = self.rest().find('}');
        let inner = close.and_then(|end| self.rest().get(1..end));
        let Some((least, most)) = inner.and_then(counts) else {
            self.next();
            self.literal('{');
            return Ok(());
        };
        self.at += close.map_or(1, |end| end + 1);
        let too_many = |n: Option<u32>| n.is_none_or(|n| n > MOST_REPEATS);
        let backwards = matches!((least, most), (Some(a), Some(Some(b))) if a > b);
        if too_many(least) || most.is_some_and(too_many) || backwards {
            return Err(("invalid repeat count", self.since(start)));
        }
        let operator = self.since(start);
        self.repeat(start, operator)
    }

    fn group(&mut self) -> Step<'a> {
        let start = self.at;
        self.next();
        self.open += 1;
        self.out.push('(');
        self.before = Before::Nothing;
        if self.peek() != Some('?') {
            return Ok(());
        }
        self.next();
        for named in ["P<", "<"] {
            if let Some(rest) = self.rest().strip_prefix(named) {
                let Some(end) = rest.find('>') else {
                    return Err(("invalid named capture", self.pattern.get(start..).unwrap_or("")));
                };
                let name = rest.get(..end).unwrap_or("");
                self.at += named.len() + end + 1;
                let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if !good {
                    return Err(("invalid named capture", self.since(start)));
                }
                // Nobody asks for the name; one that begins with a digit is only Go's.
                return Ok(());
            }
        }
        let mut flags = String::new();
        while let Some(c) = self.next() {
            match c {
                'i' | 'm' | 's' | 'U' => flags.push(c),
                '-' if !flags.contains('-') => flags.push(c),
                ':' | ')' if !flags.ends_with('-') => {
                    // No flags and nothing inside is a way to write nothing.
                    let none = flags.is_empty() && c == ')';
                    self.out.push_str(&if none { "?:)".to_owned() } else { format!("?{flags}{c}") });
                    self.open -= usize::from(c == ')');
                    return Ok(());
                }
                _ => break,
            }
        }
        Err(("invalid or unsupported Perl syntax", self.since(start)))
    }

    fn escape(&mut self) -> Step<'a> {
        let start = self.at;
        if let Some(quoted) = self.rest().strip_prefix("\\Q") {
            let text = quoted.split_once("\\E").map_or(quoted, |(text, _)| text);
            let ended = text.len() < quoted.len();
            self.at += 2 + text.len() + if ended { 2 } else { 0 };
            text.chars().for_each(|c| self.literal(c));
            return Ok(());
        }
        self.next();
        let Some(c) = self.peek() else { return Err(("trailing backslash at end of expression", "")) };
        let zero_width = match c {
            'A' => "\\A",
            'z' => "\\z",
            'b' => "(?-u:\\b)",
            'B' => "(?-u:\\B)",
            _ => "",
        };
        if !zero_width.is_empty() {
            self.next();
            self.put(zero_width);
        } else if let Some(class) = perl_class(c) {
            self.next();
            self.put(&format!("[{class}]"));
        } else if matches!(c, 'p' | 'P') {
            let class = self.unicode_class(start)?;
            self.put(&class);
        } else {
            let c = self.escaped_char(start)?;
            self.literal(c);
        }
        Ok(())
    }

    /// `\pN` and `\p{Greek}`, the backslash being taken.
    fn unicode_class(&mut self, start: usize) -> Step<'a, String> {
        self.next();
        match self.next() {
            Some('{') => {
                let Some(end) = self.rest().find('}') else {
                    return Err(("invalid character class range", self.pattern.get(start..).unwrap_or("")));
                };
                self.at += end + 1;
            }
            Some(_) => {}
            None => return Err(("invalid character class range", self.since(start))),
        }
        let class = self.since(start);
        // The crate knows more ways to write these than Go.
        if class.contains(['=', ':', ' ', '-']) {
            return Err(("invalid character class range", class));
        }
        // `\p{^Greek}` is everything else.
        let negated = class.strip_prefix("\\p{^").map(|name| format!("\\P{{{name}"));
        let twice = class.strip_prefix("\\P{^").map(|name| format!("\\p{{{name}"));
        Ok(negated.or(twice).unwrap_or_else(|| class.to_owned()))
    }

    /// A single character behind a backslash.
    fn escaped_char(&mut self, start: usize) -> Step<'a, char> {
        let invalid = |t: &Self| ("invalid escape sequence", t.since(start));
        let Some(c) = self.next() else { return Err(("trailing backslash at end of expression", "")) };
        match c {
            'a' => Ok('\u{7}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\u{b}'),
            '0'..='7' => {
                let more = self.peek().is_some_and(|c| ('0'..='7').contains(&c));
                if c != '0' && !more {
                    return Err(invalid(self));
                }
                let mut value = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
                    value = value * 8 + digit;
                    self.next();
                }
                char::from_u32(value).ok_or(invalid(self))
            }
            'x' => {
                let braced = self.peek() == Some('{');
                let digits = if braced {
                    let end = self.rest().find('}').ok_or(("invalid escape sequence", self.since(start)))?;
                    let digits = self.rest().get(1..end).unwrap_or("");
                    self.at += end + 1;
                    digits
                } else {
                    let digits = self.rest().get(..2).unwrap_or("");
                    self.at += digits.len();
                    digits
                };
                let good =
                    !digits.is_empty() && digits.len() <= 8 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let value = if good { u32::from_str_radix(digits, 16).ok() } else { None };
                value.and_then(char::from_u32).ok_or(invalid(self))
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
            _ => Err(invalid(self)),
        }
    }

    /// `[a-z]`.
    fn class(&mut self) -> Step<'a, String> {
        let start = self.at;
        let unclosed = ("missing closing ]", self.pattern.get(start..).unwrap_or(""));
        self.next();
        let mut out = String::from("[");
        if self.peek() == Some('^') {
            self.next();
            out.push('^');
        }
        let mut first = true;
        loop {
            let item = self.at;
            let c = self.peek().ok_or(unclosed)?;
            if c == ']' && !first {
                self.next();
                out.push(']');
                return Ok(out);
            }
            first = false;
            if let Some(named) = self.posix(item)? {
                out.push_str(&named);
                continue;
            }
            if c == '\\' {
                let escaped = self.rest().chars().nth(1);
                if let Some(class) = escaped.and_then(perl_class) {
                    self.at += 2;
                    out.push_str(&format!("[{class}]"));
                    continue;
                }
                if matches!(escaped, Some('p' | 'P')) {
                    self.next();
                    let class = self.unicode_class(item)?;
                    out.push_str(&class);
                    continue;
                }
            }
            let low = self.class_char(unclosed)?;
            let mut high = low;
            if self.rest().starts_with('-') && !self.rest().starts_with("-]") && self.rest().len() > 1 {
                self.next();
                high = self.class_char(unclosed)?;
                if high < low {
                    return Err(("invalid character class range", self.since(item)));
                }
            }
            out.push_str(&quoted(low));
            if high != low {
                out.push('-');
                out.push_str(&quoted(high));
            }
        }
    }

    fn class_char(&mut self, unclosed: Fault<'a>) -> Step<'a, char> {
        let start = self.at;
        match self.next().ok_or(unclosed)? {
            '\\' => self.escaped_char(start),
            c => Ok(c),
        }
    }

    /// `[:alpha:]`.
    fn posix(&mut self, start: usize) -> Step<'a, Option<String>> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
            "space", "upper", "word", "xdigit",
        ];
        if !self.rest().starts_with("[:") {
            return Ok(None);
        }
        let Some(end) = self.rest().find(":]") else { return Ok(None) };
        self.at += end + 2;
        let class = self.since(start);
        let name = class.trim_start_matches("[:").trim_start_matches('^').trim_end_matches(":]");
        if NAMES.contains(&name) {
            Ok(Some(class.to_owned()))
        } else {
            Err(("invalid character class range", class))
        }
    }
}

/// What is inside a class such as `\d`, in ASCII.
fn perl_class(c: char) -> Option<&'static str> {
    Some(match c {
        'd' => "0-9",
        'D' => "^0-9",
        's' => "\\t\\n\\x0c\\r ",
        'S' => "^\\t\\n\\x0c\\r ",
        'w' => "0-9A-Za-z_",
        'W' => "^0-9A-Za-z_",
        _ => return None,
    })
}

fn quoted(c: char) -> String {
    if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }
}

/// The bounds of a repetition; outer `None` when it is none, inner ones for numbers too large and for no upper bound.
fn counts(inner: &str) -> Option<(Option<u32>, Option<Option<u32>>)> {
    let number = |text: &str| {
        let good = !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        good.then(|| text.parse::<u32>().ok())
    };
    match inner.split_once(',') {
        None => {
            let n = number(inner)?;
            Some((n, Some(n)))
        }
        Some((least, "")) => Some((number(least)?, None)),
        Some((least, most)) => Some((number(least)?, Some(number(most)?))),
    }
}
