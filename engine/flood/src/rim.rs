//! The rim of the domain: what flows in and out over its four sides.

use crate::cell::DRY_M;
use crate::face::{Flux, Fluxes, GRAVITY};
use crate::real::Real;
use crate::series::Series;
use crate::tile::{Compass, Strip};

/// What holds on a stretch of the rim.
#[derive(Clone, Debug, PartialEq)]
pub enum Flow {
    /// Nothing passes; water slides along.
    Wall,
    /// Water leaves at the depth of uniform flow on a bed that falls outward by `slope` (m/m).
    Open {
        /// Fall of the bed outward, m/m.
        slope: f64,
    },
    /// So much water comes in over the whole stretch, m³/s; negative: is taken out, as far as
    /// there is any.
    Discharge(Series),
    /// The water level outside, m above the datum of the bed.
    Stage(Series),
}

/// A stretch of a side with a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The side.
    pub side: Compass,
    /// From and to, in metres along the side from its northern or western end; the whole side if
    /// absent. A face belongs to the stretch that holds its middle; the last one given wins.
    pub range_m: Option<[f64; 2]>,
    /// The condition.
    pub flow: Flow,
}

/// The side of a tile that lies on the rim of the domain.
#[derive(Clone, Debug)]
pub(crate) struct Rim<R> {
    /// Stretch of each cell along the side.
    pub stretches: Vec<u16>,
    /// Bed of these cells, m.
    pub bed_m: Vec<f64>,
    /// `g n²` of these cells.
    pub resistance: Vec<R>,
    /// Discharge through the faces of the rim in the last step, m²/s, along the axis.
    pub discharge: Vec<R>,
    /// Cells beyond the rim, as the faces see them.
    pub ghost: Strip<R>,
    /// Which way each face lets water pass.
    pub gates: Vec<Gate>,
    /// Faces whose flux is given: place along the side and flux.
    pub given: Vec<(usize, Flux<R>)>,
    /// Water that came in over this side so far, m³.
    pub inflow_m3: f64,
}

/// Which way a face of the rim lets water pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Both,
    /// Out of the domain only.
    Outward,
    Closed,
}

impl Gate {
    fn of(imposed: Imposed) -> Self {
        match imposed {
            Imposed::Wall => Self::Closed,
            Imposed::Open { .. } => Self::Outward,
            Imposed::Discharge { .. } | Imposed::Stage { .. } => Self::Both,
        }
    }

    /// Whether a mass flux is held back; `out` is +1 where the axis points out of the domain.
    fn bars(self, mass: f64, out: f64) -> bool {
        match self {
            Self::Both => false,
            Self::Outward => mass * out < 0.0,
            Self::Closed => true,
        }
    }
}

/// What a stretch imposes during one step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Imposed {
    Wall,
    /// Fall of the bed outward, m/m.
    Open {
        slope: f64,
    },
    /// m²/s per unit of weight (see [`weight`]); whether the weights are those of a dry stretch.
    Discharge {
        per_weight: f64,
        lowest_m: f64,
        dry: bool,
    },
    /// Level outside, m.
    Stage {
        level_m: f64,
    },
}

/// Depth in m that a dry stretch is taken to have above its lowest cell.
const DRY_WEIGHT_M: f64 = 0.1;

/// Share of a cell in the discharge of its stretch: conveyance of a wide section, `h^(5/3)`; on a
/// stretch that is dry, that of [`DRY_WEIGHT_M`] of water in the lowest cell.
pub(crate) fn weight(depth_m: f64, bed_m: f64, lowest_m: f64, dry: bool) -> f64 {
    let depth_m = if dry { (lowest_m + DRY_WEIGHT_M - bed_m).max(0.0) } else { depth_m };
    if depth_m.is_nan() { 0.0 } else { depth_m.cbrt().powi(5) }
}

/// Signs of a side: whether the axis points out of the domain there.
fn outward(side: Compass) -> f64 {
    match side {
        Compass::East | Compass::South => 1.0,
        Compass::West | Compass::North => -1.0,
    }
}

impl<R: Real> Rim<R> {
    /// Whether water may come in here into a tile at rest.
    pub(crate) fn drives(&self, imposed: &[Imposed]) -> bool {
        self.stretches.iter().any(|stretch| match imposed[usize::from(*stretch)] {
            Imposed::Wall | Imposed::Open { .. } => false,
            Imposed::Discharge { per_weight, .. } => 0.0 < per_weight,
            Imposed::Stage { level_m } => self.bed_m.iter().any(|bed_m| *bed_m < level_m),
        })
    }

    /// Sets the cells beyond the rim and the given fluxes from the cells `inner` at the rim.
    pub(crate) fn prepare(
        &mut self,
        side: Compass,
        inner: &Strip<R>,
        imposed: &[Imposed],
        drain: R,
    ) {
        self.given.clear();
        let length = self.stretches.len();
        for i in 0..length {
            self.gates[i] = Gate::of(imposed[usize::from(self.stretches[i])]);
            let [h, east, south] = [inner.h[i], inner.east[i], inner.south[i]];
            let (along, across) = match side {
                Compass::East | Compass::West => (east, south),
                Compass::North | Compass::South => (south, east),
            };
            let (ghost_h, ghost_along, ghost_across) = match imposed[usize::from(self.stretches[i])]
            {
                Imposed::Wall => (h, -along, across),
                Imposed::Open { .. } => {
                    let leaves = R::ZERO < along * R::of(outward(side));
                    (h, if leaves { along } else { R::ZERO }, across)
                }
                Imposed::Stage { level_m } => {
                    let outside = Outside { level_m, bed_m: self.bed_m[i], out: outward(side) };
                    let (depth, discharge) = outside.state(h.wide(), along.wide());
                    (R::of(depth), R::of(discharge), R::ZERO)
                }
                Imposed::Discharge { per_weight, lowest_m, dry } => {
                    let share = weight(h.wide(), self.bed_m[i], lowest_m, dry);
                    let outward_m_s = if DRY_M <= h.wide() {
                        outward(side) * along.wide() / h.wide()
                    } else {
                        0.0
                    };
                    let inward = (per_weight * share).max(-most_out(h, outward_m_s, drain));
                    self.given.push((i, given(h.wide(), inward, -outward(side))));
                    (h, -along, across)
                }
            };
            let (ghost_east, ghost_south) = match side {
                Compass::East | Compass::West => (ghost_along, ghost_across),
                Compass::North | Compass::South => (ghost_across, ghost_along),
            };
            // Every line beyond the rim is the same, but a wall mirrors all of them.
            for at in (i..self.ghost.h.len()).step_by(length) {
                self.ghost.h[at] = ghost_h;
                self.ghost.east[at] = ghost_east;
                self.ghost.south[at] = ghost_south;
            }
            if self.gates[i] == Gate::Closed && length + i < self.ghost.h.len() {
                let (turn_east, turn_south) =
                    if side.is_row() { (false, true) } else { (true, false) };
                let turned = |value: R, turn: bool| if turn { -value } else { value };
                self.ghost.h[length + i] = inner.h[length + i];
                self.ghost.east[length + i] = turned(inner.east[length + i], turn_east);
                self.ghost.south[length + i] = turned(inner.south[length + i], turn_south);
            }
        }
    }
}

impl<R: Real> Rim<R> {
    /// The same for the local inertial scheme, whose discharges lie on faces.
    pub(crate) fn prepare_flat(
        &mut self,
        side: Compass,
        inner: &Strip<R>,
        imposed: &[Imposed],
        drain: R,
    ) {
        self.given.clear();
        let out = outward(side);
        for i in 0..self.stretches.len() {
            self.gates[i] = Gate::of(imposed[usize::from(self.stretches[i])]);
            let depth_m = inner.h[i].wide();
            let most_out = depth_m * drain.wide();
            let mut outside = inner.h[i];
            let given_out = match imposed[usize::from(self.stretches[i])] {
                Imposed::Wall => Some(0.0),
                Imposed::Open { slope } => {
                    Some(uniform(depth_m, slope, self.resistance[i].wide()).min(most_out))
                }
                Imposed::Stage { level_m } => {
                    outside = R::of((level_m - self.bed_m[i]).max(0.0));
                    None
                }
                Imposed::Discharge { per_weight, lowest_m, dry } => {
                    let share = weight(depth_m, self.bed_m[i], lowest_m, dry);
                    Some((-per_weight * share).min(most_out))
                }
            };
            if let Some(given_out) = given_out {
                let mass = R::of(out * given_out);
                let none = R::ZERO;
                self.given.push((i, Flux { mass, left: none, right: none, across: none }));
            }
            for at in (i..self.ghost.h.len()).step_by(self.stretches.len()) {
                self.ghost.h[at] = outside;
                let own = self.discharge[i];
                self.ghost.east[at] = if side.is_row() { R::ZERO } else { own };
                self.ghost.south[at] = if side.is_row() { own } else { R::ZERO };
            }
        }
    }
}

/// Discharge per metre, m²/s, of uniform flow of a depth on a bed of a slope, or of critical flow
/// if that is less; `resistance` is `g n²`.
fn uniform(depth_m: f64, slope: f64, resistance: f64) -> f64 {
    if depth_m < DRY_M {
        return 0.0;
    }
    let critical = depth_m * (GRAVITY * depth_m).sqrt();
    if slope <= 0.0 || resistance <= 0.0 {
        return critical;
    }
    let conveyance = depth_m.cbrt().powi(5) * (GRAVITY / resistance).sqrt();
    critical.min(conveyance * slope.sqrt())
}

impl<R: Real> Rim<R> {
    /// Puts the given flux of a face, if there is one, in the place of that computed, and counts
    /// what comes in. `volume_m3` is the water that one unit of mass flux carries in this step.
    #[inline(always)]
    pub(crate) fn pass(
        &mut self,
        side: Compass,
        [place, face]: [usize; 2],
        fluxes: &mut Fluxes<R>,
        volume_m3: f64,
    ) {
        if let Ok(at) = self.given.binary_search_by_key(&place, |(place, _)| *place) {
            let (_, flux) = self.given[at];
            fluxes.mass[face] = flux.mass;
            fluxes.left[face] = flux.left;
            fluxes.right[face] = flux.right;
            fluxes.across[face] = flux.across;
        }
        if self.gates[place].bars(fluxes.mass[face].wide(), outward(side)) {
            fluxes.mass[face] = R::ZERO;
            fluxes.across[face] = R::ZERO;
        }
        self.inflow_m3 -= outward(side) * fluxes.mass[face].wide() * volume_m3;
    }
}

/// What may be taken out of a cell over the rim, m²/s: half of the share of a cell at rest, and
/// never more than the share of this face (see [`crate::face::flux`]), which is less where the
/// water runs away from it.
fn most_out<R: Real>(depth: R, outward_m_s: f64, drain: R) -> f64 {
    let drain = drain.wide();
    let share = drain + 0.5 * outward_m_s.clamp(-2.0 * drain, 2.0 * drain);
    depth.wide() * share.min(0.5 * drain)
}

/// Water of a given level beyond a cell of the rim.
struct Outside {
    level_m: f64,
    bed_m: f64,
    /// +1 where the axis points out of the domain.
    out: f64,
}

impl Outside {
    /// Depth (m) and discharge along the axis (m²/s) beyond the rim: the wave that leaves the
    /// domain keeps `u + 2c`; water enters at most at critical speed, and fast water that leaves
    /// does not notice the level.
    fn state(&self, depth_m: f64, along: f64) -> (f64, f64) {
        let h = (self.level_m - self.bed_m).max(0.0);
        let c = (GRAVITY * h).sqrt();
        if depth_m < DRY_M {
            return (h, 0.0);
        }
        let velocity = self.out * along / depth_m;
        let celerity = (GRAVITY * depth_m).sqrt();
        if celerity < velocity {
            return (depth_m, along);
        }
        let beyond = (velocity + 2.0 * (celerity - c)).clamp(-c, c);
        (h, self.out * beyond * h)
    }
}

/// Flux of `inward` m²/s into a cell of depth `depth_m`; `into` is +1 where the axis points into
/// the domain. It enters at least at critical depth.
fn given<R: Real>(depth_m: f64, inward: f64, into: f64) -> Flux<R> {
    let critical_m = (inward * inward / GRAVITY).cbrt();
    let entry_m = if inward < 0.0 { depth_m } else { depth_m.max(critical_m) };
    let kinetic = if DRY_M <= entry_m { inward * inward / entry_m } else { 0.0 };
    let push = R::of(kinetic + 0.5 * GRAVITY * (entry_m * entry_m - depth_m * depth_m));
    Flux { mass: R::of(inward * into), left: push, right: push, across: R::ZERO }
}
