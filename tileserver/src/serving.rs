//! What is served at one moment: one generation of each root, whole.
//!
//! A request takes one [`Serving`] and answers from it alone, so no answer mixes generations.
//! Versions that do not change between generations keep their maps and hashes. What one caller
//! may see of it is a [`Seen`]; handlers get nothing else.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::http::HeaderValue;
use jomo_core::Timestamp;
use jomo_core::layer::{Access, Mode, may_be_public};
use jomo_store::{Generation, Store};

use crate::access::Rights;
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

/// The generations that are served together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// Id in the public root; `None` before the first publication.
    pub public: Option<String>,
    /// Id in the restricted root; `None` where there is none or nobody can sign in.
    pub restricted: Option<String>,
}

/// One generation of each root with everything that its answers need.
#[derive(Debug)]
pub struct Serving {
    /// What stands in the store as these generations.
    pub pair: Pair,
    /// When it was loaded.
    pub loaded: Timestamp,
    public: Root,
    restricted: Root,
    public_name: HeaderValue,
    joint_name: HeaderValue,
}

/// One generation of one root.
#[derive(Debug, Default)]
struct Root {
    /// The live layers by id.
    layers: BTreeMap<String, SharedView>,
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
            pair: Pair::default(),
            loaded: now,
            public: Root::default(),
            restricted: Root::default(),
            public_name: HeaderValue::from_static("none"),
            joint_name: HeaderValue::from_static("none"),
        }
    }

    /// Opens a pair of generations, sharing what `before` has open already.
    ///
    /// # Errors
    /// If any part of it cannot be read or may not be served: then none of it is.
    pub fn load(
        store: &Store,
        pair: Pair,
        before: &Self,
        live: LiveLayers,
        now: Timestamp,
    ) -> Result<Self, LoadError> {
        let load = |access, id: &Option<String>, root: &Root, old: &Option<String>| match id {
            None => Ok(Root::default()),
            Some(id) => Root::load(store, access, id, (root, old.as_deref()), live),
        };
        let old = &before.pair;
        let mut public = load(Access::Public, &pair.public, &before.public, &old.public)?;
        let restricted =
            load(Access::Restricted, &pair.restricted, &before.restricted, &old.restricted)?;
        // A layer that was public and is restricted now, wholly or in part: its old versions may
        // hold what is restricted now. Of the public ones only the live one stays, which is first.
        let Root { layers, pinned, .. } = &mut public;
        pinned.retain(|id, versions| {
            let narrowed = restricted.layers.contains_key(id);
            if narrowed {
                versions.truncate(1);
            }
            !narrowed || layers.contains_key(id)
        });
        let public_name = pair.public.as_deref().unwrap_or("none").to_owned();
        let joint_name = match &pair.restricted {
            Some(restricted) => format!("{public_name}+{restricted}"),
            None => public_name.clone(),
        };
        let header =
            |name: String| HeaderValue::try_from(&name).or(Err(LoadError::Id { id: name }));
        let (public_name, joint_name) = (header(public_name)?, header(joint_name)?);
        Ok(Self { pair, loaded: now, public, restricted, public_name, joint_name })
    }

    /// Whether any layer is restricted: only then do answers depend on who asks.
    #[must_use]
    pub fn has_restricted(&self) -> bool {
        !self.restricted.pinned.is_empty()
    }

    /// Whether answers about this layer can depend on who asks.
    #[must_use]
    pub fn is_restricted(&self, layer: &str) -> bool {
        self.restricted.pinned.contains_key(layer)
    }

    /// Whether everybody may see this layer, in whatever form.
    #[must_use]
    pub fn is_public(&self, layer: &str) -> bool {
        self.public.pinned.contains_key(layer)
    }

    /// How many layers are live, of both roots.
    #[must_use]
    pub fn layer_count(&self) -> usize {
        self.public.layers.len() + self.restricted.layers.len()
    }

    /// `Jomo-Generation` of an answer that is the same for everybody.
    #[must_use]
    pub fn public_name(&self) -> &HeaderValue {
        &self.public_name
    }

    /// `Jomo-Generation` of an answer for people who see restricted layers.
    #[must_use]
    pub fn joint_name(&self) -> &HeaderValue {
        &self.joint_name
    }

    /// What a caller with these rights may see.
    #[must_use]
    pub fn seen_with(&self, rights: Rights) -> Seen<'_> {
        Seen { serving: self, rights }
    }
}

/// What one caller may see of a generation. Everything else is as if it were not there.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'s> {
    serving: &'s Serving,
    rights: Rights,
}

impl<'s> Seen<'s> {
    /// The live version of a layer: the restricted one for who may read it, else the public one.
    #[must_use]
    pub fn layer(&self, id: &str) -> Option<&'s SharedView> {
        let restricted = self.serving.restricted.layers.get(id);
        let restricted = restricted.filter(|view| self.rights.may_read(&view.layer));
        restricted.or_else(|| self.serving.public.layers.get(id))
    }

    /// An addressable version of a layer.
    #[must_use]
    pub fn version(&self, id: &str, version: &str) -> Option<&'s SharedView> {
        self.versions(id).find(|view| view.layer.version == version)
    }

    /// Any version of a layer, the live one first: what an answer is about that names no version
    /// which is there.
    #[must_use]
    pub fn any_version(&self, id: &str) -> Option<&'s SharedView> {
        self.versions(id).next()
    }

    /// A version is read by those who may read it and, if the layer is still live, the live one
    /// too: who has lost the layer has lost its past.
    fn versions(&self, id: &str) -> impl Iterator<Item = &'s SharedView> {
        let (restricted, public) = (&self.serving.restricted, &self.serving.public);
        let rights = self.rights;
        let of = |root: &'s Root| root.pinned.get(id).map(Vec::as_slice).unwrap_or_default();
        let may_live =
            restricted.layers.get(id).is_none_or(|view| self.rights.may_read(&view.layer));
        let own =
            of(restricted).iter().filter(move |view| may_live && rights.may_read(&view.layer));
        own.chain(of(public))
    }

    /// The live layers in the order of their ids.
    #[must_use]
    pub fn layers(&self) -> Vec<&'s SharedView> {
        let mut layers: BTreeMap<&str, &SharedView> =
            self.serving.public.layers.iter().map(|(id, view)| (id.as_str(), view)).collect();
        let restricted = self.serving.restricted.layers.iter();
        layers.extend(
            restricted
                .filter(|(_, view)| self.rights.may_read(&view.layer))
                .map(|(id, view)| (id.as_str(), view)),
        );
        layers.into_values().collect()
    }

    /// Whether this caller sees anything that others do not.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let mut restricted = self.serving.restricted.layers.values();
        self.rights != Rights::NONE && restricted.any(|view| self.rights.may_read(&view.layer))
    }

    /// The generation that this caller sees; `None` before the first publication.
    #[must_use]
    pub fn generation(&self) -> Option<&'s str> {
        let name =
            if self.is_private() { self.serving.joint_name() } else { self.serving.public_name() };
        let is_some = self.serving.pair != Pair::default();
        name.to_str().ok().filter(|_| is_some)
    }

    /// When the generation was loaded.
    #[must_use]
    pub fn loaded(&self) -> Timestamp {
        self.serving.loaded
    }
}

impl Root {
    /// `before` is this root as it was served until now, and the id of its generation.
    fn load(
        store: &Store,
        access: Access,
        id: &str,
        before: (&Self, Option<&str>),
        live: LiveLayers,
    ) -> Result<Self, LoadError> {
        let generation = store.generation(access, id)?;
        let (root, old) = before;
        let document = &generation.document;
        let layers = open_layers(&generation, access, root, live)?;
        let mut earlier = match old {
            Some(old) => root.as_earlier(old),
            None => read_earlier(store, access, &generation, live),
        };
        earlier.retain(|generation| generation.id != id);
        earlier.truncate(KEPT_GENERATIONS);
        // The files of what is withdrawn may still be open here.
        for generation in &mut earlier {
            let shown =
                |view: &SharedView| !document.withdraws(&view.layer.id, &view.layer.version);
            generation.layers.retain(shown);
        }
        let mut pinned: HashMap<String, Vec<SharedView>> = HashMap::new();
        for view in layers.values().chain(earlier.iter().flat_map(|old| &old.layers)) {
            let versions = pinned.entry(view.layer.id.clone()).or_default();
            if versions.iter().all(|known| known.layer.version != view.layer.version) {
                versions.push(Arc::clone(view));
            }
        }
        Ok(Self { layers, pinned, earlier })
    }

    /// This generation and those before it, newest first.
    fn as_earlier(&self, id: &str) -> Vec<Earlier> {
        let own =
            Earlier { id: id.to_owned(), layers: self.layers.values().map(Arc::clone).collect() };
        std::iter::once(own).chain(self.earlier.iter().cloned()).collect()
    }
}

fn open_layers(
    generation: &Generation,
    access: Access,
    before: &Root,
    live: LiveLayers,
) -> Result<BTreeMap<String, SharedView>, LoadError> {
    let mut layers = BTreeMap::new();
    for (id, version) in &generation.layers {
        let layer = &version.layer;
        // Deny by default: the writer has checked this, and so does every reader.
        let may = access == Access::Restricted || may_be_public(layer.kind, layer.mode);
        if layer.access != access || !may {
            return Err(LoadError::NotPublic { layer: id.clone() });
        }
        if layer.mode == Mode::Live && live == LiveLayers::Refused {
            return Err(LoadError::LiveWithSetClock { layer: id.clone() });
        }
        let known = before.pinned.get(id).map(Vec::as_slice).unwrap_or_default();
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
fn read_earlier(
    store: &Store,
    access: Access,
    newest: &Generation,
    live: LiveLayers,
) -> Vec<Earlier> {
    let mut earlier = Vec::new();
    let mut previous = newest.document.previous.clone();
    let nothing = Root::default();
    while let Some(id) = previous.take().filter(|_| earlier.len() < KEPT_GENERATIONS) {
        let Ok(generation) = store.generation(access, &id) else { break };
        let Ok(layers) = open_layers(&generation, access, &nothing, live) else { break };
        previous.clone_from(&generation.document.previous);
        earlier.push(Earlier { id, layers: layers.into_values().collect() });
    }
    earlier
}
