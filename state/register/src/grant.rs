//! Grants: role x organisation x area of a person, in time.

use jiff::Timestamp;
use jomo_core::layer::Text;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::access::{Area, Grant, Role};
use crate::chain::Act;
use crate::error::RegisterError;
use crate::people::{Organisation, kind, parse_id};
use crate::register::{Register, Writing, micros, time_at};

const SELECT: &str = "SELECT g.id, g.person, g.role, g.organisation, g.area, g.from_us,
    coalesce(min(g.until_us, g.revoked_us), g.until_us, g.revoked_us), o.kind,
    o.title_ja, o.title_en
    FROM \"grant\" AS g JOIN organisation AS o ON o.id = g.organisation";

pub(crate) fn role(name: &str) -> Result<Role, RegisterError> {
    Role::named(name).ok_or_else(|| RegisterError::damaged(format!("unknown role {name:?}")))
}

/// A grant that was taken back ends at that moment.
fn grant(row: &Row<'_>) -> Result<(Grant, Organisation), RegisterError> {
    let area: String = row.get(4)?;
    let until: Option<i64> = row.get(6)?;
    let grant = Grant {
        id: parse_id(&row.get::<_, String>(0)?)?,
        person: parse_id(&row.get::<_, String>(1)?)?,
        role: role(&row.get::<_, String>(2)?)?,
        organisation: row.get(3)?,
        area: serde_json::from_str(&area).map_err(RegisterError::damaged)?,
        from: time_at(row.get(5)?)?,
        until: until.map(time_at).transpose()?,
    };
    let organisation = Organisation {
        id: grant.organisation.clone(),
        kind: kind(&row.get::<_, String>(7)?)?,
        title: Text { ja: row.get(8)?, en: row.get(9)? },
    };
    Ok((grant, organisation))
}

/// The grants of a person that hold at `now`, each with its organisation.
pub(crate) fn of_person(
    connection: &Connection,
    person: Uuid,
    now: Timestamp,
) -> Result<Vec<(Grant, Organisation)>, RegisterError> {
    let query = format!("{SELECT} WHERE g.person = ?1 ORDER BY g.id");
    let mut statement = connection.prepare_cached(&query)?;
    let mut rows = statement.query([person.to_string()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let found = grant(row)?;
        if found.0.holds(now) {
            all.push(found);
        }
    }
    Ok(all)
}

impl Writing<'_> {
    /// How far anybody who may come in administers at `now`: 2 with a grant that has no end, 1
    /// only with such that run out, 0 not at all.
    fn administered(&self, now: Timestamp) -> Result<u8, RegisterError> {
        let query = "SELECT coalesce(max(CASE WHEN g.until_us IS NULL THEN 2 ELSE 1 END), 0)
            FROM \"grant\" AS g JOIN person AS p ON p.id = g.person
            WHERE g.role = ?1 AND p.disabled_us IS NULL AND p.erased_us IS NULL
            AND g.from_us <= ?2 AND (g.until_us IS NULL OR ?2 < g.until_us)
            AND (g.revoked_us IS NULL OR ?2 < g.revoked_us)";
        let arguments = params![Role::Admin.name(), micros(now)];
        Ok(self.transaction.query_row(query, arguments, |row| row.get(0))?)
    }

    /// Does what may take the last administrator away, and refuses where it has. One whose grant
    /// runs out does not stand in for one whose grant does not: some day nobody would be left.
    pub(crate) fn keeping_an_administrator(
        &self,
        now: Timestamp,
        work: impl FnOnce() -> Result<(), RegisterError>,
    ) -> Result<(), RegisterError> {
        // Where there is none before, none is lost.
        let before = self.administered(now)?;
        work()?;
        if self.administered(now)? < before {
            return Err(RegisterError::LastAdministrator);
        }
        Ok(())
    }
}

impl Register {
    /// Gives a permission.
    ///
    /// # Errors
    /// If there is no such person or organisation, the id is taken, or it ends before it begins.
    pub fn add_grant(
        &mut self,
        grant: &Grant,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        if grant.until.is_some_and(|until| until <= grant.from) {
            let until = grant.until.map(|until| until.to_string()).unwrap_or_default();
            return Err(RegisterError::invalid("until", &until, "a time after the beginning"));
        }
        if let Area::Municipalities(codes) = &grant.area {
            let text: Vec<&str> = codes.iter().map(String::as_str).collect();
            if Area::parse(&text.join(",")).as_ref() != Some(&grant.area) {
                let expected = "all, or five-digit municipality codes";
                return Err(RegisterError::invalid("area", &text.join(","), expected));
            }
        }
        let id = grant.id.to_string();
        let area = serde_json::to_string(&grant.area).map_err(RegisterError::damaged)?;
        self.write(|writing| {
            writing.person(grant.person)?;
            writing.organisation(&grant.organisation)?;
            let added = writing.transaction.execute(
                "INSERT INTO \"grant\" (id, person, role, organisation, area, from_us, until_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    id,
                    grant.person.to_string(),
                    grant.role.name(),
                    grant.organisation,
                    area,
                    micros(grant.from),
                    grant.until.map(micros)
                ],
            );
            added.map_err(|error| RegisterError::from(error).taken("grant", &id))?;
            writing.edit("grant", &id, "create", Act { by, now })
        })
    }

    /// Takes a permission back, from now on.
    ///
    /// # Errors
    /// If there is none of this id, or nobody would be left who administers.
    pub fn revoke_grant(
        &mut self,
        grant: Uuid,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        let id = grant.to_string();
        let revoke = |writing: &Writing<'_>| {
            let changed = writing.transaction.execute(
                "UPDATE \"grant\" SET revoked_us = coalesce(revoked_us, ?2) WHERE id = ?1",
                params![id, micros(now)],
            )?;
            if changed == 0 {
                return Err(RegisterError::unknown("grant", &grant));
            }
            writing.edit("grant", &id, "revoke", Act { by, now })
        };
        self.write(|writing| writing.keeping_an_administrator(now, || revoke(writing)))
    }

    /// Grants of a person, or all, in the order of their making; one that was taken back ends at
    /// that moment.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn grants(&self, person: Option<Uuid>) -> Result<Vec<Grant>, RegisterError> {
        let query = format!("{SELECT} WHERE ?1 IS NULL OR g.person = ?1 ORDER BY g.id");
        let mut statement = self.connection.prepare_cached(&query)?;
        let mut rows = statement.query([person.map(|id| id.to_string())])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(grant(row)?.0);
        }
        Ok(all)
    }
}
