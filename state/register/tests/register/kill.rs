//! `kill -9` at any moment: what was acknowledged is there, and nothing half.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use jomo_register::{
    JobFilter, JobWords, OPERATOR, OrganisationKind, Outcome, Page, RecordChange, Source, Uuid,
};
use serde_json::json;

use crate::support::{Office, at, house, open, organisation, person, seconds};

/// Tells this very test that it is the child.
const CHILD: &str = "JOMO_REGISTER_KILL_CHILD";
const KILLS: u64 = 60;

/// Writes without end and says each thing that has been committed.
#[expect(clippy::print_stdout, reason = "the parent reads what has been committed")]
fn write_for_ever(folder: &std::path::Path) -> ! {
    let mut register = open(&folder.join("register.sqlite"), Some(&folder.join("master.key")));
    let mut number = 0_u64;
    loop {
        number += 1;
        let now = at(1_000 + i64::try_from(number).unwrap());
        let personal = (number.is_multiple_of(3)).then(|| json!({ "owner": "somebody" }));
        let made = register.create_record(house(json!({ "n": number }), personal), OPERATOR, now);
        let made = made.unwrap();
        println!("record {} 1", made.id);
        let change = RecordChange { expected_revision: 1, content: json!({}), personal: None };
        register.update_record(made.id, change, OPERATOR, now).unwrap();
        println!("record {} 2", made.id);
        if number.is_multiple_of(4) {
            register.delete_record(made.id, 2, OPERATOR, now).unwrap();
            println!("record {} 3", made.id);
        }
        let words = ["import", "a", "--layer", "a"].map(str::to_owned).to_vec();
        let words = JobWords::check(words, Source::Local).unwrap();
        let job = register.enqueue(words, None, None, now).unwrap();
        println!("job {} queued", job.id);
        if let Some(job) = register.claim("w", seconds(1_000_000), now).unwrap() {
            register.finish(job.id, "w", Outcome::Done(json!({})), now).unwrap();
            println!("job {} done", job.id);
        }
        if number.is_multiple_of(16) {
            let login = format!("p{}", Uuid::from_u128(u128::from(number)).simple());
            if register.person(&login).unwrap().is_none() {
                let someone = person(&mut register, &login);
                println!("person {} there", someone.id);
                register.erase(someone.id, OPERATOR, now).unwrap();
                println!("person {} erased", someone.id);
            }
        }
    }
}

#[test]
fn nothing_is_half_after_a_kill() {
    if let Some(folder) = std::env::var_os(CHILD) {
        write_for_ever(std::path::Path::new(&folder));
    }
    let office = Office::new();
    organisation(&mut office.open(), "housing", OrganisationKind::Prefecture);
    let mut acknowledged = Vec::new();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut during = 0_u64;
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::nothing_is_half_after_a_kill", "--nocapture"])
            .env(CHILD, office.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // From the first acknowledged write on, up to 40 ms of work.
        let first = lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("record ")));
        acknowledged.push(first.unwrap().unwrap());
        std::thread::sleep(Duration::from_micros(state % 40_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let before = acknowledged.len();
        acknowledged.extend(lines.map_while(Result::ok));
        during += u64::from(before < acknowledged.len());
        let register = office.open();
        register.check_integrity().unwrap();
        register.verify_chain().unwrap_or_else(|fault| panic!("round {round}: {fault}"));
    }
    assert!(KILLS / 2 < during, "only {during} rounds did more than one write");
    check(&office, &acknowledged);
}

fn check(office: &Office, acknowledged: &[String]) {
    let register = office.open();
    for line in acknowledged {
        let words: Vec<&str> = line.split(' ').collect();
        let [kind, id, said] = words.as_slice() else { continue };
        let Ok(id) = Uuid::parse_str(id) else { continue };
        match *kind {
            "record" => {
                let record = register.read_record(id).unwrap().unwrap();
                let said: u64 = said.parse().unwrap();
                assert!(said <= record.revision, "{line}");
                assert_eq!(register.history(id).unwrap().len() as u64, record.revision);
            }
            "job" => {
                let job = register.job(id).unwrap().unwrap();
                assert!(*said == "queued" || job.state.is_terminal(), "{line}");
            }
            "person" => {
                let people = register.people().unwrap();
                let found = people.iter().find(|person| person.id == id).unwrap();
                assert!(*said == "there" || found.erased, "{line}");
                // Half an erasure would have left one of these.
                if found.erased {
                    assert!(!register.subjects().unwrap().contains(&id));
                }
            }
            _ => {}
        }
    }
    let page = Page { after: None, limit: 1_000 };
    let kept = register.list_records("old-house", page).unwrap().len() as u64;
    assert!(KILLS / 2 < kept, "{kept}");
    assert!(!register.jobs(&JobFilter::default()).unwrap().is_empty());
}
