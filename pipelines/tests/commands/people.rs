//! People, grants, keys and the register itself, from the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use jomo::failure::Exit;
use jomo_register::{MasterKey, Register, Role};
use tempfile::TempDir;

use crate::{Said, jomo, jomo_at, time};

pub(crate) struct Registry {
    pub(crate) folder: TempDir,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let registry = Self { folder: tempfile::tempdir().unwrap() };
        let said = registry.run(&["register", "create"]);
        assert_eq!(said.exit, Exit::Done, "{}", said.err);
        registry
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs a command on this register with its key.
    pub(crate) fn run(&self, words: &[&str]) -> Said {
        let (register, key) = (self.path("r.sqlite"), self.path("r.key"));
        let end = words.iter().position(|word| *word == "--").unwrap_or(words.len());
        let (before, after) = words.split_at(end);
        let at = ["--register", &register, "--key-file", &key];
        jomo(&[before, &at, after].concat())
    }

    fn organisation(&self) {
        let said = self.run(&[
            "organisation",
            "add",
            "forest",
            "--kind",
            "prefecture",
            "--title-ja",
            "架空の森林課",
            "--title-en",
            "Fictional forest division",
        ]);
        assert_eq!(said.exit, Exit::Done, "{}", said.err);
    }

    fn user(&self, login: &str, role: &str) -> Said {
        let password = self.path("password");
        fs::write(&password, "correct horse battery\n").unwrap();
        self.run(&[
            "user",
            "add",
            login,
            "--role",
            role,
            "--organisation",
            "forest",
            "--name",
            "架空 人",
            "--password-file",
            &password,
            "--fictional",
        ])
    }

    pub(crate) fn open(&self) -> Register {
        let key = MasterKey::read(self.folder.path().join("r.key").as_path()).unwrap();
        Register::open(self.folder.path().join("r.sqlite").as_path(), Some(key)).unwrap()
    }
}

#[test]
fn people_are_added_and_come_in() {
    let registry = Registry::new();
    let mode = fs::metadata(registry.path("r.key")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    registry.organisation();
    let added = registry.user("someone", "editor");
    assert_eq!(added.exit, Exit::Done, "{}", added.err);
    assert!(added.out.is_empty() && added.err.contains("someone"));
    let now = time("2026-11-22T12:30:00Z");
    let signed = registry.open().sign_in("someone", "correct horse battery", now).unwrap();
    assert!(signed.principal.has(Role::Editor));
    assert_eq!(signed.principal.name.as_deref(), Some("架空 人"));

    let listed = registry.run(&["user", "list"]);
    assert_eq!(listed.out, "someone\tfictional\t架空 人\n");
    let readings = registry.run(&["register", "readings", "someone"]);
    assert!(readings.out.contains("person "), "{}", readings.out);
    let key = registry.run(&["key", "create", "someone", "--until", "2026-12-01T00:00:00Z"]);
    let principal = registry.open().key(key.out.trim(), now).unwrap().unwrap();
    assert!(principal.has(Role::Viewer) && !principal.has(Role::Editor));
    let id = key.out.split('_').nth(1).unwrap();
    assert_eq!(registry.run(&["key", "revoke", id]).exit, Exit::Done);
    assert!(registry.open().key(key.out.trim(), now).unwrap().is_none());

    assert_eq!(registry.run(&["user", "disable", "someone"]).exit, Exit::Done);
    assert!(registry.open().session(signed.token.expose(), now).unwrap().is_none());
    assert_eq!(registry.run(&["register", "erase", "someone"]).exit, Exit::Done);
    let verified = registry.run(&["register", "verify", "--json"]);
    assert_eq!(verified.exit, Exit::Done, "{}", verified.err);
    assert_eq!(verified.json()["chain"]["edits"], 11);
}

#[test]
fn the_last_administrator_is_not_taken_away() {
    let registry = Registry::new();
    registry.organisation();
    assert_eq!(registry.user("chief", "admin").exit, Exit::Done);
    let now = time("2026-11-22T12:30:00Z");
    let grant = registry.open().grants(None).unwrap().remove(0).id.to_string();
    for words in [
        vec!["register", "erase", "chief", "--lang", "en"],
        vec!["user", "disable", "chief", "--lang", "en"],
        vec!["grant", "revoke", &grant, "--lang", "en"],
    ] {
        let said = registry.run(&words);
        assert_eq!(said.exit, Exit::Blocked, "{words:?}: {}", said.err);
        assert!(said.err.contains("hint: ") && said.err.contains("jomo grant add"), "{}", said.err);
    }
    assert!(registry.open().sign_in("chief", "correct horse battery", now).is_ok());
    assert_eq!(registry.user("deputy", "admin").exit, Exit::Done);
    assert_eq!(registry.run(&["register", "erase", "chief"]).exit, Exit::Done);
}

#[test]
fn wrong_use_is_told_and_changes_nothing() {
    let registry = Registry::new();
    registry.organisation();
    registry.user("someone", "editor");
    let short = registry.path("short");
    fs::write(&short, "short").unwrap();
    for (words, exit, word) in [
        (vec!["user", "list", "--lang", "en", "--dry-run", "extra"], Exit::Usage, "extra"),
        (vec!["user", "disable", "nobody"], Exit::Usage, "nobody"),
        (
            vec!["grant", "add", "someone", "--role", "king", "--organisation", "forest"],
            Exit::Usage,
            "king",
        ),
        (
            vec!["grant", "add", "someone", "--role", "viewer", "--organisation", "x"],
            Exit::Usage,
            "x",
        ),
        (
            vec![
                "grant",
                "add",
                "someone",
                "--role",
                "viewer",
                "--organisation",
                "forest",
                "--area",
                "1",
            ],
            Exit::Usage,
            "area",
        ),
        (vec!["user", "password", "someone", "--password-file", &short], Exit::Usage, "12"),
        (vec!["register", "create"], Exit::Usage, "r.sqlite"),
        (vec!["register", "restore", "nowhere"], Exit::Failed, "manifest.json"),
        (vec!["job", "add", "--", "register", "erase", "someone"], Exit::Usage, "register"),
        (
            vec!["job", "add", "--", "import", "a", "--layer", "a", "--store", "s"],
            Exit::Usage,
            "--store",
        ),
        (vec!["job", "cancel", "019a0000-0000-7000-8000-000000000001"], Exit::Usage, "019a0000"),
    ] {
        let said = registry.run(&words);
        assert_eq!(said.exit, exit, "{words:?}: {}", said.err);
        assert!(said.err.contains(word), "{words:?}: {}", said.err);
    }
    assert_eq!(registry.open().people().unwrap().len(), 1);
    assert!(registry.open().jobs(&jomo_register::JobFilter::default()).unwrap().is_empty());

    fs::set_permissions(registry.path("r.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let careless = registry.run(&["user", "list"]);
    assert_eq!(careless.exit, Exit::Input);
    assert!(careless.err.contains("644") && careless.err.contains("chmod 600"), "{}", careless.err);
}

#[test]
fn a_backup_is_restored_and_the_doctor_looks() {
    let registry = Registry::new();
    registry.organisation();
    registry.user("someone", "viewer");
    let backup = registry.path("backup");
    let said = registry.run(&["register", "backup", &backup]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let since = registry.run(&["register", "verify", "--since", &backup]);
    assert_eq!(since.exit, Exit::Done, "{}", since.err);
    let to = registry.path("again.sqlite");
    let restored = jomo(&["register", "restore", &backup, "--register", &to]);
    assert_eq!(restored.exit, Exit::Done, "{}", restored.err);
    assert_eq!(
        fs::read(registry.folder.path().join("backup/register.sqlite")).unwrap(),
        fs::read(&to).unwrap()
    );
    let checks = |now: &str, key: &str| {
        let (file, key) = (registry.path("r.sqlite"), registry.path(key));
        let said = jomo_at(now, &["doctor", "--register", &file, "--key-file", &key, "--json"]);
        let checks = said.json()["checks"].as_array().unwrap().clone();
        let verdict = |check: &serde_json::Value| {
            let name = check["check"].as_str().unwrap().to_owned();
            name.starts_with("register-")
                .then(|| (name, check["verdict"].as_str().unwrap().to_owned()))
        };
        checks.iter().filter_map(verdict).collect::<std::collections::BTreeMap<_, _>>()
    };
    let today = checks("2026-11-23T12:00:00Z", "r.key");
    assert_eq!(today.len(), 5);
    assert!(today.values().all(|verdict| verdict == "good"), "{today:?}");
    let later = checks("2026-12-23T12:00:00Z", "none.key");
    assert_eq!(later["register-backup"], "warning");
    assert_eq!(later["register-key"], "bad");
}

#[test]
fn the_invented_people_of_the_sample_come_in_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (register, key) = (path("r.sqlite"), path("r.key"));
    let words = ["sample", "people", "--register", &register, "--key-file", &key];
    let said = jomo(&words);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    assert_eq!(said.out.lines().count(), 5);
    let key = MasterKey::read(folder.path().join("r.key").as_path()).unwrap();
    let mut open = Register::open(folder.path().join("r.sqlite").as_path(), Some(key)).unwrap();
    for line in said.out.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let now = time("2026-11-22T13:00:00Z");
        let signed = open.sign_in(words[0], words[1], now).unwrap();
        assert!(signed.principal.fictional && signed.principal.has(Role::Viewer), "{line}");
    }
    let again = jomo(&words);
    assert_eq!((again.exit, again.out.as_str()), (Exit::Done, ""));
}
