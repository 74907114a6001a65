//! Records: nothing is lost between two editors, and the history tells all.

use jomo_register::{
    Area, Grant, MasterKey, NewRecord, NewVerdict, OPERATOR, OrganisationKind, Page, RecordChange,
    RecordOwner, RegisterError, Role, Uuid, new_id,
};
use serde_json::{Value, json};

use crate::support::{Office, at, filled, house, organisation, seconds};

/// Whose a record is can be told where its content cannot: it is not looked at.
#[test]
fn whose_a_record_is_needs_no_content() {
    let office = filled();
    let mut register = office.open();
    let made = register.create_record(house(json!({}), None), OPERATOR, at(20)).unwrap();
    let raw = rusqlite::Connection::open(office.file()).unwrap();
    let broken = "UPDATE record SET content = '{' WHERE id = ?1";
    assert_eq!(raw.execute(broken, [made.id.to_string()]).unwrap(), 1);
    assert!(matches!(register.read_record(made.id), Err(RegisterError::Damaged { .. })));
    let owner = RecordOwner {
        kind: made.kind,
        organisation: made.organisation,
        municipality: made.municipality,
    };
    assert_eq!(register.record_owner(made.id).unwrap(), Some(owner));
    assert_eq!(register.record_owner(Uuid::nil()).unwrap(), None);
}

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
    let Err(RegisterError::Conflict { expected, found, base, mine, theirs }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((expected, found), (1, 2));
    assert_eq!(base.as_deref(), Some(&made));
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

/// A part ends at its limit or at 4 MiB and says where it goes on; nothing is left out or twice.
#[test]
fn long_lists_and_histories_come_in_parts() {
    let office = filled();
    let mut register = office.open();
    let large = |letter: &str| json!({ "text": letter.repeat(900 << 10) });
    for _ in 0..6 {
        register.create_record(house(large("a"), None), OPERATOR, at(20)).unwrap();
    }
    let everywhere = [right("housing", "all")];
    for (limit, least, most) in [(1, 11, 11), (2, 6, 9), (1_000, 2, 3), (u32::MAX, 2, 3)] {
        let (mut after, mut ids, mut parts) = (None, Vec::new(), 0);
        loop {
            let page = Page { after, limit };
            let part = register.visible_records("old-house", &everywhere, page).unwrap();
            assert!(!part.items.is_empty() && part.items.len() <= limit as usize);
            ids.extend(part.items.iter().map(|record| record.id));
            (after, parts) = (part.next, parts + 1);
            if after.is_none() {
                break;
            }
        }
        let all = register.list_records("old-house", Page { after: None, limit: 99 }).unwrap();
        assert_eq!(ids, all.iter().map(|record| record.id).collect::<Vec<_>>(), "{limit}");
        assert!((least..=most).contains(&parts), "{limit}: {parts} parts");
    }
    let made = register.create_record(house(large("b"), None), OPERATOR, at(30)).unwrap();
    for revision in 1..=7 {
        let content = large("c");
        let change = RecordChange { expected_revision: revision, content, personal: None };
        register.update_record(made.id, change, OPERATOR, at(31)).unwrap();
    }
    let (mut after, mut edits) = (0, Vec::new());
    while let Some(next) = {
        let part = register.edits(made.id, after, 1_000).unwrap();
        assert!((1..=5).contains(&part.items.len()), "{}", part.items.len());
        edits.extend(part.items);
        part.next
    } {
        after = next;
    }
    assert_eq!(edits, register.history(made.id).unwrap());
    assert!(register.edits(made.id, u64::MAX, 1).unwrap().items.is_empty());
}

fn right(organisation: &str, area: &str) -> Grant {
    Grant {
        id: new_id(at(3)).unwrap(),
        person: OPERATOR,
        role: Role::Viewer,
        organisation: organisation.to_owned(),
        area: Area::parse(area).unwrap(),
        from: at(3),
        until: None,
    }
}

/// Grants reach the records of their organisation in their area, whatever SQL thinks of them.
#[test]
fn grants_decide_what_a_list_holds() {
    let office = Office::new();
    let mut register = office.open();
    organisation(&mut register, "housing", OrganisationKind::Prefecture);
    organisation(&mut register, "forest", OrganisationKind::Prefecture);
    for organisation in ["housing", "forest"] {
        for municipality in [None, Some("10201"), Some("10202")] {
            let (organisation, municipality) =
                (organisation.to_owned(), municipality.map(str::to_owned));
            let new = NewRecord { organisation, municipality, ..house(json!({}), None) };
            register.create_record(new, OPERATOR, at(20)).unwrap();
        }
    }
    let grants = [
        right("housing", "all"),
        right("housing", "10201"),
        right("forest", "10201,10203"),
        right("forest", "10202"),
        right("nobody", "all"),
    ];
    let all = register.list_records("old-house", Page { after: None, limit: 99 }).unwrap();
    for chosen in 0..1_u32 << grants.len() {
        let held: Vec<Grant> = (grants.iter().enumerate())
            .filter(|(place, _)| chosen >> place & 1 == 1)
            .map(|(_, grant)| grant.clone())
            .collect();
        let page = Page { after: None, limit: 99 };
        let listed = register.visible_records("old-house", &held, page).unwrap();
        let reached = |record: &&jomo_register::Record| {
            held.iter().any(|grant| {
                grant.organisation == record.organisation
                    && grant.area.reaches(record.municipality.as_deref())
            })
        };
        let expected: Vec<_> = all.iter().filter(reached).cloned().collect();
        assert_eq!(listed.items, expected, "{chosen:05b}");
        assert_eq!(listed.next, None);
    }
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
