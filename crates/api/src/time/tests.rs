use super::*;

#[test]
fn reads_instants_as_go_and_writes_them_in_utc() {
    for (text, utc, micro) in [
        ("2024-02-29T12:34:56Z", "2024-02-29T12:34:56Z", "2024-02-29T12:34:56.000000Z"),
        ("2024-02-29T23:34:56.789-01:30", "2024-03-01T01:04:56Z", "2024-03-01T01:04:56.789000Z"),
        ("2024-02-29T1:34:56,5Z", "2024-02-29T01:34:56Z", "2024-02-29T01:34:56.500000Z"),
        ("1969-12-31T23:59:59.1234567891Z", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.123456Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.900000Z"),
    ] {
        let t = Timestamp::parse(text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((&*t.text(), &*t.micro_text()), (utc, micro), "{text}");
    }
    assert!(Timestamp::parse("0001-01-01T00:00:00Z").is_ok_and(Timestamp::is_zero));
}

#[test]
fn failures_have_gos_words() {
    for (text, error) in [
        ("", r#"parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006""#),
        (
            "UPPER!",
            r#"parsing time "UPPER!" as "2006-01-02T15:04:05Z07:00": cannot parse "UPPER!" as "2006""#,
        ),
        ("2024", r#"parsing time "2024" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "-""#),
        ("2024-1-1", r#"parsing time "2024-1-1" as "2006-01-02T15:04:05Z07:00": cannot parse "1-1" as "01""#),
        ("2024-13-01T00:00:00Z", r#"parsing time "2024-13-01T00:00:00Z": month out of range"#),
        ("2023-02-29T00:00:00Z", r#"parsing time "2023-02-29T00:00:00Z": day out of range"#),
        ("2023-02-28T24:00:00Z", r#"parsing time "2023-02-28T24:00:00Z": hour out of range"#),
        ("2023-02-28T00:00:00ZZ", r#"parsing time "2023-02-28T00:00:00ZZ": extra text: "Z""#),
        ("0000-01-01T00:00:00+00:01", r#"parsing time "0000-01-01T00:00:00+00:01": year out of range"#),
        ("9999-12-31T23:59:59-01:00", r#"parsing time "9999-12-31T23:59:59-01:00": year out of range"#),
        (
            "2023-02-28T00:00:00",
            r#"parsing time "2023-02-28T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00""#,
        ),
        (
            "2023-02-28T00:00:00+25:00",
            r#"parsing time "2023-02-28T00:00:00+25:00": time zone offset hour out of range"#,
        ),
        ("é", r#"parsing time "\xc3\xa9" as "2006-01-02T15:04:05Z07:00": cannot parse "\xc3\xa9" as "2006""#),
    ] {
        assert_eq!(Timestamp::parse(text).map_err(|e| e.to_string()), Err(error.to_owned()));
    }
    assert_eq!(
        Timestamp::parse_micro("2023-02-28T00:00:00Z").map_err(|e| e.to_string()),
        Err(r#"parsing time "2023-02-28T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000""#.to_owned())
    );
}

#[test]
fn every_day_of_five_centuries_comes_back() {
    for day in -90_000..90_000 {
        let (y, m, d) = civil_from_days(day);
        assert_eq!(days_from_civil(y, m, d), day);
    }
}

#[test]
fn system_time_before_and_after_1970() {
    for (seconds, nanos) in [(0, 0), (5, 7), (-5, 0), (-5, 7)] {
        let t = Timestamp::new(seconds, nanos);
        let system = if seconds < 0 {
            UNIX_EPOCH - Duration::from_secs(seconds.unsigned_abs()) + Duration::from_nanos(u64::from(nanos))
        } else {
            SystemTime::from(t)
        };
        assert_eq!(Timestamp::from(system), t);
    }
}

#[test]
fn durations() {
    for (text, nanos, canonical) in [
        ("0", 0, "0s"),
        ("-0", 0, "0s"),
        ("1h", 3_600_000_000_000, "1h0m0s"),
        ("90m1.5s", 5_401_500_000_000, "1h30m1.5s"),
        ("-300ms", -300_000_000, "-300ms"),
        ("1.5us", 1_500, "1.5µs"),
        ("1500µs", 1_500_000, "1.5ms"),
        ("10ns", 10, "10ns"),
        (".5m", 30_000_000_000, "30s"),
        ("-9223372036854775808ns", i64::MIN, "-2562047h47m16.854775808s"),
    ] {
        assert_eq!(duration::parse(text).map_err(|e| e.to_string()), Ok(nanos), "{text}");
        assert_eq!(duration::format(nanos), canonical);
    }
    for (text, error) in [
        ("", r#"time: invalid duration """#),
        ("5", r#"time: missing unit in duration "5""#),
        ("5d", r#"time: unknown unit "d" in duration "5d""#),
        ("h", r#"time: invalid duration "h""#),
        (".s", r#"time: invalid duration ".s""#),
        ("9223372036854775808ns", r#"time: invalid duration "9223372036854775808ns""#),
        ("9999999999h", r#"time: invalid duration "9999999999h""#),
    ] {
        assert_eq!(duration::parse(text).map_err(|e| e.to_string()), Err(error.to_owned()));
    }
}
