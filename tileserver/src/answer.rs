//! From a request to an answer: one generation, one route, one response.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use bytes::Bytes;
use flate2::read::GzDecoder;
use jomo_core::Timestamp;
use jomo_core::mercator::TileId;
use xxhash_rust::xxh3::xxh3_64;

use crate::app::App;
use crate::document::{self, Reader};
use crate::freshness::{
    Address, cache_control, check_step, current_time, document_cache_control, document_until,
};
use crate::negotiate::{Encoding, Part, encoding, has_current, host, language, part};
use crate::problem::{ALLOWED_METHODS, Problem};
use crate::route::{PinnedStep, Route, parse_time_query, refuse_query};
use crate::serving::Serving;
use crate::view::{LayerView, StepView, StoredTile};

/// Longest path and query in bytes; the longest documented address has 170.
const ADDRESS_MAX: usize = 2048;

/// Largest tile after inflation, in bytes: 100 times the largest that a peer was seen to write.
const INFLATED_MAX: u64 = 64 << 20;

const JOMO_GENERATION: HeaderName = HeaderName::from_static("jomo-generation");
const JOMO_MODE: HeaderName = HeaderName::from_static("jomo-mode");
const TILE_TYPE: &str = "application/vnd.mapbox-vector-tile";

/// The routes of the server. [`Route`] reads the path; a pattern router would decode and copy
/// its parts, and has no suffixes.
pub fn router(app: Arc<App>) -> Router {
    Router::new().fallback(answer).with_state(app)
}

/// Every address: 200, 204, 206, 304; 400, 404, 405, 410, 413, 414, 416; 500, 503.
async fn answer(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let serving = app.serving();
    let (request, body) = request.into_parts();
    let (name, result) = match check_request(&request, &body) {
        Some(early) => ("refused", early),
        None => dispatch(&app, &serving, &request).await,
    };
    let mut response = match result {
        Ok(response) => response,
        Err(problem) => problem.response(language(&request.headers)),
    };
    let headers = response.headers_mut();
    headers.insert(JOMO_GENERATION, serving.header.clone());
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "Accept-Ranges, Content-Range, ETag, Jomo-Generation, Jomo-Mode",
    );
    tracing::debug!(route = name, status = response.status().as_u16(), "answered");
    response
}

async fn dispatch(
    app: &App,
    serving: &Serving,
    request: &Parts,
) -> (&'static str, Result<Response<Body>, Problem>) {
    match Route::parse(request.uri.path()) {
        Ok(route) => (route.name(), respond(app, serving, route, request).await),
        Err(problem) => ("unknown", Err(problem)),
    }
}

/// What is answered without looking at the path.
fn check_request(request: &Parts, body: &Body) -> Option<Result<Response<Body>, Problem>> {
    let address = request.uri.path_and_query().map_or(0, |address| address.as_str().len());
    if ADDRESS_MAX < address {
        return Some(Err(Problem::AddressTooLong));
    }
    if request.method == Method::OPTIONS {
        return Some(Ok(preflight()));
    }
    if request.method != Method::GET && request.method != Method::HEAD {
        return Some(Err(Problem::MethodNotAllowed));
    }
    (!body.is_end_stream()).then_some(Err(Problem::BodyNotAccepted))
}

async fn respond(
    app: &App,
    serving: &Serving,
    route: Route<'_>,
    request: &Parts,
) -> Result<Response<Body>, Problem> {
    let (headers, query) = (&request.headers, request.uri.query());
    if !matches!(route, Route::Page { .. } | Route::Tile { .. } | Route::TileJson { .. }) {
        refuse_query(query)?;
    }
    match route {
        Route::Live => Ok(json(br#"{"status":"live"}"#.as_slice())),
        Route::Ready if serving.id.is_none() => Err(Problem::NotReady),
        Route::Ready => Ok(json(br#"{"status":"ready"}"#.as_slice())),
        Route::Status => Ok(json(document::status(serving, app.fault().as_deref(), app.now()))),
        Route::Catalogue => Ok(catalogue(app, serving, headers)),
        Route::TileJson { layer } => {
            tile_json(app, serving, layer, parse_time_query(query)?, headers)
        }
        Route::Tile { layer, tile } => {
            let time = parse_time_query(query)?;
            live_tile(app, serving, LiveTile { layer, time, tile }, headers).await
        }
        Route::PinnedTile { step, tile } => {
            let (view, wall) = (pinned(serving, step)?, app.now());
            check_step(&view.layer, step.time, wall)?;
            let cache = cache_control(&view.layer, step.time, wall, Address::Pinned);
            tile_response(view, Wanted { time: step.time, tile, cache }, headers).await
        }
        Route::Archive { step } => archive(pinned(serving, step)?, step, app.now(), headers),
        Route::Page { file } => app.page.response(file, headers, language(headers)),
    }
}

/// CORS: any page may read public answers, without credentials.
fn preflight() -> Response<Body> {
    let mut response = no_content();
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::ALLOW, ALLOWED_METHODS);
    set(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
    set(header::ACCESS_CONTROL_ALLOW_HEADERS, "If-None-Match, If-Range, Range");
    set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    set(header::VARY, "Accept-Encoding");
    response
}

fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn json(body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, "application/json");
    set(header::CACHE_CONTROL, "no-cache");
    set(header::VARY, "Accept-Encoding");
    response
}

/// A document with a tag by content: 200 or 304.
fn document(body: Vec<u8>, request: &HeaderMap, cache: HeaderValue) -> Response<Body> {
    let tag = entity_tag(xxh3_64(&body), Encoding::Identity);
    let is_current = has_current(request, &tag);
    let mut response = json(if is_current { Body::empty() } else { Body::from(body) });
    if is_current {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
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
fn catalogue(app: &App, serving: &Serving, headers: &HeaderMap) -> Response<Body> {
    let wall = app.now();
    let body = document::catalogue(serving, &base_url(app, headers));
    let until = serving.layers.values().filter_map(|view| document_until(&view.layer, wall)).min();
    let mut response = document(body, headers, document_cache_control(until, wall));
    vary(&mut response, app, "Accept-Encoding", "Accept-Encoding, Host");
    response
}

/// `GET /tiles/{layer}.json[?time=]`: 200, 304, 400, 404. An expired layer keeps its metadata:
/// the map draws it as stale.
fn tile_json(
    app: &App,
    serving: &Serving,
    layer: &str,
    time: Option<Timestamp>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let view = serving.layer(layer).ok_or(Problem::LayerUnknown)?;
    if time.is_some() && !view.has_time(time) {
        return Err(Problem::TimeUnknown);
    }
    let base_url = base_url(app, headers);
    let reader = Reader { base_url: &base_url, language: language(headers), wall: app.now() };
    let body = document::tile_json(view, time, reader);
    let until = document_until(&view.layer, reader.wall);
    let mut response = document(body, headers, document_cache_control(until, reader.wall));
    response.headers_mut().insert(JOMO_MODE, view.mode.clone());
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

/// The version that an address names, if it has the step that the address names.
fn pinned<'s>(serving: &'s Serving, step: PinnedStep<'_>) -> Result<&'s LayerView, Problem> {
    let versions = serving.versions(step.layer).ok_or(Problem::LayerUnknown)?;
    let view = versions.iter().find(|view| view.layer.version == step.version);
    let view = view.ok_or(Problem::VersionUnknown)?;
    if view.has_time(step.time) { Ok(view) } else { Err(Problem::TimeUnknown) }
}

struct LiveTile<'p> {
    layer: &'p str,
    time: Option<Timestamp>,
    tile: TileId,
}

/// `GET /tiles/{layer}/{z}/{x}/{y}[?time=]`: 200, 204, 304, 400, 404, 410.
async fn live_tile(
    app: &App,
    serving: &Serving,
    wanted: LiveTile<'_>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let view = serving.layer(wanted.layer).ok_or(Problem::LayerUnknown)?;
    let wall = app.now();
    let time = match wanted.time {
        None => current_time(&view.layer, wall)?,
        Some(_) if !view.has_time(wanted.time) => return Err(Problem::TimeUnknown),
        Some(_) => {
            check_step(&view.layer, wanted.time, wall)?;
            wanted.time
        }
    };
    let cache = cache_control(&view.layer, time, wall, Address::Alias);
    tile_response(view, Wanted { time, tile: wanted.tile, cache }, headers).await
}

struct Wanted {
    time: Option<Timestamp>,
    tile: TileId,
    cache: HeaderValue,
}

/// A tile of a step that may be shown: 200, 204, 304, 404.
async fn tile_response(
    view: &LayerView,
    wanted: Wanted,
    request: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let z = wanted.tile.z();
    if z < view.layer.minzoom || view.layer.maxzoom < z {
        return Err(Problem::ZoomOutside);
    }
    let stored = view.step(wanted.time).and_then(|step: &StepView| step.tile(wanted.tile));
    if stored.is_none() && !view.covers(wanted.tile) {
        return Err(Problem::TileOutside);
    }
    let mut response = match stored {
        Some(stored) => stored_tile(stored, request).await?,
        None => no_content(),
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::CACHE_CONTROL, wanted.cache);
    headers.insert(JOMO_MODE, view.mode.clone());
    Ok(response)
}

async fn stored_tile(stored: StoredTile, request: &HeaderMap) -> Result<Response<Body>, Problem> {
    let encoding = encoding(request);
    let tag = entity_tag(stored.hash, encoding);
    let mut response = Response::new(Body::empty());
    if has_current(request, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TILE_TYPE));
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

/// `GET /archives/{layer}/{version}/{time|-}.pmtiles`: 200, 206, 304, 404, 410, 416.
fn archive(
    view: &LayerView,
    wanted: PinnedStep<'_>,
    wall: Timestamp,
    request: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    check_step(&view.layer, wanted.time, wall)?;
    let step = view.step(wanted.time).ok_or(Problem::TimeUnknown)?;
    let (bytes, tag) = (step.bytes(), &step.archive_tag);
    let mut response = Response::new(Body::empty());
    if has_current(request, tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        match part(request, tag, bytes.len()) {
            Part::Unsatisfiable => {
                return Err(Problem::RangeUnsatisfiable { length: bytes.len() });
            }
            Part::Whole => *response.body_mut() = Body::from(bytes.clone()),
            Part::Bytes(range) => {
                let shown = format!("bytes {}-{}/{}", range.start, range.end - 1, bytes.len());
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                *response.body_mut() = Body::from(bytes.slice(range));
                if let Ok(value) = HeaderValue::try_from(shown) {
                    response.headers_mut().insert(header::CONTENT_RANGE, value);
                }
            }
        }
    }
    let cache = cache_control(&view.layer, wanted.time, wall, Address::Pinned);
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag_header(tag.clone()));
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.pmtiles"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(JOMO_MODE, view.mode.clone());
    Ok(response)
}
