#!/usr/bin/env bash
# User stories in Chromium against the real programs: the sample region, and Gunma where
# JOMO_REAL_DATA is set. Pictures and logs lie in target/browser. STORY=name,name runs only those.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH"
programs=${CARGO_TARGET_DIR:-target}/debug
server='' worker='' out=''

stop() {
    [[ -z $out ]] || touch "$out/stop"
    for process in $server $worker; do kill "$process" 2>/dev/null || true; done
    for process in $server $worker; do wait "$process" 2>/dev/null || true; done
    server='' worker=''
}
trap stop EXIT

# A port that is free now, of this machine's own range for passing use.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until the server answers that it is ready, or has ended, or 20 s are over.
wait_ready() {
    python3 - "$1" "$2" <<'PYTHON'
import os, sys, time, urllib.request
url, process = sys.argv[1], int(sys.argv[2])
for _ in range(200):
    try:
        urllib.request.urlopen(url, timeout=2).close()
        sys.exit(0)
    except OSError as reason:
        last = reason
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        sys.exit("jomo-server has ended")
    time.sleep(0.1)
sys.exit(f"jomo-server is not ready: {last}")
PYTHON
}

# Starts the server, and again whenever it ends: a story restarts it. $out/stop ends the loop.
serve() {
    local port=$1 process=
    trap '[[ -z $process ]] || kill "$process" 2>/dev/null || true; exit 0' TERM
    while [[ ! -e $out/stop ]]; do
        "$programs/jomo-server" --store "$out/store" --listen "127.0.0.1:$port" "${people[@]}" >>"$out/server.log" 2>&1 &
        process=$!
        printf '%s' "$process" >"$out/server.pid"
        wait "$process" || true
        sleep 1
    done
}

# scenario NAME [DATA]: publishes, serves, runs the stories of that region. People and their jobs
# belong to the sample region.
scenario() {
    local name=$1 port
    out=target/browser/$1
    rm -rf "$out"
    mkdir -p "$out"
    scripts/publish.sh "$programs/jomo" "$out/store" "${@:2}"
    people=() stories=()
    if [[ $name == sample ]]; then
        scripts/people.sh "$programs/jomo" "$out/register.sqlite" "$out/people.txt"
        people=(--register "$out/register.sqlite" --key-file "$out/register.sqlite.key")
        stories=(--people "$out/people.txt" --server-pid "$out/server.pid")
        # The errors of jobs are told in the language of the worker.
        LC_ALL=ja_JP.UTF-8 "$programs/jomo" work --store "$out/store" --register "$out/register.sqlite" --quiet >"$out/worker.log" 2>&1 &
        worker=$!
    fi
    port=$(free_port)
    serve "$port" &
    server=$!
    wait_ready "http://127.0.0.1:$port/health/ready" "$server" || {
        tail -n 20 "$out/server.log" >&2
        exit 1
    }
    node tests/browser/run.mjs --url "http://127.0.0.1:$port" --out "$out" --region "$name" "${stories[@]}" ${STORY:+--scenario "$STORY"}
    stop
}

scenario sample
if [[ -n ${JOMO_REAL_DATA:-} ]]; then
    scenario gunma "$JOMO_REAL_DATA"
else
    printf 'skipped: browser gunma: JOMO_REAL_DATA is not set\n'
fi
