//! Class grid to polygons, by walking the borders of 4-connected areas.

use std::collections::BTreeMap;

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

/// Polygons of every class of a grid, ascending by class code.
///
/// `classes` holds `shape = [rows, columns]` codes, row by row from the north; 0 is no data and
/// makes no polygon, as do cells missing at the end. `corner(row_edge, column_edge)` places the
/// corners: `row_edge` runs over `0..=rows` southwards, `column_edge` over `0..=columns`
/// eastwards; coordinates come out in its units and frame.
///
/// - One polygon for every 4-connected area, in the order of the areas' first cells.
/// - Rings are closed and simple. Shells run anticlockwise and holes clockwise where `corner` has
///   x to the east and y to the north.
/// - A vertex stays where a border bends or where borders meet; both sides of a border therefore
///   have the same vertices. Straight runs in between are one edge, which follows the grid line
///   exactly only if `corner` is affine along rows and along columns.
///
/// ```
/// use jomo_coverage::polygonise;
/// // 1 1 2
/// // 1 0 2
/// let areas = polygonise([2, 3], &[1, 1, 2, 1, 0, 2], |row, column| {
///     [column as f64, -(row as f64)]
/// });
/// assert_eq!(areas.len(), 2);
/// assert_eq!(areas[0].0, 1);
/// // Six bends, one vertex where classes 1, 2 and no data meet, and the closing point.
/// assert_eq!(areas[0].1.0[0].exterior().0.len(), 7);
/// ```
pub fn polygonise(
    shape: [usize; 2],
    classes: &[u8],
    corner: impl Fn(usize, usize) -> [f64; 2] + Sync,
) -> Vec<(u8, MultiPolygon<f64>)> {
    let areas = Areas::of(shape, classes);
    let mut seen = vec![0_u8; areas.labels.len()];
    let mut shells: Vec<Option<LineString<f64>>> = vec![None; areas.codes.len()];
    let mut holes: Vec<Vec<LineString<f64>>> = vec![Vec::new(); areas.codes.len()];
    let columns = shape[1];
    for (index, &label) in areas.labels.iter().enumerate() {
        if label == NO_AREA {
            continue;
        }
        for heading in Heading::ALL {
            let start = Step { row: index / columns, column: index % columns, heading };
            if seen[index] & heading.bit() != 0 || !areas.is_border(start) {
                continue;
            }
            let (ring, turns) = areas.walk(start, &mut seen, &corner);
            // A simple closed walk turns left four times more often than right around a shell,
            // and the other way round along a hole.
            if 0 < turns {
                shells[label as usize] = Some(ring);
            } else {
                holes[label as usize].push(ring);
            }
        }
    }
    let mut by_code: BTreeMap<u8, Vec<Polygon<f64>>> = BTreeMap::new();
    for ((code, shell), holes) in areas.codes.iter().zip(shells).zip(holes) {
        if let Some(shell) = shell {
            by_code.entry(*code).or_default().push(Polygon::new(shell, holes));
        }
    }
    by_code.into_iter().map(|(code, polygons)| (code, MultiPolygon(polygons))).collect()
}

/// Label of cells without data.
const NO_AREA: u32 = u32::MAX;

/// The 4-connected areas of a class grid.
struct Areas<'a> {
    shape: [usize; 2],
    classes: &'a [u8],
    /// Number of its area for each cell.
    labels: Vec<u32>,
    /// Class code of each area.
    codes: Vec<u8>,
}

/// One unit of border: the side of a cell that lies to the right when the cell's inside is to
/// the left, walked in `heading`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    row: usize,
    column: usize,
    heading: Heading,
}

/// Where a border step goes. Going east, the cell lies to the north of the border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heading {
    East,
    North,
    West,
    South,
}

impl Heading {
    const ALL: [Self; 4] = [Self::East, Self::North, Self::West, Self::South];

    fn bit(self) -> u8 {
        1 << self as u8
    }

    fn left(self) -> Self {
        Self::ALL[(self as usize + 1) % 4]
    }

    fn right(self) -> Self {
        Self::ALL[(self as usize + 3) % 4]
    }

    /// Change of row and column by one step.
    fn offset(self) -> [isize; 2] {
        match self {
            Self::East => [0, 1],
            Self::North => [-1, 0],
            Self::West => [0, -1],
            Self::South => [1, 0],
        }
    }
}

impl<'a> Areas<'a> {
    fn of(shape: [usize; 2], classes: &'a [u8]) -> Self {
        let columns = shape[1];
        let cells = shape[0].saturating_mul(columns).min(classes.len());
        let mut labels = vec![NO_AREA; cells];
        let mut codes = Vec::new();
        let mut next = 0_u32;
        let mut open = Vec::new();
        for first in 0..cells {
            let code = classes[first];
            if code == 0 || labels[first] != NO_AREA {
                continue;
            }
            labels[first] = next;
            open.push(first);
            while let Some(cell) = open.pop() {
                let column = cell % columns;
                let neighbours = [
                    cell.checked_sub(columns),
                    (0 < column).then(|| cell - 1),
                    (column < columns - 1).then(|| cell + 1),
                    cell.checked_add(columns),
                ];
                for near in neighbours.into_iter().flatten().filter(|near| *near < cells) {
                    if classes[near] == code && labels[near] == NO_AREA {
                        labels[near] = next;
                        open.push(near);
                    }
                }
            }
            codes.push(code);
            next += 1;
        }
        Self { shape, classes, labels, codes }
    }

    /// The cell `ahead` steps in `heading` and `aside` steps to the right of it.
    fn cell(&self, step: Step, ahead: isize, aside: isize) -> Option<usize> {
        let [row_ahead, column_ahead] = step.heading.offset();
        let [row_aside, column_aside] = step.heading.right().offset();
        let row = step.row.checked_add_signed(ahead * row_ahead + aside * row_aside)?;
        let column = step.column.checked_add_signed(ahead * column_ahead + aside * column_aside)?;
        let index = row.checked_mul(self.shape[1])?.checked_add(column)?;
        (column < self.shape[1] && index < self.labels.len()).then_some(index)
    }

    fn label(&self, cell: Option<usize>) -> u32 {
        cell.map_or(NO_AREA, |cell| self.labels[cell])
    }

    fn class(&self, cell: Option<usize>) -> u8 {
        cell.map_or(0, |cell| self.classes[cell])
    }

    fn is_border(&self, step: Step) -> bool {
        self.label(self.cell(step, 0, 0)) != self.label(self.cell(step, 0, 1))
    }

    /// Walks one border until it closes: the ring, and its left turns minus its right turns.
    fn walk(
        &self,
        start: Step,
        seen: &mut [u8],
        corner: &impl Fn(usize, usize) -> [f64; 2],
    ) -> (LineString<f64>, i32) {
        let mut points: Vec<Coord<f64>> = Vec::new();
        let mut turns = 0;
        let mut step = start;
        loop {
            if let Some(cell) = self.cell(step, 0, 0) {
                seen[cell] |= step.heading.bit();
            }
            if self.is_vertex(step) {
                let [row_edge, column_edge] = end_of(step);
                let [x, y] = corner(row_edge, column_edge);
                points.push(Coord { x, y });
            }
            let (next, turn) = self.next(step);
            turns += turn;
            step = next;
            if step == start {
                break;
            }
        }
        if let Some(&first) = points.first() {
            points.push(first);
        }
        (LineString(points), turns)
    }

    /// The step after `step` along the same border, and its turn: 1 left, -1 right.
    ///
    /// Where an area meets itself at a corner, the walk stays with what lies to its right; so no
    /// ring passes a corner twice, and holes that touch the shell or each other stay apart.
    fn next(&self, step: Step) -> (Step, i32) {
        let own = self.label(self.cell(step, 0, 0));
        let (ahead, across) = (self.cell(step, 1, 0), self.cell(step, 1, 1));
        let columns = self.shape[1];
        let at =
            |cell: usize, heading| Step { row: cell / columns, column: cell % columns, heading };
        match (ahead, across) {
            (_, Some(cell)) if self.labels[cell] == own => (at(cell, step.heading.right()), -1),
            (Some(cell), _) if self.labels[cell] == own => (at(cell, step.heading), 0),
            _ => (Step { heading: step.heading.left(), ..step }, 1),
        }
    }

    /// Whether the end of `step` is more than a point within a straight border of two classes.
    fn is_vertex(&self, step: Step) -> bool {
        let class = |ahead, aside| self.class(self.cell(step, ahead, aside));
        class(0, 0) != class(1, 0) || class(0, 1) != class(1, 1)
    }
}

/// Row edge and column edge at the end of a step.
fn end_of(step: Step) -> [usize; 2] {
    let Step { row, column, heading } = step;
    match heading {
        Heading::East => [row + 1, column + 1],
        Heading::North => [row, column + 1],
        Heading::West => [row, column],
        Heading::South => [row + 1, column],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, Contains, Point, Validation};
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn plain(row: usize, column: usize) -> [f64; 2] {
        [column as f64, -(row as f64)]
    }

    fn grids() -> impl Strategy<Value = ([usize; 2], Vec<u8>)> {
        (1_usize..12, 1_usize..12).prop_flat_map(|(rows, columns)| {
            (Just([rows, columns]), prop::collection::vec(0_u8..4, rows * columns))
        })
    }

    proptest! {
        #[test]
        fn every_cell_lies_in_the_polygon_of_its_class_alone((shape, classes) in grids()) {
            let areas = polygonise(shape, &classes, plain);
            prop_assert!(areas.is_sorted_by_key(|(code, _)| *code));
            for (index, class) in classes.iter().enumerate() {
                let [x, y] = plain(index / shape[1], index % shape[1]);
                let centre = Point::new(x + 0.5, y - 0.5);
                let holders: Vec<u8> = areas
                    .iter()
                    .flat_map(|(code, area)| area.iter().map(move |part| (*code, part)))
                    .filter(|(_, part)| part.contains(&centre))
                    .map(|(code, _)| code)
                    .collect();
                let expected: Vec<u8> = Some(*class).into_iter().filter(|c| *c != 0).collect();
                prop_assert_eq!(holders, expected);
            }
        }

        #[test]
        fn area_is_the_number_of_cells_and_polygons_are_valid((shape, classes) in grids()) {
            for (code, area) in polygonise(shape, &classes, plain) {
                let cells = classes.iter().map(|class| f64::from(*class == code)).sum::<f64>();
                prop_assert!((area.signed_area() - cells).abs() < 1e-9);
                prop_assert!(area.is_valid(), "{:?}", area.validation_errors());
            }
        }

        /// Each edge between two classes is walked once in each direction, each edge towards no
        /// data once; with straight runs joined, this holds only if both sides kept the same
        /// vertices.
        #[test]
        fn borders_are_used_exactly_twice((shape, classes) in grids()) {
            let mut uses: HashMap<[[i64; 2]; 2], Vec<u8>> = HashMap::new();
            #[expect(clippy::cast_possible_truncation, reason = "whole numbers below 12")]
            let whole = |c: &Coord<f64>| [c.x as i64, c.y as i64];
            for (code, area) in polygonise(shape, &classes, plain) {
                for part in &area {
                    for ring in std::iter::once(part.exterior()).chain(part.interiors()) {
                        prop_assert_eq!(ring.0.first(), ring.0.last());
                        for pair in ring.0.windows(2) {
                            uses.entry([whole(&pair[0]), whole(&pair[1])]).or_default().push(code);
                        }
                    }
                }
            }
            let class_at = |row: i64, column: i64| -> u8 {
                let (Ok(row), Ok(column)) = (usize::try_from(row), usize::try_from(column)) else {
                    return 0;
                };
                if shape[0] <= row || shape[1] <= column { 0 } else { classes[row * shape[1] + column] }
            };
            for ([from, to], codes) in &uses {
                prop_assert_eq!(codes.len(), 1);
                // The cell to the right of the first unit of the edge.
                let d = [(to[0] - from[0]).signum(), (to[1] - from[1]).signum()];
                let right = [d[1], -d[0]];
                let centre2 = [2 * from[0] + d[0] + right[0], 2 * from[1] + d[1] + right[1]];
                let beyond = class_at((-centre2[1]).div_euclid(2), centre2[0].div_euclid(2));
                let back: &[u8] = uses.get(&[*to, *from]).map_or(&[], Vec::as_slice);
                let expected: Vec<u8> = Some(beyond).into_iter().filter(|c| *c != 0).collect();
                prop_assert_eq!(back, &expected[..]);
            }
        }
    }

    /// A ring of cells that closes over a corner only: shell and hole touch there, and the cell
    /// inside is a polygon of its own.
    #[test]
    fn corners_do_not_join() {
        #[rustfmt::skip]
        let classes = [
            0, 1, 1,
            1, 0, 1,
            1, 1, 1,
        ];
        let areas = polygonise([3, 3], &classes, plain);
        let [(1, area)] = &areas[..] else { panic!("{areas:?}") };
        assert_eq!(area.0.len(), 1);
        assert_eq!(area.0[0].interiors().len(), 1);
        let diagonal = polygonise([2, 2], &[5, 0, 0, 5], plain);
        assert_eq!(diagonal[0].1.0.len(), 2);
    }

    #[test]
    fn nothing_comes_from_nothing() {
        assert!(polygonise([0, 0], &[], plain).is_empty());
        assert!(polygonise([3, 3], &[0; 9], plain).is_empty());
        assert!(polygonise([usize::MAX, 2], &[], plain).is_empty());
        assert_eq!(polygonise([2, usize::MAX], &[1], plain).len(), 1);
        // Cells missing at the end count as no data.
        assert!((polygonise([2, 2], &[1, 1, 1], plain)[0].1.signed_area() - 3.0).abs() < 1e-12);
    }
}
