//! Scalars: block (`|`, `>`), quoted and plain ones, their folding and their escapes.

use super::scan::{Kind, Result, Scanner};

/// White space between two pieces of a scalar that goes over several lines.
#[derive(Default)]
struct Gap {
    spaces: String,
    first_break: String,
    more_breaks: String,
    /// A line break was met, so spaces are indentation from here on.
    broken: bool,
}

impl Gap {
    /// Appends what the white space stands for: a single line break is a space, more are one less.
    fn fold_into(&mut self, text: &mut String) {
        if !self.broken && self.spaces.is_empty() {
            return;
        }
        if !self.broken {
            text.push_str(&self.spaces);
        } else if self.first_break.starts_with('\n') {
            text.push_str(if self.more_breaks.is_empty() { " " } else { &self.more_breaks });
        } else {
            text.push_str(&self.first_break);
            text.push_str(&self.more_breaks);
        }
        *self = Self::default();
    }
}

/// What becomes of the line breaks at the end of a block scalar.
#[derive(Clone, Copy, PartialEq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_> {
    /// Reads one blank or line break into a gap.
    fn read_gap(&mut self, gap: &mut Gap) {
        if self.source.is_blank(0) {
            if gap.broken {
                self.source.skip();
            } else {
                self.source.read(&mut gap.spaces);
            }
        } else if gap.broken {
            self.source.read_line(&mut gap.more_breaks);
        } else {
            gap.spaces.clear();
            self.source.read_line(&mut gap.first_break);
            gap.broken = true;
        }
    }

    fn in_gap(&self) -> bool {
        self.source.is_blank(0) || self.source.break_width(0) > 0
    }

    /// A scalar without quotes.
    pub(super) fn plain_scalar(&mut self) -> Result<()> {
        self.save_key()?;
        self.key_allowed = false;
        let line = self.source.mark.line;
        let indent = self.indent + 1;
        let mut text = String::new();
        let mut gap = Gap::default();
        while !self.source.is_document_indicator() && self.source.byte(0) != b'#' {
            while !self.source.is_blank_or_end(0) && !self.ends_plain() {
                gap.fold_into(&mut text);
                self.source.read(&mut text);
                self.source.read_run(&mut text, |b| {
                    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/' | b'_')
                });
            }
            if !self.in_gap() {
                break;
            }
            while self.in_gap() {
                let column = self.source.mark.column.cast_signed();
                if gap.broken && column < indent && self.source.byte(0) == b'\t' {
                    return self.error("found a tab character that violates indentation");
                }
                self.read_gap(&mut gap);
            }
            if !self.in_flow() && self.source.mark.column.cast_signed() < indent {
                break;
            }
        }
        self.push(Kind::Scalar { text, plain: true }, line);
        if gap.broken {
            self.key_allowed = true;
        }
        Ok(())
    }

    fn ends_plain(&self) -> bool {
        match self.source.byte(0) {
            b':' => self.source.is_blank_or_end(1),
            b',' | b'?' | b'[' | b']' | b'{' | b'}' => self.in_flow(),
            _ => false,
        }
    }

    /// A scalar in single or double quotes.
    pub(super) fn quoted_scalar(&mut self, quote: u8) -> Result<()> {
        self.save_key()?;
        self.key_allowed = false;
        let line = self.source.mark.line;
        self.source.skip();
        let mut text = String::new();
        let mut gap = Gap::default();
        loop {
            if self.source.is_document_indicator() {
                return self.error("found unexpected document indicator");
            }
            if self.source.is_end() {
                return self.error("found unexpected end of stream");
            }
            self.quoted_run(quote, &mut text, &mut gap)?;
            if self.source.byte(0) == quote {
                break;
            }
            while self.in_gap() {
                self.read_gap(&mut gap);
            }
            gap.fold_into(&mut text);
        }
        self.source.skip();
        self.push(Kind::Scalar { text, plain: false }, line);
        Ok(())
    }

    /// Reads up to white space or the closing quote.
    fn quoted_run(&mut self, quote: u8, text: &mut String, gap: &mut Gap) -> Result<()> {
        while !self.source.is_blank_or_end(0) {
            match (quote, self.source.byte(0)) {
                (b'\'', b'\'') if self.source.byte(1) == b'\'' => {
                    text.push('\'');
                    self.source.skip();
                    self.source.skip();
                }
                (quote, byte) if byte == quote => break,
                (b'"', b'\\') if self.source.break_width(1) > 0 => {
                    self.source.skip();
                    self.source.skip_line();
                    gap.broken = true;
                    break;
                }
                (b'"', b'\\') => self.escape(text)?,
                _ => {
                    self.source.read(text);
                    self.source.read_run(text, |b| !matches!(b, b' ' | b'\'' | b'"' | b'\\'));
                }
            }
        }
        Ok(())
    }

    fn escape(&mut self, text: &mut String) -> Result<()> {
        let (plain, digits) = match self.source.byte(1) {
            b'0' => ('\0', 0),
            b'a' => ('\u{7}', 0),
            b'b' => ('\u{8}', 0),
            b't' | b'\t' => ('\t', 0),
            b'n' => ('\n', 0),
            b'v' => ('\u{b}', 0),
            b'f' => ('\u{c}', 0),
            b'r' => ('\r', 0),
            b'e' => ('\u{1b}', 0),
            byte @ (b' ' | b'"' | b'\'' | b'\\') => (char::from(byte), 0),
            b'N' => ('\u{85}', 0),
            b'_' => ('\u{a0}', 0),
            b'L' => ('\u{2028}', 0),
            b'P' => ('\u{2029}', 0),
            b'x' => ('\0', 2),
            b'u' => ('\0', 4),
            b'U' => ('\0', 8),
            _ => return self.error("found unknown escape character"),
        };
        self.source.skip();
        self.source.skip();
        if digits == 0 {
            text.push(plain);
            return Ok(());
        }
        let mut code = 0;
        for n in 0..digits {
            let Some(digit) = char::from(self.source.byte(n)).to_digit(16) else {
                return self.error("did not find expected hexdecimal number");
            };
            code = code << 4 | digit;
        }
        let Some(c) = char::from_u32(code) else {
            return self.error("found invalid Unicode character escape code");
        };
        text.push(c);
        (0..digits).for_each(|_| self.source.skip());
        Ok(())
    }

    /// A literal (`|`) or folded (`>`) scalar.
    pub(super) fn block_scalar(&mut self, literal: bool) -> Result<()> {
        self.forget_key()?;
        self.key_allowed = true;
        let line = self.source.mark.line;
        self.source.skip();
        let (chomp, increment) = self.block_header()?;
        let mut indent = if increment > 0 { self.indent.max(0).cast_unsigned() + increment } else { 0 };

        let mut text = String::new();
        let mut first_break = String::new();
        let mut more_breaks = String::new();
        let mut after_blank = false;
        self.block_breaks(&mut indent, &mut more_breaks)?;
        while self.source.mark.column == indent && !self.source.is_end() {
            let blank = self.source.is_blank(0);
            // Lines that begin with white space are not folded.
            if !literal && !after_blank && !blank && first_break.starts_with('\n') {
                if more_breaks.is_empty() {
                    text.push(' ');
                }
                first_break.clear();
            }
            text.push_str(&std::mem::take(&mut first_break));
            text.push_str(&std::mem::take(&mut more_breaks));
            after_blank = blank;
            while !self.source.is_break_or_end(0) {
                self.source.read(&mut text);
                self.source.read_run(&mut text, |_| true);
            }
            self.source.read_line(&mut first_break);
            self.block_breaks(&mut indent, &mut more_breaks)?;
        }
        if chomp != Chomp::Strip {
            text.push_str(&first_break);
        }
        if chomp == Chomp::Keep {
            text.push_str(&more_breaks);
        }
        self.push(Kind::Scalar { text, plain: false }, line);
        Ok(())
    }

    /// Reads what follows `|` or `>` in its line: chomping and indentation in either order, a comment.
    fn block_header(&mut self) -> Result<(Chomp, usize)> {
        let (mut chomp, mut increment) = (Chomp::Clip, 0);
        let (mut chomp_seen, mut increment_seen) = (false, false);
        for _ in 0..2 {
            match self.source.byte(0) {
                sign @ (b'+' | b'-') if !chomp_seen => {
                    chomp = if sign == b'+' { Chomp::Keep } else { Chomp::Strip };
                    chomp_seen = true;
                }
                b'0' if !increment_seen => return self.error("found an indentation indicator equal to 0"),
                digit @ b'1'..=b'9' if !increment_seen => {
                    increment = usize::from(digit - b'0');
                    increment_seen = true;
                }
                _ => break,
            }
            self.source.skip();
        }
        self.source.skip_blanks();
        self.source.skip_comment();
        if !self.source.is_break_or_end(0) {
            return self.error("did not find expected comment or line break");
        }
        self.source.skip_line();
        Ok((chomp, increment))
    }

    /// Reads empty lines and indentation; finds out the indentation from the first line when it is 0.
    fn block_breaks(&mut self, indent: &mut usize, breaks: &mut String) -> Result<()> {
        let mut deepest = 0;
        loop {
            let column = |scanner: &Self| scanner.source.mark.column;
            while (*indent == 0 || column(self) < *indent) && self.source.byte(0) == b' ' {
                self.source.skip();
            }
            deepest = deepest.max(column(self));
            if (*indent == 0 || column(self) < *indent) && self.source.byte(0) == b'\t' {
                return self.error("found a tab character where an indentation space is expected");
            }
            if self.source.break_width(0) == 0 {
                break;
            }
            self.source.read_line(breaks);
        }
        if *indent == 0 {
            *indent = deepest.max((self.indent + 1).max(1).cast_unsigned());
        }
        Ok(())
    }
}
