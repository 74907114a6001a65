//! A case as data, for `run.json`: whatever the result depends on.

use jomo_flood::{Infiltration, TimeStep};
use serde_json::{Value, json};

use super::{Case, Condition, ConditionKind, RainKind, Sky, WaterKind, side_name};

impl Case {
    /// The case as data, with what it leaves to us filled in.
    pub(in crate::flood) fn settings(&self) -> Value {
        let water =
            |kind| self.water.as_ref().filter(|water| water.0 == kind).map(|water| &water.1);
        let boundary: Vec<_> = self.boundary.iter().map(Condition::settings).collect();
        let sources = self
            .sources
            .iter()
            .map(|source| json!({ "at": source.at, "discharge_m3_s": source.course }));
        let gauges = self.gauges.iter().map(|gauge| json!({ "id": gauge.id, "at": gauge.at }));
        json!({
            "domain": { "dem": self.dem, "roughness": self.roughness },
            "initial": {
                "depth": water(WaterKind::Depth),
                "level": water(WaterKind::Level),
                "velocity": self.velocity,
            },
            "boundary": boundary,
            "source": sources.collect::<Vec<_>>(),
            "rain": self.rain.as_ref().map(Sky::settings),
            "run": {
                "duration_s": self.run.duration_s,
                "output_every_s": self.run.output_every_s,
                "cfl": self.run.cfl,
                "time_step": match self.run.time_step {
                    TimeStep::Global => "global",
                    TimeStep::Local => "local",
                },
                "restart": self.run.restart,
                "save": self.run.save,
            },
            "output": {
                "gauges": gauges.collect::<Vec<_>>(),
                "arrival_depth_m": self.arrival_depth_m,
                "duration_depth_m": self.duration_depth_m,
            },
        })
    }
}

impl Condition {
    fn settings(&self) -> Value {
        let (kind, slope, course) = match &self.kind {
            ConditionKind::Wall => ("wall", None, None),
            ConditionKind::Open { slope } => ("open", Some(slope), None),
            ConditionKind::Discharge(course) => ("discharge", None, Some(course)),
            ConditionKind::Stage(course) => ("stage", None, Some(course)),
        };
        json!({
            "side": side_name(self.side), "kind": kind, "slope": slope, "value": course,
            "from": self.from_m, "to": self.to_m,
        })
    }
}

impl Sky {
    fn settings(&self) -> Value {
        let rain = match &self.rain {
            None => Value::Null,
            Some(RainKind::Everywhere(course)) => json!(course),
            Some(RainKind::Gridded { files, start }) => json!({ "jma": files, "start": start }),
        };
        let infiltration = match self.infiltration {
            Infiltration::None => json!({ "kind": "none" }),
            Infiltration::Constant { rate_mm_h } => {
                json!({ "kind": "constant", "rate_mm_h": rate_mm_h })
            }
            Infiltration::GreenAmpt { conductivity_mm_h, suction_mm, deficit } => json!({
                "kind": "green-ampt", "conductivity_mm_h": conductivity_mm_h,
                "suction_mm": suction_mm, "deficit": deficit,
            }),
            Infiltration::ScsCurveNumber { curve_number } => {
                json!({ "kind": "scs-cn", "curve_number": curve_number })
            }
        };
        json!({
            "rain": rain, "infiltration": infiltration, "drainage_mm_h": self.drainage_mm_h,
        })
    }
}
