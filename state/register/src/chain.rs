//! The chain of edits: what is hashed, how an edit is added, how the chain is verified.
//!
//! `docs/spec/register.md` gives the encoding byte by byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::RegisterError;
use crate::register::{Register, Writing, micros};
use crate::secret::{random, to_hex};

/// A table whose every change is an edit.
pub(crate) struct Chained {
    /// Its name.
    pub(crate) table: &'static str,
    /// Its columns in the order of their encoding, the key first.
    pub(crate) columns: &'static [&'static str],
}

/// The tables of the chain.
pub(crate) const CHAINED: [Chained; 7] = [
    Chained { table: "organisation", columns: &["id", "kind", "title_ja", "title_en"] },
    Chained {
        table: "person",
        columns: &["id", "login", "sealed", "fictional", "created_us", "disabled_us", "erased_us"],
    },
    Chained { table: "credential", columns: &["person", "hash", "set_us"] },
    Chained {
        table: "grant",
        columns: &[
            "id",
            "person",
            "role",
            "organisation",
            "area",
            "from_us",
            "until_us",
            "revoked_us",
        ],
    },
    Chained {
        table: "key",
        columns: &[
            "id",
            "person",
            "title",
            "role",
            "secret_sha256",
            "created_us",
            "until_us",
            "revoked_us",
        ],
    },
    Chained {
        table: "record",
        columns: &[
            "id",
            "kind",
            "revision",
            "content",
            "subject",
            "sealed",
            "deleted",
            "organisation",
            "municipality",
            "updated_us",
            "by",
        ],
    },
    Chained {
        table: "verdict",
        columns: &[
            "id",
            "layer",
            "lon",
            "lat",
            "geometry",
            "class",
            "run_key",
            "verdict",
            "organisation",
            "withdrawn",
            "by",
            "at_us",
        ],
    },
];

impl Chained {
    /// The table of this name.
    pub(crate) fn named(table: &str) -> Option<&'static Self> {
        CHAINED.iter().find(|chained| chained.table == table)
    }

    fn select(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|name| format!("\"{name}\"")).collect();
        format!("SELECT {} FROM \"{}\"", columns.join(", "), self.table)
    }

    fn key(&self) -> &'static str {
        self.columns.first().copied().unwrap_or_default()
    }

    /// The encoding of one row; empty if there is none.
    fn row(&self, connection: &Connection, subject: &str) -> Result<Vec<u8>, RegisterError> {
        let query = format!("{} WHERE \"{}\" = ?1", self.select(), self.key());
        let row = connection
            .prepare_cached(&query)?
            .query_row([subject], |row| Ok(self.encode(row)))
            .optional()?;
        row.unwrap_or(Ok(Vec::new()))
    }

    fn encode(&self, row: &rusqlite::Row<'_>) -> Result<Vec<u8>, RegisterError> {
        let mut bytes = Vec::new();
        for (index, name) in self.columns.iter().enumerate() {
            frame(&mut bytes, name.as_bytes());
            encode_value(&mut bytes, row.get_ref(index)?);
        }
        Ok(bytes)
    }
}

/// Appends a length (8 bytes, big-endian) and the bytes.
pub(crate) fn frame(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    to.extend_from_slice(bytes);
}

/// Appends a value: one byte for its type, then its content.
pub(crate) fn encode_value(to: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => to.push(0),
        ValueRef::Integer(number) => {
            to.push(1);
            to.extend_from_slice(&number.to_be_bytes());
        }
        ValueRef::Real(number) => {
            to.push(2);
            to.extend_from_slice(&number.to_be_bytes());
        }
        ValueRef::Text(text) => {
            to.push(3);
            frame(to, text);
        }
        ValueRef::Blob(bytes) => {
            to.push(4);
            frame(to, bytes);
        }
    }
}

/// A value of an encoded row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Encoded {
    /// Nothing.
    Null,
    /// An integer.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// Reads an encoded row back: names and values. `None` if it is not one.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<BTreeMap<String, Encoded>> {
    fn chunk<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
        let (chunk, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        Some(chunk)
    }
    fn word(bytes: &mut &[u8]) -> Option<[u8; 8]> {
        chunk(bytes, 8)?.try_into().ok()
    }
    fn framed<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        let length = usize::try_from(u64::from_be_bytes(word(bytes)?)).ok()?;
        chunk(bytes, length)
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let mut row = BTreeMap::new();
    while !bytes.is_empty() {
        let name = text(framed(&mut bytes)?)?;
        let value = match chunk(&mut bytes, 1)? {
            [0] => Encoded::Null,
            [1] => Encoded::Integer(i64::from_be_bytes(word(&mut bytes)?)),
            [2] => Encoded::Real(f64::from_be_bytes(word(&mut bytes)?)),
            [3] => Encoded::Text(text(framed(&mut bytes)?)?),
            [4] => Encoded::Blob(framed(&mut bytes)?.to_vec()),
            _ => return None,
        };
        row.insert(name, value);
    }
    Some(row)
}

/// What an edit says of itself; its hash is over all of it.
struct Link<'a> {
    seq: i64,
    time_us: i64,
    actor: &'a str,
    place: &'a str,
    subject: &'a str,
    kind: &'a str,
    removes: &'a str,
    content_sha256: &'a [u8],
    previous: &'a [u8],
}

impl Link<'_> {
    fn hash(&self) -> [u8; 32] {
        let mut bytes = Vec::new();
        frame(&mut bytes, b"jomo edit 1");
        frame(&mut bytes, &self.seq.to_be_bytes());
        frame(&mut bytes, &self.time_us.to_be_bytes());
        for text in [self.actor, self.place, self.subject, self.kind, self.removes] {
            frame(&mut bytes, text.as_bytes());
        }
        frame(&mut bytes, self.content_sha256);
        frame(&mut bytes, self.previous);
        Sha256::digest(&bytes).into()
    }
}

/// A commitment to a row: without the salt, which goes when the body goes, it tells nothing.
fn content_hash(salt: &[u8], content: &[u8]) -> [u8; 32] {
    let mut bytes = Vec::new();
    for part in [b"jomo content 1".as_slice(), salt, content] {
        frame(&mut bytes, part);
    }
    Sha256::digest(&bytes).into()
}

/// Whose edit it is, and when.
#[derive(Clone, Copy)]
pub(crate) struct Act {
    pub(crate) by: Uuid,
    pub(crate) now: Timestamp,
}

impl Writing<'_> {
    /// Adds the edit that says what `subject` of `table` is now.
    pub(crate) fn edit(
        &self,
        table: &str,
        subject: &str,
        kind: &str,
        act: Act,
    ) -> Result<(), RegisterError> {
        self.edit_removing([table, subject], kind, act, &[])
    }

    /// Adds an edit and removes the bodies of earlier ones, which the edit names.
    pub(crate) fn edit_removing(
        &self,
        [table, subject]: [&str; 2],
        kind: &str,
        act: Act,
        removed: &[i64],
    ) -> Result<(), RegisterError> {
        let chained =
            Chained::named(table).ok_or_else(|| RegisterError::damaged("a table is unknown"))?;
        let last = self
            .transaction
            .query_row("SELECT seq, hash FROM edit ORDER BY seq DESC LIMIT 1", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        let (seq, previous) = last.unwrap_or((0, vec![0; 32]));
        let content = chained.row(&self.transaction, subject)?;
        let salt = random::<32>()?;
        let content_sha256 = content_hash(&salt, &content);
        let link = Link {
            seq: seq + 1,
            time_us: micros(act.now),
            actor: &act.by.to_string(),
            place: table,
            subject,
            kind,
            removes: &ranges(removed),
            content_sha256: &content_sha256,
            previous: &previous,
        };
        self.transaction.execute(
            "INSERT INTO edit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                link.seq,
                link.time_us,
                link.actor,
                link.place,
                link.subject,
                link.kind,
                link.removes,
                link.content_sha256,
                link.previous,
                link.hash(),
            ],
        )?;
        self.transaction.execute(
            "INSERT INTO edit_body VALUES (?1, ?2, ?3)",
            params![link.seq, salt, content],
        )?;
        let mut remove = self.transaction.prepare_cached("DELETE FROM edit_body WHERE seq = ?1")?;
        for seq in removed {
            remove.execute([seq])?;
        }
        Ok(())
    }

    /// The edits of a row whose bodies are still there.
    pub(crate) fn bodies(&self, table: &str, subject: &str) -> Result<Vec<i64>, RegisterError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT edit.seq FROM edit JOIN edit_body ON edit_body.seq = edit.seq
             WHERE place = ?1 AND subject = ?2 ORDER BY edit.seq",
        )?;
        let rows = statement.query_map([table, subject], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// `1-3,7`: rising numbers as ranges.
fn ranges(numbers: &[i64]) -> String {
    let sorted: BTreeSet<i64> = numbers.iter().copied().collect();
    let mut runs: Vec<[i64; 2]> = Vec::new();
    for number in sorted {
        match runs.last_mut() {
            Some([_, last]) if *last + 1 == number => *last = number,
            _ => runs.push([number, number]),
        }
    }
    let mut text = String::new();
    for [first, last] in runs {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = if first == last {
            write!(text, "{comma}{first}")
        } else {
            write!(text, "{comma}{first}-{last}")
        };
    }
    text
}

/// The numbers below `limit` of a text such as `1-3,7`. `None` if it is not one.
fn numbers(text: &str, limit: i64) -> Option<Vec<i64>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let mut all: Vec<i64> = Vec::new();
    for run in text.split(',') {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        let (first, last): (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
        // Rising and below the edit itself: a hostile list is no longer than the chain.
        if first <= all.last().copied().unwrap_or(0) || last < first || limit <= last {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

/// A chain that verifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// Number of edits.
    pub edits: u64,
    /// Edits whose content has been purged, as a later edit says.
    pub removed: u64,
    /// Hash of the last edit, 64 hexadecimal digits; zeros for an empty chain.
    pub head: String,
}

/// What is gathered while the chain is walked.
#[derive(Default)]
struct Walk {
    seq: i64,
    previous: Vec<u8>,
    /// Edits that later ones declare removed.
    declared: BTreeSet<i64>,
    /// Edits without a body.
    missing: BTreeSet<i64>,
    /// The last edit of each row: table and key -> edit and whether its body is empty.
    last: BTreeMap<(String, String), i64>,
}

fn broken(edit: i64, place: &str, subject: &str, reason: &'static str) -> RegisterError {
    let edit = u64::try_from(edit).unwrap_or(0);
    RegisterError::ChainBroken { edit, subject: format!("{place} {subject}"), reason }
}

impl Register {
    /// Verifies every link of the chain, the content of every edit, and that every row is what
    /// its last edit says and nothing else is there.
    ///
    /// An end that was cut off together with the rows it speaks of cannot be seen from inside:
    /// compare with the manifest of a backup, [`Register::verify_chain_since`].
    ///
    /// # Errors
    /// [`RegisterError::ChainBroken`] with the first edit that does not hold.
    pub fn verify_chain(&self) -> Result<ChainReport, RegisterError> {
        // One snapshot for the walk and the rows.
        let snapshot = self.connection.unchecked_transaction()?;
        let walk = walk(&snapshot)?;
        if let Some(seq) = walk.missing.symmetric_difference(&walk.declared).next() {
            let reason = "its content and the edits that remove content disagree";
            return Err(broken(*seq, "edit_body", &seq.to_string(), reason));
        }
        let removed = walk.missing.len() as u64;
        let bodies: i64 =
            snapshot.query_row("SELECT count(*) FROM edit_body", [], |row| row.get(0))?;
        if u64::try_from(bodies).ok() != u64::try_from(walk.seq).ok().map(|all| all - removed) {
            return Err(broken(walk.seq, "edit_body", "", "there is content without an edit"));
        }
        let mut seen = BTreeSet::new();
        for chained in &CHAINED {
            verify_rows(&snapshot, chained, &walk, &mut seen)?;
        }
        for ((place, subject), seq) in &walk.last {
            let body = body(&snapshot, *seq)?.map(|(_, content)| content);
            let gone = body.is_none_or(|content| content.is_empty());
            if !gone && !seen.contains(seq) {
                return Err(broken(*seq, place, subject, "its row is gone"));
            }
        }
        let edits = u64::try_from(walk.seq).unwrap_or(0);
        Ok(ChainReport { edits, removed, head: to_hex(&walk.previous) })
    }

    /// Like [`Register::verify_chain`], and the chain still begins with the one that `earlier`
    /// reports.
    ///
    /// # Errors
    /// Those of [`Register::verify_chain`].
    pub fn verify_chain_since(&self, earlier: &ChainReport) -> Result<ChainReport, RegisterError> {
        let report = self.verify_chain()?;
        let seq = i64::try_from(earlier.edits).unwrap_or(i64::MAX);
        let hash: Option<Vec<u8>> = self
            .connection
            .query_row("SELECT hash FROM edit WHERE seq = ?1", [seq], |row| row.get(0))
            .optional()?;
        let same = hash.map_or(earlier.edits == 0, |hash| to_hex(&hash) == earlier.head);
        if same {
            return Ok(report);
        }
        Err(broken(seq, "edit", &seq.to_string(), "an earlier report has another hash here"))
    }
}

/// Salt and content of an edit.
type Body = (Vec<u8>, Vec<u8>);

fn body(connection: &Connection, seq: i64) -> Result<Option<Body>, RegisterError> {
    let mut statement =
        connection.prepare_cached("SELECT salt, content FROM edit_body WHERE seq = ?1")?;
    Ok(statement.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn walk(connection: &Connection) -> Result<Walk, RegisterError> {
    let mut walk = Walk { previous: vec![0; 32], ..Walk::default() };
    let mut statement = connection.prepare(
        "SELECT seq, time_us, actor, place, subject, kind, removes, content_sha256, previous, hash
         FROM edit ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |index| row.get_ref(index).and_then(|value| Ok(value.as_str()?));
        let bytes = |index| row.get_ref(index).and_then(|value| Ok(value.as_blob()?));
        let link = Link {
            seq: row.get(0)?,
            time_us: row.get(1)?,
            actor: text(2)?,
            place: text(3)?,
            subject: text(4)?,
            kind: text(5)?,
            removes: text(6)?,
            content_sha256: bytes(7)?,
            previous: bytes(8)?,
        };
        let fault = |reason| Err(broken(link.seq, link.place, link.subject, reason));
        if link.seq != walk.seq + 1 {
            return fault("the edit before it is missing");
        }
        if link.previous != walk.previous {
            return fault("it does not follow the edit before it");
        }
        if link.hash() != bytes(9)? {
            return fault("its hash is another");
        }
        if Chained::named(link.place).is_none() {
            return fault("its table is unknown");
        }
        let Some(removed) = numbers(link.removes, link.seq) else {
            return fault("what it removes is not a list");
        };
        walk.declared.extend(removed);
        match body(connection, link.seq)? {
            None => drop(walk.missing.insert(link.seq)),
            Some((salt, content)) if content_hash(&salt, &content) != link.content_sha256 => {
                return fault("its content is another");
            }
            Some(_) => {}
        }
        walk.last.insert((link.place.to_owned(), link.subject.to_owned()), link.seq);
        walk.seq = link.seq;
        walk.previous = bytes(9)?.to_vec();
    }
    Ok(walk)
}

/// Every row of a table equals the content of its last edit.
fn verify_rows(
    connection: &Connection,
    chained: &Chained,
    walk: &Walk,
    seen: &mut BTreeSet<i64>,
) -> Result<(), RegisterError> {
    let mut statement = connection.prepare(&chained.select())?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let subject: String = row.get(0)?;
        let key = (chained.table.to_owned(), subject);
        let Some(seq) = walk.last.get(&key) else {
            return Err(broken(0, chained.table, &key.1, "its row was never edited in"));
        };
        let content = body(connection, *seq)?.map(|(_, content)| content);
        if content != Some(chained.encode(row)?) {
            return Err(broken(*seq, chained.table, &key.1, "its row is another"));
        }
        seen.insert(*seq);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A list of removed edits is read back as it was written.
        #[test]
        fn ranges_round_trip(list in prop::collection::btree_set(1_i64..200, 0..60)) {
            let list: Vec<i64> = list.into_iter().collect();
            prop_assert_eq!(numbers(&ranges(&list), 200), Some(list));
        }

        /// Hostile bytes are an encoded row or nothing; nothing panics.
        #[test]
        fn any_bytes_decode_or_not(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_hostile_range_is_refused() {
        for text in ["0", "5-4", "1-9223372036854775807", "4,3", "x", "1,,2", "-1", "10"] {
            assert_eq!(numbers(text, 10), None, "{text}");
        }
    }
}
