#!/usr/bin/env bash
# Makes a register with the invented people of the sample, for the demo and the browser tests.
#   people.sh JOMO REGISTER PEOPLE
# REGISTER.key seals their names; PEOPLE gets a line `LOGIN PASSWORD ROLE ORGANISATION` for each.
# A register that is there already stays as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jomo=$1 register=$2 people=$3
key=$register.key

[[ -e $register && -e $key && -s $people ]] && exit 0
[[ ! -e $register && ! -e $key ]] || {
    printf 'people: %s and its key and %s belong together: remove all three\n' "$register" "$people" >&2
    exit 2
}
umask 077
"$jomo" register create --register "$register" --key-file "$key" --quiet
passwords=$(mktemp -d)
trap 'rm -rf "$passwords"' EXIT
declare -A organisations
while IFS=$'\t' read -r login role organisation kind title_ja title_en name; do
    if [[ -z ${organisations[$organisation]:-} ]]; then
        organisations[$organisation]=1
        "$jomo" organisation add "$organisation" --kind "$kind" --title-ja "$title_ja" \
            --title-en "$title_en" --register "$register" --key-file "$key" --quiet
    fi
    # 72 bits; letters that nobody takes for another.
    password=$(python3 -c 'import secrets; print("-".join("".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(5)) for _ in range(3)))')
    printf '%s\n' "$password" >"$passwords/$login"
    "$jomo" user add "$login" --role "$role" --organisation "$organisation" --name "$name" \
        --fictional --password-file "$passwords/$login" --register "$register" --key-file "$key" --quiet
    printf '%s %s %s %s\n' "$login" "$password" "$role" "$organisation"
done < <(tail -n +2 data-samples/fictional/people.tsv) >"$people"
