#!/usr/bin/env bash
# The CI tier, stage by stage; stops at the first that fails. `test.sh STAGE...` runs only those.
# Tests on real files run where JOMO_REAL_DATA names their folder, else they are skipped by name.
# One compile profile: `build` makes everything that the later stages run, in the dev profile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH"
every=(fmt clippy build test doc deny web browser bench)

stage_fmt() { cargo fmt --all --check; }
stage_clippy() { cargo clippy --locked --workspace --all-targets -- -D warnings; }
stage_build() { cargo build --locked --workspace --all-targets; }
stage_test() { cargo test --locked --workspace; }
stage_doc() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps; }
# Licences, bans and sources are part of `test` (tests/tests/supply.rs); cargo-deny reads the same
# deny.toml where somebody has it.
stage_deny() {
    if cargo deny --version 2>/dev/null; then
        cargo deny --locked check licenses bans sources
    else
        printf 'cargo-deny is not installed: deny.toml was checked by jomo-tests, module supply\n'
    fi
}
stage_web() { (cd tileserver/web && npm run --silent check && npm run --silent test); }
stage_browser() { scripts/browser.sh; }
# Every bench once, unmeasured: that it runs is what a small noisy machine can tell. The bench of
# floods also fails if its kernel is no vector code (a ratio within one run) or takes more memory.
stage_bench() {
    if compgen -G 'benches/benches/*.rs' >/dev/null; then
        cargo test --locked --workspace --bench '*'
    else
        printf 'there is no bench in benches/benches\n'
    fi
}

stages=("$@")
((${#stages[@]})) || stages=("${every[@]}")
for stage in "${stages[@]}"; do
    declare -F "stage_$stage" >/dev/null || {
        printf 'no stage %s; the stages are: %s\n' "$stage" "${every[*]}" >&2
        exit 2
    }
done

table=""
for stage in "${stages[@]}"; do
    printf '\n== %s\n' "$stage"
    started=$SECONDS
    # A subshell of its own: inside `if`, bash would ignore `set -e` of the function.
    set +e
    (set -e; "stage_$stage")
    status=$?
    set -e
    table+=$(printf '%-8s %5d s' "$stage" "$((SECONDS - started))")$'\n'
    if ((status != 0)); then
        printf '\n%s\nfailed: stage %s (exit %d)\n' "$table" "$stage" "$status" >&2
        exit 1
    fi
done
printf '\n%s%-8s %5d s\n' "$table" total "$SECONDS"
