//! Answers that are no content: RFC 9457 problems in the reader's language.
//!
//! A problem never names a layer, a path or a host. What the caller may not know about and what
//! does not exist are therefore the same bytes.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use jomo_core::Timestamp;
use jomo_core::message::Arguments;
use jomo_core::time::jst_text;
use jomo_words::{Language, say};
use serde::Serialize;

use crate::record::Conflict;

/// Why a live layer or step is not served any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The layer is past its `expires`.
    LayerExpired,
    /// The predicted moment has passed.
    StepPast,
}

/// Why a request has no content as answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// 404: no such address.
    RouteUnknown,
    /// 404: no such layer for this caller.
    LayerUnknown,
    /// 404: the layer has no such version, or not any more.
    VersionUnknown,
    /// 404: the layer has no such valid time.
    TimeUnknown,
    /// 404: the layer has no series of this id.
    SeriesUnknown,
    /// 404: the layer has no tiles at this zoom.
    ZoomOutside,
    /// 404: the tile does not touch the layer's bounds.
    TileOutside,
    /// 400: a part of the address is not of the documented form.
    AddressMalformed,
    /// 400: `z/x/y` is no tile of the scheme.
    TileOutOfRange,
    /// 400: the time is written in neither of the two forms.
    TimeMalformed,
    /// 400: a query parameter that this address does not have, or has twice.
    QueryUnknown,
    /// 400: more than one identity, or one twice.
    IdentityAmbiguous,
    /// 400: a body that is not of the documented form.
    BodyMalformed,
    /// 401: wrong login or wrong password.
    SignInRefused,
    /// 401: for people only.
    SignInNeeded,
    /// 403: for people with another role only.
    RoleNeeded,
    /// 403: a change that does not come from a page of this server.
    OriginRefused,
    /// 404: no such job of this caller.
    JobUnknown,
    /// 404: no such record of this caller.
    RecordUnknown,
    /// 405.
    MethodNotAllowed {
        /// The methods that this address has.
        allow: &'static str,
    },
    /// 408: a body that comes too slowly.
    BodyTooSlow,
    /// 410: a live layer or step past its validity.
    Expired {
        /// What passed.
        reason: Reason,
        /// When.
        since: Timestamp,
    },
    /// 412: the record has moved on, or been withdrawn.
    RecordChanged(Box<Conflict>),
    /// 413: a body where none is read.
    BodyNotAccepted,
    /// 413: a longer body than is read here.
    BodyTooLarge,
    /// 414.
    AddressTooLong,
    /// 415: a body of another type than is read here.
    ContentTypeRefused,
    /// 416: the range begins behind the end.
    RangeUnsatisfiable {
        /// Length of the whole in bytes.
        length: usize,
    },
    /// 422: words of a job that may not be queued.
    JobRefused {
        /// The register's code.
        code: &'static str,
        /// What its texts mention.
        arguments: Arguments,
    },
    /// 429: as many jobs wait as may.
    JobQuota {
        /// What its texts mention.
        arguments: Arguments,
    },
    /// 422: a value of a record that the register does not keep.
    RecordRefused {
        /// Which one.
        field: &'static str,
    },
    /// 422: personal values, and the server has no key to seal them with.
    PersonalNotKept,
    /// 428: a change that names no revision.
    PreconditionRequired,
    /// 429: too many failed sign-ins.
    TooManyTries {
        /// Seconds until the next try.
        retry_after_s: u64,
    },
    /// 431: headers beyond the limit.
    HeadersTooLarge,
    /// 500: a stored tile cannot be inflated.
    TileUnreadable,
    /// 500: the register or the place of uploads cannot be used.
    RegisterFailed,
    /// 503: as many of these are under way as there may be.
    Busy,
    /// 503: no generation has been loaded yet.
    NotReady,
    /// 503: the object store that the tiles lie in is slow or away.
    StoreUnreachable,
    /// 507: no room for an upload.
    StorageFull,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(flatten)]
    conflict: Option<&'a Conflict>,
}

impl Problem {
    /// Stable code; its texts are `http-<code>` in `words/server.*.ftl`, those of refused jobs
    /// the register's own.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RouteUnknown => "route-unknown",
            Self::LayerUnknown => "layer-unknown",
            Self::VersionUnknown => "version-unknown",
            Self::TimeUnknown => "time-unknown",
            Self::SeriesUnknown => "series-unknown",
            Self::ZoomOutside => "zoom-outside",
            Self::TileOutside => "tile-outside",
            Self::AddressMalformed => "address-malformed",
            Self::TileOutOfRange => "tile-out-of-range",
            Self::TimeMalformed => "time-malformed",
            Self::QueryUnknown => "query-unknown",
            Self::IdentityAmbiguous => "identity-ambiguous",
            Self::BodyMalformed => "body-malformed",
            Self::SignInRefused => "sign-in-refused",
            Self::SignInNeeded => "sign-in-needed",
            Self::RoleNeeded => "role-needed",
            Self::OriginRefused => "origin-refused",
            Self::JobUnknown => "job-unknown",
            Self::RecordUnknown => "record-unknown",
            Self::RecordChanged(conflict) if conflict.is_withdrawn => "record-withdrawn",
            Self::RecordChanged(_) => "record-changed",
            Self::RecordRefused { .. } => "record-refused",
            Self::PersonalNotKept => "personal-not-kept",
            Self::PreconditionRequired => "precondition-required",
            Self::MethodNotAllowed { .. } => "method-not-allowed",
            Self::BodyTooSlow => "body-too-slow",
            Self::Expired { .. } => "expired",
            Self::BodyNotAccepted => "body-not-accepted",
            Self::BodyTooLarge => "body-too-large",
            Self::AddressTooLong => "address-too-long",
            Self::ContentTypeRefused => "content-type-refused",
            Self::RangeUnsatisfiable { .. } => "range-unsatisfiable",
            Self::JobRefused { code, .. } => code,
            Self::JobQuota { .. } => "job-quota",
            Self::TooManyTries { .. } => "too-many-tries",
            Self::HeadersTooLarge => "headers-too-large",
            Self::TileUnreadable => "tile-unreadable",
            Self::RegisterFailed => "register-failed",
            Self::Busy => "busy",
            Self::NotReady => "not-ready",
            Self::StoreUnreachable => "store-unreachable",
            Self::StorageFull => "storage-full",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::RouteUnknown
            | Self::LayerUnknown
            | Self::VersionUnknown
            | Self::TimeUnknown
            | Self::SeriesUnknown
            | Self::ZoomOutside
            | Self::TileOutside
            | Self::JobUnknown
            | Self::RecordUnknown => StatusCode::NOT_FOUND,
            Self::AddressMalformed
            | Self::TileOutOfRange
            | Self::TimeMalformed
            | Self::QueryUnknown
            | Self::IdentityAmbiguous
            | Self::BodyMalformed => StatusCode::BAD_REQUEST,
            Self::SignInRefused | Self::SignInNeeded => StatusCode::UNAUTHORIZED,
            Self::RoleNeeded | Self::OriginRefused => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Expired { .. } => StatusCode::GONE,
            Self::RecordChanged(_) => StatusCode::PRECONDITION_FAILED,
            Self::BodyNotAccepted | Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::AddressTooLong => StatusCode::URI_TOO_LONG,
            Self::ContentTypeRefused => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RangeUnsatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::JobRefused { .. } | Self::RecordRefused { .. } | Self::PersonalNotKept => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::JobQuota { .. } | Self::TooManyTries { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TileUnreadable | Self::RegisterFailed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy | Self::NotReady | Self::StoreUnreachable => StatusCode::SERVICE_UNAVAILABLE,
            Self::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// The answer: `application/problem+json`, never stored by caches.
    #[must_use]
    pub fn response(&self, language: Language) -> Response<Body> {
        let mut response = Response::new(Body::from(self.document(language)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_TYPE, "application/problem+json");
        set(header::CONTENT_LANGUAGE, language_tag(language));
        set(header::CACHE_CONTROL, "no-store");
        set(header::VARY, "Accept-Encoding, Accept-Language");
        match self {
            Self::MethodNotAllowed { allow } => {
                set(header::ALLOW, allow);
            }
            // RFC 9110, 15.5.2 wants a challenge; browsers show no window for this scheme.
            Self::SignInRefused | Self::SignInNeeded => {
                set(header::WWW_AUTHENTICATE, "Bearer");
            }
            Self::Busy | Self::NotReady => {
                set(header::RETRY_AFTER, "1");
            }
            Self::StoreUnreachable => {
                set(header::RETRY_AFTER, "5");
            }
            // A job takes seconds to minutes; a minute later a place may be free.
            Self::JobQuota { .. } => {
                set(header::RETRY_AFTER, "60");
            }
            Self::TooManyTries { retry_after_s } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
            }
            Self::RangeUnsatisfiable { length } => {
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{length}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            _ => {}
        }
        response
    }

    /// The body of the answer.
    #[must_use]
    pub fn document(&self, language: Language) -> String {
        let code = self.code();
        let (reason, since) = match self {
            Self::Expired { reason, since } => (Some(*reason), Some(*since)),
            _ => (None, None),
        };
        let id = match reason {
            Some(Reason::LayerExpired) => "http-expired-layer".to_owned(),
            Some(Reason::StepPast) => "http-expired-step".to_owned(),
            None => self.text_id(),
        };
        let arguments = self.arguments();
        let document = Document {
            r#type: format!("urn:jomo:problem:{code}"),
            title: say(language, &format!("{id}.title"), &arguments),
            status: self.status().as_u16(),
            detail: say(language, &format!("{id}.detail"), &arguments),
            code,
            reason,
            since,
            conflict: match self {
                Self::RecordChanged(conflict) => Some(conflict),
                _ => None,
            },
        };
        // Strings, numbers, times and JSON always serialise.
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// Title and detail for a page without script.
    #[must_use]
    pub fn texts(&self, language: Language) -> [String; 2] {
        let id = self.text_id();
        ["title", "detail"].map(|part| say(language, &format!("{id}.{part}"), &self.arguments()))
    }

    /// The id of the texts.
    fn text_id(&self) -> String {
        match self {
            Self::JobRefused { code, .. } => (*code).to_owned(),
            Self::JobQuota { .. } => self.code().to_owned(),
            _ => format!("http-{}", self.code()),
        }
    }

    /// What the texts mention.
    fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Expired { since, .. } => vec![("time", jst_text(*since))],
            Self::TooManyTries { retry_after_s } => {
                vec![("minutes", retry_after_s.div_ceil(60).to_string())]
            }
            Self::JobRefused { arguments, .. } | Self::JobQuota { arguments } => arguments.clone(),
            Self::RecordChanged(conflict) => vec![
                ("expected", conflict.expected.to_string()),
                ("found", conflict.found.to_string()),
            ],
            Self::RecordRefused { field } => vec![("field", (*field).to_owned())],
            _ => Vec::new(),
        }
    }
}

/// The tag of a language for `Content-Language` and `lang`.
#[must_use]
pub fn language_tag(language: Language) -> &'static str {
    match language {
        Language::Ja => "ja",
        Language::En => "en",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [Problem; 39] = [
        Problem::RouteUnknown,
        Problem::LayerUnknown,
        Problem::VersionUnknown,
        Problem::TimeUnknown,
        Problem::SeriesUnknown,
        Problem::ZoomOutside,
        Problem::TileOutside,
        Problem::AddressMalformed,
        Problem::TileOutOfRange,
        Problem::TimeMalformed,
        Problem::QueryUnknown,
        Problem::IdentityAmbiguous,
        Problem::BodyMalformed,
        Problem::SignInRefused,
        Problem::SignInNeeded,
        Problem::RoleNeeded,
        Problem::OriginRefused,
        Problem::JobUnknown,
        Problem::RecordUnknown,
        Problem::RecordRefused { field: "content" },
        Problem::PersonalNotKept,
        Problem::PreconditionRequired,
        Problem::MethodNotAllowed { allow: "GET" },
        Problem::BodyTooSlow,
        Problem::BodyTooLarge,
        Problem::ContentTypeRefused,
        Problem::TooManyTries { retry_after_s: 61 },
        Problem::HeadersTooLarge,
        Problem::RegisterFailed,
        Problem::Busy,
        Problem::StorageFull,
        Problem::Expired { reason: Reason::LayerExpired, since: Timestamp::UNIX_EPOCH },
        Problem::Expired { reason: Reason::StepPast, since: Timestamp::UNIX_EPOCH },
        Problem::BodyNotAccepted,
        Problem::AddressTooLong,
        Problem::RangeUnsatisfiable { length: 1 },
        Problem::TileUnreadable,
        Problem::NotReady,
        Problem::StoreUnreachable,
    ];

    /// What the register refuses, with everything that its texts may mention.
    fn of_jobs() -> Vec<Problem> {
        let names = ["word", "flag", "value", "expected", "missing", "whose", "limit"];
        let arguments: Arguments = names.map(|name| (name, "x".to_owned())).to_vec();
        let codes = ["job-refused", "job-value", "job-incomplete", "job-repeated"];
        let refused = codes.map(|code| Problem::JobRefused { code, arguments: arguments.clone() });
        refused.into_iter().chain([Problem::JobQuota { arguments }]).collect()
    }

    #[test]
    fn every_problem_has_its_texts() {
        for problem in EVERY.into_iter().chain(of_jobs()) {
            for language in [Language::Ja, Language::En] {
                let document = problem.document(language);
                assert!(!document.contains("\"http-"), "{document}");
                assert!(!document.contains("{$"), "{document}");
            }
        }
    }

    /// The document is part of the interface.
    #[test]
    fn an_expired_layer_says_so_to_machines_and_people() {
        let since = "2026-11-22T03:00:00Z".parse().unwrap();
        let problem = Problem::Expired { reason: Reason::LayerExpired, since };
        insta::assert_snapshot!(problem.document(Language::En), @r#"{"type":"urn:jomo:problem:expired","title":"Past its validity","status":410,"detail":"This layer was valid until 2026-11-22 12:00 JST. Wait for the next issue, or ask its issuer, such as the JMA.","code":"expired","reason":"layer-expired","since":"2026-11-22T03:00:00Z"}"#);
    }
}
