//! Whose now, and for how long: which step is current, what has expired, what caches may keep.
//!
//! Wall-clock expiry is for live layers only. A live answer is private and short, so that no
//! cache goes on showing a forecast that this server would refuse.

use axum::http::HeaderValue;
use jomo_core::Timestamp;
use jomo_core::layer::{Layer, Mode, Step};

use crate::problem::{Problem, Reason};

/// Longest time, in seconds, that a browser may keep an answer of a layer that can expire.
const PERISHABLE_MAX_S: i64 = 60;

/// For addresses that name a version: their bytes never change.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// For addresses without a version: 30 s old at most, then one more use while it is renewed.
const ALIAS: &str = "public, max-age=30, stale-while-revalidate=60";

/// Whether an address names a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// It does.
    Pinned,
    /// It means the newest.
    Alias,
}

/// The valid time that a request without a time means; `None` for a layer without time.
///
/// # Errors
/// [`Problem::Expired`] for a live layer past its validity or its last step.
pub fn current_time(layer: &Layer, wall: Timestamp) -> Result<Option<Timestamp>, Problem> {
    check_step(layer, None, wall)?;
    match layer.current_step(wall) {
        Step::Timeless => Ok(None),
        Step::At(time) => Ok(Some(time)),
        Step::Expired => {
            let since = layer.valid_times.last().copied().unwrap_or(wall);
            Err(Problem::Expired { reason: Reason::StepPast, since })
        }
    }
}

/// Whether a step may be shown at `wall`: a live layer until it expires, its predicted steps
/// until their moment has passed. Steps up to the reference time are observed; they stay.
///
/// # Errors
/// [`Problem::Expired`].
pub fn check_step(layer: &Layer, time: Option<Timestamp>, wall: Timestamp) -> Result<(), Problem> {
    if let Some(since) = layer.expires.filter(|_| layer.is_expired(wall)) {
        return Err(Problem::Expired { reason: Reason::LayerExpired, since });
    }
    match predicted_until(layer, time) {
        Some(since) if since < wall => Err(Problem::Expired { reason: Reason::StepPast, since }),
        _ => Ok(()),
    }
}

/// The moment that a live step predicts.
fn predicted_until(layer: &Layer, time: Option<Timestamp>) -> Option<Timestamp> {
    let predicted = |time: &Timestamp| layer.reference_time.is_some_and(|from| from < *time);
    time.filter(|time| layer.mode == Mode::Live && predicted(time))
}

/// `Cache-Control` for a step that may be shown at `wall`.
#[must_use]
pub fn cache_control(
    layer: &Layer,
    time: Option<Timestamp>,
    wall: Timestamp,
    address: Address,
) -> HeaderValue {
    let expires = layer.expires.filter(|_| layer.mode == Mode::Live);
    let ends = [expires, predicted_until(layer, time)].into_iter().flatten().min();
    match (ends, address) {
        (Some(ends), _) => perishable(ends, wall),
        (None, Address::Pinned) => HeaderValue::from_static(IMMUTABLE),
        (None, Address::Alias) => HeaderValue::from_static(ALIAS),
    }
}

/// `Cache-Control` for what stops being true at `ends`.
#[must_use]
pub fn perishable(ends: Timestamp, wall: Timestamp) -> HeaderValue {
    // Whole seconds, rounded down: never beyond the end.
    let remaining_s = ends.duration_since(wall).as_secs().clamp(0, PERISHABLE_MAX_S);
    HeaderValue::try_from(format!("private, max-age={remaining_s}"))
        .unwrap_or(HeaderValue::from_static("no-store"))
}

/// The earliest moment at which a document about this layer changes by itself: when it expires,
/// or when another step becomes the current one. Only live layers have one.
#[must_use]
pub fn document_until(layer: &Layer, wall: Timestamp) -> Option<Timestamp> {
    if layer.mode != Mode::Live {
        return None;
    }
    let step = match layer.current_step(wall) {
        Step::At(time) => Some(time),
        Step::Timeless => None,
        Step::Expired => Some(wall),
    };
    [layer.expires, step].into_iter().flatten().min()
}

/// `Cache-Control` for a document about layers, with [`document_until`] of each.
#[must_use]
pub fn document_cache_control(until: Option<Timestamp>, wall: Timestamp) -> HeaderValue {
    until.map_or(HeaderValue::from_static(ALIAS), |ends| perishable(ends, wall))
}
