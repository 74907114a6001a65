//! Flows whose water is known. Used by the tests of this crate and by `tests/validation`.
//!
//! Lengths in m, times in s, discharges per metre of width in m²/s.

use jomo_flood::GRAVITY;

/// A root of a function that changes its sign between two numbers.
pub(crate) fn root(low: f64, high: f64, function: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (low, high);
    let rises = function(low) < 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if (function(middle) < 0.0) == rises {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Depth after a dam of `h0` at `x = 0` broke over a dry bed, at time `t`.
///
/// Source: Ritter (1892), Zeitschrift des VDI 36(33), 947-954.
pub(crate) fn ritter(h0: f64, x: f64, t: f64) -> f64 {
    let c = (GRAVITY * h0).sqrt();
    if x < -c * t {
        h0
    } else if 2.0 * c * t < x {
        0.0
    } else {
        (2.0 * c - x / t).powi(2) / (9.0 * GRAVITY)
    }
}

/// A dam that breaks over a wet bed.
///
/// Source: Stoker (1957), Water Waves, §10.8.
pub(crate) struct Stoker {
    left: f64,
    right: f64,
    /// Depth between rarefaction and shock.
    pub(crate) middle: f64,
    /// Speed of the shock, m/s.
    pub(crate) shock: f64,
}

impl Stoker {
    /// `left` and `right` are the depths before and behind the dam, `right < left`.
    pub(crate) fn new(left: f64, right: f64) -> Self {
        let c = |h: f64| (GRAVITY * h).sqrt();
        let behind = |h: f64| (h - right) * (0.5 * GRAVITY * (1.0 / h + 1.0 / right)).sqrt();
        let middle = root(right, left, |h| behind(h) - 2.0 * (c(left) - c(h)));
        let shock = middle * behind(middle) / (middle - right);
        Self { left, right, middle, shock }
    }

    /// Depth at `x` from the dam.
    pub(crate) fn depth(&self, x: f64, t: f64) -> f64 {
        let [left, middle] = [self.left, self.middle].map(|h| (GRAVITY * h).sqrt());
        if x < -left * t {
            self.left
        } else if x < (2.0 * left - 3.0 * middle) * t {
            (2.0 * left - x / t).powi(2) / (9.0 * GRAVITY)
        } else if x < self.shock * t {
            self.middle
        } else {
            self.right
        }
    }
}

/// Water without friction in the paraboloid `z = h0 (r²/a² - 1)`.
///
/// Source: Thacker (1981), J. Fluid Mech. 107, 499-508.
#[derive(Clone, Copy)]
pub(crate) struct Bowl {
    /// Radius at which the bed rises above the level at rest.
    pub(crate) a: f64,
    /// Depth at rest in the middle.
    pub(crate) h0: f64,
}

impl Bowl {
    /// Height of the bed at `(x, y)` from the middle.
    pub(crate) fn bed(self, [x, y]: [f64; 2]) -> f64 {
        self.h0 * ((x * x + y * y) / (self.a * self.a) - 1.0)
    }

    /// Period of the water that rises and falls in rings.
    pub(crate) fn radial_period(self) -> f64 {
        std::f64::consts::TAU * self.a / (8.0 * GRAVITY * self.h0).sqrt()
    }

    /// Depth of the water whose edge lies at `r0` at time 0, when it stands still.
    pub(crate) fn radial_depth(self, r0: f64, [x, y]: [f64; 2], t: f64) -> f64 {
        let (a2, r2) = (self.a * self.a, x * x + y * y);
        let swing = (a2 - r0 * r0) / (a2 + r0 * r0);
        let phase = std::f64::consts::TAU * t / self.radial_period();
        let d = 1.0 - swing * phase.cos();
        let rest = 1.0 - swing * swing;
        let level = self.h0 * (rest.sqrt() / d - 1.0 - r2 / a2 * (rest / (d * d) - 1.0));
        (level - self.bed([x, y])).max(0.0)
    }

    /// Period of the water that turns round as a tilted plane.
    pub(crate) fn planar_period(self) -> f64 {
        std::f64::consts::TAU * self.a / (2.0 * GRAVITY * self.h0).sqrt()
    }

    /// Depth of the plane whose middle lies at distance `eta` from that of the bowl.
    pub(crate) fn planar_depth(self, eta: f64, [x, y]: [f64; 2], t: f64) -> f64 {
        let phase = std::f64::consts::TAU * t / self.planar_period();
        let level = eta * self.h0 / (self.a * self.a)
            * (2.0 * x * phase.cos() + 2.0 * y * phase.sin() - eta);
        (level - self.bed([x, y])).max(0.0)
    }

    /// Velocity of that plane at time 0: everywhere the same, along `y`.
    pub(crate) fn planar_start(self, eta: f64) -> f64 {
        eta * std::f64::consts::TAU / self.planar_period()
    }
}

/// Critical depth of a discharge.
pub(crate) fn critical(q: f64) -> f64 {
    (q * q / GRAVITY).cbrt()
}

/// Depth and kinetic head.
fn head(q: f64, h: f64) -> f64 {
    h + q * q / (2.0 * GRAVITY * h * h)
}

/// Steady flow without friction over `z = max(0, 0.2 - 0.05 (x - 10)²)`, 25 m long.
///
/// Source: Goutal and Maurel (1997), 2nd workshop on dam-break wave simulation, EDF; Delestre et
/// al. (2013), Int. J. Numer. Meth. Fluids 72, 269-300, §3.1 (SWASHES).
pub(crate) struct Bump {
    /// Discharge.
    pub(crate) q: f64,
    head: f64,
    /// Where flow turns fast, and where it jumps back.
    fast: Option<[f64; 2]>,
    /// Head behind the jump.
    after: f64,
}

impl Bump {
    /// Height of the bed.
    pub(crate) fn bed(x: f64) -> f64 {
        (0.2 - 0.05 * (x - 10.0) * (x - 10.0)).max(0.0)
    }

    /// Slow flow that leaves at depth `outlet`.
    pub(crate) fn slow(q: f64, outlet: f64) -> Self {
        Self { q, head: head(q, outlet), fast: None, after: 0.0 }
    }

    /// Flow that turns fast on the top and stays so.
    pub(crate) fn fast(q: f64) -> Self {
        let head = head(q, critical(q)) + 0.2;
        Self { q, head, fast: Some([10.0, f64::INFINITY]), after: 0.0 }
    }

    /// Flow that turns fast on the top and jumps to leave at depth `outlet`.
    pub(crate) fn jumping(q: f64, outlet: f64) -> Self {
        let mut bump = Self { after: head(q, outlet), ..Self::fast(q) };
        let force = |h: f64| q * q / h + 0.5 * GRAVITY * h * h;
        let jump = root(10.01, 11.99, |x| {
            let z = Self::bed(x);
            force(quick(q, bump.head - z)) - force(calm(q, bump.after - z))
        });
        bump.fast = Some([10.0, jump]);
        bump
    }

    /// Depth at `x`.
    pub(crate) fn depth(&self, x: f64) -> f64 {
        let z = Self::bed(x);
        match self.fast {
            Some([from, to]) if from <= x && x < to => quick(self.q, self.head - z),
            Some([_, to]) if to <= x => calm(self.q, self.after - z),
            _ => calm(self.q, self.head - z),
        }
    }
}

/// The greater depth of a discharge with a head.
fn calm(q: f64, has: f64) -> f64 {
    root(critical(q), has.max(critical(q)), |h| head(q, h) - has)
}

/// The lesser.
fn quick(q: f64, has: f64) -> f64 {
    root(0.01 * critical(q), critical(q), |h| head(q, h) - has)
}

/// A channel whose bed is made for a given steady depth: `z' = (q²/(g h³) - 1) h' - n² q² /
/// h^(10/3)`.
///
/// Source: `MacDonald`, Baines, Nichols and Samuels (1997), J. Hydraul. Eng. 123(11), 1041-1045;
/// Delestre et al. (2013), §3.2.
pub(crate) struct Made {
    /// Length.
    pub(crate) length: f64,
    /// Discharge.
    pub(crate) q: f64,
    /// Manning's n.
    pub(crate) roughness: f64,
    /// Depth at `x`.
    pub(crate) depth: fn(f64) -> f64,
    /// Where the depth jumps.
    pub(crate) jump: Option<f64>,
}

impl Made {
    /// 1 km of slow flow, 2 m²/s.
    pub(crate) fn slow() -> Self {
        let depth = |x: f64| critical(2.0) * (1.0 + 0.5 * (-16.0 * (x / 1e3 - 0.5).powi(2)).exp());
        Self { length: 1_000.0, q: 2.0, roughness: 0.033, depth, jump: None }
    }

    /// 1 km of flow that turns fast in the middle, 2 m²/s.
    pub(crate) fn turning() -> Self {
        let depth = |x: f64| {
            let x = x / 1e3 - 0.5;
            let share = if x < 0.0 { (3.0 * x).tanh() / 3.0 } else { (6.0 * x).tanh() / 6.0 };
            critical(2.0) * (1.0 - share)
        };
        Self { length: 1_000.0, q: 2.0, roughness: 0.033, depth, jump: None }
    }

    /// 100 m of flow that turns fast and jumps back at 66.7 m, 2 m²/s.
    pub(crate) fn jumping() -> Self {
        let depth = |x: f64| {
            let (c, s) = (critical(2.0), x / 100.0 - 2.0 / 3.0);
            if s < 0.0 {
                c * (4.0 / 3.0 - x / 100.0) - 9.0 * x / 1e3 * s
            } else {
                // Conjugate to the depth before the jump, 2/3 of the critical one.
                let behind = (28.0_f64.sqrt() - 1.0) / 3.0;
                c * (0.674_202 * (s.powi(4) + s.powi(3)) - 21.7112 * s * s + 14.492 * s + behind)
            }
        };
        Self { length: 100.0, q: 2.0, roughness: 0.0328, depth, jump: Some(200.0 / 3.0) }
    }

    /// Heights of the bed at rising places; 0 at the end of the channel.
    pub(crate) fn bed(&self, places: &[f64]) -> Vec<f64> {
        let head = |x: f64| head(self.q, (self.depth)(x));
        let mut bed = vec![0.0; places.len()];
        let (mut x, mut z) = (self.length, 0.0);
        for (place, bed) in places.iter().zip(&mut bed).rev() {
            if let Some(jump) = self.jump.filter(|jump| *place < *jump && *jump <= x) {
                let (behind, before) = (jump + 1e-9, jump - 1e-9);
                z += head(x) - head(behind) + self.lost([behind, x]);
                (x, z) = (before, z);
            }
            z += head(x) - head(*place) + self.lost([*place, x]);
            x = *place;
            *bed = z;
        }
        bed
    }

    /// Head lost to friction between two places (Simpson).
    fn lost(&self, [from, to]: [f64; 2]) -> f64 {
        const PANELS: u32 = 32;
        let slope = |x: f64| (self.roughness * self.q).powi(2) / (self.depth)(x).powf(10.0 / 3.0);
        let width = (to - from) / f64::from(PANELS);
        let panel = |i: u32| {
            let x = from + width * f64::from(i);
            slope(x) + 4.0 * slope(x + 0.5 * width) + slope(x + width)
        };
        (0..PANELS).map(panel).sum::<f64>() * width / 6.0
    }
}

/// Depth of a wave that runs over a dry plane with the speed `u` everywhere.
///
/// Source: Hunter et al. (2005), Adv. Water Resour. 28(9), 975-991.
pub(crate) fn creeping(roughness: f64, u: f64, x: f64, t: f64) -> f64 {
    (7.0 / 3.0 * (roughness * u).powi(2) * (u * t - x).max(0.0)).powf(3.0 / 7.0)
}

/// Rain on a plane, as long as its water follows Manning's law of uniform flow.
///
/// Source: Henderson and Wooding (1964), J. Geophys. Res. 69(8), 1531-1540.
pub(crate) struct Plane {
    /// Length of the slope.
    pub(crate) length: f64,
    /// Fall, m/m.
    pub(crate) slope: f64,
    /// Manning's n.
    pub(crate) roughness: f64,
    /// Rain, m/s.
    pub(crate) rain: f64,
    /// End of the rain, after the plane is in balance.
    pub(crate) until: f64,
}

impl Plane {
    /// Discharge at the foot.
    pub(crate) fn discharge(&self, t: f64) -> f64 {
        let (m, alpha) = (5.0 / 3.0, self.slope.sqrt() / self.roughness);
        let most = self.rain * self.length;
        if t <= self.until {
            return most.min(alpha * (self.rain * t).powf(m));
        }
        let gone = |q: f64| {
            let wave = m * alpha.powf(1.0 / m) * q.powf((m - 1.0) / m) * (t - self.until);
            q / self.rain + wave - self.length
        };
        root(0.0, most, gone)
    }
}

/// Mean difference over the mean of the exact values.
pub(crate) fn relative_l1(found: &[f64], exact: &[f64]) -> f64 {
    mean_difference(found, exact) * exact.len() as f64 / exact.iter().sum::<f64>()
}

/// Mean of the differences, without their signs.
pub(crate) fn mean_difference(found: &[f64], exact: &[f64]) -> f64 {
    let differences = found.iter().zip(exact).map(|(a, b)| (a - b).abs());
    differences.sum::<f64>() / exact.len() as f64
}
