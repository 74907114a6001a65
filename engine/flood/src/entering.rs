//! Water about to enter, which no cell shows yet: it sets the step as what moves does.

use crate::face::GRAVITY;
use crate::real::Real;
use crate::rim::Flow;
use crate::series::Series;
use crate::simulation::Simulation;

/// Time in s for which what enters is looked at ahead.
const FORESIGHT_S: f64 = 10.0;

impl<R: Real> Simulation<R> {
    /// How far ahead is seen what enters, s: no step may be longer, or a wave that begins later
    /// would come in at one blow.
    pub(crate) fn foresight_s(&self) -> f64 {
        let mut rims = self.flows.iter().zip(&self.reaches);
        let enters = rims.any(|(flow, reach)| {
            matches!(flow, Flow::Discharge(_) | Flow::Stage(_)) && !reach.cells.is_empty()
        });
        let enters = enters || !self.sources.is_empty() || self.feeds.run();
        if enters { FORESIGHT_S } else { f64::INFINITY }
    }

    /// Signal speed in m/s of the water about to enter, which no cell shows yet.
    pub(crate) fn entering_m_s(&self) -> f64 {
        self.coming_m_s().max(critical_m_s(self.feeds.fastest_m3_s() / self.mouth_m()))
    }

    /// How wide water spreads that enters at one cell, m.
    pub(crate) fn mouth_m(&self) -> f64 {
        4.0 * self.cell_size_m
    }

    /// That of the water at the rim and at sources: that of critical flow, and of a dam break at a
    /// stage.
    pub(crate) fn coming_m_s(&self) -> f64 {
        let peak = |series: &Series| series.most(self.time_s, self.time_s + FORESIGHT_S);
        let rims = self.flows.iter().zip(&self.reaches).enumerate();
        let rims = rims.map(|(stretch, (flow, reach))| match flow {
            Flow::Discharge(series) if !reach.cells.is_empty() => {
                critical_m_s(peak(series) / (reach.cells.len() as f64 * self.cell_size_m))
            }
            Flow::Stage(series) if !reach.cells.is_empty() => self.break_m_s(stretch, peak(series)),
            _ => 0.0,
        });
        let sources = self.sources.iter();
        let sources = sources.map(|source| critical_m_s(peak(&source.discharge) / self.mouth_m()));
        rims.chain(sources).fold(0.0, f64::max)
    }

    /// Signal speed in m/s of water that enters from a level outside: `2 c` over dry ground, `c`
    /// where it stands as high inside.
    fn break_m_s(&self, stretch: usize, level_m: f64) -> f64 {
        let speed = |(depth_m, bed_m): (f64, f64)| {
            let outside_m = level_m - bed_m;
            if outside_m <= 0.0 {
                return 0.0;
            }
            (GRAVITY * outside_m).sqrt() * (2.0 - (depth_m / outside_m).min(1.0))
        };
        self.rim_cells(stretch).map(speed).fold(0.0, f64::max)
    }
}

/// Signal speed of critical flow of `q` m²/s, in m/s: `2 (g q)^(1/3)`.
pub(crate) fn critical_m_s(q: f64) -> f64 {
    2.0 * (GRAVITY * q.max(0.0)).cbrt()
}
