//! Who says to be asking: a session cookie, an API key, or the header of a trusted proxy.
//!
//! These are claims; the register says whether they hold. A request with more than one is
//! refused, so that nobody has to guess which of them a change was made with.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jomo_core::Timestamp;
use jomo_register::{Principal, Register, RegisterError};

use crate::app::Settings;
use crate::negotiate::host;
use crate::problem::Problem;

/// Name of the session's cookie.
const COOKIE: &str = "jomo_session";

/// How long a browser keeps it, in seconds: as long as the session lasts.
const COOKIE_MAX_AGE_S: u32 = 12 * 3600;

/// Longest token, key or login that is looked up; the longest that the register makes has 90.
const SECRET_MAX: usize = 128;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Proxies that say who somebody is.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Their addresses.
    pub proxies: Vec<IpAddr>,
    /// The header that carries the login.
    pub header: Option<HeaderName>,
}

impl Trust {
    /// Whether `peer` is one of the proxies.
    #[must_use]
    pub fn includes(&self, peer: Option<Peer>) -> bool {
        peer.is_some_and(|Peer(address)| self.proxies.contains(&address.to_canonical()))
    }
}

/// What somebody shows.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Credential {
    /// The token of a session.
    Session(String),
    /// An API key.
    Key(String),
    /// The login that a trusted proxy gives.
    Proxy(String),
}

/// Without the secret.
impl std::fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Session(_) => "Session(..)",
            Self::Key(_) => "Key(..)",
            Self::Proxy(_) => "Proxy(..)",
        })
    }
}

impl Credential {
    /// Who it belongs to at `now`, if it holds.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn principal(
        &self,
        register: &mut Register,
        now: Timestamp,
    ) -> Result<Option<Principal>, RegisterError> {
        match self {
            Self::Session(token) => register.session(token, now),
            Self::Key(key) => register.key(key, now),
            Self::Proxy(login) => register.proxied(login, now),
        }
    }

    /// Whether a browser sends it by itself, so that a page of others could use it.
    #[must_use]
    pub fn is_ambient(&self) -> bool {
        matches!(self, Self::Session(_) | Self::Proxy(_))
    }
}

/// The one credential of a request. What cannot be one, such as a token with a space, counts as
/// shown and does not hold.
///
/// # Errors
/// [`Problem::IdentityAmbiguous`].
pub fn credential(
    headers: &HeaderMap,
    peer: Option<Peer>,
    trust: &Trust,
) -> Result<Option<Credential>, Problem> {
    let bearers = headers.get_all(header::AUTHORIZATION).iter().filter_map(bearer);
    let keys = bearers.map(|key| plain(key).map(Credential::Key));
    let tokens = cookies(headers).map(|token| plain(token).map(Credential::Session));
    let proxy = trust.header.as_ref().filter(|_| trust.includes(peer));
    let logins = proxy.into_iter().flat_map(|name| headers.get_all(name));
    let logins = logins.map(HeaderValue::as_bytes).filter(|login| !login.is_empty());
    let logins = logins.map(|login| plain(login).map(Credential::Proxy));
    let mut shown = tokens.chain(keys).chain(logins);
    let first = shown.next();
    if shown.next().is_some() {
        return Err(Problem::IdentityAmbiguous);
    }
    Ok(first.flatten())
}

/// Whether a session cookie is sent along, whatever it holds.
#[must_use]
pub fn has_cookie(headers: &HeaderMap) -> bool {
    cookies(headers).next().is_some()
}

/// The token of the session cookie, if there is exactly one.
#[must_use]
pub fn session_token(headers: &HeaderMap) -> Option<String> {
    let mut tokens = cookies(headers);
    tokens.next().filter(|_| tokens.next().is_none()).and_then(plain)
}

fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, rest) = value.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| rest.trim_ascii())
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| pair.trim_ascii().strip_prefix(COOKIE.as_bytes())?.strip_prefix(b"="))
}

/// Characters that tokens, keys and logins have.
fn plain(secret: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(secret).ok().filter(|text| text.len() <= SECRET_MAX)?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@".contains(&byte);
    (!text.is_empty() && text.bytes().all(known)).then(|| text.to_owned())
}

/// Whether a page of this server sent the request. Without `--public-url` that is a page of the
/// host that the request names; a page of others cannot name it.
#[must_use]
pub fn origin_is_ours(headers: &HeaderMap, settings: &Settings) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return false };
    let Ok(origin) = origin.to_str() else { return false };
    if let Some(url) = &settings.public_url {
        return origin.eq_ignore_ascii_case(origin_of(url));
    }
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.zip(host(headers)).is_some_and(|(rest, host)| rest.eq_ignore_ascii_case(host))
}

/// `scheme://host[:port]` of a URL, as browsers write it: without the port that the scheme means.
fn origin_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(start..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| start + at);
    let origin = url.get(..end).unwrap_or(url);
    let usual = if origin.starts_with("https:") { ":443" } else { ":80" };
    origin.strip_suffix(usual).unwrap_or(origin)
}

/// `Set-Cookie` for a new session.
#[must_use]
pub fn set_cookie(token: &str, settings: &Settings) -> Option<HeaderValue> {
    cookie(token, COOKIE_MAX_AGE_S, settings)
}

/// `Set-Cookie` that takes the cookie away.
#[must_use]
pub fn clear_cookie(settings: &Settings) -> Option<HeaderValue> {
    cookie("", 0, settings)
}

fn cookie(token: &str, max_age_s: u32, settings: &Settings) -> Option<HeaderValue> {
    let https = settings.public_url.as_ref().is_some_and(|url| url.starts_with("https:"));
    let secure = if https { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age_s}{secure}");
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(HeaderName, &[u8])]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| (name.clone(), HeaderValue::from_bytes(value).unwrap())).collect()
    }

    fn trust() -> Trust {
        let header = Some(HeaderName::from_static("x-login"));
        Trust { proxies: vec!["192.0.2.1".parse().unwrap()], header }
    }

    const X_LOGIN: HeaderName = HeaderName::from_static("x-login");

    #[test]
    fn one_identity_is_taken_and_two_are_refused() {
        let proxy = Some(Peer("::ffff:192.0.2.1".parse().unwrap()));
        let stranger = Some(Peer("192.0.2.2".parse().unwrap()));
        let session = |token: &str| Ok(Some(Credential::Session(token.to_owned())));
        let ambiguous = Err(Problem::IdentityAmbiguous);
        let (cookie, auth) = (header::COOKIE, header::AUTHORIZATION);
        let huge = [b"jomo_session=".as_slice(), &vec![b'a'; 30 << 10]].concat();
        let many = b"x=1; ".repeat(6 << 10);
        for (pairs, peer, expected) in [
            (vec![], None, Ok(None)),
            (
                vec![(cookie.clone(), b"a=b; jomo_session=tok; c=d".as_slice())],
                None,
                session("tok"),
            ),
            (vec![(cookie.clone(), b"jomo_session=t;jomo_session=t")], None, ambiguous.clone()),
            (
                vec![(cookie.clone(), b"jomo_session=t"), (cookie.clone(), b"jomo_session=u")],
                None,
                ambiguous.clone(),
            ),
            (vec![(cookie.clone(), b"xjomo_session=t; jomo_sessions=t")], None, Ok(None)),
            (vec![(cookie.clone(), b"jomo_session=\xff\xfe")], None, Ok(None)),
            (vec![(cookie.clone(), b"jomo_session=a b")], None, Ok(None)),
            (vec![(cookie.clone(), huge.as_slice())], None, Ok(None)),
            (vec![(cookie.clone(), many.as_slice())], None, Ok(None)),
            (
                vec![(auth.clone(), b"bearer jomo_a_b")],
                None,
                Ok(Some(Credential::Key("jomo_a_b".to_owned()))),
            ),
            (vec![(auth.clone(), b"Basic YTpi")], None, Ok(None)),
            (vec![(auth.clone(), b"Bearer")], None, Ok(None)),
            (
                vec![(auth.clone(), b"Bearer a"), (cookie.clone(), b"jomo_session=t")],
                None,
                ambiguous.clone(),
            ),
            (vec![(X_LOGIN, b"kato")], proxy, Ok(Some(Credential::Proxy("kato".to_owned())))),
            (vec![(X_LOGIN, b"")], proxy, Ok(None)),
            (vec![(X_LOGIN, b"kato")], stranger, Ok(None)),
            (vec![(X_LOGIN, b"kato")], None, Ok(None)),
            (vec![(X_LOGIN, b"kato"), (X_LOGIN, b"admin")], proxy, ambiguous.clone()),
            (
                vec![(X_LOGIN, b"kato"), (cookie.clone(), b"jomo_session=t")],
                proxy,
                ambiguous.clone(),
            ),
            (vec![(X_LOGIN, b"kato"), (cookie.clone(), b"jomo_session=t")], stranger, session("t")),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &pairs {
                headers.append(name.clone(), HeaderValue::from_bytes(value).unwrap());
            }
            assert_eq!(credential(&headers, peer, &trust()), expected, "{pairs:?}");
        }
    }

    #[test]
    fn only_pages_of_this_server_may_change_things() {
        let settings = |public_url: Option<&str>| Settings {
            public_url: public_url.map(str::to_owned),
            ..Settings::default()
        };
        let public = "https://map.example/jomo";
        for (url, pairs, expected) in [
            (None, vec![("a:8080", "http://a:8080")], true),
            (None, vec![("A:8080", "https://a:8080")], true),
            (None, vec![("a:8080", "http://b:8080")], false),
            (None, vec![("a:8080", "http://a:8081")], false),
            (None, vec![("a:8080", "null")], false),
            (None, vec![("a:8080", "a:8080")], false),
            (None, vec![("a:8080", "")], false),
            (Some(public), vec![("a:8080", "https://map.example")], true),
            (Some(public), vec![("map.example", "http://map.example")], false),
            (Some(public), vec![("map.example", "https://map.example.evil.example")], false),
            (Some("http://a:80"), vec![("x", "http://a")], true),
        ] {
            for (host, origin) in pairs {
                let headers =
                    with(&[(header::HOST, host.as_bytes()), (header::ORIGIN, origin.as_bytes())]);
                assert_eq!(origin_is_ours(&headers, &settings(url)), expected, "{url:?} {origin}");
            }
        }
        let none = with(&[(header::HOST, b"a")]);
        assert!(!origin_is_ours(&none, &settings(None)));
        let mut twice = with(&[(header::HOST, b"a"), (header::ORIGIN, b"http://a")]);
        twice.append(header::ORIGIN, HeaderValue::from_static("http://a"));
        assert!(!origin_is_ours(&twice, &settings(None)));
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let settings = Settings::default();
        let cookie = set_cookie("t", &settings).unwrap();
        assert_eq!(cookie, "jomo_session=t; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
        assert!(cookie.is_sensitive());
        let public_url = Some("https://map.example".to_owned());
        let cookie = set_cookie("t", &Settings { public_url, ..settings }).unwrap();
        assert!(cookie.to_str().unwrap().ends_with("; Secure"));
    }
}
