//! What is served at one moment: one generation, whole.
//!
//! A request takes one [`Serving`] and answers from it alone, so no answer mixes generations.
//! Versions that do not change between generations keep their maps and hashes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::http::HeaderValue;
use jomo_core::Timestamp;
use jomo_core::layer::{Access, Mode, may_be_public};
use jomo_store::{Generation, Store};

use crate::error::LoadError;
use crate::view::{LayerView, SharedView};

/// How many generations before the live one stay addressable by version: somebody who has the
/// map open since the last few publications keeps seeing tiles.
pub const KEPT_GENERATIONS: usize = 4;

/// Whether live layers may be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveLayers {
    /// The clock is the wall clock.
    Served,
    /// The clock is set by hand (`--now`): a live layer would be judged by a wrong now.
    Refused,
}

/// One generation with everything that its answers need.
#[derive(Debug)]
pub struct Serving {
    /// Id; `None` before the first publication.
    pub id: Option<String>,
    /// `Jomo-Generation` of every answer.
    pub header: HeaderValue,
    /// The live layers by id.
    pub layers: BTreeMap<String, SharedView>,
    /// When it was loaded.
    pub loaded: Timestamp,
    /// Every addressable version by layer, the live one first.
    pinned: HashMap<String, Vec<SharedView>>,
    /// The live versions of earlier generations, newest first.
    earlier: Vec<Earlier>,
}

#[derive(Clone, Debug)]
struct Earlier {
    id: String,
    layers: Vec<SharedView>,
}

impl Serving {
    /// Nothing has been published yet.
    #[must_use]
    pub fn empty(now: Timestamp) -> Self {
        Self {
            id: None,
            header: HeaderValue::from_static("none"),
            layers: BTreeMap::new(),
            loaded: now,
            pinned: HashMap::new(),
            earlier: Vec::new(),
        }
    }

    /// Opens a generation, sharing what `before` has open already.
    ///
    /// # Errors
    /// If any part of it cannot be read or may not be served: then none of it is.
    pub fn load(
        store: &Store,
        id: &str,
        before: &Self,
        live: LiveLayers,
        now: Timestamp,
    ) -> Result<Self, LoadError> {
        let generation = store.generation(Access::Public, id)?;
        let layers = open_layers(&generation, before, live)?;
        let header = HeaderValue::try_from(id).or(Err(LoadError::Id { id: id.to_owned() }))?;
        let mut earlier = match &before.id {
            Some(_) => before.as_earlier(),
            None => read_earlier(store, &generation, live),
        };
        earlier.retain(|generation| generation.id != id);
        earlier.truncate(KEPT_GENERATIONS);
        let mut pinned: HashMap<String, Vec<SharedView>> = HashMap::new();
        for view in layers.values().chain(earlier.iter().flat_map(|old| &old.layers)) {
            let versions = pinned.entry(view.layer.id.clone()).or_default();
            if versions.iter().all(|known| known.layer.version != view.layer.version) {
                versions.push(Arc::clone(view));
            }
        }
        Ok(Self { id: Some(id.to_owned()), header, layers, loaded: now, pinned, earlier })
    }

    /// The live version of a layer.
    #[must_use]
    pub fn layer(&self, id: &str) -> Option<&SharedView> {
        self.layers.get(id)
    }

    /// The versions of a layer that are addressable; `None` if there is no such layer.
    #[must_use]
    pub fn versions(&self, layer: &str) -> Option<&[SharedView]> {
        self.pinned.get(layer).map(Vec::as_slice)
    }

    /// This generation and those before it, newest first.
    fn as_earlier(&self) -> Vec<Earlier> {
        let layers = self.layers.values().map(Arc::clone).collect();
        let own = self.id.clone().map(|id| Earlier { id, layers });
        own.into_iter().chain(self.earlier.iter().cloned()).collect()
    }
}

fn open_layers(
    generation: &Generation,
    before: &Serving,
    live: LiveLayers,
) -> Result<BTreeMap<String, SharedView>, LoadError> {
    let mut layers = BTreeMap::new();
    for (id, version) in &generation.layers {
        let layer = &version.layer;
        // Deny by default: the writer has checked this, and so does every reader.
        if layer.access != Access::Public || !may_be_public(layer.kind, layer.mode) {
            return Err(LoadError::NotPublic { layer: id.clone() });
        }
        if layer.mode == Mode::Live && live == LiveLayers::Refused {
            return Err(LoadError::LiveWithSetClock { layer: id.clone() });
        }
        let known = before.versions(id).unwrap_or_default();
        let known = known.iter().find(|view| view.layer == *layer);
        let view = match known {
            Some(view) => Arc::clone(view),
            None => Arc::new(LayerView::open(version)?),
        };
        layers.insert(id.clone(), view);
    }
    Ok(layers)
}

/// After a start, the generations before the live one are read from the store. What has been
/// removed there or cannot be read is not addressable; the live generation does not need it.
fn read_earlier(store: &Store, newest: &Generation, live: LiveLayers) -> Vec<Earlier> {
    let mut earlier = Vec::new();
    let mut previous = newest.document.previous.clone();
    let nothing = Serving::empty(newest.document.created);
    while let Some(id) = previous.take().filter(|_| earlier.len() < KEPT_GENERATIONS) {
        let Ok(generation) = store.generation(Access::Public, &id) else { break };
        let Ok(layers) = open_layers(&generation, &nothing, live) else { break };
        previous.clone_from(&generation.document.previous);
        earlier.push(Earlier { id, layers: layers.into_values().collect() });
    }
    earlier
}
