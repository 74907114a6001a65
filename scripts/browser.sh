#!/usr/bin/env bash
# User stories in Chromium against the real programs: the sample region, and Gunma where
# JOMO_REAL_DATA is set. Pictures and logs lie in target/browser.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH"
server=

stop() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    [[ -z $server ]] || wait "$server" 2>/dev/null || true
    server=
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

# scenario NAME [DATA]: publishes, serves, runs the stories of that region.
scenario() {
    local name=$1 out=target/browser/$1 port
    rm -rf "$out"
    mkdir -p "$out"
    scripts/publish.sh target/debug/jomo "$out/store" "${@:2}"
    port=$(free_port)
    target/debug/jomo-server --store "$out/store" --listen "127.0.0.1:$port" >"$out/server.log" 2>&1 &
    server=$!
    wait_ready "http://127.0.0.1:$port/health/ready" "$server" || {
        tail -n 20 "$out/server.log" >&2
        exit 1
    }
    node tests/browser/run.mjs --url "http://127.0.0.1:$port" --out "$out" --region "$name"
    stop
}

scenario sample
if [[ -n ${JOMO_REAL_DATA:-} ]]; then
    scenario gunma "$JOMO_REAL_DATA"
else
    printf 'skipped: browser gunma: JOMO_REAL_DATA is not set\n'
fi
