//! Files that are no register, or no longer: a typed error, never a panic.

use std::panic::catch_unwind;
use std::path::Path;

use jomo_register::{Page, Register, RegisterError};
use rusqlite::Connection;

use crate::support::{Office, at, filled};

/// Opens and reads all that can be read. Any error will do, a panic will not.
fn use_it(path: &Path) -> Result<(), RegisterError> {
    // Without a write first: that is how backups are looked at.
    read_all(&Register::open_read_only(path)?)?;
    let mut register = Register::open(path, None)?;
    register.sign_in("someone", "a wrong password", at(1)).map(drop)
}

fn read_all(register: &Register) -> Result<(), RegisterError> {
    register.check_integrity()?;
    register.verify_chain()?;
    register.rows_sha256()?;
    for person in register.people()? {
        register.grants(Some(person.id))?;
        register.keys(Some(person.id))?;
    }
    for record in register.list_records("old-house", Page { after: None, limit: 100 })? {
        register.history(record.id)?;
    }
    Ok(())
}

fn attempt(path: &Path, what: &str) -> Result<(), RegisterError> {
    let owned = path.to_owned();
    catch_unwind(move || use_it(&owned)).unwrap_or_else(|_| panic!("{what} panicked"))
}

/// One whole file without a log.
fn whole() -> (Office, Vec<u8>) {
    let office = filled();
    office.open().backup(&office.path("backup"), at(99)).unwrap();
    let bytes = std::fs::read(office.path("backup/register.sqlite")).unwrap();
    (office, bytes)
}

#[test]
fn other_files_are_told_apart() {
    let office = Office::new();
    let path = office.path("other");
    assert!(matches!(Register::open(&path, None), Err(RegisterError::Missing { .. })));
    let other = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let refused = Register::open(&path, None);
        assert!(matches!(refused, Err(RegisterError::NotARegister { .. })), "{refused:?}");
    };
    other(b"");
    other(b"PK\x03\x04 something else");
    other(&[0; 4_096]);
    other(b"SQLite format 3\0");
    std::fs::remove_file(&path).unwrap();
    let database = Connection::open(&path).unwrap();
    database.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    drop(database);
    let refused = Register::open(&path, None);
    assert!(matches!(refused, Err(RegisterError::NotARegister { .. })), "{refused:?}");
    let refused = Register::open(office.folder.path(), None);
    assert!(matches!(refused, Err(RegisterError::NotARegister { .. })), "{refused:?}");
}

/// The file ends within every page, at its borders and at every 193rd byte: no prefix is a
/// register, and none makes the program panic.
#[test]
fn no_prefix_is_a_register() {
    let (office, bytes) = whole();
    let path = office.path("prefix.sqlite");
    let borders = (0..bytes.len()).step_by(4_096).flat_map(|page| page.saturating_sub(1)..page + 2);
    let lengths: std::collections::BTreeSet<usize> = borders
        .chain((0..bytes.len()).step_by(1_931))
        .chain(0..200)
        .filter(|length| *length < bytes.len())
        .collect();
    for length in lengths {
        std::fs::write(&path, &bytes[..length]).unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(office.path(&format!("prefix.sqlite{suffix}")));
        }
        assert!(attempt(&path, &format!("{length} bytes")).is_err(), "{length} bytes");
    }
}

/// 2,000 single bits changed: an error, or bytes that mean nothing; never a panic.
#[test]
fn no_flipped_bit_panics() {
    let (office, bytes) = whole();
    let path = office.path("flip.sqlite");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut refused = 0_u32;
    for _ in 0..2_000 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bit = usize::try_from(state >> 20).unwrap() % (bytes.len() * 8);
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &changed).unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(office.path(&format!("flip.sqlite{suffix}")));
        }
        match attempt(&path, &format!("bit {bit}")) {
            // The rest of the file is whole: the sign-in came to its own end.
            Err(RegisterError::SignInRefused) | Ok(()) => {}
            Err(_) => refused += 1,
        }
    }
    // Nine tenths of so small a file are unused space; what is used is mostly chained.
    assert!(100 < refused, "only {refused} of 2,000 were noticed");
}
