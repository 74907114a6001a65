//! `jomo publish`, `jomo rollback`, `jomo gc`: what is live, and what is kept.

use std::path::Path;

use jomo_core::layer::Access;
use jomo_store::{Retention, Store};
use serde_json::json;

use crate::failure::Failure;
use crate::outcome::{COLLECTED, Outcome, ROLLED_BACK, Status};
use crate::region::open_if_given;
use crate::run::{Context, read_record};

/// Publishes what a run has left in a folder.
///
/// # Errors
/// If there is nothing to publish, or the store refuses it.
pub fn publish(dir: &Path, store: &Path, context: &Context) -> Result<Outcome, Failure> {
    let done = read_record(dir).is_some_and(|record| record.status == "done");
    if !done {
        let path = dir.to_owned();
        return Err(jomo_store::StoreError::NothingStaged { path }.into());
    }
    if context.dry_run {
        return Ok(Outcome::new(Status::DryRun));
    }
    let store = Store::create(store)?;
    let stage = dir.join("stage");
    if !context.force && is_live(&store, &stage)? {
        return Ok(Outcome::new(Status::Unchanged));
    }
    context.progress.stage("publish", None);
    let published = store.publish(&stage, None, context.now)?;
    let mut outcome = Outcome::new(Status::Done);
    outcome.more.insert("versions", json!(published.versions));
    outcome.generations = published.generations;
    Ok(outcome)
}

/// Whether every staged version is live already.
fn is_live(store: &Store, stage: &Path) -> Result<bool, Failure> {
    let staged = jomo_store::staged_layers(stage)?;
    for access in [Access::Public, Access::Restricted] {
        let live = store.current(access)?.map(|generation| generation.document.layers);
        let live = live.unwrap_or_default();
        let mut own = staged.iter().filter(|version| version.layer.access == access);
        let same = |version: &jomo_store::LayerVersion| {
            live.get(&version.layer.id).is_some_and(|e| e.version == version.layer.version)
        };
        if !own.all(same) {
            return Ok(false);
        }
    }
    Ok(!staged.is_empty())
}

/// Makes an earlier generation live again, or tells which one it would be.
///
/// # Errors
/// If there is none, a live layer of it has expired, or a layer has been narrowed since.
pub fn rollback(store: &Path, to: Option<&str>, context: &Context) -> Result<Outcome, Failure> {
    let store = Store::open(store)?;
    if context.dry_run {
        let id = store.rollback_target(to, context.now)?;
        let words = [("generation", id.clone())];
        let mut outcome = Outcome::new(Status::DryRun).telling("cli-would-roll-back", &words);
        outcome.more.insert("would_be_live", json!(id));
        return Ok(outcome);
    }
    let mut outcome = Outcome { done: ROLLED_BACK, ..Outcome::new(Status::Done) };
    let id = store.rollback(to, context.now)?;
    outcome.generations.insert(Access::Public, id);
    Ok(outcome)
}

/// Removes what neither the live generation nor those kept name.
///
/// # Errors
/// If the region file is faulty or the store cannot be changed.
pub fn collect(
    store: &Path,
    keep: Option<usize>,
    region: Option<&Path>,
    context: &Context,
) -> Result<Outcome, Failure> {
    let region = open_if_given(region)?;
    let kept = keep.or(region.and_then(|region| region.keep_generations));
    let retention = Retention { generations: kept.unwrap_or(Retention::default().generations) };
    let store = Store::open(store)?;
    if context.dry_run {
        return Ok(Outcome::new(Status::DryRun));
    }
    let collected = store.collect(retention)?;
    let mut outcome = Outcome { done: COLLECTED, ..Outcome::new(Status::Done) };
    outcome.counts.insert("generations".to_owned(), collected.generations);
    outcome.counts.insert("versions".to_owned(), collected.versions);
    outcome.counts.insert("bytes".to_owned(), collected.bytes);
    Ok(outcome)
}
