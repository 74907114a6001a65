//! Who comes in, and who does not.

use jomo_core::layer::Text;
use jomo_register::{
    Area, Grant, MasterKey, NewKey, NewPerson, OPERATOR, Organisation, OrganisationKind,
    PasswordCost, Register, RegisterError, Role, Via, new_id,
};

use crate::support::{Office, PASSWORD, at, grant, organisation, person};

fn office() -> (Office, Register) {
    let office = Office::new();
    let mut register = office.open();
    organisation(&mut register, "forest", OrganisationKind::Prefecture);
    organisation(&mut register, "town", OrganisationKind::Municipality);
    (office, register)
}

#[test]
fn a_session_lasts_twelve_hours_and_knows_its_grants() {
    let (_office, mut register) = office();
    let someone = person(&mut register, "someone");
    let viewer = grant(&mut register, &someone, Role::Viewer, "town");
    grant(&mut register, &someone, Role::Officer, "forest");
    let signed = register.sign_in("Someone", PASSWORD, at(100)).unwrap();
    assert_eq!(signed.expires, at(100 + 43_200));
    assert_eq!(signed.token.expose().len(), 64);
    let principal = register.session(signed.token.expose(), at(200)).unwrap().unwrap();
    assert_eq!(principal, signed.principal);
    assert_eq!((principal.via, principal.person), (Via::Session, someone.id));
    assert!(principal.has(Role::Officer) && !principal.has(Role::Approver));
    assert!(principal.is_of(OrganisationKind::Municipality));
    assert!(!principal.is_of(OrganisationKind::Owner));
    assert_eq!(principal.organisations.keys().collect::<Vec<_>>(), ["forest", "town"]);
    assert_eq!(principal.organisations["town"].en, "A fictional organisation");

    register.revoke_grant(viewer.id, OPERATOR, at(300)).unwrap();
    let principal = register.session(signed.token.expose(), at(300)).unwrap().unwrap();
    assert!(!principal.is_of(OrganisationKind::Municipality));

    assert!(register.session(signed.token.expose(), at(100 + 43_199)).unwrap().is_some());
    assert!(register.session(signed.token.expose(), at(100 + 43_200)).unwrap().is_none());
    assert!(register.session(&"0".repeat(64), at(200)).unwrap().is_none());
    assert!(register.session("", at(200)).unwrap().is_none());
}

/// Ids of layers write `-` as `_`: two organisations with one prefix would own each other's.
#[test]
fn organisations_are_told_apart_by_their_layers() {
    let (_office, mut register) = office();
    let (kind, title) = (OrganisationKind::Owner, Text::new("架空", "Fictional"));
    let mut add = |id: &str| {
        let organisation = Organisation { id: id.to_owned(), kind, title: title.clone() };
        register.add_organisation(&organisation, OPERATOR, at(4))
    };
    for id in ["toyota", "toyota-city", "toyota_"] {
        add(id).unwrap();
    }
    for (id, there) in [("toyota_city", "toyota-city"), ("toyota-", "toyota_")] {
        let error = add(id).unwrap_err();
        let RegisterError::TooAlike { id: told, other } = &error else { panic!("{error}") };
        assert_eq!((told.as_str(), other.as_str()), (id, there));
    }
    let error = add("toyota-city").unwrap_err();
    assert!(matches!(error, RegisterError::Taken { .. }), "{error}");
}

#[test]
fn sessions_end_with_sign_out_a_new_password_and_a_person_kept_out() {
    let (_office, mut register) = office();
    let someone = person(&mut register, "someone");
    let token = |register: &mut Register, password: &str| {
        register.sign_in("someone", password, at(100)).unwrap().token.expose().to_owned()
    };
    let first = token(&mut register, PASSWORD);
    register.sign_out(&first).unwrap();
    register.sign_out("nonsense").unwrap();
    assert!(register.session(&first, at(101)).unwrap().is_none());

    let second = token(&mut register, PASSWORD);
    register.set_password(someone.id, "another long word", OPERATOR, at(102)).unwrap();
    assert!(register.session(&second, at(103)).unwrap().is_none());
    assert!(matches!(
        register.sign_in("someone", PASSWORD, at(104)),
        Err(RegisterError::SignInRefused)
    ));

    let third = token(&mut register, "another long word");
    let key = NewKey { title: "importer", role: Role::Viewer, until: None };
    let (_, key) = register.add_key(someone.id, &key, OPERATOR, at(105)).unwrap();
    assert!(register.key(key.expose(), at(105)).unwrap().is_some());
    register.disable(someone.id, OPERATOR, at(106)).unwrap();
    assert!(register.session(&third, at(107)).unwrap().is_none());
    assert!(register.key(key.expose(), at(107)).unwrap().is_none());
    assert!(register.proxied("someone", at(107)).unwrap().is_none());
    let refused = register.sign_in("someone", "another long word", at(108));
    assert!(matches!(refused, Err(RegisterError::SignInRefused)));
}

/// A login that exists and one that does not cannot be told apart, before or after the limit.
#[test]
fn ten_failures_in_fifteen_minutes_are_enough() {
    let (_office, mut register) = office();
    person(&mut register, "someone");
    for login in ["someone", "nobody"] {
        for number in 0..10 {
            let refused = register.sign_in(login, "a wrong password", at(100 + number));
            assert!(matches!(refused, Err(RegisterError::SignInRefused)), "{login} {number}");
        }
        for password in ["a wrong password", PASSWORD] {
            let refused = register.sign_in(login, password, at(200));
            assert!(
                matches!(refused, Err(RegisterError::TooManyTries { retry_after_s: 800 })),
                "{login}: {refused:?}"
            );
        }
    }
    // The first of the ten is fifteen minutes old.
    assert!(register.sign_in("someone", PASSWORD, at(1_000)).is_ok());
}

#[test]
fn a_success_forgets_the_failures_before_it() {
    let (_office, mut register) = office();
    person(&mut register, "someone");
    for round in 0..3 {
        for number in 0..9 {
            let refused = register.sign_in("someone", "a wrong password", at(round * 20 + number));
            assert!(matches!(refused, Err(RegisterError::SignInRefused)));
        }
        assert!(register.sign_in("someone", PASSWORD, at(round * 20 + 10)).is_ok());
    }
}

/// Processor time of this thread so far, s.
fn worked() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The work of a refusal is the same for a login that exists and one that does not.
#[test]
fn a_refusal_takes_the_same_time() {
    let office = Office::new();
    let key = MasterKey::read(&office.key_file()).unwrap();
    let cost = PasswordCost { memory_kib: 4_096, passes: 4 };
    let mut register = Register::open_with(&office.file(), Some(key), cost).unwrap();
    person(&mut register, "someone");
    let mut fastest = |login: &str| {
        (0..8)
            .map(|number| {
                let began = worked();
                register.sign_in(login, "a wrong password", at(number)).unwrap_err();
                worked() - began
            })
            .fold(f64::INFINITY, f64::min)
    };
    let ratio = fastest("someone") / fastest("nobody");
    // Of processor time, the fastest of eight is steady to a few per cent beside any other load.
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}

#[test]
fn a_key_gives_no_more_than_its_role_and_its_time() {
    let (_office, mut register) = office();
    let someone = person(&mut register, "someone");
    grant(&mut register, &someone, Role::Admin, "forest");
    let new = NewKey { title: "importer", role: Role::Editor, until: Some(at(500)) };
    let (key, secret) = register.add_key(someone.id, &new, OPERATOR, at(100)).unwrap();
    assert!(secret.expose().starts_with(&format!("jomo_{}_", key.id)));
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    let principal = register.key(secret.expose(), at(499)).unwrap().unwrap();
    assert_eq!((principal.via, principal.expires), (Via::Key, Some(at(500))));
    assert!(principal.has(Role::Editor) && !principal.has(Role::Officer));
    assert!(register.key(secret.expose(), at(500)).unwrap().is_none());

    let last = if secret.expose().ends_with('0') { '1' } else { '0' };
    let mut wrong = secret.expose().to_owned();
    wrong.pop();
    wrong.push(last);
    let id = &key.id;
    for text in
        [wrong.as_str(), "", "jomo_", "jomo__", &format!("jomo_{id}_"), &format!("jomo_{id}")]
    {
        assert!(register.key(text, at(200)).unwrap().is_none(), "{text}");
    }
    register.revoke_key(&key.id, OPERATOR, at(300)).unwrap();
    assert!(register.key(secret.expose(), at(301)).unwrap().is_none());
    assert!(register.revoke_key("nothing", OPERATOR, at(300)).is_err());
}

#[test]
fn a_grant_holds_in_its_time_only() {
    let (_office, mut register) = office();
    let someone = person(&mut register, "someone");
    let area = Area::parse("10201,10202").unwrap();
    let new = Grant {
        id: new_id(at(0)).unwrap(),
        person: someone.id,
        role: Role::Viewer,
        organisation: "town".to_owned(),
        area: area.clone(),
        from: at(50),
        until: Some(at(60)),
    };
    register.add_grant(&new, OPERATOR, at(0)).unwrap();
    for (second, expected) in [(49, false), (50, true), (59, true), (60, false)] {
        let principal = register.proxied("someone", at(second)).unwrap().unwrap();
        assert_eq!(principal.has(Role::Viewer), expected, "{second}");
    }
    assert!(area.contains("10202") && !area.contains("10203"));
    assert_eq!(register.grants(Some(someone.id)).unwrap(), vec![new.clone()]);
    let backwards = Grant { id: new_id(at(0)).unwrap(), until: Some(at(50)), ..new.clone() };
    assert!(register.add_grant(&backwards, OPERATOR, at(0)).is_err());
    let nowhere = Grant { organisation: "nowhere".to_owned(), ..backwards };
    assert!(register.add_grant(&Grant { until: None, ..nowhere }, OPERATOR, at(0)).is_err());
    assert!(matches!(register.add_grant(&new, OPERATOR, at(0)), Err(RegisterError::Taken { .. })));
}

#[test]
fn an_area_is_all_or_codes_of_five_digits() {
    for (text, json) in [("all", "\"all\""), ("10202,10201", r#"["10201","10202"]"#)] {
        let area = Area::parse(text).unwrap();
        assert_eq!(serde_json::to_string(&area).unwrap(), json);
        assert_eq!(serde_json::from_str::<Area>(json).unwrap(), area);
    }
    for text in ["", "All", "1020", "102011", "10201,", "1020x"] {
        assert_eq!(Area::parse(text), None, "{text}");
    }
    for json in ["[]", "\"some\"", "[\"1\"]", "3"] {
        assert!(serde_json::from_str::<Area>(json).is_err(), "{json}");
    }
}

#[test]
fn what_is_not_plain_is_refused() {
    let (_office, mut register) = office();
    let new = |login| NewPerson {
        login,
        name: None,
        mail: None,
        password: Some(PASSWORD),
        fictional: false,
    };
    let long = "a".repeat(65);
    for login in ["", "Upper", "with space", "-hyphen", "erased-x", "日本", &long] {
        let refused = register.add_person(&new(login), OPERATOR, at(1));
        assert!(matches!(refused, Err(RegisterError::Invalid { .. })), "{login}");
    }
    register.add_person(&new("a.b_c@d-e"), OPERATOR, at(1)).unwrap();
    let twice = register.add_person(&new("a.b_c@d-e"), OPERATOR, at(1));
    assert!(matches!(twice, Err(RegisterError::Taken { .. })));
    for password in ["", "short", &"x".repeat(257)] {
        let person = NewPerson { password: Some(password), ..new("someone") };
        let refused = register.add_person(&person, OPERATOR, at(1));
        assert!(matches!(refused, Err(RegisterError::Password { .. })), "{password}");
    }
    assert_eq!(register.people().unwrap().len(), 1);
}

/// Whoever administers is not taken away where nobody else would be left: not by erasing, not by
/// keeping out, not by taking the grant back.
#[test]
fn the_last_administrator_stays() {
    let (_office, mut register) = office();
    let (first, second) = (person(&mut register, "first"), person(&mut register, "second"));
    let of_first = grant(&mut register, &first, Role::Admin, "forest");
    grant(&mut register, &second, Role::Approver, "forest");
    let over = Grant {
        id: new_id(at(0)).unwrap(),
        until: Some(at(50)),
        person: second.id,
        ..of_first.clone()
    };
    register.add_grant(&over, OPERATOR, at(4)).unwrap();
    let soon = Grant { id: new_id(at(0)).unwrap(), from: at(500), until: None, ..over };
    register.add_grant(&soon, OPERATOR, at(4)).unwrap();
    let head = register.verify_chain().unwrap().head;
    let refused = |result: Result<(), RegisterError>| {
        assert!(matches!(result, Err(RegisterError::LastAdministrator)), "{result:?}");
    };
    refused(register.erase(first.id, OPERATOR, at(100)));
    refused(register.disable(first.id, OPERATOR, at(100)));
    refused(register.revoke_grant(of_first.id, OPERATOR, at(100)));
    // Nothing of a refused change is left.
    assert_eq!(register.verify_chain().unwrap().head, head);
    assert!(register.sign_in("first", PASSWORD, at(101)).unwrap().principal.has(Role::Admin));

    // Somebody whose grant runs out is no other one.
    let limited = Grant { id: new_id(at(0)).unwrap(), until: Some(at(900)), ..of_first.clone() };
    let limited = Grant { person: second.id, ..limited };
    register.add_grant(&limited, OPERATOR, at(100)).unwrap();
    refused(register.disable(first.id, OPERATOR, at(100)));
    register.revoke_grant(limited.id, OPERATOR, at(100)).unwrap();

    // Others are no matter, and as soon as there is another one the first may go.
    register.revoke_grant(soon.id, OPERATOR, at(100)).unwrap();
    let other = person(&mut register, "other");
    grant(&mut register, &other, Role::Admin, "town");
    register.revoke_grant(of_first.id, OPERATOR, at(102)).unwrap();
    register.erase(first.id, OPERATOR, at(103)).unwrap();
    register.erase(second.id, OPERATOR, at(103)).unwrap();
    refused(register.disable(other.id, OPERATOR, at(104)));
    register.verify_chain().unwrap();
}

#[test]
fn a_register_without_administrators_goes_on() {
    let (_office, mut register) = office();
    let someone = person(&mut register, "someone");
    let editor = grant(&mut register, &someone, Role::Editor, "forest");
    register.revoke_grant(editor.id, OPERATOR, at(100)).unwrap();
    register.erase(someone.id, OPERATOR, at(101)).unwrap();
}
