//! The evolution of one complex (CCE of Duan, Sorooshian and Gupta 1992).

use super::Point;
use crate::verify::Numbers;

/// Points that evolve by themselves for a round.
pub(super) struct Complex {
    /// Best first.
    points: Vec<Point>,
    random: Numbers,
    runs: u32,
}

impl Complex {
    pub(super) fn new(points: Vec<Point>, random: Numbers) -> Self {
        Self { points, random, runs: 0 }
    }

    pub(super) fn runs(&self) -> u32 {
        self.runs
    }

    pub(super) fn into_points(self) -> Vec<Point> {
        self.points
    }

    /// As many generations as there are points.
    pub(super) fn evolve(mut self, run: &(impl Fn(&[f64]) -> f64 + Sync)) -> Self {
        for _ in 0..self.points.len() {
            self.generation(run);
        }
        self
    }

    /// Replaces the worst of some parents: mirrored at the others, drawn towards them, or anew.
    fn generation(&mut self, run: &impl Fn(&[f64]) -> f64) {
        let parents = self.parents();
        let Some((worst, others)) = parents.split_last() else { return };
        let worst = *worst;
        let count = others.len().max(1) as f64;
        let here = self.points[worst].shares.clone();
        let centre: Vec<f64> = (0..here.len())
            .map(|at| {
                others.iter().map(|other| self.points[*other].shares[at]).sum::<f64>() / count
            })
            .collect();
        let mirrored: Vec<f64> =
            here.iter().zip(&centre).map(|(here, centre)| 2.0 * centre - here).collect();
        let inside = mirrored.iter().all(|share| (0.0..=1.0).contains(share));
        let mut offspring = if inside { mirrored } else { self.anywhere() };
        let mut cost = self.run(run, &offspring);
        if self.points[worst].cost <= cost {
            offspring = here.iter().zip(&centre).map(|(a, b)| 0.5 * (a + b)).collect();
            cost = self.run(run, &offspring);
        }
        if self.points[worst].cost <= cost {
            offspring = self.anywhere();
            cost = self.run(run, &offspring);
        }
        self.points[worst] = Point { shares: offspring, cost };
        super::sort(&mut self.points);
    }

    fn run(&mut self, run: &impl Fn(&[f64]) -> f64, shares: &[f64]) -> f64 {
        self.runs += 1;
        run(shares)
    }

    /// One more than there are parameters, in their order; the better the likelier.
    fn parents(&mut self) -> Vec<usize> {
        let (count, wanted) = (self.points.len(), self.points[0].shares.len() + 1);
        let mut chosen: Vec<usize> = Vec::with_capacity(wanted);
        while chosen.len() < wanted.min(count) {
            // A falling straight line as the density: the lesser of two draws.
            let draw = self.random.below(count).min(self.random.below(count));
            if !chosen.contains(&draw) {
                chosen.push(draw);
            }
        }
        chosen.sort_unstable();
        chosen
    }

    /// A point of the smallest box that holds the complex.
    fn anywhere(&mut self) -> Vec<f64> {
        (0..self.points[0].shares.len())
            .map(|at| {
                let shares = self.points.iter().map(|point| point.shares[at]);
                let (low, high) = shares
                    .fold((f64::INFINITY, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
                low + (high - low) * self.random.unit()
            })
            .collect()
    }
}
