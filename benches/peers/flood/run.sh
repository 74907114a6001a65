#!/usr/bin/env bash
# The flood solver beside its peers, in one run: rain of an hour on rough valleys, closed box.
#   benches/peers/flood/run.sh [EDGE] [EDGE_OF_THE_SLOW]
# EDGE cells of 10 m a side (1000 if absent); ANUGA, which needs hours for that, gets a domain of
# EDGE_OF_THE_SLOW (250). Each program runs alone, on one thread; ours on two as well. The table
# goes to the standard output. Meaningful on a quiet machine only; ratios hold on any.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
edge=${1:-1000}
slow=${2:-250}
here=benches/peers/flood
home=target/peers/flood
source benches/peers/installed.sh
installed "$here" "$home"
cargo build --locked --release --quiet --package jomo-benches --example valleys
ours=${CARGO_TARGET_DIR:-target}/release/examples/valleys
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for size in "$edge" "$slow"; do
    "$ours" bed "$size" "$home/bed-$size.npy"
done
export OMP_NUM_THREADS=1
peer() {
    "$home/bin/python" "$here/peer.py" "$1" "$home/bed-$2.npy" | tail -1 >>"$results"
}
"$ours" run "$edge" 1 >>"$results"
"$ours" run "$edge" 2 >>"$results"
# The equations of Itzï and Landlab.
"$ours" run "$edge" 1 inertial >>"$results"
peer itzi "$edge"
peer landlab "$edge"
"$ours" run "$slow" 1 >>"$results"
peer anuga "$slow"
"$home/bin/python" "$here/table.py" "$results"
