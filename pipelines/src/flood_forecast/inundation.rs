//! The inundation: rivers of a member and the plain beside them, for the members that stand for
//! the low, the middle and the high of what leaves the rivers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jomo_core::grid::{Grid, Placement};
use jomo_core::message::{Arguments, Coded};
use jomo_flood::basin::Ensemble;
use jomo_flood::river::{Breach, Coupled, CoupledError, Plain};
use jomo_flood::{
    BasinError, Field, Flow, Forcing, Ground, Roughness, Settings, Simulation, Stretch, Thresholds,
    TimeStep,
};
use jomo_format::geotiff::{CogWriter, Effort, Layout, Meaning, Overviews};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::breach;
use super::hits::Cases;
use super::model::Model;
use super::shortfall::{self, Added};
use crate::failure::{CommandError, Exit, Failure};

/// Names of the cases, in the order of the quantiles 10, 50 and 90 %.
const CASES: [&str; 3] = ["low", "middle", "high"];
/// The case whose steps are published.
pub(super) const MIDDLE: usize = 1;
/// Manning's n of the plain: paddy, roads and gardens between houses; 0.04 to 0.06 in the
/// ministry's manual of hazard maps for mixed land (浸水想定区域図作成マニュアル 第4版).
const ROUGHNESS: f64 = 0.05;
/// Slope of the ground beyond the rim of the plain.
const RIM_SLOPE: f64 = 0.001;
/// Edge of a tile in cells: plains along rivers are narrow, and a tile of 64 cells is computed whole
/// though less than half of it is plain (544,000 updates a step for 233,000 cells of the sample).
const TILE_EDGE: usize = 32;
/// Seconds of a step of the forecast.
const STEP_S: f64 = 600.0;
/// The depths that arrival and duration are told for, m.
const WATCH: Thresholds = Thresholds { arrival_depth_m: 0.1, duration_depth_m: 0.5 };

/// Why no inundation was computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum InundationError {
    /// No river drains enough for its plain to be computed.
    #[error("no river drains {least_km2} km² or more")]
    NoPlain {
        /// As in the region file.
        least_km2: f64,
    },
}

impl Coded for InundationError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoPlain { .. } => "forecast-no-plain",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::NoPlain { least_km2 } => vec![("area", least_km2.to_string())],
        }
    }
}

/// What the inundation starts from.
pub(super) struct Start<'a> {
    pub(super) model: &'a Model,
    /// The members at the reference time.
    pub(super) ensemble: &'a Ensemble,
    /// Mean flow into each node, `[step][node][member]`, m³/s.
    pub(super) lateral_m3_s: &'a [f32],
    /// Members that stand for the cases, and the flow added to each of them.
    pub(super) members: [usize; 3],
    pub(super) added: [Added; 3],
    pub(super) steps: usize,
    pub(super) least_km2: f64,
    /// Levees that may give way.
    pub(super) breaches: &'a [Result<Breach, BasinError>],
}

/// What came of it.
pub(super) struct Inundation {
    pub(super) cases: Cases,
    /// Folder of the rasters of the middle case.
    pub(super) folder: PathBuf,
    /// What is told of each computed member.
    pub(super) told: Vec<Value>,
}

/// The window of the plain.
struct Window {
    shape: [usize; 2],
    placement: Placement,
    bed_m: Vec<f64>,
    /// The node beside which each cell lies.
    node_of_cell: Vec<u32>,
    /// Cells of the rivers, for the map: their water is computed in the channel, not here.
    is_river: Vec<bool>,
}

impl Window {
    /// The part of the raster that holds all of the plain.
    fn new(model: &Model) -> Option<Self> {
        let heights = &model.heights;
        let [_, columns] = heights.shape();
        let mut bounds: Option<[usize; 4]> = None;
        for (cell, node) in model.plain.iter().enumerate() {
            if *node == u32::MAX {
                continue;
            }
            let (row, column) = (cell / columns, cell % columns);
            let [top, left, bottom, right] = bounds.unwrap_or([row, column, row, column]);
            bounds = Some([top.min(row), left.min(column), bottom.max(row), right.max(column)]);
        }
        let [top, left, bottom, right] = bounds?;
        let shape = [bottom - top + 1, right - left + 1];
        let Placement { zone, origin_m: [west, north], cell_size_m } = heights.placement();
        let origin_m = [west + left as f64 * cell_size_m, north - top as f64 * cell_size_m];
        let nodes = model.basin.waterway().nodes();
        let mut bed_m = Vec::with_capacity(shape[0] * shape[1]);
        let mut node_of_cell = Vec::with_capacity(bed_m.capacity());
        for row in top..=bottom {
            for column in left..=right {
                let cell = row * columns + column;
                node_of_cell.push(model.plain[cell]);
                let node = nodes.get(model.plain[cell] as usize);
                let height = f64::from(heights.values()[cell]);
                bed_m.push(if node.is_some() { height } else { f64::NAN });
            }
        }
        let placement = Placement { zone, origin_m, cell_size_m };
        let is_river = rivers(model, [top, left], shape);
        Some(Self { shape, placement, bed_m, node_of_cell, is_river })
    }

    fn plain(&self) -> Result<Plain, Failure> {
        let roughness = Roughness::Uniform(ROUGHNESS);
        let cell_size_m = self.placement.cell_size_m;
        let ground = Ground::new(self.shape, cell_size_m, self.bed_m.clone(), roughness)
            .map_err(|fault| Failure::new(Exit::Input, fault))?;
        let rim = jomo_flood::Compass::ALL
            .into_iter()
            .map(|side| Stretch { side, range_m: None, flow: Flow::Open { slope: RIM_SLOPE } })
            .collect();
        Ok(Plain {
            ground,
            origin_m: self.placement.origin_m,
            node_of_cell: self.node_of_cell.clone(),
            forcing: Forcing { rim, ..Forcing::default() },
            // Tiles go at the pace of their own water: one deep reach would else set the step of all.
            settings: Settings {
                tile_edge: TILE_EDGE,
                watch: Some(WATCH),
                time_step: TimeStep::Local,
                ..Settings::default()
            },
        })
    }

    fn grid(&self, simulation: &Simulation<f32>, field: Field) -> Result<Grid<f32>, Failure> {
        let values = simulation.raster(field, f32::NAN);
        Grid::new(self.shape, self.placement, values).map_err(|fault| {
            let reason = fault.to_string();
            Failure::new(Exit::Failed, CommandError::Tiles { reason })
        })
    }
}

/// The cells of a window within half the width of a river's line.
fn rivers(model: &Model, corner: [usize; 2], shape: [usize; 2]) -> Vec<bool> {
    let columns = model.heights.shape()[1].max(1);
    let cell_size_m = model.heights.placement().cell_size_m;
    let nodes = model.basin.waterway().nodes();
    let mut is_river = vec![false; shape[0] * shape[1]];
    for (cell, node) in &model.streams {
        let Some(node) = nodes.get(*node as usize) else { continue };
        let half = 0.5 * node.width_m / cell_size_m;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "half a river in cells"
        )]
        let reach = half.clamp(0.0, 1e3) as usize;
        let (row, column) = (*cell as usize / columns, *cell as usize % columns);
        for row_of in row.saturating_sub(reach)..=row + reach {
            for column_of in column.saturating_sub(reach)..=column + reach {
                let away = (row_of.abs_diff(row) as f64).hypot(column_of.abs_diff(column) as f64);
                let place = row_of.checked_sub(corner[0]).zip(column_of.checked_sub(corner[1]));
                let Some((row_of, column_of)) = place else { continue };
                if away <= half && row_of < shape[0] && column_of < shape[1] {
                    is_river[row_of * shape[1] + column_of] = true;
                }
            }
        }
    }
    is_river
}

/// Computes the cases. Those that stand for several quantiles are computed once.
pub(super) fn run(
    start: &Start<'_>,
    folder: &Path,
    each: impl Fn(usize) + Sync,
) -> Result<Inundation, Failure> {
    let window = Window::new(start.model).ok_or_else(|| {
        let fault = InundationError::NoPlain { least_km2: start.least_km2 };
        Failure::new(Exit::Input, fault)
    })?;
    let mut cases: Vec<usize> = Vec::with_capacity(CASES.len());
    // The longest first: two threads take the high and the middle, then the low, then share what is
    // left of the high. One case after the other, threads wait for what each does alone (rivers,
    // banks, the choice of steps): two cores were used to 84 %.
    for case in [2, MIDDLE, 0] {
        // The steps of the middle are published: a run that stands for it bears its name.
        let is_middle = start.members[case] == start.members[MIDDLE];
        let case = if is_middle { MIDDLE } else { case };
        if cases.iter().all(|known| start.members[*known] != start.members[case]) {
            cases.push(case);
        }
    }
    let steps = AtomicUsize::new(0);
    let tick = || each(steps.fetch_add(1, Ordering::Relaxed) + 1);
    let outcomes: Vec<Result<Done, Failure>> = cases
        .par_iter()
        .with_max_len(1)
        .map(|case| run_case(start, &window, (*case, folder), &tick))
        .collect();
    let mut done = Vec::with_capacity(cases.len());
    let mut told = Vec::with_capacity(cases.len());
    for outcome in outcomes {
        let (fields, words) = outcome?;
        done.push(fields);
        told.push(words);
    }
    let of = |case: usize| {
        let member = start.members[case];
        let own = cases.iter().position(|known| start.members[*known] == member)?;
        done.get(own).map(|[arrival, depth]| (arrival.clone(), depth.clone()))
    };
    let [Some(low), Some(middle), Some(high)] = [of(0), of(1), of(2)] else {
        let fault = InundationError::NoPlain { least_km2: start.least_km2 };
        return Err(Failure::new(Exit::Failed, fault));
    };
    let cases = Cases { arrival_s: [low.0, middle.0, high.0], depth_m: [low.1, middle.1, high.1] };
    Ok(Inundation { cases, folder: folder.join(CASES[MIDDLE]), told })
}

/// Arrival and greatest depth of a case, and what is told of it.
type Done = ([Grid<f32>; 2], Value);

fn run_case(
    start: &Start<'_>,
    window: &Window,
    (case, folder): (usize, &Path),
    tick: &(impl Fn() + Sync),
) -> Result<Done, Failure> {
    let place = folder.join(CASES[case]);
    fs::create_dir_all(&place)
        .map_err(|fault| Failure::new(Exit::Failed, CommandError::io(&place, &fault)))?;
    let mut work = Work::new(start, window, case)?;
    if case == MIDDLE {
        work.depth(&place, 0)?;
    }
    for step in 0..start.steps {
        work.advance(step)?;
        if case == MIDDLE {
            work.depth(&place, step + 1)?;
        }
        tick();
    }
    work.finish(&place)?;
    let field = |field| window.grid(work.coupled.plain(), field);
    Ok(([field(Field::Arrival)?, field(Field::GreatestDepth)?], work.tell()))
}

/// One case at work.
struct Work<'a> {
    start: &'a Start<'a>,
    window: &'a Window,
    case: usize,
    coupled: Coupled,
    breaches: Vec<Result<usize, BasinError>>,
    began: Instant,
}

impl<'a> Work<'a> {
    fn new(start: &'a Start<'a>, window: &'a Window, case: usize) -> Result<Self, Failure> {
        let Model { basin, river, .. } = start.model;
        let river = start
            .ensemble
            .river_of(basin, river, start.members[case])
            .map_err(|fault| Failure::new(Exit::Failed, fault))?;
        let mut coupled = Coupled::new(river, basin.waterway(), window.plain()?)
            .map_err(|fault: CoupledError| Failure::new(Exit::Input, fault))?;
        let breaches = breach::expect(&mut coupled, start.breaches);
        Ok(Self { start, window, case, coupled, breaches, began: Instant::now() })
    }

    fn advance(&mut self, step: usize) -> Result<(), Failure> {
        let nodes = self.start.model.basin.waterway().nodes().len();
        let members = self.start.ensemble.count();
        let of_step = &self.start.lateral_m3_s[step * nodes * members..][..nodes * members];
        let member = self.start.members[self.case];
        let mut lateral: Vec<[f64; 1]> =
            of_step.chunks_exact(members).map(|flows| [f64::from(flows[member])]).collect();
        for (node, flows) in &self.start.added[self.case] {
            lateral[*node as usize][0] += flows[step];
        }
        self.coupled.advance(STEP_S, &lateral).map_err(|fault| Failure::new(Exit::Failed, fault))
    }

    /// Writes the depth at the end of a step. At the start only the river shows, so that the map
    /// tells it from the flood, that which stands on the land already included.
    fn depth(&self, folder: &Path, step: usize) -> Result<(), Failure> {
        let mut depth = self.coupled.plain().raster(Field::Depth, f32::NAN);
        if step == 0 {
            for (depth, is_river) in depth.iter_mut().zip(&self.window.is_river) {
                if *is_river {
                    *depth = 1.0;
                } else if 0.0 < *depth {
                    *depth = 0.0;
                }
            }
        }
        self.write(&folder.join(format!("depth_{}.tif", step * 600)), &depth)
    }

    fn finish(&self, folder: &Path) -> Result<(), Failure> {
        for (name, field) in [
            ("depth_max.tif", Field::GreatestDepth),
            ("hazard_max.tif", Field::GreatestForce),
            ("arrival_s.tif", Field::Arrival),
            ("duration_s.tif", Field::Duration),
        ] {
            let values = self.coupled.plain().raster(field, f32::NAN);
            self.write(&folder.join(name), &values)?;
        }
        Ok(())
    }

    fn write(&self, path: &Path, values: &[f32]) -> Result<(), Failure> {
        let fail = |fault| Failure::new(Exit::Failed, fault).at(path);
        let layout = Layout {
            meaning: Meaning { no_data: Some(f64::NAN), ..Meaning::default() },
            overviews: Overviews::Average,
            effort: Effort::Fast,
            ..Layout::new(self.window.shape, self.window.placement.into())
        };
        let mut writer = CogWriter::create(path, &layout).map_err(fail)?;
        writer.write_rows(values).map_err(fail)?;
        writer.finish().map_err(fail)?;
        Ok(())
    }

    fn tell(&self) -> Value {
        let ledger = self.coupled.ledger();
        json!({
            "case": CASES[self.case],
            "member": self.start.members[self.case],
            "added_m3": shortfall::volume_m3(&self.start.added[self.case]),
            "cells": self.window.bed_m.iter().filter(|bed| !bed.is_nan()).count(),
            "cell_updates": ledger.plain.cell_updates,
            "steps": ledger.plain.steps,
            "wall_s": self.began.elapsed().as_secs_f64(),
            "spilled_m3": ledger.spilled_m3,
            "volume_error": ledger.relative_error(),
            "breaches": breach::told(&self.coupled, &self.breaches),
        })
    }
}
