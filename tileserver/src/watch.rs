//! Follows the store: a thread of its own looks for a new generation and loads it, so that no
//! request waits for the disk.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jomo_core::message::Coded;
use jomo_store::{Store, is_remote};

use crate::app::App;
use crate::pair;
use crate::serving::Pair;

/// How often `current` is read: 64 bytes, some 10 µs.
pub const POLL: Duration = Duration::from_millis(250);

/// How often an object store is asked: every question is a request over the network, and paid.
pub const REMOTE_POLL: Duration = Duration::from_secs(2);

/// After a refusal, how long until the next try: the disk may have been full or away.
const RETRY: Duration = Duration::from_secs(5);

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Watcher {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts to follow a store.
///
/// # Errors
/// If the operating system gives no thread.
pub fn watch(app: Arc<App>, store: Store) -> io::Result<Watcher> {
    let (stop, stopped) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("store-watch".to_owned())
        .spawn(move || follow(&app, &store, &stopped))?;
    Ok(Watcher { stop: Some(stop), thread: Some(thread) })
}

fn follow(app: &App, store: &Store, stopped: &mpsc::Receiver<()>) {
    let mut refused: Option<(Option<Pair>, Instant)> = None;
    let poll = if is_remote(store.path()) { REMOTE_POLL } else { POLL };
    while stopped.recv_timeout(poll) == Err(RecvTimeoutError::Timeout) {
        let live = pair::named(store, app.roots()).ok();
        let rest = |(id, at): &(Option<Pair>, Instant)| *id == live && at.elapsed() < RETRY;
        if refused.as_ref().is_some_and(rest) {
            continue;
        }
        match app.refresh(store) {
            Ok(()) => refused = None,
            Err(error) => {
                let is_news = refused.as_ref().is_none_or(|(id, _)| *id != live);
                if is_news {
                    tracing::error!(code = error.code(), %error, "generation refused");
                }
                refused = Some((live, Instant::now()));
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed where it happened.
            let _ = thread.join();
        }
    }
}
