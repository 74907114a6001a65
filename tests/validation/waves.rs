//! Waves that run over a dry plane with one speed: with advection and without.

use jomo_flood::{Flow, GRAVITY, Real, Scheme, Series, Start};

use crate::channels::plot;
use crate::flows::{creeping, root};
use crate::lab::{Flume, Ran, each};
use crate::rains::kept;
use crate::report::{Outcome, Row};

const END_S: f64 = 3_600.0;
const ROUGHNESS: f64 = 0.03;
const NORM: &str = "RMSE, m";
const BOUND_M: f64 = 0.02;

/// A wave that is fed by its own discharge.
#[derive(Clone, Copy)]
struct Wave {
    /// Its speed, and that of the water everywhere in it, m/s.
    speed: f64,
    /// Depth (m) at a distance (m) behind the front of a wave of a speed.
    depth: fn(speed: f64, behind: f64) -> f64,
}

/// Hunter's wave: of the whole equations, as `∂u/∂t + u ∂u/∂x` is 0 where `u` is the same.
fn whole(speed: f64, behind: f64) -> f64 {
    creeping(ROUGHNESS, speed, 0.0, behind / speed)
}

/// The same wave of the local inertial equations. With `q = u h` and `h(s)`, `s = u t - x`, they are
/// `(g h - u²) h^(1/3) h' = g n² u²`, hence `3/7 g h^(7/3) - 3/4 u² h^(4/3) = g n² u² s + C`; the
/// front is a bore of `2 u²/g`, where `½ g h² = u q`. Derived here.
fn without_advection(speed: f64, behind: f64) -> f64 {
    if behind <= 0.0 {
        return 0.0;
    }
    let bore = 2.0 * speed * speed / GRAVITY;
    let rest =
        |h: f64| 3.0 / 7.0 * h.powf(7.0 / 3.0) - 0.75 * speed * speed / GRAVITY * h.powf(4.0 / 3.0);
    let lost = (ROUGHNESS * speed).powi(2) * behind;
    root(bore, 100.0, |h| rest(h) - rest(bore) - lost)
}

const HUNTER: Wave = Wave { speed: 1.0, depth: whole };
const SLOW: Wave = Wave { speed: 0.4, depth: whole };
const INERTIAL: Wave = Wave { speed: 1.0, depth: without_advection };

impl Wave {
    fn exact(self, x: f64, t: f64) -> f64 {
        (self.depth)(self.speed, self.speed * t - x)
    }

    /// Runs it over 5 km.
    fn run<R: Real>(self, scheme: Scheme, dx: f64) -> Ran {
        let cells = (1..10_000_u32).find(|cells| 5_000.0 <= f64::from(*cells) * dx).unwrap();
        let cells = usize::try_from(cells).unwrap();
        let feed = |part: u32| {
            // Closer in time at the start, where the discharge rises fast.
            let t = END_S * (f64::from(part) / 600.0).powi(3);
            [t, self.speed * self.exact(0.0, t) * dx]
        };
        let feed = Series::new("q", (0..=600).map(feed).collect()).unwrap();
        let flume = Flume {
            dx,
            bed: vec![0.0; cells],
            roughness: ROUGHNESS,
            start: Start::default(),
            ends: [Flow::Discharge(feed), Flow::Wall],
        };
        let places = Flume::middles(cells, dx);
        let exact = places.iter().map(|x| self.exact(*x, END_S)).collect();
        flume.ran::<R>(scheme, END_S, exact)
    }
}

/// Root of the mean square of the differences where either is wet.
fn rmse(found: &[f64], exact: &[f64]) -> f64 {
    let pairs = found.iter().zip(exact).filter(|(a, b)| 0.0 < a.max(**b));
    let (sum, count) = pairs.fold((0.0, 0.0), |(sum, n), (a, b)| (sum + (a - b).powi(2), n + 1.0));
    (sum / f64::max(count, 1.0)).sqrt()
}

fn hunter<R: Real>(scheme: Scheme, dx: f64) -> Ran {
    HUNTER.run::<R>(scheme, dx)
}

pub(crate) fn creeping_wave() -> Outcome {
    let runs = each!(hunter, 5.0);
    let row = |(variant, ran): &(&'static str, Ran)| {
        ran.row(variant, NORM, rmse(&ran.found, &ran.exact), BOUND_M)
    };
    let mut rows: Vec<Row> = runs.iter().map(row).collect();
    for (name, scheme) in [("1st f32", Scheme::First), ("2nd f32", Scheme::Second)] {
        for dx in [10.0, 25.0, 50.0] {
            let ran = hunter::<f32>(scheme, dx);
            rows.push(ran.told(&format!("{name}, dx {dx} m"), NORM, rmse(&ran.found, &ran.exact)));
        }
    }
    let flat = vec![0.0; runs[0].1.found.len()];
    Outcome {
        id: "non-breaking-wave",
        grid: "1,000 × 1, dx 5 m, n 0.03, u 1 m/s, t 3,600 s",
        rows,
        plot: Some(plot(&flat, &runs)),
        tables: Vec::new(),
    }
}

/// The local inertial scheme: against its own equations, and where it applies.
pub(crate) fn inertial() -> Outcome {
    let scheme = Scheme::Inertial;
    let own =
        vec![("f32", INERTIAL.run::<f32>(scheme, 5.0)), ("f64", INERTIAL.run::<f64>(scheme, 5.0))];
    let slow = [("f32", SLOW.run::<f32>(scheme, 5.0)), ("f64", SLOW.run::<f64>(scheme, 5.0))];
    let mut rows = Vec::new();
    for (told, runs) in [("own wave, u 1 m/s", own.as_slice()), ("Hunter, u 0.4 m/s", &slow)] {
        for (precision, ran) in runs {
            let value = rmse(&ran.found, &ran.exact);
            rows.push(ran.row(&format!("{told}, {precision}"), NORM, value, BOUND_M));
        }
    }
    for dx in [2.5, 10.0, 25.0] {
        let ran = INERTIAL.run::<f32>(scheme, dx);
        let told = format!("own wave, u 1 m/s, f32, dx {dx} m");
        rows.push(ran.told(&told, NORM, rmse(&ran.found, &ran.exact)));
    }
    for dx in [2.5, 5.0, 10.0, 25.0] {
        let ran = HUNTER.run::<f32>(scheme, dx);
        let told = format!("Hunter, u 1 m/s, f32, dx {dx} m");
        rows.push(ran.told(&told, NORM, rmse(&ran.found, &ran.exact)));
    }
    let kept = [("f32", kept::<f32>(scheme)), ("f64", kept::<f64>(scheme))];
    for (precision, (_, negative, volume)) in kept {
        let variant = format!("closed valley, {precision}");
        rows.push(Row { variant: variant.clone(), bound: Some(1e-6), ..volume });
        let norm = "negative depth, m";
        rows.push(Row { variant, norm, value: negative, bound: Some(0.0), run: None });
    }
    let flat = vec![0.0; own[0].1.found.len()];
    let mut plot = plot(&flat, &own);
    let whole = own[0].1.places.iter().map(|x| [*x, HUNTER.exact(*x, END_S)]).collect();
    plot.lines.push(("移流を含む厳密解 exact with advection".to_owned(), whole));
    let grid = "dx 5 m, n 0.03, t 3,600 s; closed valley 100 × 100";
    Outcome { id: "local-inertial", grid, rows, plot: Some(plot), tables: Vec::new() }
}
