//! The storage function method (貯留関数法): one basin, one outlet, parameters that prefectures
//! already have.
//!
//! `S = K q^p`, `dS/dt = r - q`, the outflow delayed by a lag; S in mm, r and q in mm/h. Rain runs
//! off from a share `f1` of the basin from the start, and from the rest once `Rsa` has fallen.
//!
//! Source: Kimura, T. (1961), flood runoff routing by storage function, Public Works Research
//! Institute; 河川砂防技術基準 調査編, chapter 3.

use std::collections::VecDeque;

use crate::basin_error::BasinError;

/// Longest step within a call, in h: a minute.
const STEP_MAX_H: f64 = 1.0 / 60.0;
/// Most steps that a lag may be long: ten days of ten minutes.
const LAG_MOST: f64 = 1_440.0;

/// Parameters of a basin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StorageFunction {
    /// Area, in km².
    pub area_km2: f64,
    /// `K`, in mm^(1-p) h^p.
    pub k: f64,
    /// `p`, 0.1 to 1; 0.3 to 0.7 is usual.
    pub p: f64,
    /// Lag `Tl`, in h.
    pub lag_h: f64,
    /// Share of the basin that runs off from the start: the primary runoff ratio `f1`, 0 to 1.
    pub primary_ratio: f64,
    /// Rain after which the rest runs off too: the saturation rainfall `Rsa`, in mm.
    pub saturation_mm: f64,
    /// Base flow, in m³/s.
    pub base_flow_m3_s: f64,
}

impl StorageFunction {
    fn check(&self) -> Result<(), BasinError> {
        let fault = |what, value, expected| Err(BasinError::Setting { what, value, expected });
        let positive = |value: f64| value.is_finite() && 0.0 < value;
        for (what, value) in [("area_km2", self.area_km2), ("k", self.k)] {
            if !positive(value) {
                return fault(what, value, "above 0");
            }
        }
        if !(0.1..=1.0).contains(&self.p) {
            return fault("p", self.p, "0.1 to 1");
        }
        if !(0.0..=1.0).contains(&self.primary_ratio) {
            return fault("primary_ratio", self.primary_ratio, "0 to 1");
        }
        for (what, value) in [
            ("lag_h", self.lag_h),
            ("saturation_mm", self.saturation_mm),
            ("base_flow_m3_s", self.base_flow_m3_s),
        ] {
            if !(value.is_finite() && 0.0 <= value) {
                return fault(what, value, "0 or more");
            }
        }
        Ok(())
    }

    /// Outflow of a store, in mm/h.
    fn outflow_mm_h(&self, stored_mm: f64) -> f64 {
        (stored_mm / self.k).powf(1.0 / self.p)
    }

    /// Carries a store through `step_h`; gives what flowed out, in mm. The outflow is that in the
    /// middle of the step; where that would empty the store, that at its end.
    fn pass_mm(&self, stored_mm: &mut f64, rain_mm: f64, step_h: f64) -> f64 {
        let middle_mm = self.balanced_mm(*stored_mm + 0.5 * rain_mm, 0.5 * step_h);
        let half_mm = *stored_mm + 0.5 * rain_mm - middle_mm;
        let after_mm = *stored_mm + rain_mm - 2.0 * half_mm;
        let before_mm = *stored_mm;
        *stored_mm =
            if 0.0 <= after_mm { after_mm } else { self.balanced_mm(*stored_mm + rain_mm, step_h) };
        before_mm + rain_mm - *stored_mm
    }

    /// The root `s` of `s + step q(s) = there`, by Newton's rule from above: the outflow is convex
    /// in the store, so no pass goes beyond the root.
    fn balanced_mm(&self, there_mm: f64, step_h: f64) -> f64 {
        let mut stored_mm = there_mm;
        for _ in 0..60 {
            let outflow = self.outflow_mm_h(stored_mm);
            let excess = stored_mm + step_h * outflow - there_mm;
            if excess <= 1e-13 * there_mm {
                break;
            }
            let slope = 1.0 + step_h * outflow / (self.p * stored_mm);
            stored_mm = (stored_mm - excess / slope).max(0.0);
        }
        stored_mm
    }
}

/// What a basin carries from one run to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct StorageState {
    /// Rain of the storm so far, in mm.
    pub fallen_mm: f64,
    /// Water in the part that runs off from the start, and in the rest, in mm over each.
    pub stored_mm: [f64; 2],
    /// Flow of the last steps, newest first, in mm/h.
    pub underway_mm_h: Vec<f64>,
}

/// Most of rain, water or flow in a state, in mm and mm/h: more is in another unit.
const STATE_MOST: f64 = 1e6;

/// A basin on its way through a storm.
#[derive(Clone, Debug, PartialEq)]
pub struct StorageBasin {
    function: StorageFunction,
    step_h: f64,
    /// Rain so far, in mm.
    fallen_mm: f64,
    /// Water in the part that runs off from the start, and in the rest, in mm over each.
    stored_mm: [f64; 2],
    /// Flow of the last steps, newest first, in mm/h: as many as the lag is long, and one more.
    underway_mm_h: VecDeque<f64>,
    /// Share of the oldest in the flow that arrives.
    oldest_share: f64,
}

impl StorageBasin {
    /// A basin at base flow; every call will be `step_s` long.
    ///
    /// # Errors
    /// A parameter out of its range; a step that is not above 0; a lag of more than 1,440 steps.
    pub fn new(function: StorageFunction, step_s: f64) -> Result<Self, BasinError> {
        function.check()?;
        if !(step_s.is_finite() && 0.0 < step_s) {
            let (what, value) = ("step_s", step_s);
            return Err(BasinError::Setting { what, value, expected: "above 0" });
        }
        let step_h = step_s / 3_600.0;
        let lag = function.lag_h / step_h;
        if LAG_MOST < lag {
            let (what, value) = ("lag_h", function.lag_h);
            return Err(BasinError::Setting { what, value, expected: "at most 1440 steps" });
        }
        let mut underway_mm_h = VecDeque::from([0.0]);
        while (underway_mm_h.len() as f64) < lag.floor() + 2.0 {
            underway_mm_h.push_back(0.0);
        }
        Ok(Self {
            function,
            step_h,
            fallen_mm: 0.0,
            stored_mm: [0.0; 2],
            underway_mm_h,
            oldest_share: lag.fract(),
        })
    }

    /// The same basin with water in its stores, in mm over the part that runs off from the start
    /// and over the rest.
    #[must_use]
    pub fn with_stored_mm(mut self, stored_mm: [f64; 2]) -> Self {
        self.stored_mm = stored_mm.map(|stored| if 0.0 <= stored { stored } else { 0.0 });
        self
    }

    /// The same basin, going on from a state of one with the same lag and step.
    ///
    /// # Errors
    /// Numbers that are not 0 to 1e6; a flow underway of another lag.
    pub fn with_state(mut self, state: &StorageState) -> Result<Self, BasinError> {
        let [early, late] = state.stored_mm;
        let waters = [state.fallen_mm, early, late].into_iter();
        for (index, value) in waters.chain(state.underway_mm_h.iter().copied()).enumerate() {
            if !(0.0..=STATE_MOST).contains(&value) {
                let expected = "0 to 1e6 mm or mm/h";
                return Err(BasinError::Item { what: "number of a store", index, expected });
            }
        }
        let (expected, found) = (self.underway_mm_h.len(), state.underway_mm_h.len());
        if expected != found {
            return Err(BasinError::Count { what: "steps underway", expected, found });
        }
        self.fallen_mm = state.fallen_mm;
        self.stored_mm = state.stored_mm;
        self.underway_mm_h = state.underway_mm_h.iter().copied().collect();
        Ok(self)
    }

    /// What [`StorageBasin::with_state`] goes on from.
    #[must_use]
    pub fn state(&self) -> StorageState {
        StorageState {
            fallen_mm: self.fallen_mm,
            stored_mm: self.stored_mm,
            underway_mm_h: self.underway_mm_h.iter().copied().collect(),
        }
    }

    /// The next rain is that of a new storm: the saturation rainfall counts from 0 again. Water in
    /// the stores stays.
    pub fn begin_storm(&mut self) {
        self.fallen_mm = 0.0;
    }

    /// Lets `rain_mm` fall evenly over a step; gives the mean discharge at the outlet in the step,
    /// in m³/s. Rain that is negative or not a number counts as none.
    pub fn advance(&mut self, rain_mm: f64) -> f64 {
        let rain_mm = if 0.0 <= rain_mm && rain_mm.is_finite() { rain_mm } else { 0.0 };
        let f1 = self.function.primary_ratio;
        let count = (self.step_h / STEP_MAX_H).ceil().max(1.0);
        let (part_h, part_mm) = (self.step_h / count, rain_mm / count);
        let mut out_mm = 0.0;
        let mut done = 0.5;
        while done < count {
            self.fallen_mm += part_mm;
            // Of the part in which the soil fills, only what falls after.
            let late_mm = (self.fallen_mm - self.function.saturation_mm).clamp(0.0, part_mm);
            let [early, late] = &mut self.stored_mm;
            out_mm += f1 * self.function.pass_mm(early, part_mm, part_h);
            out_mm += (1.0 - f1) * self.function.pass_mm(late, late_mm, part_h);
            done += 1.0;
        }
        self.underway_mm_h.push_front(out_mm / self.step_h);
        self.underway_mm_h.pop_back();
        let from_the_end = |back: usize| {
            let at = self.underway_mm_h.len().checked_sub(back);
            at.and_then(|at| self.underway_mm_h.get(at)).copied().unwrap_or(0.0)
        };
        let arriving_mm_h =
            (1.0 - self.oldest_share) * from_the_end(2) + self.oldest_share * from_the_end(1);
        arriving_mm_h * self.function.area_km2 / 3.6 + self.function.base_flow_m3_s
    }

    /// Water in both stores and underway, in mm over the basin.
    #[must_use]
    pub fn stored_mm(&self) -> f64 {
        let f1 = self.function.primary_ratio;
        let [early, late] = self.stored_mm;
        // The newest is underway whole only if the lag is longer than a step.
        let shares = self.underway_mm_h.iter().rev();
        let mut waiting = 0.0;
        for (back, flow) in shares.enumerate() {
            let share = match back {
                0 => 0.0,
                1 => self.oldest_share,
                _ => 1.0,
            };
            waiting += share * flow * self.step_h;
        }
        f1 * early + (1.0 - f1) * late + waiting
    }
}
