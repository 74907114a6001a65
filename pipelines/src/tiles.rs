//! `jomo tiles`: archives of vector tiles without a store: built, looked into, checked, compared.

mod archive;
mod build;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jomo_core::mercator::TileId;

pub use build::BuildArguments;

use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::run::Context;

/// Commands on archives of tiles.
#[derive(Debug, Subcommand)]
pub enum TilesCommand {
    /// Build an archive from files of features.
    Build(BuildArguments),
    /// Say what an archive holds.
    Inspect(InspectArguments),
    /// Check every tile of an archive by the specification.
    Verify {
        /// The archive.
        archive: PathBuf,
    },
    /// Say which tiles differ between two archives.
    Diff {
        /// An archive.
        before: PathBuf,
        /// Another one.
        after: PathBuf,
    },
}

/// What `jomo tiles inspect` takes.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// The archive.
    archive: PathBuf,
    /// A tile to look into, as Z/X/Y.
    #[arg(long, value_name = "Z/X/Y", value_parser = tile_of)]
    tile: Option<TileId>,
}

/// Carries out a command.
///
/// # Errors
/// If an input cannot be read or is invalid, or the archive cannot be written.
pub fn run(command: &TilesCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        TilesCommand::Build(arguments) => build::run(arguments, context),
        TilesCommand::Inspect(InspectArguments { archive, tile }) => {
            archive::inspect(archive, *tile)
        }
        TilesCommand::Verify { archive } => archive::verify_all(archive, context),
        TilesCommand::Diff { before, after } => archive::diff([before, after], context),
    }
}

/// A tile by its address.
fn tile_of(text: &str) -> Result<TileId, String> {
    let mut numbers = text.split('/').map(str::parse::<u32>);
    let (Some(Ok(z)), Some(Ok(x)), Some(Ok(y)), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return Err("Z/X/Y".to_owned());
    };
    u8::try_from(z).ok().and_then(|z| TileId::new(z, x, y)).ok_or_else(|| "Z/X/Y".to_owned())
}

fn name_of(tile: TileId) -> String {
    format!("{}/{}/{}", tile.z(), tile.x(), tile.y())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_named_by_three_numbers_of_the_scheme() {
        assert_eq!(tile_of("3/7/0").map(name_of), Ok("3/7/0".to_owned()));
        for bad in ["", "3/8/0", "3/7", "3/7/0/1", "a/0/0", "300/0/0", "3/-1/0", "25/0/0"] {
            assert!(tile_of(bad).is_err(), "{bad}");
        }
    }
}
