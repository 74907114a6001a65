//! A publication killed at any point leaves generation N or N+1, whole.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jomo_core::layer::Access;
use jomo_store::{Store, sha256_file};

use crate::programs::binary;

/// Publications that are killed; `make validate` asks for more by `JOMO_KILL_POINTS`.
const KILLS: u32 = 100;
const READERS: usize = 2;

fn publish(store: &Path, points: &Path) -> Command {
    let mut command = Command::new(binary("jomo"));
    command.arg("import").arg(points).args(["--layer", "points", "--force", "--quiet"]);
    command.arg("--store").arg(store).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Reads the live generation and checks every byte of it; gives its id.
fn check_whole(store: &Store) -> String {
    let generation = store.current(Access::Public).unwrap().unwrap();
    let version = &generation.layers["points"];
    assert_eq!(version.layer.version, generation.document.layers["points"].version);
    assert!(2 <= version.layer.files.len());
    for (name, listed) in &version.layer.files {
        assert_eq!(&sha256_file(&version.dir().join(name)).unwrap(), listed, "{name}");
    }
    assert!(version.tiles(None).unwrap().is_some());
    generation.id
}

#[test]
fn a_killed_publication_leaves_n_or_n_plus_1() {
    let asked = std::env::var("JOMO_KILL_POINTS").ok();
    let kills = asked.map_or(KILLS, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (path, points) = (folder.path().join("store"), folder.path().join("points.csv"));
    let place = |i: u32| [138.5 + f64::from(i % 50) * 0.02, 36.1 + f64::from(i / 50) * 0.05];
    let rows: Vec<String> =
        (0..500).map(|i| format!("p{i},{},{}", place(i)[0], place(i)[1])).collect();
    fs::write(&points, format!("id,lon,lat\n{}", rows.join("\n"))).unwrap();
    assert!(publish(&path, &points).status().unwrap().success());
    let store = Store::open(&path).unwrap();

    let (stop, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut tried, mut killed, mut switched) = (0, 0, 0);
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    check_whole(&store);
                    reads.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(2));
                }
            });
        }
        let began = Instant::now();
        assert!(publish(&path, &points).status().unwrap().success());
        // The longest wait before a kill. A publication takes more or less time as the machine is
        // more or less busy: the wait grows after a kill and shrinks after one that came too late.
        let mut longest = began.elapsed();
        let mut random = 2_026_u64;
        while killed < kills {
            assert!(tried < 10 * kills, "{killed} of {tried} publications were cut short");
            tried += 1;
            let before = store.current(Access::Public).unwrap().unwrap();
            let mut child = publish(&path, &points).spawn().unwrap();
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let share = (random >> 40) as f64 / f64::from(1_u32 << 24);
            thread::sleep(longest.mul_f64(share));
            // SIGKILL; an error means that it has already ended.
            let _ = child.kill();
            let cut = !child.wait().unwrap().success();
            longest = longest.mul_f64(if cut { 1.05 } else { 0.8 }).min(Duration::from_secs(10));
            killed += u32::from(cut);
            let after = check_whole(&store);
            let document = store.current(Access::Public).unwrap().unwrap().document;
            let next = document.previous.as_deref() == Some(before.id.as_str());
            assert!(after == before.id || next, "{} is followed by {after}", before.id);
            switched += u32::from(after != before.id);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let reads = reads.load(Ordering::Relaxed);
    println!("{killed} of {tried} publications killed, {switched} went live, {reads} whole reads");
    assert!(0 < switched, "no publication got as far as the switch");

    assert!(publish(&path, &points).status().unwrap().success());
    check_whole(&store);
    let public = path.join("public");
    for dir in [public.clone(), public.join("generations"), public.join("layers/points")] {
        for entry in fs::read_dir(dir).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(!name.to_string_lossy().starts_with('.'), "{name:?} is left over");
        }
    }
}
