//! Bytes that nobody should send: no panic, no allocation by an unchecked number.

use super::super::*;
use super::laws::{fixture, grid_of};

/// Numbers by `SplitMix64` (Steele, Lea, Flood 2014), the same in each run.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Reads, checks and decodes; what comes out must have the shape asked for.
fn devour(bytes: &[u8]) -> Result<(), GribError> {
    for field in read(bytes)? {
        let shape = field.decode(&Window { rows: 0..1, columns: 0..1 })?.shape();
        assert_eq!(shape, [1, 1]);
        field.check()?;
        if field.grid().cells() <= 1 << 20 {
            let grid = field.decode_all()?;
            assert_eq!(grid.values().len(), grid.levels().len());
        }
    }
    Ok(())
}

#[test]
fn every_prefix_is_refused() {
    let bytes = fixture();
    assert!(bytes.len() <= 4096, "{}", bytes.len());
    devour(&bytes).unwrap();
    for length in 0..bytes.len() {
        assert!(devour(&bytes[..length]).is_err(), "{length} bytes");
    }
    // With the length of the message and its end repaired, sections are what is cut.
    for length in 20..bytes.len() {
        let mut part = bytes[..length].to_vec();
        part[8..16].copy_from_slice(&u64::try_from(length).unwrap().to_be_bytes());
        part[length - 4..].copy_from_slice(b"7777");
        let result = devour(&part);
        assert!(result.is_err() || read(&part).unwrap().len() < 5, "{length} bytes");
    }
}

#[test]
fn flipped_bits_do_no_harm() {
    let bytes = fixture();
    let mut random = Random(2017);
    let mut refused = 0;
    for _ in 0..2_000 {
        let mut flipped = bytes.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            flipped[at] ^= 1 << random.below(8);
        }
        refused += u32::from(devour(&flipped).is_err());
    }
    // Most of the rest are flips in levels, values of the table and remarks.
    assert!(1_000 < refused, "{refused}");
}

#[test]
fn noise_after_a_sound_head_is_refused() {
    let mut random = Random(36);
    for length in 0..600 {
        let noise: Vec<u8> =
            (0..length).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        assert!(read(&noise).is_err());
        let mut message = fixture()[..109].to_vec();
        message.extend(noise);
        message.extend(b"7777");
        let total = u64::try_from(message.len()).unwrap();
        message[8..16].copy_from_slice(&total.to_be_bytes());
        assert!(read(&message).is_err());
    }
}

/// A file of 300 bytes that claims 2^64 cells, or 2^30 with a run that fills them.
#[test]
fn a_huge_grid_is_not_allocated() {
    let huge = LatLonGrid { columns: 1 << 15, rows: 1 << 15, ..grid_of(2, 2) };
    let time = "2030-01-01T00:00:00Z".parse().unwrap();
    let writer = FileWriter::new(Identification::analysis(time), huge);
    let mut small = FileWriter::new(Identification::analysis(time), grid_of(2, 2));
    let table = rain_levels_2017();
    small.field(&Product::rain_analysis(time), &table, &[1, 1, 1, 1]).unwrap();
    let (head, small) = (writer.finish(), small.finish());
    // The head of the huge one, the field of the small one, the count and run set by hand.
    let mut bytes = head[..109].to_vec();
    bytes.extend(&small[109..small.len() - 4]);
    let count = bytes.len() - 2 - 5 - 6 - (17 + 2 * table.len()) + 5;
    bytes[count..count + 4].copy_from_slice(&(1_u32 << 30).to_be_bytes());
    // MV is 1, the base 254: 2^30 - 1 as digits, least significant first.
    bytes.truncate(bytes.len() - 1);
    let mut rest = (1_u32 << 30) - 1;
    while 0 < rest {
        bytes.push(u8::try_from(rest % 254).unwrap() + 2);
        rest /= 254;
    }
    let section = bytes.len() - 5 - 1 - 4;
    bytes[section..section + 4].copy_from_slice(&10_u32.to_be_bytes());
    bytes.extend(b"7777");
    let total = u64::try_from(bytes.len()).unwrap();
    bytes[8..16].copy_from_slice(&total.to_be_bytes());

    let fields = read(&bytes).unwrap();
    fields[0].check().unwrap();
    // Not compared as a whole: a plane that was decoded would be printed.
    let refused = fields[0].decode_all().map(|grid| grid.shape());
    assert_eq!(refused, Err(GribError::TooLarge { cells: 1 << 30, most: CELLS_MAX }));
    let corner = fields[0].decode(&Window { rows: 32_767..32_768, columns: 32_767..32_768 });
    assert_eq!(corner.unwrap().value_at(0, 0), Some(0.0));
}
