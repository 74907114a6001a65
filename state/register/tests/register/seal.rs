//! Personal values: sealed, absent without the key, gone when erased.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jomo_register::{
    MasterKey, NewKey, NewPerson, NewRecord, OPERATOR, OrganisationKind, RecordChange, Register,
    RegisterError, Role,
};
use serde_json::json;

use crate::support::{Office, PASSWORD, at, house, organisation};

const OWNER: &str = "CANARY-OWNER-7F3A 所有者";
const NAME: &str = "CANARY-NAME-51C2 職員";
const LOGIN: &str = "canary-login-9d41";

/// All files of the register: the file, its log, its backups.
fn bytes_beside(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(bytes_beside(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn holds(folder: &Path, needle: &str) -> bool {
    let bytes = bytes_beside(folder);
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

fn staffed(office: &Office) -> (Register, jomo_register::Person, jomo_register::Record) {
    let mut register = office.open();
    organisation(&mut register, "housing", OrganisationKind::Prefecture);
    let new = NewPerson {
        login: LOGIN,
        name: Some(NAME),
        mail: Some("canary@example.invalid"),
        password: Some(PASSWORD),
        fictional: true,
    };
    let person = register.add_person(&new, OPERATOR, at(5)).unwrap();
    assert_eq!(person.name.as_deref(), Some(NAME));
    let new = NewRecord {
        subject: Some(person.id),
        ..house(json!({"roof": "tile"}), Some(json!({"owner": OWNER})))
    };
    let record = register.create_record(new, person.id, at(6)).unwrap();
    let change = RecordChange {
        expected_revision: 1,
        content: json!({"roof": "thatch"}),
        personal: Some(json!({"owner": OWNER, "phone": "CANARY-PHONE"})),
    };
    let record = register.update_record(record.id, change, person.id, at(7)).unwrap();
    (register, person, record)
}

#[test]
fn no_byte_of_a_personal_value_is_on_the_disk() {
    let office = Office::new();
    let (register, ..) = staffed(&office);
    register.backup(&office.path("backup"), at(8)).unwrap();
    // The log is still there: the connection is open.
    assert!(office.path("register.sqlite-wal").exists());
    for canary in [OWNER, NAME, "CANARY", "canary@example.invalid", "所有者"] {
        assert!(!holds(office.folder.path(), canary), "{canary}");
    }
    // The search itself finds what is there.
    assert!(holds(office.folder.path(), LOGIN) && holds(office.folder.path(), "thatch"));
}

#[test]
fn without_the_key_values_are_absent_and_refused() {
    let office = Office::new();
    let (register, person, record) = staffed(&office);
    drop(register);
    let mut register = office.open_keyless();
    assert!(!register.has_master_key());
    let read = register.read_personal(record.id, OPERATOR, at(9)).unwrap().unwrap();
    assert_eq!((read.personal, read.content), (None, json!({"roof": "thatch"})));
    let principal = register.sign_in(LOGIN, PASSWORD, at(9)).unwrap().principal;
    assert_eq!(principal.name, None);
    assert_eq!(register.people_personal(OPERATOR, at(9)).unwrap()[0].name, None);
    assert!(register.readings(person.id).unwrap().is_empty());
    let new =
        NewPerson { login: "other", name: Some("x"), mail: None, password: None, fictional: true };
    assert!(matches!(register.add_person(&new, OPERATOR, at(9)), Err(RegisterError::KeyNeeded)));
    let refused = register.create_record(house(json!({}), Some(json!({}))), OPERATOR, at(9));
    assert!(matches!(refused, Err(RegisterError::KeyNeeded)));
    assert_eq!(register.people().unwrap().len(), 1);
    // What is not personal can be changed; the sealed values stay.
    let change = RecordChange { expected_revision: 2, content: json!({"a": 1}), personal: None };
    register.update_record(record.id, change, OPERATOR, at(10)).unwrap();
    drop(register);
    let mut register = office.open();
    let read = register.read_personal(record.id, OPERATOR, at(11)).unwrap().unwrap();
    assert_eq!(read.personal.unwrap()["owner"], OWNER);
    assert_eq!(register.readings(person.id).unwrap()[0].place, format!("record {}", record.id));
}

#[test]
fn another_key_and_a_careless_key_file_are_refused() {
    let office = Office::new();
    drop(office.open());
    let other = office.path("other.key");
    MasterKey::generate(&other).unwrap();
    let refused = Register::open(&office.file(), Some(MasterKey::read(&other).unwrap()));
    assert!(matches!(refused, Err(RegisterError::WrongKey)));
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(MasterKey::read(&other), Err(RegisterError::KeyFileMode { mode: 0o640, .. })));
    for text in ["", "00", &"0".repeat(63), &"g".repeat(64), &"0".repeat(200)] {
        let path = office.path("odd.key");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(MasterKey::read(&path), Err(RegisterError::KeyFile { .. })), "{text}");
    }
}

/// A sealed value in another place, or of another subject, does not open.
#[test]
fn a_sealed_value_stays_in_its_place() {
    let office = Office::new();
    let (mut register, person, record) = staffed(&office);
    let new =
        NewRecord { subject: Some(person.id), ..house(json!({}), Some(json!({"owner": "B"}))) };
    let other = register.create_record(new, OPERATOR, at(20)).unwrap();
    let attacker = rusqlite::Connection::open(office.file()).unwrap();
    attacker
        .execute(
            "UPDATE record SET sealed = (SELECT sealed FROM record WHERE id = ?1) WHERE id = ?2",
            [record.id.to_string(), other.id.to_string()],
        )
        .unwrap();
    let read = register.read_personal(other.id, OPERATOR, at(21));
    assert!(matches!(read, Err(RegisterError::Damaged { .. })), "{read:?}");
}

#[test]
fn erasing_a_person_destroys_the_values_and_keeps_the_chain() {
    let office = Office::new();
    let (mut register, person, record) = staffed(&office);
    let key = NewKey { title: "CANARY-TITLE", role: Role::Viewer, until: None };
    let (_, secret) = register.add_key(person.id, &key, OPERATOR, at(8)).unwrap();
    let token = register.sign_in(LOGIN, PASSWORD, at(8)).unwrap().token;
    let before = register.verify_chain().unwrap();
    assert!(holds(office.folder.path(), LOGIN) && holds(office.folder.path(), "CANARY-TITLE"));

    register.erase(person.id, OPERATOR, at(9)).unwrap();
    let after = register.verify_chain_since(&before).unwrap();
    assert!(before.edits < after.edits && 0 < after.removed);
    register.check_integrity().unwrap();
    let read = register.read_personal(record.id, OPERATOR, at(10)).unwrap().unwrap();
    assert_eq!((read.personal, read.content), (None, json!({"roof": "thatch"})));
    assert_eq!(read.by, person.id);
    assert!(!register.subjects().unwrap().contains(&person.id));
    assert!(register.session(token.expose(), at(10)).unwrap().is_none());
    assert!(register.key(secret.expose(), at(10)).unwrap().is_none());
    assert!(register.sign_in(LOGIN, PASSWORD, at(10)).is_err());
    assert_eq!(register.person(LOGIN).unwrap(), None);
    let found = &register.people().unwrap()[0];
    assert!(found.erased && found.login == format!("erased-{}", person.id));
    let again = register.erase(person.id, OPERATOR, at(11));
    assert!(matches!(again, Err(RegisterError::Erased { .. })));
    // The pages, the free pages and the log hold no rest of it, while the file is open.
    for canary in [LOGIN, "CANARY-TITLE", "argon2id$"] {
        assert!(!holds(office.folder.path(), canary), "{canary}");
    }
    drop(register);

    // Values that are sealed for the same subject later do not bring the old ones back.
    let mut register = office.open();
    let new =
        NewRecord { subject: Some(person.id), ..house(json!({}), Some(json!({"owner": "C"}))) };
    register.create_record(new, OPERATOR, at(12)).unwrap();
    let read = register.read_personal(record.id, OPERATOR, at(13)).unwrap().unwrap();
    assert_eq!(read.personal, None);
    register.verify_chain().unwrap();
}

#[test]
fn a_subject_that_never_signs_in_can_be_erased() {
    let office = Office::new();
    let mut register = office.open();
    organisation(&mut register, "housing", OrganisationKind::Prefecture);
    let new = house(json!({}), Some(json!({"owner": OWNER})));
    let record = register.create_record(new, OPERATOR, at(5)).unwrap();
    assert_eq!(record.subject, record.id);
    register.erase_subject(record.subject).unwrap();
    let read = register.read_personal(record.id, OPERATOR, at(6)).unwrap().unwrap();
    assert_eq!(read.personal, None);
    register.verify_chain().unwrap();
}
