//! Foreign files in, canonical `FlatGeobuf` and `GeoTIFF` out.
//!
//! This is the only code that links GDAL and PROJ, which are not trusted: the executable runs
//! them in a process of its own that can reach neither the network nor other files
//! (`docs/decisions/0006-ingest.md`).
//!
//! The executable has two halves: [`supervise`] checks the request, starts the same program as a
//! **reader** with an environment of our own, watches clock and memory, and puts the result in
//! its place; [`reader`] puts up the walls of [`sandbox`] before its first call into GDAL.

pub mod archive;
pub mod cli;
pub mod crs;
pub mod dbf;
pub mod drivers;
pub mod error;
pub mod raster;
pub mod reader;
pub mod report;
pub mod sandbox;
pub mod sniff;
pub mod supervise;
pub mod vector;
mod warp;
pub mod wkb;
