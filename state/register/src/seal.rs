//! Sealed values: one key for each subject, wrapped by the master key.
//!
//! Whoever destroys a subject's key has destroyed every value sealed with it, in every copy of
//! the register that is made from then on.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::chain::frame;
use crate::error::RegisterError;
use crate::register::{Register, micros};
use crate::secret::{MasterKey, random};

const NONCE_BYTES: usize = 24;
const KEY_ID_BYTES: usize = 16;
/// First byte of every sealed value: the form described in `docs/spec/register.md`.
const FORM: u8 = 1;

/// What a sealed value is bound to: it cannot be moved to another subject or place.
fn bound(purpose: &str, subject: &str, place: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [purpose, subject, place] {
        frame(&mut bytes, part.as_bytes());
    }
    bytes
}

/// Nonce and ciphertext with its tag.
fn encrypt(key: &[u8; 32], bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, RegisterError> {
    let nonce = random::<NONCE_BYTES>()?;
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: bound });
    // The one cause of failure is a text beyond 256 GiB.
    let sealed = sealed.map_err(|_too_long| RegisterError::damaged("a value cannot be sealed"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// `None` if the key is another or a byte has been changed.
fn decrypt(key: &[u8; 32], bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let opened = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: bound });
    opened.ok().map(Zeroizing::new)
}

/// A subject's key with its id.
type SubjectKey = (Vec<u8>, Zeroizing<[u8; 32]>);

/// A subject's key; `None` if there is none, or no longer.
fn subject_key(
    connection: &Connection,
    master: &MasterKey,
    subject: &str,
) -> Result<Option<SubjectKey>, RegisterError> {
    let row = connection
        .query_row("SELECT id, wrapped FROM subject_key WHERE subject = ?1", [subject], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()?;
    let Some((id, wrapped)) = row else { return Ok(None) };
    let unwrapped = decrypt(&master.0, &bound("jomo subject key 1", subject, ""), &wrapped);
    let key = unwrapped.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
    let key = key.ok_or_else(|| RegisterError::damaged("the key of a subject does not open"))?;
    Ok(Some((id, Zeroizing::new(key))))
}

/// Seals a value; the subject gets a key if it has none.
pub(crate) fn seal(
    connection: &Connection,
    master: Option<&MasterKey>,
    [subject, place]: [&str; 2],
    value: &Value,
    now: Timestamp,
) -> Result<Vec<u8>, RegisterError> {
    let master = master.ok_or(RegisterError::KeyNeeded)?;
    let (id, key) = if let Some(known) = subject_key(connection, master, subject)? {
        known
    } else {
        let (id, key) = (random::<KEY_ID_BYTES>()?.to_vec(), Zeroizing::new(random::<32>()?));
        let binding = bound("jomo subject key 1", subject, "");
        let wrapped = encrypt(&master.0, &binding, key.as_ref())?;
        connection.execute(
            "INSERT INTO subject_key (subject, id, wrapped, created_us) VALUES (?1, ?2, ?3, ?4)",
            params![subject, id, wrapped, micros(now)],
        )?;
        (id, key)
    };
    let plain = Zeroizing::new(value.to_string());
    let sealed = encrypt(&key, &bound("jomo value 1", subject, place), plain.as_bytes())?;
    Ok([&[FORM], id.as_slice(), &sealed].concat())
}

/// Opens a value; `None` without the master key or after the subject's key has been destroyed.
pub(crate) fn open(
    connection: &Connection,
    master: Option<&MasterKey>,
    [subject, place]: [&str; 2],
    sealed: Option<&[u8]>,
) -> Result<Option<Value>, RegisterError> {
    let (Some(master), Some(sealed)) = (master, sealed) else { return Ok(None) };
    let fault = || RegisterError::damaged(format!("the sealed value of {place} does not open"));
    let Some((id, key)) = subject_key(connection, master, subject)? else { return Ok(None) };
    let rest = sealed.strip_prefix(&[FORM]).ok_or_else(fault)?;
    let (sealed_with, rest) = rest.split_at_checked(KEY_ID_BYTES).ok_or_else(fault)?;
    if sealed_with != id {
        // Sealed with a key that has been destroyed; the subject has got another one since.
        return Ok(None);
    }
    let plain = decrypt(&key, &bound("jomo value 1", subject, place), rest).ok_or_else(fault)?;
    serde_json::from_slice(&plain).map(Some).map_err(|_not_json| fault())
}

/// Destroys a subject's key.
pub(crate) fn destroy(connection: &Connection, subject: &str) -> Result<(), RegisterError> {
    connection.execute("DELETE FROM subject_key WHERE subject = ?1", [subject])?;
    Ok(())
}

impl Register {
    /// Binds a register to the first master key that it meets, and refuses every other.
    pub(crate) fn check_master_key(&mut self) -> Result<(), RegisterError> {
        const BOUND: &str = "jomo key check 1";
        let Some(master) = &self.master else { return Ok(()) };
        let known: Option<Vec<u8>> = self
            .connection
            .query_row("SELECT value FROM meta WHERE name = 'key_check'", [], |row| row.get(0))
            .optional()?;
        let binding = bound(BOUND, "", "");
        if let Some(sealed) = known {
            let opened = decrypt(&master.0, &binding, &sealed);
            return opened.map(drop).ok_or(RegisterError::WrongKey);
        }
        let sealed = encrypt(&master.0, &binding, b"")?;
        let stored = self.write(|writing| {
            let stored = writing.transaction.execute(
                "INSERT INTO meta (name, value) VALUES ('key_check', ?1) ON CONFLICT DO NOTHING",
                [sealed],
            )?;
            Ok(stored)
        })?;
        // Another process has bound it meanwhile: ask again.
        if stored == 0 { self.check_master_key() } else { Ok(()) }
    }
}
