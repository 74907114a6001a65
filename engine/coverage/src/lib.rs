//! Coverages: areas that fill a plane without gaps and overlaps.
//!
//! [`polygonise`] turns a grid of classes into polygons whose shared borders are equal to the
//! last bit, so that a later step can simplify a border once for both of its sides.

mod polygonise;

pub use polygonise::polygonise;
