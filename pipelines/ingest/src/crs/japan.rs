//! Shifts between the three Japanese datums by the parameter grids of the Geospatial Information
//! Authority, as the crate `jgd` embeds them.
//!
//! `jgd`'s own conversions fall back silently where a grid has no value (three parameters for
//! Tokyo, nothing for JGD2000). Here the grids are asked directly, and no value is no answer.
//!
//! **Where JGD2000 was not revised.** After the earthquake of 11 March 2011 the coordinates of 19
//! prefectures and of Tokyo but its islands were revised; everywhere else JGD2011 has the
//! coordinates of JGD2000. The grid covers the revised land only. A position without a value is
//! taken for unrevised where its row of cells has none at all, where it lies west of the first
//! cell of its row (western Honshu, Shikoku, Kyushu, western Hokkaido), or south of the first
//! cell of its column and west of Izu (Shizuoka, Aichi, Mie). Holes of the grid and the sea east
//! of it are neither: there the answer is none.
//!
//! Source: 飛田 (2001), 国土地理院時報 97; GSI, `touhokutaiheiyouoki2011.par` 4.0.0 and
//! `TKY2JGD.par` 2.1.2.

use std::sync::LazyLock;

use jgd::{Grid, LatLon, TKY2JGD, TOUHOKUTAIHEIYOUOKI2011};

/// What is done from JGD2000, for reports.
pub(super) const JGD2000: &str = "JGD2000 to JGD2011 by touhokutaiheiyouoki2011.par 4.0.0";
/// What is done from Tokyo, for reports.
pub(super) const TOKYO: &str =
    "Tokyo to JGD2000 by TKY2JGD.par 2.1.2, to JGD2011 by touhokutaiheiyouoki2011.par 4.0.0";

/// Bounds within which Japan lies: west, south, east, north in degrees.
const JAPAN: [f64; 4] = [122.0, 20.0, 154.5, 46.5];
/// Cells per degree of latitude (30″) and longitude (45″).
const CELLS: [f64; 2] = [120.0, 80.0];
/// Bounds within which the grid of 2011 has values, likewise (a test looks outside).
const REVISED: [f64; 4] = [135.0, 34.5, 142.5, 42.0];
/// Rows and columns of cells within [`REVISED`].
const ROWS: u16 = 900;
const COLUMNS: u16 = 600;
/// The east coast of Izu: west of here, what lies south of the grid was not revised.
const IZU_DEG: f64 = 139.15;
/// A step of the iteration for the way back that is as good as none, in degrees (0.1 µm).
const SETTLED_DEG: f64 = 1e-12;
/// Most steps: the shift changes by less than 1e-4 of the way, so each gains four digits.
const STEPS: usize = 8;

/// A position after its shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shifted {
    /// Longitude and latitude.
    pub(super) xy: [f64; 2],
    /// Whether JGD2011 has the coordinates of JGD2000 here.
    pub(super) unrevised: bool,
}

pub(super) fn tokyo_to_jgd2011(xy: [f64; 2]) -> Option<Shifted> {
    jgd2000_to_jgd2011(tokyo_to_jgd2000(xy)?)
}

pub(super) fn jgd2011_to_tokyo(xy: [f64; 2]) -> Option<Shifted> {
    let Shifted { xy, unrevised } = jgd2011_to_jgd2000(xy)?;
    Some(Shifted { xy: back(&TKY2JGD, xy)?, unrevised })
}

pub(super) fn tokyo_to_jgd2000(xy: [f64; 2]) -> Option<[f64; 2]> {
    add(xy, shift(&TKY2JGD, xy)?, 1.0)
}

pub(super) fn jgd2000_to_jgd2011(xy: [f64; 2]) -> Option<Shifted> {
    match shift(&TOUHOKUTAIHEIYOUOKI2011, xy) {
        Some(shift) => Some(Shifted { xy: add(xy, shift, 1.0)?, unrevised: false }),
        None => is_unrevised(xy).then_some(Shifted { xy, unrevised: true }),
    }
}

pub(super) fn jgd2011_to_jgd2000(xy: [f64; 2]) -> Option<Shifted> {
    match back(&TOUHOKUTAIHEIYOUOKI2011, xy) {
        Some(xy) => Some(Shifted { xy, unrevised: false }),
        None => is_unrevised(xy).then_some(Shifted { xy, unrevised: true }),
    }
}

fn is_in_japan([lon, lat]: [f64; 2]) -> bool {
    let [west, south, east, north] = JAPAN;
    (west..=east).contains(&lon) && (south..=north).contains(&lat)
}

/// The shift at a position, `None` outside the grid.
fn shift(grid: &Grid<'_>, xy: [f64; 2]) -> Option<[f64; 2]> {
    if !is_in_japan(xy) {
        return None;
    }
    let LatLon(lat, lon) = grid.bilinear(LatLon(xy[1], xy[0]))?;
    Some([lon, lat])
}

fn add(xy: [f64; 2], shift: [f64; 2], sign: f64) -> Option<[f64; 2]> {
    let sum = [xy[0] + sign * shift[0], xy[1] + sign * shift[1]];
    is_in_japan(sum).then_some(sum)
}

/// The position that the grid moves to `xy`: a fixed point, since the grid is asked by positions
/// before the shift.
fn back(grid: &Grid<'_>, xy: [f64; 2]) -> Option<[f64; 2]> {
    let mut before = xy;
    for _ in 0..STEPS {
        let next = add(xy, shift(grid, before)?, -1.0)?;
        let step = (next[0] - before[0]).abs().max((next[1] - before[1]).abs());
        before = next;
        if step <= SETTLED_DEG {
            return Some(before);
        }
    }
    None
}

/// Where the grid of 2011 begins: for each row of cells the first column with a value, for each
/// column the first row.
struct Edge {
    columns: Vec<Option<u16>>,
    rows: Vec<Option<u16>>,
}

static EDGE: LazyLock<Edge> = LazyLock::new(|| {
    let has = |row: u16, column: u16| {
        let lon = REVISED[0] + (f64::from(column) + 0.5) / CELLS[1];
        let lat = REVISED[1] + (f64::from(row) + 0.5) / CELLS[0];
        shift(&TOUHOKUTAIHEIYOUOKI2011, [lon, lat]).is_some()
    };
    Edge {
        columns: (0..ROWS).map(|row| (0..COLUMNS).find(|column| has(row, *column))).collect(),
        rows: (0..COLUMNS).map(|column| (0..ROWS).find(|row| has(*row, column))).collect(),
    }
});

/// Whether a position without a value lies where 2011 changed nothing.
fn is_unrevised(xy: [f64; 2]) -> bool {
    if !is_in_japan(xy) {
        return false;
    }
    let [column, row] = [(xy[0] - REVISED[0]) * CELLS[1], (xy[1] - REVISED[1]) * CELLS[0]];
    let first = |edge: &[Option<u16>], place: f64| {
        let place = (0_u16..).zip(edge).find(|(number, _)| place < f64::from(*number) + 1.0);
        place.and_then(|(_, first)| *first).map(f64::from)
    };
    let north_or_south = row < 0.0 || f64::from(ROWS) <= row;
    let Some(first_column) = first(&EDGE.columns, row).filter(|_| !north_or_south) else {
        return true;
    };
    let south = || first(&EDGE.rows, column).is_none_or(|first_row| row < first_row);
    column < first_column || (xy[0] < IZU_DEG && south())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_of_2011_has_no_value_outside_its_bounds() {
        let [west, south, east, north] = REVISED;
        for row in 0..530 {
            for column in 0..650 {
                let xy = [JAPAN[0] + f64::from(column) / 20.0, JAPAN[1] + f64::from(row) / 20.0];
                let inside = (west..east).contains(&xy[0]) && (south..north).contains(&xy[1]);
                assert!(inside || shift(&TOUHOKUTAIHEIYOUOKI2011, xy).is_none(), "{xy:?}");
            }
        }
        let known = EDGE.columns.iter().flatten().count();
        assert!(700 < known && EDGE.columns[0].is_none(), "{known}");
    }
}
