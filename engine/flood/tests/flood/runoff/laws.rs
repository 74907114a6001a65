//! What holds for any hillside and any rain.

use jomo_flood::runoff::{Element, Land, Members, Receiver, Runoff, Slopes, Start};
use proptest::prelude::*;

/// Hillsides of all kinds of ground over a few nodes, from a seed.
pub(crate) fn hillsides(seed: u64, count: u32) -> Slopes {
    let mut random = Random(seed);
    let elements = (0..count)
        .map(|index| Element {
            area_m2: 100.0 + 50_000.0 * random.share(),
            length_m: 10.0 + 300.0 * random.share(),
            slope: (random.share() - 0.1).max(0.0),
            receiver: if index + 1 == count || random.share() < 0.3 {
                Receiver::Node(index % 3)
            } else {
                Receiver::Element(index + 1 + (index * 7) % (count - index - 1).min(3))
            },
            rain_cell: index % 2,
            land: u8::try_from(index % 6).unwrap(),
        })
        .collect();
    Slopes::new(elements, Land::CLASSES.to_vec(), 3).unwrap()
}

/// splitmix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((x ^ (x >> 31)) >> 32).unwrap()) / 4_294_967_296.0
    }
}

pub(crate) fn members(seed: u64) -> Members<4> {
    let mut random = Random(!seed);
    let mut factors = || std::array::from_fn(|_| 0.5 + random.share());
    Members { roughness: factors(), soil_depth: factors(), conductivity: factors() }
}

pub(crate) const START: Start<4> =
    Start { wetness: [0.0, 0.3, 0.6, 1.0], base_flow_m3_s_km2: [0.0, 0.01, 0.02, 0.05] };

pub(crate) fn rain(random: &mut Random) -> [[f64; 4]; 2] {
    let wet = if random.share() < 0.4 { 0.0 } else { 150.0 / 3.6e6 };
    std::array::from_fn(|_| std::array::from_fn(|_| wet * random.share()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No water appears or vanishes, none is below zero, in any lane.
    #[test]
    fn water_is_kept(seed in any::<u64>(), count in 1_u32..60, step_s in 1.0..3_600.0_f64) {
        let slopes = hillsides(seed, count);
        let mut runoff = Runoff::new(&slopes, &members(seed), &START).unwrap();
        let mut random = Random(!seed);
        let mut lateral = [[0.0; 4]; 3];
        for _ in 0..60 {
            runoff.step(&slopes, &rain(&mut random), step_s, &mut lateral).unwrap();
            prop_assert!(lateral.iter().flatten().all(|flow| 0.0 <= *flow && flow.is_finite()));
        }
        for element in 0..slopes.elements().len() {
            for depth in [runoff.surface_m(element).unwrap(), runoff.soil_m(element).unwrap()] {
                prop_assert!(depth.iter().all(|depth| 0.0 <= *depth && depth.is_finite()));
            }
        }
        for error in runoff.ledger().error(&runoff.stored_m3(&slopes)) {
            prop_assert!(error.abs() <= 1e-12, "{error:e}");
        }
    }

    /// A lane is the run that it would be alone, bit for bit.
    #[test]
    fn lanes_do_not_see_each_other(seed in any::<u64>()) {
        let slopes = hillsides(seed, 40);
        let four = members(seed);
        let mut block = Runoff::new(&slopes, &four, &START).unwrap();
        let mut alone: Vec<Runoff<1>> = (0..4)
            .map(|lane| {
                let members = Members {
                    roughness: [four.roughness[lane]],
                    soil_depth: [four.soil_depth[lane]],
                    conductivity: [four.conductivity[lane]],
                };
                let start = Start {
                    wetness: [START.wetness[lane]],
                    base_flow_m3_s_km2: [START.base_flow_m3_s_km2[lane]],
                };
                Runoff::new(&slopes, &members, &start).unwrap()
            })
            .collect();
        let mut random = Random(!seed);
        for _ in 0..30 {
            let rain = rain(&mut random);
            let mut lateral = [[0.0; 4]; 3];
            block.step(&slopes, &rain, 600.0, &mut lateral).unwrap();
            for (lane, alone) in alone.iter_mut().enumerate() {
                let mut own = [[0.0]; 3];
                alone.step(&slopes, &rain.map(|rates| [rates[lane]]), 600.0, &mut own).unwrap();
                for (node, own) in own.iter().enumerate() {
                    prop_assert_eq!(lateral[node][lane].to_bits(), own[0].to_bits());
                }
            }
        }
    }
}
