//! Directories: lists of entries, each for a run of tiles with one content or for a leaf.

use std::io::Write;

use super::error::PmTilesError;

/// One line of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Number of the first tile.
    pub(super) tile: u64,
    /// Where the content begins within its section.
    pub(super) offset: u64,
    /// Length of the content in bytes, never 0.
    pub(super) length: u32,
    /// How many tiles in a row have this content; 0 for a leaf directory.
    pub(super) run: u32,
}

/// Writes a directory without compression.
pub(super) fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint(&mut bytes, entries.len() as u64);
    let mut last = 0;
    for entry in entries {
        varint(&mut bytes, entry.tile - last);
        last = entry.tile;
    }
    for entry in entries {
        varint(&mut bytes, u64::from(entry.run));
    }
    for entry in entries {
        varint(&mut bytes, u64::from(entry.length));
    }
    let mut follows = None;
    for entry in entries {
        let is_next = follows == Some(entry.offset);
        varint(&mut bytes, if is_next { 0 } else { entry.offset + 1 });
        follows = Some(entry.offset + u64::from(entry.length));
    }
    bytes
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while 0x7f < value {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

/// Reads a directory without compression. Offsets and tile numbers are not yet checked against
/// the sections, but entries ascend, runs do not overlap, and no length is 0. The root of an empty
/// archive has no entries.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Entry>, &'static str> {
    let mut bytes = bytes;
    let count = take_varint(&mut bytes)?;
    // Each entry takes at least one byte in each of the four columns.
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if bytes.len() / 4 < count {
        return Err("more entries than bytes");
    }
    let mut entries = Vec::with_capacity(count);
    let mut tile = 0_u64;
    for _ in 0..count {
        let step = take_varint(&mut bytes)?;
        if step == 0 && !entries.is_empty() {
            return Err("tile numbers do not ascend");
        }
        tile = tile.checked_add(step).ok_or("a tile number overflows")?;
        entries.push(Entry { tile, offset: 0, length: 0, run: 0 });
    }
    let mut end = 0_u64;
    for entry in &mut entries {
        entry.run = take_u32(&mut bytes)?;
        if entry.tile < end {
            return Err("runs of tiles overlap");
        }
        end = entry.tile.checked_add(u64::from(entry.run)).ok_or("a run of tiles overflows")?;
    }
    for entry in &mut entries {
        entry.length = take_u32(&mut bytes)?;
        if entry.length == 0 {
            return Err("an entry of no bytes");
        }
    }
    let mut follows = None;
    for entry in &mut entries {
        entry.offset = match take_varint(&mut bytes)? {
            0 => follows.ok_or("the first entry has no offset")?,
            offset => offset - 1,
        };
        let end = entry.offset.checked_add(u64::from(entry.length));
        follows = Some(end.ok_or("an offset overflows")?);
    }
    if bytes.is_empty() { Ok(entries) } else { Err("bytes behind the last entry") }
}

fn take_u32(bytes: &mut &[u8]) -> Result<u32, &'static str> {
    u32::try_from(take_varint(bytes)?).ok().ok_or("a number beyond 32 bits")
}

fn take_varint(bytes: &mut &[u8]) -> Result<u64, &'static str> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or("it ends within a number")?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && 1 < part {
            break;
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number beyond 64 bits")
}

/// Compresses with gzip; no time and no name in its header, so equal input gives equal bytes.
pub(super) fn gzip(bytes: &[u8]) -> Result<Vec<u8>, PmTilesError> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_checked() {
        assert_eq!(take_varint(&mut [0xac, 0x02].as_slice()), Ok(300));
        let largest = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(take_varint(&mut largest.as_slice()), Ok(u64::MAX));
        let beyond = [&[0xff; 9][..], &[2]].concat();
        assert_eq!(take_varint(&mut beyond.as_slice()), Err("a number beyond 64 bits"));
        assert_eq!(take_varint(&mut [0xff].as_slice()), Err("it ends within a number"));
    }

    #[test]
    fn unsound_directories_are_refused() {
        for (bytes, reason) in [
            (&[2, 1, 1, 1, 1, 1, 1, 1][..], "more entries than bytes"),
            (&[0xff, 0xff, 0xff, 0xff, 0x7f, 1][..], "more entries than bytes"),
            (&[2, 5, 0, 1, 1, 1, 1, 1, 1][..], "tile numbers do not ascend"),
            (&[2, 5, 1, 2, 1, 1, 1, 1, 1][..], "runs of tiles overlap"),
            (&[1, 5, 1, 0, 1][..], "an entry of no bytes"),
            (&[1, 5, 1, 1, 0][..], "the first entry has no offset"),
            (&[1, 5, 1, 1, 1, 1][..], "bytes behind the last entry"),
        ] {
            assert_eq!(decode(bytes), Err(reason), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back(
            steps in prop::collection::vec((1_u64..1 << 30, 1_u32..5, 1_u32.., 0_u64..1 << 40), 1..50),
        ) {
            let mut tile = 0;
            let entries: Vec<Entry> = steps.into_iter().map(|(step, run, length, offset)| {
                tile += step + 5;
                Entry { tile, offset, length, run }
            }).collect();
            prop_assert_eq!(decode(&encode(&entries)).unwrap(), entries);
        }

        #[test]
        fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
