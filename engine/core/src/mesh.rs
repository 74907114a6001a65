//! Standard grid squares (地域メッシュ, JIS X 0410) of the third level: 30″ × 45″, about 1 km.
//!
//! JMA's 1 km rain grid coincides with them: row 0 starts at 48° N, column 0 at 118° E.

/// A third-level grid square by its place in JMA's 1 km grid (2,560 columns × 3,360 rows).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GridSquare {
    /// Row from 48° N downwards, `0..3360`.
    pub row: u16,
    /// Column from 118° E eastwards, `0..2560`.
    pub column: u16,
}

/// Rows and columns per degree.
const ROWS_PER_DEGREE: u32 = 120;
const COLUMNS_PER_DEGREE: u32 = 80;
/// North-west corner of the grid in degrees.
const NORTH_DEG: u32 = 48;
const WEST_DEG: u32 = 118;
/// Rows and columns of the grid.
const ROWS: u32 = 3_360;
const COLUMNS: u32 = 2_560;

impl GridSquare {
    /// Accepts squares of the grid only.
    #[must_use]
    pub fn new(row: u32, column: u32) -> Option<Self> {
        let inside = row < ROWS && column < COLUMNS;
        let (row, column) = (u16::try_from(row).ok()?, u16::try_from(column).ok()?);
        inside.then_some(Self { row, column })
    }

    /// The eight-digit code, e.g. `53394611` at Tokyo station.
    #[must_use]
    pub fn code(self) -> u32 {
        // Counted from the equator and from 100° E, in third-level squares.
        let south = NORTH_DEG * ROWS_PER_DEGREE - 1 - u32::from(self.row);
        let east = (WEST_DEG - 100) * COLUMNS_PER_DEGREE + u32::from(self.column);
        let (first_y, first_x) = (south / 80, east / 80);
        let (second_y, second_x) = (south % 80 / 10, east % 80 / 10);
        let (third_y, third_x) = (south % 10, east % 10);
        let first = first_y * 100 + first_x;
        first * 10_000 + second_y * 1_000 + second_x * 100 + third_y * 10 + third_x
    }

    /// The square of a code; `None` where JMA's grid has none.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        let digit = |place: u32| code / 10_u32.pow(place) % 10;
        let (first_y, first_x) = (code / 1_000_000, code / 10_000 % 100);
        if digit(3) > 7 || digit(2) > 7 || first_y > 99 {
            return None;
        }
        let south = first_y * 80 + digit(3) * 10 + digit(1);
        let east = first_x * 80 + digit(2) * 10 + digit(0);
        let row = (NORTH_DEG * ROWS_PER_DEGREE - 1).checked_sub(south)?;
        let column = east.checked_sub((WEST_DEG - 100) * COLUMNS_PER_DEGREE)?;
        Self::new(row, column)
    }

    /// The square that holds a place, in degrees.
    #[must_use]
    pub fn at(lon_deg: f64, lat_deg: f64) -> Option<Self> {
        let row = (f64::from(NORTH_DEG) - lat_deg) * f64::from(ROWS_PER_DEGREE);
        let column = (lon_deg - f64::from(WEST_DEG)) * f64::from(COLUMNS_PER_DEGREE);
        let inside =
            (0.0..f64::from(ROWS)).contains(&row) && (0.0..f64::from(COLUMNS)).contains(&column);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast saturates, and what lies outside the grid is not returned"
        )]
        inside.then_some(Self { row: row as u16, column: column as u16 })
    }

    /// West, south, east, north in degrees, computed from integers so that neighbours share
    /// their corners to the last bit.
    #[must_use]
    pub fn bounds_deg(self) -> [f64; 4] {
        let longitude = |column: u32| {
            f64::from(WEST_DEG * COLUMNS_PER_DEGREE + column) / f64::from(COLUMNS_PER_DEGREE)
        };
        let latitude =
            |row: u32| f64::from(NORTH_DEG * ROWS_PER_DEGREE - row) / f64::from(ROWS_PER_DEGREE);
        let (row, column) = (u32::from(self.row), u32::from(self.column));
        [longitude(column), latitude(row + 1), longitude(column + 1), latitude(row)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn code_and_place_agree(row in 0_u32..3_360, column in 0_u32..2_560) {
            let square = GridSquare::new(row, column).unwrap();
            prop_assert_eq!(GridSquare::from_code(square.code()), Some(square));
            let [west, south, east, north] = square.bounds_deg();
            let middle = GridSquare::at(0.5 * (west + east), 0.5 * (south + north));
            prop_assert_eq!(middle, Some(square));
        }

        #[test]
        fn no_code_makes_a_panic(code in 0_u32..=u32::MAX) {
            if let Some(square) = GridSquare::from_code(code) {
                prop_assert_eq!(square.code(), code);
            }
        }
    }

    /// Tokyo station lies in 53394611 (JIS X 0410, annex).
    #[test]
    fn tokyo_station_has_its_code() {
        assert_eq!(GridSquare::at(139.7671, 35.6812).unwrap().code(), 53_394_611);
    }
}
