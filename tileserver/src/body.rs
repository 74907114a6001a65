//! Bodies of requests: read by few routes, never longer or slower than they may be.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use bytes::Bytes;

use crate::problem::Problem;

/// What of a refused body is read and dropped, so that the client comes to read the refusal.
const DRAIN_MAX: usize = 1 << 20;

/// How long that may take.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// What a body says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyType {
    /// `application/json`
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
}

/// The type of a request's body, if it is one of those that are read.
#[must_use]
pub fn body_type(headers: &HeaderMap) -> Option<BodyType> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = text.split(';').next()?.trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Some(BodyType::Json)
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Some(BodyType::Form)
    } else {
        None
    }
}

/// The next part of a body, for which it has `patience`; `None` at its end.
///
/// # Errors
/// [`Problem::BodyMalformed`] if the client breaks off, [`Problem::BodyTooSlow`].
pub async fn next(body: &mut Body, patience: Duration) -> Option<Result<Bytes, Problem>> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
        match tokio::time::timeout(patience, frame).await {
            Err(_) => return Some(Err(Problem::BodyTooSlow)),
            Ok(None) => return None,
            Ok(Some(Err(_))) => return Some(Err(Problem::BodyMalformed)),
            // Trailers are not read.
            Ok(Some(Ok(frame))) => {
                if let Ok(bytes) = frame.into_data() {
                    return Some(Ok(bytes));
                }
            }
        }
    }
}

/// Whether a body says that it is longer than `limit` bytes.
#[must_use]
pub fn declares_more(body: &Body, limit: u64) -> bool {
    limit < body.size_hint().lower()
}

/// A whole body of at most `limit` bytes, for all of which it has `patience`.
///
/// # Errors
/// [`Problem::BodyTooLarge`], [`Problem::BodyTooSlow`], [`Problem::BodyMalformed`].
pub async fn read(body: &mut Body, limit: usize, patience: Duration) -> Result<Vec<u8>, Problem> {
    if declares_more(body, limit as u64) {
        return Err(Problem::BodyTooLarge);
    }
    let whole = async {
        let mut bytes = Vec::new();
        while let Some(part) = next(body, patience).await {
            let part = part?;
            if limit - bytes.len() < part.len() {
                return Err(Problem::BodyTooLarge);
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    };
    tokio::time::timeout(patience, whole).await.unwrap_or(Err(Problem::BodyTooSlow))
}

/// Drops the rest of a body that was refused, within bounds.
pub async fn drain(body: &mut Body) {
    let rest = async {
        let mut dropped = 0;
        while let Some(Ok(part)) = next(body, DRAIN_TIMEOUT).await {
            dropped += part.len();
            if DRAIN_MAX < dropped {
                break;
            }
        }
    };
    // Whether it ended or time ran out, the connection is closed after the answer.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, rest).await;
}

/// The fields of a form or query, in order; `None` if it is not one.
#[must_use]
pub fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let spaced = |text: &str| percent_decoded(&text.replace('+', " "));
        Some((spaced(name)?, spaced(value)?))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// A part of an address in plain characters; `None` if its `%` are no bytes of UTF-8.
#[must_use]
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || u8::try_from(char::from(rest.next()?).to_digit(16)?).ok();
                digit()? << 4 | digit()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_are_decoded() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let known = fields("login=kato&password=a%20b%2Bc+d%E7%BE%A4").unwrap();
        assert_eq!(known, [pair("login", "kato"), pair("password", "a b+c d群")]);
        assert_eq!(fields(""), Some(vec![]));
        for bad in ["login", "a=%", "a=%4", "a=%zz", "a=%ff"] {
            assert_eq!(fields(bad), None, "{bad}");
        }
    }

    proptest! {
        /// What is encoded byte by byte comes back.
        #[test]
        fn encoding_is_undone(value in "\\PC{0,20}") {
            let encoded: Vec<String> = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let text = format!("a={}", encoded.concat());
            prop_assert_eq!(fields(&text), Some(vec![("a".to_owned(), value)]));
        }
    }
}
