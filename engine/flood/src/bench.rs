//! Where threads work, kept from pass to pass.

use std::sync::{Mutex, PoisonError};

use crate::case::Scheme;
use crate::joint::Joint;
use crate::real::Real;
use crate::simulation::Turn;
use crate::tile::{Band, Edges, FlatRoom, Pace, Room, Scratch, Strip, Surroundings, Tile};

/// Things that threads borrow and give back: what one leaves in them is no one's business.
///
/// (A pass of local steps may move ten tiles; to make room anew for each took a tenth of the time.)
#[derive(Debug)]
pub(crate) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// A copy starts empty.
impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> Pool<T> {
    /// Works with one of them, a new one if all are out.
    pub(crate) fn with<O>(&self, new: impl FnOnce() -> T, work: impl FnOnce(&mut T) -> O) -> O {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut thing = kept.unwrap_or_else(new);
        let out = work(&mut thing);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(thing);
        out
    }
}

/// Where a thread works: room for the rows of a tile, as the scheme needs it.
#[derive(Debug)]
pub(crate) enum Bench<R> {
    First(Box<Band<R>>),
    Second(Box<(Scratch<R>, Room<R>)>),
    Inertial(Box<(Scratch<R>, FlatRoom<R>)>),
}

impl<R: Real> Bench<R> {
    pub(crate) fn new(scheme: Scheme, columns: usize) -> Self {
        let scratch = || Scratch::with_columns(columns);
        match scheme {
            Scheme::First => Self::First(Box::default()),
            Scheme::Second => Self::Second(Box::new((scratch(), Room::with_columns(columns)))),
            Scheme::Inertial => {
                Self::Inertial(Box::new((scratch(), FlatRoom::with_columns(columns))))
            }
        }
    }

    /// Lets a tile take its turn; gives how many cells were computed.
    pub(crate) fn turn(
        &mut self,
        tile: &mut Tile<R>,
        (own, around): (&Edges<R>, [&Strip<R>; 4]),
        pace: Pace<R>,
        turn: Turn,
    ) -> usize {
        match self {
            Self::First(band) => {
                let joints = &mut [const { Joint::Even }; 4];
                return tile.step(Surroundings { own, around, joints }, pace, band);
            }
            Self::Inertial(room) => tile.flat_step(around, pace, &mut room.0, &mut room.1),
            Self::Second(room) => {
                let (scratch, room) = &mut **room;
                if !tile.midway {
                    tile.keep();
                }
                tile.stage(around, pace, scratch, room);
                if turn == Turn::SecondStage {
                    tile.settle(pace, &mut scratch.after);
                }
            }
        }
        tile.h.len()
    }

    /// The room of the scheme of first order.
    pub(crate) fn band(&mut self) -> Option<&mut Band<R>> {
        match self {
            Self::First(band) => Some(band),
            Self::Second(_) | Self::Inertial(_) => None,
        }
    }
}
