//! Going back to an earlier generation.

use jiff::Timestamp;
use jomo_core::layer::Access;

use crate::StoreError;
use crate::place::Put;
use crate::publish::{TRIES, pause};
use crate::read::{Generation, LayerVersion, Store, version_key};
use crate::withdraw::check_behind;

impl Store {
    /// Makes an earlier generation of the public root live again: the one before the live one,
    /// or `to`. The restricted root goes with it where a layer has its other version there:
    /// partners are live together or not at all. The public root is switched first; until the
    /// restricted one has followed, the two do not belong together and readers wait.
    ///
    /// # Errors
    /// If there is no such generation, one of its files is gone, one of its live layers has
    /// expired at `now` (stale data never becomes current), or a layer has been narrowed since:
    /// what has become restricted stays so.
    pub fn rollback(&self, to: Option<&str>, now: Timestamp) -> Result<String, StoreError> {
        let _lock = self.place.begin_write()?;
        let id = self.go_back(to, now)?;
        self.purge()?;
        Ok(id)
    }

    fn go_back(&self, to: Option<&str>, now: Timestamp) -> Result<String, StoreError> {
        let mut wanted = to.map(str::to_owned);
        for attempt in 0..TRIES {
            let live = self.settled(now)?;
            let public = live.document(Access::Public);
            // What "the one before" means is decided once.
            let previous = public.and_then(|document| document.previous.clone());
            let id = wanted.clone().or(previous).ok_or(StoreError::NoGeneration { id: None })?;
            check_behind(public, &self.document(Access::Public, &id)?)?;
            let generation = self.generation(Access::Public, &id)?;
            let known = public.map(|document| &document.layers);
            for version in generation.layers.values() {
                let layer = &version.layer;
                let entry = known.and_then(|layers| layers.get(&layer.id));
                if entry.is_none_or(|entry| entry.version != layer.version) {
                    self.check_return(&generation, version, now)?;
                }
            }
            wanted = Some(id.clone());
            if self.point(Access::Public, &id, &live)? == Put::Done {
                let document = Some(&generation.document);
                if self.agree(document, live.document(Access::Restricted))? {
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
