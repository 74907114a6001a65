use std::io::Cursor;

use jomo_core::hilbert::{tile_at, tile_number};
use jomo_core::mercator::TileId;
use jomo_core::message::Coded;
use proptest::prelude::*;
use serde_json::json;

use super::directory::{Entry, encode, gzip};
use super::header::{HEADER_LENGTH, Section};
use super::*;
use crate::vector::hostile::{Numbers, prefixes_and_flips, random_prefixes};

fn meta() -> Meta {
    Meta {
        min_zoom: 4,
        max_zoom: 11,
        bounds_deg: [138.4, 36.0, 139.7, 37.1],
        metadata: json!({"name": "雨", "vector_layers": [{"id": "rain", "fields": {}}]}),
    }
}

fn archive(tiles: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::new(Cursor::new(Vec::new()), &meta()).unwrap();
    for (number, bytes) in tiles {
        writer.add(tile_at(*number).unwrap(), bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn told(bytes: &[u8]) -> String {
    let error = Archive::open(bytes).unwrap_err();
    format!("{}: {error}", error.code())
}

/// Tiles at ascending numbers, many of them equal to their neighbour.
fn tiles() -> impl Strategy<Value = Vec<(u64, Vec<u8>)>> {
    let tile = (1_u64..4, prop::collection::vec(any::<u8>(), 1..3), any::<bool>());
    prop::collection::vec(tile, 0..200).prop_map(|steps| {
        let mut number = 0;
        let mut last = vec![0];
        let place = |(step, bytes, repeat): (u64, Vec<u8>, bool)| {
            number += step;
            last = if repeat { last.clone() } else { bytes };
            (number, last.clone())
        };
        steps.into_iter().map(place).collect()
    })
}

proptest! {
    /// What goes in comes out, and nothing else; runs and equal contents are stored once.
    #[test]
    fn tiles_come_back(tiles in tiles()) {
        let bytes = archive(&tiles);
        prop_assert_eq!(&bytes, &archive(&tiles));
        let read = Archive::open(bytes.as_slice()).unwrap();
        let found: Vec<(u64, Vec<u8>)> = read
            .tiles()
            .map(|(tile, range)| (tile_number(tile), bytes[range].to_vec()))
            .collect();
        prop_assert_eq!(&found, &tiles);
        let by_number: std::collections::HashMap<_, _> = tiles.iter().cloned().collect();
        for number in 0..=tiles.last().map_or(9, |last| last.0 + 9) {
            let range = read.tile(tile_at(number).unwrap());
            prop_assert_eq!(range.map(|range| bytes[range].to_vec()), by_number.get(&number).cloned());
        }
        let mut distinct: Vec<_> = by_number.values().collect();
        distinct.sort();
        distinct.dedup();
        let header = read.header();
        prop_assert_eq!(header.tile_contents, distinct.len() as u64);
        prop_assert_eq!(header.addressed_tiles, tiles.len() as u64);
        prop_assert_eq!(header.data.length, distinct.iter().map(|b| b.len() as u64).sum::<u64>());
        // Clustered: a content never seen before lies behind all seen so far.
        let mut end = 0;
        for range in read.contents() {
            prop_assert!(range.start < end || end == 0 || range.start == end);
            end = end.max(range.end);
        }
    }
}

#[test]
fn header_and_metadata_come_back() {
    let bytes = archive(&[(5, vec![1, 2, 3])]);
    let read = Archive::open(bytes.clone()).unwrap();
    assert_eq!(read.metadata(), &meta().metadata);
    assert_eq!(read.bytes(), &bytes);
    let header = read.header();
    assert_eq!((header.min_zoom, header.max_zoom, header.center_zoom), (4, 11, 4));
    let near = |found: &[f64], expected: &[f64]| {
        found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-7)
    };
    assert!(near(&header.bounds_deg, &[138.4, 36.0, 139.7, 37.1]));
    assert!(near(&header.center_deg, &[139.05, 36.55]));
    assert_eq!((header.tile_compression, header.tile_type), (Compression::Gzip, 1));
    assert!(header.clustered);
}

/// 60,000 tiles of random lengths need leaf directories: the root alone exceeds 16 KiB.
#[test]
fn large_archives_have_leaves() {
    let mut numbers = Numbers(7);
    let mut number = 1_000;
    let tiles: Vec<(u64, Vec<u8>)> = (0_u32..60_000)
        .map(|count| {
            number += 1 + numbers.next() % 3;
            let mut bytes = count.to_le_bytes().to_vec();
            bytes.resize(4 + numbers.below(100), 0);
            (number, bytes)
        })
        .collect();
    let bytes = archive(&tiles);
    let read = Archive::open(bytes.as_slice()).unwrap();
    let header = read.header();
    assert!(header.root.offset + header.root.length <= 16_384);
    assert!(0 < header.leaves.length);
    assert_eq!(read.contents().count(), 60_000);
    assert!(tiles.iter().all(|(number, tile)| {
        let range = read.tile(tile_at(*number).unwrap()).unwrap();
        bytes[range] == tile[..]
    }));
    random_prefixes(&bytes, |bytes| {
        let _ = Archive::open(bytes);
    });
}

/// The peer's parser reads the header and the root as we do.
#[test]
fn the_peer_reads_header_and_root() {
    let tiles = [(5, vec![1]), (6, vec![1]), (9, vec![2, 2]), (12, vec![1])];
    let file = archive(&tiles);
    let peer = pmtiles::Header::try_from_bytes(file[..HEADER_LENGTH].to_vec().into()).unwrap();
    assert_eq!((peer.min_zoom, peer.max_zoom), (4, 11));
    assert_eq!(peer.tile_type, pmtiles::TileType::Mvt);
    assert_eq!(peer.tile_compression, pmtiles::Compression::Gzip);
    assert!((peer.min_longitude - 138.4).abs() < 1e-6);
    let read = Archive::open(file.as_slice()).unwrap();
    let root = encode(&[
        Entry { tile: 5, offset: 0, length: 1, run: 2 },
        Entry { tile: 9, offset: 1, length: 2, run: 1 },
        Entry { tile: 12, offset: 0, length: 1, run: 1 },
    ]);
    let start = HEADER_LENGTH;
    let packed = gzip(&root).unwrap();
    assert_eq!(file[start..start + packed.len()], packed);
    let directory = pmtiles::Directory::try_from(bytes::Bytes::from(root)).unwrap();
    for (number, _) in tiles {
        assert!(directory.find_tile_id(pmtiles::TileId::new(number).unwrap()).is_some());
        assert!(read.tile(tile_at(number).unwrap()).is_some());
    }
}

#[test]
fn the_writer_refuses_what_it_cannot_write() {
    let mut writer = Writer::new(Cursor::new(Vec::new()), &meta()).unwrap();
    let tile = TileId::new(9, 453, 200).unwrap();
    writer.add(tile, [1]).unwrap();
    let mut lines = Vec::new();
    for (tile, bytes) in [
        (tile, &[1][..]),
        (TileId::new(8, 0, 0).unwrap(), &[1][..]),
        (TileId::new(10, 0, 0).unwrap(), &[][..]),
    ] {
        let error = writer.add(tile, bytes).unwrap_err();
        lines.push(format!("{}: {error}", error.code()));
    }
    let list = Meta { metadata: json!([]), ..meta() };
    lines.push(Writer::new(Cursor::new(Vec::new()), &list).unwrap_err().to_string());
    insta::assert_snapshot!(lines.join("\n"), @r"
    pmtiles-order: tile 9/453/200 comes out of order
    pmtiles-order: tile 8/0/0 comes out of order
    pmtiles-tile-length: tile 10/0/0 has 0 bytes
    unsound metadata at 0: no JSON object
    ");
}

/// An archive built by hand, its directories compressed or not. `leaves` are taken as they are.
fn by_hand(compression: Compression, root: &[Entry], leaves: &[u8], data: u64) -> Vec<u8> {
    let pack = |bytes: &[u8]| match compression {
        Compression::Gzip => gzip(bytes).unwrap(),
        _ => bytes.to_vec(),
    };
    let (root, metadata) = (pack(&encode(root)), pack(b"{}"));
    let mut offset = HEADER_LENGTH as u64;
    let mut next = |length: u64| {
        let section = Section { offset, length };
        offset += length;
        section
    };
    let header = Header {
        internal_compression: compression,
        root: next(root.len() as u64),
        metadata: next(metadata.len() as u64),
        leaves: next(leaves.len() as u64),
        data: next(data),
        ..Header::new([0, 9], [0.0; 4])
    };
    let data = vec![0; usize::try_from(data).unwrap()];
    [&header.encode()[..], &root, &metadata, leaves, &data].concat()
}

/// The entry of a leaf at the start of the leaf directories.
fn to_leaf(tile: u64, leaf: &[u8]) -> Entry {
    Entry { tile, offset: 0, length: u32::try_from(leaf.len()).unwrap(), run: 0 }
}

#[test]
fn a_bad_archive_is_refused() {
    let plain = |root: &[Entry], leaves: &[u8]| by_hand(Compression::None, root, leaves, 10);
    let tile = Entry { tile: 5, offset: 0, length: 10, run: 1 };
    let leaf = encode(&[tile]);
    // A leaf that names itself as its leaf: its 5 bytes say so.
    let circle = encode(&[Entry { tile: 5, offset: 0, length: 5, run: 0 }]);
    assert_eq!(circle.len(), 5);
    assert!(Archive::open(plain(&[tile], &[])).is_ok());
    assert!(Archive::open(plain(&[to_leaf(5, &leaf)], &leaf)).is_ok());
    let mut brotli = plain(&[tile], &[]);
    brotli[97] = 3;
    let mut broken_gzip = by_hand(Compression::Gzip, &[tile], &[], 10);
    broken_gzip[HEADER_LENGTH] = 0;
    let mut miscounted = archive(&[(5, vec![1])]);
    miscounted[80] = 9;
    let mut list = plain(&[tile], &[]);
    let place = list.windows(2).position(|pair| pair == b"{}").unwrap();
    list[place..place + 2].copy_from_slice(b"[]");
    let lines: Vec<String> = [
        Vec::new(),
        b"SQLite format 3\0".to_vec(),
        b"PMTiles\x03".to_vec(),
        by_hand(Compression::None, &[tile], &[], 9),
        plain(&[tile], &[])[..139].to_vec(),
        broken_gzip,
        brotli,
        miscounted,
        list,
        plain(&[Entry { tile: u64::MAX - 1, ..tile }], &[]),
        plain(&[to_leaf(5, &leaf)], &leaf[1..]),
        plain(&[to_leaf(6, &leaf)], &leaf),
        plain(&[to_leaf(5, &leaf), to_leaf(9, &leaf)], &leaf),
        plain(&[tile, to_leaf(6, &leaf)], &leaf),
        plain(&[to_leaf(5, &circle)], &circle),
    ]
    .iter()
    .map(|bytes| told(bytes))
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    pmtiles-magic: no PMTiles archive of version 3: the first bytes are 
    pmtiles-magic: no PMTiles archive of version 3: the first bytes are 53514c6974652066
    pmtiles-truncated: header at 0 with 127 bytes lies beyond the 8 bytes there are
    pmtiles-truncated: tile at 0 with 10 bytes lies beyond the 9 bytes there are
    pmtiles-truncated: tile data at 134 with 10 bytes lies beyond the 139 bytes there are
    pmtiles-unsound: unsound root at 127: invalid gzip header
    pmtiles-compression: the directories are compressed by method 3, expected 1 (none) or 2 (gzip)
    pmtiles-unsound: unsound header at 80: 9 tile entries announced, 1 found
    pmtiles-unsound: unsound metadata at 132: no JSON object
    pmtiles-unsound: unsound root at 127: a tile beyond zoom 24
    pmtiles-truncated: leaf at 0 with 5 bytes lies beyond the 4 bytes there are
    pmtiles-unsound: unsound root at 127: a leaf is empty or begins before its entry
    pmtiles-unsound: unsound leaf at 138: tile numbers do not ascend
    pmtiles-unsound: unsound leaf at 138: tile numbers do not ascend
    pmtiles-unsound: unsound leaf at 134: directories are nested too deeply
    ");
}

/// A directory of zeros packs to a thousandth of its size; it is refused at the limit.
#[test]
fn a_bomb_is_refused() {
    let bomb = gzip(&vec![0; 20 << 20]).unwrap();
    assert!(bomb.len() < 32_000);
    let file = by_hand(Compression::Gzip, &[to_leaf(0, &bomb)], &bomb, 0);
    assert!(told(&file).starts_with("pmtiles-too-large"));
}

#[test]
fn hostile_bytes_end_in_an_answer() {
    let open = |bytes: &[u8]| {
        if let Ok(read) = Archive::open(bytes) {
            // Whatever is accepted lies within the file.
            assert!(read.contents().all(|range| bytes.get(range).is_some()));
            assert!(read.tiles().take(50).count() <= 50);
        }
    };
    let leaf = encode(&[
        Entry { tile: 5, offset: 0, length: 10, run: 3 },
        Entry { tile: 9, offset: 10, length: 7, run: 1 },
        Entry { tile: 10, offset: 0, length: 10, run: 1 },
    ]);
    // Without compression the flips reach the entries themselves.
    let plain = by_hand(Compression::None, &[to_leaf(5, &leaf)], &leaf, 17);
    let packed = gzip(&leaf).unwrap();
    let packed = by_hand(Compression::Gzip, &[to_leaf(5, &packed)], &packed, 17);
    for fixture in [plain, packed] {
        assert_eq!(Archive::open(fixture.as_slice()).unwrap().tiles().count(), 5);
        prefixes_and_flips(&fixture, open);
    }
}
