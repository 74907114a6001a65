//! Building small tables and reading tiles back.

use std::convert::Infallible;
use std::io::Read;
use std::ops::RangeInclusive;

use geo_types::Geometry;
use jomo_core::feature::{Feature, FeatureTable};
use jomo_core::mercator::{TileId, from_unit};
use jomo_tile::{LayerSource, Report, Settings, build, verify};
use mvt_reader::Reader;

/// Features without values, with ids `0`, `1`, …
pub(crate) fn table(geometries: impl IntoIterator<Item = Geometry<f64>>) -> FeatureTable {
    let feature = |(index, geometry): (usize, Geometry<f64>)| Feature {
        id: index.to_string(),
        geometry,
        values: Vec::new(),
    };
    let features = geometries.into_iter().enumerate().map(feature).collect();
    FeatureTable { fields: Vec::new(), features }
}

/// The position in degrees of units of a zoom.
pub(crate) fn at_units(z: u8, [x, y]: [f64; 2]) -> [f64; 2] {
    let scale = 4096.0 * f64::from(1_u32 << z);
    from_unit([x / scale, y / scale])
}

/// Builds one layer and unpacks every tile, which must be sound and in order.
pub(crate) fn tiles_of(
    table: &FeatureTable,
    zooms: RangeInclusive<u8>,
    settings: &Settings,
) -> (Report, Vec<(TileId, Vec<u8>)>) {
    tiles_of_sources(&[LayerSource { name: "layer", table, zooms }], settings)
}

pub(crate) fn tiles_of_sources(
    sources: &[LayerSource<'_>],
    settings: &Settings,
) -> (Report, Vec<(TileId, Vec<u8>)>) {
    let mut tiles = Vec::new();
    let report = build::<Infallible>(sources, settings, |tile, bytes| {
        tiles.push((tile, unpacked(bytes)));
        Ok(())
    })
    .unwrap();
    assert!(tiles.is_sorted_by_key(|(tile, _)| jomo_core::hilbert::tile_number(*tile)));
    for (tile, bytes) in &tiles {
        if let Err(faults) = verify(bytes) {
            panic!("{tile:?}: {faults:?}");
        }
    }
    (report, tiles)
}

pub(crate) fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut raw).unwrap();
    raw
}

/// Features of the first layer by a reader of other hands: id and geometry in units of the tile.
pub(crate) fn read(tile: &[u8]) -> Vec<(u64, Geometry<i32>)> {
    let reader = Reader::new(tile.to_vec()).unwrap();
    let features = reader.get_features_as::<i32>(0).unwrap();
    features.into_iter().map(|feature| (feature.id.unwrap(), feature.geometry)).collect()
}

/// Area of all polygons of a tile, in square units.
pub(crate) fn area_of(tile: &[u8]) -> f64 {
    let wide = |geometry: Geometry<i32>| -> Geometry<f64> {
        geo::MapCoords::map_coords(&geometry, |at| geo_types::Coord {
            x: f64::from(at.x),
            y: f64::from(at.y),
        })
    };
    read(tile).into_iter().map(|(_, geometry)| geo::Area::unsigned_area(&wide(geometry))).sum()
}
