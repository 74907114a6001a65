//! Local time steps: each tile goes at the pace that its own water allows.
//!
//! The fastest tiles set the shortest step; a tile may take steps 2, 4 or 8 times as long, at most
//! twice as long as its neighbours. All tiles meet at the end of the longest step, where rain and
//! sources act. Results are the same bits on any number of threads, but, unlike those of the
//! global step, depend on the size of the tiles.

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::bench::Bench;
use crate::entering::critical_m_s;
use crate::face::Fluxes;
use crate::joint::Joint;
use crate::layout::Layout;
use crate::real::Real;
use crate::rim::Imposed;
use crate::simulation::{Simulation, View};
use crate::tile::{Compass, Edges, Pace, Strip, Surroundings, Tile};

/// The slowest tiles take steps of `2^HIGHEST` times the shortest.
const HIGHEST: u8 = 3;

/// Stands for the pace of a tile without any cell of the domain: it has no turn.
const VOID: u8 = u8::MAX;

/// Share of the allowed step that is used: water may quicken before all tiles meet again.
const CAUTION: f64 = 0.9;

/// Tiles that a thread takes at a time.
const AT_ONCE: usize = 4;

/// A pass over the tiles of one pace.
#[derive(Clone, Copy)]
struct Turn {
    level: u8,
    /// Whether it is the first of the two steps that slower neighbours wait for.
    first: bool,
}

impl<R: Real> Simulation<R> {
    /// Moves the water by local steps, at most `limit_s`; gives the time that went by, s.
    pub(crate) fn move_locally(&mut self, shortest_s: f64, limit_s: f64) -> f64 {
        let shortest_s = CAUTION * shortest_s;
        let mut levels = self.levels(shortest_s);
        let slowest = levels.iter().copied().filter(|level| *level != VOID).max().unwrap_or(0);
        // No more short steps than fit into the limit.
        let top = (0..slowest).find(|top| limit_s <= shortest_s * f64::from(1_u32 << top));
        let top = top.unwrap_or(slowest);
        levels
            .iter_mut()
            .filter(|level| **level != VOID)
            .for_each(|level| *level = top.min(*level));
        let count = 1_u32 << top;
        let whole_s = (shortest_s * f64::from(count)).min(limit_s);
        let part_s = whole_s / f64::from(count);
        for part in 1..=count {
            let end_s = self.time_s + part_s * f64::from(part);
            for level in (0..=top).filter(|level| part.trailing_zeros() >= u32::from(*level)) {
                let step_s = part_s * f64::from(1_u32 << level);
                let imposed = self.imposed(end_s - 0.5 * step_s, [end_s - step_s, end_s]);
                let pace = Pace::new(step_s, self.cell_size_m, end_s);
                let turn = Turn { level, first: (part >> level) & 1 == 1 };
                self.local_pass(&levels, turn, &imposed, pace);
            }
        }
        let fastest = self.tiles.iter().map(|tile| tile.signal.wide());
        self.signal_m_s = fastest.fold(0.0, f64::max);
        whole_s
    }

    /// How often each tile may double the shortest step.
    fn levels(&self, shortest_s: f64) -> Vec<u8> {
        let coming_m_s = self.coming_m_s();
        // Banks that run feed most tiles of a plain, few of them much: each tile counts its own.
        let fed_m_s =
            self.feeds.by_tile(self.tiles.len(), |rate| critical_m_s(rate / self.mouth_m()));
        let allowed = |(index, (tile, fed_m_s)): (usize, (&Tile<R>, &f64))| {
            if tile.void {
                return VOID;
            }
            let rim = tile.rims.iter().any(Option::is_some);
            let entering_m_s = if rim || tile.fed { coming_m_s } else { 0.0 };
            // What a neighbour is about to bring, which may be faster than all that is here.
            let brought = |side: Compass| {
                let other = self.layout.neighbour(index, side);
                other.map_or(R::ZERO, |other| self.edges[0][other].signal(side.opposite()))
            };
            let brought_m_s = Compass::ALL.map(brought).into_iter().fold(R::ZERO, R::at_least);
            let signal_m_s = tile.signal.at_least(brought_m_s).wide();
            let signal_m_s = signal_m_s.max(entering_m_s).max(*fed_m_s);
            let steps = CAUTION * self.settings.cfl * self.cell_size_m / (signal_m_s * shortest_s);
            (0..HIGHEST).rev().find(|level| f64::from(2_u32 << level) <= steps).map_or(0, |l| l + 1)
        };
        let tiles = self.tiles.iter().zip(&fed_m_s).enumerate();
        let mut levels: Vec<u8> = tiles.map(allowed).collect();
        for _ in 0..HIGHEST {
            levels = graded(&self.layout, &levels);
        }
        levels
    }

    fn local_pass(&mut self, levels: &[u8], turn: Turn, imposed: &[Imposed], pace: Pace<R>) {
        let scheme = self.settings.scheme;
        let [before, after] = &mut self.edges;
        let view = View { scheme, layout: &self.layout, edges: before, nothing: Strip::dry(0) };
        // Of a tile at rest nothing is copied: what it showed still holds. Those at work often lie
        // together: gathered first, they are shared out evenly.
        let tiles = self.tiles.iter_mut().zip(after.iter_mut()).enumerate();
        let at_work: Vec<_> = tiles
            .filter(|(index, (tile, _))| {
                levels[*index] == turn.level
                    && (view.works(*index, tile, imposed) || view.stirred(*index, levels))
            })
            .collect();
        let benches = &self.benches;
        let updates: u64 = at_work
            .into_par_iter()
            .with_max_len(AT_ONCE)
            .map(|(index, (tile, show))| {
                let mut registers = std::mem::take(&mut show.registers);
                view.begin_registers((index, levels), turn.first, &mut registers);
                view.prepare(index, tile, imposed, pace);
                let mut joints = view.joints(index, levels, &mut registers);
                let own = &view.edges[index];
                let around = Surroundings { own, around: view.around(index), joints: &mut joints };
                let new = || Bench::First(Box::default());
                let step = |bench: &mut Bench<R>| bench.band().map(|b| tile.step(around, pace, b));
                let cells = benches.with(new, step).unwrap_or(0);
                tile.show(show, scheme.halo());
                show.registers = registers;
                cells as u64
            })
            .sum();
        for (index, (before, after)) in before.iter_mut().zip(after).enumerate() {
            if levels[index] != turn.level {
                continue;
            }
            if before.is_older_than(after) {
                std::mem::swap(before, after);
            } else if turn.first {
                before.registers.iter_mut().for_each(Fluxes::clear);
            }
        }
        self.ledger.cell_updates += updates;
    }
}

/// Levels that differ by no more than one between neighbours, none of them higher than before.
fn graded(layout: &Layout, levels: &[u8]) -> Vec<u8> {
    let one = |(tile, level): (usize, &u8)| {
        if *level == VOID {
            return VOID;
        }
        let beyond = Compass::ALL.into_iter().filter_map(|side| layout.neighbour(tile, side));
        beyond.map(|other| levels[other].saturating_add(1)).fold(*level, u8::min)
    };
    levels.iter().enumerate().map(one).collect()
}

impl<R: Real> View<'_, R> {
    /// How the pace of the tile on a side compares; a tile without cells lets nothing pass.
    fn beyond(&self, index: usize, levels: &[u8], side: Compass) -> Option<(usize, Ordering)> {
        let other = self.layout.neighbour(index, side).filter(|other| levels[*other] != VOID)?;
        Some((other, levels[other].cmp(&levels[index])))
    }

    /// Whether a faster neighbour let anything pass.
    fn stirred(&self, index: usize, levels: &[u8]) -> bool {
        Compass::ALL.into_iter().any(|side| {
            let Some((other, Ordering::Less)) = self.beyond(index, levels, side) else {
                return false;
            };
            let given = &self.edges[other].registers[side.opposite().index()];
            given.mass.iter().any(|mass| *mass != R::ZERO)
        })
    }

    /// Readies the registers of a tile towards slower neighbours: zero at the first of two steps, as
    /// they stand at the second; none towards others.
    fn begin_registers(
        &self,
        (index, levels): (usize, &[u8]),
        first: bool,
        registers: &mut [Fluxes<R>; 4],
    ) {
        let Edges { sides, registers: kept, .. } = &self.edges[index];
        for side in Compass::ALL {
            let register = &mut registers[side.index()];
            let slower = matches!(self.beyond(index, levels, side), Some((_, Ordering::Greater)));
            let (faces, kept) = (sides[side.index()].h.len(), &kept[side.index()]);
            if !slower {
                register.clear();
            } else if first || kept.mass.len() != faces {
                register.reset(faces);
            } else {
                register.follow(kept);
            }
        }
    }

    /// What lies beyond each side of a tile.
    fn joints<'a>(
        &'a self,
        index: usize,
        levels: &[u8],
        registers: &'a mut [Fluxes<R>; 4],
    ) -> [Joint<'a, R>; 4] {
        let [north, west, east, south] = registers;
        let one = |side: Compass, register: &'a mut Fluxes<R>| {
            let Some((other, pace)) = self.beyond(index, levels, side) else { return Joint::Even };
            let edges = &self.edges[other];
            let facing = side.opposite().index();
            match pace {
                Ordering::Less => Joint::Faster(&edges.registers[facing]),
                Ordering::Greater => Joint::Slower { beyond: &edges.sides[facing], register },
                Ordering::Equal => Joint::Even,
            }
        };
        [
            one(Compass::North, north),
            one(Compass::West, west),
            one(Compass::East, east),
            one(Compass::South, south),
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::case::{Forcing, Settings, Start, TimeStep, Water};
    use crate::ground::{Ground, Roughness};
    use crate::simulation::Simulation;

    /// A dry tile beside deep water goes at the pace of that water, not at twice its step; one
    /// farther off may take twice the step.
    #[test]
    fn a_resting_tile_goes_at_the_pace_of_the_water_beside_it() {
        let ground = Ground::new([16, 48], 10.0, vec![0.0; 16 * 48], Roughness::Uniform(0.03));
        let depth_m = (0..16 * 48).map(|at| if at % 48 < 16 { 5.0 } else { 0.0 }).collect();
        let start = Start { water: Some(Water::Depth(depth_m)), ..Start::default() };
        let settings =
            Settings { tile_edge: 16, time_step: TimeStep::Local, ..Settings::default() };
        let run =
            Simulation::<f32>::new(&ground.unwrap(), &start, Forcing::default(), settings).unwrap();
        let allowed_s = super::CAUTION * settings.cfl * 10.0 / run.signal_m_s;
        assert_eq!(run.levels(allowed_s), [0, 0, 1]);
    }
}
