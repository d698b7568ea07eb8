//! Directives, anchors, aliases and tags.

use super::scan::{Kind, Result, Scanner};

impl Scanner<'_> {
    /// `%YAML 1.1` or `%TAG ! prefix`, to the end of the line.
    pub(super) fn scan_directive(&mut self) -> Result<()> {
        let line = self.source.mark.line;
        self.source.skip();
        let name = self.word();
        if name.is_empty() {
            return self.error("could not find expected directive name");
        }
        if !self.source.is_blank_or_end(0) {
            return self.error("found unexpected non-alphabetical character");
        }
        let kind = match name.as_str() {
            "YAML" => self.version()?,
            "TAG" => self.tag_directive()?,
            _ => return self.error("found unknown directive name"),
        };
        self.source.skip_blanks();
        self.source.skip_comment();
        if !self.source.is_break_or_end(0) {
            return self.error("did not find expected comment or line break");
        }
        self.source.skip_line();
        self.push(kind, line);
        Ok(())
    }

    fn version(&mut self) -> Result<Kind> {
        self.source.skip_blanks();
        let major = self.version_number()?;
        if self.source.byte(0) != b'.' {
            return self.error("did not find expected digit or '.' character");
        }
        self.source.skip();
        let minor = self.version_number()?;
        Ok(Kind::Version(major, minor))
    }

    fn version_number(&mut self) -> Result<u8> {
        let mut number = 0;
        let mut digits = 0;
        while self.source.byte(0).is_ascii_digit() {
            digits += 1;
            if digits > 2 {
                return self.error("found extremely long version number");
            }
            number = number * 10 + (self.source.byte(0) - b'0');
            self.source.skip();
        }
        if digits == 0 {
            return self.error("did not find expected version number");
        }
        Ok(number)
    }

    fn tag_directive(&mut self) -> Result<Kind> {
        self.source.skip_blanks();
        let handle = self.tag_handle(true)?;
        if !self.source.is_blank(0) {
            return self.error("did not find expected whitespace");
        }
        self.source.skip_blanks();
        let prefix = self.tag_uri("")?;
        if !self.source.is_blank_or_end(0) {
            return self.error("did not find expected whitespace or line break");
        }
        Ok(Kind::TagDirective(handle, prefix))
    }

    /// `&name` or `*name`.
    pub(super) fn anchor_or_alias(&mut self) -> Result<()> {
        self.save_key()?;
        self.key_allowed = false;
        let line = self.source.mark.line;
        let alias = self.source.byte(0) == b'*';
        self.source.skip();
        let name = self.word();
        let ended = self.source.is_blank_or_end(0)
            || matches!(self.source.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ended {
            return self.error("did not find expected alphabetic or numeric character");
        }
        self.push(if alias { Kind::Alias(name) } else { Kind::Anchor(name) }, line);
        Ok(())
    }

    /// `!<uri>`, `!suffix`, `!handle!suffix` or `!`.
    pub(super) fn tag(&mut self) -> Result<()> {
        self.save_key()?;
        self.key_allowed = false;
        let line = self.source.mark.line;
        let (handle, suffix) = if self.source.byte(1) == b'<' {
            self.source.skip();
            self.source.skip();
            let uri = self.tag_uri("")?;
            if self.source.byte(0) != b'>' {
                return self.error("did not find the expected '>'");
            }
            self.source.skip();
            (String::new(), uri)
        } else {
            let handle = self.tag_handle(false)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.tag_uri("")?;
                (handle, suffix)
            } else {
                match self.tag_uri(&handle)? {
                    suffix if suffix.is_empty() => (suffix, "!".to_owned()),
                    suffix => ("!".to_owned(), suffix),
                }
            }
        };
        if !self.source.is_blank_or_end(0) {
            return self.error("did not find expected whitespace or line break");
        }
        self.push(Kind::Tag(handle, suffix), line);
        Ok(())
    }

    /// Letters, digits, `_` and `-`.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while is_word(self.source.byte(0)) {
            self.source.read(&mut word);
        }
        word
    }

    fn tag_handle(&mut self, directive: bool) -> Result<String> {
        if self.source.byte(0) != b'!' {
            return self.error("did not find expected '!'");
        }
        let mut handle = String::new();
        self.source.read(&mut handle);
        handle.push_str(&self.word());
        if self.source.byte(0) == b'!' {
            self.source.read(&mut handle);
        } else if directive && handle != "!" {
            return self.error("did not find expected '!'");
        }
        Ok(handle)
    }

    /// The rest of a tag of which `head` was taken for a handle first.
    fn tag_uri(&mut self, head: &str) -> Result<String> {
        let mut uri = head.get(1..).unwrap_or_default().to_owned().into_bytes();
        let mut found = !head.is_empty();
        while is_uri(self.source.byte(0)) {
            if self.source.byte(0) == b'%' {
                self.uri_escape(&mut uri)?;
            } else {
                uri.push(self.source.byte(0));
                self.source.skip();
            }
            found = true;
        }
        if !found {
            return self.error("did not find expected tag URI");
        }
        Ok(String::from_utf8_lossy(&uri).into_owned())
    }

    /// One character as `%XX` for each of its bytes.
    fn uri_escape(&mut self, uri: &mut Vec<u8>) -> Result<()> {
        let mut left: Option<usize> = None;
        while left != Some(0) {
            let digit = |n| char::from(self.source.byte(n)).to_digit(16);
            let (b'%', Some(high), Some(low)) = (self.source.byte(0), digit(1), digit(2)) else {
                return self.error("did not find URI escaped octet");
            };
            let octet = (high << 4 | low) as u8;
            let width = match octet {
                0..0x80 => 1,
                0xc0..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0..0xf8 => 4,
                _ => 0,
            };
            match left {
                None if width == 0 => return self.error("found an incorrect leading UTF-8 octet"),
                Some(_) if octet & 0xc0 != 0x80 => {
                    return self.error("found an incorrect trailing UTF-8 octet");
                }
                _ => left = Some(left.unwrap_or(width) - 1),
            }
            uri.push(octet);
            (0..3).for_each(|_| self.source.skip());
        }
        Ok(())
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_uri(byte: u8) -> bool {
    is_word(byte) || b";/?:@&=+$,.!~*'()[]%".contains(&byte)
}
