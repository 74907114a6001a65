# shellcheck shell=bash
# installed HERE HOME: the packages of HERE/requirements.txt in a virtual environment HOME, made anew
# only where the list has changed.
installed() {
    cmp -s "$1/requirements.txt" "$2/installed.txt" && return
    python3 -m venv "$2"
    "$2/bin/pip" install --quiet --require-hashes -r "$1/requirements.txt"
    cp "$1/requirements.txt" "$2/installed.txt"
}
