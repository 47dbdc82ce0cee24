//! Time modifiers and spans.

use davy_spl::{TimeUnit, parse_span, parse_time_modifier};
use jiff::Zoned;

/// Wednesday.
const NOW: &str = "2024-10-16T13:45:37.123456[UTC]";

#[track_caller]
fn is_at(now: &str, modifier: &str, expected: &str) {
    let now: Zoned = now.parse().unwrap();
    let zone = now.time_zone().clone();
    let at = parse_time_modifier(modifier).unwrap().resolve(now);
    assert_eq!(at.to_zoned(zone).datetime().to_string(), expected, "{modifier}");
}

#[track_caller]
fn is(modifier: &str, expected: &str) {
    is_at(NOW, modifier, expected);
}

#[test]
fn offsets_then_snaps_then_offsets() {
    is("-70m@m", "2024-10-16T12:35:00");
    is("@d", "2024-10-16T00:00:00");
    is("-7d@d+8h", "2024-10-09T08:00:00");
    is("-h", "2024-10-16T12:45:37.123456");
    is("-1h@h", "2024-10-16T12:00:00");
    is("+2mon@mon-1d", "2024-11-30T00:00:00");
    is("-1y@y", "2023-01-01T00:00:00");
    is("@q", "2024-10-01T00:00:00");
    is("-1qtr@q", "2024-07-01T00:00:00");
    is("-500ms@s", "2024-10-16T13:45:36");
    is("-30", "2024-10-16T13:45:07.123456");
}

#[test]
fn weeks() {
    is("@w", "2024-10-13T00:00:00");
    is("@w0", "2024-10-13T00:00:00");
    is("@w7", "2024-10-13T00:00:00");
    is("@w3", "2024-10-16T00:00:00");
    is("@w4", "2024-10-10T00:00:00");
    is("-1w@w1", "2024-10-07T00:00:00");
}

#[test]
fn moments() {
    is("now", "2024-10-16T13:45:37.123456");
    is("now()", "2024-10-16T13:45:37.123456");
    is("rt", "2024-10-16T13:45:37.123456");
    is("rt-5m", "2024-10-16T13:40:37.123456");
    is("0", "1970-01-01T00:00:00");
    is("1.5", "1970-01-01T00:00:01.5");
    is("10/19/2009:0:0:0", "2009-10-19T00:00:00");
    is("10/19/2009:13:14:15.25", "2009-10-19T13:14:15.25");
}

#[test]
fn a_day_is_the_zone_s_day() {
    is_at("2024-03-31T12:00:00[Europe/Berlin]", "-1d@d", "2024-03-30T00:00:00");
    is_at("2024-03-31T12:00:00[Europe/Berlin]", "-12h", "2024-03-30T23:00:00");
    is_at("2024-03-31T12:00:00[Europe/Berlin]", "10/19/2009:1:0:0", "2009-10-19T01:00:00");
}

#[test]
fn what_no_time_says() {
    for bad in [
        "",
        "yesterday",
        "-5x",
        "@",
        "-1d@",
        "1.2.3",
        "5d",
        "13/45/2009:0:0:0",
        "1/2",
        "@w8",
        "-99999999999999999999d",
        "é",
        "-é",
        "-1 hour",
    ] {
        assert!(parse_time_modifier(bad).is_err(), "{bad}");
    }
    assert_eq!(
        parse_time_modifier("-5x").unwrap_err().to_string(),
        "`x` is not a unit of time; units are s, m, h, d, w, mon, q, y"
    );
    // Beyond what can be represented is as far as can be.
    let now: Zoned = NOW.parse().unwrap();
    assert_eq!(parse_time_modifier("-99999999y").unwrap().resolve(now), jiff::Timestamp::MIN);
}

#[test]
fn spans() {
    let hour = parse_span("1h").unwrap();
    assert_eq!((hour.count, hour.unit, hour.snap), (1, TimeUnit::Hour, None));
    assert_eq!(hour.fixed().unwrap().as_secs(), 3600);
    let month = parse_span("mon").unwrap();
    assert_eq!((month.count, month.unit, month.fixed()), (1, TimeUnit::Month, None));
    assert!(parse_span("5m@d").unwrap().snap.is_some());
    assert_eq!(parse_span("30").unwrap().fixed().unwrap().as_secs(), 30);
    for bad in ["", "0s", "1x", "h1", "1h2", "-1h"] {
        assert!(parse_span(bad).is_err(), "{bad}");
    }
    for long in ["10001y", "120001mon", "3650001d", "99999999999mon", "9223372036854775807w"] {
        let error = parse_span(long).unwrap_err().to_string();
        assert!(error.contains("too long") && error.contains("10000y"), "{error}");
    }
    for most in ["10000y", "40000q", "120000mon", "3650000d", "315360000000000000us"] {
        assert!(parse_span(most).is_ok(), "{most}");
    }
}
