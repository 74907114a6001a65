//! Laws, hostile bytes, error texts and the real files.

mod hostile;
mod laws;
mod real;
