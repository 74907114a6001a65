#!/usr/bin/env bash
# Installs what building and testing needs, on Debian 12 (amd64) with Rust by rustup.
# Idempotent: what is already there is found by stamp and skipped (a warm run: 1 to 2 s).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
export PATH="$root/.venv/bin:$PATH"
stamps=target/setup

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    say "$1"
    exit 2
}

# A digest of the contents and names of files; folders count with all files below them.
digest() {
    local path
    for path in "$@"; do
        [[ -e $path ]] && find "$path" -name node_modules -prune -o -name dist -prune -o -type f -print
    done | LC_ALL=C sort | tr '\n' '\0' | xargs -0 sha256sum | sha256sum | cut -c1-64
}

# Debian packages: compiler for build scripts, Python for the tools, and what the tests look with.
packages=(
    ca-certificates # TLS roots for the package clients
    chromium        # browser scenarios
    fonts-noto-cjk  # Japanese labels in their screenshots
    gcc libc6-dev   # linker and C runtime for Rust
    gdal-bin        # peer reader of the files that we write
    libgdal-dev     # jomo-ingest links GDAL, which brings PROJ
    pkg-config      # finds it
    git             # the tidy test asks which files are tracked
    python3 python3-venv
)

apt_packages() {
    local missing=() package as_root=()
    if ! command -v dpkg-query >/dev/null; then
        local tool
        for tool in cc chromium gdalinfo git python3; do
            command -v "$tool" >/dev/null || missing+=("$tool")
        done
        ((${#missing[@]} == 0)) || fail "this is no Debian: install ${missing[*]} by hand, then run again"
        return
    fi
    for package in "${packages[@]}"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            missing+=("$package")
    done
    ((${#missing[@]} == 0)) && return
    if ((EUID != 0)); then
        if ! sudo -n true 2>/dev/null; then
            say "missing Debian packages; run this, then make again:"
            say "  sudo apt-get install -y --no-install-recommends ${missing[*]}"
            exit 2
        fi
        as_root=(sudo -n)
    fi
    say "apt: ${missing[*]}"
    "${as_root[@]}" apt-get update -q >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

rust() {
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        fail "no cargo: install Rust $wanted or newer with rustup"
    fi
    found=$(rustc --version | cut -d' ' -f2)
    [[ $(printf '%s\n' "$wanted" "${found%%-*}" | sort -V | head -n1) == "$wanted" ]] ||
        fail "rustc is $found, this needs $wanted or newer: rustup update stable"
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        fail "rustfmt or clippy is missing: rustup component add rustfmt clippy"
    fi
}

# Node (with npm) and the peer readers, at the versions and hashes of requirements.txt. The stamp
# holds the folder as well: the programs of a virtual environment do not survive a move.
python_tools() {
    local stamp
    stamp="$root $(digest requirements.txt)"
    [[ -x .venv/bin/node && $(cat .venv/stamp 2>/dev/null) == "$stamp" ]] && return
    say "python tools: .venv"
    rm -rf .venv
    python3 -m venv .venv
    .venv/bin/pip install -q --disable-pip-version-check --only-binary :all: \
        --require-hashes -r requirements.txt
    node --version >/dev/null || fail "node in .venv does not start"
    printf '%s' "$stamp" >.venv/stamp
}

# npm ci in one folder, unless its packages are those of the lock file.
node_packages() {
    local folder=$1 stamp
    [[ -e $folder/package-lock.json ]] || return 0
    stamp=$(digest "$folder/package.json" "$folder/package-lock.json" requirements.txt)
    [[ -d $folder/node_modules && $(cat "$folder/node_modules/.setup-stamp" 2>/dev/null) == "$stamp" ]] &&
        return
    say "node packages: $folder"
    (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error >&2)
    printf '%s' "$stamp" >"$folder/node_modules/.setup-stamp"
}

# The web map, which jomo-server embeds. The words of the program are part of the page.
web_page() {
    local folder=tileserver/web stamp
    [[ -e $folder/package-lock.json ]] || return 0
    stamp=$(digest "$folder" words/*.ftl requirements.txt)
    [[ -s $folder/dist/index.html && $(cat $stamps/web 2>/dev/null) == "$stamp" ]] && return
    say "web map: $folder/dist"
    (cd "$folder" && npm run --silent build >&2)
    [[ -s $folder/dist/index.html ]] || fail "the web build left no $folder/dist/index.html"
    # The page is embedded by a derive macro: it is expanded again when the file around it changes.
    touch -c tileserver/src/page.rs
    printf '%s' "$stamp" >$stamps/web
}

mkdir -p $stamps
apt_packages
rust
python_tools
node_packages tileserver/web
node_packages tests/browser
web_page
say "ready"
