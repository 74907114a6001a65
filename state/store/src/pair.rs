//! Partners: what the two roots name together switches together.
//!
//! A generation that is published together with one of the other root names it as `partner`, and
//! so do the generations that follow in its root until the next such publication. The roots agree
//! if both go back to the same one. Between the two writes that switch both roots they do not:
//! readers wait then, and the next writer ends what was begun or takes it back.

use jiff::Timestamp;
use jomo_core::layer::{Access, Layer};

use crate::StoreError;
use crate::place::{Put, Tag};
use crate::publish::{Next, TRIES, pause};
use crate::read::{GenerationDocument, LayerVersion, Store, root};
use crate::seal::is_sealed;

/// Generations that a walk along `previous` looks at; far more than any retention keeps.
const CHAIN_MAX: usize = 10_000;

/// The live generations of both roots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveIds {
    /// In the public root; `None` before the first publication.
    pub public: Option<String>,
    /// In the restricted root.
    pub restricted: Option<String>,
}

/// A root as it was read.
#[derive(Clone, Debug)]
pub(crate) struct LiveRoot {
    pub(crate) tag: Tag,
    pub(crate) document: GenerationDocument,
}

/// Both roots as they were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live {
    pub(crate) public: Option<LiveRoot>,
    pub(crate) restricted: Option<LiveRoot>,
}

impl Live {
    pub(crate) fn of(&self, access: Access) -> Option<&LiveRoot> {
        match access {
            Access::Public => self.public.as_ref(),
            Access::Restricted => self.restricted.as_ref(),
        }
    }

    pub(crate) fn document(&self, access: Access) -> Option<&GenerationDocument> {
        self.of(access).map(|root| &root.document)
    }
}

impl Store {
    /// The live generations of both roots; `None` while they are being switched, when they do
    /// not belong together.
    ///
    /// # Errors
    /// If a document cannot be read.
    pub fn live(&self) -> Result<Option<LiveIds>, StoreError> {
        let live = self.read_live()?;
        let (public, restricted) =
            (live.document(Access::Public), live.document(Access::Restricted));
        if !self.agree(public, restricted)? {
            return Ok(None);
        }
        let id = |document: Option<&GenerationDocument>| document.map(|known| known.id.clone());
        Ok(Some(LiveIds { public: id(public), restricted: id(restricted) }))
    }

    pub(crate) fn read_live(&self) -> Result<Live, StoreError> {
        let read = |access| match self.current_with_tag(access)? {
            None => Ok(None),
            Some((id, tag)) => {
                self.document(access, &id).map(|document| Some(LiveRoot { tag, document }))
            }
        };
        Ok(Live { restricted: read(Access::Restricted)?, public: read(Access::Public)? })
    }

    /// Both roots once they agree. Half a switch of a writer that died, or that is at it in an
    /// object store, is ended here: whoever comes second finds it done.
    pub(crate) fn settled(&self, now: Timestamp) -> Result<Live, StoreError> {
        for attempt in 0..TRIES {
            let live = self.read_live()?;
            let (public, restricted) =
                (live.document(Access::Public), live.document(Access::Restricted));
            if self.agree(public, restricted)? {
                return Ok(live);
            }
            let begun = restricted.and_then(|document| document.partner.as_deref());
            let next = begun.and_then(|id| self.document(Access::Public, id).ok());
            match next.filter(|next| next.previous.as_ref() == public.map(|known| &known.id)) {
                Some(next) => drop(self.point(Access::Public, &next.id, &live)?),
                None => drop(self.follow(&live, now)?),
            }
            pause(attempt);
        }
        Err(self.contended(Access::Public))
    }

    /// Makes a generation the live one if the root is still as it was read.
    pub(crate) fn point(&self, access: Access, id: &str, seen: &Live) -> Result<Put, StoreError> {
        let key = format!("{}/current", root(access));
        self.place.swap(&key, id.as_bytes().to_vec(), seen.of(access).map(|root| &root.tag))
    }

    /// Makes the restricted root agree with the public one, which leads.
    pub(crate) fn follow(&self, live: &Live, now: Timestamp) -> Result<Put, StoreError> {
        let follower =
            self.follower(live.document(Access::Public), live.document(Access::Restricted))?;
        if let Some(document) = follower {
            return self.point(Access::Restricted, &document.id, live);
        }
        // Nothing restricted stood there when the public generation was live.
        let id = self.write_documents(vec![Next::fresh(Access::Restricted, live, now)])?;
        self.point(Access::Restricted, &id[0], live)
    }

    /// The restricted generation to be live with a public one: the newest in the line of
    /// `restricted` that agrees with it, else its partner.
    pub(crate) fn follower(
        &self,
        public: Option<&GenerationDocument>,
        restricted: Option<&GenerationDocument>,
    ) -> Result<Option<GenerationDocument>, StoreError> {
        let mut next = restricted.cloned();
        for _ in 0..CHAIN_MAX {
            let Some(document) = next else { break };
            if self.agree(public, Some(&document))? {
                return Ok(Some(document));
            }
            next = self.previous(Access::Restricted, &document)?;
        }
        let partner = public.and_then(|document| document.partner.as_ref());
        Ok(partner.and_then(|id| self.document(Access::Restricted, id).ok()))
    }

    /// Whether two generations may be live together.
    pub(crate) fn agree(
        &self,
        public: Option<&GenerationDocument>,
        restricted: Option<&GenerationDocument>,
    ) -> Result<bool, StoreError> {
        let of_public = public.and_then(|document| document.partner.as_ref());
        let of_restricted = restricted.and_then(|document| document.partner.as_ref());
        let named = match (of_public, of_restricted) {
            (None, None) => return Ok(true),
            // A writer that did not carry partners on.
            (None, Some(partner)) => {
                let Some(document) = public else { return Ok(false) };
                return self.goes_back_to(Access::Public, document.clone(), partner);
            }
            (Some(named), _) => named,
        };
        let is = |document: Option<&GenerationDocument>, id: Option<&String>| {
            id.is_some() && document.map(|known| &known.id) == id
        };
        if is(restricted, Some(named)) || is(public, of_restricted) {
            return Ok(true);
        }
        match self.document(Access::Restricted, named) {
            Ok(document) => {
                Ok(of_restricted.is_some() && document.partner.as_ref() == of_restricted)
            }
            // A host that has the public root alone.
            Err(StoreError::NoGeneration { .. }) => Ok(restricted.is_none()),
            Err(fault) => Err(fault),
        }
    }

    /// The generation before this one, if it is still kept.
    fn previous(
        &self,
        access: Access,
        document: &GenerationDocument,
    ) -> Result<Option<GenerationDocument>, StoreError> {
        let Some(id) = &document.previous else { return Ok(None) };
        match self.document(access, id) {
            Ok(document) => Ok(Some(document)),
            Err(StoreError::NoGeneration { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Whether a generation is live or was before the live one.
    pub(crate) fn leads_to(&self, access: Access, id: &str) -> Result<bool, StoreError> {
        let Some(current) = self.current_id(access)? else { return Ok(false) };
        self.goes_back_to(access, self.document(access, &current)?, id)
    }

    /// Whether a generation is `id` or came after it.
    fn goes_back_to(
        &self,
        access: Access,
        document: GenerationDocument,
        id: &str,
    ) -> Result<bool, StoreError> {
        let mut next = Some(document);
        for _ in 0..CHAIN_MAX {
            match next {
                Some(document) if document.id == id => return Ok(true),
                // Ids rise in the order of publication.
                Some(document) if id[..16] <= document.id[..16] => {
                    next = self.previous(access, &document)?;
                }
                _ => break,
            }
        }
        Ok(false)
    }

    pub(crate) fn contended(&self, access: Access) -> StoreError {
        let path = self.place.shown(&format!("{}/current", root(access)));
        StoreError::Contended { path, tries: TRIES }
    }
}

/// What must hold of the layers of a stage whatever is published: nothing public that is
/// restricted, and two versions of one layer are of one run.
pub(crate) fn check_staged_pairs(staged: &[LayerVersion]) -> Result<(), StoreError> {
    for LayerVersion { layer, .. } in staged.iter().filter(|v| v.layer.access == Access::Public) {
        let partner = staged
            .iter()
            .map(|version| &version.layer)
            .find(|other| other.id == layer.id && other.access == Access::Restricted);
        let leak = own_leak(layer).or_else(|| partner.and_then(|whole| leak_of(layer, whole)));
        if let Some(part) = leak {
            return Err(StoreError::NotForPublic { layer: layer.id.clone(), part });
        }
        let Some(whole) = partner else { continue };
        let differing = [
            (!is_sealed(layer, whole), "run"),
            (layer.kind != whole.kind, "kind"),
            (layer.mode != whole.mode, "mode"),
            (layer.valid_times != whole.valid_times, "valid_times"),
            (layer.expires != whole.expires, "expires"),
        ];
        if let Some((_, part)) = differing.into_iter().find(|(differs, _)| *differs) {
            return Err(StoreError::UnequalPair { layer: layer.id.clone(), part });
        }
    }
    Ok(())
}

/// What a public layer must not say of itself.
fn own_leak(layer: &Layer) -> Option<String> {
    let restricted = layer.fields.iter().find(|field| field.restricted);
    let audience =
        (!layer.audience.is_empty() || layer.row_access.is_some()).then(|| "audience".to_owned());
    let seal = layer.run.seal.as_ref().map(|_| "run.seal".to_owned());
    restricted.map(|field| field.name.clone()).or(audience).or(seal)
}

/// The first restricted field of the whole layer that its public version has, draws by, or
/// explains.
fn leak_of(public: &Layer, whole: &Layer) -> Option<String> {
    let mut restricted = whole.fields.iter().filter(|field| field.restricted);
    let found = restricted.find(|field| {
        public.fields.iter().any(|own| own.name == field.name)
            || public.style.iter().any(|style| mentions(style, &field.name))
    });
    found.map(|field| field.name.clone())
}

/// Whether a style has the name as a text anywhere.
fn mentions(style: &serde_json::Value, name: &str) -> bool {
    use serde_json::Value;
    match style {
        // The short form of text fields, `{name}`.
        Value::String(text) => text == name || text.contains(&format!("{{{name}}}")),
        Value::Array(values) => values.iter().any(|value| mentions(value, name)),
        Value::Object(members) => {
            members.iter().any(|(key, value)| key == name || mentions(value, name))
        }
        _ => false,
    }
}
