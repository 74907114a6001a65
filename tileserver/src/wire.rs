//! The bytes of a connection: clients that do not read, and heads that are too long.
//!
//! hyper answers a head beyond its limit by itself, without a body. Such an answer is replaced by
//! a problem like every other.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::StatusCode;
use jomo_words::Language;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::answer::ADDRESS_MAX;
use crate::problem::Problem;

/// What stands in a request line besides the address: the longest method, the version, spaces.
const LINE_MAX: usize = ADDRESS_MAX + 32;

/// How hyper's own refusals of a head begin.
const HEAD_REFUSALS: [&[u8]; 2] = [b"HTTP/1.1 431", b"HTTP/1.1 414"];

/// A stream whose other end must read what it is sent.
#[derive(Debug)]
pub struct Wire<S> {
    stream: S,
    patience: Duration,
    /// Runs while the other end takes nothing.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Length of the line that a request begins with, as far as it has come.
    line: Line,
    /// A problem in place of a refusal of hyper's.
    replacement: Option<Replacement>,
}

#[derive(Clone, Copy, Debug)]
enum Line {
    Reading(usize),
    Read(usize),
}

#[derive(Debug)]
struct Replacement {
    bytes: Vec<u8>,
    sent: usize,
}

impl<S> Wire<S> {
    /// Wraps a stream; `patience` is how long the other end may take nothing of what is ready
    /// for it.
    pub fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, deadline: None, line: Line::Reading(0), replacement: None }
    }

    fn observe(&mut self, bytes: &[u8]) {
        if let Line::Reading(length) = self.line {
            self.line = match bytes.iter().position(|byte| *byte == b'\n') {
                Some(end) => Line::Read(length + end),
                None => Line::Reading(length + bytes.len()),
            };
        }
    }

    /// Turns "not now" into an error once the other end has taken nothing for too long.
    fn bounded<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.deadline = None;
            return poll;
        }
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// The problem for a head that hyper refuses with `bytes`.
    fn refusal(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !HEAD_REFUSALS.iter().any(|start| bytes.starts_with(start)) {
            return None;
        }
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        // An answer of ours has a body; hyper's ends with its head.
        if end + 4 != bytes.len() {
            return None;
        }
        let (Line::Reading(length) | Line::Read(length)) = self.line;
        let problem =
            if LINE_MAX < length { Problem::AddressTooLong } else { Problem::HeadersTooLarge };
        Some(write(&problem))
    }
}

/// A whole answer in bytes; the language that the client prefers stands in the head that was not
/// read.
fn write(problem: &Problem) -> Vec<u8> {
    let body = problem.document(Language::Ja);
    let status: StatusCode = problem.status();
    let reason = status.canonical_reason().unwrap_or_default();
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: application/problem+json\r\n\
         content-language: ja\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        status.as_u16(),
        body.len()
    )
    .into_bytes()
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.observe(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.replacement.is_none() {
            self.replacement = self.refusal(bytes).map(|bytes| Replacement { bytes, sent: 0 });
        }
        while let Some(Replacement { bytes: all, sent }) = self.replacement.take() {
            let rest = all.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                // hyper has nothing more to say on this connection.
                return Poll::Ready(Ok(bytes.len()));
            }
            let poll = Pin::new(&mut self.stream).poll_write(context, rest);
            let written = match &poll {
                Poll::Ready(Ok(written)) => *written,
                _ => 0,
            };
            self.replacement = Some(Replacement { bytes: all, sent: sent + written });
            ready!(self.bounded(context, poll))?;
        }
        self.line = Line::Reading(0);
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, poll)
    }

    /// Head and body of an answer in one call, without a copy.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = parts.iter().find(|part| !part.is_empty());
        if let Some(first) = first
            && (self.replacement.is_some() || self.refusal(first).is_some())
        {
            return self.poll_write(context, first);
        }
        self.line = Line::Reading(0);
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.bounded(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded(context, poll)
    }
}
