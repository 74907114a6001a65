//! Which generations of the two roots are served together.
//!
//! A publication switches the restricted root first and the public one some milliseconds later.
//! In between, or if the publisher died there, the restricted generation that is named as live
//! speaks of a public one that is not. It waits: the newest restricted generation is served
//! whose partner is the live public one or was live before it.

use jomo_core::layer::Access;
use jomo_store::{GenerationDocument, Store, StoreError};

use crate::error::LoadError;
use crate::serving::Pair;

/// Which roots are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roots {
    /// The public one: nobody can sign in.
    Public,
    /// Both.
    Both,
}

/// How far back either root is searched. Retention keeps far fewer generations.
const SEARCH_MAX: usize = 256;

/// The ids that the store names as live.
///
/// # Errors
/// If one of them cannot be read.
pub fn named(store: &Store, roots: Roots) -> Result<Pair, StoreError> {
    // Restricted first, as it is written first: a pair that is read half is an older one.
    let restricted = match roots {
        Roots::Public => None,
        Roots::Both => store.current_id(Access::Restricted)?,
    };
    Ok(Pair { public: store.current_id(Access::Public)?, restricted })
}

/// The pair to serve where the store names `named` as live.
///
/// # Errors
/// If a document that decides it cannot be read.
pub fn complete(store: &Store, named: &Pair) -> Result<Pair, LoadError> {
    let mut restricted = None;
    let mut candidate = named.restricted.clone();
    for _ in 0..SEARCH_MAX {
        let Some(id) = candidate.take() else { break };
        let Some(document) = document(store, Access::Restricted, &id)? else { break };
        let fits = match &document.partner {
            None => true,
            Some(partner) => was_live(store, partner, named.public.as_deref())?,
        };
        if fits {
            restricted = Some(id);
            break;
        }
        candidate = document.previous;
    }
    Ok(Pair { public: named.public.clone(), restricted })
}

/// Whether `partner` is the public generation `live` or one before it.
fn was_live(store: &Store, partner: &str, live: Option<&str>) -> Result<bool, LoadError> {
    let mut id = live.map(str::to_owned);
    let mut oldest = None;
    for _ in 0..SEARCH_MAX {
        let Some(current) = id.take() else { break };
        if current == partner {
            return Ok(true);
        }
        let Some(document) = document(store, Access::Public, &current)? else {
            // Retention has removed the rest of the line. Ids sort in the order of publication:
            // a partner before what is left of it was live before it.
            return Ok(oldest.is_some_and(|oldest: String| partner < oldest.as_str()));
        };
        oldest = Some(current);
        id = document.previous;
    }
    Ok(false)
}

/// The document of a generation; `None` where retention has removed it.
fn document(
    store: &Store,
    access: Access,
    id: &str,
) -> Result<Option<GenerationDocument>, LoadError> {
    match store.document(access, id) {
        Ok(document) => Ok(Some(document)),
        Err(StoreError::NoGeneration { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
