//! Saving a flood in progress, and taking it up again bit for bit.
//!
//! A saved state is a sequence of little-endian numbers: what it belongs to (form, precision,
//! scheme, domain, ground), the state of the whole, that of the tiles in their order, and an
//! xxh3-64 of everything before it. What is not state (bed, roughness, forcing) is not in it:
//! whoever loads it gives the same again, and the hash of the ground is compared.

use std::io::{Read, Write};

use xxhash_rust::xxh3::Xxh3;

use crate::case::{Forcing, Settings, Start};
use crate::error::FloodError;
use crate::ground::{Ground, Lattice};
use crate::rain::Soil;
use crate::real::Real;
use crate::simulation::Simulation;
use crate::tile::Tile;

/// First bytes of a saved state; the last is the version of the form.
const MAGIC: &[u8; 8] = b"jomofld\x03";

/// Numbers go in and out in pieces of this many bytes.
const PIECE: usize = 1 << 16;

struct Saver<'a> {
    out: &'a mut dyn Write,
    hash: Xxh3,
    piece: Vec<u8>,
}

impl Saver<'_> {
    fn flush(&mut self) -> std::io::Result<()> {
        self.hash.update(&self.piece);
        self.out.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.piece.extend_from_slice(bytes);
        if PIECE <= self.piece.len() { self.flush() } else { Ok(()) }
    }

    fn number(&mut self, number: f64) -> std::io::Result<()> {
        self.bytes(&number.to_le_bytes())
    }

    fn count(&mut self, count: u64) -> std::io::Result<()> {
        self.bytes(&count.to_le_bytes())
    }

    fn values<R: Real>(&mut self, values: &[R]) -> std::io::Result<()> {
        for value in values {
            value.put(&mut self.piece);
            if PIECE <= self.piece.len() {
                self.flush()?;
            }
        }
        Ok(())
    }
}

struct Loader<'a> {
    input: &'a mut dyn Read,
    hash: Xxh3,
    offset: usize,
}

impl Loader<'_> {
    fn fault(&self, expected: &'static str) -> FloodError {
        FloodError::Saved { offset: self.offset, expected }
    }

    fn bytes(&mut self, out: &mut [u8]) -> Result<(), FloodError> {
        if self.input.read_exact(out).is_err() {
            return Err(self.fault("more-bytes"));
        }
        self.hash.update(out);
        self.offset += out.len();
        Ok(())
    }

    fn count(&mut self) -> Result<u64, FloodError> {
        let mut bytes = [0; 8];
        self.bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads a number that must be this one.
    fn expect(&mut self, number: u64, expected: &'static str) -> Result<(), FloodError> {
        let fault = self.fault(expected);
        if self.count()? == number { Ok(()) } else { Err(fault) }
    }

    fn number(&mut self) -> Result<f64, FloodError> {
        Ok(f64::from_bits(self.count()?))
    }

    fn values<R: Real>(&mut self, out: &mut [R]) -> Result<(), FloodError> {
        let mut piece = vec![0; R::BYTES * out.len().min(PIECE / R::BYTES)];
        for out in out.chunks_mut(PIECE / R::BYTES) {
            let piece = &mut piece[..R::BYTES * out.len()];
            self.bytes(piece)?;
            for (value, bytes) in out.iter_mut().zip(piece.chunks(R::BYTES)) {
                let taken = R::take(bytes);
                *value =
                    taken.ok_or(FloodError::Saved { offset: self.offset, expected: "number" })?;
            }
        }
        Ok(())
    }
}

/// What a saved state belongs to, as numbers with the word for each.
fn marks<R: Real>(ground: &Ground, settings: Settings) -> [(u64, &'static str); 9] {
    let [rows, columns] = ground.shape();
    let limits = settings.watch.map(|watch| [watch.arrival_depth_m, watch.duration_depth_m]);
    let [arrival, duration] = limits.unwrap_or_default().map(f64::to_bits);
    [
        (R::BYTES as u64, "precision"),
        (settings.scheme.number(), "scheme"),
        (rows as u64, "rows"),
        (columns as u64, "columns"),
        (settings.tile_edge as u64, "tile-edge"),
        (u64::from(settings.watch.is_some()), "watch"),
        (arrival, "arrival-depth"),
        (duration, "duration-depth"),
        (ground.fingerprint(), "ground"),
    ]
}

impl<R: Real> Simulation<R> {
    /// Writes the state; [`Simulation::load`] goes on from it as if nothing had happened.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn save(&self, ground: &Ground, out: &mut dyn Write) -> std::io::Result<()> {
        let mut saver = Saver { out, hash: Xxh3::new(), piece: Vec::with_capacity(2 * PIECE) };
        saver.bytes(MAGIC)?;
        for (mark, _) in marks::<R>(ground, self.settings) {
            saver.count(mark)?;
        }
        let whole = [self.lattice.quantum_m(), self.time_s, self.signal_m_s];
        let sky = [self.sky.to_drain_m, self.sky.waited_s];
        for number in whole.into_iter().chain(sky).chain(self.ledger.sums()) {
            saver.number(number)?;
        }
        for count in [self.ledger.steps, self.ledger.cell_updates, self.sky.soils.len() as u64] {
            saver.count(count)?;
        }
        for (soil, waiting) in self.sky.soils.iter().zip(&self.sky.waiting_m) {
            for number in [soil.rain_mm, soil.infiltrated_mm, *waiting] {
                saver.number(number)?;
            }
        }
        for tile in &self.tiles {
            save_tile(tile, &mut saver)?;
        }
        saver.flush()?;
        let hash = saver.hash.digest();
        saver.out.write_all(&hash.to_le_bytes())
    }

    /// Takes up a saved state. Ground, forcing and settings are those with which it was saved;
    /// the forcing may differ, which starts another future from the same present.
    ///
    /// # Errors
    /// If the state is damaged, or of another ground, precision, scheme or size of tiles.
    pub fn load(
        ground: &Ground,
        forcing: Forcing,
        settings: Settings,
        input: &mut dyn Read,
    ) -> Result<Self, FloodError> {
        let mut loader = Loader { input, hash: Xxh3::new(), offset: 0 };
        let mut magic = [0; 8];
        loader.bytes(&mut magic)?;
        if &magic != MAGIC {
            return Err(FloodError::Saved { offset: 0, expected: "saved-state" });
        }
        for (mark, expected) in marks::<R>(ground, settings) {
            loader.expect(mark, expected)?;
        }
        let quantum_m = loader.number()?;
        if !(quantum_m.is_finite() && 0.0 < quantum_m) {
            return Err(loader.fault("number"));
        }
        let start = Start::default();
        let lattice = Lattice::of(quantum_m);
        let mut flood = Self::on_lattice(ground, &start, forcing, settings, lattice)?;
        flood.time_s = loader.number()?;
        flood.signal_m_s = loader.number()?;
        flood.sky.to_drain_m = loader.number()?;
        flood.sky.waited_s = loader.number()?;
        let mut sums = flood.ledger.sums();
        for sum in &mut sums {
            *sum = loader.number()?;
        }
        flood.ledger.set_sums(sums);
        flood.ledger.steps = loader.count()?;
        flood.ledger.cell_updates = loader.count()?;
        loader.expect(flood.sky.soils.len() as u64, "rain-zones")?;
        for zone in 0..flood.sky.soils.len() {
            let rain_mm = loader.number()?;
            flood.sky.soils[zone] = Soil { rain_mm, infiltrated_mm: loader.number()? };
            flood.sky.waiting_m[zone] = loader.number()?;
        }
        for tile in &mut flood.tiles {
            load_tile(tile, &mut loader)?;
        }
        let expected = loader.hash.digest();
        loader.expect(expected, "checksum")?;
        flood.show_all();
        flood.check()?;
        Ok(flood)
    }
}

fn save_tile<R: Real>(tile: &Tile<R>, saver: &mut Saver<'_>) -> std::io::Result<()> {
    saver.values(&[tile.signal])?;
    for values in [&tile.h, &tile.low, &tile.east, &tile.south] {
        saver.values(values)?;
    }
    if let Some(watch) = &tile.watch {
        for values in watch.records() {
            saver.values(values)?;
        }
    }
    for rim in tile.rims.iter().flatten() {
        saver.number(rim.inflow_m3)?;
        saver.values(&rim.discharge)?;
    }
    Ok(())
}

fn load_tile<R: Real>(tile: &mut Tile<R>, loader: &mut Loader<'_>) -> Result<(), FloodError> {
    loader.values(std::slice::from_mut(&mut tile.signal))?;
    for values in [&mut tile.h, &mut tile.low, &mut tile.east, &mut tile.south] {
        loader.values(values)?;
    }
    if let Some(watch) = &mut tile.watch {
        for values in watch.records_mut() {
            loader.values(values)?;
        }
    }
    for rim in tile.rims.iter_mut().flatten() {
        rim.inflow_m3 = loader.number()?;
        loader.values(&mut rim.discharge)?;
    }
    Ok(())
}
