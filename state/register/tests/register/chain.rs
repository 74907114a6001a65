//! The chain detects whatever is changed from outside.

use std::collections::BTreeMap;

use jomo_register::{KeepDays, OPERATOR, Page, RecordChange, RegisterError};
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::{Office, at, filled, hex, open};

/// A connection with none of the guards, as somebody has who wants to change the past.
fn intruder(office: &Office) -> Connection {
    let connection = Connection::open(office.file()).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection
}

/// Every text, blob, number of every row of every chained table and of the chain itself, changed
/// by one byte, is found; put back, it is not.
#[test]
fn one_changed_byte_anywhere_is_found() {
    let office = filled();
    let mut register = office.open();
    let record = register.list_records("old-house", Page { after: None, limit: 1 }).unwrap();
    let change = RecordChange { expected_revision: 1, content: json!({"n": 9}), personal: None };
    register.update_record(record[0].id, change, OPERATOR, at(80)).unwrap();
    let whole = register.verify_chain().unwrap();
    drop(register);
    let guards = "DROP TRIGGER edit_is_not_updated; DROP TRIGGER edit_body_is_not_updated";
    let tables = [
        "organisation",
        "person",
        "credential",
        "grant",
        "key",
        "record",
        "verdict",
        "edit",
        "edit_body",
    ];
    let mut changed = BTreeMap::new();
    for table in tables {
        let attacker = intruder(&office);
        attacker.execute_batch(guards).unwrap();
        let columns: Vec<String> = attacker
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let rows: Vec<i64> = attacker
            .prepare(&format!("SELECT rowid FROM \"{table}\""))
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for column in &columns {
            for row in &rows {
                let read = format!("SELECT \"{column}\" FROM \"{table}\" WHERE rowid = ?1");
                let before: Value = attacker.query_row(&read, [row], |row| row.get(0)).unwrap();
                let Some(after) = one_byte_off(&before) else { continue };
                let write =
                    format!("UPDATE OR IGNORE \"{table}\" SET \"{column}\" = ?1 WHERE rowid = ?2");
                // The key of a row moves it; it is then found under its new key.
                let key = table.starts_with("edit") && column == "seq";
                let at_row = |value: &Value| match (key, value) {
                    (true, Value::Integer(seq)) => *seq,
                    _ => *row,
                };
                let tried = attacker.execute(&write, (&after, row));
                if !matches!(tried, Ok(1)) {
                    continue;
                }
                let found = verify_unguarded(&office);
                assert!(
                    matches!(
                        found,
                        Err(RegisterError::ChainBroken { .. } | RegisterError::Damaged { .. })
                    ),
                    "{table}.{column} of row {row}: {found:?}"
                );
                attacker.execute(&write, (&before, at_row(&after))).unwrap();
                *changed.entry(table).or_insert(0_u32) += 1;
            }
        }
        put_guards_back(&attacker);
    }
    // Every column of the one key and the one verdict; the keys of rows that others point at
    // cannot be changed at all.
    assert_eq!((changed["key"], changed["verdict"]), (8, 12), "{changed:?}");
    assert!(tables.iter().all(|table| changed.contains_key(table)), "{changed:?}");
    assert!(170 < changed.values().sum::<u32>(), "only {changed:?} changes were tried");
    assert_eq!(office.open().verify_chain().unwrap(), whole);
}

/// Verifies with the guards in place: without them the register does not even open.
fn verify_unguarded(office: &Office) -> Result<jomo_register::ChainReport, RegisterError> {
    let attacker = intruder(office);
    put_guards_back(&attacker);
    drop(attacker);
    let found = jomo_register::Register::open_read_only(&office.file())
        .and_then(|register| register.verify_chain());
    let attacker = intruder(office);
    attacker
        .execute_batch("DROP TRIGGER edit_is_not_updated; DROP TRIGGER edit_body_is_not_updated")
        .unwrap();
    found
}

fn put_guards_back(attacker: &Connection) {
    attacker
        .execute_batch(
            "CREATE TRIGGER edit_is_not_updated BEFORE UPDATE ON edit
BEGIN SELECT RAISE(ABORT, 'an edit is not updated'); END;
CREATE TRIGGER edit_body_is_not_updated BEFORE UPDATE ON edit_body
BEGIN SELECT RAISE(ABORT, 'the body of an edit is not updated'); END;",
        )
        .unwrap();
}

fn one_byte_off(value: &Value) -> Option<Value> {
    let flip = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        *bytes.get_mut(middle)? ^= 1;
        Some(bytes)
    };
    Some(match value {
        Value::Null => Value::Integer(1),
        Value::Integer(number) => Value::Integer(number ^ 1),
        Value::Real(number) => Value::Real(f64::from_bits(number.to_bits() ^ 1)),
        Value::Text(text) if text.is_empty() => Value::Text("1".to_owned()),
        Value::Text(text) => Value::Text(String::from_utf8_lossy(&flip(text.as_bytes())?).into()),
        Value::Blob(bytes) => Value::Blob(flip(bytes)?),
    })
}

#[test]
fn edits_are_appended_and_nothing_else() {
    let office = filled();
    let attacker = Connection::open(office.file()).unwrap();
    for query in [
        "UPDATE edit SET kind = 'x' WHERE seq = 1",
        "DELETE FROM edit WHERE seq = 1",
        "DELETE FROM edit",
        "UPDATE edit_body SET content = x'00'",
        "INSERT INTO edit SELECT 99, 0, '', '', '', '', '', x'', x'', x''",
        "INSERT OR REPLACE INTO edit SELECT * FROM edit WHERE seq = 1",
    ] {
        assert!(attacker.execute_batch(query).is_err(), "{query}");
    }
}

/// Rows added or taken away, a row put back to an older state, a body taken away, the end of the
/// chain cut off.
#[test]
fn rows_slipped_in_or_taken_away_are_found() {
    for attack in [
        "DELETE FROM record WHERE rowid = 1",
        "INSERT INTO record SELECT 'x', kind, revision, content, subject, sealed, deleted,
            organisation, municipality, updated_us, by FROM record WHERE rowid = 1",
        "DELETE FROM \"grant\"",
        "DELETE FROM credential",
        "DELETE FROM edit_body WHERE seq = 1",
        "DELETE FROM edit_body WHERE seq = (SELECT max(seq) FROM edit)",
        "INSERT INTO edit_body VALUES (99, x'00', x'00')",
        "UPDATE person SET disabled_us = 0",
        "INSERT INTO organisation VALUES ('x', 'owner', 'x', 'x')",
    ] {
        let office = filled();
        let attacker = intruder(&office);
        attacker.execute_batch(attack).unwrap();
        drop(attacker);
        let found = office.open().verify_chain();
        assert!(matches!(found, Err(RegisterError::ChainBroken { .. })), "{attack}: {found:?}");
    }
}

#[test]
fn a_missing_guard_is_found_on_opening() {
    for attack in [
        "DROP TRIGGER edit_is_not_deleted",
        "CREATE VIEW people AS SELECT * FROM person",
        "CREATE TRIGGER spy AFTER INSERT ON session BEGIN DELETE FROM sign_in_try; END",
        "ALTER TABLE job ADD COLUMN extra TEXT",
    ] {
        let office = filled();
        intruder(&office).execute_batch(attack).unwrap();
        let found = jomo_register::Register::open(&office.file(), None);
        assert!(matches!(found, Err(RegisterError::Schema { .. })), "{attack}: {found:?}");
    }
}

#[test]
fn a_cut_end_is_found_with_an_earlier_report() {
    let office = filled();
    let report = office.open().verify_chain().unwrap();
    let attacker = intruder(&office);
    attacker
        .execute_batch(
            "DROP TRIGGER edit_is_not_deleted;
             DELETE FROM record WHERE id = (SELECT subject FROM edit ORDER BY seq DESC LIMIT 1);
             DELETE FROM edit_body WHERE seq = (SELECT max(seq) FROM edit);
             DELETE FROM edit WHERE seq = (SELECT max(seq) FROM edit);
             CREATE TRIGGER edit_is_not_deleted BEFORE DELETE ON edit
BEGIN SELECT RAISE(ABORT, 'an edit is not deleted'); END;",
        )
        .unwrap();
    drop(attacker);
    let register = office.open();
    // From inside there is nothing to see.
    let shorter = register.verify_chain().unwrap();
    assert!(shorter.edits < report.edits);
    let found = register.verify_chain_since(&report);
    assert!(matches!(found, Err(RegisterError::ChainBroken { .. })));
    assert_eq!(register.verify_chain_since(&shorter).unwrap(), shorter);
}

/// The encoding of `docs/spec/register.md`, written a second time from the document.
#[test]
fn another_program_verifies_the_chain() {
    let office = filled();
    let report = office.open().verify_chain().unwrap();
    let connection = Connection::open(office.file()).unwrap();
    let framed = |parts: &[&[u8]]| {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&u64::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Sha256::digest(&bytes).to_vec()
    };
    let mut previous = vec![0; 32];
    let mut statement = connection
        .prepare(
            "SELECT edit.seq, time_us, actor, place, subject, kind, removes, content_sha256,
                    previous, hash, salt, content
             FROM edit JOIN edit_body ON edit_body.seq = edit.seq ORDER BY edit.seq",
        )
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let number = |index| row.get::<_, i64>(index).unwrap().to_be_bytes();
        let text = |index| row.get::<_, String>(index).unwrap().into_bytes();
        let blob = |index| row.get::<_, Vec<u8>>(index).unwrap();
        let content = framed(&[b"jomo content 1", &blob(10), &blob(11)]);
        assert_eq!(content, blob(7));
        assert_eq!(previous, blob(8));
        previous = framed(&[
            b"jomo edit 1",
            &number(0),
            &number(1),
            &text(2),
            &text(3),
            &text(4),
            &text(5),
            &text(6),
            &content,
            &previous,
        ]);
        assert_eq!(previous, blob(9));
    }
    let head: String = hex(&previous);
    assert_eq!(head, report.head);
}

#[test]
fn what_is_purged_leaves_its_links() {
    let office = filled();
    let mut register = office.open();
    let all = register.list_records("old-house", Page { after: None, limit: 9 }).unwrap();
    register.delete_record(all[0].id, 1, OPERATOR, at(100)).unwrap();
    let keep = KeepDays::default();
    let soon = register.purge(&keep, OPERATOR, at(101)).unwrap();
    assert!(soon.records.is_empty());
    let edits = register.verify_chain().unwrap().edits;
    let year = 366 * 86_400;
    let report = register.purge(&keep, OPERATOR, at(100 + year)).unwrap();
    assert_eq!(report.records.get("old-house"), Some(&1));
    assert_eq!(register.read_record(all[0].id).unwrap(), None);
    let chain = register.verify_chain().unwrap();
    assert_eq!((chain.edits, chain.removed), (edits + 1, 2));
    let history = register.history(all[0].id).unwrap();
    assert_eq!(history.len(), 3);
    assert!(history.iter().all(|edit| edit.record.is_none()));
    drop(register);
    // Nor does the file hold the content any more.
    let bytes = std::fs::read(office.file()).unwrap();
    let needle = all[0].id.to_string();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains(&needle), "the id stays in the chain");
    let reopened = open(&office.file(), None);
    reopened.check_integrity().unwrap();
}
