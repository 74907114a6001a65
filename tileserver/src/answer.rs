//! From a request to an answer: one generation, one route, one admission, one response.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use jomo_core::Timestamp;
use jomo_register::{JobState, Uuid};

use crate::access::{self, Admission, Pass, Reach, Verb, admit, is_personal};
use crate::app::{App, People};
use crate::negotiate::language;
use crate::problem::Problem;
use crate::route::{
    ListQuery, Route, RouteName, With, edit_key, parse_list_query, parse_state_query,
    parse_time_query, parse_with_query, record_key, refuse_query,
};
use crate::serving::Serving;
use crate::{body, document, events, job, record, sign_in, tiles, upload};

/// Longest path and query in bytes; the longest documented address has 170.
pub const ADDRESS_MAX: usize = 2048;

/// Bytes of a request's head. The longest address is 2 KiB, browsers send some 1 KiB of headers.
pub const HEAD_MAX: usize = 32 << 10;

const JOMO_GENERATION: HeaderName = HeaderName::from_static("jomo-generation");
const JOMO_MODE: HeaderName = HeaderName::from_static("jomo-mode");

/// The routes of the server. [`Route`] reads the path; a pattern router would decode and copy
/// its parts, and has no suffixes.
pub fn router(app: Arc<App>) -> Router {
    Router::new().fallback(answer).with_state(app)
}

/// Every address; `docs/spec/http-api.md` lists the statuses.
async fn answer(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let start = Instant::now();
    let serving = app.serving();
    let (request, mut body) = request.into_parts();
    let route = check_head(&request).and_then(|()| Route::parse(request.uri.path()));
    let name = route.as_ref().map(Route::name);
    let admitted = match &route {
        Ok(route) => respond(&app, &serving, route, (&request, &mut body)).await,
        Err(problem) => Answered::unrouted(problem.clone(), &request),
    };
    let mut response = match admitted.result {
        Ok(response) => response,
        Err(problem) => {
            let mut response = problem.response(language(&request.headers));
            if !body.is_end_stream() {
                if Verb::of(&request.method).is_some_and(Verb::has_body) {
                    body::drain(&mut body).await;
                }
                // What is left of the body is not read, so nothing behind it can be.
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            response
        }
    };
    finish(&mut response, &serving, admitted.reach);
    if let Some(mode) = admitted.mode {
        response.headers_mut().insert(JOMO_MODE, mode);
    }
    // The route's name only: addresses hold positions, queries names, headers keys.
    tracing::info!(
        target: "access",
        route = name.map_or("unknown", RouteName::as_str),
        method = request.method.as_str(),
        status = response.status().as_u16(),
        micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
    );
    response
}

/// What is answered, and whom and what it is about.
struct Answered {
    result: Result<Response<Body>, Problem>,
    reach: Reach,
    mode: Option<HeaderValue>,
}

impl Answered {
    /// No address of this server.
    fn unrouted(problem: Problem, request: &Parts) -> Self {
        let is_api = request.uri.path().starts_with("/api/");
        let reach = if is_api { Reach::Personal } else { Reach::Public };
        Self { result: Err(problem), reach, mode: None }
    }
}

/// Headers that every answer has.
fn finish(response: &mut Response<Body>, serving: &Serving, reach: Reach) {
    let headers = response.headers_mut();
    let generation = match reach {
        Reach::Public | Reach::Varying | Reach::Personal => serving.public_name(),
        Reach::Private => serving.joint_name(),
    };
    headers.insert(JOMO_GENERATION, generation.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let referrer = headers.entry(header::REFERRER_POLICY);
    referrer.or_insert(HeaderValue::from_static("no-referrer"));
    let is_shared = matches!(reach, Reach::Public | Reach::Varying);
    if is_shared {
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        set(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "Accept-Ranges, Content-Range, ETag, Jomo-Generation, Jomo-Mode",
        );
    }
    if reach != Reach::Public {
        let known = headers.get(header::VARY).and_then(|value| value.to_str().ok());
        let more = format!("{}, Cookie, Authorization", known.unwrap_or("Accept-Encoding"));
        if let Ok(value) = HeaderValue::try_from(more) {
            headers.insert(header::VARY, value);
        }
    }
    if !is_shared {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// What is refused before the path is read. hyper's own limit is where it stops to read; what
/// came in one piece with the rest is longer.
fn check_head(request: &Parts) -> Result<(), Problem> {
    let address = request.uri.path_and_query().map_or(0, |address| address.as_str().len());
    let headers = request.headers.iter();
    let headers: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if ADDRESS_MAX < address {
        Err(Problem::AddressTooLong)
    } else if HEAD_MAX < headers {
        Err(Problem::HeadersTooLarge)
    } else {
        Ok(())
    }
}

/// The parameters of a query.
enum Query {
    /// None, or those of the page.
    None,
    Time(Option<Timestamp>),
    State(Option<JobState>),
    Records(ListQuery<Uuid>),
    Edits(ListQuery<u64>),
    With(With),
}

/// Reads the query before anybody asks who is there: what is malformed is so for everybody.
fn parse_query(route: &Route<'_>, query: Option<&str>) -> Result<Query, Problem> {
    match route {
        Route::Tile { .. } | Route::TileJson { .. } => parse_time_query(query).map(Query::Time),
        Route::Jobs => parse_state_query(query).map(Query::State),
        Route::Page { .. } | Route::Files => Ok(Query::None),
        Route::Records { .. } => parse_list_query(query, record_key).map(Query::Records),
        Route::RecordHistory { .. } => parse_list_query(query, edit_key).map(Query::Edits),
        Route::Record { .. } => parse_with_query(query).map(Query::With),
        _ => refuse_query(query).map(|()| Query::None),
    }
}

async fn respond(
    app: &App,
    serving: &Serving,
    route: &Route<'_>,
    (request, body): (&Parts, &mut Body),
) -> Answered {
    let name = route.name();
    let early = |result| Answered { result, reach: Reach::of(name), mode: None };
    if request.method == Method::OPTIONS {
        return early(Ok(preflight(name)));
    }
    let Some(verb) = Verb::of(&request.method) else {
        return early(Err(Problem::MethodNotAllowed { allow: access::methods(name) }));
    };
    if !verb.has_body() && !body.is_end_stream() {
        return early(Err(Problem::BodyNotAccepted));
    }
    let query = match parse_query(route, request.uri.query()) {
        Ok(query) => query,
        Err(problem) => return early(Err(problem)),
    };
    let Admission { reach, mode, pass } = admit(app, serving, route, verb, request).await;
    let result = match pass {
        Ok(pass) => handle(app, (route, query, pass), request, body).await,
        Err(problem) => Err(problem),
    };
    Answered { result, reach, mode }
}

/// The handlers. What a route may use is in its pass; a pair that the table does not make is no
/// address.
async fn handle(
    app: &App,
    (route, query, pass): (&Route<'_>, Query, Pass<'_>),
    request: &Parts,
    body: &mut Body,
) -> Result<Response<Body>, Problem> {
    let headers = &request.headers;
    match (route, query, pass) {
        (Route::Live, _, Pass::Open) => Ok(json(br#"{"status":"live"}"#.as_slice())),
        (Route::Ready, _, Pass::Open) if app.serving().pair.public.is_none() => {
            Err(Problem::NotReady)
        }
        (Route::Ready, _, Pass::Open) => Ok(json(br#"{"status":"ready"}"#.as_slice())),
        (Route::Page { file }, _, Pass::Open) => {
            app.page.response(file, headers, language(headers))
        }
        (Route::Status, _, Pass::Layers(seen)) => {
            Ok(json(document::status(&seen, app.fault().as_deref(), app.now())))
        }
        (Route::Catalogue, _, Pass::Layers(seen)) => Ok(tiles::catalogue(app, &seen, headers)),
        (Route::TileJson { .. }, Query::Time(time), Pass::Layer(view)) => {
            tiles::tile_json(app, view, time, headers)
        }
        (Route::Tile { tile, .. }, Query::Time(time), Pass::Layer(view)) => {
            tiles::live_tile(app, view, (time, *tile), headers).await
        }
        (Route::PinnedTile { step, tile }, _, Pass::Layer(view)) => {
            tiles::pinned_tile(app, view, (step.time, *tile), headers).await
        }
        (Route::Archive { step }, _, Pass::Layer(view)) => {
            tiles::archive(app, view, step.time, headers).await
        }
        (Route::Series { id, .. }, _, Pass::Layer(view)) => {
            tiles::series(app, view, id, headers).await
        }
        (Route::Session, _, Pass::Asker(principal)) => {
            Ok(sign_in::session(app, principal.as_ref()))
        }
        (route, query, pass) => personal(app, (route, query, pass), request, body).await,
    }
}

/// The handlers that need the register.
async fn personal(
    app: &App,
    (route, query, pass): (&Route<'_>, Query, Pass<'_>),
    request: &Parts,
    body: &mut Body,
) -> Result<Response<Body>, Problem> {
    let people = app.people().ok_or(Problem::RouteUnknown)?;
    let headers = &request.headers;
    match (route, query, pass) {
        (Route::Login, _, Pass::Open) => sign_in::login(app, people, request, body).await,
        (Route::Logout, _, Pass::Open) => sign_in::logout(app, people, request).await,
        (Route::Files, _, Pass::Person(_)) => {
            upload::receive(people, request.uri.query(), body).await
        }
        (Route::Jobs, Query::State(state), Pass::Person(person))
            if Verb::of(&request.method) == Some(Verb::Read) =>
        {
            job::list(people, &person, state, headers).await
        }
        (Route::Jobs, Query::State(None), Pass::Person(person)) => {
            job::queue(people, &person, headers, body).await
        }
        (Route::Jobs, Query::State(Some(_)), Pass::Person(_)) => Err(Problem::QueryUnknown),
        (Route::Job { .. }, _, Pass::Job(pass)) => Ok(job::read(&pass.2, headers)),
        (Route::JobCancel { .. }, _, Pass::Job(pass)) => {
            job::cancel(people, &pass.0, &pass.2, headers).await
        }
        (Route::JobEvents { .. }, _, Pass::Job(pass)) => {
            let (principal, credential, job) = *pass;
            if request.method == Method::HEAD {
                return Ok(events::stream(Body::empty()));
            }
            events::open(people, (&principal, credential), &job, headers)
        }
        (route, query, pass) => records(people, (route, query, pass), request, body).await,
    }
}

/// The handlers of records.
async fn records(
    people: &People,
    (route, query, pass): (&Route<'_>, Query, Pass<'_>),
    request: &Parts,
    body: &mut Body,
) -> Result<Response<Body>, Problem> {
    let (headers, has_query) = (&request.headers, request.uri.query().is_some());
    match (route, query, pass, Verb::of(&request.method)) {
        (
            Route::Records { kind },
            Query::Records(query),
            Pass::Person(person),
            Some(Verb::Read),
        ) => record::list(people, person, kind, query).await,
        (Route::RecordHistory { .. }, Query::Edits(query), Pass::Record(pass), _) => {
            record::history(people, &pass.1, query).await
        }
        (Route::Record { .. }, Query::With(with), Pass::Record(pass), Some(Verb::Read)) => {
            let (person, record) = *pass;
            record::read(people, &person, record, with).await
        }
        // What changes something has no parameters.
        (Route::Records { .. } | Route::Record { .. }, ..) if has_query => {
            Err(Problem::QueryUnknown)
        }
        (Route::Records { kind }, _, Pass::Person(person), Some(Verb::Write)) => {
            record::create(people, (&person, kind), headers, body).await
        }
        (Route::Record { .. }, _, Pass::Record(pass), Some(Verb::Replace)) => {
            record::update(people, (&pass.0, &pass.1), headers, body).await
        }
        (Route::Record { .. }, _, Pass::Record(pass), Some(Verb::Remove)) => {
            record::withdraw(people, (&pass.0, &pass.1), headers).await
        }
        _ => Err(Problem::RouteUnknown),
    }
}

/// CORS: any page may read public answers, without credentials; what is personal is for pages of
/// this server.
fn preflight(route: RouteName) -> Response<Body> {
    let mut response = no_content();
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    let methods = access::methods(route);
    set(header::ALLOW, methods);
    set(header::VARY, "Accept-Encoding");
    if !is_personal(route) {
        set(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        set(header::ACCESS_CONTROL_ALLOW_HEADERS, "If-None-Match, If-Range, Range");
        set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    }
    response
}

pub(crate) fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

pub(crate) fn json(body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, "application/json");
    set(header::CACHE_CONTROL, "no-cache");
    set(header::VARY, "Accept-Encoding");
    response
}
