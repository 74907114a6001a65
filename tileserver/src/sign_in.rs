//! Signing in and out, and who is signed in.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use jomo_core::Timestamp;
use jomo_core::layer::Text;
use jomo_core::organisation::OrganisationKind;
use jomo_register::{Area, Principal, Role};
use serde::{Deserialize, Serialize};

use crate::answer::{json, no_content};
use crate::app::{App, People};
use crate::body::{self, BodyType, body_type};
use crate::identity::{self, Peer};
use crate::negotiate::language;
use crate::page;
use crate::problem::Problem;

/// Longest body of a sign-in in bytes: a password has at most 256 characters.
const SIGN_IN_MAX: usize = 4 << 10;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    login: String,
    password: String,
}

#[derive(Serialize)]
struct SessionDocument<'a> {
    enabled: bool,
    signed_in: bool,
    #[serde(flatten)]
    known: Option<KnownDocument<'a>>,
}

#[derive(Serialize)]
struct KnownDocument<'a> {
    person: PersonDocument<'a>,
    grants: Vec<GrantDocument<'a>>,
    expires: Option<Timestamp>,
}

#[derive(Serialize)]
struct PersonDocument<'a> {
    id: String,
    login: &'a str,
    name: Option<&'a str>,
    fictional: bool,
}

#[derive(Serialize)]
struct GrantDocument<'a> {
    role: Role,
    organisation: &'a str,
    /// Name of the organisation.
    title: Option<&'a Text>,
    kind: OrganisationKind,
    area: &'a Area,
}

/// `GET /api/v1/session`: 200.
#[must_use]
pub fn session(app: &App, principal: Option<&Principal>) -> Response<Body> {
    let known = principal.map(|principal| {
        let person = PersonDocument {
            id: principal.person.to_string(),
            login: &principal.login,
            name: principal.name.as_deref(),
            fictional: principal.fictional,
        };
        let grants = principal.grants.iter().map(|(grant, kind)| GrantDocument {
            role: grant.role,
            organisation: &grant.organisation,
            title: principal.organisations.get(&grant.organisation),
            kind: *kind,
            area: &grant.area,
        });
        KnownDocument { person, grants: grants.collect(), expires: principal.expires }
    });
    let (enabled, signed_in) = (app.people().is_some(), known.is_some());
    let document = SessionDocument { enabled, signed_in, known };
    // Strings, flags and times always serialise.
    json(serde_json::to_vec(&document).unwrap_or_default())
}

/// `POST /login`: 200 for JSON, 303 for a form; 400, 401, 408, 413, 415, 429, 503.
///
/// # Errors
/// As above; for a form they are answered as a page.
pub async fn login(
    app: &App,
    people: &People,
    request: &Parts,
    body: &mut Body,
) -> Result<Response<Body>, Problem> {
    let kind = body_type(&request.headers).ok_or(Problem::ContentTypeRefused)?;
    match (sign_in(app, people, (request, kind), body).await, kind) {
        (Err(problem), BodyType::Form) => Ok(page::refusal(&problem, language(&request.headers))),
        (answer, _) => answer,
    }
}

async fn sign_in(
    app: &App,
    people: &People,
    (request, kind): (&Parts, BodyType),
    body: &mut Body,
) -> Result<Response<Body>, Problem> {
    let bytes = body::read(body, SIGN_IN_MAX, people.limits.body).await?;
    let SignIn { login, password } = parse(&bytes, kind).ok_or(Problem::BodyMalformed)?;
    let (address, now) = (client(request, people), people.now());
    let wait = |retry_after_s| Problem::TooManyTries { retry_after_s };
    people.throttle.begin(address, now).map_err(wait)?;
    let before = identity::session_token(&request.headers);
    let signed_in = people.clerk.sign_in(move |register| {
        let signed_in = register.sign_in(&login, &password, now)?;
        // A browser holds one session: the one before must not live on unseen.
        if let Some(before) = before {
            register.sign_out(&before)?;
        }
        Ok(signed_in)
    });
    let signed_in = match signed_in.await {
        Err(problem @ Problem::SignInRefused) => return Err(problem),
        result => {
            people.throttle.forgive(address);
            result?
        }
    };
    let mut response = match kind {
        BodyType::Json => session(app, Some(&signed_in.principal)),
        BodyType::Form => to_the_page(),
    };
    let cookie = identity::set_cookie(signed_in.token.expose(), &app.settings);
    let cookie = cookie.ok_or(Problem::RegisterFailed)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn parse(bytes: &[u8], kind: BodyType) -> Option<SignIn> {
    match kind {
        BodyType::Json => serde_json::from_slice(bytes).ok(),
        BodyType::Form => {
            let fields = body::fields(std::str::from_utf8(bytes).ok()?)?;
            let one = |name: &str| {
                let mut values = fields.iter().filter(|(field, _)| field == name);
                values.next().filter(|_| values.next().is_none()).map(|(_, value)| value.clone())
            };
            Some(SignIn { login: one("login")?, password: one("password")? })
        }
    }
}

/// The client's address: that of the connection, or the one that a trusted proxy names last.
fn client(request: &Parts, people: &People) -> IpAddr {
    let peer = request.extensions.get::<Peer>().copied();
    let connected = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| address);
    if !people.trust.includes(peer) {
        return connected;
    }
    let named = last(&request.headers, &FORWARDED_FOR).and_then(|last| last.parse().ok());
    named.unwrap_or(connected)
}

fn last<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let value = headers.get_all(name).iter().next_back()?;
    value.to_str().ok()?.rsplit(',').next().map(str::trim)
}

/// `POST /logout`: 204, for a form 303; 503.
///
/// # Errors
/// [`Problem::Busy`] if the register cannot be asked: then the session still holds.
pub async fn logout(
    app: &App,
    people: &People,
    request: &Parts,
) -> Result<Response<Body>, Problem> {
    if let Some(token) = identity::session_token(&request.headers) {
        people.clerk.call(move |register| register.sign_out(&token)).await?;
    }
    let mut response = match body_type(&request.headers) {
        Some(BodyType::Form) => to_the_page(),
        _ => no_content(),
    };
    if let Some(cookie) = identity::clear_cookie(&app.settings) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Relative, so that it holds below any `--public-url`.
fn to_the_page() -> Response<Body> {
    let mut response = no_content();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("./"));
    response
}
