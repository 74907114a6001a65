//! The public version of a pair tells nothing by which a guess of the restricted input could be
//! checked: neither its hash nor anything computed from it alone.
//!
//! Whoever knows all of a register but one name could try names until the hash of the file fits.
//! The key of the public version is therefore made with random bits that only the restricted
//! version holds, and those blind the ids of the restricted version and generation too. Who reads
//! the restricted version traces the public one to its inputs: its key is [`public_run_key`].

use jomo_core::layer::{Layer, Run};
use std::path::Path;

use crate::StoreError;
use crate::stage::{hex, sha256_hex};

/// Makes two versions of one run a pair: seals the restricted one and takes from the public one
/// what its readers cannot check.
///
/// # Errors
/// If the system gives no random bytes.
pub fn seal_pair(public: &mut Layer, whole: &mut Layer) -> Result<(), StoreError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|fault| {
        StoreError::io(Path::new("/dev/urandom"), std::io::Error::other(fault.to_string()))
    })?;
    let seal = hex(&bits);
    public.run = Run {
        command: whole.run.command.clone(),
        key: public_run_key(&seal, &whole.run.key),
        seal: None,
        settings_sha256: String::new(),
        inputs: Vec::new(),
        engine_version: whole.run.engine_version.clone(),
        faults: public.run.faults.without_places(),
    };
    whole.run.seal = Some(seal);
    Ok(())
}

/// The key by which the public version of a pair is known: SHA-256 of `seal:key`.
#[must_use]
pub fn public_run_key(seal: &str, key: &str) -> String {
    sha256_hex(format!("{seal}:{key}").as_bytes())
}

/// Whether a public version tells of its run what it may, and is of the run of `whole`.
pub(crate) fn is_sealed(public: &Layer, whole: &Layer) -> bool {
    let Run { key, seal, settings_sha256, inputs, faults, .. } = &public.run;
    let of_run =
        whole.run.seal.as_ref().is_some_and(|seal| *key == public_run_key(seal, &whole.run.key));
    of_run
        && seal.is_none()
        && settings_sha256.is_empty()
        && inputs.is_empty()
        && *faults == faults.without_places()
}
