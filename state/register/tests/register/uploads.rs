//! Files that people handed in: how long they stay, and with whom they go.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use jomo_register::{
    JobState, JobWords, KeepDays, OPERATOR, Outcome, Register, RegisterError, Source, Uuid,
    upload_path,
};
use serde_json::json;

use crate::support::{Office, at, person, seconds};

const DAY: i64 = 86_400;

/// A file that came at this second.
fn upload(office: &Office, digit: &str, name: &str, second: i64) -> PathBuf {
    let path = upload_path(&office.file(), &digit.repeat(64), name).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "x").unwrap();
    let time = u64::try_from(at(second).as_second()).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(time)).unwrap();
    path
}

fn queue(register: &mut Register, file: (&str, &str), by: Option<Uuid>, second: i64) -> Uuid {
    let upload = format!("upload:{}/{}", file.0.repeat(64), file.1);
    let words = ["import", &upload, "--layer", "a"].map(str::to_owned).to_vec();
    let words = JobWords::check(words, Source::Remote).unwrap();
    register.enqueue(words, by, None, at(second)).unwrap().id
}

fn end(register: &mut Register, job: Uuid, second: i64) {
    let taken = register.claim("w", seconds(15), at(second)).unwrap().unwrap();
    assert_eq!(taken.id, job);
    register.finish(job, "w", Outcome::Done(json!({})), at(second)).unwrap();
}

fn keep(uploads: u32) -> KeepDays {
    KeepDays { uploads, ..KeepDays::default() }
}

#[test]
fn files_go_when_their_jobs_are_over() {
    let office = Office::new();
    let mut register = office.open();
    // Nothing was ever handed in: nothing to do.
    assert_eq!(register.purge(&keep(0), OPERATOR, at(0)).unwrap().uploads, 0);
    let done = upload(&office, "a", "done.zip", 0);
    let twin = upload(&office, "a", "twin.zip", 0);
    let waits = upload(&office, "b", "waits.zip", 0);
    let unclaimed = upload(&office, "c", "林.csv", 0);
    let fresh = upload(&office, "d", "fresh.csv", 29 * DAY);
    let strange = register.files().join("README");
    fs::write(&strange, "not ours").unwrap();
    let job = queue(&mut register, ("a", "done.zip"), None, 1);
    end(&mut register, job, DAY);
    let twins = queue(&mut register, ("a", "twin.zip"), None, DAY);
    end(&mut register, twins, 10 * DAY);
    queue(&mut register, ("b", "waits.zip"), None, DAY);

    assert_eq!(register.purge(&keep(30), OPERATOR, at(29 * DAY)).unwrap().uploads, 0);
    let report = register.purge(&keep(30), OPERATOR, at(32 * DAY)).unwrap();
    assert_eq!((report.uploads, report.jobs), (2, 0));
    assert!(!done.exists() && twin.exists() && waits.exists() && !unclaimed.exists());
    assert!(fresh.exists() && strange.exists());
    assert!(!unclaimed.parent().unwrap().exists());
    let report = register.purge(&keep(0), OPERATOR, at(32 * DAY)).unwrap();
    assert_eq!(report.uploads, 2);
    // One that a job still wants stays whatever its age.
    assert!(waits.exists() && !twin.exists() && !fresh.exists() && strange.exists());
}

/// Who has just handed in a file has an hour to say what is to be done with it.
#[test]
fn a_file_that_has_just_come_stays() {
    let office = Office::new();
    let mut register = office.open();
    let file = upload(&office, "a", "a.csv", 0);
    assert_eq!(register.purge(&keep(0), OPERATOR, at(3_599)).unwrap().uploads, 0);
    assert!(file.exists());
    assert_eq!(register.purge(&keep(0), OPERATOR, at(3_600)).unwrap().uploads, 1);
    assert!(!file.exists());
}

#[test]
fn erasing_a_person_takes_their_files() {
    let office = Office::new();
    let mut register = office.open();
    let [a, b] = ["a", "b"].map(|login| person(&mut register, login).id);
    let theirs = upload(&office, "a", "owners.csv", 0);
    let shared = upload(&office, "b", "shared.csv", 0);
    let others = upload(&office, "c", "others.csv", 0);
    let unclaimed = upload(&office, "d", "unclaimed.csv", 0);
    let running = queue(&mut register, ("a", "owners.csv"), Some(a), 1);
    register.claim("w", seconds(15), at(2)).unwrap().unwrap();
    let waiting = queue(&mut register, ("b", "shared.csv"), Some(a), 3);
    queue(&mut register, ("b", "shared.csv"), Some(b), 4);
    let other = queue(&mut register, ("c", "others.csv"), Some(b), 5);
    register.erase(a, OPERATOR, at(6)).unwrap();
    assert!(!theirs.exists() && shared.exists() && others.exists() && !unclaimed.exists());
    let state = |id| register.job(id).unwrap().unwrap();
    assert_eq!(state(waiting).state, JobState::Cancelled);
    assert!(state(running).state == JobState::Running && state(running).cancel_requested);
    assert!(state(other).state == JobState::Queued && !state(other).cancel_requested);
    register.verify_chain().unwrap();
}

/// A backup holds no file that was handed in; a job of a restored register says so.
#[test]
fn a_backup_holds_no_files() {
    let office = Office::new();
    let mut register = office.open();
    upload(&office, "a", "trees.csv", 0);
    let job = queue(&mut register, ("a", "trees.csv"), None, 1);
    register.backup(&office.path("backup"), at(2)).unwrap();
    let mut names: Vec<_> = fs::read_dir(office.path("backup"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["manifest.json", "register.sqlite"]);
    let to = office.path("restored.sqlite");
    Register::restore(&office.path("backup"), &to).unwrap();
    let restored = Register::open(&to, None).unwrap();
    assert!(!restored.files().exists());
    let job = restored.job(job).unwrap().unwrap();
    let words = JobWords::check(job.words, job.source).unwrap();
    assert!(words.resolve(&office.file()).is_ok());
    match words.resolve(&to) {
        Err(RegisterError::UploadMissing { name }) => assert_eq!(name, "trees.csv"),
        other => panic!("{other:?}"),
    }
}
