//! Protocol buffers as text, as far as the conformance data needs it.
//!
//! Entry point: [`Message::parse`].

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

/// A message: its fields in order, repeated ones several times.
#[derive(Debug, Default, Clone)]
pub struct Message(Vec<(String, Field)>);

#[derive(Debug, Clone)]
pub enum Field {
    Message(Message),
    /// A quoted text, escapes resolved.
    Text(Vec<u8>),
    /// A number, a word.
    Word(String),
}

impl Message {
    pub fn parse(text: &str) -> Self {
        let mut reader = Reader { rest: text };
        reader.message()
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, f)| f)
    }

    pub fn fields(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.0.iter().map(|(n, f)| (n.as_str(), f))
    }

    pub fn message(&self, name: &str) -> Option<&Message> {
        let fields = self.0.iter().filter(|(n, _)| n == name);
        fields.map(|(_, f)| f).find_map(|f| if let Field::Message(m) = f { Some(m) } else { None })
    }

    pub fn messages<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Message> {
        self.all(name).filter_map(|f| if let Field::Message(m) = f { Some(m) } else { None })
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, f)| f.text())
    }

    /// True when the word is part of any text, word or name of a field.
    pub fn mentions(&self, word: &str) -> bool {
        self.0.iter().any(|(name, field)| {
            name.contains(word)
                || match field {
                    Field::Message(m) => m.mentions(word),
                    other => other.text().contains(word),
                }
        })
    }

    pub fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(|t| t == "true")
    }
}

impl Field {
    pub fn text(&self) -> String {
        match self {
            Field::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Field::Word(word) => word.clone(),
            Field::Message(_) => String::new(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        if let Field::Text(bytes) = self { bytes.clone() } else { self.text().into_bytes() }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == ';');
            match self.rest.strip_prefix('#') {
                Some(comment) => self.rest = comment.split_once('\n').map_or("", |(_, r)| r),
                None => return,
            }
        }
    }

    fn take(&mut self, token: char) -> bool {
        self.skip();
        let found = self.rest.strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn word(&mut self) -> String {
        self.skip();
        let bracketed = self.rest.starts_with('[');
        let end = if bracketed {
            self.rest.find(']').unwrap() + 1
        } else {
            self.rest.find(|c: char| !c.is_alphanumeric() && !"_.-+".contains(c)).unwrap_or(self.rest.len())
        };
        let (word, rest) = self.rest.split_at(end);
        assert!(!word.is_empty(), "no word at {:?}", &self.rest[..self.rest.len().min(40)]);
        self.rest = rest;
        word.to_owned()
    }

    fn message(&mut self) -> Message {
        let mut out = Message::default();
        loop {
            self.skip();
            if self.rest.is_empty() || self.take('}') || self.take('>') {
                return out;
            }
            let name = self.word();
            self.take(':');
            if self.take('[') {
                while !self.take(']') {
                    let field = self.field();
                    out.0.push((name.clone(), field));
                }
            } else {
                let field = self.field();
                out.0.push((name, field));
            }
        }
    }

    fn field(&mut self) -> Field {
        self.skip();
        if self.take('{') || self.take('<') {
            return Field::Message(self.message());
        }
        if !self.rest.starts_with(['"', '\'']) {
            return Field::Word(self.word());
        }
        let mut text = Vec::new();
        while self.rest.starts_with(['"', '\'']) {
            self.string(&mut text);
            self.skip();
        }
        Field::Text(text)
    }

    fn string(&mut self, out: &mut Vec<u8>) {
        let quote = self.rest.as_bytes()[0];
        let bytes = self.rest.as_bytes();
        let mut i = 1;
        while bytes[i] != quote {
            if bytes[i] != b'\\' {
                out.push(bytes[i]);
                i += 1;
                continue;
            }
            let c = bytes[i + 1];
            i += 2;
            let digits = |from: usize, most: usize, radix: u32| {
                let run =
                    bytes[from..].iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count();
                (
                    u32::from_str_radix(std::str::from_utf8(&bytes[from..from + run]).unwrap(), radix)
                        .unwrap(),
                    run,
                )
            };
            match c {
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'a' => out.push(7),
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'v' => out.push(11),
                b'x' => {
                    let (value, run) = digits(i, 2, 16);
                    out.push(value as u8);
                    i += run;
                }
                b'u' | b'U' => {
                    let (value, run) = digits(i, if c == b'u' { 4 } else { 8 }, 16);
                    out.extend(char::from_u32(value).unwrap().to_string().bytes());
                    i += run;
                }
                b'0'..=b'7' => {
                    let (value, run) = digits(i - 1, 3, 8);
                    out.push(value as u8);
                    i += run - 1;
                }
                c => out.push(c),
            }
        }
        self.rest = &self.rest[i + 1..];
    }
}
