//! Organisations and persons.

use jiff::Timestamp;
use jomo_core::layer::Text;
use jomo_core::organisation::OrganisationKind;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain::Act;
use crate::error::RegisterError;
use crate::password;
use crate::register::{Register, Writing, micros, time_at};
use crate::secret::new_id;
use crate::{read_log, seal, uploads};

/// An organisation that grants are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// `[a-z0-9_-]{1,64}`
    pub id: String,
    /// What it is to the prefecture.
    pub kind: OrganisationKind,
    /// Its name.
    pub title: Text,
}

/// A person to be added.
#[derive(Clone, Debug)]
pub struct NewPerson<'a> {
    /// Login name: `[a-z0-9][a-z0-9._@-]{0,63}`.
    pub login: &'a str,
    /// Name; needs the master key.
    pub name: Option<&'a str>,
    /// Mail address; needs the master key.
    pub mail: Option<&'a str>,
    /// Password, 12 to 256 characters; `None` for people who come by a proxy or by key only.
    pub password: Option<&'a str>,
    /// An invented person.
    pub fictional: bool,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Id.
    pub id: Uuid,
    /// Login name.
    pub login: String,
    /// Name, where it was asked for and can be opened.
    pub name: Option<String>,
    /// Mail address, likewise.
    pub mail: Option<String>,
    /// An invented person.
    pub fictional: bool,
    /// May not come in.
    pub disabled: bool,
    /// Values and credentials have been destroyed.
    pub erased: bool,
    /// When added.
    pub created: Timestamp,
}

/// A row of `person` as it stands, sealed values included.
pub(crate) struct PersonRow {
    pub(crate) person: Person,
    pub(crate) sealed: Option<Vec<u8>>,
}

const SELECT: &str =
    "SELECT id, login, sealed, fictional, created_us, disabled_us, erased_us FROM person";

pub(crate) fn parse_id(text: &str) -> Result<Uuid, RegisterError> {
    Uuid::parse_str(text).map_err(RegisterError::damaged)
}

fn person_row(row: &Row<'_>) -> Result<PersonRow, RegisterError> {
    let erased = row.get::<_, Option<i64>>(6)?.is_some();
    Ok(PersonRow {
        person: Person {
            id: parse_id(&row.get::<_, String>(0)?)?,
            login: row.get(1)?,
            name: None,
            mail: None,
            fictional: row.get(3)?,
            disabled: row.get::<_, Option<i64>>(5)?.is_some() || erased,
            erased,
            created: time_at(row.get(4)?)?,
        },
        sealed: row.get(2)?,
    })
}

/// The person whose `column` has this value.
pub(crate) fn find(
    connection: &Connection,
    column: Column,
    value: &str,
) -> Result<Option<PersonRow>, RegisterError> {
    let query = match column {
        Column::Id => format!("{SELECT} WHERE id = ?1"),
        Column::Login => format!("{SELECT} WHERE login = ?1"),
    };
    let mut statement = connection.prepare_cached(&query)?;
    statement.query_row([value], |row| Ok(person_row(row))).optional()?.transpose()
}

/// By what a person is looked up.
#[derive(Clone, Copy)]
pub(crate) enum Column {
    Id,
    Login,
}

impl Writing<'_> {
    /// The person of this id, who must be there and not erased.
    pub(crate) fn person(&self, id: Uuid) -> Result<PersonRow, RegisterError> {
        let found = find(&self.transaction, Column::Id, &id.to_string())?;
        let found = found.ok_or_else(|| RegisterError::unknown("person", &id))?;
        if found.person.erased {
            return Err(RegisterError::Erased { id: id.to_string() });
        }
        Ok(found)
    }

    /// Refuses an organisation that is not there.
    pub(crate) fn organisation(&self, id: &str) -> Result<(), RegisterError> {
        let query = "SELECT EXISTS (SELECT 1 FROM organisation WHERE id = ?1)";
        let known: bool = self.transaction.query_row(query, [id], |row| row.get(0))?;
        if known { Ok(()) } else { Err(RegisterError::unknown("organisation", id)) }
    }

    pub(crate) fn end_sessions(&self, person: Uuid) -> Result<(), RegisterError> {
        let person = person.to_string();
        self.transaction.execute("DELETE FROM session WHERE person = ?1", [person])?;
        Ok(())
    }

    fn set_hash(&self, person: Uuid, hash: &str, act: Act) -> Result<(), RegisterError> {
        let id = person.to_string();
        // An old hash could still be guessed at: it does not stay in the history.
        let old = self.bodies("credential", &id)?;
        self.transaction.execute(
            "INSERT INTO credential (person, hash, set_us) VALUES (?1, ?2, ?3)
             ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, set_us = excluded.set_us",
            params![id, hash, micros(act.now)],
        )?;
        self.edit_removing(["credential", &id], "set", act, &old)
    }

    /// Destroys and blanks what leads to a person.
    fn erase(&self, person: Uuid, act: Act) -> Result<(), RegisterError> {
        let (id, connection, erased) = (person.to_string(), &self.transaction, micros(act.now));
        self.person(person)?;
        seal::destroy(connection, &id)?;
        self.end_sessions(person)?;
        let old = self.bodies("credential", &id)?;
        connection.execute("DELETE FROM credential WHERE person = ?1", [&id])?;
        if !old.is_empty() {
            self.edit_removing(["credential", &id], "erase", act, &old)?;
        }
        let list = |query: &str| -> Result<Vec<String>, RegisterError> {
            let mut statement = connection.prepare(query)?;
            let rows = statement.query_map([&id], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        // The title of a key may name its owner.
        let forget = "UPDATE key SET title = '-', secret_sha256 = zeroblob(32),
            revoked_us = coalesce(revoked_us, ?2) WHERE id = ?1";
        for key in list("SELECT id FROM key WHERE person = ?1")? {
            let old = self.bodies("key", &key)?;
            connection.execute(forget, params![key, erased])?;
            self.edit_removing(["key", &key], "erase", act, &old)?;
        }
        for grant in list("SELECT id FROM \"grant\" WHERE person = ?1 AND revoked_us IS NULL")? {
            let query = "UPDATE \"grant\" SET revoked_us = ?2 WHERE id = ?1";
            connection.execute(query, params![grant, erased])?;
            self.edit("grant", &grant, "revoke", act)?;
        }
        let old = self.bodies("person", &id)?;
        connection.execute(
            "UPDATE person SET login = 'erased-' || id, sealed = NULL, erased_us = ?2
             WHERE id = ?1",
            params![id, erased],
        )?;
        self.edit_removing(["person", &id], "erase", act, &old)
    }
}

fn check_login(login: &str) -> Result<(), RegisterError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = login.as_bytes();
    let fits = bytes.first().copied().is_some_and(plain)
        && bytes.len() <= 64
        && bytes.iter().all(|byte| plain(*byte) || b"._@-".contains(byte));
    // An erased person's login is free of meaning and kept apart from those that people choose.
    if fits && !login.starts_with("erased-") {
        return Ok(());
    }
    let expected = "1 to 64 of a-z 0-9 . _ @ -, a letter or digit first";
    Err(RegisterError::invalid("login", login, expected))
}

/// Refuses an id that is not plain: `[a-z0-9_-]{1,64}`.
pub(crate) fn check_plain(what: &'static str, id: &str) -> Result<(), RegisterError> {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if (1..=64).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(());
    }
    Err(RegisterError::invalid(what, id, "1 to 64 of a-z 0-9 _ -"))
}

/// Refuses a text that is empty, long or holds control characters.
pub(crate) fn check_text(what: &'static str, text: &str) -> Result<(), RegisterError> {
    let fits =
        !text.trim().is_empty() && text.len() <= 1_000 && !text.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(RegisterError::invalid(what, text, "1 to 1,000 bytes without control characters"))
}

fn place(person: &str) -> String {
    format!("person {person}")
}

/// Name and mail address as they are sealed.
fn personal(row: &PersonRow, opened: Option<&Value>) -> Person {
    let text = |name: &str| opened?.get(name)?.as_str().map(str::to_owned);
    Person { name: text("name"), mail: text("mail"), ..row.person.clone() }
}

impl Register {
    /// Adds an organisation.
    ///
    /// # Errors
    /// If the id is not plain, a title is missing, the id is taken, or differs from another's in
    /// `-` and `_` alone: ids of layers write both as `_`, and tell by them whose a layer is.
    pub fn add_organisation(
        &mut self,
        organisation: &Organisation,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        let Organisation { id, kind, title } = organisation;
        check_plain("organisation", id)?;
        check_text("title", &title.ja)?;
        check_text("title", &title.en)?;
        self.write(|writing| {
            let alike = "SELECT id FROM organisation
                WHERE replace(id, '-', '_') = replace(?1, '-', '_') AND id <> ?1";
            let alike = writing.transaction.query_row(alike, [id], |row| row.get(0));
            if let Some(other) = alike.optional()? {
                return Err(RegisterError::TooAlike { id: id.clone(), other });
            }
            let added = writing.transaction.execute(
                "INSERT INTO organisation (id, kind, title_ja, title_en) VALUES (?1, ?2, ?3, ?4)",
                [id.as_str(), kind.name(), &title.ja, &title.en],
            );
            added.map_err(|error| RegisterError::from(error).taken("organisation", id))?;
            writing.edit("organisation", id, "create", Act { by, now })
        })
    }

    /// All organisations, by id.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn organisations(&self) -> Result<Vec<Organisation>, RegisterError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, kind, title_ja, title_en FROM organisation ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let title = Text { ja: row.get(2)?, en: row.get(3)? };
            all.push(Organisation {
                id: row.get(0)?,
                kind: kind(&row.get::<_, String>(1)?)?,
                title,
            });
        }
        Ok(all)
    }

    /// Adds a person.
    ///
    /// # Errors
    /// If the login is not plain or taken, the password too short or too long, or there is a
    /// name or mail address but no master key.
    pub fn add_person(
        &mut self,
        person: &NewPerson<'_>,
        by: Uuid,
        now: Timestamp,
    ) -> Result<Person, RegisterError> {
        check_login(person.login)?;
        for text in [person.name, person.mail].into_iter().flatten() {
            // The text itself is personal: no error repeats it.
            check_text("name or mail", text)
                .map_err(|_shows_the_text| RegisterError::invalid("name or mail", "", "a text"))?;
        }
        let hash = match person.password {
            None => None,
            Some(word) => {
                password::check(word)?;
                Some(password::sealed(word, self.cost)?)
            }
        };
        let id = new_id(now)?;
        let text = id.to_string();
        let values = [("name", person.name), ("mail", person.mail)];
        let values: serde_json::Map<_, _> = values
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))))
            .collect();
        let act = Act { by, now };
        self.write(|writing| {
            let sealed = if values.is_empty() {
                None
            } else {
                let (at, values) = ([text.as_str(), &place(&text)], Value::Object(values));
                Some(seal::seal(&writing.transaction, writing.master, at, &values, now)?)
            };
            let added = writing.transaction.execute(
                "INSERT INTO person (id, login, sealed, fictional, created_us)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![text, person.login, sealed, person.fictional, micros(now)],
            );
            added.map_err(|error| RegisterError::from(error).taken("login", person.login))?;
            writing.edit("person", &text, "create", act)?;
            hash.as_ref().map_or(Ok(()), |hash| writing.set_hash(id, hash, act))
        })?;
        let row = find(&self.connection, Column::Id, &text)?;
        let row = row.ok_or_else(|| RegisterError::unknown("person", &id))?;
        self.open_person(&row)
    }

    /// Name and mail address opened.
    pub(crate) fn open_person(&self, row: &PersonRow) -> Result<Person, RegisterError> {
        let id = row.person.id.to_string();
        let at = [id.as_str(), &place(&id)];
        let opened = seal::open(&self.connection, self.master.as_ref(), at, row.sealed.as_deref())?;
        Ok(personal(row, opened.as_ref()))
    }

    /// The person of a login, without name and mail address.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn person(&self, login: &str) -> Result<Option<Person>, RegisterError> {
        Ok(find(&self.connection, Column::Login, login)?.map(|row| row.person))
    }

    /// The login of a person, also of one who has been erased; `None` for whoever is no person,
    /// such as the command line of the machine itself.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn login(&self, person: Uuid) -> Result<Option<String>, RegisterError> {
        let found = find(&self.connection, Column::Id, &person.to_string())?;
        Ok(found.map(|row| row.person.login))
    }

    /// All persons by login, without names and mail addresses.
    ///
    /// # Errors
    /// If the register cannot be read.
    pub fn people(&self) -> Result<Vec<Person>, RegisterError> {
        Ok(self.person_rows()?.into_iter().map(|row| row.person).collect())
    }

    fn person_rows(&self) -> Result<Vec<PersonRow>, RegisterError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT} ORDER BY login"))?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(person_row(row)?);
        }
        Ok(all)
    }

    /// All persons with their names and mail addresses; the log keeps that `reader` has read
    /// them.
    ///
    /// # Errors
    /// If the register cannot be read or written.
    pub fn people_personal(
        &mut self,
        reader: Uuid,
        now: Timestamp,
    ) -> Result<Vec<Person>, RegisterError> {
        let rows = self.person_rows()?;
        let opened: Vec<Person> =
            rows.iter().map(|row| self.open_person(row)).collect::<Result<_, _>>()?;
        self.write(|writing| {
            for person in opened.iter().filter(|p| p.name.is_some() || p.mail.is_some()) {
                let id = person.id.to_string();
                read_log::add(&writing.transaction, reader, [&id, &place(&id)], now)?;
            }
            Ok(())
        })?;
        Ok(opened)
    }

    /// Gives a person another password and ends their sessions.
    ///
    /// # Errors
    /// If the password is too short or too long, or there is no such person.
    pub fn set_password(
        &mut self,
        person: Uuid,
        password: &str,
        by: Uuid,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        password::check(password)?;
        let hash = password::sealed(password, self.cost)?;
        self.write(|writing| {
            writing.person(person)?;
            writing.set_hash(person, &hash, Act { by, now })?;
            writing.end_sessions(person)
        })
    }

    /// Keeps a person out: sessions end, keys and the proxy no longer help.
    ///
    /// # Errors
    /// If there is no such person, or nobody would be left who administers.
    pub fn disable(&mut self, person: Uuid, by: Uuid, now: Timestamp) -> Result<(), RegisterError> {
        let id = person.to_string();
        let disable = |writing: &Writing<'_>| {
            if writing.person(person)?.person.disabled {
                return Ok(());
            }
            let query = "UPDATE person SET disabled_us = ?2 WHERE id = ?1";
            writing.transaction.execute(query, params![id, micros(now)])?;
            writing.edit("person", &id, "disable", Act { by, now })?;
            writing.end_sessions(person)
        };
        self.write(|writing| writing.keeping_an_administrator(now, || disable(writing)))
    }

    /// Erases a person: the key of their values, password, sessions, API keys, grants and login
    /// name, and the files that only they handed in. What they did stays, under an id that no longer leads to anybody, and the chain
    /// still verifies.
    ///
    /// # Errors
    /// If there is no such person, they have been erased before, or nobody would be left who
    /// administers.
    pub fn erase(&mut self, person: Uuid, by: Uuid, now: Timestamp) -> Result<(), RegisterError> {
        let (act, files) = (Act { by, now }, self.files());
        self.write(|writing| {
            writing.keeping_an_administrator(now, || writing.erase(person, act))?;
            // The last step: a file that is gone does not come back with a transaction.
            uploads::erase(&writing.transaction, &files, &person.to_string(), now)
        })?;
        self.forget_log()
    }

    /// Destroys the key of a subject that is no person of the register: the owner of a house.
    ///
    /// # Errors
    /// If the register cannot be written.
    pub fn erase_subject(&mut self, subject: Uuid) -> Result<(), RegisterError> {
        self.write(|writing| seal::destroy(&writing.transaction, &subject.to_string()))?;
        self.forget_log()
    }

    /// Empties the write-ahead log: it holds pages as they were before they were overwritten.
    pub(crate) fn forget_log(&self) -> Result<(), RegisterError> {
        let busy: i64 =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        // A reader that has been at work for longer than the busy timeout.
        if busy == 0 { Ok(()) } else { Err(RegisterError::Busy) }
    }
}

pub(crate) fn kind(name: &str) -> Result<OrganisationKind, RegisterError> {
    let kind = OrganisationKind::named(name);
    kind.ok_or_else(|| RegisterError::damaged(format!("unknown kind of organisation {name:?}")))
}
