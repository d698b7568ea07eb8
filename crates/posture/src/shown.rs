//! Text of others as it may be shown: names, images and paths come from files that anybody may have written.
//!
//! Entry points: [`visible`], [`visible_lines`].  What would move a terminal's cursor, hide text or turn it round stands
//! there as an escape instead.

use std::borrow::Cow;

/// A text for one line: control characters, line ends among them, and characters that nobody sees are escapes.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

/// The same for a text that may have several lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_hidden(c) && !matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, hidden: fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let show = |c: char| if hidden(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(show).collect())
}

/// Control characters, line and paragraph separators, what turns the direction of text, marks without width, and code
/// points that are no characters.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fdd0}'..='\u{fdef}' | '\u{e0000}'..='\u{e007f}')
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_shown() {
        assert_eq!(visible("a\u{1b}[31mb\r\n\t\u{9b}"), r"a\u{1b}[31mb\r\n\t\u{9b}");
        assert_eq!(visible("\u{202e}gpj.exe\u{2066}\u{ffff}"), r"\u{202e}gpj.exe\u{2066}\u{ffff}");
        assert_eq!(visible_lines("a\n\tb\u{7}"), "a\n\tb\\u{7}");
        assert!(matches!(visible("파드 → é “x” \\ 🚀"), Cow::Borrowed(_)));
    }
}
