//! Bytes that must not be shown, and the master key.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::RegisterError;

/// A text that is shown once and never in a log: a session token, a new API key.
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
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
        Err(RegisterError::KeyFile { path: path.to_owned() })
    }

    /// Writes a new key file, readable by its owner alone.
    ///
    /// # Errors
    /// If the file exists already or cannot be written.
    pub fn generate(path: &Path) -> Result<(), RegisterError> {
        Err(RegisterError::KeyFile { path: path.to_owned() })
    }
}
