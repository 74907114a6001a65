//! Backup while others write, restore, and what is refused.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use jomo_register::{Manifest, OPERATOR, Page, Register, RegisterError};
use rusqlite::Connection;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::{at, filled, hex, house, open};

/// The drill: a backup is taken while another connection goes on writing, and restored; it is
/// equal by the hash of its file and of its rows, its chain is the beginning of the chain that
/// went on, and it is a register that can be worked with.
#[test]
fn a_backup_taken_during_writes_restores_equal() {
    let office = filled();
    let register = office.open();
    let stop = AtomicBool::new(false);
    let manifest = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut register = office.open();
            let mut written = 0_i64;
            while !stop.load(Ordering::SeqCst) {
                let new = house(json!({ "during": written }), None);
                register.create_record(new, OPERATOR, at(1_000 + written)).unwrap();
                written += 1;
            }
            written
        });
        std::thread::sleep(std::time::Duration::from_millis(50));
        let manifests: Vec<Manifest> = (0..4)
            .map(|number| {
                register.backup(&office.path(&format!("backup-{number}")), at(5_000)).unwrap()
            })
            .collect();
        stop.store(true, Ordering::SeqCst);
        assert!(4 < writer.join().unwrap(), "the writer went on");
        manifests
    });
    let last = manifest.last().unwrap();
    assert_eq!(register.last_backup().unwrap(), Some(at(5_000)));
    let file = std::fs::read(office.path("backup-3/register.sqlite")).unwrap();
    let digest: String = hex(&Sha256::digest(&file));
    assert_eq!((&digest, file.len() as u64), (&last.sha256, last.bytes));
    assert_eq!(Manifest::read(&office.path("backup-3")).unwrap(), *last);

    let restored = office.path("restored.sqlite");
    assert_eq!(Register::restore(&office.path("backup-3"), &restored).unwrap(), *last);
    assert_eq!(std::fs::read(&restored).unwrap(), file);
    let mode = std::fs::metadata(&restored).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let mut again = open(&restored, Some(&office.key_file()));
    assert_eq!(again.verify_chain().unwrap(), last.chain);
    assert_eq!(again.rows_sha256().unwrap(), last.rows_sha256);
    register.verify_chain_since(&last.chain).unwrap();
    let first = again.list_records("old-house", Page { after: None, limit: 1 }).unwrap();
    let opened = again.read_personal(first[0].id, OPERATOR, at(6_000)).unwrap().unwrap();
    assert_eq!(opened.personal, Some(json!({"owner": "owner 0"})));
}

#[test]
fn nothing_is_overwritten() {
    let office = filled();
    let register = office.open();
    register.backup(&office.path("backup"), at(1)).unwrap();
    let exists = |result: Result<Manifest, RegisterError>| {
        matches!(result, Err(RegisterError::Exists { .. }))
    };
    assert!(exists(register.backup(&office.path("backup"), at(2))));
    assert!(exists(Register::restore(&office.path("backup"), &office.file())));
    assert!(matches!(Register::create(&office.file(), at(2)), Err(RegisterError::Exists { .. })));
    // A log of an earlier register would be played into the restored one.
    let to = office.path("new.sqlite");
    std::fs::write(office.path("new.sqlite-wal"), b"x").unwrap();
    assert!(exists(Register::restore(&office.path("backup"), &to)));
    assert!(!to.exists());
    assert!(!office.path("backup.part").exists());
}

/// Every damage to a backup is told, and nothing appears under the name.
#[test]
fn a_damaged_backup_is_refused() {
    let office = filled();
    let register = office.open();
    register.backup(&office.path("backup"), at(1)).unwrap();
    let file = office.path("backup/register.sqlite");
    let whole = std::fs::read(&file).unwrap();
    let manifest = std::fs::read_to_string(office.path("backup/manifest.json")).unwrap();
    let to = office.path("to.sqlite");
    let refused = |what: &str| {
        let result = Register::restore(&office.path("backup"), &to);
        assert!(result.is_err(), "{what}");
        assert!(!to.exists(), "{what}");
        let rests = std::fs::read_dir(office.folder.path()).unwrap();
        let rests = rests
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("to.sqlite"));
        assert_eq!(rests.count(), 0, "{what}");
    };
    let mut changed = whole.clone();
    changed[5_000] ^= 1;
    std::fs::write(&file, &changed).unwrap();
    refused("one changed bit");
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    refused("one byte less");
    std::fs::write(&file, &whole).unwrap();
    for (from, to) in [
        (r#""file": "register.sqlite""#, r#""file": "../../etc/passwd""#),
        (r#""edits": "#, r#""edits": 1"#),
        ("{", "["),
    ] {
        std::fs::write(office.path("backup/manifest.json"), manifest.replacen(from, to, 1))
            .unwrap();
        refused(to);
    }
    // Row and manifest agree, but the chain does not.
    Connection::open(&file).unwrap().execute_batch("UPDATE person SET login = 'x'").unwrap();
    let changed = std::fs::read(&file).unwrap();
    let digest: String = hex(&Sha256::digest(&changed));
    let old = Manifest::read(&{
        std::fs::write(office.path("backup/manifest.json"), &manifest).unwrap();
        office.path("backup")
    })
    .unwrap();
    std::fs::write(office.path("backup/manifest.json"), manifest.replace(&old.sha256, &digest))
        .unwrap();
    refused("an intruder who knows the manifest");
    std::fs::write(&file, &whole).unwrap();
    std::fs::write(office.path("backup/manifest.json"), &manifest).unwrap();
    Register::restore(&office.path("backup"), &to).unwrap();
}

/// A register of schema 1, kept as text: this program brings it up to date and keeps the file as
/// it was beside it.
#[test]
fn an_older_schema_is_brought_up_to_date() {
    let office = filled();
    let before = office.open().verify_chain().unwrap();
    let text = include_str!("schema-1.sql");
    let old = office.path("old.sqlite");
    let connection = Connection::open(&old).unwrap();
    connection.execute_batch(text).unwrap();
    drop(connection);
    let register = Register::open(&old, None).unwrap();
    let chain = register.verify_chain().unwrap();
    assert_eq!((chain.edits, chain.removed), (2, 0));
    assert_eq!(register.organisations().unwrap()[0].id, "housing");
    assert!(register.person("someone").unwrap().is_some());
    assert!(office.path("old.sqlite.schema-1").exists());
    let version = |file: &str| -> i64 {
        let connection = Connection::open(office.path(file)).unwrap();
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    };
    assert_eq!((version("old.sqlite"), version("old.sqlite.schema-1")), (2, 1));
    drop(register);
    // It happens once.
    drop(Register::open(&old, None).unwrap());
    assert!(!office.path("old.sqlite.schema-1.1").exists());
    assert_eq!(office.open().verify_chain().unwrap(), before);
}

#[test]
fn a_newer_schema_is_refused() {
    let office = filled();
    Connection::open(office.file()).unwrap().pragma_update(None, "user_version", 3).unwrap();
    let refused = Register::open(&office.file(), None);
    assert!(matches!(refused, Err(RegisterError::Newer { found: 3, known: 2, .. })), "{refused:?}");
}
