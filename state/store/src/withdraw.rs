//! Withdrawal: public versions that show what has become restricted since.
//!
//! The public generation that narrows a layer lists the wider versions, and so does every one that
//! comes after it. Readers obey the list at once; the files are removed as soon as the generation
//! is live. A writer that dies in between leaves the list, and whoever writes next removes them.

use std::collections::{BTreeMap, BTreeSet};

use jomo_core::layer::{Access, Layer};

use crate::StoreError;
use crate::collect::Documents;
use crate::pair::Live;
use crate::read::{GenerationDocument, LayerVersion, Store, is_version, root, version_key};

/// Versions that no generation names any more stay on the list until as many newer ones of their
/// layer follow: servers that were away still learn of them. A server keeps five generations.
const REMEMBERED: usize = 64;

/// Public versions by layer.
pub(crate) type Withdrawn = BTreeMap<String, BTreeSet<String>>;

/// What a publication does to the public root besides adding versions.
#[derive(Debug, Default)]
pub(crate) struct Narrowing {
    /// The list of the next public generation.
    pub(crate) withdrawn: Withdrawn,
    /// Layers that are no longer public at all.
    pub(crate) leaving: Vec<String>,
    /// Whether a public generation is needed to say so.
    pub(crate) is_new: bool,
}

impl Store {
    /// What is withdrawn once `staged` is live.
    pub(crate) fn narrowing(
        &self,
        staged: &[LayerVersion],
        live: &Live,
    ) -> Result<Narrowing, StoreError> {
        let before = live.document(Access::Public);
        let mut narrowing = Narrowing {
            withdrawn: before.map(|known| known.withdrawn.clone()).unwrap_or_default(),
            ..Narrowing::default()
        };
        let mut documents: Option<Documents> = None;
        for whole in staged.iter().map(|v| &v.layer).filter(|l| l.access == Access::Restricted) {
            let public = staged.iter().map(|version| &version.layer);
            let public =
                public.filter(|own| own.access == Access::Public).find(|own| own.id == whole.id);
            let is_live = before.is_some_and(|known| known.layers.contains_key(&whole.id));
            if public.is_none() && is_live {
                narrowing.leaving.push(whole.id.clone());
                narrowing.is_new = true;
            }
            let listed = narrowing.withdrawn.entry(whole.id.clone()).or_default();
            let there = self.place.names(&format!("{}/layers/{}", root(Access::Public), whole.id));
            let is_other = |version: &String| {
                public.is_none_or(|own| own.version != *version) && !listed.contains(version)
            };
            let earlier: Vec<String> = there?.into_iter().filter(is_other).collect();
            if !earlier.is_empty() {
                let documents = match &mut documents {
                    Some(known) => known,
                    none => none.insert(self.documents(Access::Public)?),
                };
                let named = documents.values().filter_map(|known| known.layers.get(&whole.id));
                let named: BTreeSet<&str> = named.map(|entry| entry.version.as_str()).collect();
                let restricted = live.document(Access::Restricted);
                let was_pair = restricted.is_some_and(|known| known.layers.contains_key(&whole.id));
                for version in earlier {
                    // What nobody names can be what another writer is about to name.
                    let key = version_key(Access::Public, &whole.id, &version);
                    let is_wider = is_version(&version)
                        && (named.contains(version.as_str()) || self.is_settled(&key)?)
                        && match public {
                            Some(own) if was_pair => self.is_wider(&version, own, whole)?,
                            _ => true,
                        };
                    if is_wider {
                        listed.insert(version);
                        narrowing.is_new = true;
                    }
                }
                forget(listed, &named);
            }
        }
        narrowing.withdrawn.retain(|_, versions| !versions.is_empty());
        Ok(narrowing)
    }

    /// Whether an earlier version of a pair shows what the next one withholds.
    fn is_wider(&self, version: &str, public: &Layer, whole: &Layer) -> Result<bool, StoreError> {
        // Rows are not compared: ids may be numbers of rows, which shift. Of a layer with steps
        // only the fullest one is counted.
        let withholds_rows =
            public.feature_count != whole.feature_count || !whole.valid_times.is_empty();
        if withholds_rows {
            return Ok(true);
        }
        match self.version(Access::Public, &public.id, version) {
            Ok(earlier) => Ok(earlier.layer.fields.iter().any(|field| {
                // A column that has got another name may be restricted under that one.
                public.fields.iter().all(|own| own.name != field.name)
            })),
            // What cannot be read cannot be shown to be harmless.
            Err(StoreError::Io { .. } | StoreError::Document { .. }) => Ok(true),
            Err(fault) => Err(fault),
        }
    }

    /// Removes the files of what the live public generation lists. What is gone already costs one
    /// look at each layer on the list.
    pub(crate) fn purge(&self) -> Result<(), StoreError> {
        let Some(id) = self.current_id(Access::Public)? else { return Ok(()) };
        for (layer, versions) in &self.document(Access::Public, &id)?.withdrawn {
            let there = self.place.names(&format!("{}/layers/{layer}", root(Access::Public)));
            let there = there.map_err(|fault| unremoved(layer, &fault))?;
            for version in there.iter().filter(|version| versions.contains(*version)) {
                let removed = self.place.remove_all(&version_key(Access::Public, layer, version));
                removed.map_err(|fault| unremoved(layer, &fault))?;
            }
        }
        Ok(())
    }
}

fn unremoved(layer: &str, fault: &StoreError) -> StoreError {
    StoreError::Unremoved { layer: layer.to_owned(), reason: fault.to_string() }
}

/// Shortens a list by what nobody needs to be told any more.
fn forget(listed: &mut BTreeSet<String>, named: &BTreeSet<&str>) {
    let newest: BTreeSet<String> = listed
        .iter()
        .rev()
        .filter(|version| !named.contains(version.as_str()))
        .take(REMEMBERED)
        .cloned()
        .collect();
    listed.retain(|version| named.contains(version.as_str()) || newest.contains(version));
}

/// A staged public version that has been withdrawn: what is published again is made again.
pub(crate) fn check_not_withdrawn(staged: &[LayerVersion], live: &Live) -> Result<(), StoreError> {
    let Some(document) = live.document(Access::Public) else { return Ok(()) };
    let public = staged.iter().map(|v| &v.layer).filter(|layer| layer.access == Access::Public);
    match public.into_iter().find(|layer| document.withdraws(&layer.id, &layer.version)) {
        None => Ok(()),
        Some(Layer { id, version, .. }) => {
            Err(StoreError::Withdrawn { layer: id.clone(), version: version.clone() })
        }
    }
}

/// Nobody goes back behind a withdrawal, not even to a generation without the layer: a reader
/// that has slept meanwhile would not learn of it.
pub(crate) fn check_behind(
    live: Option<&GenerationDocument>,
    wanted: &GenerationDocument,
) -> Result<(), StoreError> {
    let mut listed = live.into_iter().flat_map(|document| &document.withdrawn);
    let lost = |(layer, versions): &(&String, &BTreeSet<String>)| {
        versions.iter().any(|version| !wanted.withdraws(layer, version))
    };
    match listed.find(lost) {
        None => Ok(()),
        Some((layer, _)) => Err(StoreError::RollbackWithdrawn {
            layer: layer.clone(),
            generation: wanted.id.clone(),
        }),
    }
}
