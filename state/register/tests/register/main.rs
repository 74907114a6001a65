//! The register from outside: what an office relies on.

mod backup;
mod chain;
mod hostile;
mod jobs;
mod kill;
mod people;
mod records;
mod seal;
mod support;
