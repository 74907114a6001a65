//! What a request's headers ask for: encoding, language, conditions, ranges and its own host.

use std::ops::Range;

use axum::http::{HeaderMap, HeaderName, header};
use jomo_words::Language;

use crate::route::canonical_number;

/// How the bytes of an answer are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As stored.
    Gzip,
    /// Inflated.
    Identity,
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Gzip where the client says that it reads it; a client that says nothing gets plain bytes.
#[must_use]
pub fn encoding(headers: &HeaderMap) -> Encoding {
    let (mut named, mut any) = (None, None);
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for part in value.to_str().unwrap_or_default().split(',').take(20) {
            let (coding, parameters) = part.split_once(';').unwrap_or((part, ""));
            let accepted = !is_zero_quality(parameters);
            match coding.trim() {
                "*" => any = Some(accepted),
                name if name.eq_ignore_ascii_case("gzip") => named = Some(accepted),
                name if name.eq_ignore_ascii_case("x-gzip") => named = Some(accepted),
                _ => {}
            }
        }
    }
    if named.or(any).unwrap_or(false) { Encoding::Gzip } else { Encoding::Identity }
}

/// `q=0`, `q=0.0`, ...: not acceptable.
fn is_zero_quality(parameters: &str) -> bool {
    let quality = parameters.split(';').find_map(|part| part.trim().strip_prefix("q="));
    quality.is_some_and(|value| value.trim().bytes().all(|byte| matches!(byte, b'0' | b'.')))
}

/// The language of texts for people; Japanese unless English is preferred.
#[must_use]
pub fn language(headers: &HeaderMap) -> Language {
    text(headers, &header::ACCEPT_LANGUAGE).map_or(Language::Ja, jomo_words::accepted)
}

/// Whether the client already has the representation with this entity tag (`"..."`): then the
/// answer is 304. The comparison is the weak one of RFC 9110, 13.1.2.
#[must_use]
pub fn has_current(headers: &HeaderMap, tag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value.to_str().unwrap_or_default().split(',').any(|candidate| {
            let candidate = candidate.trim();
            candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == tag
        })
    })
}

/// The revision that `If-Match` names as its one strong entity tag. A change on whatever stands
/// (`*`), on one of several or on none would lose what somebody else has written.
#[must_use]
pub fn expected_revision(headers: &HeaderMap) -> Option<u64> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let tag = value.to_str().ok()?.trim();
    canonical_number(tag.strip_prefix('"')?.strip_suffix('"')?)
}

/// Which part of a representation is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything, also where the header is one that a server may ignore (RFC 9110, 14.2).
    Whole,
    /// These bytes; never empty.
    Bytes(Range<usize>),
    /// A range that begins behind the end.
    Unsatisfiable,
}

/// Reads `Range` and `If-Range` for a representation of `length` bytes with entity tag `tag`.
/// Several ranges in one request are answered with the whole.
#[must_use]
pub fn part(headers: &HeaderMap, tag: &str, length: usize) -> Part {
    if text(headers, &header::IF_RANGE).is_some_and(|condition| condition.trim() != tag) {
        return Part::Whole;
    }
    let wanted = text(headers, &header::RANGE).and_then(|value| value.strip_prefix("bytes="));
    let Some((first, last)) = wanted.and_then(|range| range.trim().split_once('-')) else {
        return Part::Whole;
    };
    let bound = |text: &str| -> Option<Option<usize>> {
        if text.is_empty() {
            return Some(None);
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        // A number beyond usize lies behind the end of everything.
        plain.then(|| Some(text.parse().unwrap_or(usize::MAX)))
    };
    match (bound(first), bound(last)) {
        (Some(Some(first)), Some(last)) => {
            let end = last.map_or(length, |last| last.saturating_add(1).min(length));
            if last.is_some_and(|last| last < first) {
                Part::Whole
            } else if first < end {
                Part::Bytes(first..end)
            } else {
                Part::Unsatisfiable
            }
        }
        (Some(None), Some(Some(count))) => match length.min(count) {
            0 => Part::Unsatisfiable,
            count => Part::Bytes(length - count..length),
        },
        _ => Part::Whole,
    }
}

/// The `Host` of a request, if it is a plain name or address with an optional port. It is put
/// into URLs of answers, so nothing else is let through.
#[must_use]
pub fn host(headers: &HeaderMap) -> Option<&str> {
    let host = text(headers, &header::HOST)?;
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            ("v6", if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let plain = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let port_is_number = port.is_none_or(|port| {
        port.len() <= 5
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| 0 < port)
    });
    (name.len() <= 253 && name.split('.').all(plain) && port_is_number).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        headers
    }

    #[test]
    fn gzip_is_sent_only_where_it_is_read() {
        for (value, expected) in [
            ("gzip", Encoding::Gzip),
            ("br, GZIP;q=0.1", Encoding::Gzip),
            ("*", Encoding::Gzip),
            ("gzip;q=0", Encoding::Identity),
            ("gzip; q=0.000, *", Encoding::Identity),
            ("identity", Encoding::Identity),
            ("", Encoding::Identity),
        ] {
            assert_eq!(encoding(&with(header::ACCEPT_ENCODING, value)), expected, "{value}");
        }
        assert_eq!(encoding(&HeaderMap::new()), Encoding::Identity);
    }

    #[test]
    fn ranges_are_cut_to_the_length() {
        for (range, expected) in [
            ("bytes=0-0", Part::Bytes(0..1)),
            ("bytes=2-", Part::Bytes(2..10)),
            ("bytes=2-99999999999999999999999", Part::Bytes(2..10)),
            ("bytes=-3", Part::Bytes(7..10)),
            ("bytes=-30", Part::Bytes(0..10)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=5-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(part(&with(header::RANGE, range), "\"a\"", 10), expected, "{range}");
        }
        let mut headers = with(header::RANGE, "bytes=0-0");
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"b\""));
        assert_eq!(part(&headers, "\"a\"", 10), Part::Whole);
        assert_eq!(part(&headers, "\"b\"", 10), Part::Bytes(0..1));
        assert_eq!(part(&with(header::RANGE, "bytes=0-"), "\"a\"", 0), Part::Unsatisfiable);
    }

    #[test]
    fn only_plain_hosts_are_believed() {
        for good in ["localhost", "127.0.0.1:8080", "map.pref.gunma.example", "[::1]:8080"] {
            assert_eq!(host(&with(header::HOST, good)), Some(good));
        }
        for bad in
            ["", "a b", "a/b", "a@b", "a:0", "a:70000", "a:", "[::1", "[a]", "a\"b", "a..b", "群馬"]
        {
            assert_eq!(host(&with(header::HOST, bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_change_names_one_revision() {
        for (value, expected) in [
            ("\"1\"", Some(1)),
            (" \"18446744073709551615\" ", Some(u64::MAX)),
            ("\"18446744073709551616\"", None),
            ("\"01\"", None),
            ("\"+1\"", None),
            ("\"\"", None),
            ("\"", None),
            ("1", None),
            ("W/\"1\"", None),
            ("\"1\", \"2\"", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(expected_revision(&with(header::IF_MATCH, value)), expected, "{value}");
        }
        let mut headers = with(header::IF_MATCH, "\"1\"");
        headers.append(header::IF_MATCH, HeaderValue::from_static("\"1\""));
        assert_eq!(expected_revision(&headers), None);
        assert_eq!(expected_revision(&HeaderMap::new()), None);
    }

    #[test]
    fn tags_are_compared_weakly() {
        for (value, expected) in
            [("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("a", false)]
        {
            let headers = with(header::IF_NONE_MATCH, value);
            assert_eq!(has_current(&headers, "\"a\""), expected, "{value}");
        }
    }
}
