//! JSON and YAML.

use api::Value;
use codec::{json, yaml};

/// JSON that was read is written so that it reads the same again, plain and pretty, and as YAML.
pub(crate) fn json(bytes: &[u8]) {
    let Ok(parsed) = json::parse(bytes) else { return };
    assert!(parsed.duplicates.len() <= 100);
    if parsed.out_of_range.is_some() {
        return;
    }
    let again = read_again(&parsed.value);
    assert_eq!(json::parse(&api::json::to_vec(&again)).expect("it was read before").duplicates, [""; 0]);
    let mut pretty = Vec::new();
    json::write_pretty(&mut pretty, &parsed.value);
    assert_eq!(json::parse(&pretty).expect("what is pretty is JSON").value, again);
}

/// The value after it was written and read; after that it stays the same.  (`-0.0` is written as `-0`, which is read as
/// an integer.)
pub(crate) fn read_again(value: &Value) -> Value {
    let read =
        |value: &Value| json::parse(&api::json::to_vec(value)).expect("what was written is JSON").value;
    let again = read(value);
    assert_eq!(api::json::to_vec(&read(&again)), api::json::to_vec(&again));
    again
}

/// YAML never brings the reader down, and what is printed reads back.
pub(crate) fn yaml(bytes: &[u8]) {
    let Ok(parsed) = yaml::parse(bytes) else { return };
    let printed = yaml::write(&parsed.value);
    // A key `<<` is printed without quotes and becomes a merge key, as upstream's printer has it.
    if !printed.contains("<<") {
        let again = yaml::parse(printed.as_bytes()).expect("what is printed is YAML");
        assert_eq!(again.value, parsed.value, "{printed}");
    }
}
