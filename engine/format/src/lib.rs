//! Formats of the field in plain Rust: bytes in, typed values out, and back.
//!
//! Every reader meets hostile bytes: it ends in a typed error that names the place, what was
//! expected and what was found, and it never panics or allocates by a number it has not checked.

pub mod aaigrid;
pub mod dam_csv;
pub mod fgd;
pub mod flatgeobuf;
pub mod gauge_csv;
pub mod geojson;
pub mod geotiff;
pub mod grib2;
pub mod gsi;
pub mod pmtiles;
pub mod rows;
pub mod storage_csv;
pub mod table;
pub mod temperature_csv;
pub mod vector;
