//! Levels: what 5.200 stores per cell, and the table that gives their values.

use super::grid::Window;
use super::octets::signed_16;

/// The values of levels 1, 2, 3, …; level 0 is "missing".
///
/// Tables differ between products and years (88 levels up to 120 mm in 2016, 98 up to 255 mm in
/// 2017), so the reader always takes the one of the file. The last value means "or more".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelTable {
    decimal_scale: i8,
    scaled: Vec<i16>,
}

impl LevelTable {
    /// A table of `scaled[level - 1] / 10^decimal_scale`. Values and scale are limited to what
    /// sign and magnitude can hold: -32,767 to 32,767 and -127 to 127; at most 65,535 levels.
    /// `None` beyond.
    #[must_use]
    pub fn new(decimal_scale: i8, scaled: Vec<i16>) -> Option<Self> {
        let fits = u16::try_from(scaled.len()).is_ok()
            && decimal_scale != i8::MIN
            && !scaled.contains(&i16::MIN);
        fits.then_some(Self { decimal_scale, scaled })
    }

    /// The table as section 5 stores it.
    pub(super) fn read(decimal_scale: i8, octets: &[u8]) -> Self {
        let (pairs, _) = octets.as_chunks::<2>();
        let scaled = pairs.iter().map(|pair| signed_16(u16::from_be_bytes(*pair))).collect();
        Self { decimal_scale, scaled }
    }

    /// Number of levels, "missing" not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scaled.len()
    }

    /// Whether there is no level but "missing".
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scaled.is_empty()
    }

    /// Decimal scale factor: values are stored times 10 to this power.
    #[must_use]
    pub fn decimal_scale(&self) -> i8 {
        self.decimal_scale
    }

    /// Values as stored, from level 1.
    #[must_use]
    pub fn scaled(&self) -> &[i16] {
        &self.scaled
    }

    /// Value of a level in the unit of the product; `None` for level 0 and beyond the table.
    #[must_use]
    pub fn value(&self, level: u16) -> Option<f64> {
        let position = usize::from(level).checked_sub(1)?;
        let scaled = f64::from(*self.scaled.get(position)?);
        let power = 10_f64.powi(i32::from(self.decimal_scale).abs());
        Some(if self.decimal_scale < 0 { scaled * power } else { scaled / power })
    }
}

/// The 98 levels of hourly rain in use since 2017, in mm: 0, 0.4 (more than 0, less than 1),
/// 1 to 77 by 1, 80 to 130 by 5, 140 to 200 by 10, 255 (more than 200). For writing; the
/// reader takes the table of the file.
#[must_use]
pub fn rain_levels_2017() -> LevelTable {
    let mut scaled = vec![0, 4];
    scaled.extend((1..=77).map(|mm| mm * 10));
    scaled.extend((80..=130).step_by(5).map(|mm| mm * 10));
    scaled.extend((140..=200).step_by(10).map(|mm| mm * 10));
    scaled.push(2550);
    LevelTable { decimal_scale: 1, scaled }
}

/// A plane of levels, row by row from the north.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Levels {
    /// No level above 255 in use: every product known.
    Byte(Vec<u8>),
    /// Levels above 255 in use.
    Word(Vec<u16>),
}

impl Levels {
    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Byte(levels) => levels.len(),
            Self::Word(levels) => levels.len(),
        }
    }

    /// Whether there is no cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One level; `None` beyond the plane.
    #[must_use]
    pub fn at(&self, cell: usize) -> Option<u16> {
        match self {
            Self::Byte(levels) => levels.get(cell).copied().map(u16::from),
            Self::Word(levels) => levels.get(cell).copied(),
        }
    }

    /// The plane where one byte per cell is enough.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Byte(levels) => Some(levels),
            Self::Word(_) => None,
        }
    }
}

/// The levels of a window and the table of their values.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelGrid {
    pub(super) window: Window,
    pub(super) levels: Levels,
    pub(super) table: LevelTable,
}

impl LevelGrid {
    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.window.shape()
    }

    /// The window of the grid that it fills.
    #[must_use]
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Levels, row by row from the north; 0 is "missing".
    #[must_use]
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Values of the levels.
    #[must_use]
    pub fn table(&self) -> &LevelTable {
        &self.table
    }

    /// Value of a level in the unit of the product; `None` for "missing".
    #[must_use]
    pub fn value(&self, level: u16) -> Option<f64> {
        self.table.value(level)
    }

    /// Value of a cell in the unit of the product; `None` where missing and outside.
    #[must_use]
    pub fn value_at(&self, row: usize, column: usize) -> Option<f64> {
        let [rows, columns] = self.shape();
        if rows <= row || columns <= column {
            return None;
        }
        self.value(self.levels.at(row * columns + column)?)
    }

    /// All values in the unit of the product, row by row from the north, `NaN` where missing.
    #[must_use]
    pub fn values(&self) -> Vec<f32> {
        let narrowed = |level: u16| self.value(level).map_or(f32::NAN, narrow);
        match &self.levels {
            Levels::Byte(levels) => {
                // A table of exactly 256 needs no bounds check per cell.
                let mut of_level = [f32::NAN; 256];
                for (level, value) in (0..).zip(&mut of_level) {
                    *value = narrowed(level);
                }
                levels.iter().map(|level| of_level[usize::from(*level)]).collect()
            }
            Levels::Word(levels) => levels.iter().map(|level| narrowed(*level)).collect(),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a table value has 5 digits, f32 holds 7; beyond the range of f32 it becomes infinite"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}
