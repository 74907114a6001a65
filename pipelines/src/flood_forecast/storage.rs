//! The storage function method (貯留関数法) beside the model: basins whose parameters an office has,
//! each on the mean rain of what drains to its outlet.
//!
//! It shares the rain with the model and nothing else: neither soil nor rivers, and no gauge corrects
//! it. `docs/methods/runoff.md` (storage functions).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::frame::Position;
use jomo_core::layer::InputFile;
use jomo_core::projection::{Zone, forward};
use jomo_flood::BasinError;
use jomo_flood::basin::Basin;
use jomo_flood::rainfall::Cube;
use jomo_flood::runoff::{StorageBasin, StorageFunction, StorageState};
use jomo_flood::waterway::Node;
use jomo_format::storage_csv::{self, StorageRow};
use jomo_terrain::Network;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cycle::middle;
use crate::failure::Failure;
use crate::gauge_tables::{TABLE_MAX, count_unread};
use crate::source::Source;

/// Its table in the folder of a forecast.
pub(super) const FILE: &str = "storage_functions.csv";
/// Farthest that an outlet may stand from its node, m.
const FAR_M: f64 = 500.0;
/// The area of the table may differ by this factor from what drains into the node: more means
/// another river.
const AREA_FACTOR: f64 = 1.5;
/// After so many minutes of less rain than this a new storm begins, and the saturation rainfall
/// counts from 0 again: a day, as for rain gauges that end a storm by 24 h without rain.
const STORM_GAP_MIN: u32 = 24 * 60;
const DRY_MM_H: f64 = 0.5;

/// The basins of an office.
#[derive(Default)]
pub(super) struct StorageTable {
    rows: Vec<StorageRow>,
    pub(super) input: Option<InputFile>,
}

impl StorageTable {
    /// Reads the table; one that cannot be read is counted, because a forecast without a comparison
    /// is a forecast.
    /// Rows that are kept out are standing.
    pub(super) fn read(path: &Path, [faults, standing]: [&mut Faults; 2]) -> Self {
        let read = || {
            let source = Source::read(path, TABLE_MAX)?;
            let read = storage_csv::basins(&source.bytes);
            Ok((source.file, read.map_err(|fault| Failure::input(path, fault))?))
        };
        match read() {
            Ok((file, read)) => {
                standing.merge(read.faults);
                Self { rows: read.basins, input: Some(file) }
            }
            Err(failure) => {
                count_unread(&[failure], faults);
                Self::default()
            }
        }
    }

    /// The basins at their nodes, and codes and names of those without one.
    pub(super) fn place(
        &self,
        (zone, basin): (Zone, &Basin),
        network: &Network,
    ) -> (StorageBasins, Vec<(&'static str, String)>) {
        let (mut basins, mut left_out) = (Vec::new(), Vec::new());
        let nodes = basin.waterway().nodes();
        let names_reach = self.rows.iter().any(|row| row.reach.is_some());
        let reaches = if names_reach { network.reaches().len() } else { 0 };
        let reach_ids: Vec<String> =
            (0..reaches).map(|reach| network.id(reach).unwrap_or_default()).collect();
        for row in &self.rows {
            match place(zone, nodes, &reach_ids, row) {
                Ok(node) => basins.push(Outlet::new(row, node, basin)),
                Err(code) => left_out.push((code, row.code.clone())),
            }
        }
        (StorageBasins(basins), left_out)
    }
}

/// The node of an outlet: the last one of its reach, else the nearest one that drains as much.
fn place(
    zone: Zone,
    nodes: &[Node],
    reach_ids: &[String],
    row: &StorageRow,
) -> Result<u32, &'static str> {
    let drains = |node: &Node| {
        let factor = 1e-6 * node.upstream_m2 / row.area_km2;
        (1.0 / AREA_FACTOR..=AREA_FACTOR).contains(&factor)
    };
    let numbered = (0_u32..).zip(nodes);
    if let Some(id) = &row.reach {
        let is_named = |node: &Node| reach_ids.get(node.reach as usize) == Some(id);
        let own = numbered.filter(|(_, node)| is_named(node));
        let last = own.max_by(|a, b| a.1.station_m.total_cmp(&b.1.station_m));
        let (index, node) = last.ok_or("storage-outlet-outside")?;
        return if drains(node) { Ok(index) } else { Err("storage-outlet-area") };
    }
    let lon_lat = row.lon_lat.ok_or("storage-outlet-none")?;
    let place = forward(zone, Position::lon_lat(lon_lat));
    let place = place.map_err(|_outside| "storage-outlet-outside")?;
    let away = |node: &Node| (node.at_m[0] - place.xy[0]).hypot(node.at_m[1] - place.xy[1]);
    let near: Vec<(u32, &Node)> = numbered.filter(|(_, node)| away(node) <= FAR_M).collect();
    if near.is_empty() {
        return Err("storage-outlet-outside");
    }
    let fitting = near.into_iter().filter(|(_, node)| drains(node));
    let nearest = fitting.min_by(|a, b| away(a.1).total_cmp(&away(b.1)));
    nearest.map(|(index, _)| index).ok_or("storage-outlet-area")
}

/// A basin at its node.
struct Outlet {
    code: String,
    node: u32,
    drains_km2: f64,
    function: StorageFunction,
    /// Rain cells with the area of the basin under each, m².
    under: Vec<(u32, f64)>,
}

impl Outlet {
    fn new(row: &StorageRow, node: u32, basin: &Basin) -> Self {
        let nodes = basin.waterway().nodes();
        // Whatever flows into a node stands before it.
        let mut is_upstream = vec![false; nodes.len()];
        is_upstream[node as usize] = true;
        for index in (0..node as usize).rev() {
            let next = nodes[index].downstream;
            is_upstream[index] = next.is_some_and(|next| is_upstream[next as usize]);
        }
        let mut under = BTreeMap::new();
        let slopes = basin.slopes();
        for (element, node) in slopes.elements().iter().zip(slopes.node_of_elements()) {
            if is_upstream[node as usize] {
                *under.entry(element.rain_cell).or_insert(0.0) += element.area_m2;
            }
        }
        let function = StorageFunction {
            area_km2: row.area_km2,
            k: row.k,
            p: row.p,
            lag_h: row.lag_h,
            primary_ratio: row.primary_ratio,
            saturation_mm: row.saturation_mm,
            base_flow_m3_s: row.base_flow_m3_s,
        };
        let drains_km2 = 1e-6 * nodes[node as usize].upstream_m2;
        let under = under.into_iter().collect();
        Self { code: row.code.clone(), node, drains_km2, function, under }
    }

    /// What must be the same for a state to go on.
    fn key(&self) -> String {
        format!("{:?}", self.function)
    }

    fn run(
        &self,
        cube: &Cube,
        past_steps: usize,
        saved: Option<&SavedStorage>,
    ) -> Result<OutletForecast, BasinError> {
        let timeline = cube.timeline();
        let step_s = f64::from(timeline.step_s);
        let fresh = StorageBasin::new(self.function, step_s)?;
        let taken = saved.filter(|saved| saved.key == self.key()).and_then(|saved| {
            let store = fresh.clone().with_state(&saved.state()).ok()?;
            Some((store, saved.dry_min))
        });
        let began = if taken.is_some() { "saved" } else { "assumed" };
        let (mut store, mut dry_min) = taken.unwrap_or((fresh, 0));
        let mut saved = self.saved(&store, dry_min);
        let (mut rain_mm, mut flows_m3_s) = (Vec::new(), Vec::new());
        for (step, mean) in cube.basin_mean(&self.under).into_iter().enumerate() {
            if step == past_steps {
                saved = self.saved(&store, dry_min);
            }
            // Where there is no data no rain falls, as in the model.
            let rate_mm_h =
                if mean.rate_mm_h.is_nan() { 0.0 } else { mean.covered * mean.rate_mm_h };
            if DRY_MM_H <= rate_mm_h {
                dry_min = 0;
            } else {
                dry_min = dry_min.saturating_add(timeline.step_s / 60);
                if STORM_GAP_MIN <= dry_min {
                    store.begin_storm();
                }
            }
            let fallen_mm = rate_mm_h * step_s / 3_600.0;
            let outflow = store.advance(fallen_mm);
            if past_steps <= step {
                rain_mm.push(fallen_mm);
                flows_m3_s.push(outflow);
            }
        }
        if timeline.steps <= past_steps {
            saved = self.saved(&store, dry_min);
        }
        Ok(OutletForecast { began, saved, rain_mm, flows_m3_s })
    }

    fn saved(&self, store: &StorageBasin, dry_min: u32) -> SavedStorage {
        let StorageState { fallen_mm, stored_mm, underway_mm_h } = store.state();
        let (code, key) = (self.code.clone(), self.key());
        SavedStorage { code, key, fallen_mm, stored_mm, underway_mm_h, dry_min }
    }
}

/// A basin between cycles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedStorage {
    code: String,
    key: String,
    fallen_mm: f64,
    stored_mm: [f64; 2],
    underway_mm_h: Vec<f64>,
    dry_min: u32,
}

impl SavedStorage {
    fn state(&self) -> StorageState {
        let Self { fallen_mm, stored_mm, underway_mm_h, .. } = self;
        let (fallen_mm, stored_mm) = (*fallen_mm, *stored_mm);
        StorageState { fallen_mm, stored_mm, underway_mm_h: underway_mm_h.clone() }
    }

    /// JSON has no other numbers.
    fn is_finite(&self) -> bool {
        let [early, late] = self.stored_mm;
        let waters = [self.fallen_mm, early, late].into_iter();
        waters.chain(self.underway_mm_h.iter().copied()).all(f64::is_finite)
    }
}

/// All basins at their nodes.
pub(super) struct StorageBasins(Vec<Outlet>);

impl StorageBasins {
    /// Nodes of the outlets.
    pub(super) fn nodes(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().map(|outlet| outlet.node as usize)
    }

    /// Runs all of them over a cube, from a state of each if there is one that fits, else empty.
    pub(super) fn run(
        &self,
        cube: &Cube,
        past_steps: usize,
        saved: &[SavedStorage],
    ) -> Result<StorageForecasts, BasinError> {
        let run = |outlet: &Outlet| {
            let own = saved.iter().find(|saved| saved.code == outlet.code);
            outlet.run(cube, past_steps, own)
        };
        self.0.iter().map(run).collect::<Result<_, _>>().map(StorageForecasts)
    }

    /// `storage_functions.csv`: mean discharge of the ten minutes before a valid time and the rain in
    /// them, beside the discharge of the model at that time, the middle of its members.
    /// `model_m3_s` has the discharges of the members, `[step][outlet]`.
    pub(super) fn table(
        &self,
        forecasts: &StorageForecasts,
        model_m3_s: &[Vec<Vec<f64>>],
        (reference_time, times): (Timestamp, &[Timestamp]),
    ) -> String {
        let mut text =
            String::from("reference_time,valid_time,basin,rain_mm,storage_m3_s,model_m3_s\n");
        for (index, (outlet, forecast)) in self.0.iter().zip(&forecasts.0).enumerate() {
            let flows =
                forecast.rain_mm.iter().zip(&forecast.flows_m3_s).zip(times).zip(model_m3_s);
            for (((rain_mm, flow_m3_s), time), members) in flows {
                let model_m3_s = members.get(index).map_or(f64::NAN, |all| middle(all.clone()));
                let code = &outlet.code;
                let _ = writeln!(
                    text,
                    "{reference_time},{time},{code},{rain_mm:.2},{flow_m3_s:.3},{model_m3_s:.3}"
                );
            }
        }
        text
    }

    /// What the record of the run says of each.
    pub(super) fn tell(&self, forecasts: &StorageForecasts, model_m3_s: &[Vec<Vec<f64>>]) -> Value {
        let peak = |flows: &mut dyn Iterator<Item = f64>| {
            let peak = flows.reduce(f64::max);
            peak.map(|flow| (1_000.0 * flow).round() / 1_000.0)
        };
        let one = |(index, (outlet, forecast)): (usize, (&Outlet, &OutletForecast))| {
            let model = model_m3_s.iter().filter_map(|members| members.get(index));
            json!({
                "basin": outlet.code, "node": outlet.node,
                "area_km2": outlet.function.area_km2, "drains_km2": outlet.drains_km2,
                "began": forecast.began, "storm_mm": forecast.saved.fallen_mm,
                "peak_m3_s": peak(&mut forecast.flows_m3_s.iter().copied()),
                "model_peak_m3_s": peak(&mut model.map(|members| middle(members.clone()))),
            })
        };
        self.0.iter().zip(&forecasts.0).enumerate().map(one).collect()
    }
}

/// What a basin did and will do.
struct OutletForecast {
    /// `saved` or `assumed`.
    began: &'static str,
    /// At the reference time.
    saved: SavedStorage,
    /// Rain and mean discharge of each step ahead.
    rain_mm: Vec<f64>,
    flows_m3_s: Vec<f64>,
}

/// What all basins did and will do.
pub(super) struct StorageForecasts(Vec<OutletForecast>);

impl StorageForecasts {
    /// The basins for the next cycle.
    pub(super) fn saved(&self) -> Vec<SavedStorage> {
        let all = self.0.iter().map(|forecast| &forecast.saved);
        all.filter(|saved| saved.is_finite()).cloned().collect()
    }
}

#[cfg(test)]
mod tests;
