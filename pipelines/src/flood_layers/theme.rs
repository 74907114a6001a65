//! What is told of a flood: quantities, their classes and colours.

use std::collections::BTreeMap;

use jomo_core::feature::{Code, Field, FieldType};
use jomo_core::layer::{LegendEntry, Symbol};
use jomo_words::both;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Water shallower than this is not drawn, m: the depth at which water counts as arrived.
pub const SHOWN_FROM_M: f64 = 0.1;
/// Class of cells without flood, as published and in grids, where 0 is no data.
pub const DRY: i64 = 0;
pub(super) const DRY_CELL: u8 = 10;
/// Class of what is under water from the start: the river.
pub const RIVER: u8 = 9;
/// Colours of the two: a veil, and water.
const DRY_COLOR: &str = "#f4f4f2";
const RIVER_COLOR: &str = "#b9d9ee";

/// Editions of the ministry's depth classes (水害ハザードマップ作成の手引き, May 2023). One colour
/// means different depths in the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// Eight classes.
    #[default]
    Detailed,
    /// Six classes.
    Standard,
}

/// Lower bound of a class and its colour.
type Classes = &'static [(f64, &'static str)];

/// Depth in m, detailed edition.
const DETAILED: Classes = &[
    (0.0, "#ffffb3"),
    (0.3, "#f7f5a9"),
    (0.5, "#f8e1a6"),
    (1.0, "#ffd8c0"),
    (3.0, "#ffb7b7"),
    (5.0, "#ff9191"),
    (10.0, "#f285c9"),
    (20.0, "#dc7adc"),
];
/// Depth in m, standard edition.
const STANDARD: Classes = &[
    (0.0, "#f7f5a9"),
    (0.5, "#ffd8c0"),
    (3.0, "#ffb7b7"),
    (5.0, "#ff9191"),
    (10.0, "#f285c9"),
    (20.0, "#dc7adc"),
];
/// Standard class of each detailed class.
const STANDARD_OF: [i64; 8] = [1, 1, 2, 2, 3, 4, 5, 6];
/// Arrival after the start, s. Our own colours: no standard is known.
const ARRIVAL: Classes = &[
    (0.0, "#4a1486"),
    (1_800.0, "#7a4fb0"),
    (3_600.0, "#a58bcf"),
    (7_200.0, "#c9bce4"),
    (10_800.0, "#e6e0f3"),
];
/// Time at 0.5 m or more, s. The ministry's classes begin at twelve hours, longer than a forecast.
const DURATION: Classes = &[
    (0.0, "#f7ead2"),
    (1_800.0, "#ecca8f"),
    (3_600.0, "#d59f50"),
    (7_200.0, "#a86c26"),
    (10_800.0, "#6f400e"),
];
/// v² h, m³/s².
const FORCE: Classes =
    &[(0.0, "#e2f1ed"), (0.5, "#a8d7cb"), (1.0, "#62b3a4"), (2.5, "#2c8072"), (5.0, "#0d4c44")];

/// One layer of a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Theme {
    /// Depth at each output.
    Depth,
    /// Greatest depth.
    DepthMax,
    /// When 0.1 m was reached.
    Arrival,
    /// How long 0.5 m stood.
    Duration,
    /// Greatest v² h.
    Force,
}

impl Theme {
    /// All of them, in the order of drawing.
    pub const ALL: [Self; 5] =
        [Self::Depth, Self::DepthMax, Self::Arrival, Self::Duration, Self::Force];

    /// Id of the layer.
    #[must_use]
    pub fn layer(self) -> &'static str {
        match self {
            Self::Depth => "flood_depth",
            Self::DepthMax => "flood_depth_max",
            Self::Arrival => "flood_arrival",
            Self::Duration => "flood_duration",
            Self::Force => "flood_force",
        }
    }

    /// Raster of the run; that of [`Theme::Depth`] carries its time in seconds in its name.
    #[must_use]
    pub fn raster(self) -> Option<&'static str> {
        match self {
            Self::Depth => None,
            Self::DepthMax => Some("depth_max.tif"),
            Self::Arrival => Some("arrival_s.tif"),
            Self::Duration => Some("duration_s.tif"),
            Self::Force => Some("hazard_max.tif"),
        }
    }

    pub(super) fn is_depth(self) -> bool {
        matches!(self, Self::Depth | Self::DepthMax)
    }

    /// Words of its classes, without their number.
    fn words(self) -> &'static str {
        match self {
            Self::Depth | Self::DepthMax => "flood-depth-detailed",
            Self::Arrival => "flood-arrival",
            Self::Duration => "flood-duration",
            Self::Force => "flood-force",
        }
    }

    fn classes(self) -> Classes {
        match self {
            Self::Depth | Self::DepthMax => DETAILED,
            Self::Arrival => ARRIVAL,
            Self::Duration => DURATION,
            Self::Force => FORCE,
        }
    }

    /// The class of a value, 1 and more; a bound belongs to the class above it. [`DRY_CELL`] for
    /// what is not drawn: less than 0.1 m, or than a hundredth of the other units.
    pub(super) fn class_of(self, value: f64) -> u8 {
        let is_drawn = match self {
            Self::Depth | Self::DepthMax => SHOWN_FROM_M <= value,
            Self::Arrival => !value.is_nan(),
            Self::Duration => 0.0 < value,
            Self::Force => LEAST_FORCE <= value,
        };
        if !is_drawn {
            return DRY_CELL;
        }
        let reached = self.classes().iter().skip(1).take_while(|(from, _)| *from <= value).count();
        u8::try_from(reached + 1).unwrap_or(DRY_CELL)
    }

    /// Field of the class, and of the smallest and greatest value.
    pub(super) fn fields(self) -> Vec<Field> {
        let [class, low, high] = self.names();
        let mut fields = vec![coded(class, self.words(), self.classes())];
        if self.is_depth() {
            fields.push(coded("depth_class_standard", "flood-depth-standard", STANDARD));
        }
        for name in [low, high] {
            let title = both(&format!("field-{}", name.replace('_', "-")));
            fields.push(Field::new(name, FieldType::Float, title).with_unit(self.unit()));
        }
        let area = Field::new("area_m2", FieldType::Float, both("field-area-m2"));
        fields.push(area.with_unit("m²"));
        fields
    }

    /// Names of the fields of class, smallest and greatest value.
    pub(super) fn names(self) -> [&'static str; 3] {
        match self {
            Self::Depth | Self::DepthMax => ["depth_class", "depth_min_m", "depth_max_m"],
            Self::Arrival => ["arrival_class", "arrival_from_min", "arrival_to_min"],
            Self::Duration => ["duration_class", "duration_from_min", "duration_to_min"],
            Self::Force => ["force_class", "force_min", "force_max"],
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Depth | Self::DepthMax => "m",
            Self::Arrival | Self::Duration => "min",
            Self::Force => "m³/s²",
        }
    }

    /// A value as it is published: centimetres, whole minutes, hundredths.
    pub(super) fn told(self, value: f64) -> f64 {
        match self {
            Self::Arrival | Self::Duration => (value / 60.0).floor(),
            _ => (value * 100.0).round() / 100.0,
        }
    }

    /// Field that colours the map, words and classes of an edition.
    fn shown(self, edition: Edition) -> (&'static str, &'static str, Classes) {
        match (self.is_depth(), edition) {
            (true, Edition::Standard) => ("depth_class_standard", "flood-depth-standard", STANDARD),
            _ => (self.names()[0], self.words(), self.classes()),
        }
    }

    /// Fills by class, with the line around that sets a prediction apart from what is designated.
    pub(super) fn style(self, edition: Edition) -> Vec<serde_json::Value> {
        let (field, _, classes) = self.shown(edition);
        let mut color = vec![json!("match"), json!(["get", field])];
        for (class, (_, css)) in (1..).zip(classes) {
            color.extend([json!(class), json!(css)]);
        }
        color.extend([json!(RIVER), json!(RIVER_COLOR), json!(DRY_COLOR)]);
        let is_dry = json!(["==", ["get", field], DRY]);
        let opacity = json!(["case", is_dry, 0.45, 1]);
        vec![
            json!({
                "type": "fill",
                "paint": {
                    "fill-color": color,
                    "fill-opacity": opacity,
                    "fill-antialias": false,
                },
            }),
            json!({
                "type": "line",
                "minzoom": 13,
                "filter": ["all", ["<", DRY, ["get", field]], ["<", ["get", field], RIVER]],
                "paint": { "line-color": "#7a6a5c", "line-width": 0.5, "line-opacity": 0.7 },
            }),
        ]
    }

    pub(super) fn legend(self, edition: Edition) -> Vec<LegendEntry> {
        let (_, words, classes) = self.shown(edition);
        let entry = |label: &str, color: &str| LegendEntry {
            label: both(label),
            color: color.to_owned(),
            symbol: Symbol::Fill,
        };
        let graded = (1..).zip(classes);
        let graded = graded.map(|(class, (_, color))| entry(&format!("{words}-{class}"), color));
        let others = [entry("flood-class-dry", DRY_COLOR), entry("flood-class-river", RIVER_COLOR)];
        graded.chain(others).collect()
    }
}

/// Least v² h that is drawn, m³/s².
const LEAST_FORCE: f64 = 0.01;

/// Class in the standard edition of a class as published.
pub(super) fn standard_of(class: i64) -> i64 {
    let graded = usize::try_from(class - 1).ok().and_then(|index| STANDARD_OF.get(index));
    graded.copied().unwrap_or(class)
}

/// A class of a grid as it is published.
pub(super) fn published(class: u8) -> i64 {
    if class == DRY_CELL { DRY } else { i64::from(class) }
}

fn coded(name: &str, words: &str, classes: Classes) -> Field {
    let mut field = Field::new(name, FieldType::Int, both(&format!("field-{words}")));
    let graded: BTreeMap<i64, (String, &str)> = (1..)
        .zip(classes)
        .map(|(class, (_, color))| (class, (format!("{words}-{class}"), *color)))
        .chain([
            (DRY, ("flood-class-dry".to_owned(), DRY_COLOR)),
            (i64::from(RIVER), ("flood-class-river".to_owned(), RIVER_COLOR)),
        ])
        .collect();
    field.codes = graded
        .into_iter()
        .map(|(value, (label, color))| Code {
            value: json!(value),
            label: both(&label),
            color: Some(color.to_owned()),
        })
        .collect();
    field
}
