//! Which styles a string can be written in.

/// What libyaml's emitter finds out about a string before it picks a style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Analysis {
    /// It has line breaks.
    pub(super) multiline: bool,
    /// It can stand without quotes in block context.
    pub(super) plain: bool,
    /// It can stand in single quotes.
    pub(super) single_quoted: bool,
    /// It can stand as `|`.
    pub(super) block: bool,
}

/// Is the character a line break to YAML 1.1?
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Can the character be written as it is?
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

/// Looks a string over.
pub(super) fn analyze(text: &str) -> Analysis {
    if text.is_empty() {
        return Analysis { multiline: false, plain: true, single_quoted: true, block: false };
    }
    let mut seen = Seen { indicator: text.starts_with("---") || text.starts_with("..."), ..Seen::default() };
    let mut previous = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        seen.look(previous, c, chars.peek().copied());
        previous = Some(c);
    }
    let edge_break = text.starts_with(is_break) || text.ends_with(is_break);
    let edge_space = text.starts_with(' ') || text.ends_with(' ');
    Analysis {
        multiline: seen.breaks,
        plain: !(edge_space
            || edge_break
            || seen.breaks
            || seen.break_space
            || seen.space_break
            || seen.unprintable
            || seen.indicator),
        single_quoted: !(seen.break_space || seen.space_break || seen.unprintable),
        block: !(text.ends_with(' ') || seen.space_break || seen.unprintable),
    }
}

#[derive(Default)]
struct Seen {
    indicator: bool,
    breaks: bool,
    unprintable: bool,
    break_space: bool,
    space_break: bool,
}

impl Seen {
    fn look(&mut self, previous: Option<char>, c: char, next: Option<char>) {
        let before_blank = matches!(next, None | Some(' ' | '\t'));
        let after_blank = previous.is_none_or(|p| p == ' ' || p == '\t' || is_break(p) || p == '\0');
        self.indicator |= match (previous, c) {
            (
                None,
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                | '`',
            ) => true,
            (None, '?' | '-') | (_, ':') => before_blank,
            (Some(_), '#') => after_blank,
            _ => false,
        };
        self.unprintable |= !is_printable(c);
        self.breaks |= is_break(c);
        self.break_space |= c == ' ' && previous.is_some_and(is_break);
        self.space_break |= is_break(c) && previous == Some(' ');
    }
}
