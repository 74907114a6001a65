#!/usr/bin/env bash
# GDAL's COG driver on a raster of ours, to set beside `cargo bench --bench cog`: the same size,
# tiles of 256, DEFLATE, predictor, averaged overviews, one and two threads.
#   benches/peers/cog.sh RASTER.tif
set -euo pipefail
source=${1:?usage: cog.sh RASTER.tif}
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
# Plain strips, so that no unpacking is measured.
gdal_translate -q "$source" "$folder/plain.tif"
bytes=$(stat -c %s "$folder/plain.tif")
for threads in 1 2; do
    start=$(date +%s%N)
    gdal_translate -q -of COG -co BLOCKSIZE=256 -co COMPRESS=DEFLATE -co PREDICTOR=YES \
        -co OVERVIEW_RESAMPLING=AVERAGE -co "NUM_THREADS=$threads" \
        "$folder/plain.tif" "$folder/cog.tif"
    spent=$(($(date +%s%N) - start))
    printf 'gdal %s, %s thread(s): %s ms, %s MB/s, %s bytes\n' "$(gdalinfo --version | cut -d, -f1)" \
        "$threads" $((spent / 1000000)) $((bytes * 1000 / spent)) "$(stat -c %s "$folder/cog.tif")"
done
