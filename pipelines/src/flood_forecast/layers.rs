//! The layers of a forecast: gauges, banks.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use geo_types::{Geometry, LineString, Point};
use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::feature::{Code, Feature, FeatureTable, Field, FieldType, Value};
use jomo_core::frame::Position;
use jomo_core::layer::{Access, Kind, Layer, LegendEntry, Mode, SPEC_VERSION, Symbol};
use jomo_core::organisation::OrganisationKind;
use jomo_core::projection::{ProjectionError, Zone, inverse};
use jomo_flood::gauge::{Observation, OutageCause};
use jomo_flood::waterway::Node;
use jomo_store::{LayerStage, series_file};
use jomo_terrain::bank::Bank;
use jomo_tile::LayerSource;
use jomo_words::both;
use serde_json::{Value as Json, json};

use super::record::{BankForecast, GaugeForecast, TOLD_H};
use crate::failure::{CommandError, Exit, Failure};
use crate::gauge_tables::Station;
use crate::layer_files::write_step;
use crate::region::Region;
use crate::run::{Context, Plan};

/// Ids of the layers.
pub(super) const LEVELS: &str = "river_forecast";
pub(super) const BANKS: &str = "river_risk";
/// Zooms of gauges and of banks. Forecasts end at zoom 14, drawn on to 16: a house has no forecast
/// of its own.
const GAUGE_ZOOMS: std::ops::RangeInclusive<u8> = 6..=14;
const BANK_ZOOMS: std::ops::RangeInclusive<u8> = 9..=14;
/// Colours of the classes of risk, from none to certain: our own, those of alert levels belong to
/// issued information alone. Each but the lowest two has 3:1 and more against the ground of the map.
const RISK_COLORS: [&str; 5] = ["#7d8894", "#a77fdc", "#8246c9", "#5b189f", "#2e0059"];
/// Lower bounds of the classes of risk of a bank, in percent.
const RISK_FROM: [i64; 5] = [0, 5, 25, 50, 75];
/// Lead of the chance that a bank is drawn by, its place among the told ones.
const DRAWN_LEAD: usize = 2;

/// What all layers of a forecast share.
pub(super) struct Issue<'a> {
    pub(super) region: &'a Region,
    pub(super) plan: &'a Plan,
    pub(super) mode: Mode,
    pub(super) reference_time: Timestamp,
    pub(super) times: &'a [Timestamp],
    pub(super) context: &'a Context,
    /// Whether a levee gave way in the inundation.
    pub(super) has_breach: bool,
    /// What was missing or not believed: whoever reads a layer has to learn of it.
    pub(super) faults: &'a Faults,
    /// What the tables make every cycle leave out.
    pub(super) standing: &'a Faults,
}

/// Words of layers in whose flood a levee gave way.
pub(super) const BREACH: &str = "credit-forecast-breach";

/// What a layer has of its own.
pub(super) struct Look {
    pub(super) id: &'static str,
    pub(super) fields: Vec<Field>,
    pub(super) style: Vec<Json>,
    pub(super) legend: Vec<LegendEntry>,
    pub(super) zooms: std::ops::RangeInclusive<u8>,
    /// Whether a map begins without it.
    pub(super) hidden: bool,
}

impl Issue<'_> {
    /// After this moment a live forecast is stale.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        let valid = SignedDuration::try_from_secs_f64(60.0 * self.region.forecasts.valid_for_min);
        valid.ok().and_then(|valid| self.reference_time.checked_add(valid).ok())
    }

    /// Whose people may see it: those for whom the region names a legal basis.
    pub(super) fn audience(&self) -> Vec<OrganisationKind> {
        let legal = self.region.forecasts.legal.iter().flat_map(|basis| &basis.audience);
        let mut audience = vec![OrganisationKind::Prefecture];
        for kind in legal {
            if !audience.contains(kind) {
                audience.push(*kind);
            }
        }
        audience
    }

    /// Describes a layer.
    pub(super) fn describe(&self, look: Look, bbox: [f64; 4]) -> Layer {
        let fictional = self.mode == Mode::Fictional;
        let worded = |id: String| both(&if fictional { format!("{id}-fictional") } else { id });
        Layer {
            spec: SPEC_VERSION,
            id: look.id.to_owned(),
            version: String::new(),
            title: worded(format!("layer-{}", look.id.replace('_', "-"))),
            kind: Kind::Forecast,
            mode: self.mode,
            access: if fictional { Access::Public } else { Access::Restricted },
            audience: if fictional { Vec::new() } else { self.audience() },
            row_access: None,
            attribution: worded(
                if self.has_breach && look.id.starts_with("flood") {
                    BREACH
                } else {
                    "credit-forecast"
                }
                .to_owned(),
            ),
            licence: match &self.region.rainfall.licence {
                Some(licence) if fictional => licence.clone(),
                _ => both("licence-unknown").ja,
            },
            source_crs: format!("EPSG:{}", self.region.zone.epsg()),
            bbox,
            minzoom: *look.zooms.start(),
            maxzoom: *look.zooms.end(),
            fields: look.fields,
            style: look.style,
            legend: look.legend,
            legend_title: Some(both(&format!("legend-{}", look.id.replace('_', "-")))),
            hidden: look.hidden,
            feature_count: 0,
            reference_time: Some(self.reference_time),
            valid_times: Vec::new(),
            expires: self.expires().filter(|_| self.mode == Mode::Live),
            clock: (self.mode != Mode::Live).then_some(self.reference_time),
            run: self.plan.provenance(self.faults, self.standing),
            files: BTreeMap::new(),
        }
    }

    /// Stages a layer without time, with further files.
    pub(super) fn put(
        &self,
        stage: &Path,
        look: Look,
        features: Vec<Feature>,
        more: Vec<(String, Vec<u8>)>,
    ) -> Result<Layer, Failure> {
        let zooms = look.zooms.clone();
        let mut layer = self.describe(look, self.region.bbox);
        let mut staged = match layer.access {
            Access::Public => LayerStage::begin(stage, &layer.id),
            Access::Restricted => LayerStage::begin_restricted(stage, &layer.id),
        }?;
        layer.feature_count = features.len() as u64;
        let table = FeatureTable { fields: layer.fields.clone(), features };
        let source = LayerSource { name: &layer.id, table: &table, zooms };
        write_step(&mut staged, &layer, None, &table, &[source])?;
        for (name, bytes) in more {
            let path = staged.path(&name)?;
            let fail =
                |fault: std::io::Error| Failure::new(Exit::Failed, CommandError::io(&path, &fault));
            let mut out = BufWriter::new(File::create(&path).map_err(fail)?);
            out.write_all(&bytes).and_then(|()| out.flush()).map_err(fail)?;
            staged.add(&name)?;
        }
        Ok(staged.finish(layer, self.context.now)?)
    }
}

/// The class of risk of a gauge: how far into its levels the band reaches within the forecast.
fn gauge_class(forecast: &GaugeForecast, times: &[Timestamp]) -> i64 {
    let [danger, overflow] = forecast.thresholds_m;
    let reached =
        |level: Option<f64>| level.map_or([None, None], |level| forecast.reached(times, level));
    let ([high_danger, middle_danger], [high_over, middle_over]) =
        (reached(danger), reached(overflow));
    match () {
        () if middle_over.is_some() => 4,
        () if high_over.is_some() => 3,
        () if middle_danger.is_some() => 2,
        () if high_danger.is_some() => 1,
        () => 0,
    }
}

fn class_field(name: &str, words: &str) -> Field {
    let mut field = Field::new(name, FieldType::Int, both(&format!("field-{words}")));
    let code = |(class, color): (usize, &&str)| Code {
        value: json!(class),
        label: both(&format!("{words}-{class}")),
        color: Some((*color).to_owned()),
    };
    field.codes = RISK_COLORS.iter().enumerate().map(code).collect();
    field
}

fn legend(words: &str, symbol: Symbol) -> Vec<LegendEntry> {
    let entry = |(class, color): (usize, &&str)| LegendEntry {
        label: both(&format!("{words}-{class}")),
        color: (*color).to_owned(),
        symbol,
    };
    RISK_COLORS.iter().enumerate().rev().map(entry).collect()
}

/// An expression that gives each class its value.
fn by_class<T: serde::Serialize>(field: &str, values: &[T; 5]) -> Json {
    let mut all = vec![json!("match"), json!(["get", field])];
    for (class, value) in values.iter().enumerate() {
        all.extend([json!(class), json!(value)]);
    }
    all.push(json!(values[0]));
    Json::Array(all)
}

fn metres(value: f64) -> Value {
    // Centimetres: more would pretend to know.
    Value::Float((100.0 * value).round() / 100.0)
}

pub(super) fn time(value: Option<Timestamp>) -> Option<Value> {
    value.map(|time| Value::Text(time.to_string()))
}

fn text_field(name: &str) -> Field {
    field(name, FieldType::Text)
}

fn time_field(name: &str) -> Field {
    Field::time(name, both(&format!("field-{}", name.replace('_', "-"))))
}

fn field(name: &str, kind: FieldType) -> Field {
    Field::new(name, kind, both(&format!("field-{}", name.replace('_', "-"))))
}

/// Fields of gauges, in the order of [`gauge_feature`].
fn gauge_fields() -> Vec<Field> {
    let level = |name: &str| field(name, FieldType::Float).with_unit("m");
    let chance = |name: &str| field(name, FieldType::Int).with_unit("%");
    let mut said = field("gauge_state", FieldType::Int);
    said.codes = (0..7)
        .map(|state| Code {
            value: json!(state),
            label: both(&format!("gauge-state-{state}")),
            color: None,
        })
        .collect();
    vec![
        text_field("name"),
        class_field("risk", "gauge-risk"),
        said,
        level("observed_m"),
        time_field("observed_at"),
        level("model_error_m"),
        level("danger_m"),
        level("overflow_m"),
        level("peak_p50_m"),
        level("peak_p90_m"),
        time_field("peak_at"),
        chance("p_danger_6h"),
        chance("p_overflow_6h"),
        time_field("danger_early"),
        time_field("danger_at"),
        time_field("overflow_early"),
        time_field("overflow_at"),
    ]
}

/// The layer of gauges with their series.
pub(super) fn put_gauges(
    issue: &Issue<'_>,
    stage: &Path,
    stations: &[Station],
    forecasts: &[GaugeForecast],
) -> Result<Layer, Failure> {
    let mut features = Vec::new();
    let mut series = Vec::new();
    for forecast in forecasts {
        let station = &stations[forecast.station];
        let Some(lon_lat) = station.lon_lat else { continue };
        features.push(gauge_feature(issue.times, station, forecast, lon_lat));
        let name = series_file(&station.gauge.id);
        series.push((name, gauge_series(issue, station, forecast)?));
    }
    let radius = by_class("risk", &[5, 6, 7, 8, 9]);
    let style = vec![json!({
        "type": "circle",
        // What needs a look lies in front.
        "layout": { "circle-sort-key": ["get", "risk"] },
        "paint": {
            "circle-color": by_class("risk", &RISK_COLORS),
            "circle-radius": radius,
            "circle-stroke-color": "#ffffff",
            "circle-stroke-width": 1.5,
        },
    })];
    let look = Look {
        id: LEVELS,
        fields: gauge_fields(),
        style,
        legend: legend("gauge-risk", Symbol::Circle),
        zooms: GAUGE_ZOOMS,
        hidden: false,
    };
    issue.put(stage, look, features, series)
}

/// Code of the state of a gauge of which nothing is known.
fn outage_state(cause: OutageCause) -> i64 {
    match cause {
        OutageCause::Overdue => 3,
        OutageCause::Stopped => 4,
        OutageCause::Unproven => 5,
        OutageCause::Doubted => 6,
    }
}

fn gauge_feature(
    times: &[Timestamp],
    station: &Station,
    forecast: &GaugeForecast,
    lon_lat: [f64; 2],
) -> Feature {
    let (state, last) = match forecast.observation {
        Observation::Level(last) => (0, Some(last)),
        Observation::BelowStart { last, .. } => (1, Some(last)),
        Observation::SilentHigh { last } => (2, Some(last)),
        Observation::Outage { last, cause } => (outage_state(cause), last),
    };
    let [high, middle] = forecast.peaks(times);
    let [danger_m, overflow_m] = forecast.thresholds_m;
    let reached =
        |level: Option<f64>| level.map_or([None, None], |level| forecast.reached(times, level));
    let ([danger_early, danger_at], [overflow_early, overflow_at]) =
        (reached(danger_m), reached(overflow_m));
    let values = vec![
        Some(Value::Text(station.name.clone())),
        Some(Value::Int(gauge_class(forecast, times))),
        Some(Value::Int(state)),
        last.map(|last| metres(last.level_m)),
        time(last.map(|last| last.time)),
        forecast.disagrees_m.map(metres),
        danger_m.map(metres),
        overflow_m.map(metres),
        middle.map(|(_, level)| metres(level)),
        high.map(|(_, level)| metres(level)),
        time(middle.map(|(at, _)| at)),
        forecast.chance_percent(0, 6).map(Value::Int),
        forecast.chance_percent(1, 6).map(Value::Int),
        time(danger_early),
        time(danger_at),
        time(overflow_early),
        time(overflow_at),
    ];
    let geometry = Geometry::Point(Point::from(lon_lat));
    Feature { id: station.gauge.id.clone(), geometry, values }
}

/// The series of a gauge as JSON, packed: the same content gives the same bytes.
fn gauge_series(
    issue: &Issue<'_>,
    station: &Station,
    forecast: &GaugeForecast,
) -> Result<Vec<u8>, Failure> {
    let round = |value: f64| (1_000.0 * value).round() / 1_000.0;
    let steps: Vec<Json> = issue
        .times
        .iter()
        .zip(&forecast.bands)
        .enumerate()
        .map(|(step, (time, band))| {
            let chance =
                |which: usize| forecast.chances[which].as_ref().map(|chances| round(chances[step]));
            json!({
                "valid_time": time,
                "p05_m": round(band.p05), "p10_m": round(band.p10), "p50_m": round(band.p50),
                "p90_m": round(band.p90), "p95_m": round(band.p95),
                "p_danger": chance(0), "p_overflow": chance(1),
            })
        })
        .collect();
    let day = SignedDuration::from_hours(24);
    let first = issue.reference_time.checked_sub(day).unwrap_or(Timestamp::MIN);
    let readings = station.readings.as_slice().iter().zip(&station.sound);
    let observed: Vec<Json> = readings
        .filter(|(reading, _)| first <= reading.time && reading.time <= issue.reference_time)
        .map(|(reading, sound)| json!([reading.time, reading.level_m, sound]))
        .collect();
    let [danger_m, overflow_m] = forecast.thresholds_m;
    let document = json!({
        "id": station.gauge.id,
        "name": station.name,
        "mode": issue.mode,
        "kind": "forecast",
        "note": both("credit-forecast"),
        "reference_time": issue.reference_time,
        "expires": issue.expires(),
        "model_error_m": forecast.disagrees_m.map(round),
        "danger_m": danger_m,
        "overflow_m": overflow_m,
        "observed": observed,
        "forecast": steps,
    });
    let mut out = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let packed = out.write_all(document.to_string().as_bytes()).and_then(|()| out.finish());
    packed.map_err(|fault| {
        let path = Path::new("series");
        Failure::new(Exit::Failed, CommandError::io(path, &fault))
    })
}

/// The banks of all nodes.
pub(super) struct BankLines<'a> {
    pub(super) zone: Zone,
    pub(super) banks: &'a [Bank],
    pub(super) nodes: &'a [Node],
    /// Id of each reach.
    pub(super) reach_ids: &'a [String],
    /// Gauges, of which banks nearby tell.
    pub(super) stations: &'a [Station],
}

fn bank_fields() -> Vec<Field> {
    let mut side = field("side", FieldType::Int);
    side.codes = (1..3)
        .map(|number| Code {
            value: json!(number),
            label: both(&format!("bank-side-{number}")),
            color: None,
        })
        .collect();
    let mut fields = vec![
        class_field("risk", "bank-risk"),
        side,
        field("freeboard_m", FieldType::Float).with_unit("m"),
    ];
    for hours in TOLD_H {
        let name = format!("p_over_{hours}h");
        fields.push(field(&name, FieldType::Int).with_unit("%"));
    }
    fields.extend(["over_early", "over_at"].map(time_field));
    fields.push(text_field("judged_by"));
    fields.push(field("model_error_m", FieldType::Float).with_unit("m"));
    fields
}

/// The layer of banks: chance that water stands over the crest.
pub(super) fn put_banks(
    issue: &Issue<'_>,
    stage: &Path,
    lines: &BankLines<'_>,
    forecasts: &[BankForecast],
) -> Result<Layer, Failure> {
    let mut features = Vec::new();
    for (index, (node, forecast)) in lines.nodes.iter().zip(forecasts).enumerate() {
        for side in 0..2 {
            let line = lines.line(index, side).map_err(|fault| {
                Failure::new(Exit::Input, crate::flood_layers::LayersError::Place(fault))
            })?;
            let percent = forecast.chance[side].map(super::record::percent);
            let drawn = percent[DRAWN_LEAD];
            let class = RISK_FROM.iter().rposition(|from| *from <= drawn).unwrap_or(0);
            let crest_m = node.crest_m[side] - node.bed_m;
            let at =
                |step: Option<usize>| time(step.and_then(|step| issue.times.get(step).copied()));
            let [early, middle] = forecast.reached[side];
            let mut values = vec![
                Some(Value::Int(class.try_into().unwrap_or(0))),
                Some(Value::Int(if side == 0 { 1 } else { 2 })),
                Some(metres(crest_m - forecast.depth_m[0])),
            ];
            values.extend(percent.map(|percent| Some(Value::Int(percent))));
            values.extend([at(early), at(middle)]);
            let doubt = forecast.doubt.as_ref();
            let gauge = doubt.and_then(|doubt| lines.stations.get(doubt.station));
            values.push(gauge.map(|gauge| Value::Text(gauge.name.clone())));
            values.push(doubt.map(|doubt| metres(doubt.error_m)));
            let reach = &lines.reach_ids[node.reach as usize];
            let id = format!("{reach}-{:.0}-{}", node.station_m, ["l", "r"][side]);
            features.push(Feature { id, geometry: Geometry::LineString(line), values });
        }
    }
    // Every bank has its figures; drawn are those that a person has to look at.
    let style = vec![json!({
        "type": "line",
        "filter": ["<=", 1, ["get", "risk"]],
        "layout": { "line-sort-key": ["get", "risk"] },
        "paint": {
            "line-color": by_class("risk", &RISK_COLORS),
            "line-width": by_class("risk", &[1.0, 2.5, 3.5, 4.5, 5.5]),
            "line-dasharray": [2, 1],
        },
    })];
    let look = Look {
        id: BANKS,
        fields: bank_fields(),
        style,
        legend: legend("bank-risk", Symbol::Line),
        zooms: BANK_ZOOMS,
        hidden: false,
    };
    issue.put(stage, look, features, Vec::new())
}

impl BankLines<'_> {
    /// The bank of a node, half way to the banks before and after it on the same reach.
    fn line(&self, index: usize, side: usize) -> Result<LineString<f64>, ProjectionError> {
        let at = |index: usize| [self.banks[index].left_m, self.banks[index].right_m][side];
        let own = at(index);
        let half_way = |other: Option<usize>| {
            let other = other.filter(|other| {
                self.banks.get(*other).is_some_and(|bank| bank.reach == self.banks[index].reach)
            })?;
            let there = at(other);
            Some([0, 1].map(|axis| 0.5 * (own[axis] + there[axis])))
        };
        let ends = [half_way(index.checked_sub(1)), half_way(Some(index + 1))];
        let points: Vec<[f64; 2]> = match ends {
            [Some(from), Some(to)] => vec![from, own, to],
            [Some(from), None] => vec![from, own],
            [None, Some(to)] => vec![own, to],
            // A reach of one stretch: along the stream.
            [None, None] => self.alone(index, own),
        };
        let place = |xy: [f64; 2]| Ok(inverse(Position::planar(self.zone, xy))?.xy);
        let places: Result<Vec<[f64; 2]>, ProjectionError> =
            points.into_iter().map(place).collect();
        Ok(LineString::from(places?))
    }

    /// A line of the stretch's length at right angles to the line between its banks.
    fn alone(&self, index: usize, own: [f64; 2]) -> Vec<[f64; 2]> {
        let Bank { left_m, right_m, span_m, .. } = self.banks[index];
        let across = [right_m[0] - left_m[0], right_m[1] - left_m[1]];
        let width = across[0].hypot(across[1]);
        if width <= 0.0 {
            return vec![own, own];
        }
        // Right hand to left hand, turned by a right angle, looks downstream.
        let along = [-across[1] / width, across[0] / width].map(|part| 0.5 * span_m * part);
        vec![[own[0] - along[0], own[1] - along[1]], [own[0] + along[0], own[1] + along[1]]]
    }
}
