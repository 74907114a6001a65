//! Nothing tells those who may not see a restricted version how a guess of its input could be
//! checked: neither its hash nor anything computed from it alone.
//!
//! Whoever knows all of a register but one name could try names until the hash of the file fits.
//! Every restricted version therefore holds random bits, which blind its id, and the digits of a
//! restricted generation, which public ones name, are random. The key of the public version of a
//! pair is made with those bits: who reads the restricted version traces the public one to its
//! inputs by [`public_run_key`].

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
    let seal = random_hex::<16>()?;
    public.run = Run {
        command: whole.run.command.clone(),
        key: public_run_key(&seal, &whole.run.key),
        seal: None,
        settings_sha256: String::new(),
        inputs: Vec::new(),
        engine_version: whole.run.engine_version.clone(),
        faults: public.run.faults.without_places(),
        standing: public.run.standing.without_places(),
    };
    whole.run.seal = Some(seal);
    Ok(())
}

/// Random bytes of the system in hexadecimal.
pub(crate) fn random_hex<const BYTES: usize>() -> Result<String, StoreError> {
    let mut bits = [0; BYTES];
    getrandom::fill(&mut bits).map_err(|fault| {
        StoreError::io(Path::new("/dev/urandom"), std::io::Error::other(fault.to_string()))
    })?;
    Ok(hex(&bits))
}

/// The key by which the public version of a pair is known: SHA-256 of `seal:key`.
#[must_use]
pub fn public_run_key(seal: &str, key: &str) -> String {
    sha256_hex(format!("{seal}:{key}").as_bytes())
}

/// Whether a public version tells of its run what it may, and is of the run of `whole`.
pub(crate) fn is_sealed(public: &Layer, whole: &Layer) -> bool {
    let Run { key, seal, settings_sha256, inputs, faults, standing, .. } = &public.run;
    let of_run =
        whole.run.seal.as_ref().is_some_and(|seal| *key == public_run_key(seal, &whole.run.key));
    of_run
        && seal.is_none()
        && settings_sha256.is_empty()
        && inputs.is_empty()
        && *faults == faults.without_places()
        && *standing == standing.without_places()
}
