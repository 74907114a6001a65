//! Records: nothing is lost between two editors, and the history tells all.

use jomo_register::{
    MasterKey, NewRecord, NewVerdict, OPERATOR, OrganisationKind, Page, RecordChange,
    RegisterError, new_id,
};
use serde_json::{Value, json};

use crate::support::{Office, at, filled, house, organisation, seconds};

#[test]
fn the_second_of_two_editors_gets_both_versions() {
    let office = filled();
    let mut register = office.open();
    let mut other = office.open();
    let made = register.create_record(house(json!({"a": 1}), None), OPERATOR, at(50)).unwrap();
    let change =
        |content| RecordChange { expected_revision: made.revision, content, personal: None };
    let first = register.update_record(made.id, change(json!({"a": 2})), OPERATOR, at(51)).unwrap();
    assert_eq!((first.revision, &first.content), (2, &json!({"a": 2})));
    let refused = other.update_record(made.id, change(json!({"a": 3})), OPERATOR, at(52));
    let Err(RegisterError::Conflict { expected, found, mine, theirs }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((expected, found), (1, 2));
    assert_eq!(mine.content, json!({"a": 3}));
    assert_eq!(*theirs, first);
    assert_eq!(other.read_record(made.id).unwrap(), Some(first));
    // A deletion on an old revision is no better.
    let refused = other.delete_record(made.id, 1, OPERATOR, at(53));
    assert!(matches!(refused, Err(RegisterError::Conflict { .. })));
    let deleted = other.delete_record(made.id, 2, OPERATOR, at(54)).unwrap();
    assert_eq!((deleted.revision, deleted.deleted), (3, true));
    let refused = register.update_record(
        made.id,
        RecordChange { expected_revision: 3, content: json!({}), personal: None },
        OPERATOR,
        at(55),
    );
    assert!(matches!(refused, Err(RegisterError::Conflict { .. })));
    register.verify_chain().unwrap();
}

#[test]
fn history_tells_every_version() {
    let office = filled();
    let mut register = office.open();
    let made = register.create_record(house(json!({"a": 1}), None), OPERATOR, at(50)).unwrap();
    for number in 1..4_u64 {
        let content = json!({ "a": number + 1 });
        let change = RecordChange { expected_revision: number, content, personal: None };
        let second = i64::try_from(number).unwrap();
        register.update_record(made.id, change, OPERATOR, at(50 + second)).unwrap();
    }
    register.delete_record(made.id, 4, OPERATOR, at(60)).unwrap();
    let history = register.history(made.id).unwrap();
    let kinds: Vec<&str> = history.iter().map(|edit| edit.kind.as_str()).collect();
    assert_eq!(kinds, ["create", "update", "update", "update", "delete"]);
    let contents: Vec<Value> =
        history.iter().map(|edit| edit.record.as_ref().unwrap().content.clone()).collect();
    assert_eq!(
        contents,
        [json!({"a":1}), json!({"a":2}), json!({"a":3}), json!({"a":4}), json!({"a":4})]
    );
    let last = history.last().unwrap();
    assert_eq!(last.record, register.read_record(made.id).unwrap());
    assert_eq!((last.actor, last.time), (OPERATOR, at(60)));
}

#[test]
fn lists_come_in_pages_without_the_deleted() {
    let office = filled();
    let mut register = office.open();
    let first = register.list_records("old-house", Page { after: None, limit: 3 }).unwrap();
    assert_eq!(first.len(), 3);
    let after = Some(first[2].id);
    let rest = register.list_records("old-house", Page { after, limit: 100 }).unwrap();
    assert_eq!(rest.len(), 2);
    let numbers: Vec<_> = first.iter().chain(&rest).map(|r| r.content["number"].clone()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    register.delete_record(first[0].id, 1, OPERATOR, at(90)).unwrap();
    let all = register.list_records("old-house", Page { after: None, limit: 100 }).unwrap();
    assert_eq!(all.len(), 4);
    assert!(register.list_records("orchard", Page { after: None, limit: 1 }).unwrap().is_empty());
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let office = Office::new();
    let mut register = office.open();
    organisation(&mut register, "housing", OrganisationKind::Prefecture);
    let mut deep = json!(1);
    for _ in 0..33 {
        deep = json!([deep]);
    }
    let large = json!("x".repeat(1 << 20));
    let odd = [
        house(deep, None),
        house(large, None),
        NewRecord { kind: "Old House".to_owned(), ..house(json!({}), None) },
        NewRecord { municipality: Some("1".to_owned()), ..house(json!({}), None) },
        NewRecord { organisation: "nowhere".to_owned(), ..house(json!({}), None) },
    ];
    for new in odd {
        assert!(register.create_record(new, OPERATOR, at(5)).is_err());
    }
    // Nothing of a refused write is left.
    assert!(register.list_records("old-house", Page { after: None, limit: 9 }).unwrap().is_empty());
    assert_eq!(register.verify_chain().unwrap().edits, 1);
    // Numbers that JSON readers like to round come back as they were.
    let content = json!({"x": 0.1 + 0.2, "y": 1e-300, "z": u64::MAX, "text": "\u{0}\u{1F600}"});
    let made = register.create_record(house(content.clone(), None), OPERATOR, at(6)).unwrap();
    assert_eq!(register.read_record(made.id).unwrap().unwrap().content, content);
}

#[test]
fn a_verdict_is_bound_to_a_place() {
    let office = filled();
    let mut register = office.open();
    let new = NewVerdict {
        layer: "forest_change".to_owned(),
        position: [139.0608, 36.3912],
        geometry: Some(json!({"type": "Point", "coordinates": [139.0608, 36.3912]})),
        class: "felled".to_owned(),
        run_key: "0123".to_owned(),
        verdict: "rejected".to_owned(),
        organisation: "housing".to_owned(),
    };
    let kept = register.add_verdict(new.clone(), OPERATOR, at(70)).unwrap();
    assert_eq!(register.verdicts("forest_change").unwrap(), vec![kept.clone()]);
    register.withdraw_verdict(kept.id, OPERATOR, at(71)).unwrap();
    assert!(register.verdicts("forest_change").unwrap()[0].withdrawn);
    for position in [[181.0, 0.0], [0.0, -91.0], [f64::NAN, 0.0], [0.0, f64::INFINITY]] {
        let odd = NewVerdict { position, ..new.clone() };
        assert!(register.add_verdict(odd, OPERATOR, at(72)).is_err(), "{position:?}");
    }
    assert!(register.withdraw_verdict(new_id(at(1)).unwrap(), OPERATOR, at(73)).is_err());
    register.verify_chain().unwrap();
}

/// A message is held by one, and comes back when that one has died.
#[test]
fn a_message_is_sent_at_least_once() {
    let office = Office::new();
    let mut register = office.open();
    let first = register.append_outbox("mail", &json!({"n": 1}), at(0)).unwrap();
    register.append_outbox("mail", &json!({"n": 2}), at(1)).unwrap();
    let held = register.lease_outbox("a", seconds(10), at(2)).unwrap().unwrap();
    assert_eq!((held.id, held.attempts), (first, 1));
    let other = register.lease_outbox("b", seconds(10), at(3)).unwrap().unwrap();
    assert_eq!(other.payload, json!({"n": 2}));
    assert!(register.lease_outbox("c", seconds(10), at(4)).unwrap().is_none());
    let again = register.lease_outbox("c", seconds(10), at(12)).unwrap().unwrap();
    assert_eq!((again.id, again.attempts), (first, 2));
    let late = register.outbox_done(first, "a", at(13));
    assert!(matches!(late, Err(RegisterError::JobLost { .. })));
    register.outbox_done(first, "c", at(13)).unwrap();
    register.outbox_done(other.id, "b", at(13)).unwrap();
    assert!(register.lease_outbox("d", seconds(10), at(99)).unwrap().is_none());
}

#[test]
fn the_key_file_is_read_as_it_was_written() {
    let office = Office::new();
    assert!(MasterKey::read(&office.key_file()).is_ok());
    assert!(matches!(MasterKey::generate(&office.key_file()), Err(RegisterError::Exists { .. })));
}
