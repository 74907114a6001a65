//! No node gives more than it has.

use std::ops::Range;

use crate::river::River;
use crate::river::channel::NONE;

impl<const W: usize> River<W> {
    /// Takes back what nodes of a tree gave beyond what they had, in proportion to what they gave.
    /// `work.moved_m3` holds the volumes moved through the links.
    ///
    /// Two passes are enough. Water that turned up into a tributary cannot turn down again: in a
    /// tree the only way down is the one that it came. So nodes that give downstream get water from
    /// above only, and are final after a pass down the rivers; the others are after one up.
    pub(crate) fn repair(&mut self, tree: Range<usize>, step_s: f64) {
        let short = |volume: &[f64; W]| volume.iter().any(|volume| *volume < 0.0);
        if !self.volume_m3[tree.clone()].iter().any(short) {
            return;
        }
        for lane in 0..W {
            if self.volume_m3[tree.clone()].iter().all(|volume| 0.0 <= volume[lane]) {
                continue;
            }
            for at in tree.clone() {
                if 0.0 <= self.work.moved_m3[at][lane] {
                    self.hold_back(at, lane);
                }
            }
            for at in tree.clone().rev() {
                self.hold_back(at, lane);
            }
            for at in tree.clone() {
                self.discharge_m3_s[at][lane] = self.work.moved_m3[at][lane] / step_s;
            }
        }
    }

    /// Lets one node give only what it has.
    fn hold_back(&mut self, at: usize, lane: usize) {
        let missing = -self.volume_m3[at][lane];
        if missing <= 0.0 {
            return;
        }
        let given = |value: f64| value.max(0.0);
        let moved = &mut self.work.moved_m3;
        let beside = self.channels.places[at].ponds;
        let up = self.channels.inflows(at);
        let mut gave = given(moved[at][lane]) + given(-self.work.lateral_m3[at][lane]);
        gave += up.iter().map(|above| given(-moved[*above as usize][lane])).sum::<f64>();
        let over = |pond: &u32| {
            let pond = self.ponds.get(*pond as usize)?;
            Some(given(pond.moved_m3[lane]))
        };
        gave += beside.iter().filter_map(over).sum::<f64>();
        if gave <= 0.0 {
            return;
        }
        // Rounding may leave a little less than nothing to give; then all is taken back.
        let back = (missing / gave).min(1.0);
        let next = self.channels.places[at].next;
        if 0.0 < moved[at][lane] {
            let returned = back * moved[at][lane];
            moved[at][lane] -= returned;
            if next != NONE {
                self.volume_m3[next as usize][lane] -= returned;
            }
        }
        for above in up {
            let link = &mut moved[*above as usize][lane];
            if *link < 0.0 {
                let returned = -back * *link;
                *link += returned;
                self.volume_m3[*above as usize][lane] -= returned;
            }
        }
        for pond in beside {
            let Some(pond) = self.ponds.get_mut(pond as usize) else { continue };
            if 0.0 < pond.moved_m3[lane] {
                let mut returned = [0.0; W];
                returned[lane] = -back * pond.moved_m3[lane];
                pond.count(returned);
            }
        }
        let lateral = &mut self.work.lateral_m3[at][lane];
        if *lateral < 0.0 {
            *lateral -= back * *lateral;
        }
        self.volume_m3[at][lane] = 0.0;
    }
}
