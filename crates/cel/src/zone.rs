//! Time zones: what a compiled zone file (RFC 8536) says of an instant.
//!
//! Entry point: [`offset`].

/// Seconds east of Greenwich at an instant, `None` when the data is malformed.
pub(crate) fn offset(data: &[u8], at: i64) -> Option<i64> {
    let first = Header::read(data)?;
    // The second block has 64-bit times.
    let block = data.get(44 + first.len(4)..)?;
    let header = Header::read(block)?;
    let body = block.get(44..)?;
    let times = body.get(..header.times * 8)?;
    let kinds = body.get(header.times * 8..header.times * 9)?;
    let types = body.get(header.times * 9..header.times * 9 + header.types * 6)?;
    let count = times.chunks_exact(8).take_while(|t| number(t) <= at).count();
    let kind = match count.checked_sub(1) {
        Some(last) if count < header.times || header.times == 0 => usize::from(*kinds.get(last)?),
        Some(last) => {
            let footer = body.get(header.len(8)..)?;
            let rule = std::str::from_utf8(footer).ok()?.trim_matches('\n');
            return posix::offset(rule, at).or_else(|| type_offset(types, usize::from(*kinds.get(last)?)));
        }
        None => 0,
    };
    type_offset(types, kind)
}

fn type_offset(types: &[u8], kind: usize) -> Option<i64> {
    types.chunks_exact(6).nth(kind).and_then(|t| t.get(..4)).map(number)
}

/// A signed big-endian number.
fn number(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |n, b| (n << 8) | i64::from(*b))
}

struct Header {
    times: usize,
    types: usize,
    chars: usize,
    leaps: usize,
    standard: usize,
    universal: usize,
}

impl Header {
    fn read(data: &[u8]) -> Option<Self> {
        data.strip_prefix(b"TZif")?;
        let count = |i: usize| usize::try_from(number(data.get(20 + i * 4..24 + i * 4)?)).ok();
        Some(Self {
            universal: count(0)?,
            standard: count(1)?,
            leaps: count(2)?,
            times: count(3)?,
            types: count(4)?,
            chars: count(5)?,
        })
    }

    /// The length of the block behind the header, when times have `size` bytes.
    fn len(&self, size: usize) -> usize {
        self.times * (size + 1)
            + self.types * 6
            + self.chars
            + self.leaps * (size + 4)
            + self.standard
            + self.universal
    }
}

/// The rule for instants after the last listed change, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
mod posix {
    const DAY: i64 = 86_400;

    pub(super) fn offset(rule: &str, at: i64) -> Option<i64> {
        let (standard, rest) = zone(rule)?;
        if rest.is_empty() {
            return Some(standard);
        }
        let (summer, rest) = summer(rest, standard)?;
        let (start, end) = rest.strip_prefix(',')?.split_once(',')?;
        let year = year_of(at + standard);
        let begins = change(start, year)? - standard;
        let ends = change(end, year)? - summer;
        let in_summer =
            if begins < ends { (begins..ends).contains(&at) } else { !(ends..begins).contains(&at) };
        Some(if in_summer { summer } else { standard })
    }

    /// A name and its offset; the sign is west-positive.
    fn zone(text: &str) -> Option<(i64, &str)> {
        let rest = name(text)?;
        let (time, rest) = time(rest)?;
        Some((-time, rest))
    }

    fn summer(text: &str, standard: i64) -> Option<(i64, &str)> {
        let rest = name(text)?;
        if rest.starts_with(',') {
            return Some((standard + 3600, rest));
        }
        let (time, rest) = time(rest)?;
        Some((-time, rest))
    }

    fn name(text: &str) -> Option<&str> {
        if let Some(quoted) = text.strip_prefix('<') {
            return quoted.split_once('>').map(|(_, rest)| rest);
        }
        Some(text.trim_start_matches(|c: char| c.is_ascii_alphabetic()))
    }

    /// `[+-]h[:m[:s]]` in seconds.
    fn time(text: &str) -> Option<(i64, &str)> {
        let (sign, text) =
            text.strip_prefix('-').map_or((1, text.strip_prefix('+').unwrap_or(text)), |t| (-1, t));
        let end = text.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len());
        let (digits, rest) = text.split_at_checked(end)?;
        let mut total = 0;
        for (part, unit) in digits.split(':').zip([3600, 60, 1]) {
            total += part.parse::<i64>().ok()? * unit;
        }
        Some((sign * total, rest))
    }

    /// The local second of a change in a year.
    fn change(text: &str, year: i64) -> Option<i64> {
        let (date, at) = match text.split_once('/') {
            Some((date, at)) => (date, time(at)?.0),
            None => (text, 7200),
        };
        let day = match date.strip_prefix('M') {
            Some(rule) => {
                let mut parts = rule.split('.').map(str::parse::<i64>);
                let (month, week, weekday) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
                let first = first_of(year, month)?;
                let day = first + (weekday - (first + 4)).rem_euclid(7) + (week - 1) * 7;
                let next = if month == 12 { first_of(year + 1, 1)? } else { first_of(year, month + 1)? };
                if day >= next { day - 7 } else { day }
            }
            None => {
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                match date.strip_prefix('J') {
                    Some(n) => {
                        let n: i64 = n.parse().ok()?;
                        first_of(year, 1)? + n - 1 + i64::from(leap && n >= 60)
                    }
                    None => first_of(year, 1)? + date.parse::<i64>().ok()?,
                }
            }
        };
        Some(day * DAY + at)
    }

    /// Days from 1970 to the first of a month.
    fn first_of(year: i64, month: i64) -> Option<i64> {
        let leap = i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let before = before.get(usize::try_from(month - 1).ok()?)?;
        let y = year - 1;
        let days = y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) - 719_162;
        Some(days + before + if month > 2 { leap } else { 0 })
    }

    fn year_of(second: i64) -> i64 {
        let days = second.div_euclid(DAY);
        let guess = 1970 + days.div_euclid(366);
        (guess..guess + 40).rev().find(|y| first_of(*y, 1).is_some_and(|d| d <= days)).unwrap_or(guess)
    }
}
