#!/usr/bin/env bash
# The long tier: the laws of `make test` with 20 times the random cases and more kill points.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PROPTEST_CASES=${PROPTEST_CASES:-5120} # the default of proptest is 256
export JOMO_KILL_POINTS=${JOMO_KILL_POINTS:-500}
cargo test --locked --workspace
