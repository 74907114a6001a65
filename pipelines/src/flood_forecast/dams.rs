//! Dams in the model: a lake on a node of the river, its observed release and level, and the rule
//! after the last observation.
//!
//! `docs/methods/forecast.md` tells the assumptions.

use jiff::{SignedDuration, Timestamp};
use jomo_core::frame::Position;
use jomo_core::projection::{Zone, forward};
use jomo_flood::Series;
use jomo_flood::river::{Barrier, Dam, Rule};
use jomo_flood::waterway::{Node, Waterway};
use serde_json::{Value, json};

use crate::dam_tables::DamRecord;
use crate::failure::{Exit, Failure};

/// Farthest that a dam may stand from its node, m.
const FAR_M: f64 = 500.0;
/// What drains into the lake by the table may differ by this factor from what drains into the
/// node: more means another river.
const BASIN_FACTOR: f64 = 1.5;
/// A release is held for so long after its last observation, min; an older one is late.
const HOLD_MIN: i64 = 60;
/// Hours before the start of a cycle from which releases are taken.
const BEFORE_H: i64 = 2;
/// Depth of the lake below its normal level, m: what is deeper is never let out in a forecast.
const BELOW_M: f64 = 30.0;
/// A level this far over the crest of the spillway is not believed, m.
const OVER_MOST_M: f64 = 10.0;
/// A release of more than this for each km² of the basin is not believed, m³/s: the greatest floods
/// of Japanese rivers of some 100 km² came to 20 to 30.
const RELEASE_MOST_M3_S_KM2: f64 = 40.0;
/// Where the table does not say: area of the lake as a share of what drains into it (lakes of the
/// upper Tone are 0.2 to 3 %), and height of the spillway's crest over the normal level, m.
const LAKE_SHARE: f64 = 0.01;
const CREST_OVER_M: f64 = 5.0;

/// A dam at its node.
pub(super) struct ModelDam {
    /// Its node.
    pub(super) node: u32,
    /// Depth of the lake in the model as it was observed, in ascending time; m.
    pub(super) depths_m: Vec<(Timestamp, f64)>,
    id: String,
    name: String,
    law: Dam,
    /// Depth at the normal level, and height of the crest over it, m.
    normal_m: [f64; 2],
    /// Time of the last release.
    observed_at: Option<Timestamp>,
    /// The last release, m³/s, and the last level, m.
    last: [Option<f64>; 2],
    /// What the table did not say.
    assumed: Vec<&'static str>,
}

/// The dams of a region at their nodes.
#[derive(Default)]
pub(super) struct ModelDams {
    pub(super) dams: Vec<ModelDam>,
    /// Codes and ids of those that are not in the model.
    pub(super) left_out: Vec<(&'static str, String)>,
    /// Codes and ids of those whose latest releases or levels are not believed.
    pub(super) doubted: Vec<(&'static str, String)>,
}

impl ModelDams {
    /// Finds the node of every dam; releases before the window of the cycle are not looked at.
    pub(super) fn place(
        zone: Zone,
        nodes: &[Node],
        records: &[DamRecord],
        start: Timestamp,
    ) -> Result<Self, Failure> {
        let before = SignedDuration::from_hours(BEFORE_H);
        let from = start.checked_sub(before).unwrap_or(Timestamp::MIN);
        let mut all = Self::default();
        for record in records {
            let id = record.dam.id.clone();
            match place(zone, nodes, record) {
                Ok(node) if all.dams.iter().any(|other| other.node == node) => {
                    all.left_out.push(("dam-shares-node", id));
                }
                Ok(node) => {
                    let (dam, doubted) = ModelDam::new(record, (node, nodes), from)?;
                    all.doubted.extend(doubted.into_iter().map(|code| (code, id.clone())));
                    all.dams.push(dam);
                }
                Err(code) => all.left_out.push((code, id)),
            }
        }
        Ok(all)
    }

    /// The rivers with lakes: the crest of a spillway is at the bed of the river as the heights
    /// show it, so that a lake never backs up, and the lake is below.
    pub(super) fn dig(&self, waterway: &Waterway) -> Result<Waterway, Failure> {
        let mut nodes = waterway.nodes().to_vec();
        for dam in &self.dams {
            let [depth_m, crest_m] = dam.normal_m;
            nodes[dam.node as usize].bed_m -= depth_m + crest_m;
        }
        Waterway::new(nodes).map_err(|fault| Failure::new(Exit::Input, fault))
    }

    /// What stands at their nodes.
    pub(super) fn barriers(&self) -> Vec<(u32, Barrier)> {
        self.dams.iter().map(|dam| (dam.node, Barrier::Dam(dam.law.clone()))).collect()
    }

    /// Whether a node is a lake.
    pub(super) fn is_lake(&self, node: u32) -> bool {
        self.dams.iter().any(|dam| dam.node == node)
    }
}

fn place(zone: Zone, nodes: &[Node], record: &DamRecord) -> Result<u32, &'static str> {
    let lon_lat = record.dam.lon_lat.ok_or("dam-without-place")?;
    let place = forward(zone, Position::lon_lat(lon_lat)).map_err(|_outside| "dam-outside")?;
    let away = |node: &Node| (node.at_m[0] - place.xy[0]).hypot(node.at_m[1] - place.xy[1]);
    // A brook may pass nearer than the river: what drains there tells them apart.
    let drains = |node: &Node| match record.dam.basin_km2 {
        None => true,
        Some(km2) => {
            let factor = 1e-6 * node.upstream_m2 / km2;
            (1.0 / BASIN_FACTOR..=BASIN_FACTOR).contains(&factor)
        }
    };
    let near: Vec<(u32, &Node)> = (0_u32..).zip(nodes).filter(|(_, n)| away(n) <= FAR_M).collect();
    if near.is_empty() {
        return Err("dam-outside");
    }
    let fitting = near.iter().filter(|(_, node)| drains(node));
    let nearest = fitting.min_by(|a, b| away(a.1).total_cmp(&away(b.1)));
    nearest.map(|(node, _)| *node).ok_or("dam-basin")
}

impl ModelDam {
    /// With the codes of what is wrong with its releases and levels.
    fn new(
        record: &DamRecord,
        (node, nodes): (u32, &[Node]),
        from: Timestamp,
    ) -> Result<(Self, Vec<&'static str>), Failure> {
        let row = &record.dam;
        let place = &nodes[node as usize];
        let mut assumed = Vec::new();
        let mut known = |value: Option<f64>, name: &'static str, else_is: f64| {
            if value.is_none() {
                assumed.push(name);
            }
            value.unwrap_or(else_is)
        };
        let basin_km2 = row.basin_km2.unwrap_or(1e-6 * place.upstream_m2);
        let lake_km2 = known(row.lake_km2, "lake_km2", LAKE_SHARE * basin_km2);
        let crest_m = known(
            row.crest_level_m.map(|level_m| level_m - row.normal_level_m),
            "crest_level_m",
            CREST_OVER_M,
        );
        let length_m = known(row.crest_length_m, "crest_length_m", place.width_m);
        let rule = if let Some([from_m3_s, share]) = row.flood_rule {
            Rule::Cut { from_m3_s, share }
        } else {
            assumed.push("flood_m3_s");
            Rule::Inflow
        };
        let most_m3_s = RELEASE_MOST_M3_S_KM2 * basin_km2;
        let believed = record.releases.iter().filter(|row| row.outflow_m3_s <= most_m3_s);
        let recent: Vec<_> = believed.clone().filter(|row| from <= row.time).collect();
        let told = record.releases.iter().filter(|row| from <= row.time).count();
        let mut doubts = Vec::new();
        if recent.len() < told {
            doubts.push("dam-release-far");
        }
        let mut points: Vec<[f64; 2]> =
            recent.iter().map(|row| [row.time.as_second() as f64, row.outflow_m3_s]).collect();
        points.dedup_by(|next, known| next[0] <= known[0]);
        if let Some([time_s, release_m3_s]) = points.last().copied() {
            points.push([time_s + 60.0 * HOLD_MIN as f64, release_m3_s]);
        } else {
            // Long ago: the rule holds from the start.
            points.push([0.0, 0.0]);
        }
        let release =
            Series::new(&row.id, points).map_err(|fault| Failure::new(Exit::Input, fault))?;
        let depth = |level_m: f64| BELOW_M + level_m - row.normal_level_m;
        let most_m = BELOW_M + crest_m + OVER_MOST_M;
        let levels = recent.iter().filter_map(|row| Some((row.time, depth(row.level_m?))));
        let (depths_m, doubted): (Vec<_>, Vec<_>) =
            levels.partition(|(_, depth_m)| (0.0..=most_m).contains(depth_m));
        if !doubted.is_empty() {
            doubts.push("dam-level-far");
        }
        let last = believed.clone().next_back();
        let is_near = |level_m: &f64| (0.0..=most_m).contains(&depth(*level_m));
        let last_level = believed.rev().find_map(|row| row.level_m.filter(is_near));
        let law =
            Dam { area_m2: 1e6 * lake_km2, spillway_m: [place.bed_m, length_m], release, rule };
        let dam = Self {
            node,
            depths_m,
            id: row.id.clone(),
            name: row.name.clone(),
            law,
            normal_m: [BELOW_M, crest_m],
            observed_at: last.map(|row| row.time),
            last: [last.map(|row| row.outflow_m3_s), last_level],
            assumed,
        };
        Ok((dam, doubts))
    }

    /// Depth of the lake at the start of a cycle: the last observed one, else the normal one.
    pub(super) fn first_depth_m(&self, start: Timestamp) -> f64 {
        let known = self.depths_m.iter().rev().find(|(time, _)| *time <= start);
        known.map_or(self.normal_m[0], |(_, depth_m)| *depth_m)
    }

    /// Depth observed in a step, if any.
    pub(super) fn depth_within_m(&self, [from, to]: [Timestamp; 2]) -> Option<f64> {
        let mut within = self.depths_m.iter().rev();
        within.find(|(time, _)| from < *time && *time <= to).map(|(_, depth_m)| *depth_m)
    }

    /// How old its release is at a time, and the fault of one that is late or was never told.
    pub(super) fn fault(&self, reference: Timestamp) -> Option<(&'static str, String)> {
        let Some(age_min) = self.age_min(reference) else {
            return Some(("forecast-dam-silent", self.id.clone()));
        };
        (HOLD_MIN < age_min).then(|| ("forecast-dam-late", format!("{} {age_min} min", self.id)))
    }

    fn age_min(&self, reference: Timestamp) -> Option<i64> {
        self.observed_at.map(|time| reference.duration_since(time).as_mins())
    }

    /// What the record of the run says of it.
    pub(super) fn tell(&self, reference: Timestamp) -> Value {
        let held = |time: Timestamp| time.checked_add(SignedDuration::from_mins(HOLD_MIN)).ok();
        let rule = match self.law.rule {
            Rule::Cut { from_m3_s, share } => {
                json!({ "rule": "cut", "flood_m3_s": from_m3_s, "release_share": share })
            }
            Rule::Inflow => json!({ "rule": "inflow" }),
            Rule::Hold => json!({ "rule": "hold" }),
        };
        json!({
            "id": self.id, "name": self.name, "node": self.node,
            "observed_at": self.observed_at, "age_min": self.age_min(reference),
            "release_m3_s": self.last[0], "level_m": self.last[1],
            "held_until": self.observed_at.and_then(held), "then": rule,
            "lake_km2": 1e-6 * self.law.area_m2, "assumed": self.assumed,
        })
    }
}

#[cfg(test)]
mod tests;
