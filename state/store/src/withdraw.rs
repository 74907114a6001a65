//! Withdrawal: public versions that show what has become restricted since, and restricted ones for
//! people who have lost the layer since.
//!
//! The public generation that narrows a layer lists the wider versions, and so does every one that
//! comes after it. Readers obey the list at once; the files are removed as soon as the generation
//! is live. A writer that dies in between leaves the list, and whoever writes next removes them.
//!
//! The restricted generation lists versions with a wider audience in the same way. Their files go
//! with the generations that name them: whoever reads the restricted root reads all of it, and
//! until both roots have been switched the generation before may be made live again.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jomo_core::layer::{Access, Layer};

use crate::StoreError;
use crate::collect::Documents;
use crate::pair::Live;
use crate::read::{GenerationDocument, LayerVersion, Store, is_version, root, version_key};
use crate::seal::is_sealed;

/// Versions that no generation names any more stay on the list until as many newer ones of their
/// layer follow: servers that were away still learn of them. A server keeps five generations.
const REMEMBERED: usize = 64;

/// Versions by layer.
pub(crate) type Withdrawn = BTreeMap<String, BTreeSet<String>>;

/// What a publication does to the roots besides adding versions.
#[derive(Debug, Default)]
pub(crate) struct Narrowing {
    /// The lists of the next generations.
    public: Withdrawn,
    restricted: Withdrawn,
    /// Layers that are no longer public at all.
    pub(crate) leaving: Vec<String>,
    /// Whether a public generation is needed to say so.
    pub(crate) is_new: bool,
}

impl Narrowing {
    /// The list of the next generation of a root.
    pub(crate) fn withdrawn(&self, access: Access) -> &Withdrawn {
        match access {
            Access::Public => &self.public,
            Access::Restricted => &self.restricted,
        }
    }
}

/// The generations of a store, each root read when it is first asked for.
struct Generations<'s> {
    store: &'s Store,
    read: BTreeMap<Access, Documents>,
}

impl Generations<'_> {
    /// Versions of a layer that any generation of a root names.
    fn naming(&mut self, access: Access, layer: &str) -> Result<BTreeSet<String>, StoreError> {
        let documents = match self.read.entry(access) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.store.documents(access)?),
        };
        let named = documents.values().filter_map(|known| known.layers.get(layer));
        Ok(named.map(|entry| entry.version.clone()).collect())
    }
}

impl Store {
    /// What is withdrawn once `staged` is live.
    pub(crate) fn narrowing(
        &self,
        staged: &[LayerVersion],
        live: &Live,
    ) -> Result<Narrowing, StoreError> {
        let list = |access| live.document(access).map(|known| known.withdrawn.clone());
        let mut narrowing = Narrowing {
            public: list(Access::Public).unwrap_or_default(),
            restricted: list(Access::Restricted).unwrap_or_default(),
            ..Narrowing::default()
        };
        let is_live = |access, id: &String| {
            live.document(access).is_some_and(|known| known.layers.contains_key(id))
        };
        let mut generations = Generations { store: self, read: BTreeMap::new() };
        for whole in staged.iter().map(|v| &v.layer).filter(|l| l.access == Access::Restricted) {
            let public = staged.iter().map(|version| &version.layer);
            let public =
                public.filter(|own| own.access == Access::Public).find(|own| own.id == whole.id);
            if public.is_none() && is_live(Access::Public, &whole.id) {
                narrowing.leaving.push(whole.id.clone());
                narrowing.is_new = true;
            }
            // Of what stood there alone, nothing is known to be harmless.
            let own = public.filter(|_| is_live(Access::Restricted, &whole.id));
            let published = public.map(|own| own.version.as_str());
            let listed = narrowing.public.entry(whole.id.clone()).or_default();
            narrowing.is_new |=
                self.withdraw_public((own, whole), published, listed, &mut generations)?;
            let listed = narrowing.restricted.entry(whole.id.clone()).or_default();
            self.withdraw_restricted(whole, listed, &mut generations)?;
        }
        narrowing.public.retain(|_, versions| !versions.is_empty());
        narrowing.restricted.retain(|_, versions| !versions.is_empty());
        Ok(narrowing)
    }

    /// Lists the public versions of a layer that are wider than the next one, and tells whether
    /// there are any. All but `published` are, unless `public` and `whole` follow another pair.
    fn withdraw_public(
        &self,
        (public, whole): (Option<&Layer>, &Layer),
        published: Option<&str>,
        listed: &mut BTreeSet<String>,
        generations: &mut Generations<'_>,
    ) -> Result<bool, StoreError> {
        let earlier = self.unlisted(Access::Public, &whole.id, published, listed)?;
        if earlier.is_empty() {
            return Ok(false);
        }
        let named = generations.naming(Access::Public, &whole.id)?;
        // Rows are not compared: ids may be numbers of rows, which shift. Of a layer with steps
        // only the fullest one is counted.
        let comparable = public
            .filter(|own| own.feature_count == whole.feature_count && whole.valid_times.is_empty());
        let partners = match comparable {
            Some(_) => self.readable_versions(Access::Restricted, &whole.id)?,
            None => Vec::new(),
        };
        let before = listed.len();
        for version in earlier {
            let key = version_key(Access::Public, &whole.id, &version);
            // What nobody names can be what another writer is about to name.
            if !named.contains(&version) && !self.is_settled(&key)? {
                continue;
            }
            let is_wider = match comparable {
                Some(own) => self.is_wider(&version, (own, whole), &partners)?,
                None => true,
            };
            if is_wider {
                listed.insert(version);
            }
        }
        let is_new = before < listed.len();
        forget(listed, &named);
        Ok(is_new)
    }

    /// Lists the restricted versions of a layer that people may read who may not read the next.
    fn withdraw_restricted(
        &self,
        whole: &Layer,
        listed: &mut BTreeSet<String>,
        generations: &mut Generations<'_>,
    ) -> Result<(), StoreError> {
        let earlier = self.unlisted(Access::Restricted, &whole.id, Some(&whole.version), listed)?;
        if earlier.is_empty() {
            return Ok(());
        }
        let named = generations.naming(Access::Restricted, &whole.id)?;
        for version in earlier.into_iter().filter(|version| named.contains(version)) {
            let found = self.readable_version(Access::Restricted, &whole.id, &version)?;
            if found.is_none_or(|earlier| is_for_more(&earlier, whole)) {
                listed.insert(version);
            }
        }
        forget(listed, &named);
        Ok(())
    }

    /// Versions of a layer that stand in a root and are not on the list, all but one.
    fn unlisted(
        &self,
        access: Access,
        layer: &str,
        except: Option<&str>,
        listed: &BTreeSet<String>,
    ) -> Result<Vec<String>, StoreError> {
        let there = self.place.names(&format!("{}/layers/{layer}", root(access)))?;
        let is_other = |version: &String| {
            is_version(version) && except != Some(version.as_str()) && !listed.contains(version)
        };
        Ok(there.into_iter().filter(is_other).collect())
    }

    /// Whether an earlier version of a pair shows what the next one withholds, as far as columns
    /// go.
    fn is_wider(
        &self,
        version: &str,
        (public, whole): (&Layer, &Layer),
        partners: &[Layer],
    ) -> Result<bool, StoreError> {
        let earlier = self.readable_version(Access::Public, &public.id, version)?;
        // What cannot be read cannot be shown to be harmless.
        let Some(earlier) = earlier else { return Ok(true) };
        // A column that has got another name may be restricted under that one.
        let is_dropped = earlier
            .fields
            .iter()
            .any(|field| public.fields.iter().all(|own| own.name != field.name));
        // What a column held that keeps its name may have moved to one that is restricted.
        let partner = partners.iter().find(|partner| is_sealed(&earlier, partner));
        let is_same = partner.is_some_and(|partner| hidden(partner) == hidden(whole));
        Ok(is_dropped || !is_same)
    }

    fn readable_versions(&self, access: Access, layer: &str) -> Result<Vec<Layer>, StoreError> {
        let versions = self.unlisted(access, layer, None, &BTreeSet::new())?;
        let read = versions.iter().map(|version| self.readable_version(access, layer, version));
        read.filter_map(Result::transpose).collect()
    }

    /// The document of a version; `None` if it is not there whole.
    fn readable_version(
        &self,
        access: Access,
        layer: &str,
        version: &str,
    ) -> Result<Option<Layer>, StoreError> {
        match self.version(access, layer, version) {
            Ok(found) => Ok(Some(found.layer)),
            Err(StoreError::Io { .. } | StoreError::Document { .. }) => Ok(None),
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
fn forget(listed: &mut BTreeSet<String>, named: &BTreeSet<String>) {
    let newest: BTreeSet<String> = listed
        .iter()
        .rev()
        .filter(|version| !named.contains(*version))
        .take(REMEMBERED)
        .cloned()
        .collect();
    listed.retain(|version| named.contains(version) || newest.contains(version));
}

/// Whether people may read a restricted version who may not read the next one.
fn is_for_more(earlier: &Layer, next: &Layer) -> bool {
    let loses = |kind| !next.readers().contains(kind);
    let is_divided = next.row_access.is_some() && next.row_access != earlier.row_access;
    is_divided || earlier.readers().iter().any(loses)
}

/// The restricted columns of a layer.
fn hidden(layer: &Layer) -> BTreeSet<&str> {
    let restricted = layer.fields.iter().filter(|field| field.restricted);
    restricted.map(|field| field.name.as_str()).collect()
}

/// A staged version that has been withdrawn: what is published again is made again.
pub(crate) fn check_not_withdrawn(staged: &[LayerVersion], live: &Live) -> Result<(), StoreError> {
    let is_listed = |layer: &&Layer| {
        let document = live.document(layer.access);
        document.is_some_and(|known| known.withdraws(&layer.id, &layer.version))
    };
    match staged.iter().map(|version| &version.layer).find(is_listed) {
        None => Ok(()),
        Some(Layer { id, version, .. }) => {
            Err(StoreError::Withdrawn { layer: id.clone(), version: version.clone() })
        }
    }
}

/// The first layer of which the live generation lists what `wanted` does not. Nobody goes back
/// behind a withdrawal, not even to a generation without the layer: a reader that has slept
/// meanwhile would not learn of it.
pub(crate) fn first_behind(
    live: Option<&GenerationDocument>,
    wanted: &GenerationDocument,
) -> Option<String> {
    let mut listed = live.into_iter().flat_map(|document| &document.withdrawn);
    let lost = |(layer, versions): &(&String, &BTreeSet<String>)| {
        versions.iter().any(|version| !wanted.withdraws(layer, version))
    };
    listed.find(lost).map(|(layer, _)| layer.clone())
}
