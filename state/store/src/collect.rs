//! Collection: what is no longer kept is removed.

use std::collections::{BTreeMap, BTreeSet};

use jomo_core::layer::Access;

use crate::StoreError;
use crate::read::{GenerationDocument, Store, generation_key, root, version_key};

/// Which generations are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Number of generations kept besides the live one, newest first.
    pub generations: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { generations: 10 }
    }
}

/// What [`Store::collect`] removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Generations.
    pub generations: u64,
    /// Layer versions.
    pub versions: u64,
    /// Their files' size.
    pub bytes: u64,
}

/// The generations of a root by id.
pub(crate) type Documents = BTreeMap<String, GenerationDocument>;

impl Store {
    /// Removes generations beyond `retention` and the versions that none of the rest names. The
    /// partner of a generation that is kept is kept too. Withdrawn versions go in any case.
    ///
    /// # Errors
    /// If a document cannot be read or a file not removed.
    pub fn collect(&self, retention: Retention) -> Result<Collected, StoreError> {
        let _lock = self.place.begin_write()?;
        self.purge()?;
        let mut collected = Collected::default();
        let public = self.documents(Access::Public)?;
        let restricted = self.documents(Access::Restricted)?;
        let mut kept = [
            self.kept(Access::Public, &public, retention)?,
            self.kept(Access::Restricted, &restricted, retention)?,
        ];
        keep_partners(&mut kept, [&public, &restricted]);
        let [kept_public, kept_restricted] = kept;
        self.sweep(Access::Restricted, &restricted, &kept_restricted, &mut collected)?;
        self.sweep(Access::Public, &public, &kept_public, &mut collected)?;
        Ok(collected)
    }

    pub(crate) fn documents(&self, access: Access) -> Result<Documents, StoreError> {
        let mut documents = Documents::new();
        for name in self.place.names(&format!("{}/generations", root(access)))? {
            if let Some(id) = name.strip_suffix(".json") {
                match self.document(access, id) {
                    Ok(document) => drop(documents.insert(id.to_owned(), document)),
                    // Somebody else has collected it meanwhile.
                    Err(StoreError::NoGeneration { .. }) => {}
                    Err(fault) => return Err(fault),
                }
            }
        }
        Ok(documents)
    }

    /// The live generation and the newest others.
    fn kept(
        &self,
        access: Access,
        documents: &Documents,
        retention: Retention,
    ) -> Result<BTreeSet<String>, StoreError> {
        let Some(current) = self.current_id(access)? else {
            // Nothing is live: what is there belongs to a first publication under way.
            return Ok(documents.keys().cloned().collect());
        };
        let mut others: Vec<_> =
            documents.values().filter(|document| document.id != current).collect();
        // Newest first; ids rise even if the clock was set back, `created` orders one second.
        others.sort_by(|a, b| (&b.id[..16], b.created).cmp(&(&a.id[..16], a.created)));
        let newest = others.into_iter().take(retention.generations).map(|d| d.id.clone());
        Ok(newest.chain([current]).collect())
    }

    fn sweep(
        &self,
        access: Access,
        documents: &Documents,
        kept: &BTreeSet<String>,
        collected: &mut Collected,
    ) -> Result<(), StoreError> {
        if self.current_id(access)?.is_none_or(|current| !kept.contains(&current)) {
            // Nothing live, or another writer has made something else live meanwhile.
            return Ok(());
        }
        let mut used = BTreeSet::new();
        for document in documents.values().filter(|document| kept.contains(&document.id)) {
            used.extend(document.layers.iter().map(|(id, entry)| (id, &entry.version)));
        }
        for id in documents.keys().filter(|id| !kept.contains(*id)) {
            let key = generation_key(access, id);
            if self.is_settled(&key)? {
                self.place.remove(&key)?;
                collected.generations += 1;
            }
        }
        let layers = format!("{}/layers", root(access));
        for layer in self.place.names(&layers)? {
            for version in self.place.names(&format!("{layers}/{layer}"))? {
                let key = version_key(access, &layer, &version);
                if used.contains(&(&layer, &version)) || !self.is_settled(&key)? {
                    continue;
                }
                collected.bytes += self.place.weigh(&key)?.bytes;
                collected.versions += 1;
                self.place.remove_all(&key)?;
            }
        }
        Ok(())
    }

    /// Whether nobody can be about to name this: always, under a lock.
    pub(crate) fn is_settled(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self.grace <= self.place.weigh(key)?.age)
    }
}

/// Adds partners until there are none to add.
fn keep_partners(kept: &mut [BTreeSet<String>; 2], documents: [&Documents; 2]) {
    loop {
        let partners = [0, 1].map(|root| {
            let named = kept[root].iter().filter_map(|id| documents[root].get(id)?.partner.clone());
            named.filter(|id| documents[1 - root].contains_key(id)).collect::<Vec<_>>()
        });
        let before = kept[0].len() + kept[1].len();
        let [of_public, of_restricted] = partners;
        kept[1].extend(of_public);
        kept[0].extend(of_restricted);
        if kept[0].len() + kept[1].len() == before {
            return;
        }
    }
}
