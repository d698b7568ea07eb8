//! Values to YAML text, as sigs.k8s.io/yaml prints them: sorted keys, lists at the indentation of their key, block
//! scalars for text with line breaks, quotes only where a reader would take a string for something else.

use std::cmp::Ordering;

use api::{Map, Value};

use super::analyze::{Analysis, analyze, is_break, is_printable};
use super::gosyntax::general;
use super::resolve::{Resolved, plain};

/// The YAML text of a value, with a final newline.
pub fn write(value: &Value) -> String {
    let mut emitter = Emitter { out: String::new(), column: 0, indent: -2, fresh: true };
    emitter.node(value, Place::Root);
    emitter.new_line();
    emitter.out
}

/// Lines longer than this are folded at spaces.
const WIDTH: usize = 80;

/// Keys longer than this, in bytes, are written with `?`.
const MAX_SIMPLE_KEY: usize = 128;

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    Item,
    /// A key in front of its colon.
    SimpleKey,
    /// A key behind `?`.
    Key,
    /// A value behind its colon.
    Value,
}

struct Emitter {
    out: String,
    column: usize,
    /// Indentation of the collection being written, -2 outside.
    indent: isize,
    /// Nothing but indentation and indicators stands in the line so far.
    fresh: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

impl Emitter {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }

    /// Begins the next line, unless the current one is empty or has only indicators, and indents it.
    fn new_line(&mut self) {
        let indent = self.indent.max(0).cast_unsigned();
        if !self.fresh || self.column > indent {
            self.put_break('\n');
        }
        self.pad(indent);
        self.fresh = true;
    }

    fn pad(&mut self, column: usize) {
        while self.column < column {
            self.put(' ');
        }
    }

    /// A space before what follows an indicator or key on its line.
    fn space(&mut self) {
        if self.column > 0 && !self.out.ends_with([' ', '\n']) {
            self.put(' ');
        }
    }

    /// An indicator that block collections may follow on the same line.
    fn indicator(&mut self, c: char) {
        self.space();
        self.put(c);
    }

    fn text(&mut self, text: &str) {
        text.chars().for_each(|c| self.put(c));
        self.fresh = false;
    }

    fn node(&mut self, value: &Value, place: Place) {
        match value {
            Value::Null => self.word("null"),
            Value::Bool(true) => self.word("true"),
            Value::Bool(false) => self.word("false"),
            Value::Int(i) => self.word(&i.to_string()),
            Value::Float(f) => self.word(&float(*f)),
            Value::String(s) => self.string(s, place),
            Value::Array(items) if items.is_empty() => self.word("[]"),
            Value::Object(map) if map.is_empty() => self.word("{}"),
            Value::Array(items) => self.list(items, place),
            Value::Object(map) => self.map(map),
        }
    }

    fn word(&mut self, text: &str) {
        self.space();
        self.text(text);
    }

    fn list(&mut self, items: &[Value], place: Place) {
        let outer = self.indent;
        let beside_key = matches!(place, Place::Value | Place::Key) && !self.fresh;
        if !beside_key || outer < 0 {
            self.indent += 2;
        }
        for item in items {
            self.new_line();
            self.indicator('-');
            self.node(item, Place::Item);
        }
        self.indent = outer;
    }

    fn map(&mut self, map: &Map) {
        let outer = self.indent;
        self.indent += 2;
        let mut members: Vec<_> = map.iter().collect();
        members.sort_by(|a, b| key_order(a.0, b.0));
        for (key, value) in members {
            self.new_line();
            if key.len() <= MAX_SIMPLE_KEY && !key.contains(is_break) {
                self.string(key, Place::SimpleKey);
                self.put(':');
                self.fresh = false;
            } else {
                self.indicator('?');
                self.string(key, Place::Key);
                self.new_line();
                self.indicator(':');
            }
            self.node(value, Place::Value);
        }
        self.indent = outer;
    }

    fn string(&mut self, text: &str, place: Place) {
        let analysis = analyze(text);
        let style = style(text, &analysis, place);
        // Continuation lines are indented deeper than what they belong to.
        let outer = self.indent;
        self.indent = (outer + 2).max(if outer < 0 { 2 } else { 0 });
        self.space();
        match style {
            Style::Plain => self.plain(text, place),
            Style::SingleQuoted => self.single_quoted(text, place),
            Style::DoubleQuoted => self.double_quoted(text, place),
            Style::Literal => self.literal(text),
        }
        self.indent = outer;
    }

    /// May the line be broken before `next`, at a space?
    fn may_fold(&self, place: Place, after_space: bool, next: Option<char>) -> bool {
        place != Place::SimpleKey && !after_space && self.column > WIDTH && next != Some(' ')
    }

    fn plain(&mut self, text: &str, place: Place) {
        self.fresh = false;
        let mut after_space = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == ' ' && self.may_fold(place, after_space, chars.peek().copied()) {
                self.new_line();
            } else {
                self.put(c);
            }
            self.fresh = false;
            after_space = c == ' ';
        }
    }

    fn single_quoted(&mut self, text: &str, place: Place) {
        self.put('\'');
        self.fresh = false;
        let (mut after_space, mut after_break) = (false, false);
        let mut chars = text.chars().enumerate().peekable();
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if c == ' ' {
                let inside = i > 0 && next.is_some();
                if inside && self.may_fold(place, after_space, next) {
                    self.new_line();
                } else {
                    self.put(c);
                }
            } else if is_break(c) {
                if !after_break && c == '\n' {
                    self.put_break('\n');
                }
                self.put_break(c);
                self.fresh = true;
            } else {
                if after_break {
                    self.new_line();
                }
                if c == '\'' {
                    self.put(c);
                }
                self.put(c);
                self.fresh = false;
            }
            after_space = c == ' ';
            after_break = is_break(c) || (after_break && c == ' ');
        }
        self.put('\'');
        self.fresh = false;
    }

    fn double_quoted(&mut self, text: &str, place: Place) {
        self.put('"');
        let mut after_space = false;
        let mut chars = text.chars().enumerate().peekable();
        while let Some((i, c)) = chars.next() {
            self.fresh = false;
            let next = chars.peek().map(|(_, c)| *c);
            if !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                self.escape(c);
            } else if c == ' ' && i > 0 && next.is_some() && self.may_fold(place, after_space, None) {
                self.new_line();
                if next == Some(' ') {
                    self.put('\\');
                }
            } else {
                self.put(c);
            }
            after_space = c == ' ';
        }
        self.put('"');
        self.fresh = false;
    }

    fn escape(&mut self, c: char) {
        let code = c as u32;
        let letter = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let text = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                return self.text(&text);
            }
        };
        self.put('\\');
        self.put(letter);
    }

    fn literal(&mut self, text: &str) {
        self.put('|');
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.put('2');
        }
        let mut end = text.chars().rev();
        match (end.next(), end.next()) {
            (Some(last), _) if !is_break(last) => self.put('-'),
            (_, None) => self.put('+'),
            (_, Some(before)) if is_break(before) => self.put('+'),
            _ => {}
        }
        self.put_break('\n');
        self.fresh = true;
        let mut after_break = true;
        for c in text.chars() {
            if is_break(c) {
                self.put_break(c);
                self.fresh = true;
            } else {
                if after_break {
                    self.new_line();
                }
                self.put(c);
                self.fresh = false;
            }
            after_break = is_break(c);
        }
    }
}

fn style(text: &str, analysis: &Analysis, place: Place) -> Style {
    let wanted = if text.contains('\n') {
        Style::Literal
    } else if matches!(plain(text), Resolved::Text(_)) && !is_timestamp(text) && !is_base60(text) {
        Style::Plain
    } else {
        Style::DoubleQuoted
    };
    match wanted {
        Style::Plain if analysis.plain && !(place == Place::SimpleKey && analysis.multiline) => Style::Plain,
        Style::Plain if analysis.single_quoted => Style::SingleQuoted,
        Style::Literal if analysis.block && place != Place::SimpleKey => Style::Literal,
        _ => Style::DoubleQuoted,
    }
}

/// Would goyaml take the text for a date, or a date and a time?
fn is_timestamp(text: &str) -> bool {
    let Some((date, rest)) =
        text.find(['T', 't', ' ']).map_or(Some((text, "")), |at| text.split_at_checked(at))
    else {
        return false;
    };
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let year_fits = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    let Some((month, day)) = two_digits(month, 1, 12).zip(two_digits(day, 1, 31)) else { return false };
    year_fits && day <= days(year, month) && (rest.is_empty() || is_time(rest))
}

fn days(year: &str, month: u32) -> u32 {
    let year: u32 = year.parse().unwrap_or(0);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A time behind `T`, with its zone, or behind a space, without one.
fn is_time(text: &str) -> bool {
    let (zoned, text) = match text.split_at_checked(1) {
        Some((" ", rest)) => (false, rest),
        Some((_, rest)) => (true, rest),
        None => return false,
    };
    let clock = if zoned {
        match text.find(['Z', '+', '-']).and_then(|at| text.split_at_checked(at)) {
            Some((clock, zone)) if is_zone(zone) => clock,
            _ => return false,
        }
    } else {
        text
    };
    let (clock, fraction) = clock.split_once(['.', ',']).map_or((clock, None), |(c, f)| (c, Some(f)));
    let mut parts = clock.split(':');
    let (Some(hour), Some(minute), Some(second), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let fraction_fits = fraction.is_none_or(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()));
    two_digits(hour, 0, 23).is_some()
        && two_digits(minute, 0, 59).is_some()
        && two_digits(second, 0, 59).is_some()
        && fraction_fits
}

fn is_zone(zone: &str) -> bool {
    zone == "Z"
        || zone.strip_prefix(['+', '-']).and_then(|z| z.split_once(':')).is_some_and(|(hours, minutes)| {
            let digits = |s: &str, max| s.len() == 2 && two_digits(s, 0, max).is_some();
            digits(hours, 24) && digits(minutes, 60)
        })
}

/// One or two digits within bounds.
fn two_digits(text: &str, least: u32, most: u32) -> Option<u32> {
    let fits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| fits && (least..=most).contains(n))
}

/// `[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?`, a number to other readers of YAML 1.1.
fn is_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or("");
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let sixtieths: Vec<&str> = parts.collect();
    first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && !sixtieths.is_empty()
        && sixtieths.iter().all(|s| two_digits(s, 0, 59).is_some())
        && digits(fraction)
}

/// A number as it comes back from JSON text.
fn float(f: f64) -> String {
    let whole = f.trunc() == f && (-9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0).contains(&f);
    if whole { f.to_string() } else { general(f, 6) }
}

/// goyaml's order of keys: letters behind everything else, numbers inside keys by their amount.
fn key_order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else { return a.len().cmp(&b.len()) };
    let (Some((before, rest_a)), Some(rest_b)) = (a.split_at_checked(at), b.get(at..)) else {
        return Ordering::Equal;
    };
    let (Some(&x), Some(&y)) = (rest_a.first(), rest_b.first()) else { return Ordering::Equal };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero that follows other digits does not lead a number.
    let inside =
        (x == '0' || y == '0') && before.iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
    let number = |rest: &[char]| {
        let digits: Vec<i64> = rest.iter().map_while(|c| c.to_digit(10)).map(i64::from).collect();
        let start = i64::from(inside);
        (digits.iter().fold(start, |n, d| n.wrapping_mul(10).wrapping_add(*d)), digits.len())
    };
    number(rest_a).cmp(&number(rest_b)).then(x.cmp(&y))
}
