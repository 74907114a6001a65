//! Who somebody is: by password, by session, by API key, by a proxy.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::access::{Grant, Principal, Role, Via};
use crate::chain::Act;
use crate::error::RegisterError;
use crate::grant;
use crate::password;
use crate::people::{Column, PersonRow, check_text, find, parse_id};
use crate::register::{Register, micros, time_at};
use crate::secret::{Secret, from_hex, random, sha256, to_hex};

/// How long a session lasts: a shift with its hand-over (house rules of this project).
const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// So many failed sign-ins of one login …
const TRIES: usize = 10;
/// … within this time, and it is refused without looking: 960 guesses a day.
const TRIES_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// Somebody who has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The token of the session.
    pub token: Secret,
    /// Who it is.
    pub principal: Principal,
    /// When the session ends.
    pub expires: Timestamp,
}

/// An API key to be made.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    /// What it is for, as a note to people.
    pub title: &'a str,
    /// The highest role that it gives, whatever the grants of its person.
    pub role: Role,
    /// When it ends.
    pub until: Option<Timestamp>,
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Id, also part of the key.
    pub id: String,
    /// Whose key.
    pub person: Uuid,
    /// What it is for.
    pub title: String,
    /// The highest role that it gives.
    pub role: Role,
    /// When made.
    pub created: Timestamp,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// How somebody came in.
struct Entry {
    via: Via,
    expires: Option<Timestamp>,
    cap: Role,
}

const KEY_COLUMNS: &str = "id, person, title, role, created_us, until_us, revoked_us";

fn api_key(row: &rusqlite::Row<'_>) -> Result<ApiKey, RegisterError> {
    let time = |index| row.get::<_, Option<i64>>(index)?.map(time_at).transpose();
    Ok(ApiKey {
        id: row.get(0)?,
        person: parse_id(&row.get::<_, String>(1)?)?,
        title: row.get(2)?,
        role: grant::role(&row.get::<_, String>(3)?)?,
        created: time_at(row.get(4)?)?,
        until: time(5)?,
        revoked: time(6)?,
    })
}

/// Counts one try of a login; refuses it if there have been too many. The try stays counted
/// until a sign-in succeeds, also if the process dies meanwhile.
fn count_try(
    connection: &Connection,
    login: &[u8; 32],
    now: Timestamp,
) -> Result<(), RegisterError> {
    let window = TRIES_WITHIN.as_secs() * 1_000_000;
    let began = micros(now).saturating_sub(window);
    connection.execute("DELETE FROM sign_in_try WHERE time_us <= ?1", [began])?;
    let mut statement = connection.prepare_cached(
        "SELECT time_us FROM sign_in_try WHERE login_sha256 = ?1 ORDER BY time_us DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(TRIES).unwrap_or(i64::MAX);
    let tries: Vec<i64> =
        statement.query_map(params![login, limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if let Some(oldest) = tries.get(TRIES - 1) {
        let wait = oldest.saturating_add(window).saturating_sub(micros(now));
        // Rounded up: whoever waits so long is let in.
        let retry_after_s = u64::try_from(wait).unwrap_or(0).div_ceil(1_000_000).max(1);
        return Err(RegisterError::TooManyTries { retry_after_s });
    }
    connection.execute(
        "INSERT INTO sign_in_try (login_sha256, time_us) VALUES (?1, ?2)",
        params![login, micros(now)],
    )?;
    Ok(())
}

impl Register {
    /// Signs somebody in. A wrong login, a wrong password and a person who may not come in give
    /// the same error after the same work; ten failures of one login in 15 minutes refuse it for
    /// the rest of them, whether it exists or not.
    ///
    /// # Errors
    /// [`RegisterError::SignInRefused`], [`RegisterError::TooManyTries`].
    pub fn sign_in(
        &mut self,
        login: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<SignedIn, RegisterError> {
        let login = login.to_ascii_lowercase();
        // People type passwords where the login belongs: tries are kept by digest.
        let digest = sha256(login.as_bytes());
        self.write(|writing| count_try(&writing.transaction, &digest, now))?;
        let row = find(&self.connection, Column::Login, &login)?;
        let row = row.filter(|row| !row.person.disabled);
        let hash: Option<String> = match &row {
            None => None,
            Some(row) => self
                .connection
                .query_row(
                    "SELECT hash FROM credential WHERE person = ?1",
                    [row.person.id.to_string()],
                    |row| row.get(0),
                )
                .optional()?,
        };
        let accepted = password::verify(password, hash.as_deref(), self.cost)?;
        let Some(row) = row.filter(|_| accepted) else {
            return Err(RegisterError::SignInRefused);
        };
        let token = to_hex(&random::<32>()?);
        let expires = time_at(micros(now).saturating_add(SESSION.as_secs() * 1_000_000))?;
        self.write(|writing| {
            let connection = &writing.transaction;
            let ended = "DELETE FROM session WHERE expires_us <= ?1";
            connection.execute(ended, [micros(now)])?;
            connection.execute("DELETE FROM sign_in_try WHERE login_sha256 = ?1", [digest])?;
            connection.execute(
                "INSERT INTO session (token_sha256, person, created_us, expires_us)
                 VALUES (?1, ?2, ?3, ?4)",
                params![
                    sha256(token.as_bytes()),
                    row.person.id.to_string(),
                    micros(now),
                    micros(expires)
                ],
            )?;
            Ok(())
        })?;
        let entry = Entry { via: Via::Session, expires: Some(expires), cap: Role::Admin };
        let principal = self.principal(&row, &entry, now)?;
        Ok(SignedIn { token: Secret::new(token), principal, expires })
    }

    /// Ends a session; an unknown token is no error.
    ///
    /// # Errors
    /// If the register cannot be written.
    pub fn sign_out(&mut self, token: &str) -> Result<(), RegisterError> {
        let digest = sha256(token.as_bytes());
        self.write(|writing| {
            let query = "DELETE FROM session WHERE token_sha256 = ?1";
            writing.transaction.execute(query, [digest])?;
            Ok(())
        })
    }

    /// Who holds this session; `None` if it is unknown or over or its person may not come in.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn session(
        &mut self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Principal>, RegisterError> {
        // The digest is looked up, not the token: the time of the search tells nothing about it.
        let found: Option<(String, i64)> = self
            .connection
            .prepare_cached("SELECT person, expires_us FROM session WHERE token_sha256 = ?1")?
            .query_row([sha256(token.as_bytes())], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((person, expires)) = found else { return Ok(None) };
        let expires = time_at(expires)?;
        if expires <= now {
            return Ok(None);
        }
        let entry = Entry { via: Via::Session, expires: Some(expires), cap: Role::Admin };
        self.enter(find(&self.connection, Column::Id, &person)?, &entry, now)
    }

    /// Who holds this API key, with no role above the key's; `None` if the key is unknown, over
    /// or revoked, or its person may not come in.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn key(&mut self, key: &str, now: Timestamp) -> Result<Option<Principal>, RegisterError> {
        let parts = key.strip_prefix("jomo_").and_then(|rest| rest.split_once('_'));
        let (id, secret) = parts.unwrap_or_default();
        let query = format!("SELECT {KEY_COLUMNS}, secret_sha256 FROM key WHERE id = ?1");
        let found = self
            .connection
            .prepare_cached(&query)?
            .query_row([id], |row| Ok((api_key(row), row.get::<_, Vec<u8>>(7)?)))
            .optional()?;
        let (found, stored) = match found {
            Some((found, stored)) => (Some(found?), stored),
            // The same comparison as for a key that exists.
            None => (None, vec![0; 32]),
        };
        let same: bool = sha256(secret.as_bytes()).as_slice().ct_eq(&stored).into();
        let Some(found) = found.filter(|_| same && from_hex::<32>(secret).is_some()) else {
            return Ok(None);
        };
        if found.revoked.is_some() || found.until.is_some_and(|until| until <= now) {
            return Ok(None);
        }
        let entry = Entry { via: Via::Key, expires: found.until, cap: found.role };
        self.enter(find(&self.connection, Column::Id, &found.person.to_string())?, &entry, now)
    }

    /// The person whom a trusted proxy has recognised; `None` if there is none or they may not
    /// come in.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn proxied(
        &mut self,
        login: &str,
        now: Timestamp,
    ) -> Result<Option<Principal>, RegisterError> {
        let row = find(&self.connection, Column::Login, &login.to_ascii_lowercase())?;
        let entry = Entry { via: Via::Proxy, expires: None, cap: Role::Admin };
        self.enter(row, &entry, now)
    }

    fn enter(
        &self,
        row: Option<PersonRow>,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<Principal>, RegisterError> {
        let row = row.filter(|row| !row.person.disabled);
        row.map(|row| self.principal(&row, entry, now)).transpose()
    }

    /// People see their own name: that is not logged as a reading of personal values.
    fn principal(
        &self,
        row: &PersonRow,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Principal, RegisterError> {
        let person = self.open_person(row)?;
        let (mut grants, mut organisations) = (Vec::new(), BTreeMap::new());
        for (grant, organisation) in grant::of_person(&self.connection, person.id, now)? {
            let role = grant.role.min(entry.cap);
            grants.push((Grant { role, ..grant }, organisation.kind));
            organisations.insert(organisation.id, organisation.title);
        }
        Ok(Principal {
            person: person.id,
            login: person.login,
            name: person.name,
            grants,
            organisations,
            via: entry.via,
            fictional: person.fictional,
            expires: entry.expires,
        })
    }

    /// Makes an API key `jomo_<id>_<secret>`; the secret is shown this once.
    ///
    /// # Errors
    /// If there is no such person, or the title is empty or long.
    pub fn add_key(
        &mut self,
        person: Uuid,
        key: &NewKey<'_>,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(ApiKey, Secret), RegisterError> {
        check_text("title", key.title)?;
        let id = to_hex(&random::<8>()?);
        let secret = to_hex(&random::<32>()?);
        self.write(|writing| {
            writing.person(person)?;
            writing.transaction.execute(
                "INSERT INTO key (id, person, title, role, secret_sha256, created_us, until_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    id,
                    person.to_string(),
                    key.title,
                    key.role.name(),
                    sha256(secret.as_bytes()),
                    micros(now),
                    key.until.map(micros)
                ],
            )?;
            writing.edit("key", &id, "create", Act { by, now })
        })?;
        let text = Secret::new(format!("jomo_{id}_{secret}"));
        let made = self.keys(Some(person))?.into_iter().find(|key| key.id == id);
        made.map(|made| (made, text)).ok_or_else(|| RegisterError::unknown("key", &id))
    }

    /// Ends an API key.
    ///
    /// # Errors
    /// If there is none of this id.
    pub fn revoke_key(&mut self, id: &str, by: Uuid, now: Timestamp) -> Result<(), RegisterError> {
        self.write(|writing| {
            let changed = writing.transaction.execute(
                "UPDATE key SET revoked_us = coalesce(revoked_us, ?2) WHERE id = ?1",
                params![id, micros(now)],
            )?;
            if changed == 0 {
                return Err(RegisterError::unknown("key", &id));
            }
            writing.edit("key", id, "revoke", Act { by, now })
        })
    }

    /// API keys of a person, or all, in the order of their making.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn keys(&self, person: Option<Uuid>) -> Result<Vec<ApiKey>, RegisterError> {
        let query = format!(
            "SELECT {KEY_COLUMNS} FROM key WHERE ?1 IS NULL OR person = ?1 ORDER BY created_us, id"
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let mut rows = statement.query([person.map(|id| id.to_string())])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(api_key(row)?);
        }
        Ok(all)
    }
}
