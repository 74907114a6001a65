//! Jobs over HTTP: queue, list, read, cancel.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use jomo_core::Timestamp;
use jomo_core::organisation::OrganisationKind;
use jomo_register::{
    Job, JobFilter, JobProgress, JobState, JobWords, Organisation, Principal, Role, Source,
};
use jomo_words::{Language, retold};
use serde::{Deserialize, Serialize};

use crate::answer::json;
use crate::app::People;
use crate::body::{self, BodyType, body_type};
use crate::negotiate::language;
use crate::problem::{Problem, language_tag};

/// Longest body of a job in bytes.
const JOB_MAX: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewJob {
    words: Vec<String>,
}

/// A job as people see it.
#[derive(Serialize)]
struct JobDocument<'a> {
    id: String,
    kind: &'a str,
    words: &'a [String],
    state: JobState,
    progress: Option<&'a JobProgress>,
    message: Option<serde_json::Value>,
    attempts: u32,
    created: Timestamp,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    by: Option<&'a str>,
    cancel_requested: bool,
}

impl<'a> JobDocument<'a> {
    /// A job with the errors of its message in the reader's language.
    fn of(job: &'a Job, language: Language) -> Self {
        Self {
            id: job.id.to_string(),
            kind: &job.kind,
            words: &job.words,
            state: job.state,
            progress: job.progress.as_ref(),
            message: job.message.clone().map(|message| retold(language, message)),
            attempts: job.attempts,
            created: job.created,
            started: job.started,
            finished: job.finished,
            by: job.login.as_deref(),
            cancel_requested: job.cancel_requested,
        }
    }
}

#[derive(Serialize)]
struct JobList<'a> {
    jobs: Vec<JobDocument<'a>>,
}

/// The document of a job in a language: one line of JSON.
#[must_use]
pub fn document(job: &Job, language: Language) -> Vec<u8> {
    // Strings, numbers, times and JSON always serialise.
    serde_json::to_vec(&JobDocument::of(job, language)).unwrap_or_default()
}

/// `GET /api/v1/jobs/{id}`: 200.
#[must_use]
pub fn read(job: &Job, headers: &HeaderMap) -> Response<Body> {
    told(job, headers)
}

/// The document of a job for whoever asks.
fn told(job: &Job, headers: &HeaderMap) -> Response<Body> {
    let language = language(headers);
    in_language(document(job, language), language)
}

fn in_language(document: Vec<u8>, language: Language) -> Response<Body> {
    let mut response = json(document);
    let tag = HeaderValue::from_static(language_tag(language));
    response.headers_mut().insert(header::CONTENT_LANGUAGE, tag);
    response
}

/// `GET /api/v1/jobs[?state=]`: 200. Own jobs, for administrators all; the newest 100.
///
/// # Errors
/// If the register cannot be asked.
pub async fn list(
    people: &People,
    principal: &Principal,
    state: Option<JobState>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let by = (!principal.has(Role::Admin)).then_some(principal.person);
    let filter = JobFilter { state, by, limit: 0 };
    let jobs = people.clerk.call(move |register| register.jobs(&filter)).await?;
    let language = language(headers);
    let jobs = jobs.iter().map(|job| JobDocument::of(job, language)).collect();
    Ok(in_language(serde_json::to_vec(&JobList { jobs }).unwrap_or_default(), language))
}

/// How the ids of an organisation's layers begin: its own id, `-` written as `_`, and `_`.
fn prefix(organisation: &str) -> String {
    organisation.replace('-', "_") + "_"
}

/// Whether somebody may have these words carried out, told without a look at what is there: an
/// editor of the prefecture publishes any layer, one of another organisation only its own. A layer
/// is that of the organisation with the longest prefix of its id: what is of `toyota-city` is not
/// of `toyota`.
fn may_publish(principal: &Principal, words: &[String], organisations: &[Organisation]) -> bool {
    let editing: Vec<_> =
        principal.grants.iter().filter(|(grant, _)| Role::Editor <= grant.role).collect();
    if editing.iter().any(|(_, kind)| *kind == OrganisationKind::Prefecture) {
        return true;
    }
    let own = |layer: &str| {
        let ids = organisations.iter().map(|organisation| organisation.id.as_str());
        let all: Vec<&str> = ids.filter(|id| layer.starts_with(&prefix(id))).collect();
        let longest = all.iter().map(|id| id.len()).max();
        // An old register may hold two of one prefix: then it is nobody's alone.
        let owns = |id: &str| editing.iter().any(|(grant, _)| grant.organisation == id);
        longest.is_some() && all.iter().all(|id| Some(id.len()) != longest || owns(id))
    };
    let named = words.iter().enumerate().filter_map(|(index, word)| match word.as_str() {
        "--layer" => Some(words.get(index + 1).map_or("", String::as_str)),
        word => word.strip_prefix("--layer="),
    });
    let layers: Vec<&str> = named.collect();
    words.first().is_some_and(|command| command == "import")
        && !layers.is_empty()
        && layers.into_iter().all(own)
}

/// `POST /api/v1/jobs`: 201.
///
/// # Errors
/// 400, 408, 413, 415; 403 for a layer that the caller may not publish; 422 for a command, word or
/// value that may not be queued; 429 where as many jobs wait as may.
pub async fn queue(
    people: &People,
    principal: &Principal,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Response<Body>, Problem> {
    if body_type(headers) != Some(BodyType::Json) {
        return Err(Problem::ContentTypeRefused);
    }
    let bytes = body::read(body, JOB_MAX, people.limits.body).await?;
    let NewJob { words } = serde_json::from_slice(&bytes).or(Err(Problem::BodyMalformed))?;
    let (principal, now) = (principal.clone(), people.now());
    let job = people.clerk.call(move |register| {
        if !may_publish(&principal, &words, &register.organisations()?) {
            return Ok(None);
        }
        let may = principal.grants.iter().find(|(grant, _)| Role::Editor <= grant.role);
        let organisation = may.map(|(grant, _)| grant.organisation.as_str());
        let words = JobWords::check(words, Source::Remote)?;
        register.enqueue(words, Some(principal.person), organisation, now).map(Some)
    });
    let job = job.await?.ok_or(Problem::RoleNeeded)?;
    let mut response = told(&job, headers);
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/jobs/{}", job.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `POST /api/v1/jobs/{id}/cancel`: 202, also for a job that has ended.
///
/// # Errors
/// If the register cannot be asked.
pub async fn cancel(
    people: &People,
    principal: &Principal,
    job: &Job,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let (id, by, now) = (job.id, principal.person, people.now());
    let cancelled = if job.state.is_terminal() {
        None
    } else {
        let cancel = people.clerk.call(move |r| r.request_cancel(id, Some(by), now));
        Some(cancel.await?)
    };
    let mut response = told(cancelled.as_ref().unwrap_or(job), headers);
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}
