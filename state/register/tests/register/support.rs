//! A register in a folder of its own, with a little content.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use jomo_core::layer::Text;
use jomo_register::{
    Area, Grant, MasterKey, NewKey, NewPerson, NewRecord, NewVerdict, OPERATOR, Organisation,
    OrganisationKind, PasswordCost, Person, Register, Role, new_id,
};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A moment; `s` seconds after the beginning of every test.
pub(crate) fn at(s: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + s).unwrap()
}

pub(crate) const fn seconds(s: i64) -> SignedDuration {
    SignedDuration::from_secs(s)
}

/// Small hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub(crate) struct Office {
    pub(crate) folder: tempfile::TempDir,
}

impl Office {
    /// An empty register and its key file.
    pub(crate) fn new() -> Self {
        let office = Self { folder: tempfile::tempdir().unwrap() };
        Register::create(&office.file(), at(0)).unwrap();
        MasterKey::generate(&office.key_file()).unwrap();
        office
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path("register.sqlite")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.path("master.key")
    }

    /// Open with the key.
    pub(crate) fn open(&self) -> Register {
        open(&self.file(), Some(&self.key_file()))
    }

    /// Open without the key.
    pub(crate) fn open_keyless(&self) -> Register {
        open(&self.file(), None)
    }
}

pub(crate) fn open(file: &Path, key: Option<&Path>) -> Register {
    let key = key.map(|path| MasterKey::read(path).unwrap());
    Register::open_with(file, key, PasswordCost::CHEAPEST).unwrap()
}

pub(crate) fn organisation(register: &mut Register, id: &str, kind: OrganisationKind) {
    let title = Text::new("架空の組織", "A fictional organisation");
    let organisation = Organisation { id: id.to_owned(), kind, title };
    register.add_organisation(&organisation, OPERATOR, at(1)).unwrap();
}

/// A person without name or mail address.
pub(crate) fn person(register: &mut Register, login: &str) -> Person {
    let new =
        NewPerson { login, name: None, mail: None, password: Some(PASSWORD), fictional: true };
    register.add_person(&new, OPERATOR, at(2)).unwrap()
}

pub(crate) fn grant(
    register: &mut Register,
    person: &Person,
    role: Role,
    organisation: &str,
) -> Grant {
    let grant = Grant {
        id: new_id(at(3)).unwrap(),
        person: person.id,
        role,
        organisation: organisation.to_owned(),
        area: Area::All,
        from: at(3),
        until: None,
    };
    register.add_grant(&grant, OPERATOR, at(3)).unwrap();
    grant
}

pub(crate) fn house(content: Value, personal: Option<Value>) -> NewRecord {
    NewRecord {
        kind: "old-house".to_owned(),
        content,
        personal,
        subject: None,
        organisation: "housing".to_owned(),
        municipality: Some("10201".to_owned()),
    }
}

/// A register with an organisation, a person, a grant, an API key, records and a verdict.
pub(crate) fn filled() -> Office {
    let office = Office::new();
    let mut register = office.open();
    organisation(&mut register, "housing", OrganisationKind::Prefecture);
    let someone = person(&mut register, "someone");
    grant(&mut register, &someone, Role::Editor, "housing");
    let key = NewKey { title: "importer", role: Role::Viewer, until: Some(at(900)) };
    register.add_key(someone.id, &key, OPERATOR, at(4)).unwrap();
    let verdict = NewVerdict {
        layer: "beetle".to_owned(),
        position: [138.8, 36.6],
        geometry: Some(json!({ "type": "Point", "coordinates": [138.8, 36.6] })),
        class: "tree".to_owned(),
        run_key: "0".repeat(64),
        verdict: "confirmed".to_owned(),
        organisation: "housing".to_owned(),
    };
    register.add_verdict(verdict, someone.id, at(5)).unwrap();
    for number in 0..5 {
        let personal = (number % 2 == 0).then(|| json!({ "owner": format!("owner {number}") }));
        let new = house(json!({ "number": number, "roof": "瓦" }), personal);
        register.create_record(new, someone.id, at(10 + number)).unwrap();
    }
    office
}
