//! Levees that give way in the inundation of a forecast: those of the region's file of breaches, by
//! the level of the river or by an operator's time, where the rule of the file applies.

use jiff::Timestamp;
use jomo_core::fault::Faults;
use jomo_flood::BasinError;
use jomo_flood::river::{Breach, Coupled};
use serde_json::{Value, json};

/// Lets the levees of a case give way. For each breach its place among those of the river, or why
/// it is refused: a river without a levee spills over its banks and does not breach.
pub(super) fn expect(
    coupled: &mut Coupled,
    breaches: &[Result<Breach, BasinError>],
) -> Vec<Result<usize, BasinError>> {
    let mut count = 0;
    let one = |breach: &Result<Breach, BasinError>| {
        coupled.river_mut().expect_breach(breach.clone()?)?;
        count += 1;
        Ok(count - 1)
    };
    breaches.iter().map(one).collect()
}

/// What became of each breach of the file, in its order.
pub(super) fn told(coupled: &Coupled, breaches: &[Result<usize, BasinError>]) -> Value {
    let opened_s = coupled.river().breached_s();
    let one = |(number, breach): (usize, &Result<usize, BasinError>)| match breach {
        Ok(place) => {
            let [opened_s] = opened_s.get(*place).copied().unwrap_or_default();
            #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970")]
            let opened = opened_s.and_then(|time_s| Timestamp::from_second(time_s as i64).ok());
            json!({ "breach": number, "opened": opened })
        }
        Err(BasinError::Item { expected, .. }) => {
            json!({ "breach": number, "refused": expected })
        }
        Err(fault) => json!({ "breach": number, "refused": fault.to_string() }),
    };
    (1..).zip(breaches).map(one).collect()
}

/// Faults of breaches that were refused, from what was told of one case: the ground is that of all.
pub(super) fn faults(case: &Value) -> Faults {
    let mut faults = Faults::default();
    for breach in case["breaches"].as_array().into_iter().flatten() {
        if !breach["refused"].is_null() {
            faults.add("forecast-breach-refused", || breach["breach"].to_string());
        }
    }
    faults
}

/// Whether a levee gave way in any case.
pub(super) fn is_open(cases: &[Value]) -> bool {
    let breaches = cases.iter().flat_map(|case| case["breaches"].as_array().into_iter().flatten());
    breaches.into_iter().any(|breach| !breach["opened"].is_null())
}
