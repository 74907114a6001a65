//! Packed tiles on their way into a file: beside it on disk, or in memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file that is removed unless it is kept.
#[derive(Debug)]
pub(super) struct Temporary {
    pub(super) file: File,
    path: PathBuf,
    kept: bool,
}

impl Temporary {
    /// A new file beside `target`; the process number keeps two writers apart.
    pub(super) fn beside(target: &Path, part: usize) -> std::io::Result<Self> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".part-{}-{part}", std::process::id()));
        let path = target.with_file_name(name);
        let file =
            File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok(Self { file, path, kept: false })
    }

    /// Puts the file at its place, on disk before it is seen.
    pub(super) fn keep(mut self, target: &Path) -> std::io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, target)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing more can be done about a file that does not go away.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[derive(Debug)]
pub(super) enum Spill {
    Memory(Vec<u8>),
    File(Temporary),
}

impl Spill {
    pub(super) fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Memory(all) => {
                all.extend_from_slice(bytes);
                Ok(())
            }
            Self::File(spill) => spill.file.write_all(bytes),
        }
    }

    /// Copies all of it to `out`.
    pub(super) fn pour(&mut self, out: &mut impl Write) -> std::io::Result<()> {
        match self {
            Self::Memory(all) => out.write_all(all),
            Self::File(spill) => {
                spill.file.seek(SeekFrom::Start(0))?;
                let mut piece = vec![0; 1 << 20];
                loop {
                    let count = spill.file.read(&mut piece)?;
                    if count == 0 {
                        return Ok(());
                    }
                    out.write_all(&piece[..count])?;
                }
            }
        }
    }
}
