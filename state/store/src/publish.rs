//! Publishing: new versions, a new generation of each root concerned, and the switch.
//!
//! Every step leaves the store readable: what is written has a name that nobody reads yet, and
//! `current` is replaced last, the restricted root's first. Where two writers cannot exclude each
//! other, the second one's replacement is refused and it begins again on top of the first one's.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jomo_core::layer::{Access, Mode, SPEC_VERSION, may_be_public};
use jomo_core::time::compact;

use crate::StoreError;
use crate::pair::{Live, check_staged_pairs};
use crate::place::Put;
use crate::read::{
    GenerationDocument, LayerEntry, LayerVersion, Store, generation_key, version_key,
};
use crate::seal::random_hex;
use crate::stage::{sha256_hex, staged_layers};
use crate::withdraw::{Narrowing, Withdrawn, check_not_withdrawn};

/// How often a writer begins again because others were faster. Of writers that begin at once one
/// succeeds, so this is the number of writers that may race.
pub(crate) const TRIES: u32 = 64;

/// The order in which roots are switched: while they disagree the public one is the older.
const SWITCH_ORDER: [Access; 2] = [Access::Restricted, Access::Public];

/// What a publication did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The live generation of each root that was changed.
    pub generations: BTreeMap<Access, String>,
    /// Versions by layer; of a layer with two, the public one.
    pub versions: BTreeMap<String, String>,
}

impl Store {
    /// Publishes what stands in `stage`: copies and checks every file and switches the live
    /// generation of each root concerned, the restricted one first. A layer may be staged twice,
    /// public and restricted: both versions go live together. One that is staged as restricted
    /// alone and was public leaves the public root. Public versions that show what is restricted
    /// now are withdrawn: listed by the public generation, and removed once it is live. `base` is
    /// the public generation that the run began with, if it knew one.
    ///
    /// # Errors
    /// If a staged file is not what its `layer.json` says, a layer may not be public, a layer of
    /// the stage has moved since `base` or would leave its partner behind, or the disk or network
    /// fails. The live generation is then as before; only if the network failed during the switch
    /// can it be the new one, whole. [`StoreError::Unremoved`]: it is the new one, and files of
    /// withdrawn versions are still there, until the next write.
    pub fn publish(
        &self,
        stage: &Path,
        base: Option<&str>,
        now: Timestamp,
    ) -> Result<Published, StoreError> {
        let staged = staged_layers(stage)?;
        if staged.is_empty() {
            return Err(StoreError::NothingStaged { path: stage.to_owned() });
        }
        for LayerVersion { layer, .. } in &staged {
            if layer.access == Access::Public && !may_be_public(layer.kind, layer.mode) {
                return Err(StoreError::NotPublic { layer: layer.id.clone() });
            }
        }
        check_staged_pairs(&staged)?;
        let _lock = self.place.begin_write()?;
        let published = self.publish_staged(&staged, base, now)?;
        self.purge()?;
        Ok(published)
    }

    fn publish_staged(
        &self,
        staged: &[LayerVersion],
        base: Option<&str>,
        now: Timestamp,
    ) -> Result<Published, StoreError> {
        for attempt in 0..TRIES {
            let live = self.settled(now)?;
            check_partners(staged, &live)?;
            check_not_withdrawn(staged, &live)?;
            self.check_base(staged, base, &live)?;
            self.check_ages(staged, &live, now)?;
            let narrowing = self.narrowing(staged, &live)?;
            if attempt == 0 {
                self.copy_versions(staged, &live)?;
            }
            if let Some(published) = self.switch((staged, &narrowing), &live, now)? {
                return Ok(published);
            }
            pause(attempt);
        }
        Err(self.contended(Access::Public))
    }

    /// Refuses to overwrite what somebody else has published since the run began.
    fn check_base(
        &self,
        staged: &[LayerVersion],
        base: Option<&str>,
        live: &Live,
    ) -> Result<(), StoreError> {
        let Some((base, current)) = base.zip(live.document(Access::Public)) else { return Ok(()) };
        if base == current.id {
            return Ok(());
        }
        let before = self.document(Access::Public, base)?.layers;
        let after = &current.layers;
        match staged.iter().find(|v| before.get(&v.layer.id) != after.get(&v.layer.id)) {
            None => Ok(()),
            Some(version) => Err(StoreError::Moved {
                layer: version.layer.id.clone(),
                base: Some(base.to_owned()),
                current: Some(current.id.clone()),
            }),
        }
    }

    /// Newer data may replace older, never the other way round while the newer is valid; invented
    /// data, which never expire, only give way to newer ones. Events of the past are replayed in any
    /// order.
    fn check_ages(
        &self,
        staged: &[LayerVersion],
        live: &Live,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for LayerVersion { layer, .. } in staged {
            if let (true, Some(expired)) = (layer.is_expired(now), layer.expires) {
                return Err(StoreError::Expired { layer: layer.id.clone(), expired });
            }
            let entry = live.document(layer.access).and_then(|known| known.layers.get(&layer.id));
            let Some(entry) = entry else { continue };
            let live = self.version(layer.access, &layer.id, &entry.version)?.layer;
            let stands = match live.mode {
                Mode::Live => !live.is_expired(now),
                // What is invented never stands in the way of what is real.
                Mode::Fictional => layer.mode == Mode::Fictional,
                Mode::Replay => false,
            };
            if let (Some(reference), Some(live_time)) = (layer.reference_time, live.reference_time)
                && stands
                && reference < live_time
            {
                let layer = layer.id.clone();
                return Err(StoreError::Older { layer, reference, live: live_time });
            }
        }
        Ok(())
    }

    fn copy_versions(&self, staged: &[LayerVersion], live: &Live) -> Result<(), StoreError> {
        for version in staged {
            let layer = &version.layer;
            let entry = live.document(layer.access).and_then(|known| known.layers.get(&layer.id));
            // A version that is live stays as it is; any other is written anew, so that nobody
            // collects it meanwhile.
            if entry.is_none_or(|entry| entry.version != layer.version) {
                let key = version_key(layer.access, &layer.id, &layer.version);
                self.place.copy_version(version, &key)?;
            }
        }
        Ok(())
    }

    /// Writes the generations and makes them live; `None` if another writer was faster.
    fn switch(
        &self,
        (staged, narrowing): (&[LayerVersion], &Narrowing),
        live: &Live,
        now: Timestamp,
    ) -> Result<Option<Published>, StoreError> {
        let concerned = |access: &Access| {
            staged.iter().any(|v| v.layer.access == *access)
                || (*access == Access::Public && narrowing.is_new)
        };
        let roots: Vec<Access> = SWITCH_ORDER.into_iter().filter(concerned).collect();
        let mut next: Vec<Next> =
            roots.iter().map(|access| Next::of(*access, staged, live, now)).collect();
        for next in &mut next {
            next.narrow(narrowing);
        }
        let ids = self.write_documents(next)?;
        for (access, id) in roots.iter().zip(&ids) {
            let put = self.point(*access, id, live);
            // A refusal may answer a repetition of a request whose first answer was lost.
            let is_live = match put {
                Ok(Put::Done) => true,
                Ok(Put::Moved) => self.leads_to(*access, id)?,
                Err(fault) => match self.leads_to(*access, id) {
                    Ok(true) => true,
                    _ => return Err(fault),
                },
            };
            if !is_live {
                return Ok(None);
            }
        }
        let versions = staged
            .iter()
            .rev()
            .map(|version| (version.layer.id.clone(), version.layer.version.clone()));
        let generations = roots.into_iter().zip(ids).collect();
        Ok(Some(Published { generations, versions: versions.collect() }))
    }

    /// Writes documents of generations that are to be live together and gives their ids.
    pub(crate) fn write_documents(&self, mut next: Vec<Next>) -> Result<Vec<String>, StoreError> {
        for _ in 0..TRIES {
            let ids = next.iter().map(Next::id).collect::<Result<Vec<_>, _>>()?;
            let mut taken = false;
            for (index, one) in next.iter().enumerate() {
                let partner = ids.iter().enumerate().find(|(other, _)| *other != index);
                let document = one.document(&ids[index], partner.map(|(_, id)| id));
                let key = generation_key(one.access, &ids[index]);
                let text = serde_json::to_vec_pretty(&document)
                    .map_err(|fault| StoreError::document(&self.place.shown(&key), &fault))?;
                taken |= self.place.create(&key, text)? == Put::Moved;
            }
            if !taken {
                return Ok(ids);
            }
            // Somebody has made the same generation in the same second.
            for one in &mut next {
                one.time =
                    one.time.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(one.time);
            }
        }
        Err(self.contended(Access::Public))
    }
}

/// Nothing restricted becomes public by being published alone. The other way round it leaves the
/// public root.
fn check_partners(staged: &[LayerVersion], live: &Live) -> Result<(), StoreError> {
    let Some(restricted) = live.document(Access::Restricted) else { return Ok(()) };
    for LayerVersion { layer, .. } in staged.iter().filter(|v| v.layer.access == Access::Public) {
        let with_partner = staged
            .iter()
            .any(|other| other.layer.id == layer.id && other.layer.access == Access::Restricted);
        if restricted.layers.contains_key(&layer.id) && !with_partner {
            return Err(StoreError::OtherAccess { layer: layer.id.clone() });
        }
    }
    Ok(())
}

/// A generation to be written.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    access: Access,
    time: Timestamp,
    created: Timestamp,
    previous: Option<String>,
    /// Of the generation before, for one that is published alone.
    partner: Option<String>,
    layers: BTreeMap<String, LayerEntry>,
    withdrawn: Withdrawn,
}

impl Next {
    fn of(access: Access, staged: &[LayerVersion], live: &Live, now: Timestamp) -> Self {
        let before = live.document(access);
        let mut next = Self {
            partner: before.and_then(|known| known.partner.clone()),
            ..Self::empty(access, live, now)
        };
        next.layers = before.map(|known| known.layers.clone()).unwrap_or_default();
        for LayerVersion { layer, .. } in staged.iter().filter(|v| v.layer.access == access) {
            let entry = LayerEntry { version: layer.version.clone(), run: layer.run.key.clone() };
            next.layers.insert(layer.id.clone(), entry);
        }
        next
    }

    /// Takes out of the public root what may not stand there any more, and lists what is
    /// withdrawn.
    fn narrow(&mut self, narrowing: &Narrowing) {
        if self.access == Access::Public {
            self.layers.retain(|id, _| !narrowing.leaving.contains(id));
        }
        self.withdrawn.clone_from(narrowing.withdrawn(self.access));
    }

    /// A generation without layers and without a past: with whatever was before it, nothing that
    /// comes later belongs together. What is withdrawn stays so.
    pub(crate) fn fresh(access: Access, live: &Live, now: Timestamp) -> Self {
        let withdrawn = live.document(access).map(|known| known.withdrawn.clone());
        Self {
            previous: None,
            withdrawn: withdrawn.unwrap_or_default(),
            ..Self::empty(access, live, now)
        }
    }

    fn empty(access: Access, live: &Live, now: Timestamp) -> Self {
        let previous = live.document(access).map(|known| known.id.clone());
        // Ids sort in the order of publication even if the clock was set back.
        let after = previous.as_deref().and_then(|id| jomo_core::time::parse_compact(&id[..16]));
        let time = after.map_or(now, |after| now.max(after));
        Self {
            access,
            time,
            created: now,
            previous,
            partner: None,
            layers: BTreeMap::new(),
            withdrawn: Withdrawn::new(),
        }
    }

    fn id(&self) -> Result<String, StoreError> {
        if self.access == Access::Restricted {
            // Public generations name it.
            return Ok(format!("{}-{}", compact(self.time), random_hex::<4>()?));
        }
        let mut content = self.previous.clone().unwrap_or_default();
        for (layer, entry) in &self.layers {
            content.push('\0');
            content.push_str(layer);
            content.push('\0');
            content.push_str(&entry.version);
        }
        Ok(format!("{}-{}", compact(self.time), &sha256_hex(content.as_bytes())[..8]))
    }

    fn document(&self, id: &str, partner: Option<&String>) -> GenerationDocument {
        GenerationDocument {
            spec: SPEC_VERSION,
            id: id.to_owned(),
            created: self.created,
            previous: self.previous.clone(),
            partner: partner.or(self.partner.as_ref()).cloned(),
            layers: self.layers.clone(),
            withdrawn: self.withdrawn.clone(),
        }
    }
}

/// Waits a little, longer from time to time and not as long as others that began with us.
pub(crate) fn pause(attempt: u32) {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let spread = since.subsec_micros() % 40;
    std::thread::sleep(Duration::from_millis(u64::from(attempt.min(10) * 10 + spread)));
}
