//! One tile: normal form, MVT, gzip.
//!
//! The bytes are written by `fast-mvt`, which encodes what it is given: every rule of the
//! specification about geometry is kept here, before it sees a feature. Choice and measurements:
//! `docs/methods/tiles.md`.

use fast_mvt::{MvtCoord, MvtError, MvtFeatureBuilder, MvtGeomType, MvtLayerBuilder, MvtValueRef};
use jomo_core::feature::{Feature, FeatureTable, Value, fid};
use libdeflater::{CompressionLvl, Compressor};

use crate::build::Ids;
use crate::paths::{Paths, Point};
use crate::report::{Loss, Losses};
use crate::rings::{self, Group};
use crate::shapes::Kind;

/// A geometry in the form that the specification demands, in units of the tile.
#[derive(Debug)]
pub(crate) enum Normal {
    Points(Vec<Point>),
    Lines(Vec<Vec<Point>>),
    Polygons(Vec<Group>),
}

impl Normal {
    /// Rounds what clipping left and drops what has no size in this tile: `None` if nothing
    /// remains. The part that a neighbour shows is not a loss.
    pub(crate) fn of_clipped(kind: Kind, paths: &Paths) -> Option<Self> {
        let normal = match kind {
            Kind::Points => return Self::of_whole(kind, paths),
            Kind::Lines => {
                let parts = paths.iter().map(|path| {
                    rings::without_repeats(path.iter().map(|&point| rings::whole(point)))
                });
                Self::Lines(parts.filter(|part| 1 < part.len()).collect())
            }
            Kind::Polygons => {
                let rings = paths
                    .iter()
                    .map(|path| rings::clean_ring(path.iter().map(|&point| rings::whole(point))));
                let rings = rings.filter(|ring| 0.5 < rings::area2(ring).abs()).collect();
                let (mut groups, _) = rings::group(rings);
                for group in &mut groups {
                    rings::drop_bad_holes(group);
                }
                Self::Polygons(groups)
            }
        };
        normal.is_something().then_some(normal)
    }

    /// Takes over a shape that no clipping touched: it is in normal form since it was rounded.
    pub(crate) fn of_whole(kind: Kind, paths: &Paths) -> Option<Self> {
        let normal = match kind {
            Kind::Points => Self::Points(paths.iter().flatten().copied().collect()),
            Kind::Lines => Self::Lines(paths.iter().map(<[Point]>::to_vec).collect()),
            Kind::Polygons => {
                let mut groups: Vec<Group> = Vec::new();
                for ring in paths.iter() {
                    match groups.last_mut() {
                        Some(group) if rings::area2(ring) < 0.0 => group.holes.push(ring.to_vec()),
                        _ => groups.push(Group { shell: ring.to_vec(), holes: Vec::new() }),
                    }
                }
                Self::Polygons(groups)
            }
        };
        normal.is_something().then_some(normal)
    }

    fn is_something(&self) -> bool {
        match self {
            Self::Points(points) => !points.is_empty(),
            Self::Lines(lines) => !lines.is_empty(),
            Self::Polygons(groups) => !groups.is_empty(),
        }
    }
}

/// A layer of a tile while features are added.
pub(crate) struct LayerEncoder {
    layer: MvtLayerBuilder,
    ids: Ids,
    losses: Losses,
}

impl LayerEncoder {
    pub(crate) fn new(name: &str, ids: Ids) -> Result<Self, MvtError> {
        Ok(Self { layer: MvtLayerBuilder::new(name)?, ids, losses: Losses::default() })
    }

    /// Adds row `row` of a table, drawn as `normal` in a tile whose north-west corner is `origin`.
    pub(crate) fn add(
        mut self,
        table: &FeatureTable,
        row: usize,
        normal: &Normal,
        origin: Point,
    ) -> Result<Self, MvtError> {
        let at = |point: &Point| local(*point, origin);
        let mut feature = match normal {
            Normal::Points(points) => {
                let mut feature = self.layer.feature_of(MvtGeomType::Point);
                feature.points(points.iter().map(at))?;
                feature
            }
            Normal::Lines(lines) => {
                let mut feature = self.layer.feature_of(MvtGeomType::LineString);
                for line in lines {
                    feature.line(line.iter().map(at))?;
                }
                feature
            }
            Normal::Polygons(groups) => {
                let mut feature = self.layer.feature_of(MvtGeomType::Polygon);
                for group in groups {
                    feature.ring(group.shell.iter().map(at), true)?;
                    for hole in &group.holes {
                        feature.ring(hole.iter().map(at), false)?;
                    }
                }
                feature
            }
        };
        if let Some(source) = table.features.get(row) {
            feature.id(Some(self.ids.number(&source.id)));
            tag(&mut feature, table, source, &mut self.losses)?;
        }
        Ok(Self { layer: feature.end(), ..self })
    }

    /// The encoded layer, ready to be joined with others, and what was lost.
    pub(crate) fn finish(self) -> (Vec<u8>, Losses) {
        (self.layer.encode(), self.losses)
    }
}

impl Ids {
    fn number(self, id: &str) -> u64 {
        // A leading zero or sign is part of an id, and no part of a number.
        let is_number =
            id == "0" || id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
        let number = id.parse().ok().filter(|number| is_number && *number < 1 << 53);
        match (self, number) {
            (Self::Kept, Some(number)) => number,
            (Self::Kept, None) | (Self::Hashed, _) => fid(id),
        }
    }
}

/// Values of a feature. An absent value is an absent key; integers are written in the
/// shortest form for their sign.
fn tag(
    feature: &mut MvtFeatureBuilder,
    table: &FeatureTable,
    source: &Feature,
    losses: &mut Losses,
) -> Result<(), MvtError> {
    for (field, value) in table.fields.iter().zip(&source.values) {
        let value = match value {
            None => continue,
            Some(Value::Bool(value)) => MvtValueRef::Bool(*value),
            Some(Value::Int(value)) => match u64::try_from(*value) {
                Ok(value) => MvtValueRef::UInt(value),
                Err(_) => MvtValueRef::SInt(*value),
            },
            Some(Value::Float(value)) if value.is_finite() => MvtValueRef::Double(*value),
            Some(Value::Float(_)) => {
                losses.add(Loss::BadValue, 1);
                continue;
            }
            Some(Value::Text(value)) => MvtValueRef::String(value),
        };
        feature.tag_ref(&field.name, value)?;
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "clipped to a tile and its buffer: below 2^18, whole"
)]
fn local(point: Point, origin: Point) -> MvtCoord {
    MvtCoord { x: (point[0] - origin[0]) as i32, y: (point[1] - origin[1]) as i32 }
}

/// Compresses tiles, one after the other, in the same memory.
pub(crate) struct Packer(Compressor);

impl Packer {
    /// `level` of gzip, 0 to 12; what is above counts as 12.
    pub(crate) fn new(level: u8) -> Self {
        Self(Compressor::new(CompressionLvl::new(level.into()).unwrap_or(CompressionLvl::best())))
    }

    /// Compresses a tile. The header holds no time and no name, so equal tiles are equal files.
    pub(crate) fn gzip(&mut self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut packed = vec![0; self.0.gzip_compress_bound(bytes.len())];
        let length = self.0.gzip_compress(bytes, &mut packed).map_err(std::io::Error::other)?;
        packed.truncate(length);
        packed.shrink_to_fit();
        Ok(packed)
    }
}
