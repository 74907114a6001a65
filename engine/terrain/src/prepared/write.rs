//! Writing a prepared basin.

use std::io::Write;

use jomo_core::grid::Grid;
use xxhash_rust::xxh3::Xxh3;

use super::{ALIGN, ARRAYS, HEAD, Layout, MAGIC, VERSION};
use crate::bank::Bank;
use crate::condition::Conditioned;
use crate::error::TerrainError;
use crate::flow::Flow;
use crate::section::Section;
use crate::stream::{NONE, Network, same_lattice};

/// Bytes that are made at a time.
const PIECE: usize = 1 << 16;

/// What a prepared basin is made of.
#[derive(Clone, Copy, Debug)]
pub struct Basin<'a> {
    /// Heights, of which the conditioned ones are kept.
    pub conditioned: &'a Conditioned,
    /// Directions.
    pub flow: &'a Flow,
    /// Cells that drain through each cell.
    pub upstream: &'a Grid<u32>,
    /// The reach of each cell.
    pub catchments: &'a Grid<u32>,
    /// The streams.
    pub network: &'a Network,
    /// One section for each reach.
    pub sections: &'a [Section],
    /// Points on the banks.
    pub banks: &'a [Bank],
}

/// Writes a prepared basin. The same basin gives the same bytes.
///
/// # Errors
/// Parts that do not belong together (`InvalidInput`, with a [`TerrainError`] inside); whatever
/// `out` fails with.
pub fn write(basin: &Basin<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let layout = basin
        .layout()
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error))?;
    let mut head = basin.head();
    for (index, [offset, length]) in layout.arrays.into_iter().enumerate() {
        let mut hash = Xxh3::new();
        basin.array(index, &mut |piece| {
            hash.update(piece);
            Ok(())
        })?;
        head.extend([offset as u64, length as u64, hash.digest()].map(u64::to_le_bytes).concat());
    }
    let mut hash = Xxh3::new();
    hash.update(&head);
    head.extend(hash.digest().to_le_bytes());
    out.write_all(&head)?;
    let mut end = HEAD;
    for (index, [offset, length]) in layout.arrays.into_iter().enumerate() {
        out.write_all(&[0; ALIGN][..offset - end])?;
        basin.array(index, &mut |piece| out.write_all(piece))?;
        end = offset + length;
    }
    Ok(())
}

type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> std::io::Result<()>;

impl Basin<'_> {
    fn layout(&self) -> Result<Layout, TerrainError> {
        let heights = self.conditioned.heights();
        same_lattice("flow", heights, self.flow.codes())?;
        same_lattice("upstream cells", heights, self.upstream)?;
        same_lattice("catchments", heights, self.catchments)?;
        let expected = heights.shape();
        let network = self.network;
        if network.shape != expected || network.placement != heights.placement() {
            let found = network.shape;
            return Err(TerrainError::Mismatch { what: "network", expected, found });
        }
        let reaches = network.reaches.len();
        if reaches != self.sections.len() {
            let (expected, found) = ([reaches, 1], [self.sections.len(), 1]);
            return Err(TerrainError::Mismatch { what: "sections", expected, found });
        }
        let counts = (reaches, network.cells.len(), self.banks.len());
        let most = crate::cells::MOST_CELLS;
        Layout::new(counts.0, counts.1, counts.2, heights.values().len())
            .ok_or(TerrainError::TooLarge { shape: expected, most })
    }

    fn head(&self) -> Vec<u8> {
        let network = self.network;
        let placement = network.placement;
        let mut head = MAGIC.to_vec();
        head.push(VERSION);
        head.extend(placement.zone.epsg().to_le_bytes());
        head.extend(network.threshold_cells.to_le_bytes());
        head.extend(network.shape.map(|count| (count as u64).to_le_bytes()).concat());
        let [east, north] = placement.origin_m;
        head.extend([east, north, placement.cell_size_m].map(f64::to_le_bytes).concat());
        let counts = [network.reaches.len(), network.cells.len(), self.banks.len()];
        head.extend(counts.map(|count| (count as u64).to_le_bytes()).concat());
        head
    }

    /// The bytes of one array, in pieces.
    fn array(&self, index: usize, sink: Sink<'_>) -> std::io::Result<()> {
        debug_assert!(index < ARRAYS, "one of seven arrays");
        match index {
            0 => {
                let reaches = (0..self.network.reaches.len()).map(|reach| self.reach(reach));
                pieces(reaches, sink)
            }
            1 => pieces(self.network.cells.iter().map(|cell| cell.to_le_bytes()), sink),
            2 => pieces(self.banks.iter().map(bank), sink),
            3 => sink(self.flow.codes().values()),
            4 => pieces(self.catchments.values().iter().map(|label| label.to_le_bytes()), sink),
            5 => pieces(self.upstream.values().iter().map(|cells| cells.to_le_bytes()), sink),
            _ => {
                let heights = self.conditioned.heights().values().iter();
                pieces(heights.map(|height| height.to_le_bytes()), sink)
            }
        }
    }

    fn reach(&self, index: usize) -> [u8; super::REACH] {
        let (reach, section) = (&self.network.reaches[index], self.sections[index]);
        let mut record = [0; super::REACH];
        let whole = [
            crate::cells::narrow(reach.cells.len()),
            reach.downstream.unwrap_or(NONE),
            reach.basin,
            u32::from(reach.strahler),
            reach.upstream_cells,
            reach.own_cells,
            u32::from(reach.way_on),
        ];
        for (place, number) in record.as_chunks_mut().0.iter_mut().zip(whole) {
            *place = number.to_le_bytes();
        }
        let measures = [reach.length_m, reach.slope, section.width_m, section.depth_m];
        for (place, number) in record[32..].as_chunks_mut().0.iter_mut().zip(measures) {
            *place = number.to_le_bytes();
        }
        record
    }
}

fn bank(bank: &Bank) -> [u8; super::BANK] {
    let mut record = [0; super::BANK];
    record[..4].copy_from_slice(&bank.reach.to_le_bytes());
    let Bank { station_m, span_m, left_m, right_m, .. } = *bank;
    let measures = [station_m, span_m, left_m[0], left_m[1], right_m[0], right_m[1]];
    for (place, number) in record[8..].as_chunks_mut().0.iter_mut().zip(measures) {
        *place = number.to_le_bytes();
    }
    record
}

fn pieces<const N: usize>(
    records: impl Iterator<Item = [u8; N]>,
    sink: Sink<'_>,
) -> std::io::Result<()> {
    let mut piece = Vec::with_capacity(PIECE + N);
    for record in records {
        piece.extend_from_slice(&record);
        if PIECE <= piece.len() {
            sink(&piece)?;
            piece.clear();
        }
    }
    sink(&piece)
}
