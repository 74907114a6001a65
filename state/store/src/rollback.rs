//! Going back to an earlier generation.

use jiff::Timestamp;
use jomo_core::layer::Access;

use crate::StoreError;
use crate::pair::Live;
use crate::place::Put;
use crate::publish::{TRIES, pause};
use crate::read::{Generation, LayerVersion, Store, version_key};
use crate::withdraw::first_behind;

/// A public generation that may be made live.
struct WayBack {
    id: String,
    /// Whether the live restricted generation stays.
    agrees: bool,
}

impl Store {
    /// Makes an earlier generation of the public root live again: the one before the live one,
    /// or `to`. The restricted root goes with it where a layer has its other version there:
    /// partners are live together or not at all. The public root is switched first; until the
    /// restricted one has followed, the two do not belong together and readers wait.
    ///
    /// # Errors
    /// If there is no such generation, one of its files is gone, one of its live layers has
    /// expired at `now` (stale data never becomes current), or a layer has been narrowed since:
    /// what has become restricted stays so, and who has lost a restricted layer does not get it
    /// back.
    pub fn rollback(&self, to: Option<&str>, now: Timestamp) -> Result<String, StoreError> {
        let _lock = self.place.begin_write()?;
        let id = self.go_back(to, now)?;
        self.purge()?;
        Ok(id)
    }

    /// The generation that [`Self::rollback`] would make live; nothing is written.
    ///
    /// # Errors
    /// As [`Self::rollback`].
    pub fn rollback_target(&self, to: Option<&str>, now: Timestamp) -> Result<String, StoreError> {
        Ok(self.way_back(to, &self.read_live()?, now)?.id)
    }

    fn go_back(&self, to: Option<&str>, now: Timestamp) -> Result<String, StoreError> {
        let mut wanted = to.map(str::to_owned);
        for attempt in 0..TRIES {
            let live = self.settled(now)?;
            let WayBack { id, agrees } = self.way_back(wanted.as_deref(), &live, now)?;
            // What "the one before" means is decided once.
            wanted = Some(id.clone());
            if self.point(Access::Public, &id, &live)? == Put::Done {
                if agrees {
                    return Ok(id);
                }
                let switched = self.read_live()?;
                let is_ours = switched.document(Access::Public).is_some_and(|d| d.id == id);
                if is_ours && self.follow(&switched, now)? == Put::Done {
                    return Ok(id);
                }
            }
            pause(attempt);
        }
        Err(self.contended(Access::Public))
    }

    /// Where the way back leads, if nothing forbids it.
    fn way_back(
        &self,
        to: Option<&str>,
        live: &Live,
        now: Timestamp,
    ) -> Result<WayBack, StoreError> {
        let public = live.document(Access::Public);
        let previous = public.and_then(|document| document.previous.as_deref());
        let id = to.or(previous).ok_or(StoreError::NoGeneration { id: None })?.to_owned();
        if let Some(layer) = first_behind(public, &self.document(Access::Public, &id)?) {
            return Err(StoreError::RollbackWithdrawn { layer, generation: id });
        }
        let generation = self.generation(Access::Public, &id)?;
        let known = public.map(|document| &document.layers);
        for version in generation.layers.values() {
            let layer = &version.layer;
            let entry = known.and_then(|layers| layers.get(&layer.id));
            if entry.is_none_or(|entry| entry.version != layer.version) {
                self.check_return(&generation, version, now)?;
            }
        }
        let restricted = live.document(Access::Restricted);
        let document = Some(&generation.document);
        let agrees = self.agree(document, restricted)?;
        let follower = if agrees { None } else { self.follower(document, restricted)? };
        match follower.and_then(|follower| first_behind(restricted, &follower)) {
            Some(layer) => Err(StoreError::RollbackAudience { layer, generation: id }),
            None => Ok(WayBack { id, agrees }),
        }
    }

    /// Whether a version may become live again.
    fn check_return(
        &self,
        generation: &Generation,
        version: &LayerVersion,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let layer = &version.layer;
        if let (true, Some(expired)) = (layer.is_expired(now), layer.expires) {
            let (layer, generation) = (layer.id.clone(), generation.id.clone());
            return Err(StoreError::RollbackStale { layer, generation, expired });
        }
        let key = version_key(layer.access, &layer.id, &layer.version);
        for (name, listed) in &layer.files {
            let key = format!("{key}/{name}");
            let found = self.place.length(&key)?;
            if found != Some(listed.bytes) {
                let (path, expected) = (self.place.shown(&key), format!("{} bytes", listed.bytes));
                let found = found.map_or("-".to_owned(), |bytes| format!("{bytes} bytes"));
                return Err(StoreError::Content { path, expected, found });
            }
        }
        Ok(())
    }
}
