#!/usr/bin/env bash
# Publishes one region through every pipeline: used by the demo and by the browser tests.
#   publish.sh JOMO STORE                 the fictional sample region, generated beside STORE
#   publish.sh JOMO STORE DATA            real files of Gunma in DATA
# A step whose inputs, settings and program are those of the last run says so and costs nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jomo=$1 store=$2 data=${3:-}
started=$SECONDS

fail() {
    printf 'publish: %s\n' "$*" >&2
    exit 2
}

# The one file that a pattern names; none or several is an error.
only() {
    local found=("$@")
    [[ ${#found[@]} -eq 1 && -f ${found[0]} ]] || fail "expected one file, found: ${found[*]}"
    printf '%s' "${found[0]}"
}

# The last of the files that a pattern names: names of products begin with their reference time.
last() {
    local found=("$@")
    [[ -f ${found[-1]} ]] || fail "expected a file, found: ${found[*]}"
    printf '%s' "${found[-1]}"
}

number=0
step() {
    number=$((number + 1))
    printf 'publish [%d/%d, %d s] %s\n' "$number" "$steps" "$((SECONDS - started))" "$1" >&2
    shift
    local status=0
    "$@" || status=$?
    case $status in
    0) ;;
    4) printf 'publish: some features were kept out (exit 4), see above\n' >&2 ;;
    *) exit "$status" ;;
    esac
}

# Layer ids and their files, in the order of drawing.
declare -A files
if [[ -z $data ]]; then
    sample=$(dirname "$store")/sample
    region=$sample/region.toml
    layers=(municipalities hazard_zones rivers banks gauges emergency_shelters facilities house_register)
    steps=$((6 + ${#layers[@]}))
    step "sample region: $sample" "$jomo" sample generate "$sample"
    rain=$(last "$sample"/rain/*_FH01-06_*grib2.bin)
    files[municipalities]=$sample/municipalities.geojson
    files[rivers]=$sample/rivers.geojson
    files[banks]=$sample/banks.geojson
    files[gauges]=$sample/gauges.csv
    files[emergency_shelters]=$sample/shelters.geojson
    files[facilities]=$sample/facilities.geojson
    files[hazard_zones]=$sample/hazard_zones.geojson
    # The flood begins at the reference time of the rain.
    flood=$(dirname "$store")/flood
    start=$(sed -n 's/^reference_time = "\(.*\)"$/\1/p' "$sample/SOURCE.toml")
    # Restricted: only people of the prefecture see it, once they have signed in.
    files[house_register]=data-samples/fictional/houses.geojson
else
    region="data-samples/gunma/region.toml"
    layers=(municipalities gauges emergency_shelters evacuation_shelters)
    steps=$((1 + ${#layers[@]}))
    rain=$(only "$data"/jma-grib2/*_SRF_GPV_Ggis1km_Prr60lv_Fper10min_FH01-06_grib2.bin)
    files[municipalities]=$(only "$data"/n03-gunma/*.geojson)
    files[gauges]=$(only "$data"/gunma-river-levels/gunma_crisis_gauges.csv)
    files[emergency_shelters]=$(only "$data"/gunma-shelters/gunma_emergency.geojson)
    files[evacuation_shelters]=$(only "$data"/gunma-shelters/gunma_evacuation.geojson)
fi

for layer in "${layers[@]}"; do
    step "$layer" "$jomo" import "${files[$layer]}" --layer "$layer" --region "$region" --store "$store"
done
step "rain_forecast" "$jomo" flood rain --grib "$rain" --region "$region" --store "$store"
if [[ -z $data ]]; then
    # The full equations: the local inertial ones put 31 % of these cells into another class of depth
    # and are no faster here.
    step "flood of 6 h: $flood" "$jomo" flood simulate "$sample/flood/CASE.toml" --out "$flood"
    step "flood layers" "$jomo" flood layers "$flood" --region "$region" --start "$start" --store "$store"
    step "basin of the rivers" "$jomo" flood prepare "$region"
    # Levels of all rivers 36 h ahead. Without --levels-only the inundation of 6 h comes with them,
    # in minutes instead of seconds. Members begin anew each time: the same bytes come out.
    rm -rf "$(dirname "$store")/state"
    step "forecast of the rivers" "$jomo" flood forecast "$region" --at "$start" --levels-only \
        --state "$(dirname "$store")/state" --store "$store"
fi
