//! Progress of jobs as server-sent events.
//!
//! One task looks at all jobs that anybody follows, twice a second, in one call of the register,
//! and at whether those who follow may still do so. A stream that its client does not read, whose
//! session has ended or whose job is over ends.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use bytes::Bytes;
use hyper::body::Frame;
use jomo_register::{Job, Principal, RegisterError, Uuid};
use jomo_words::Language;
use tokio::sync::mpsc;

use crate::access::is_own;
use crate::answer::no_content;
use crate::app::People;
use crate::identity::Credential;
use crate::job;
use crate::negotiate::language;
use crate::problem::Problem;

/// Streams in all. Each costs two look-ups of a row twice a second.
pub const STREAMS: usize = 64;

/// Streams of one person: a few windows.
pub const STREAMS_EACH: usize = 8;

/// Events that wait for a client to read them; one that is further behind is gone.
const UNREAD: usize = 8;

/// How long a browser waits before it comes back to a stream that broke.
const RETRY: &str = "retry: 2000\n\n";

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// All open streams.
#[derive(Debug, Default)]
pub struct Hub {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    streams: Vec<Stream>,
    /// Whether the task that follows the jobs runs.
    is_followed: bool,
    is_stopped: bool,
}

#[derive(Debug)]
struct Stream {
    person: Uuid,
    credential: Credential,
    job: Uuid,
    /// The language that it reads.
    language: Language,
    /// The revision that the client has.
    revision: u64,
    sender: mpsc::Sender<Bytes>,
    sent: Instant,
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all streams for good, so that a server that stops does not wait for them.
    pub fn stop(&self) {
        let mut state = self.state();
        state.is_stopped = true;
        state.streams.clear();
    }

    /// How many streams are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().streams.len()
    }

    /// Whether no stream is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whose streams are open on which jobs; `None`, and nobody follows any more, if none are.
    fn asked(&self) -> Option<(Vec<Credential>, Vec<Uuid>)> {
        let mut state = self.state();
        state.streams.retain(|stream| !stream.sender.is_closed());
        if state.streams.is_empty() {
            state.is_followed = false;
            return None;
        }
        let mut credentials = Vec::new();
        let mut jobs = Vec::new();
        for stream in &state.streams {
            if !credentials.contains(&stream.credential) {
                credentials.push(stream.credential.clone());
            }
            if !jobs.contains(&stream.job) {
                jobs.push(stream.job);
            }
        }
        Some((credentials, jobs))
    }

    fn tell(&self, found: &Found, keep_alive: Duration) {
        self.state().streams.retain_mut(|stream| {
            let principal = found.principals.get(&stream.credential);
            let job = found.jobs.get(&stream.job);
            let (Some(principal), Some(job)) = (principal, job) else { return false };
            is_own(job, principal) && stream.tell(job, keep_alive)
        });
    }
}

impl Stream {
    /// Sends what is new; `false` at the end of the stream.
    fn tell(&mut self, job: &Job, keep_alive: Duration) -> bool {
        let text = if self.revision < job.revision {
            event(job, self.language)
        } else if keep_alive <= self.sent.elapsed() {
            Bytes::from_static(b":\n\n")
        } else {
            return true;
        };
        self.revision = job.revision;
        self.sent = Instant::now();
        self.sender.try_send(text).is_ok() && !job.state.is_terminal()
    }
}

/// What the register says about all streams at one moment.
struct Found {
    principals: HashMap<Credential, Principal>,
    jobs: HashMap<Uuid, Job>,
}

fn event(job: &Job, language: Language) -> Bytes {
    let mut text = format!("id: {}\nevent: job\ndata: ", job.revision).into_bytes();
    text.extend(job::document(job, language));
    text.extend(b"\n\n");
    Bytes::from(text)
}

/// `GET /api/v1/jobs/{id}/events`: 200; 204 for who has the end already, so that a browser does
/// not come back; 503.
///
/// # Errors
/// [`Problem::Busy`] if there are too many streams, or the server is about to stop.
pub fn open(
    people: &Arc<People>,
    (principal, credential): (&Principal, Credential),
    job: &Job,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse::<u64>().ok());
    let language = language(headers);
    let is_known = last.is_some_and(|last| job.revision <= last);
    if is_known && job.state.is_terminal() {
        return Ok(no_content());
    }
    let (sender, receiver) = mpsc::channel(UNREAD);
    // The channel is empty and has room for both.
    let _ = sender.try_send(Bytes::from_static(RETRY.as_bytes()));
    if !is_known {
        let _ = sender.try_send(event(job, language));
    }
    if !job.state.is_terminal() {
        let mut state = people.hub.state();
        let own = state.streams.iter().filter(|stream| stream.person == principal.person);
        if state.is_stopped || STREAMS <= state.streams.len() || STREAMS_EACH <= own.count() {
            return Err(Problem::Busy);
        }
        state.streams.push(Stream {
            person: principal.person,
            credential,
            job: job.id,
            language,
            revision: job.revision,
            sender,
            sent: Instant::now(),
        });
        if !state.is_followed {
            state.is_followed = true;
            tokio::spawn(follow(Arc::clone(people)));
        }
    }
    Ok(stream(Body::new(Events { receiver })))
}

/// The head of a stream, with a body.
#[must_use]
pub fn stream(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Proxies that collect answers would hold back the progress.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Looks at the jobs until nobody follows any.
async fn follow(people: Arc<People>) {
    loop {
        tokio::time::sleep(people.limits.poll).await;
        let Some((credentials, jobs)) = people.hub.asked() else { return };
        let now = people.now();
        let found = people.clerk.call(move |register| {
            let mut found = Found { principals: HashMap::new(), jobs: HashMap::new() };
            for credential in credentials {
                if let Some(principal) = credential.principal(register, now)? {
                    found.principals.insert(credential, principal);
                }
            }
            for id in jobs {
                found.jobs.extend(register.job(id)?.map(|job| (id, job)));
            }
            Ok::<_, RegisterError>(found)
        });
        // Where the register has too much to do, the streams wait for the next look.
        if let Ok(found) = found.await {
            people.hub.tell(&found, people.limits.keep_alive);
        }
    }
}

/// The body of a stream; its end is the end of the stream.
struct Events {
    receiver: mpsc::Receiver<Bytes>,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.receiver.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
