//! Features as shapes: once per source in world units, then once per zoom in whole tile units.

use geo_types::{Coord, Geometry, LineString, Polygon};
use jomo_core::feature::FeatureTable;
use jomo_core::mercator::to_unit;

use crate::EXTENT;
use crate::paths::{Bounds, Paths, Point};
use crate::report::{Loss, Losses};
use crate::rings::{self, Group};
use crate::topology::{PathKind, Topology};

/// What a shape is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Points,
    Lines,
    Polygons,
}

/// A shape at one zoom, in whole units of the world.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Row of the feature in its table.
    pub(crate) feature: usize,
    pub(crate) kind: Kind,
    /// Points one to a path, lines, or rings: each shell followed by its holes.
    pub(crate) paths: Paths,
    pub(crate) bounds: Bounds,
}

/// All shapes of one source at one zoom, in the order of features.
#[derive(Debug, Default)]
pub(crate) struct ZoomShapes {
    pub(crate) shapes: Vec<Shape>,
    /// What was lost while preparing, by reason.
    pub(crate) losses: Losses,
}

/// How much of a source a zoom shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detail {
    /// How far a vertex may be off for its neighbours to do without it, in units.
    pub(crate) tolerance: f64,
    /// Whether what has no size is drawn one unit long or wide.
    pub(crate) loss_free: bool,
}

/// A source without zoom: geometry in world units, 0 to 1.
#[derive(Debug)]
pub(crate) struct Source {
    outlines: Vec<Outline>,
    topology: Topology,
    /// Features kept out, by reason.
    bad: Losses,
}

/// One feature's geometry of one kind.
#[derive(Debug)]
struct Outline {
    feature: usize,
    kind: Kind,
    points: Vec<Point>,
    /// Lines, or polygons as one shell and its holes, by number of path in the topology.
    parts: Vec<std::ops::Range<usize>>,
}

/// Paths of all outlines, before they are cut into arcs.
#[derive(Default)]
struct Collected {
    outlines: Vec<Outline>,
    paths: Vec<(PathKind, Vec<Point>)>,
}

impl Source {
    /// Projects the features of a table. A feature without geometry, with a coordinate that is
    /// not finite or not on the globe, is kept out and counted. With `loss_free` it can be shown at
    /// a tolerance of 0 only.
    pub(crate) fn of(table: &FeatureTable, loss_free: bool) -> Self {
        let mut collected = Collected::default();
        let mut bad = Losses::default();
        for (row, feature) in table.features.iter().enumerate() {
            let known = collected.outlines.len();
            if is_on_globe(&feature.geometry) {
                collected.add(row, &feature.geometry);
                bad.add(Loss::NoGeometry, usize::from(known == collected.outlines.len()));
            } else {
                bad.add(Loss::BadCoordinate, 1);
            }
        }
        let Collected { outlines, paths } = collected;
        let topology = if loss_free {
            Topology::uncut(paths.into_iter().map(|(_, path)| path))
        } else {
            Topology::of(paths.iter().map(|(kind, path)| (*kind, path.as_slice())))
        };
        Self { outlines, topology, bad }
    }

    /// The shapes at a zoom, simplified and rounded to whole units.
    pub(crate) fn at_zoom(&self, z: u8, detail: Detail) -> ZoomShapes {
        let scale = f64::from(EXTENT) * f64::from(1_u32 << z);
        let full = if 0.0 < detail.tolerance {
            self.arcs_to_keep(scale, detail)
        } else {
            vec![true; self.topology.arcs()]
        };
        let zoom = Zoom { source: self, scale, detail, full };
        let mut shapes = ZoomShapes { shapes: Vec::new(), losses: self.bad.clone() };
        for outline in &self.outlines {
            let paths = match outline.kind {
                Kind::Points => zoom.points(&outline.points),
                Kind::Lines => zoom.lines(outline, &mut shapes.losses),
                Kind::Polygons => zoom.polygons(outline, &mut shapes.losses),
            };
            if !paths.is_empty() {
                let (feature, kind, bounds) = (outline.feature, outline.kind, paths.bounds());
                shapes.shapes.push(Shape { feature, kind, paths, bounds });
            }
        }
        shapes
    }

    /// Arcs of shells that the tolerance would make vanish: they stay as they are, for both of
    /// their sides.
    fn arcs_to_keep(&self, scale: f64, detail: Detail) -> Vec<bool> {
        let mut full = vec![false; self.topology.arcs()];
        let zoom = Zoom { source: self, scale, detail, full: full.clone() };
        for outline in self.outlines.iter().filter(|outline| outline.kind == Kind::Polygons) {
            for part in &outline.parts {
                if rings::area2(&zoom.ring(part.start)) <= 0.0 {
                    for arc in self.topology.arcs_of(part.start) {
                        full[arc] = true;
                    }
                }
            }
        }
        full
    }
}

/// A source seen at one zoom.
struct Zoom<'a> {
    source: &'a Source,
    /// Units across the world.
    scale: f64,
    detail: Detail,
    /// Arcs that are not simplified.
    full: Vec<bool>,
}

impl Zoom<'_> {
    fn place(&self, [x, y]: Point) -> Point {
        rings::whole([x * self.scale, y * self.scale])
    }

    fn path(&self, path: usize) -> impl Iterator<Item = Point> {
        let tolerance = self.detail.tolerance / self.scale;
        self.source
            .topology
            .points(path, move |arc| if self.full[arc] { 0.0 } else { tolerance })
            .map(|point| self.place(point))
    }

    fn ring(&self, path: usize) -> Vec<Point> {
        rings::clean_ring(self.path(path))
    }

    /// Each point in a tile of the scheme: the eastern and southern edges of the world belong to
    /// the last tile.
    fn points(&self, points: &[Point]) -> Paths {
        let mut paths = Paths::default();
        for &point in points {
            paths.push([self.within(self.place(point))]);
        }
        paths
    }

    /// A unit that begins in the world begins before its eastern and southern edges.
    fn within(&self, point: Point) -> Point {
        point.map(|value| if value <= self.scale { value.min(self.scale - 1.0) } else { value })
    }

    fn lines(&self, outline: &Outline, losses: &mut Losses) -> Paths {
        let mut paths = Paths::default();
        let mut short = 0;
        for part in &outline.parts {
            let line = rings::without_repeats(self.path(part.start));
            match line.first() {
                Some(&point) if line.len() < 2 && self.detail.loss_free => {
                    losses.add(Loss::ShortDrawn, 1);
                    let [x, y] = self.within(point);
                    paths.push([[x, y], [x + 1.0, y]]);
                }
                Some(_) if 1 < line.len() => paths.push(line),
                _ => short += 1,
            }
        }
        if paths.is_empty() {
            losses.add(Loss::ShortLine, 1);
        } else {
            losses.add(Loss::ShortPart, short);
        }
        paths
    }

    fn polygons(&self, outline: &Outline, losses: &mut Losses) -> Paths {
        let mut paths = Paths::default();
        let mut small = 0;
        for part in &outline.parts {
            let shell = self.ring(part.start);
            if rings::area2(&shell) <= 0.0 {
                if self.detail.loss_free {
                    losses.add(Loss::Collapsed, 1);
                    paths.push(self.stand_in(part.start));
                } else {
                    small += 1;
                }
                continue;
            }
            let all = part.len() - 1;
            let holes: Vec<Vec<Point>> = (part.start + 1..part.end)
                .map(|path| self.ring(path))
                .filter(|hole| rings::area2(hole) < 0.0)
                .collect();
            let collapsed = all - holes.len();
            let mut group = Group { shell, holes };
            let bad = rings::drop_bad_holes(&mut group);
            losses.add(Loss::SmallHole, collapsed);
            losses.add(Loss::BadHole, bad);
            paths.push(group.shell);
            for hole in group.holes {
                paths.push(hole);
            }
        }
        if !paths.is_empty() {
            losses.add(Loss::SmallPart, small);
        } else if let Some(part) = outline.parts.first() {
            losses.add(Loss::Collapsed, 1);
            paths.push(self.stand_in(part.start));
        }
        paths
    }

    /// One unit square where a polygon of no size lies.
    fn stand_in(&self, path: usize) -> [Point; 4] {
        let bounds = Bounds::around(self.path(path));
        let middle = |axis: usize| f64::midpoint(bounds.min[axis], bounds.max[axis]).floor();
        let [x, y] = self.within([middle(0), middle(1)]);
        [[x, y], [x + 1.0, y], [x + 1.0, y + 1.0], [x, y + 1.0]]
    }
}

impl Collected {
    fn add(&mut self, feature: usize, geometry: &Geometry<f64>) {
        let [mut points, mut lines, mut polygons] = [Kind::Points, Kind::Lines, Kind::Polygons]
            .map(|kind| Outline { feature, kind, points: Vec::new(), parts: Vec::new() });
        let mut open = vec![geometry];
        while let Some(geometry) = open.pop() {
            match geometry {
                Geometry::Point(point) => points.points.push(project(point.0)),
                Geometry::MultiPoint(many) => {
                    points.points.extend(many.iter().map(|point| project(point.0)));
                }
                Geometry::Line(line) => {
                    self.add_line(&LineString(vec![line.start, line.end]), &mut lines);
                }
                Geometry::LineString(line) => self.add_line(line, &mut lines),
                Geometry::MultiLineString(many) => {
                    many.iter().for_each(|line| self.add_line(line, &mut lines));
                }
                Geometry::Polygon(polygon) => self.add_polygon(polygon, &mut polygons),
                Geometry::MultiPolygon(many) => {
                    many.iter().for_each(|polygon| self.add_polygon(polygon, &mut polygons));
                }
                Geometry::Rect(rect) => self.add_polygon(&rect.to_polygon(), &mut polygons),
                Geometry::Triangle(triangle) => {
                    self.add_polygon(&triangle.to_polygon(), &mut polygons);
                }
                Geometry::GeometryCollection(many) => open.extend(many.0.iter().rev()),
            }
        }
        let found = |outline: &Outline| !(outline.points.is_empty() && outline.parts.is_empty());
        self.outlines.extend([points, lines, polygons].into_iter().filter(found));
    }

    fn add_line(&mut self, line: &LineString<f64>, to: &mut Outline) {
        let path = rings::without_repeats(line.0.iter().map(|&point| project(point)));
        if !path.is_empty() {
            to.parts.push(self.paths.len()..self.paths.len() + 1);
            self.paths.push((PathKind::Open, path));
        }
    }

    fn add_polygon(&mut self, polygon: &Polygon<f64>, to: &mut Outline) {
        let start = self.paths.len();
        for (order, ring) in
            std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate()
        {
            let mut path = rings::without_repeats(ring.0.iter().map(|&point| project(point)));
            if 1 < path.len() && path.first() == path.last() {
                path.pop();
            }
            match (path.is_empty(), order) {
                (true, 0) => return,
                (true, _) => continue,
                _ => {}
            }
            let is_shell = order == 0;
            if (rings::area2(&path) < 0.0) == is_shell {
                path.reverse();
            }
            self.paths.push((PathKind::Closed, path));
        }
        to.parts.push(start..self.paths.len());
    }
}

fn project(point: Coord<f64>) -> Point {
    to_unit([point.x, point.y])
}

/// Twice around the world in longitude, to let data cross the antimeridian; poles in latitude.
fn is_on_globe(geometry: &Geometry<f64>) -> bool {
    let sound = |point: &Coord<f64>| point.x.abs() <= 360.0 && point.y.abs() <= 90.0;
    let line = |line: &LineString<f64>| line.0.iter().all(sound);
    let polygon =
        |polygon: &Polygon<f64>| line(polygon.exterior()) && polygon.interiors().iter().all(line);
    let mut open = vec![geometry];
    while let Some(geometry) = open.pop() {
        let good = match geometry {
            Geometry::Point(point) => sound(&point.0),
            Geometry::MultiPoint(many) => many.iter().all(|point| sound(&point.0)),
            Geometry::Line(part) => sound(&part.start) && sound(&part.end),
            Geometry::LineString(part) => line(part),
            Geometry::MultiLineString(many) => many.iter().all(line),
            Geometry::Polygon(part) => polygon(part),
            Geometry::MultiPolygon(many) => many.iter().all(polygon),
            Geometry::Rect(rect) => sound(&rect.min()) && sound(&rect.max()),
            Geometry::Triangle(triangle) => triangle.to_array().iter().all(sound),
            Geometry::GeometryCollection(many) => {
                open.extend(many.iter());
                true
            }
        };
        if !good {
            return false;
        }
    }
    true
}
