#!/usr/bin/env bash
# Builds Jomo, publishes a region and serves its map, with invented people to sign in as and a
# worker for their jobs. Settings, all from the environment:
#   PORT=8080   where the map is served, on this machine only
#   SERVE=0     stop after publishing
#   DATA=dir    real files of Gunma in place of the fictional sample region
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
port=${PORT:-8080}
if [[ -n ${DATA:-} ]]; then store=target/demo/store-gunma; else store=target/demo/store; fi
register=target/demo/register.sqlite people=target/demo/people.txt

printf 'demo: release build of jomo, jomo-ingest and jomo-server\n' >&2
cargo build --locked --release --package jomo --package jomo-ingest --package jomo-server
mkdir -p target/demo
scripts/publish.sh target/release/jomo "$store" ${DATA:+"$DATA"}
scripts/people.sh target/release/jomo "$register" "$people"
printf 'demo: published to %s after %d s\n' "$store" "$SECONDS" >&2
[[ ${SERVE:-1} == 0 ]] && exit 0

server='' worker=''
stop() {
    trap - EXIT INT TERM
    for process in $server $worker; do kill "$process" 2>/dev/null || true; done
    wait
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

target/release/jomo-server --store "$store" --register "$register" --key-file "$register.key" \
    --listen "127.0.0.1:$port" &
server=$!
# The errors of jobs are told in the language of the worker.
LC_ALL=${LC_ALL:-ja_JP.UTF-8} target/release/jomo work --store "$store" --register "$register" --quiet &
worker=$!

printf '\n  http://127.0.0.1:%s/\n\n  Sign in as (invented people, login and password):\n' "$port"
while read -r login password role organisation; do
    printf '    %-8s %s   %s of %s\n' "$login" "$password" "$role" "$organisation"
done <"$people"
printf '\n  Ctrl-C to stop\n\n'
# The first of the two that ends takes the other with it.
wait -n
