//! `jomo-ingest`: foreign files in, canonical ones out.

fn main() {}
