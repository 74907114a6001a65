//! Saved states: bit for bit, and against hostile bytes.

use jomo_flood::BasinError;
use jomo_flood::runoff::{Members, Runoff, Slopes};

use super::laws::{Random, START, hillsides, members, rain};

fn run(runoff: &mut Runoff<4>, slopes: &Slopes, steps: std::ops::Range<u64>) -> Vec<u64> {
    let mut bits = Vec::new();
    for step in steps {
        let mut lateral = [[0.0; 4]; 3];
        runoff.step(slopes, &rain(&mut Random(step)), 450.0, &mut lateral).unwrap();
        bits.extend(lateral.iter().flatten().map(|flow| flow.to_bits()));
    }
    bits
}

#[test]
fn a_state_goes_on_as_if_nothing_had_happened() {
    let (slopes, members) = (hillsides(5, 30), members(5));
    let mut whole = Runoff::new(&slopes, &members, &START).unwrap();
    run(&mut whole, &slopes, 0..20);
    let saved = whole.save(&slopes);
    let mut again = Runoff::load(&slopes, &members, &saved).unwrap();
    assert_eq!(again.save(&slopes), saved);
    assert_eq!(run(&mut whole, &slopes, 20..60), run(&mut again, &slopes, 20..60));
    assert_eq!(whole.save(&slopes), again.save(&slopes));
}

#[test]
fn a_state_of_something_else_is_refused() {
    let (slopes, members) = (hillsides(5, 30), members(5));
    let saved = Runoff::new(&slopes, &members, &START).unwrap().save(&slopes);
    let fault = |slopes: &Slopes| Runoff::load(slopes, &members, &saved).unwrap_err().to_string();
    let texts = [fault(&hillsides(5, 31)), fault(&hillsides(6, 30))];
    insta::assert_snapshot!(texts.join("\n"), @"
    saved state, byte 16: the same number of elements expected
    saved state, byte 32: the same elements expected
    ");
    assert!(Runoff::<2>::load(&slopes, &Members::ALIKE, &saved).is_err());
}

#[test]
fn damaged_states_are_refused() {
    let (slopes, members) = (hillsides(9, 20), members(9));
    let mut runoff = Runoff::new(&slopes, &members, &START).unwrap();
    run(&mut runoff, &slopes, 0..9);
    let saved = runoff.save(&slopes);
    assert!(saved.len() <= 4_096);
    let load = |bytes: &[u8]| Runoff::load(&slopes, &members, bytes);
    for end in 0..saved.len() {
        assert!(matches!(load(&saved[..end]), Err(BasinError::Saved { .. })), "{end}");
    }
    let mut random = Random(1);
    for _ in 0..2_000 {
        let mut bytes = saved.clone();
        let at = (random.share() * bytes.len() as f64).floor();
        let at = (0..bytes.len()).find(|index| at <= *index as f64).unwrap();
        bytes[at] ^= 1 << u32::from(0.5 < random.share()) << u32::from(0.5 < random.share());
        assert!(load(&bytes).is_err(), "{at}");
    }
    // A sum that is right does not make a depth right.
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let mut bytes = saved.clone();
        let end = bytes.len() - 8;
        bytes[end - 8..end].copy_from_slice(&f64::to_le_bytes(bad));
        let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
        assert!(load(&bytes).is_err());
    }
}
