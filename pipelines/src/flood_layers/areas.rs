//! From a raster to areas of one class: all of them as features, and larger ones for small scales.

use std::collections::BTreeMap;

use geo_types::{Geometry, MultiPolygon};
use jomo_core::feature::{Feature, FeatureTable, Value};
use jomo_core::frame::Position;
use jomo_core::grid::{Grid, Placement};
use jomo_core::projection::{ProjectionError, inverse};
use jomo_coverage::polygonise;

use super::theme::{DRY_CELL, RIVER, Theme, published, standard_of};

/// Areas smaller than this join a neighbour at small scales, m²: about a pixel of zoom 12.
const SMALL_M2: f64 = 1_600.0;

/// Areas of a raster.
pub(super) struct Areas {
    /// One feature for every 4-connected area.
    pub(super) all: FeatureTable,
    /// One feature for every class, without the smallest areas.
    pub(super) coarse: FeatureTable,
    /// Cells with water to be drawn.
    pub(super) wet_cells: u64,
}

/// Longitude and latitude of the corners of a grid's cells.
pub(crate) struct Corners {
    columns: usize,
    lon_lat: Vec<[f64; 2]>,
}

impl Corners {
    pub(crate) fn new(shape: [usize; 2], placement: Placement) -> Result<Self, ProjectionError> {
        let Placement { zone, origin_m: [west, north], cell_size_m } = placement;
        let [rows, columns] = shape;
        let mut lon_lat = Vec::with_capacity((rows + 1) * (columns + 1));
        for row in 0..=rows {
            for column in 0..=columns {
                let at = [west + column as f64 * cell_size_m, north - row as f64 * cell_size_m];
                lon_lat.push(inverse(Position::planar(zone, at))?.xy);
            }
        }
        Ok(Self { columns: columns + 1, lon_lat })
    }

    pub(crate) fn at(&self, row: usize, column: usize) -> [f64; 2] {
        self.lon_lat[row * self.columns + column]
    }

    /// West, south, east, north of all.
    pub(crate) fn bounds(&self) -> [f64; 4] {
        let none = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        self.lon_lat.iter().fold(none, |[west, south, east, north], [lon, lat]| {
            [west.min(*lon), south.min(*lat), east.max(*lon), north.max(*lat)]
        })
    }
}

/// Classes of a raster's cells: 0 outside the domain, that of the river where it is wet at first.
pub(super) fn classes(theme: Theme, values: &[f32], bed: &Domain) -> Vec<u8> {
    let class = |(at, value): (usize, &f32)| {
        if bed.outside[at] {
            0
        } else if bed.river[at] {
            RIVER
        } else {
            theme.class_of(f64::from(*value))
        }
    };
    values.iter().enumerate().map(class).collect()
}

/// What each cell is before the flood.
pub(super) struct Domain {
    pub(super) outside: Vec<bool>,
    pub(super) river: Vec<bool>,
}

/// The areas of a raster.
pub(super) fn areas(theme: Theme, grid: &Grid<f32>, domain: &Domain, corners: &Corners) -> Areas {
    let shape = grid.shape();
    let classes = classes(theme, grid.values(), domain);
    let patches = Patches::of(shape, &classes);
    let cell_m2 = grid.placement().cell_size_m.powi(2);
    let spans = patches.spans(grid.values());
    let fields = theme.fields();

    let mut all = Vec::new();
    for (class, polygons) in polygonise(shape, &classes, |row, column| corners.at(row, column)) {
        // Both go by the first cells of the areas.
        let own = (0..patches.class.len()).filter(|patch| patches.class[*patch] == class);
        for (polygon, patch) in polygons.0.into_iter().zip(own) {
            let [row, column] = [patches.first[patch] / shape[1], patches.first[patch] % shape[1]];
            let mut values = class_values(theme, class);
            let is_graded = class != DRY_CELL && class != RIVER;
            let told = |value: f32| is_graded.then(|| Value::Float(theme.told(f64::from(value))));
            values.extend(spans[patch].map(told));
            values.push(Some(Value::Float(patches.cells[patch] as f64 * cell_m2)));
            let id = format!("c{}-r{row}c{column}", published(class));
            all.push(Feature { id, geometry: Geometry::Polygon(polygon), values });
        }
    }
    let least = SMALL_M2 / cell_m2;
    let sieved = patches.sieved(shape, &classes, least);
    let coarse = polygonise(shape, &sieved, |row, column| corners.at(row, column));
    let coarse = coarse.into_iter().map(|(class, polygons)| of_class(theme, class, polygons));
    let is_wet = |class: &&u8| **class != 0 && **class != DRY_CELL && **class != RIVER;
    let wet_cells = classes.iter().filter(is_wet).count() as u64;
    let class_fields = fields[..class_values(theme, 1).len()].to_vec();
    Areas {
        all: FeatureTable { fields, features: all },
        coarse: FeatureTable { fields: class_fields, features: coarse.collect() },
        wet_cells,
    }
}

fn of_class(theme: Theme, class: u8, polygons: MultiPolygon<f64>) -> Feature {
    Feature {
        id: format!("class-{}", published(class)),
        geometry: Geometry::MultiPolygon(polygons),
        values: class_values(theme, class),
    }
}

fn class_values(theme: Theme, class: u8) -> Vec<Option<Value>> {
    let class = published(class);
    let mut values = vec![Some(Value::Int(class))];
    if theme.is_depth() {
        values.push(Some(Value::Int(standard_of(class))));
    }
    values
}

/// 4-connected areas of one class, in the order of their first cells.
struct Patches {
    /// Number of the area of each cell; `NONE` without data.
    of_cell: Vec<usize>,
    class: Vec<u8>,
    first: Vec<usize>,
    cells: Vec<u64>,
}

const NONE: usize = usize::MAX;

impl Patches {
    fn of(shape: [usize; 2], classes: &[u8]) -> Self {
        let mut patches = Self {
            of_cell: vec![NONE; classes.len()],
            class: Vec::new(),
            first: Vec::new(),
            cells: Vec::new(),
        };
        let mut open = Vec::new();
        for first in 0..classes.len() {
            if classes[first] == 0 || patches.of_cell[first] != NONE {
                continue;
            }
            let (patch, class) = (patches.class.len(), classes[first]);
            let mut cells = 0;
            patches.of_cell[first] = patch;
            open.push(first);
            while let Some(cell) = open.pop() {
                cells += 1;
                for next in around(shape, cell) {
                    if classes[next] == class && patches.of_cell[next] == NONE {
                        patches.of_cell[next] = patch;
                        open.push(next);
                    }
                }
            }
            patches.class.push(class);
            patches.first.push(first);
            patches.cells.push(cells);
        }
        patches
    }

    /// Smallest and greatest value in each area.
    fn spans(&self, values: &[f32]) -> Vec<[f32; 2]> {
        let mut spans = vec![[f32::INFINITY, f32::NEG_INFINITY]; self.class.len()];
        for (patch, value) in self.of_cell.iter().zip(values) {
            if let Some([low, high]) = spans.get_mut(*patch) {
                *low = low.min(*value);
                *high = high.max(*value);
            }
        }
        spans
    }

    /// The classes, with every area of fewer than `least` cells given to the class that it has the
    /// longest border with; the lower of two.
    fn sieved(&self, shape: [usize; 2], classes: &[u8], least: f64) -> Vec<u8> {
        let is_small: Vec<bool> = self.cells.iter().map(|cells| (*cells as f64) < least).collect();
        let mut borders: BTreeMap<usize, BTreeMap<u8, u64>> = BTreeMap::new();
        for (cell, patch) in self.of_cell.iter().enumerate() {
            if *patch == NONE || !is_small[*patch] {
                continue;
            }
            let own = borders.entry(*patch).or_default();
            for next in around(shape, cell).filter(|next| self.of_cell[*next] != *patch) {
                *own.entry(classes[next]).or_insert(0) += 1;
            }
        }
        let taken = |patch: usize| {
            let own = borders.get(&patch)?;
            // The first of equal ones: the last in reverse.
            let longest = own.iter().rev().max_by_key(|(_, length)| **length)?;
            Some(*longest.0)
        };
        let given: Vec<Option<u8>> = (0..self.class.len())
            .map(|patch| if is_small[patch] { taken(patch) } else { None })
            .collect();
        let new =
            |(class, patch): (&u8, &usize)| given.get(*patch).copied().flatten().unwrap_or(*class);
        classes.iter().zip(&self.of_cell).map(new).collect()
    }
}

/// The up to four neighbours of a cell.
fn around([rows, columns]: [usize; 2], cell: usize) -> impl Iterator<Item = usize> {
    let column = cell % columns;
    let neighbours = [
        cell.checked_sub(columns),
        (0 < column).then(|| cell - 1),
        (column + 1 < columns).then(|| cell + 1),
        (cell + columns < rows * columns).then(|| cell + columns),
    ];
    neighbours.into_iter().flatten()
}
