"""Reads every tile of PMTiles archives with the packages pmtiles and mapbox-vector-tile.

Arguments: one archive or more. Fails on the first thing that is not as the specifications say;
prints one JSON line per archive: tiles, features by zoom, distinct ids, one tile written to
`--tile DIR` as z-x-y.mvt for other readers.
"""

import argparse
import gzip
import json
import pathlib
import sys

import mapbox_vector_tile
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType


def doubled_area(ring):
    """Surveyor's formula; positive is clockwise on a screen, where y goes down."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:]))


def check_polygon(rings, where):
    for number, ring in enumerate(rings):
        if len(ring) < 4:
            raise ValueError(f"{where}: a ring of {len(ring)} positions")
        if tuple(ring[0]) != tuple(ring[-1]):
            raise ValueError(f"{where}: an open ring")
        area = doubled_area(ring)
        if number == 0 and area <= 0:
            raise ValueError(f"{where}: the exterior ring winds the wrong way ({area})")
        if 0 < number and 0 <= area:
            raise ValueError(f"{where}: a hole winds the wrong way ({area})")


def check_archive(path, tile_dir):
    source = MmapSource(open(path, "rb"))
    header = Reader(source).header()
    if not header["clustered"]:
        raise ValueError(f"{path}: not clustered")
    if header["tile_type"] != TileType.MVT or header["tile_compression"] != Compression.GZIP:
        raise ValueError(f"{path}: not gzipped MVT")
    features, ids, tiles, largest = {}, set(), 0, (0, None, None)
    for (z, x, y), packed in all_tiles(source):
        tile = gzip.decompress(packed)
        tiles += 1
        largest = max(largest, (len(tile), (z, x, y), tile))
        layers = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})
        for name, layer in layers.items():
            if layer["extent"] != 4096 or layer["version"] != 2:
                raise ValueError(f"{path} {z}/{x}/{y} {name}: extent or version")
            for feature in layer["features"]:
                where = f"{path} {z}/{x}/{y} {name} {feature['id']}"
                geometry = feature["geometry"]
                if geometry["type"] == "Polygon":
                    check_polygon(geometry["coordinates"], where)
                elif geometry["type"] == "MultiPolygon":
                    for polygon in geometry["coordinates"]:
                        check_polygon(polygon, where)
                if not 0 < feature["id"] < 2**53:
                    raise ValueError(f"{where}: id")
                features[z] = features.get(z, 0) + 1
                ids.add(feature["id"])
    if tiles != header["addressed_tiles_count"]:
        raise ValueError(f"{path}: {tiles} tiles, the header says {header['addressed_tiles_count']}")
    _, (z, x, y), tile = largest
    written = pathlib.Path(tile_dir) / f"{z}-{x}-{y}.mvt"
    written.write_bytes(tile)
    print(json.dumps({
        "tiles": tiles, "features": features, "ids": len(ids), "tile": str(written),
        "tile_features": sum(len(layer["features"])
                             for layer in mapbox_vector_tile.decode(tile).values()),
    }))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tile", required=True)
    parser.add_argument("archive", nargs="+")
    arguments = parser.parse_args()
    for path in arguments.archive:
        check_archive(path, arguments.tile)


if __name__ == "__main__":
    sys.exit(main())
