//! Lines that are not JSON but have JSON in them: a time or the runtime's prefix before it, or a field of CSV.

/// The JSON object in a line of text, as bytes of their own where quotes were doubled; `None` when there is none.
pub(super) fn object_in(line: &[u8]) -> Option<Vec<u8>> {
    let start = memchr::memchr(b'{', line)?;
    let end = memchr::memrchr(b'}', line)? + 1;
    let object = line.get(start..end)?;
    if object.starts_with(b"{\"\"") && !object.starts_with(b"{\"\":") {
        return Some(undoubled(object));
    }
    let begins = object.get(1..).unwrap_or_default().trim_ascii_start().first();
    matches!(begins, Some(b'"')).then(|| object.to_vec())
}

/// The text of a CSV field: two quotes are one.
fn undoubled(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        out.push(byte);
        if byte == b'"' && bytes.peek() == Some(&b'"') {
            bytes.next();
        }
    }
    out
}
