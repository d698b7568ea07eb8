//! Tables in CSV: values separated by commas, semicolons or tabs, in quotes where they hold those.
//!
//! Entry point: [`parse`].

use api::Value;

/// A table as a list of rows, each a list of texts; rows without any text are left out.
///
/// # Errors
/// The line and what is wrong with it.
pub(crate) fn parse(text: &[u8]) -> Result<Value, (usize, String)> {
    let text = std::str::from_utf8(text).map_err(|why| {
        let before = text.get(..why.valid_up_to()).unwrap_or(text);
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        (line, "the table is not in UTF-8: save it as CSV UTF-8".to_owned())
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader =
        Reader { separator: separator(text), rows: Vec::new(), row: Vec::new(), cell: String::new() };
    reader.read(text)?;
    Ok(Value::Array(reader.rows))
}

struct Reader {
    separator: char,
    rows: Vec<Value>,
    row: Vec<Value>,
    cell: String,
}

/// The one that the first lines have most of.
fn separator(text: &str) -> char {
    let count = |c: &char| text.lines().take(5).map(|line| line.matches(*c).count()).sum::<usize>();
    [',', ';', '\t'].into_iter().rev().max_by_key(count).unwrap_or(',')
}

impl Reader {
    fn read(&mut self, text: &str) -> Result<(), (usize, String)> {
        let mut quoted = None;
        let mut line = 1;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            line += usize::from(c == '\n');
            match (c, quoted) {
                ('"', Some(_)) if chars.peek() == Some(&'"') => {
                    self.cell.push('"');
                    chars.next();
                }
                ('"', Some(_)) => quoted = None,
                ('"', None) if self.cell.trim().is_empty() => {
                    self.cell.clear();
                    quoted = Some(line);
                }
                (c, None) if c == self.separator => self.end_cell(),
                ('\n', None) => self.end_row(),
                (c, _) => self.cell.push(c),
            }
        }
        match quoted {
            Some(line) => Err((line, "a quote that is not closed: the table is not whole".to_owned())),
            None => {
                self.end_row();
                Ok(())
            }
        }
    }

    fn end_cell(&mut self) {
        self.row.push(self.cell.trim().into());
        self.cell.clear();
    }

    fn end_row(&mut self) {
        self.end_cell();
        let row = std::mem::take(&mut self.row);
        if row.iter().any(|cell| cell.as_str().is_some_and(|text| !text.is_empty())) {
            self.rows.push(Value::Array(row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        let table = parse(text.as_bytes()).unwrap();
        let cells =
            |row: &Value| row.as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned()).collect();
        table.as_array().unwrap().iter().map(cells).collect()
    }

    #[test]
    fn tables() {
        assert_eq!(rows("\u{feff}a,b\r\n1, 2\r\n\r\n"), [["a", "b"], ["1", "2"]]);
        assert_eq!(rows("a;b\n\"1;2\";\"say \"\"x\"\"\nagain\""), [["a", "b"], ["1;2", "say \"x\"\nagain"]]);
        assert_eq!(rows("a\tb\n1\t"), [["a", "b"], ["1", ""]]);
    }

    #[test]
    fn broken_tables() {
        assert_eq!(parse(b"a,b\n\"1,2").unwrap_err().0, 2);
        assert_eq!(parse(b"a,b\n\xb0\xa1,2").unwrap_err().0, 2);
    }
}
