//! The web page, embedded in the binary.
//!
//! The files are those of `web/dist` at the time of the build; a build without them serves
//! everything but the page. Files are found by name in a table made at the start: no path of a
//! request ever reaches the file system.

use std::borrow::Cow;
use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use jomo_words::{Language, say};
use rust_embed::RustEmbed;
use xxhash_rust::xxh3::xxh3_64;

use crate::negotiate::{Encoding, encoding, has_current};
use crate::problem::{Problem, language_tag};

/// Nothing inline, nothing from elsewhere. `MapLibre` draws in a canvas, sets styles through the
/// CSSOM (which `style-src` does not govern), has its icons as `data:` and its worker as a file.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; \
     style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Dist;

/// The files of the page by name.
#[derive(Debug, Default)]
pub struct Page {
    files: HashMap<String, File>,
}

#[derive(Debug)]
struct File {
    plain: Bytes,
    gzip: Option<Bytes>,
    hash: u64,
    mime: &'static str,
    cache_control: &'static str,
}

impl Page {
    /// The page that was built before this binary.
    #[must_use]
    pub fn embedded() -> Self {
        Self::new(Dist::iter().filter_map(|name| {
            let bytes = match Dist::get(&name)?.data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            Some((name.into_owned(), bytes))
        }))
    }

    /// A page of these files, by path relative to the page's folder. `name.gz` beside `name` is
    /// its compressed form.
    #[must_use]
    pub fn new(files: impl Iterator<Item = (String, Bytes)>) -> Self {
        let (compressed, plain): (HashMap<_, _>, HashMap<_, _>) =
            files.partition(|(name, _)| name.strip_suffix(".gz").is_some());
        let files = plain.into_iter().map(|(name, plain)| {
            let gzip = compressed.get(&format!("{name}.gz")).cloned();
            let (mime, hash) = (mime(&name), xxh3_64(&plain));
            let cache_control = cache_control(&name);
            (name, File { plain, gzip, hash, mime, cache_control })
        });
        Self { files: files.collect() }
    }

    /// A file: 200, 304, 404; `index.html` of a page that was not built: 503.
    ///
    /// # Errors
    /// [`Problem::RouteUnknown`] if there is no file of this name.
    pub fn response(
        &self,
        name: &str,
        headers: &HeaderMap,
        language: Language,
    ) -> Result<Response<Body>, Problem> {
        match self.files.get(name) {
            Some(file) => Ok(file.response(headers)),
            None if name == "index.html" => Ok(not_built(language)),
            None => Err(Problem::RouteUnknown),
        }
    }
}

impl File {
    fn response(&self, request: &HeaderMap) -> Response<Body> {
        let gzip = self.gzip.as_ref().filter(|_| encoding(request) == Encoding::Gzip);
        let tag = match gzip {
            Some(_) => format!("\"{:016x}-g\"", self.hash),
            None => format!("\"{:016x}-i\"", self.hash),
        };
        let mut response = Response::new(Body::empty());
        let is_current = has_current(request, &tag);
        let headers = response.headers_mut();
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_TYPE, self.mime);
        set(header::CACHE_CONTROL, self.cache_control);
        set(header::VARY, "Accept-Encoding");
        set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
        // With `no-referrer` a browser sends `Origin: null` with the form of the sign-in.
        set(header::REFERRER_POLICY, "same-origin");
        if gzip.is_some() {
            set(header::CONTENT_ENCODING, "gzip");
        }
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        if is_current {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            *response.body_mut() = Body::from(gzip.unwrap_or(&self.plain).clone());
        }
        response
    }
}

/// Says what to do, in place of the page.
fn not_built(language: Language) -> Response<Body> {
    let texts = ["title", "detail"].map(|part| {
        let id = format!("server-page-missing.{part}");
        say(language, &id, &[])
    });
    let mut response = notice(&texts, "", language);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// A problem for a browser without script that has sent a form.
#[must_use]
pub fn refusal(problem: &Problem, language: Language) -> Response<Body> {
    let back = format!("<p><a href=\"./\">{}</a></p>\n", say(language, "server-back", &[]));
    let mut response = notice(&problem.texts(language), &back, language);
    let told = problem.response(language);
    *response.status_mut() = told.status();
    for name in [header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
        if let Some(value) = told.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// A page of two texts; they hold no text of the request but what [`escape`] lets through.
fn notice([title, detail]: &[String; 2], more: &str, language: Language) -> Response<Body> {
    let (title, detail) = (escape(title), escape(detail));
    let html = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n<p>{detail}</p>\n{more}</html>\n",
        language_tag(language)
    );
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(header::CONTENT_LANGUAGE, language_tag(language));
    set(header::CACHE_CONTROL, "no-store");
    set(header::VARY, "Accept-Encoding, Accept-Language");
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Files whose name carries a hash of their content never change; all others are asked for again.
fn cache_control(name: &str) -> &'static str {
    let stem = name.strip_prefix("assets/").and_then(|file| file.split('.').next());
    let hash = stem.and_then(|stem| stem.get(stem.len().checked_sub(9)?..)?.strip_prefix('-'));
    if hash.is_some() { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn mime(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashed_names_are_immutable() {
        for (name, immutable) in [
            ("assets/index-D4x_9-aB.js", true),
            ("assets/index-D4x_9-aB.js.map", true),
            ("assets/logo.svg", false),
            ("index.html", false),
            ("index-D4x_9-aB.js", false),
        ] {
            assert_eq!(cache_control(name).contains("immutable"), immutable, "{name}");
        }
    }
}
