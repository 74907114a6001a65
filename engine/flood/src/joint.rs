//! The border between tiles that go at different paces.
//!
//! A tile next to a slower one takes two steps while that takes one. It computes the fluxes of the
//! shared faces both times from the slower tile as it stood, and writes down their mean (a flux
//! register); the slower tile then uses that mean instead of its own. So what one tile loses the
//! other gains, bit for bit in exact arithmetic.
//!
//! Source: Berger and Colella (1989), J. Comput. Phys. 82 (flux registers); Osher and Sanders
//! (1983), Math. Comp. 41 (local steps).

use crate::cell::DRY_M;
use crate::face::Fluxes;
use crate::real::Real;
use crate::tile::{Compass, Strip};

/// What lies beyond a side of a tile.
#[derive(Debug)]
pub(crate) enum Joint<'a, R> {
    /// The rim, or a tile of the same pace.
    Even,
    /// A faster tile, which has already computed the fluxes.
    Faster(&'a Fluxes<R>),
    /// A slower tile, as it stands, and the register of what passes.
    Slower {
        /// Its outermost cells.
        beyond: &'a Strip<R>,
        /// Where the mean of both steps is gathered.
        register: &'a mut Fluxes<R>,
    },
}

impl<R: Real> Joint<'_, R> {
    /// Whether a faster tile let anything through a face, or took anything.
    pub(crate) fn lets_in(&self, place: usize) -> bool {
        let Self::Faster(given) = self else { return false };
        given.mass.get(place).is_some_and(|mass| *mass != R::ZERO)
    }

    /// Acts on the flux of the face `face` of a row of fluxes, the `place`-th along the side.
    pub(crate) fn act(
        &mut self,
        side: Compass,
        [place, face]: [usize; 2],
        fluxes: &mut Fluxes<R>,
        drain: R,
    ) {
        match self {
            Self::Even => {}
            Self::Faster(given) if given.mass.is_empty() => {
                // It rested all the while.
                for values in
                    [&mut fluxes.mass, &mut fluxes.left, &mut fluxes.right, &mut fluxes.across]
                {
                    values[face] = R::ZERO;
                }
            }
            Self::Faster(given) => {
                fluxes.mass[face] = given.mass[place];
                fluxes.left[face] = given.left[place];
                fluxes.right[face] = given.right[place];
                fluxes.across[face] = given.across[place];
            }
            Self::Slower { beyond, register } => {
                limit(side, beyond, [place, face], fluxes, drain);
                register.mass[place] += R::HALF * fluxes.mass[face];
                register.left[place] += R::HALF * fluxes.left[face];
                register.right[place] += R::HALF * fluxes.right[face];
                register.across[place] += R::HALF * fluxes.across[face];
            }
        }
    }
}

/// Takes no more from a slower cell than its share for its own, longer step.
fn limit<R: Real>(
    side: Compass,
    beyond: &Strip<R>,
    [place, face]: [usize; 2],
    fluxes: &mut Fluxes<R>,
    drain: R,
) {
    let h = beyond.h[place];
    let (along, across) = if side.is_row() {
        (beyond.south[place], beyond.east[place])
    } else {
        (beyond.east[place], beyond.south[place])
    };
    let moves = R::of(DRY_M) <= h;
    // Half of the discharge is depth times half of the velocity.
    let quarter = h * (R::HALF * drain);
    let drift = if moves { (R::HALF * along).within(-quarter, quarter) } else { R::ZERO };
    let mass = fluxes.mass[face];
    let limited = match side {
        Compass::West | Compass::North => mass.at_most(quarter + drift),
        Compass::East | Compass::South => mass.at_least(drift - quarter),
    };
    if limited != mass {
        fluxes.mass[face] = limited;
        fluxes.across[face] = if moves { limited * (across / h) } else { R::ZERO };
    }
}
