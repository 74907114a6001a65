//! Verdicts of people on what was computed.

use jiff::Timestamp;
use rusqlite::params;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::chain::Act;
use crate::error::RegisterError;
use crate::people::{check_plain, check_text, parse_id};
use crate::register::{Register, micros, time_at};
use crate::secret::new_id;

/// Largest geometry in bytes of `GeoJSON`.
const GEOMETRY_MAX: usize = 1 << 20;

/// A person's verdict to be kept.
#[derive(Clone, Debug)]
pub struct NewVerdict {
    /// The layer that it speaks of.
    pub layer: String,
    /// Longitude and latitude.
    pub position: [f64; 2],
    /// Geometry as `GeoJSON`.
    pub geometry: Option<Value>,
    /// Class of the thing that was judged.
    pub class: String,
    /// Key of the run that the person saw.
    pub run_key: String,
    /// What the person says: e.g. `confirmed`, `rejected`.
    pub verdict: String,
    /// Whose verdict it is.
    pub organisation: String,
}

/// A person's verdict on something computed: bound to a place, never to a computed id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// `UUIDv7`.
    pub id: Uuid,
    /// The layer that it speaks of.
    pub layer: String,
    /// Longitude and latitude.
    pub position: [f64; 2],
    /// Geometry as `GeoJSON`.
    pub geometry: Option<Value>,
    /// Class of the thing that was judged.
    pub class: String,
    /// Key of the run that the person saw.
    pub run_key: String,
    /// What the person says.
    pub verdict: String,
    /// Whose verdict it is.
    pub organisation: String,
    /// Taken back.
    pub withdrawn: bool,
    /// Who.
    pub by: Uuid,
    /// When.
    pub at: Timestamp,
}

impl Register {
    /// Keeps a verdict.
    ///
    /// # Errors
    /// If a word is not plain, the position is not on Earth, or the organisation is unknown.
    pub fn add_verdict(
        &mut self,
        new: NewVerdict,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Verdict, RegisterError> {
        check_plain("layer", &new.layer)?;
        check_plain("verdict", &new.verdict)?;
        check_text("class", &new.class)?;
        check_text("run key", &new.run_key)?;
        let [lon, lat] = new.position;
        if !((-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)) {
            let value = format!("{lon}, {lat}");
            return Err(RegisterError::invalid("position", &value, "longitude and latitude"));
        }
        let geometry = new.geometry.as_ref().map(Value::to_string);
        if geometry.as_ref().is_some_and(|text| GEOMETRY_MAX < text.len()) {
            return Err(RegisterError::invalid("geometry", "", "at most 1 MiB of GeoJSON"));
        }
        let id = new_id(now)?;
        let key = id.to_string();
        self.write(|writing| {
            writing.organisation(&new.organisation)?;
            writing.transaction.execute(
                "INSERT INTO verdict VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11)",
                params![
                    key,
                    new.layer,
                    lon,
                    lat,
                    geometry,
                    new.class,
                    new.run_key,
                    new.verdict,
                    new.organisation,
                    by.to_string(),
                    micros(now)
                ],
            )?;
            writing.edit("verdict", &key, "create", Act { by, now })
        })?;
        let NewVerdict { layer, position, geometry, class, run_key, verdict, organisation } = new;
        let (withdrawn, at) = (false, time_at(micros(now))?);
        Ok(Verdict {
            id,
            layer,
            position,
            geometry,
            class,
            run_key,
            verdict,
            organisation,
            withdrawn,
            by,
            at,
        })
    }

    /// Takes a verdict back.
    ///
    /// # Errors
    /// If there is none of this id.
    pub fn withdraw_verdict(
        &mut self,
        id: Uuid,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        let key = id.to_string();
        self.write(|writing| {
            let query = "UPDATE verdict SET withdrawn = 1 WHERE id = ?1";
            if writing.transaction.execute(query, [&key])? == 0 {
                return Err(RegisterError::unknown("verdict", &id));
            }
            writing.edit("verdict", &key, "withdraw", Act { by, now })
        })
    }

    /// Verdicts on a layer, oldest first, also those taken back.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn verdicts(&self, layer: &str) -> Result<Vec<Verdict>, RegisterError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, layer, lon, lat, geometry, class, run_key, verdict, organisation,
                    withdrawn, by, at_us FROM verdict WHERE layer = ?1 ORDER BY id",
        )?;
        let mut rows = statement.query([layer])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let geometry: Option<String> = row.get(4)?;
            let geometry = geometry.as_deref().map(serde_json::from_str).transpose();
            all.push(Verdict {
                id: parse_id(&row.get::<_, String>(0)?)?,
                layer: row.get(1)?,
                position: [row.get(2)?, row.get(3)?],
                geometry: geometry.map_err(RegisterError::damaged)?,
                class: row.get(5)?,
                run_key: row.get(6)?,
                verdict: row.get(7)?,
                organisation: row.get(8)?,
                withdrawn: row.get(9)?,
                by: parse_id(&row.get::<_, String>(10)?)?,
                at: time_at(row.get(11)?)?,
            });
        }
        Ok(all)
    }
}
