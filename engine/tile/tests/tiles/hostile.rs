//! The verifier meets bytes that are no tiles, and tiles that break one rule each.

use jomo_tile::{Rule, Settings, verify};
use proptest::prelude::*;

use crate::support::tiles_of;

/// A tile of a few KiB.
fn fixture() -> Vec<u8> {
    let cells = crate::borders::cells(9, 9, |row, column| (row * column) % 3 != 1);
    let (_, mut tiles) = tiles_of(&cells, 8..=8, &Settings::default());
    tiles.remove(0).1
}

#[test]
fn prefixes_and_flips_never_panic() {
    let tile = fixture();
    assert!((500..=4096).contains(&tile.len()), "{}", tile.len());
    for end in 0..tile.len() {
        assert_eq!(verify(&tile[..end]).is_ok(), end == 0);
    }
    // A fixed sequence of Knuth's linear congruential generator (MMIX).
    let mut state = 20_170_807_u64;
    for _ in 0..2_000 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut broken = tile.clone();
        let at = (state >> 33) as usize % broken.len();
        broken[at] ^= 1 << (state >> 20 & 7);
        // Either verdict is fine; lengths were not repaired on purpose in one run of the two.
        let _ = verify(&broken);
        broken.truncate(broken.len() - (state >> 40) as usize % 16);
        let _ = verify(&broken);
    }
}

proptest! {
    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = verify(&noise);
        let framed: Vec<u8> =
            [0x1a, (noise.len() & 0x7f) as u8 | 0x80, (noise.len() >> 7) as u8].into_iter().chain(noise).collect();
        let _ = verify(&framed);
    }
}

/// `field number`, `content`, with lengths below 128.
fn bytes_field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
    field.extend(content);
    field
}

fn feature(kind: u8, tags: &[u8], geometry: &[u8]) -> Vec<u8> {
    let mut message = bytes_field(2, tags);
    message.extend([0x18, kind]);
    message.extend(bytes_field(4, geometry));
    bytes_field(2, &message)
}

/// A layer with one key, one value, and what else is given.
fn layer(more: &[u8]) -> Vec<u8> {
    let mut message = vec![0x78, 2];
    message.extend(bytes_field(1, b"a"));
    message.extend(bytes_field(3, b"k"));
    message.extend(bytes_field(4, &[0x38, 1]));
    message.extend([0x28, 0x80, 0x20]);
    message.extend(more);
    bytes_field(3, &message)
}

fn rules(tile: &[u8]) -> Vec<Rule> {
    verify(tile).err().unwrap_or_default().into_iter().map(|fault| fault.rule).collect()
}

/// Geometry words by hand: `9` is one `MoveTo`, `18` two `LineTo`, `15` a `ClosePath`; steps are
/// zigzag, so `20` is 10 and `19` is -10.
#[test]
fn every_rule_about_geometry_is_checked() {
    let square = [9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15];
    // From (0, 10): a hole at (2, 2) of size 2, wound the other way.
    let hole = [9, 4, 15, 26, 0, 4, 4, 0, 0, 3, 15];
    let far_hole = [9, 100, 15, 26, 0, 4, 4, 0, 0, 3, 15];
    let with = |parts: &[&[u8]]| parts.concat();
    let cases: Vec<(u8, Vec<u8>, Option<Rule>)> = vec![
        (1, vec![9, 2, 2], None),
        (1, vec![17, 2, 2, 2, 2], None),
        (1, vec![9, 2, 2, 9, 2, 2], Some(Rule::Command)),
        (1, vec![17, 2, 2], Some(Rule::Parameters)),
        (1, vec![1], Some(Rule::Command)),
        (1, vec![], Some(Rule::NoGeometry)),
        (0, vec![9, 2, 2], Some(Rule::Type)),
        (4, vec![9, 2, 2], Some(Rule::Type)),
        (2, vec![9, 2, 2, 10, 2, 2], None),
        (2, vec![9, 2, 2], Some(Rule::Command)),
        (2, vec![9, 2, 2, 10, 0, 0], Some(Rule::ZeroLength)),
        (2, vec![10, 2, 2], Some(Rule::Command)),
        (2, vec![9, 2, 2, 10, 2, 2, 10, 2, 2], Some(Rule::Command)),
        (3, square.to_vec(), None),
        (3, with(&[&square, &hole]), None),
        (3, with(&[&hole, &square]), Some(Rule::HoleFirst)),
        (3, with(&[&square, &far_hole]), Some(Rule::HoleOutside)),
        (3, with(&[&square, &hole, &[9, 1, 1], &hole[3..]]), Some(Rule::HolesOverlap)),
        (3, vec![9, 0, 0, 26, 20, 0, 0, 20, 19, 0], Some(Rule::Command)),
        (3, vec![9, 0, 0, 10, 20, 0, 15], Some(Rule::Command)),
        (3, vec![9, 0, 0, 18, 20, 0, 20, 0, 15], Some(Rule::ZeroArea)),
        (3, vec![9, 0, 0, 34, 20, 0, 0, 20, 19, 0, 0, 19, 15], Some(Rule::ClosedTwice)),
        (3, vec![9, 0, 0, 18, 20, 0, 0, 20, 23], Some(Rule::Command)),
    ];
    for (kind, geometry, rule) in cases {
        let found = rules(&layer(&feature(kind, &[0, 0], &geometry)));
        assert_eq!(found, Vec::from_iter(rule), "{kind} {geometry:?}");
    }
}

#[test]
fn every_rule_about_layers_is_checked() {
    let point = feature(1, &[], &[9, 2, 2]);
    let tagged = |tags: &[u8]| rules(&layer(&feature(1, tags, &[9, 2, 2])));
    assert_eq!(tagged(&[0]), [Rule::OddTags]);
    assert_eq!(tagged(&[0, 1]), [Rule::TagIndex]);
    assert_eq!(tagged(&[1, 0]), [Rule::TagIndex]);
    assert_eq!(tagged(&[0, 0, 0, 0]), [Rule::TagTwice]);
    assert_eq!(rules(&layer(&[])), [Rule::NoFeature]);
    assert_eq!(rules(&[layer(&point), layer(&point)].concat()), [Rule::NameTwice]);
    let more = |field: Vec<u8>| rules(&layer(&[point.clone(), field].concat()));
    assert_eq!(more(bytes_field(3, b"k")), [Rule::KeyTwice]);
    assert_eq!(more(bytes_field(4, &[0x38, 1])), [Rule::ValueTwice]);
    assert_eq!(more(bytes_field(4, &[])), [Rule::Value]);
    assert_eq!(more(bytes_field(4, &[0x38, 1, 0x38, 1])), [Rule::Value]);
    assert_eq!(more(vec![0x78, 1]), [Rule::Version]);
    assert_eq!(more(vec![0x28, 0]), [Rule::Extent]);
    assert_eq!(more(bytes_field(1, b"")), [Rule::Name]);
    assert_eq!(more(bytes_field(3, &[0xff])), [Rule::Malformed]);
    assert_eq!(rules(&bytes_field(3, &point)), [Rule::Version, Rule::Name, Rule::Extent]);
}
