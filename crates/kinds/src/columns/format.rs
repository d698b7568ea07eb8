//! Texts that cells of many kinds share: ages, labels, selectors, lists that end in "more".

use api::selector::LabelSelector;
use api::time::Timestamp;
use api::{Map, Value};

/// The name of an object.
pub fn name(object: &Value) -> Value {
    object.str_at(&["metadata", "name"]).into()
}

/// How long ago an object was created.
pub fn age(object: &Value, now: i64) -> Value {
    since(object.at(&["metadata", "creationTimestamp"]), now).into()
}

/// How long ago a time was, `<unknown>` when it is not set.
pub fn since(time: &Value, now: i64) -> String {
    seconds_of(time).map_or_else(|| "<unknown>".to_owned(), |then| human_duration(now.saturating_sub(then)))
}

/// A `metav1.Time` or `MicroTime` in whole seconds since the Unix epoch.
pub fn seconds_of(time: &Value) -> Option<i64> {
    Timestamp::parse(time.as_str()?).ok().filter(|t| !t.is_zero()).map(Timestamp::seconds)
}

/// A duration in two or three figures, as upstream's `duration.HumanDuration` writes it.
pub fn human_duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        s if s < 2 * MINUTE => format!("{s}s"),
        s if s < 10 * MINUTE => two(s / MINUTE, 'm', s % MINUTE, 's'),
        s if s < 3 * HOUR => format!("{}m", s / MINUTE),
        s if s < 8 * HOUR => two(s / HOUR, 'h', s % HOUR / MINUTE, 'm'),
        s if s < 2 * DAY => format!("{}h", s / HOUR),
        s if s < 8 * DAY => two(s / DAY, 'd', s % DAY / HOUR, 'h'),
        s if s < 2 * YEAR => format!("{}d", s / DAY),
        s if s < 8 * YEAR => two(s / YEAR, 'y', s % YEAR / DAY, 'd'),
        s => format!("{}y", s / YEAR),
    }
}

/// Two units, the second left out when it is zero.
fn two(a: i64, unit_a: char, b: i64, unit_b: char) -> String {
    if b == 0 { format!("{a}{unit_a}") } else { format!("{a}{unit_a}{b}{unit_b}") }
}

/// The text at a path, or `other` when it is empty or missing.
pub fn or<'a>(object: &'a Value, path: &[&str], other: &'a str) -> &'a str {
    match object.str_at(path) {
        "" => other,
        text => text,
    }
}

/// The text at a path (even an empty one), or `other` when it is missing: a Go pointer.
pub fn pointer_or<'a>(object: &'a Value, path: &[&str], other: &'a str) -> &'a str {
    object.at(path).as_str().unwrap_or(other)
}

/// The integer at a path, 0 when it is missing.
pub fn int(object: &Value, path: &[&str]) -> i64 {
    object.at(path).as_i64().unwrap_or(0)
}

/// The boolean at a path, `false` when it is missing.
pub fn bool(object: &Value, path: &[&str]) -> bool {
    object.at(path).as_bool().unwrap_or(false)
}

/// The quantity at a path, `0` when it is missing.
pub fn quantity<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    or(object, path, "0")
}

/// The members of the object at a path, `None` when there are none.
pub fn members<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Map> {
    object.at(path).as_object().filter(|m| !m.is_empty())
}

/// The texts of the list at a path, each taken by `part` of an item, joined by commas.
pub fn join(object: &Value, path: &[&str], part: impl Fn(&Value) -> String) -> String {
    object.array_at(path).iter().map(part).collect::<Vec<_>>().join(",")
}

/// The text of a string value.
pub fn plain(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

/// A map of texts as `k=v` sorted by key, `<none>` when it is empty.
pub fn labels(map: &Value) -> String {
    let Some(map) = map.as_object().filter(|m| !m.is_empty()) else { return "<none>".to_owned() };
    let mut pairs: Vec<String> =
        map.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or(""))).collect();
    pairs.sort();
    pairs.join(",")
}

/// A `metav1.LabelSelector` in text form; `<none>` when it is empty or missing, `<error>` when it makes no sense.
pub fn selector(value: &Value) -> String {
    match LabelSelector::from_object(value) {
        Ok(selector) => {
            Some(selector.to_string()).filter(|s| !s.is_empty()).unwrap_or_else(|| "<none>".to_owned())
        }
        Err(_) => "<error>".to_owned(),
    }
}

/// Names and images of the containers of a pod spec, each joined by commas.
pub fn containers(pod_spec: &Value) -> [Value; 2] {
    ["name", "image"].map(|part| join(pod_spec, &["containers"], |c| plain(c.at(&[part]))).into())
}

/// At most `max` texts joined by commas, then how many more there are; `<unset>` for none.
pub fn some_of(texts: &[String], max: usize) -> String {
    match texts.get(..max) {
        Some(first) if texts.len() > max => format!("{} + {} more...", first.join(","), texts.len() - max),
        _ => Some(texts.join(",")).filter(|s| !s.is_empty()).unwrap_or_else(|| "<unset>".to_owned()),
    }
}

/// The condition of type `ty`.
pub fn condition<'a>(object: &'a Value, ty: &str) -> Option<&'a Value> {
    object.array_at(&["status", "conditions"]).iter().find(|c| c.str_at(&["type"]) == ty)
}

/// True when the first condition of type `ty` is true.
pub fn condition_true(object: &Value, ty: &str) -> bool {
    condition(object, ty).is_some_and(|c| c.str_at(&["status"]) == "True")
}

/// True when deletion of the object has begun.
pub fn deleting(object: &Value) -> bool {
    !object.at(&["metadata", "deletionTimestamp"]).is_null()
}

/// True when an annotation has a value.
pub fn annotated(object: &Value, key: &str, value: &str) -> bool {
    object.str_at(&["metadata", "annotations", key]) == value
}

#[cfg(test)]
mod tests {
    use api::object;

    use super::*;

    #[test]
    fn durations_read_as_upstreams() {
        let (m, h, d, y) = (60, 3600, 86400, 365 * 86400);
        for (seconds, want) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (70, "70s"),
            (119, "119s"),
            (2 * m, "2m"),
            (2 * m + 1, "2m1s"),
            (9 * m + 59, "9m59s"),
            (10 * m, "10m"),
            (10 * m + 1, "10m"),
            (3 * h - 1, "179m"),
            (3 * h, "3h"),
            (3 * h + m, "3h1m"),
            (8 * h, "8h"),
            (8 * h + m, "8h"),
            (2 * d - 1, "47h"),
            (2 * d, "2d"),
            (2 * d + h, "2d1h"),
            (8 * d, "8d"),
            (8 * d + h, "8d"),
            (y, "365d"),
            (2 * y - 1, "729d"),
            (2 * y, "2y"),
            (2 * y + d, "2y1d"),
            (8 * y, "8y"),
            (8 * y + d, "8y"),
        ] {
            assert_eq!(human_duration(seconds), want, "{seconds}");
        }
    }

    #[test]
    fn times_are_read_with_and_without_fractions() {
        assert_eq!(seconds_of(&"1970-01-01T00:01:00Z".into()), Some(60));
        assert_eq!(seconds_of(&"1970-01-01T00:01:00.999999Z".into()), Some(60));
        assert_eq!(seconds_of(&Value::Null), None);
        assert_eq!(since(&Value::Null, 0), "<unknown>");
    }

    #[test]
    fn labels_sort_and_selectors_name_what_is_odd() {
        assert_eq!(labels(&object! { "b" => "2", "a" => "1" }), "a=1,b=2");
        assert_eq!(labels(&Value::Null), "<none>");
        assert_eq!(selector(&object! { "matchLabels" => object! { "a" => "b" } }), "a=b");
        assert_eq!(selector(&object! {}), "<none>");
        let odd = object! { "matchExpressions" => vec![object! { "key" => "a", "operator" => "Sort" }] };
        assert_eq!(selector(&odd), "<error>");
    }

    #[test]
    fn long_lists_are_cut() {
        let texts: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(some_of(&texts, 3), "a,b,c + 1 more...");
        assert_eq!(some_of(&texts, 4), "a,b,c,d");
        assert_eq!(some_of(&[], 3), "<unset>");
    }
}
