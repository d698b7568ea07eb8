//! What Go's `netip.ParseAddr` says of a text that is no address.
//!
//! Entry point: [`of`].

use api::field::go_quote;

/// What is wrong, and the rest of the text where it is.
type Fault<'a> = (&'static str, &'a str);

/// The complaint about a text that could not be read.
pub(in crate::library) fn of(text: &str) -> String {
    let fault = match text.find(['.', ':', '%']).and_then(|i| text.get(i..=i)) {
        Some(".") => v4(text).err(),
        Some(":") => v6(text).err(),
        Some(_) => Some(("missing IPv6 address", "")),
        None => None,
    };
    let (what, at) = fault.unwrap_or(("unable to parse IP", ""));
    let place = if at.is_empty() { String::new() } else { format!(" (at {})", go_quote(at)) };
    format!("ParseAddr({}): {what}{place}", go_quote(text))
}

fn v4(text: &str) -> Result<(), Fault<'_>> {
    let (mut value, mut digits, mut fields) = (0u32, 0, 0);
    let mut before = None;
    for (i, c) in text.char_indices() {
        let rest = text.get(i..).unwrap_or("");
        match c.to_digit(10) {
            Some(digit) => {
                if digits == 1 && value == 0 {
                    return Err(("IPv4 field has octet with leading zero", ""));
                }
                value = value * 10 + digit;
                digits += 1;
                if value > 255 {
                    return Err(("IPv4 field has value >255", ""));
                }
            }
            None if c == '.' => {
                if i == 0 || rest.len() == 1 || before == Some('.') {
                    return Err(("IPv4 field must have at least one digit", rest));
                }
                if fields == 3 {
                    return Err(("IPv4 address too long", ""));
                }
                (value, digits) = (0, 0);
                fields += 1;
            }
            None => return Err(("unexpected character", rest)),
        }
        before = Some(c);
    }
    if fields < 3 { Err(("IPv4 address too short", "")) } else { Ok(()) }
}

fn v6(text: &str) -> Result<(), Fault<'_>> {
    let mut rest = text;
    if let Some((address, zone)) = text.split_once('%') {
        if zone.is_empty() {
            return Err(("zone must be a non-empty string", ""));
        }
        rest = address;
    }
    let (mut bytes, mut ellipsis) = (0, None);
    if let Some(after) = rest.strip_prefix("::") {
        ellipsis = Some(0);
        rest = after;
    }
    while bytes < 16 && !(rest.is_empty() && ellipsis == Some(bytes)) {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        match digits {
            0 => return Err(("each colon-separated field must have at least one digit", rest)),
            5.. => return Err(("each group must have 4 or less digits", rest)),
            _ => {}
        }
        if rest.get(digits..).is_some_and(|r| r.starts_with('.')) {
            if ellipsis.is_none() && bytes != 12 {
                return Err(("embedded IPv4 address must replace the final 2 fields of the address", rest));
            }
            if bytes + 4 > 16 {
                return Err(("too many hex fields to fit an embedded IPv4 at the end of the address", rest));
            }
            v4(rest)?;
            (rest, bytes) = ("", bytes + 4);
            break;
        }
        bytes += 2;
        rest = rest.get(digits..).unwrap_or("");
        if rest.is_empty() {
            break;
        }
        let after = rest.strip_prefix(':').ok_or(("unexpected character, want colon", rest))?;
        if after.is_empty() {
            return Err(("colon must be followed by more characters", rest));
        }
        rest = after;
        if let Some(after) = rest.strip_prefix(':') {
            if ellipsis.is_some() {
                return Err(("multiple :: in address", rest));
            }
            ellipsis = Some(bytes);
            rest = after;
        }
    }
    match (rest.is_empty(), bytes < 16, ellipsis) {
        (false, ..) => Err(("trailing garbage after address", rest)),
        (_, true, None) => Err(("address string too short", "")),
        (_, false, Some(_)) => Err(("the :: must expand to at least one field of zeros", "")),
        _ => Ok(()),
    }
}
