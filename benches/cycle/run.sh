#!/usr/bin/env bash
# The cycle of the forecast, from files to staged tiles, over a night of the sample region: what it
# takes and what a cell of the plain costs.
#   benches/cycle/run.sh [CYCLES]
# One cycle every two hours (6 if absent), each from the state that the one before left, as in
# service. The table goes to the standard output. Meaningful on a quiet machine only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cycles=${1:-6}
home=target/cycle
cargo build --locked --release --quiet --package jomo
jomo=${CARGO_TARGET_DIR:-target}/release/jomo
rm -rf "$home"
mkdir -p "$home"
"$jomo" sample generate "$home/sample" --event --quiet
"$jomo" flood prepare "$home/sample" --quiet
at=$(sed -n 's/^reference_time = "\(.*\)"$/\1/p' "$home/sample/SOURCE.toml")
for ((cycle = 0; cycle < cycles; cycle++)); do
    status=0
    "$jomo" flood forecast "$home/sample" --at "$at" --out "$home/$cycle" --quiet --progress none || status=$?
    # Done with faults is done: a table may name a gauge that stands still.
    [[ $status -eq 0 || $status -eq 4 ]] || exit "$status"
    at=$(date --utc --date "$at + 2 hours" +%Y-%m-%dT%H:%M:%SZ)
done
python3 benches/cycle/cost.py "$home"/[0-9]*/run.json
