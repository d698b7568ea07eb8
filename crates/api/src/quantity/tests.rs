use super::*;

/// Text, canonical text, whole value, thousandths.
const GOOD: &[(&str, &str, i64, i64)] = &[
    ("0", "0", 0, 0),
    ("-", "0", 0, 0),
    ("Ki", "0", 0, 0),
    ("0.0Gi", "0", 0, 0),
    ("100m", "100m", 1, 100),
    ("0.1", "100m", 1, 100),
    ("1.5", "1500m", 2, 1500),
    ("1.500", "1.500", 2, 1500),
    ("1000m", "1", 1, 1000),
    ("+5", "+5", 5, 5000),
    ("0005", "0005", 5, 5000),
    ("1024Ki", "1Mi", 1 << 20, (1 << 20) * 1000),
    ("1.5Gi", "1536Mi", 3 << 29, (3 << 29) * 1000),
    ("1.5Mi", "1536Ki", 3 << 19, (3 << 19) * 1000),
    ("0.5Ki", "512", 512, 512_000),
    ("0.0001Ki", "102400u", 1, 103),
    ("1000", "1k", 1000, 1_000_000),
    ("1e3", "1e3", 1000, 1_000_000),
    ("1E3", "1E3", 1000, 1_000_000),
    ("1000e0", "1e3", 1000, 1_000_000),
    ("12e6", "12e6", 12_000_000, 12_000_000_000),
    ("1e-3", "1e-3", 1, 1),
    ("0.1n", "1n", 1, 1),
    ("1e-2000000000", "1e-9", 1, 1),
    ("-1.5", "-1500m", -2, -1500),
    ("-1024Mi", "-1Gi", -(1 << 30), -(1 << 30) * 1000),
    ("9Ei", "9223372036854775807", i64::MAX, -1000),
    ("1000E", "1", 0, 0),
    ("123456789012345678901234", "123456789012345678901234", -7269072992350064654, -1055827308501317296),
    ("123456789012345678901000", "123456789012345678901k", -7269072992350064888, -1055827308501551296),
    ("0.123456789123456789123", "123456790n", 1, 124),
];

const BAD: &[(&str, ParseError)] = &[
    ("", ParseError::Format),
    (" 1", ParseError::Format),
    ("1 Gi", ParseError::Format),
    ("1.2.3", ParseError::Format),
    ("1e3.5", ParseError::Format),
    ("abc", ParseError::Format),
    ("é", ParseError::Format),
    ("1mm", ParseError::Suffix),
    ("1e", ParseError::Suffix),
    ("1i", ParseError::Suffix),
    ("1e99999999999999999999", ParseError::Suffix),
    ("e-10", ParseError::Number),
    (".e-10", ParseError::Number),
];

#[test]
fn reads_and_writes_as_upstream() {
    for (text, canonical, value, milli) in GOOD {
        let q = Quantity::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!((&*q.canonical(), q.value(), q.milli_value()), (*canonical, *value, *milli), "{text}");
    }
}

#[test]
fn rejects_as_upstream() {
    for (text, error) in BAD {
        assert_eq!(Quantity::parse(text).map(|q| q.to_string()), Err(*error), "{text}");
    }
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect(text)
}

#[test]
fn compares_whatever_the_notation() {
    let ascending =
        ["-1e2000000000", "-1Gi", "-1", "0", "1n", "999m", "1", "1001m", "1k", "1Ki", "1Mi", "1e30"];
    for (i, a) in ascending.iter().enumerate() {
        for (j, b) in ascending.iter().enumerate() {
            assert_eq!(quantity(a).cmp(&quantity(b)), i.cmp(&j), "{a} {b}");
        }
    }
    assert_eq!(quantity("1Ki"), quantity("1024"));
    assert_eq!(quantity("0Ki"), quantity("-0"));
}

#[test]
fn adds_and_multiplies() {
    let sums = [
        ("100m", "0.9", "1"),
        ("0", "1Gi", "1Gi"),
        ("1Gi", "1Mi", "1025Mi"),
        ("1", "-1", "0"),
        ("1n", "9223372036854775807", "9223372036854775807000000001n"),
        ("123456789012345678901234", "1", "123456789012345678901235"),
        ("123456789012345678901234", "-123456789012345678901235", "-1"),
        ("1e2000000000", "1", "100e1999999998"),
    ];
    for (a, b, sum) in sums {
        let mut q = quantity(a);
        q.add(&quantity(b));
        assert_eq!(q.canonical(), sum, "{a} + {b}");
        q.sub(&quantity(b));
        assert_eq!(q.cmp(&quantity(a)), Ordering::Equal, "{a} + {b} - {b}");
    }
    let mut q = quantity("1500m");
    q.mul(-3);
    assert_eq!(q.canonical(), "-4500m");
    q.mul(i64::MAX);
    assert_eq!(q.canonical(), "-41505174165846491131500m");
}

#[test]
fn rounds_away_from_zero() {
    for (text, scale, rounded, exact) in [
        ("1100u", -3, "2m", false),
        ("-1100u", -3, "-2m", false),
        ("2m", -3, "2m", true),
        ("1.500", -3, "1.500", true),
        ("2000u", -3, "2m", true),
    ] {
        let mut q = quantity(text);
        assert_eq!((q.round_up(scale), &*q.canonical()), (exact, rounded), "{text}");
    }
}

#[test]
fn whole_numbers_are_known_as_such() {
    assert_eq!(quantity("5k").as_i64(), Some(5000));
    assert_eq!(quantity("5m").as_i64(), None);
    // 1536, but read as a big decimal.
    assert_eq!(quantity("1.5Ki").as_i64(), None);
    assert!((quantity("1.5Ki").approximate_f64() - 1536.0).abs() < 1e-9);
    assert!((quantity("50m").approximate_f64() - 0.05).abs() < 1e-12);
}

#[test]
fn canonical_text_is_a_fixed_point() {
    for (text, ..) in GOOD {
        let once = quantity(text).canonical();
        // Upstream loses the suffix of amounts beyond its table.
        if *text != "1000E" {
            assert_eq!(quantity(&once).canonical(), once, "{text}");
        }
    }
}
