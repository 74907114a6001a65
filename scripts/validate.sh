#!/usr/bin/env bash
# The long tier: the solver against every flow of which the water is known (writes
# docs/validation.md; JOMO_STORE_NORMS=1 stores the norms found), then the laws of `make test` with
# 20 times the random cases and more kill points.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PROPTEST_CASES=${PROPTEST_CASES:-5120} # the default of proptest is 256
export JOMO_KILL_POINTS=${JOMO_KILL_POINTS:-500}
cargo build --locked --release --package jomo --bin jomo # the twin's archive goes through `jomo flood verify`
cargo run --locked --release --package jomo-tests --bin validation
cargo test --locked --workspace
