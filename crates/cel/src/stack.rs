//! Room for recursion: what nests deeply is worked on by a thread with a stack of its own, so that whoever calls needs
//! no more stack than usual.  The grammar's limits bound how deep it can get.
//!
//! Entry points: [`is_deep`] and [`with_room`].

use crate::error::Error;

/// Up to this nesting every thread has room.
const SHALLOW: usize = 16;
/// Enough for the deepest expressions that the parser lets through, in bytes.
const ROOM: usize = 64 << 20;

/// Whether an expression nests deeply; brackets in texts count too.
pub(crate) fn is_deep(text: &str) -> bool {
    let (mut open, mut questions, mut deepest) = (0usize, 0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b'?' => questions += 1,
            _ => continue,
        }
        deepest = deepest.max(open + questions);
    }
    deepest > SHALLOW
}

/// Runs `work`, on a thread of its own if it is deep.
///
/// # Errors
///
/// When there is no such thread to be had.
pub(crate) fn with_room<T: Send>(deep: bool, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    if !deep {
        return Ok(work());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(ROOM).spawn_scoped(scope, work);
        thread
            .ok()
            .and_then(|t| t.join().ok())
            .ok_or_else(|| Error::new("no room for a deeply nested expression"))
    })
}
