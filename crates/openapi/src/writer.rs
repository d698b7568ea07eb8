//! JSON written member by member, so that a large document never exists as a tree.  Entry point: [`Writer`].

use api::{Value, json};

/// JSON text in the making: objects only, all else as values.
pub(crate) struct Writer {
    out: Vec<u8>,
    /// True when the next member needs a comma before it.
    comma: bool,
}

impl Writer {
    /// Nothing written yet.
    pub fn new() -> Self {
        Self { out: Vec::with_capacity(64 << 10), comma: false }
    }

    /// Begins an object.
    pub fn open(&mut self) {
        self.out.push(b'{');
        self.comma = false;
    }

    /// Ends an object.
    pub fn close(&mut self) {
        self.out.push(b'}');
        self.comma = true;
    }

    /// Begins a member; its value must follow.
    pub fn key(&mut self, name: &str) {
        if self.comma {
            self.out.push(b',');
        }
        json::write_str(&mut self.out, name);
        self.out.push(b':');
        self.comma = false;
    }

    /// A whole member.
    pub fn member(&mut self, name: &str, value: &Value) {
        self.key(name);
        json::write(&mut self.out, value);
        self.comma = true;
    }

    /// The text.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_parted_by_commas() {
        let mut w = Writer::new();
        w.open();
        w.member("a", &1.into());
        w.key("b");
        w.open();
        w.close();
        w.key("c");
        w.open();
        w.member("d", &Value::Null);
        w.member("e", &"x".into());
        w.close();
        w.close();
        assert_eq!(String::from_utf8(w.finish()).unwrap(), r#"{"a":1,"b":{},"c":{"d":null,"e":"x"}}"#);
    }
}
