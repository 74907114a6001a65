//! What all requests share: the generation being served, the clock, the page, the people.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use jomo_core::Timestamp;
use jomo_core::message::Coded;
use jomo_store::Store;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::clerk::Clerk;
use crate::error::LoadError;
use crate::events::Hub;
use crate::identity::Trust;
use crate::packed::Packed;
use crate::page::Page;
use crate::pair::{self, Roots};
use crate::serving::{LiveLayers, Pair, Serving};
use crate::throttle::Throttle;
use crate::upload::UPLOADS;

/// Tells the wall-clock time; tests bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of the machine.
#[must_use]
pub fn wall_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// A new generation that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The stable code of the error. Its facts name paths of this machine: they are in the log.
    pub code: &'static str,
    /// When it was first met.
    pub since: Timestamp,
}

/// How a server is set up.
#[derive(Clone)]
pub struct Settings {
    /// The clock.
    pub clock: Clock,
    /// Whether live layers may be served.
    pub live: LiveLayers,
    /// `scheme://host[:port]` for URLs in answers; `None`: the `Host` of each request.
    pub public_url: Option<String>,
    /// `http://address:port`, for requests without a usable `Host`.
    pub listen_url: String,
}

impl Default for Settings {
    /// The clock of the machine, reached at the default address.
    fn default() -> Self {
        Self {
            clock: wall_clock(),
            live: LiveLayers::Served,
            public_url: None,
            listen_url: "http://127.0.0.1:8080".to_owned(),
        }
    }
}

/// Limits on what people send and follow; tests have shorter ones.
#[derive(Clone, Copy, Debug)]
pub struct PeopleLimits {
    /// How long the next part of a body may take, and a short body as a whole: a phone in a
    /// tunnel, not a client that sends a byte now and then to hold a place.
    pub body: Duration,
    /// Largest file in bytes.
    pub file_bytes: u64,
    /// How often the jobs that somebody follows are looked at.
    pub poll: Duration,
    /// After how long a silent stream says that it lives. A proxy closes what is silent for a
    /// minute, a phone's network sooner.
    pub keep_alive: Duration,
}

impl Default for PeopleLimits {
    fn default() -> Self {
        Self {
            body: Duration::from_secs(15),
            file_bytes: 512 << 20,
            poll: Duration::from_millis(500),
            keep_alive: Duration::from_secs(15),
        }
    }
}

/// What a server needs that lets people sign in.
pub struct People {
    /// Asks the register.
    pub clerk: Clerk,
    /// Proxies that say who somebody is.
    pub trust: Trust,
    /// Failed sign-ins by address.
    pub throttle: Throttle,
    /// Limits on what they send and follow.
    pub limits: PeopleLimits,
    /// Streams of progress.
    pub hub: Hub,
    /// Places for uploads.
    pub uploads: Semaphore,
    clock: Clock,
}

impl People {
    /// People of a register. Their time is `clock`, not that of the layers: who may come in does
    /// not depend on the past that a replay shows.
    #[must_use]
    pub fn new(clerk: Clerk, trust: Trust, clock: Clock) -> Self {
        let (throttle, hub) = (Throttle::default(), Hub::default());
        let uploads = Semaphore::new(UPLOADS);
        Self { clerk, trust, throttle, limits: PeopleLimits::default(), hub, uploads, clock }
    }

    /// The same with other limits.
    #[must_use]
    pub fn within(self, limits: PeopleLimits) -> Self {
        Self { limits, ..self }
    }

    /// Their time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// The state behind the routes.
pub struct App {
    /// How it is set up.
    pub settings: Settings,
    /// The files of the web page.
    pub page: Page,
    /// Documents as gzip.
    pub packed: Packed,
    people: Option<Arc<People>>,
    serving: ArcSwap<Serving>,
    fault: ArcSwapOption<Fault>,
    /// What the store named as live when it was last read without a fault.
    decided: Mutex<Option<Pair>>,
}

impl App {
    /// A server that has loaded nothing yet.
    #[must_use]
    pub fn new(settings: Settings, page: Page) -> Self {
        let empty = Serving::empty((settings.clock)());
        Self {
            settings,
            page,
            packed: Packed::default(),
            people: None,
            serving: ArcSwap::from_pointee(empty),
            fault: None.into(),
            decided: Mutex::new(None),
        }
    }

    /// The same with people who can sign in; only then is the restricted root read.
    #[must_use]
    pub fn with_people(self, people: People) -> Self {
        Self { people: Some(Arc::new(people)), ..self }
    }

    /// The people who can sign in; `None` without a register.
    #[must_use]
    pub fn people(&self) -> Option<&Arc<People>> {
        self.people.as_ref()
    }

    /// Which roots of the store are read.
    #[must_use]
    pub fn roots(&self) -> Roots {
        if self.people.is_some() { Roots::Both } else { Roots::Public }
    }

    /// The generation being served: one per request.
    #[must_use]
    pub fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    /// Why the newest generation is not the one being served.
    #[must_use]
    pub fn fault(&self) -> Option<Arc<Fault>> {
        self.fault.load_full()
    }

    /// The wall clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }

    /// Serves what the store names as live, if that is not what is being served already. On an
    /// error the old generation stays, and `status.json` shows the fault.
    ///
    /// # Errors
    /// [`LoadError`], as shown.
    pub fn refresh(&self, store: &Store) -> Result<(), LoadError> {
        let result = self.try_refresh(store);
        match &result {
            Ok(()) => self.fault.store(None),
            Err(error) => {
                let code = error.code();
                if self.fault().is_none_or(|known| known.code != code) {
                    self.fault.store(Some(Arc::new(Fault { code, since: self.now() })));
                }
            }
        }
        result
    }

    fn try_refresh(&self, store: &Store) -> Result<(), LoadError> {
        let before = self.serving();
        let named = pair::named(store, self.roots())?;
        let gone =
            |named: &Option<String>, before: &Option<String>| named.is_none() && before.is_some();
        if gone(&named.public, &before.pair.public)
            || gone(&named.restricted, &before.pair.restricted)
        {
            return Err(LoadError::Vanished);
        }
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        if decided.as_ref() == Some(&named) {
            return Ok(());
        }
        let pair = pair::complete(store, &named)?;
        if pair.restricted != named.restricted {
            tracing::info!(named = named.restricted, "restricted generation waits for its partner");
        }
        if pair != before.pair {
            let next = Serving::load(store, pair, &before, self.settings.live, self.now())?;
            let generation = next.joint_name().to_str().unwrap_or_default();
            tracing::info!(generation, layers = next.layer_count(), "generation loaded");
            self.serving.store(Arc::new(next));
        }
        *decided = Some(named);
        Ok(())
    }
}
