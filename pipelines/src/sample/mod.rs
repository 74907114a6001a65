//! The fictional sample region.
