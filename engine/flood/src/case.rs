//! What a flood is computed from: water at the start, what acts on it, and how to compute.

use crate::rain::{Infiltration, Rain};
use crate::rim::Stretch;
use crate::series::Series;
use crate::tile::HALO;
use crate::watch::Thresholds;

/// Water at the start.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Depth or level; dry if absent.
    pub water: Option<Water>,
    /// Velocity in m/s, + to the east and + to the north, row by row; at rest if absent.
    pub velocity_m_s: Option<[Vec<f64>; 2]>,
}

/// Water at the start, row by row.
#[derive(Clone, Debug)]
pub enum Water {
    /// Depth in m, `>= 0`.
    Depth(Vec<f64>),
    /// Level in m above the datum of the bed; dry where it lies below the bed or is `NaN`.
    Level(Vec<f64>),
}

/// Water that enters (or, negative, is pumped out) at one cell.
#[derive(Clone, Debug)]
pub struct Source {
    /// Row and column.
    pub cell: [usize; 2],
    /// m³/s.
    pub discharge: Series,
}

/// What acts on the water.
#[derive(Clone, Debug)]
pub struct Forcing {
    /// Stretches of the rim; the rest is wall.
    pub rim: Vec<Stretch>,
    /// Inflow and pumps at cells.
    pub sources: Vec<Source>,
    /// Rain.
    pub rain: Option<Rain>,
    /// What the ground keeps of the rain.
    pub infiltration: Infiltration,
    /// What drains take from every wet cell, mm/h.
    pub drainage_mm_h: f64,
}

impl Default for Forcing {
    fn default() -> Self {
        Self {
            rim: Vec::new(),
            sources: Vec::new(),
            rain: None,
            infiltration: Infiltration::None,
            drainage_mm_h: 0.0,
        }
    }
}

/// How fluxes are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// HLLC, first order in space and time: robust and fast.
    #[default]
    First,
    /// HLLC with reconstructed water (MUSCL, minmod) and two stages (Heun): second order where the
    /// flow is smooth, about three times the work.
    Second,
    /// Local inertial equations, without advection: about a third of the work, for slow flow over
    /// plains only.
    Inertial,
}

impl Scheme {
    /// Cells that a step looks beyond a tile.
    pub(crate) fn halo(self) -> usize {
        match self {
            Self::First => 1,
            Self::Second | Self::Inertial => HALO,
        }
    }

    /// Its number in a saved state.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Inertial => 3,
        }
    }
}

/// How the length of steps is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeStep {
    /// One step for the whole domain, of the length that its fastest cell allows.
    #[default]
    Global,
    /// Tiles of slower water take longer steps. Only with [`Scheme::First`].
    Local,
}

/// How to compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How fluxes are computed.
    pub scheme: Scheme,
    /// How the length of steps is chosen.
    pub time_step: TimeStep,
    /// Courant number: the share of a cell that the fastest signal may cross in a step, at most
    /// 0.5, or 0.7 with [`Scheme::Inertial`].
    pub cfl: f64,
    /// Edge of a tile in cells.
    pub tile_edge: usize,
    /// What to record in every step; `None` saves its memory and time.
    pub watch: Option<Thresholds>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scheme: Scheme::First,
            time_step: TimeStep::Global,
            cfl: 0.5,
            tile_edge: 64,
            watch: Some(Thresholds::default()),
        }
    }
}
