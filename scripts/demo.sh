#!/usr/bin/env bash
# Builds Jomo, publishes a region and serves its map. Settings, all from the environment:
#   PORT=8080   where the map is served, on this machine only
#   SERVE=0     stop after publishing
#   DATA=dir    real files of Gunma in place of the fictional sample region
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
port=${PORT:-8080}
if [[ -n ${DATA:-} ]]; then store=target/demo/store-gunma; else store=target/demo/store; fi

printf 'demo: release build of jomo and jomo-server\n' >&2
cargo build --locked --release --package jomo --package jomo-server
mkdir -p target/demo
scripts/publish.sh target/release/jomo "$store" ${DATA:+"$DATA"}
printf 'demo: published to %s after %d s\n' "$store" "$SECONDS" >&2
[[ ${SERVE:-1} == 0 ]] && exit 0

printf '\n  http://127.0.0.1:%s/\n\n  Ctrl-C to stop\n\n' "$port"
exec target/release/jomo-server --store "$store" --listen "127.0.0.1:$port"
