//! A strict reader of finished tiles.
//!
//! Written from the specification and sharing no code with the encoder, so that one checks the
//! other. Besides every MUST it holds tiles to the SHOULDs that readers stumble over: no layer
//! without features, no key or value listed twice, no edge of zero length.
//!
//! Source: Mapbox Vector Tile Specification, version 2.1.

mod geometry;

use std::collections::HashSet;

use jomo_core::message::{Arguments, Coded};

use crate::wire::{Content, Malformed, Message, packed};

/// What a sound tile holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileSummary {
    /// Its layers, in order.
    pub layers: Vec<LayerSummary>,
}

/// What a layer of a sound tile holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerSummary {
    /// Name of the layer.
    pub name: String,
    /// Units along the edge of the tile.
    pub extent: u32,
    /// Number of point features.
    pub points: usize,
    /// Number of line features.
    pub lines: usize,
    /// Number of polygon features.
    pub polygons: usize,
    /// Number of keys.
    pub keys: usize,
    /// Number of values.
    pub values: usize,
}

/// One broken rule of the specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {layer:?}, feature {feature:?}: {rule}")]
pub struct VerifyFault {
    /// Name of the layer, if it has one.
    pub layer: Option<String>,
    /// Place of the feature in its layer, from 0, if a feature is at fault.
    pub feature: Option<usize>,
    /// What is wrong.
    pub rule: Rule,
}

impl Coded for VerifyFault {
    fn code(&self) -> &'static str {
        "tile-rule-broken"
    }

    fn arguments(&self) -> Arguments {
        let feature = self.feature.map_or_else(|| "-".to_owned(), |feature| feature.to_string());
        vec![
            ("layer", self.layer.clone().unwrap_or_else(|| "-".to_owned())),
            ("feature", feature),
            ("rule", self.rule.to_string()),
        ]
    }
}

/// A rule of the specification, by its chapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// Chapter 3: the bytes are a protobuf message with fields of the right types.
    #[error("the bytes are no vector tile")]
    Malformed,
    /// 4.1: a layer has version 2.
    #[error("the layer's version is not 2")]
    Version,
    /// 4.1: a layer has a name.
    #[error("the layer has no name")]
    Name,
    /// 4.1: no two layers have the same name.
    #[error("another layer has the same name")]
    NameTwice,
    /// 4.1: a layer has an extent above zero.
    #[error("the layer has no extent")]
    Extent,
    /// 4.1: a layer should have a feature.
    #[error("the layer has no feature")]
    NoFeature,
    /// 4.1: keys should be listed once.
    #[error("a key is listed twice")]
    KeyTwice,
    /// 4.1: values should be listed once.
    #[error("a value is listed twice")]
    ValueTwice,
    /// 4.1: a value has exactly one type.
    #[error("a value has no type or several")]
    Value,
    /// 4.2: a feature has a type.
    #[error("the feature has no known type")]
    Type,
    /// 4.2: a feature has a geometry.
    #[error("the feature has no geometry")]
    NoGeometry,
    /// 4.4: tags come in pairs.
    #[error("the tags are not pairs")]
    OddTags,
    /// 4.4: tags point to keys and values of the layer.
    #[error("a tag points to nothing")]
    TagIndex,
    /// 4.4: a feature has a key once.
    #[error("the feature has a key twice")]
    TagTwice,
    /// 4.3.1 and 4.3.4: commands of the type, in its order, with a possible count.
    #[error("a command is out of place")]
    Command,
    /// 4.3.2: each command has its parameters.
    #[error("parameters are missing or impossible")]
    Parameters,
    /// 4.3.3.2: an edge has a length.
    #[error("an edge has no length")]
    ZeroLength,
    /// 4.3.3.3: the last vertex of a ring is not the first one again.
    #[error("a ring is closed twice")]
    ClosedTwice,
    /// 4.3.4.4: a ring has an area.
    #[error("a ring has no area")]
    ZeroArea,
    /// 4.3.4.4: the first ring is an exterior one.
    #[error("a hole comes before any shell")]
    HoleFirst,
    /// 4.3.4.4: holes lie within their shell.
    #[error("a hole leaves its shell")]
    HoleOutside,
    /// 4.3.4.4: holes do not overlap.
    #[error("two holes overlap")]
    HolesOverlap,
}

/// Checks an uncompressed tile against the specification.
///
/// The work grows with the square of the vertices of one polygon with holes, at worst.
///
/// # Errors
/// All broken rules: per feature at most one of its geometry.
///
/// ```
/// let empty = jomo_tile::verify(&[]).unwrap();
/// assert!(empty.layers.is_empty());
/// assert!(jomo_tile::verify(&[0x1a, 0xff]).is_err());
/// ```
pub fn verify(tile: &[u8]) -> Result<TileSummary, Vec<VerifyFault>> {
    let mut summary = TileSummary::default();
    let mut faults = Vec::new();
    let mut names = HashSet::new();
    for field in Message::new(tile) {
        let Ok((number, content)) = field else {
            faults.push(VerifyFault { layer: None, feature: None, rule: Rule::Malformed });
            break;
        };
        match (number, content) {
            (3, Content::Bytes(bytes)) => {
                let mut check = LayerCheck::default();
                if let Err(rule) = check.read(bytes) {
                    check.fault(None, rule);
                }
                if !names.insert(check.summary.name.clone()) {
                    check.fault(None, Rule::NameTwice);
                }
                faults.append(&mut check.faults);
                summary.layers.push(check.summary);
            }
            // 16 to 8191 are left to extensions.
            (16..=8191, _) => {}
            _ => faults.push(VerifyFault { layer: None, feature: None, rule: Rule::Malformed }),
        }
    }
    if faults.is_empty() { Ok(summary) } else { Err(faults) }
}

#[derive(Default)]
struct LayerCheck {
    summary: LayerSummary,
    faults: Vec<VerifyFault>,
    version: Option<u64>,
}

impl From<Malformed> for Rule {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl LayerCheck {
    fn fault(&mut self, feature: Option<usize>, rule: Rule) {
        let name = &self.summary.name;
        let layer = (!name.is_empty()).then(|| name.clone());
        self.faults.push(VerifyFault { layer, feature, rule });
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), Rule> {
        let (mut keys, mut values, mut features) = (Vec::new(), Vec::new(), Vec::new());
        for field in Message::new(bytes) {
            match field? {
                (1, Content::Bytes(name)) => {
                    text(name)?.clone_into(&mut self.summary.name);
                }
                (2, Content::Bytes(feature)) => features.push(feature),
                (3, Content::Bytes(key)) => keys.push(text(key)?),
                (4, Content::Bytes(value)) => values.push(value),
                (5, Content::Varint(extent)) => {
                    self.summary.extent = u32::try_from(extent).ok().ok_or(Rule::Extent)?;
                }
                (15, Content::Varint(version)) => self.version = Some(version),
                (16..=8191, _) => {}
                _ => return Err(Rule::Malformed),
            }
        }
        self.check_lists(&keys, &values);
        for (index, feature) in features.iter().enumerate() {
            if let Err(rule) = self.read_feature(feature, keys.len(), values.len()) {
                self.fault(Some(index), rule);
            }
        }
        if features.is_empty() {
            self.fault(None, Rule::NoFeature);
        }
        Ok(())
    }

    fn check_lists(&mut self, keys: &[&str], values: &[&[u8]]) {
        (self.summary.keys, self.summary.values) = (keys.len(), values.len());
        let checks = [
            (self.version == Some(2), Rule::Version),
            (!self.summary.name.is_empty(), Rule::Name),
            (self.summary.extent != 0, Rule::Extent),
            (keys.iter().collect::<HashSet<_>>().len() == keys.len(), Rule::KeyTwice),
            (values.iter().collect::<HashSet<_>>().len() == values.len(), Rule::ValueTwice),
            (values.iter().all(|value| is_value(value)), Rule::Value),
        ];
        for (_, rule) in checks.into_iter().filter(|(kept, _)| !kept) {
            self.fault(None, rule);
        }
    }

    fn read_feature(&mut self, bytes: &[u8], keys: usize, values: usize) -> Result<(), Rule> {
        let (mut kind, mut tags, mut geometry) = (0, Vec::new(), Vec::new());
        for field in Message::new(bytes) {
            match field? {
                // The number of the feature: any.
                (1, Content::Varint(_)) | (16..=8191, _) => {}
                (2, Content::Bytes(words)) => tags.extend(packed(words)?),
                (3, Content::Varint(found)) => kind = found,
                (4, Content::Bytes(words)) => geometry.extend(packed(words)?),
                _ => return Err(Rule::Malformed),
            }
        }
        check_tags(&tags, keys, values)?;
        let counter = match kind {
            1 => &mut self.summary.points,
            2 => &mut self.summary.lines,
            3 => &mut self.summary.polygons,
            _ => return Err(Rule::Type),
        };
        *counter += 1;
        if geometry.is_empty() {
            return Err(Rule::NoGeometry);
        }
        match kind {
            1 => geometry::check_points(&geometry),
            2 => geometry::check_lines(&geometry),
            _ => geometry::check_polygons(&geometry),
        }
    }
}

fn check_tags(tags: &[u32], keys: usize, values: usize) -> Result<(), Rule> {
    if !tags.len().is_multiple_of(2) {
        return Err(Rule::OddTags);
    }
    let mut seen = HashSet::new();
    for pair in tags.chunks_exact(2) {
        if keys <= pair[0] as usize || values <= pair[1] as usize {
            return Err(Rule::TagIndex);
        }
        if !seen.insert(pair[0]) {
            return Err(Rule::TagTwice);
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str, Rule> {
    std::str::from_utf8(bytes).ok().ok_or(Rule::Malformed)
}

/// Whether a value message has exactly one of its seven fields.
fn is_value(bytes: &[u8]) -> bool {
    let mut fields = Message::new(bytes);
    let known = matches!(
        fields.next(),
        Some(Ok((1, Content::Bytes(_))
            | (2, Content::Fixed32(_))
            | (3, Content::Fixed64(_))
            | (4..=7, Content::Varint(_))))
    );
    known && fields.next().is_none()
}
