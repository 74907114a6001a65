//! The worker, as a process: jobs survive whatever ends it, and stop when a person wants it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jomo_core::layer::Access;
use jomo_register::{Job, JobState, JobWords, Register, Source, Uuid, upload_path};
use jomo_store::Store;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const JOMO: &str = env!("CARGO_BIN_EXE_jomo");

struct Yard {
    folder: TempDir,
}

impl Yard {
    fn new() -> Self {
        let yard = Self { folder: tempfile::tempdir().unwrap() };
        Register::create(&yard.register(), jomo_core::Timestamp::now()).unwrap();
        yard
    }

    fn register(&self) -> PathBuf {
        self.folder.path().join("r.sqlite")
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn queue(&self, words: &[&str], source: Source) -> Uuid {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let words = JobWords::check(words, source).unwrap();
        let mut register = Register::open(&self.register(), None).unwrap();
        register.enqueue(words, None, None, jomo_core::Timestamp::now()).unwrap().id
    }

    fn job(&self, id: Uuid) -> Job {
        Register::open(&self.register(), None).unwrap().job(id).unwrap().unwrap()
    }

    fn cancel(&self, id: Uuid) {
        let mut register = Register::open(&self.register(), None).unwrap();
        register.request_cancel(id, None, jomo_core::Timestamp::now()).unwrap();
    }

    /// A worker for one job.
    fn worker(&self) -> Child {
        Command::new(JOMO)
            .args(["work", "--once", "--quiet", "--store"])
            .arg(self.store())
            .arg("--register")
            .arg(self.register())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Waits until the job is as wanted.
    fn until(&self, id: Uuid, wanted: impl Fn(&Job) -> bool) -> Job {
        let began = Instant::now();
        loop {
            let job = self.job(id);
            if wanted(&job) {
                return job;
            }
            assert!(began.elapsed() < Duration::from_mins(3), "still {job:?}");
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    fn live(&self) -> Vec<String> {
        let Ok(store) = Store::open(self.store()) else { return Vec::new() };
        let current = store.current(Access::Public).unwrap();
        current.map(|generation| generation.layers.keys().cloned().collect()).unwrap_or_default()
    }

    /// Folders in work that somebody has left in the store.
    fn rests(&self) -> Vec<String> {
        let entries = fs::read_dir(self.store()).map(Iterator::collect::<Vec<_>>);
        entries
            .unwrap_or_default()
            .into_iter()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with(".stage"))
            .collect()
    }
}

/// Points on a grid: `side` squared of them.
fn points(path: &Path, side: u32) {
    let mut text = String::from(r#"{"type":"FeatureCollection","features":["#);
    for number in 0..side * side {
        let (x, y) = (f64::from(number % side), f64::from(number / side));
        let comma = if number == 0 { "" } else { "," };
        let (lon, lat) = (140.0 + x * 0.001, 35.0 + y * 0.001);
        write!(
            text,
            r#"{comma}{{"type":"Feature","properties":{{"id":"p{number}","name":"架空{number}"}},"geometry":{{"type":"Point","coordinates":[{lon},{lat}]}}}}"#
        )
        .unwrap();
    }
    text.push_str("]}");
    fs::write(path, text).unwrap();
}

/// A job that takes long enough to be interrupted on two slow cores and on fast ones.
fn long_job(yard: &Yard) -> Uuid {
    let file = yard.folder.path().join("many.geojson");
    points(&file, 350);
    let file = file.display().to_string();
    let words =
        ["import", &file, "--layer", "many", "--id-field", "id", "--fictional", "--max-zoom", "13"];
    yard.queue(&words, Source::Local)
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn an_uploaded_file_becomes_a_live_layer() {
    let yard = Yard::new();
    let digest = "ab".repeat(32);
    let file = upload_path(&yard.register(), &digest, "houses.geojson").unwrap();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    points(&file, 4);
    let upload = format!("upload:{digest}/houses.geojson");
    let good = yard.queue(
        &["import", &upload, "--layer", "houses", "--id-field", "id", "--fictional"],
        Source::Remote,
    );
    let missing = format!("upload:{digest}/other.geojson");
    let bad = yard.queue(&["import", &missing, "--layer", "other"], Source::Remote);
    let empty = upload_path(&yard.register(), &digest, "empty.geojson").unwrap();
    fs::write(&empty, "{}").unwrap();
    let faulty = yard.queue(
        &["import", &format!("upload:{digest}/empty.geojson"), "--layer", "other"],
        Source::Remote,
    );
    for _ in 0..3 {
        assert!(yard.worker().wait().unwrap().success());
    }
    let job = yard.job(good);
    assert_eq!(job.state, JobState::Done, "{job:?}");
    assert_eq!(job.message.as_ref().unwrap()["layers"][0]["features"], 16);
    assert!(job.progress.is_some());
    assert_eq!(yard.live(), ["houses"]);
    let job = yard.job(bad);
    assert_eq!(job.state, JobState::Failed);
    let error = &job.message.unwrap()["errors"][0];
    assert_eq!(
        (&error["code"], &error["arguments"]["name"]),
        (&"job-upload-missing".into(), &"other.geojson".into())
    );
    assert!(["title", "detail", "hint"].iter().all(|part| error[part].is_string()), "{error}");
    let job = yard.job(faulty);
    assert_eq!(job.state, JobState::Failed);
    let message = job.message.unwrap().to_string();
    // People outside learn nothing of the folders of this machine.
    assert!(!message.contains(&yard.folder.path().display().to_string()), "{message}");
    assert!(yard.rests().is_empty());
}

/// One job, three workers: the first is told to stop, the second is killed, the third does it.
#[test]
fn a_job_survives_its_workers() {
    let yard = Yard::new();
    let id = long_job(&yard);
    let mut first = yard.worker();
    yard.until(id, |job| job.progress.is_some());
    signal(&first, Signal::TERM);
    assert!(first.wait().unwrap().success());
    let job = yard.job(id);
    assert_eq!((job.state, job.attempts), (JobState::Queued, 0), "{job:?}");
    assert!(yard.live().is_empty() && yard.rests().is_empty(), "{:?}", yard.rests());

    let mut second = yard.worker();
    yard.until(id, |job| job.state == JobState::Running && job.progress.is_some());
    second.kill().unwrap();
    second.wait().unwrap();
    let killed = Instant::now();
    assert_eq!(yard.job(id).state, JobState::Running);
    // Nobody takes it in time.
    assert!(yard.worker().wait().unwrap().success());
    assert_eq!(yard.job(id).state, JobState::Running);
    std::thread::sleep(Duration::from_secs(16).saturating_sub(killed.elapsed()));
    assert!(yard.worker().wait().unwrap().success());
    let job = yard.job(id);
    assert_eq!((job.state, job.attempts), (JobState::Done, 2), "{job:?}");
    assert_eq!(yard.live(), ["many"]);
    assert!(yard.rests().is_empty(), "{:?}", yard.rests());
}

#[test]
fn a_running_job_is_stopped_within_six_seconds() {
    let yard = Yard::new();
    let id = long_job(&yard);
    let mut worker = yard.worker();
    yard.until(id, |job| job.progress.is_some());
    yard.cancel(id);
    let asked = Instant::now();
    let job = yard.until(id, |job| job.state.is_terminal());
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    assert_eq!(job.state, JobState::Cancelled);
    assert!(worker.wait().unwrap().success());
    assert!(yard.live().is_empty() && yard.rests().is_empty());
}

/// `systemctl stop` and a closed terminal are as clean as Ctrl-C.
#[test]
fn a_command_that_is_told_to_stop_leaves_nothing() {
    let yard = Yard::new();
    let file = yard.folder.path().join("many.geojson");
    points(&file, 350);
    for (word, sent) in [("term", Signal::TERM), ("int", Signal::INT), ("hup", Signal::HUP)] {
        let out = yard.folder.path().join(word);
        let part = yard.folder.path().join(format!("{word}.part"));
        let mut command = Command::new(JOMO)
            .args([
                "import",
                "--layer",
                "many",
                "--id-field",
                "id",
                "--fictional",
                "--quiet",
                "--out",
            ])
            .arg(&out)
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !part.exists() {
            assert!(command.try_wait().unwrap().is_none(), "{word}: it has ended already");
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(&command, sent);
        assert_eq!(command.wait().unwrap().code(), Some(130), "{word}");
        assert!(!part.exists() && !out.exists(), "{word}");
    }
}

/// Lines that run; `FILE` stands for a file that is there.
const RUNS: &[&str] = &[
    "import FILE --layer a",
    "import --layer=a FILE --force --fictional",
    "import FILE --layer a --id-field id --lon-field lon --y-field lat --label-field 名",
    "import FILE --layer a --audience owner prefecture --audience co-creation",
    "import FILE --layer a --restricted-field=氏名 --restricted-field 住所 電話",
    "import FILE --layer a --public-rows 公開=可,済 --kind register --access restricted",
    "import FILE --layer a --encoding CP932 --crs epsg:6677 --source-layer x",
    "import FILE --layer a --min-zoom 0 --max-zoom 16 --color #0aF19c --symbol circle",
    "import FILE --layer a --min-zoom 12 --title-ja=-5 --title-en x",
    "import FILE --layer a --attribution 県 --licence CC-BY-4.0 --min-zoom +3",
    "flood rain --grib a.bin b.bin --grib c.bin",
    "flood rain --grib a.bin --force",
];

/// Lines whose flags or values the command refuses.
const REFUSED: &[&str] = &[
    "import FILE",
    "import --layer a",
    "import FILE FILE --layer a",
    "import FILE --layer",
    "import FILE --layer A",
    "import FILE --layer a --layer b",
    "import FILE --layer a --force --force",
    "import FILE --layer a --x-field lon --lon-field lon",
    "import FILE --layer a --fictional=1",
    "import FILE --layer a --id-field -5",
    "import FILE --layer a --id-field --force",
    "import FILE --layer a --audience",
    "import FILE --layer a --audience nobody",
    "import FILE --layer a --audience --force",
    "import FILE --layer a --title-ja x",
    "import FILE --layer a --title-en x",
    "import FILE --layer a --kind secret",
    "import FILE --layer a --access all",
    "import FILE --layer a --symbol star",
    "import FILE --layer a --color red",
    "import FILE --layer a --color #12345",
    "import FILE --layer a --encoding utf-16",
    "import FILE --layer a --crs four",
    "import FILE --layer a --crs EPSG:-1",
    "import FILE --layer a --crs 99999999999",
    "import FILE --layer a --public-rows open",
    "import FILE --layer a --public-rows =x",
    "import FILE --layer a --public-rows f=a,,b",
    "import FILE --layer a --min-zoom 17",
    "import FILE --layer a --max-zoom -1",
    "import FILE --layer a --min-zoom 13",
    "import FILE --layer a --min-zoom 5 --max-zoom 4",
    "import FILE --layer a --region=",
    "import FILE --layer a --no-such-flag",
    "flood rain",
    "flood rain --grib",
    "flood rain a.bin",
    "flood rain --grib a.bin --region",
    "flood snow --grib a.bin",
];

/// What the register queues, the command runs; what a command refuses of its flags and values,
/// the register refuses as well. The worker's own words are added as the worker adds them.
#[test]
fn what_is_queued_can_run() {
    let yard = Yard::new();
    let file = yard.folder.path().join("p.csv");
    fs::write(&file, "id,lon,lat\na,139,36\n").unwrap();
    let file = file.display().to_string();
    let store = format!("--store={}", yard.store().display());
    let shell = jomo::cli::Shell {
        now: jomo_core::Timestamp::now(),
        locale: &|_| None,
        print: &|_| {},
        tell: &|_| {},
    };
    let both = |line: &str| {
        let words: Vec<String> = line.split(' ').map(|word| word.replace("FILE", &file)).collect();
        let queued = JobWords::check(words.clone(), Source::Local);
        let mut line = vec!["jomo".to_owned()];
        line.extend(words);
        let runs = if line[1] == "flood" {
            // Real grids are large: here the parser alone is asked.
            line.extend([store.clone(), "--region=r".to_owned()]);
            <jomo::cli::Arguments as clap::Parser>::try_parse_from(&line).is_ok()
        } else {
            line.extend([store.clone(), "--dry-run".to_owned()]);
            match shell.run(line.iter().map(Into::into).collect()) {
                jomo::failure::Exit::Done => true,
                jomo::failure::Exit::Usage => false,
                other => panic!("{line:?} ended with {other:?}"),
            }
        };
        (queued.map(drop), runs)
    };
    for line in RUNS {
        let (queued, runs) = both(line);
        assert!(queued.is_ok() && runs, "{line}: {queued:?}, runs: {runs}");
    }
    for line in REFUSED {
        let (queued, runs) = both(line);
        assert!(queued.is_err() && !runs, "{line}: {queued:?}, runs: {runs}");
    }
}
