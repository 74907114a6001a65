//! The programs with a store in an object store, the local S3 stand-in: published, gone back,
//! collected and served as in a folder, to the byte.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jomo_core::layer::Access;
use jomo_format::pmtiles::Archive;
use jomo_store::Store;

use crate::programs::{binary, finished};
use crate::stand_in::StandIn;

const REMOTE: &str = "s3://jomo-test/programs";

/// A program that speaks to the stand-in.
fn program(name: &str, stand_in: &StandIn) -> Command {
    let mut command = Command::new(binary(name));
    for variable in ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env(variable, stand_in.variable(variable).unwrap());
    }
    command
}

/// A running server; it ends with the test.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(store: &str, stand_in: &StandIn) -> Self {
        let mut command = program("jomo-server", stand_in);
        command.args(["--store", store, "--listen", "127.0.0.1:0", "--lang", "en"]);
        let mut child = command.env("RUST_LOG", "error").stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.by_ref().map(Result::unwrap).find(|line| line.contains("Serving at"));
        let line = line.unwrap();
        let address = line.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        // The pipe must be read to the end, or the server waits for room in it.
        std::thread::spawn(move || lines.map_while(Result::ok).count());
        Self { child, address }
    }

    /// The status line and the entity tag of an answer, and its bytes.
    fn get(&self, path: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let told = head.lines().filter(|l| l.starts_with("HTTP/") || l.starts_with("etag:"));
        (told.collect::<Vec<_>>().join(" "), answer.split_off(end + 4))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a layer of `count` points, to be published.
fn make(folder: &Path, count: u32) -> String {
    let (points, out) = (folder.join("points.csv"), folder.join(format!("out-{count}")));
    let place = |i: u32| [138.5 + f64::from(i % 50) * 0.02, 36.1 + f64::from(i / 50) * 0.05];
    let rows: Vec<String> =
        (0..count).map(|i| format!("p{i},{},{}", place(i)[0], place(i)[1])).collect();
    fs::write(&points, format!("id,lon,lat\n{}", rows.join("\n"))).unwrap();
    let mut command = Command::new(binary("jomo"));
    command.arg("import").arg(&points).args(["--layer", "points", "--max-zoom", "11", "--quiet"]);
    finished(command.arg("--out").arg(&out));
    out.to_str().unwrap().to_owned()
}

#[test]
fn the_programs_serve_an_object_store_as_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let near = folder.path().join("store").to_str().unwrap().to_owned();
    let stand_in = StandIn::own();
    let told = |line: &[&str]| -> serde_json::Value {
        let mut command = program("jomo", &stand_in);
        let text = finished(command.args(line).args(["--json", "--lang", "en"]));
        serde_json::from_str(&text).unwrap()
    };
    let both =
        |line: &[&str]| [near.as_str(), REMOTE].map(|s| told(&[line, &["--store", s]].concat()));
    let [first, second] = [make(folder.path(), 600), make(folder.path(), 400)];
    let [here, there] = both(&["publish", &first]);
    assert_eq!((&here["status"], &here["versions"]), (&"done".into(), &there["versions"]));
    let [_, again] = both(&["publish", &first]);
    assert_eq!(again["status"], "unchanged");

    let servers = [near.as_str(), REMOTE].map(|store| Running::start(store, &stand_in));
    let store = Store::open(&near).unwrap();
    let check = || {
        let version = &store.current(Access::Public).unwrap().unwrap().layers["points"];
        let (id, archive) = (&version.layer.version, fs::read(version.dir().join("tiles.pmtiles")));
        let archive = Archive::open(archive.unwrap()).unwrap();
        let tiles: Vec<_> = archive.tiles().map(|(tile, _)| tile).collect();
        assert!(10 < tiles.len(), "{} tiles", tiles.len());
        let mut paths: Vec<String> = tiles
            .iter()
            .map(|t| format!("/tiles/points/{id}/-/{}/{}/{}.mvt", t.z(), t.x(), t.y()))
            .collect();
        paths.push(format!("/archives/points/{id}/-.pmtiles"));
        // An object store is asked every two seconds.
        let began = Instant::now();
        let has_it = |server: &Running| {
            String::from_utf8(server.get("/tiles/points.json").1).unwrap().contains(id)
        };
        while !servers.iter().all(has_it) {
            assert!(began.elapsed() < Duration::from_secs(20), "{id} is not served");
            std::thread::sleep(Duration::from_millis(100));
        }
        for path in &paths {
            let [here, there] = servers.each_ref().map(|server| server.get(path));
            assert!(here.0.contains(" 200 ") && !here.1.is_empty(), "{path}: {}", here.0);
            assert!(here == there, "{path}: {} and {}", here.0, there.0);
        }
        tiles.len()
    };
    let tiles = check();
    both(&["publish", &second]);
    let fewer = check();
    both(&["rollback"]);
    assert_eq!(check(), tiles);
    println!("{tiles} and {fewer} tiles are equal");
    both(&["publish", &second]);
    let [here, there] = both(&["gc", "--keep", "0"]);
    assert!(here["counts"]["generations"].as_u64().unwrap() != 0, "{here}");
    // Another writer may be about to name what is younger than an hour.
    assert_eq!(there["counts"]["generations"], 0, "{there}");
    assert_eq!(check(), fewer);

    // Without keys nothing is asked of anybody.
    let mut command = Command::new(binary("jomo"));
    command.args(["gc", "--store", REMOTE, "--lang", "en"]).env_clear();
    let refused = command.output().unwrap();
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{words}");
    assert!(words.contains("AWS_ACCESS_KEY_ID"), "{words}");
}
