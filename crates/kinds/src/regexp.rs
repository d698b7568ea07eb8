//! Regular expressions as Go's `regexp` reads them (RE2 syntax): whether one is well-formed, in that parser's words.
//!
//! Entry point: [`fault`].  Nothing is compiled here.

/// Deepest nesting of groups.
const MAX_DEPTH: usize = 1000;
/// Most copies that nested repetitions may ask for.
const MAX_REPEAT: u64 = 1000;
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Why the expression cannot be compiled, `None` when it can.
pub(crate) fn fault(pattern: &str) -> Option<String> {
    let mut parser = Parser { whole: pattern, rest: pattern, groups: vec![Group::default()] };
    let (why, part) = parser.run().err()?;
    Some(format!("error parsing regexp: {why}: `{part}`"))
}

/// What is wrong, and the part of the expression where it is.
type Fault<'a> = (&'static str, &'a str);

/// What an open group (or the whole) holds so far.
#[derive(Clone, Copy, Default)]
struct Group {
    /// Something stands before the next operator that it can repeat.
    operand: bool,
    /// How many copies of something the last operand asks for.
    last: u64,
    /// The same for the greediest operand before.
    most: u64,
}

impl Group {
    fn push(&mut self, copies: u64) {
        self.most = self.most.max(self.last);
        self.operand = true;
        self.last = copies;
    }
}

struct Parser<'a> {
    whole: &'a str,
    rest: &'a str,
    groups: Vec<Group>,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<(), Fault<'a>> {
        // Where the last repetition operator began, when nothing stands between it and here.
        let mut repeated: Option<&'a str> = None;
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let last = repeated.take();
            match c {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.skip(1);
                    if let Some(group) = self.groups.last_mut() {
                        *group = Group { operand: false, last: 0, most: group.most.max(group.last) };
                    }
                }
                '[' => self.class()?,
                '\\' => self.escape()?,
                '*' | '+' | '?' => {
                    self.skip(1);
                    self.repeat(before, last, 1)?;
                    repeated = Some(before);
                }
                '{' => match self.bounds()? {
                    Some(copies) => {
                        self.repeat(before, last, copies)?;
                        repeated = Some(before);
                    }
                    None => self.literal(1),
                },
                c => self.literal(c.len_utf8()),
            }
        }
        if self.groups.len() == 1 { Ok(()) } else { Err(("missing closing )", self.whole)) }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
    }

    fn literal(&mut self, bytes: usize) {
        self.skip(bytes);
        self.operand(1);
    }

    fn operand(&mut self, copies: u64) {
        if let Some(group) = self.groups.last_mut() {
            group.push(copies);
        }
    }

    /// The text from `start` up to where the parser stands.
    fn since(&self, start: &'a str) -> &'a str {
        start.get(..start.len() - self.rest.len()).unwrap_or(start)
    }

    fn open(&mut self) -> Result<(), Fault<'a>> {
        if self.groups.len() > MAX_DEPTH {
            return Err(("expression nests too deeply", self.whole));
        }
        if self.rest.starts_with("(?P<") && self.rest.len() > 4 {
            self.named(4)?;
        } else if self.rest.starts_with("(?<") && self.rest.len() > 3 {
            self.named(3)?;
        } else if self.rest.starts_with("(?") {
            if !self.flags()? {
                return Ok(());
            }
        } else {
            self.skip(1);
        }
        self.groups.push(Group::default());
        Ok(())
    }

    fn named(&mut self, prefix: usize) -> Result<(), Fault<'a>> {
        const WHY: &str = "invalid named capture";
        let start = self.rest;
        let end = start.find('>').ok_or((WHY, start))?;
        self.skip(end + 1);
        let name = start.get(prefix..end).unwrap_or("");
        let sound = !name.is_empty() && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
        if sound { Ok(()) } else { Err((WHY, self.since(start))) }
    }

    /// Flags such as `(?i)` and `(?s-i:`; says whether they open a group.
    fn flags(&mut self) -> Result<bool, Fault<'a>> {
        let start = self.rest;
        self.skip(2);
        let (mut negative, mut any) = (false, false);
        while let Some(c) = self.rest.chars().next() {
            self.skip(c.len_utf8());
            match c {
                'i' | 'm' | 's' | 'U' => any = true,
                '-' if !negative => (negative, any) = (true, false),
                ':' | ')' if !negative || any => return Ok(c == ':'),
                _ => break,
            }
        }
        Err(("invalid or unsupported Perl syntax", self.since(start)))
    }

    fn close(&mut self) -> Result<(), Fault<'a>> {
        self.skip(1);
        let Some(group) = self.groups.pop().filter(|_| !self.groups.is_empty()) else {
            return Err(("unexpected )", self.whole));
        };
        self.operand(group.most.max(group.last).max(1));
        Ok(())
    }

    /// An operator that began at `before` and repeats the last operand `copies` times.
    fn repeat(&mut self, before: &'a str, last: Option<&'a str>, copies: u64) -> Result<(), Fault<'a>> {
        if self.rest.starts_with('?') {
            self.skip(1);
        }
        if let Some(last) = last {
            return Err(("invalid nested repetition operator", self.since(last)));
        }
        let part = self.since(before);
        let Some(group) = self.groups.last_mut().filter(|group| group.operand) else {
            return Err(("missing argument to repetition operator", part));
        };
        group.last = group.last.max(1) * copies;
        if copies >= 2 && group.last > MAX_REPEAT {
            return Err(("invalid repeat count", part));
        }
        group.last = group.last.max(1);
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,4}`: how many copies that asks for.  What is of another form stands for itself.
    fn bounds(&mut self) -> Result<Option<u64>, Fault<'a>> {
        let start = self.rest;
        let Some(end) = start.find('}') else { return Ok(None) };
        let inner = start.get(1..end).unwrap_or("");
        let (low, high) = inner
            .split_once(',')
            .map_or((inner, Some(inner)), |(low, high)| (low, Some(high).filter(|high| !high.is_empty())));
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_digit())
                && (text.len() == 1 || !text.starts_with('0'))
        };
        if !plain(low) || !high.is_none_or(plain) {
            return Ok(None);
        }
        self.skip(end + 1);
        let number = |text: &str| text.parse().unwrap_or(u64::MAX);
        let (low, high) = (number(low), high.map(number));
        if low > MAX_REPEAT || high.is_some_and(|high| high > MAX_REPEAT || high < low) {
            return Err(("invalid repeat count", self.since(start)));
        }
        Ok(Some(high.unwrap_or(low)))
    }

    /// A backslash outside of classes.
    fn escape(&mut self) -> Result<(), Fault<'a>> {
        match self.rest.chars().nth(1) {
            Some('A' | 'b' | 'B' | 'z') => self.literal(2),
            Some('C') => return Err(("invalid escape sequence", self.rest.get(..2).unwrap_or(""))),
            Some('Q') => {
                let quoted = self.rest.get(2..).unwrap_or("");
                let (text, rest) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                self.rest = rest;
                if !text.is_empty() {
                    self.operand(1);
                }
            }
            _ => {
                if !self.shared_escape()? {
                    self.single()?;
                }
                self.operand(1);
            }
        }
        Ok(())
    }

    /// `\d`, `\pL` and their like, which classes know, too.
    fn shared_escape(&mut self) -> Result<bool, Fault<'a>> {
        match self.rest.strip_prefix('\\').and_then(|rest| rest.chars().next()) {
            Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => {
                self.skip(2);
                Ok(true)
            }
            Some('p' | 'P') => {
                const WHY: &str = "invalid character class range";
                let start = self.rest;
                self.skip(2);
                let Some(c) = self.rest.chars().next() else {
                    return Err(("invalid escape sequence", start));
                };
                let name = if c == '{' {
                    let end = self.rest.find('}').ok_or((WHY, start))?;
                    let name = self.rest.get(1..end).unwrap_or("");
                    self.skip(end + 1);
                    name
                } else {
                    let name = self.rest.get(..c.len_utf8()).unwrap_or("");
                    self.skip(c.len_utf8());
                    name
                };
                let name = name.strip_prefix('^').unwrap_or(name);
                let known = name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
                if known { Ok(true) } else { Err((WHY, self.since(start))) }
            }
            _ => Ok(false),
        }
    }

    /// A backslash and what it escapes: one character.
    fn single(&mut self) -> Result<char, Fault<'a>> {
        const WHY: &str = "invalid escape sequence";
        let start = self.rest;
        self.skip(1);
        let Some(c) = self.rest.chars().next() else {
            return Err(("trailing backslash at end of expression", ""));
        };
        self.skip(c.len_utf8());
        let octal = |rest: &str| rest.bytes().take_while(|b| (b'0'..=b'7').contains(b)).take(2).count();
        let value = match c {
            '1'..='7' if octal(self.rest) == 0 => None,
            '0'..='7' => {
                self.skip(octal(self.rest));
                u32::from_str_radix(self.since(start).get(1..).unwrap_or(""), 8).ok().and_then(char::from_u32)
            }
            'x' => self.hexadecimal(),
            'a' => Some('\x07'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        };
        value.ok_or_else(|| (WHY, self.since(start)))
    }

    /// What follows `\x`: two digits, or any number of them in braces.
    fn hexadecimal(&mut self) -> Option<char> {
        let digits = match self.rest.strip_prefix('{') {
            Some(inner) => {
                let digits =
                    inner.get(..inner.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(inner.len()))?;
                let closed = inner.get(digits.len()..)?.starts_with('}');
                let next = inner.get(digits.len()..)?.chars().next().map_or(0, char::len_utf8);
                self.skip(1 + digits.len() + next);
                Some(digits).filter(|_| closed)?
            }
            None => {
                let two: usize = self.rest.chars().take(2).map(char::len_utf8).sum();
                let digits = self.rest.get(..two)?;
                self.skip(two);
                Some(digits)
                    .filter(|digits| digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit()))?
            }
        };
        // Go counts surrogates as characters; which one stands here does not matter.
        let code = u32::from_str_radix(digits, 16).ok().filter(|code| *code <= 0x10_ffff)?;
        Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn class(&mut self) -> Result<(), Fault<'a>> {
        let start = self.rest;
        self.skip(1);
        if self.rest.starts_with('^') {
            self.skip(1);
        }
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if self.posix()? || self.shared_escape()? {
                continue;
            }
            let range = self.rest;
            let low = self.class_char(start)?;
            let mut next = self.rest.chars();
            if next.next() == Some('-') && next.next().is_some_and(|c| c != ']') {
                self.skip(1);
                if self.class_char(start)? < low {
                    return Err(("invalid character class range", self.since(range)));
                }
            }
        }
        self.literal(1);
        Ok(())
    }

    /// `[:alpha:]` inside a class.
    fn posix(&mut self) -> Result<bool, Fault<'a>> {
        let start = self.rest;
        let Some(inner) = start.strip_prefix("[:").filter(|inner| !inner.is_empty()) else {
            return Ok(false);
        };
        let Some(end) = inner.find(":]") else { return Ok(false) };
        self.skip(2 + end + 2);
        let name = inner.get(..end).unwrap_or("");
        let known = POSIX.contains(&name.strip_prefix('^').unwrap_or(name));
        if known { Ok(true) } else { Err(("invalid character class range", self.since(start))) }
    }

    fn class_char(&mut self, class: &'a str) -> Result<char, Fault<'a>> {
        match self.rest.chars().next() {
            None => Err(("missing closing ]", class)),
            Some('\\') => self.single(),
            Some(c) => {
                self.skip(c.len_utf8());
                Ok(c)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_expressions() {
        for pattern in [
            "",
            "^[a-z]([-a-z0-9]*[a-z0-9])?$",
            "[]a]",
            "[[]",
            "[^]-]",
            "[a-]",
            "(?i)x|y(?P<n>z)(?<m>w)(?s-i:.)",
            r"\d+\.\pL\p{Greek}[\w[:alpha:]\x41-\x{5A}]\Q*\E*\z",
            "a{,2}{x}",
            "a{2,3}?",
            "()*",
            "(a{10}){100}",
            r"\_\/\-",
            "|a||b",
        ] {
            assert_eq!(fault(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn faults() {
        for (pattern, wanted) in [
            ("[a", "missing closing ]: `[a`"),
            ("x[]", "missing closing ]: `[]`"),
            ("(a", "missing closing ): `(a`"),
            ("a)", "unexpected ): `a)`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("(|+)", "missing argument to repetition operator: `+`"),
            ("a**b", "invalid nested repetition operator: `**`"),
            ("a+?{2}", "invalid nested repetition operator: `+?{2}`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("a{3,2}", "invalid repeat count: `{3,2}`"),
            ("(a{100}){11}", "invalid repeat count: `{11}`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
            (r"\1", r"invalid escape sequence: `\1`"),
            (r"\y", r"invalid escape sequence: `\y`"),
            (r"\x4", r"invalid escape sequence: `\x4`"),
            (r"\x{}", r"invalid escape sequence: `\x{}`"),
            (r"a\", "trailing backslash at end of expression: ``"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?<=a)", "invalid named capture: `(?<=a)`"),
            ("(?P<n", "invalid named capture: `(?P<n`"),
            (r"\p{", r"invalid character class range: `\p{`"),
        ] {
            assert_eq!(fault(pattern).as_deref(), Some(format!("error parsing regexp: {wanted}").as_str()));
        }
    }
}
