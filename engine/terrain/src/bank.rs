//! Points on both banks of every reach.

use rayon::prelude::*;

use crate::cells::{STEPS, narrow};
use crate::error::TerrainError;
use crate::section::Section;
use crate::stream::{Network, Reach};

/// The longest distance between two points of one bank along the stream, in m.
pub const MOST_PITCH_M: f64 = 200.0;

/// A place on a reach with its two banks. Left and right are those of one who looks downstream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bank {
    /// Index of the reach.
    pub reach: u32,
    /// Distance from the upper end of the reach, in m.
    pub station_m: f64,
    /// Length of the reach that the place stands for, in m.
    pub span_m: f64,
    /// The left bank, `[easting, northing]` in m.
    pub left_m: [f64; 2],
    /// The right bank.
    pub right_m: [f64; 2],
}

/// Places at most `pitch_m` apart along every reach, in the order of the reaches, from upstream to
/// downstream; each stands in the middle of the length that it is for. The banks lie half the
/// width of the section to each side, at right angles to the course over one width (at least two
/// cells) up and down, because single steps of cells know only eight directions.
///
/// # Errors
/// A pitch outside 1 to 200 m, or below a thousandth of a cell; not one section for each reach.
pub fn banks(
    network: &Network,
    sections: &[Section],
    pitch_m: f64,
) -> Result<Vec<Bank>, TerrainError> {
    if !(1.0..=MOST_PITCH_M).contains(&pitch_m) {
        let expected = "1 to 200";
        return Err(TerrainError::Setting { what: "pitch_m", value: pitch_m, expected });
    }
    if 1_000.0 * pitch_m < network.placement.cell_size_m {
        let expected = "at least a thousandth of a cell";
        return Err(TerrainError::Setting { what: "pitch_m", value: pitch_m, expected });
    }
    let (expected, found) = ([network.reaches.len(), 1], [sections.len(), 1]);
    if expected != found {
        return Err(TerrainError::Mismatch { what: "sections", expected, found });
    }
    let per_reach: Vec<Vec<Bank>> = (network.reaches.as_slice(), sections)
        .into_par_iter()
        .enumerate()
        .map(|(index, (reach, section))| {
            let course = Course::new(network, reach);
            course.banks(narrow(index), section.width_m, pitch_m)
        })
        .collect();
    Ok(per_reach.concat())
}

/// The line of a reach through the middles of its cells to the next reach.
struct Course {
    points: Vec<[f64; 2]>,
    /// Distance of each point from the first.
    stations: Vec<f64>,
    cell_size_m: f64,
}

impl Course {
    fn new(network: &Network, reach: &Reach) -> Self {
        let cells = &network.cells[reach.cells.clone()];
        let mut points: Vec<[f64; 2]> = cells.iter().map(|cell| network.centre_m(*cell)).collect();
        // To the first cell of the next reach, or half a step out of the raster.
        let (rows, columns) = STEPS[usize::from(reach.way_on.clamp(1, 8)) - 1];
        let cell_size_m = network.placement.cell_size_m;
        let step_m = if reach.downstream.is_some() { cell_size_m } else { 0.5 * cell_size_m };
        let [x, y] = points[points.len() - 1];
        points.push([x + step_m * columns as f64, y - step_m * rows as f64]);
        let mut stations = vec![0.0];
        for pair in points.windows(2) {
            let step = (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]);
            stations.push(stations[stations.len() - 1] + step);
        }
        Self { points, stations, cell_size_m }
    }

    fn length_m(&self) -> f64 {
        self.stations[self.stations.len() - 1]
    }

    /// The point at a distance from the upper end; the ends beyond them.
    fn point(&self, station: f64) -> [f64; 2] {
        let next = self.stations.partition_point(|at| *at < station);
        let next = next.clamp(1, self.points.len() - 1);
        let (from, to) = (self.stations[next - 1], self.stations[next]);
        let share = ((station - from) / (to - from)).clamp(0.0, 1.0);
        let [a, b] = [self.points[next - 1], self.points[next]];
        [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]
    }

    fn banks(&self, reach: u32, width_m: f64, pitch_m: f64) -> Vec<Bank> {
        let length = self.length_m();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a length over a pitch, both positive"
        )]
        let count = (length / pitch_m).ceil().max(1.0) as usize;
        let span_m = length / count as f64;
        let arm = width_m.max(2.0 * self.cell_size_m);
        (0..count)
            .map(|index| {
                let station_m = (index as f64 + 0.5) * span_m;
                let [x, y] = self.point(station_m);
                let [from, to] = [self.point(station_m - arm), self.point(station_m + arm)];
                let course = [to[0] - from[0], to[1] - from[1]];
                let long = course[0].hypot(course[1]);
                // A course that bends back upon itself has no direction, and no sides.
                let scale = if 0.0 < long { 0.5 * width_m / long } else { 0.0 };
                let aside = [-course[1] * scale, course[0] * scale];
                Bank {
                    reach,
                    station_m,
                    span_m,
                    left_m: [x + aside[0], y + aside[1]],
                    right_m: [x - aside[0], y - aside[1]],
                }
            })
            .collect()
    }
}
