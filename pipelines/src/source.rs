//! Input files: read whole, bounded, and hashed, so that a layer can name what it was made from.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jomo_core::layer::InputFile;
use jomo_store::sha256_hex;

use crate::failure::{CommandError, Exit, Failure};

/// An input file in memory.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name, size and hash, as published.
    pub file: InputFile,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Source {
    /// Reads a file of at most `limit` bytes.
    ///
    /// # Errors
    /// If it cannot be read or is larger.
    pub fn read(path: &Path, limit: u64) -> Result<Self, Failure> {
        let bytes = read_bounded(path, limit)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sha256 = sha256_hex(&bytes);
        Ok(Self { file: InputFile { name, bytes: bytes.len() as u64, sha256 }, bytes })
    }
}

/// The content of a file of at most `limit` bytes.
///
/// # Errors
/// If it cannot be read or is larger.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let fail = |source: &std::io::Error| {
        Failure::new(Exit::Input, CommandError::io(path, source)).at(path)
    };
    let meta = std::fs::metadata(path).map_err(|source| fail(&source))?;
    // Opening a pipe would wait for its other end.
    if !meta.is_file() {
        let error = CommandError::NotAFile { path: path.display().to_string() };
        return Err(Failure::input(path, error));
    }
    let file = File::open(path).map_err(|source| fail(&source))?;
    let stated = file.metadata().map_err(|source| fail(&source))?.len();
    let mut bytes = Vec::new();
    if stated <= limit {
        file.take(limit + 1).read_to_end(&mut bytes).map_err(|source| fail(&source))?;
    }
    let found = stated.max(bytes.len() as u64);
    if limit < found {
        let path_text = path.display().to_string();
        let error = CommandError::TooLarge { path: path_text, bytes: found, limit };
        return Err(Failure::input(path, error));
    }
    Ok(bytes)
}
