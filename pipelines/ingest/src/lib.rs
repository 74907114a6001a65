//! Foreign files in, canonical `FlatGeobuf` and `GeoTIFF` out.
//!
//! This is the only code that links GDAL and PROJ, which are not trusted: the executable runs
//! them in a process of its own that can reach neither the network nor other files
//! (`docs/decisions/0006-ingest.md`).

pub mod crs;
