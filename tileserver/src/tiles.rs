//! Answers about layers: tiles, archives, series, `TileJSON`, catalogue.

use std::borrow::Cow;
use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use flate2::read::GzDecoder;
use jomo_core::Timestamp;
use jomo_core::mercator::TileId;
use xxhash_rust::xxh3::xxh3_64;

use crate::answer::{json, no_content};
use crate::app::App;
use crate::body::percent_decoded;
use crate::document::{self, Reader};
use crate::freshness::{
    Address, cache_control, check_step, current_time, document_cache_control, document_until,
};
use crate::negotiate::{Encoding, Part, encoding, has_current, host, language, part};
use crate::problem::Problem;
use crate::serving::Seen;
use crate::view::{LayerView, StoredTile};

/// Largest tile after inflation, in bytes: 100 times the largest that a peer was seen to write.
const INFLATED_MAX: u64 = 64 << 20;

const TILE_TYPE: &str = "application/vnd.mapbox-vector-tile";

/// A document with a tag by content: 200 or 304.
fn document(app: &App, body: Vec<u8>, request: &HeaderMap, cache: HeaderValue) -> Response<Body> {
    let (body, encoding) = (Bytes::from(body), encoding(request));
    let hash = xxh3_64(&body);
    let tag = entity_tag(hash, encoding);
    let is_current = has_current(request, &tag);
    let mut response = match (is_current, encoding) {
        (true, _) => json(Body::empty()),
        (false, Encoding::Gzip) => json(app.packed.gzip(hash, &body)),
        (false, Encoding::Identity) => json(body),
    };
    if is_current {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if !is_current && encoding == Encoding::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::ETAG, tag_header(tag));
    response
}

/// The base of URLs in answers.
fn base_url<'a>(app: &'a App, headers: &HeaderMap) -> Cow<'a, str> {
    match (&app.settings.public_url, host(headers)) {
        (Some(url), _) => Cow::Borrowed(url),
        (None, Some(host)) => Cow::Owned(format!("http://{host}")),
        (None, None) => Cow::Borrowed(&app.settings.listen_url),
    }
}

/// `GET /catalog.json`: 200, 304.
#[must_use]
pub fn catalogue(app: &App, seen: &Seen<'_>, headers: &HeaderMap) -> Response<Body> {
    let wall = app.now();
    let body = document::catalogue(seen, &base_url(app, headers));
    let layers = seen.layers();
    let until = layers.iter().filter_map(|view| document_until(&view.layer, wall)).min();
    let mut response = document(app, body, headers, document_cache_control(until, wall));
    vary(&mut response, app, "Accept-Encoding", "Accept-Encoding, Host");
    response
}

/// `GET /tiles/{layer}.json[?time=]`: 200, 304, 400, 404. An expired layer keeps its metadata:
/// the map draws it as stale.
///
/// # Errors
/// [`Problem::TimeUnknown`].
pub fn tile_json(
    app: &App,
    view: &LayerView,
    time: Option<Timestamp>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    if time.is_some() && !view.has_time(time) {
        return Err(Problem::TimeUnknown);
    }
    let base_url = base_url(app, headers);
    let reader = Reader { base_url: &base_url, language: language(headers), wall: app.now() };
    let body = document::tile_json(view, time, reader);
    let until = document_until(&view.layer, reader.wall);
    let cache = document_cache_control(until, reader.wall);
    let mut response = document(app, body, headers, cache);
    vary(
        &mut response,
        app,
        "Accept-Encoding, Accept-Language",
        "Accept-Encoding, Accept-Language, Host",
    );
    Ok(response)
}

fn vary(response: &mut Response<Body>, app: &App, fixed: &'static str, by_host: &'static str) {
    let value = if app.settings.public_url.is_some() { fixed } else { by_host };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static(value));
}

/// `GET /tiles/{layer}/{z}/{x}/{y}[?time=]`: 200, 204, 304, 400, 404, 410.
///
/// # Errors
/// 404, 410, 500.
pub async fn live_tile(
    app: &App,
    view: &LayerView,
    (time, id): (Option<Timestamp>, TileId),
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let wall = app.now();
    let time = match time {
        None => current_time(&view.layer, wall)?,
        Some(_) if !view.has_time(time) => return Err(Problem::TimeUnknown),
        Some(_) => {
            check_step(&view.layer, time, wall)?;
            time
        }
    };
    let cache = cache_control(&view.layer, time, wall, Address::Alias);
    tile_response(view, Wanted { time, id, cache }, headers).await
}

/// `GET /tiles/{layer}/{version}/{time|-}/{z}/{x}/{y}`: 200, 204, 304, 404, 410.
///
/// # Errors
/// 404, 410, 500.
pub async fn pinned_tile(
    app: &App,
    view: &LayerView,
    (time, id): (Option<Timestamp>, TileId),
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    if !view.has_time(time) {
        return Err(Problem::TimeUnknown);
    }
    let wall = app.now();
    check_step(&view.layer, time, wall)?;
    let cache = cache_control(&view.layer, time, wall, Address::Pinned);
    tile_response(view, Wanted { time, id, cache }, headers).await
}

struct Wanted {
    time: Option<Timestamp>,
    id: TileId,
    cache: HeaderValue,
}

/// A tile of a step that may be shown: 200, 204, 304, 404.
async fn tile_response(
    view: &LayerView,
    wanted: Wanted,
    request: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let z = wanted.id.z();
    if z < view.layer.minzoom || view.layer.maxzoom < z {
        return Err(Problem::ZoomOutside);
    }
    let stored = match view.step(wanted.time) {
        Some(step) => step.tile(wanted.id).await?,
        None => None,
    };
    if stored.is_none() && !view.covers(wanted.id) {
        return Err(Problem::TileOutside);
    }
    let mut response = match stored {
        Some(stored) => stored_part(stored, TILE_TYPE, request).await?,
        None => no_content(),
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::CACHE_CONTROL, wanted.cache);
    Ok(response)
}

/// What is stored as gzip: 200 or 304.
async fn stored_part(
    stored: StoredTile,
    kind: &'static str,
    request: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let encoding = encoding(request);
    let tag = entity_tag(stored.hash, encoding);
    let mut response = Response::new(Body::empty());
    if has_current(request, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if encoding == Encoding::Gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *response.body_mut() = Body::from(match encoding {
            Encoding::Gzip => stored.bytes,
            Encoding::Identity => inflate_aside(stored.bytes).await?,
        });
    }
    response.headers_mut().insert(header::ETAG, tag_header(tag));
    Ok(response)
}

/// Inflates on a thread that answers nobody else: 5 ms per MiB.
async fn inflate_aside(stored: Bytes) -> Result<Bytes, Problem> {
    match tokio::task::spawn_blocking(move || inflate(&stored)).await {
        Ok(Ok(plain)) => Ok(plain),
        Ok(Err(error)) => {
            tracing::error!(%error, "a stored tile cannot be inflated");
            Err(Problem::TileUnreadable)
        }
        Err(error) => {
            tracing::error!(%error, "inflating a tile was broken off");
            Err(Problem::TileUnreadable)
        }
    }
}

fn inflate(stored: &[u8]) -> std::io::Result<Bytes> {
    let mut plain = Vec::new();
    let read = GzDecoder::new(stored).take(INFLATED_MAX + 1).read_to_end(&mut plain)?;
    if INFLATED_MAX < read as u64 {
        return Err(std::io::Error::other("longer than any tile"));
    }
    Ok(Bytes::from(plain))
}

/// `"<hash>-g"` or `"<hash>-i"`: other bytes on the wire, other strong tag.
fn entity_tag(hash: u64, encoding: Encoding) -> String {
    match encoding {
        Encoding::Gzip => format!("\"{hash:016x}-g\""),
        Encoding::Identity => format!("\"{hash:016x}-i\""),
    }
}

/// A tag of hexadecimal digits is always a header value.
fn tag_header(tag: String) -> HeaderValue {
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// `GET /archives/{layer}/{version}/{time|-}.pmtiles`: 200, 206, 304, 404, 410, 416, 503.
///
/// # Errors
/// 404, 410, 416, 503.
pub async fn archive(
    app: &App,
    view: &LayerView,
    time: Option<Timestamp>,
    request: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    if !view.has_time(time) {
        return Err(Problem::TimeUnknown);
    }
    let wall = app.now();
    check_step(&view.layer, time, wall)?;
    let step = view.step(time).ok_or(Problem::TimeUnknown)?;
    let (length, tag) = (step.archive_length(), &step.archive_tag);
    let mut response = Response::new(Body::empty());
    if has_current(request, tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let range = match part(request, tag, length) {
            Part::Unsatisfiable => return Err(Problem::RangeUnsatisfiable { length }),
            Part::Whole => 0..length,
            Part::Bytes(range) => {
                let shown = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                if let Ok(value) = HeaderValue::try_from(shown) {
                    response.headers_mut().insert(header::CONTENT_RANGE, value);
                }
                range
            }
        };
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(range.len()));
        *response.body_mut() = step.archive_part(range).await?;
    }
    let cache = cache_control(&view.layer, time, wall, Address::Pinned);
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag_header(tag.clone()));
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.pmtiles"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Ok(response)
}

/// `GET /series/{layer}/{version}/{id}.json`: 200, 304, 404, 410.
///
/// # Errors
/// 404, 410, 500.
pub async fn series(
    app: &App,
    view: &LayerView,
    id: &str,
    request: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let wall = app.now();
    check_step(&view.layer, None, wall)?;
    let id = percent_decoded(id).ok_or(Problem::SeriesUnknown)?;
    let stored = view.series(&id).ok_or(Problem::SeriesUnknown)?;
    let mut response = stored_part(stored, "application/json", request).await?;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let cache = cache_control(&view.layer, None, wall, Address::Pinned);
    headers.insert(header::CACHE_CONTROL, cache);
    Ok(response)
}
