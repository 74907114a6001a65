//! Random bytes, texts that must not be shown, and the master key.

use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::RegisterError;

/// A text that is shown once and never in a log: a session token, a new API key.
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// A password of 15 letters and digits in three groups, 75 bits: for people who have not
    /// chosen one yet. No letter looks like another or like a digit.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn password() -> Result<Self, RegisterError> {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let bytes = Zeroizing::new(random::<15>()?);
        let mut text = String::new();
        for (index, byte) in bytes.iter().enumerate() {
            if index % 5 == 0 && index != 0 {
                text.push('-');
            }
            // 32 letters: five bits of a byte choose one without bias.
            text.extend(LETTERS.get(usize::from(byte & 31)).copied().map(char::from));
        }
        Ok(Self::new(text))
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// The key that wraps the keys of all subjects: 32 bytes, kept outside the register.
pub struct MasterKey(pub(crate) Zeroizing<[u8; 32]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// Reads a key file: 64 hexadecimal digits, readable by its owner alone.
    ///
    /// # Errors
    /// If the file cannot be read, others may read it, or it is not a key.
    pub fn read(path: &Path) -> Result<Self, RegisterError> {
        let fault = |source| RegisterError::io(path, source);
        let found = fs::metadata(path).map_err(fault)?;
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(RegisterError::KeyFileMode { path: path.to_owned(), mode });
        }
        let other = || RegisterError::KeyFile { path: path.to_owned() };
        // 64 digits and a line end.
        if !found.is_file() || 128 < found.len() {
            return Err(other());
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(fault)?);
        from_hex(text.trim()).map(|key| Self(Zeroizing::new(key))).ok_or_else(other)
    }

    /// Writes a new key file, readable by its owner alone.
    ///
    /// # Errors
    /// If there is a file already or it cannot be written.
    pub fn generate(path: &Path) -> Result<(), RegisterError> {
        let key = Zeroizing::new(random::<32>()?);
        let text = Zeroizing::new(to_hex(key.as_ref()) + "\n");
        let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let written = opened.and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => RegisterError::Exists { path: path.to_owned() },
            _ => RegisterError::io(path, source),
        })
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], RegisterError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| RegisterError::Random { reason: error.to_string() })?;
    Ok(bytes)
}

/// The id of something new (`UUIDv7`): time first, so that ids are in the order of their making.
///
/// # Errors
/// If the system gives no random bytes.
pub fn new_id(now: jiff::Timestamp) -> Result<uuid::Uuid, RegisterError> {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let random = random::<10>()?;
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Small hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS.get(usize::from(value)).copied().unwrap_or(b'0'));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Exactly `N` bytes from hexadecimal digits.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|v| u8::try_from(v).ok());
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
}
