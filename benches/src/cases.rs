//! Ground and water that floods are measured on: the same numbers on every machine.

/// Cell size of the cases, m.
pub const CELL_M: f64 = 10.0;

/// A number in -1 .. 1 for a lattice point (`splitmix64` of Steele, Lea and Flood, 2014).
fn lattice(x: u64, y: u64, seed: u64) -> f64 {
    let mut bits = x.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ y.wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
        ^ seed.wrapping_mul(0x1656_67b1_9e37_79f9);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Smooth noise in -1 .. 1 with one hill or hollow in each unit square.
fn noise(x: f64, y: f64, seed: u64) -> f64 {
    let smooth = |share: f64| share * share * (3.0 - 2.0 * share);
    let ([column, row], [u, v]) =
        ([x.floor(), y.floor()], [smooth(x - x.floor()), smooth(y - y.floor())]);
    let corner = |right: u64, down: u64| lattice(whole(column) + right, whole(row) + down, seed);
    let above = corner(0, 0) * (1.0 - u) + corner(1, 0) * u;
    let below = corner(0, 1) * (1.0 - u) + corner(1, 1) * u;
    above * (1.0 - v) + below * v
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number from 0 to the edge of a domain"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

/// Rough valleys of `rows` x `columns` cells, in m above the datum: ridges and valleys of 2.5 km
/// and 800 m on a plane that falls by 0.4 % to the north-west, mounds of 150 m and roughness of
/// 30 m. Without an outlet: rain gathers in the valleys and in hundreds of hollows.
#[must_use]
pub fn valleys_m([rows, columns]: [usize; 2]) -> Vec<f64> {
    let bed = |at: usize| {
        let (x, y) = ((at % columns) as f64 * CELL_M, (at / columns) as f64 * CELL_M);
        let ridges = 60.0 * noise(x / 2_500.0, y / 2_500.0, 1).abs()
            + 25.0 * noise(x / 800.0, y / 800.0, 2).abs();
        let mounds = 4.0 * noise(x / 150.0, y / 150.0, 3) + 0.3 * noise(x / 30.0, y / 30.0, 4);
        300.0 + 0.004 * (x + y) + ridges + mounds
    };
    (0..rows * columns).map(bed).collect()
}

/// A plain with 0.3 m of roughness from cell to cell, and the depth of a wavy lake on it, 1.5 to
/// 2.5 m: every cell is wet and moves.
#[must_use]
pub fn lake_m([rows, columns]: [usize; 2]) -> [Vec<f64>; 2] {
    let cell = |at: usize| [(at % columns) as u64, (at / columns) as u64];
    let bed = |at: usize| 0.3 * lattice(cell(at)[0], cell(at)[1], 7);
    let depth = |at: usize| 2.0 + 0.5 * lattice(cell(at)[0] / 8, cell(at)[1] / 8, 9);
    let cells = rows * columns;
    [(0..cells).map(bed).collect(), (0..cells).map(depth).collect()]
}

/// The same with water only in a river that winds from north to south and holds `share` of the
/// cells; the rest is a dry terrace 50 m above.
#[must_use]
pub fn river_m([rows, columns]: [usize; 2], share: f64) -> [Vec<f64>; 2] {
    let [mut bed, mut depth] = lake_m([rows, columns]);
    let half_width = 0.5 * share * columns as f64;
    for (row, (bed, depth)) in bed.chunks_mut(columns).zip(depth.chunks_mut(columns)).enumerate() {
        let swing = (row as f64 / rows as f64 * 3.0 * std::f64::consts::TAU).sin();
        // A river as wide as the domain has nowhere to wind.
        let middle = columns as f64 * (0.5 + 0.5 * (1.0 - share).min(0.2) * swing);
        for (column, (bed, depth)) in bed.iter_mut().zip(depth).enumerate() {
            let away = (column as f64 + 0.5 - middle).abs();
            if half_width < away && share < 1.0 {
                *bed += 50.0;
                *depth = 0.0;
            }
        }
    }
    [bed, depth]
}
