//! What all requests share: the generation being served, the clock, the page.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use jomo_core::Timestamp;
use jomo_core::layer::Access;
use jomo_core::message::Coded;
use jomo_store::Store;
use serde::Serialize;

use crate::error::LoadError;
use crate::page::Page;
use crate::serving::{LiveLayers, Serving};

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

/// The state behind the routes.
pub struct App {
    /// How it is set up.
    pub settings: Settings,
    /// The files of the web page.
    pub page: Page,
    serving: ArcSwap<Serving>,
    fault: ArcSwapOption<Fault>,
}

impl App {
    /// A server that has loaded nothing yet.
    #[must_use]
    pub fn new(settings: Settings, page: Page) -> Self {
        let empty = Serving::empty((settings.clock)());
        Self { settings, page, serving: ArcSwap::from_pointee(empty), fault: None.into() }
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
        let Some(id) = store.current_id(Access::Public)? else {
            return if before.id.is_none() { Ok(()) } else { Err(LoadError::Vanished) };
        };
        if before.id.as_deref() == Some(id.as_str()) {
            return Ok(());
        }
        let next = Serving::load(store, &id, &before, self.settings.live, self.now())?;
        tracing::info!(generation = id, layers = next.layers.len(), "generation loaded");
        self.serving.store(Arc::new(next));
        Ok(())
    }
}
