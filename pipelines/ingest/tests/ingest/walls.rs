//! GDAL is not trusted: what it could reach, it does not reach.

use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use jomo_ingest::sandbox::{self, Limits, Reach};

use crate::support::{Files, contains, run, vector, zip};

const CANARY: &[u8] = b"CANARY-7f3a91c2-of-the-tests";

/// What a file can be read as, with a CRS for the result.
const VERBS: &[(&str, &str)] = &[("vector", "6668"), ("raster", "6677")];

/// A listener that counts who comes.
struct Trap {
    port: u16,
    came: Arc<AtomicUsize>,
}

impl Trap {
    fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let came = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&came);
        thread::spawn(move || {
            for _ in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, came }
    }

    fn came(&self) -> usize {
        thread::sleep(Duration::from_millis(50));
        self.came.load(Ordering::SeqCst)
    }
}

fn vrt(source: &str) -> String {
    format!(
        r#"<VRTDataset rasterXSize="8" rasterYSize="4"><SRS>EPSG:6677</SRS><GeoTransform>0,1,0,0,0,-1</GeoTransform><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand"><SourceFilename relativetoVRT="0">{source}</SourceFilename><ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset><LineOffset>8</LineOffset></VRTRasterBand></VRTDataset>"#
    )
}

fn ogr_vrt(source: &str) -> String {
    format!(
        r#"<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{source}</SrcDataSource><GeometryType>wkbPoint</GeometryType></OGRVRTLayer></OGRVRTDataSource>"#
    )
}

/// Files that point elsewhere, under every name that could let them in.
#[test]
fn a_disguised_vrt_reaches_nothing() {
    let trap = Trap::set();
    // The test itself can be caught.
    drop(TcpStream::connect(("127.0.0.1", trap.port)).unwrap());
    assert_eq!(trap.came(), 1);

    let files = Files::new();
    let canary = files.write("canary.csv", [b"name,lon,lat\n", CANARY, b",139,36\n"].concat());
    let web = format!("/vsicurl/http://127.0.0.1:{}/a.csv", trap.port);
    for target in [canary.to_str().unwrap(), &web] {
        let documents = [vrt(target), ogr_vrt(target)];
        for (number, document) in documents.iter().enumerate() {
            for name in ["a.tif", "a.shp", "a.gpkg", "a.vrt", "a.geojson", "a.csv", "a.kml"] {
                let source = files.write(name, document);
                for (verb, to) in VERBS {
                    let done = run(verb, to, &source, &[]);
                    assert_eq!(done.code, 3, "{verb} {name} {number}: {}", done.words);
                    assert!(!contains(&done.left(), CANARY), "{verb} {name} {number}");
                }
            }
            for name in ["a.shp", "a.geojson", "a.gpkg", "a.kml", "a.fgb"] {
                let source = files.write("a.zip", zip(&[(name, document.as_bytes())]));
                let done = vector(&source, &[]);
                assert_eq!(done.code, 3, "{name}: {}", done.words);
                assert!(!contains(&done.left(), CANARY), "{name}");
            }
        }
    }
    assert_eq!(trap.came(), 1, "nobody else came");
}

/// Sound formats with a reference inside: links of KML, external entities, a shapefile whose
/// siblings are links to other files.
#[test]
fn references_inside_are_not_followed() {
    let trap = Trap::set();
    let files = Files::new();
    let canary = files.write("canary.txt", CANARY);
    let web = format!("http://127.0.0.1:{}/a.kml", trap.port);
    let place =
        "<Placemark><name>x</name><Point><coordinates>139,36</coordinates></Point></Placemark>";
    let link = format!("<NetworkLink><Link><href>{web}</href></Link></NetworkLink>");
    let kml = format!(
        "<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>{link}{place}</Document></kml>"
    );
    let entity = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE gpx [<!ENTITY a SYSTEM \"file://{}\"><!ENTITY b SYSTEM \"{web}\">]><gpx version=\"1.1\" creator=\"t\" xmlns=\"http://www.topografix.com/GPX/1/1\"><wpt lat=\"36\" lon=\"139\"><name>&a;&b;</name></wpt></gpx>",
        canary.display()
    );
    for (name, document) in [("a.kml", kml), ("a.gpx", entity)] {
        let done = vector(&files.write(name, document), &[]);
        assert!(!contains(&done.left(), CANARY), "{name}: {}", done.report);
    }
    let crs = format!(
        "{{\"type\":\"FeatureCollection\",\"crs\":{{\"type\":\"link\",\"properties\":{{\"href\":\"{web}\",\"type\":\"proj4\"}}}},\"features\":[{{\"type\":\"Feature\",\"properties\":{{}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":[139,36]}}}}]}}"
    );
    vector(&files.write("a.geojson", crs), &[]);
    assert_eq!(trap.came(), 0);
}

/// Runs the test `name` of this binary in a process of its own, where it may lock itself in.
fn alone(name: &str, variable: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1", name])
        .env("JOMO_TEST_ALONE", variable)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    said
}

fn limits() -> Limits {
    Limits { memory_bytes: 1 << 30, cpu_s: 60, file_bytes: 1 << 20 }
}

/// Each wall by itself: sockets of every family, other programs, other processes.
#[test]
fn the_filter_refuses_sockets_and_programs() {
    let Some(folder) = std::env::var_os("JOMO_TEST_ALONE") else {
        let files = Files::new();
        alone("walls::the_filter_refuses_sockets_and_programs", files.folder.path());
        return;
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let reach = Reach { write: vec![folder.into()], ..Reach::default() };
    let walls = sandbox::enter(limits(), &reach).unwrap();
    assert_eq!((walls.seccomp, walls.rlimits), ("on", "on"));
    let denied = |fault: std::io::Error| assert_eq!(fault.raw_os_error(), Some(libc::EPERM));
    denied(TcpStream::connect(("127.0.0.1", port)).unwrap_err());
    denied(TcpListener::bind("127.0.0.1:0").unwrap_err());
    denied(std::net::UdpSocket::bind("127.0.0.1:0").unwrap_err());
    denied(UnixStream::pair().unwrap_err());
    denied(UnixStream::connect("/run/none").unwrap_err());
    assert!(Command::new("/bin/true").status().is_err());
    // Threads go on working, and so does what a reader needs.
    assert_eq!(thread::spawn(|| 1 + 1).join().unwrap(), 2);
}

/// Files: only what was named. Without landlock in the kernel the test says so.
#[test]
fn files_elsewhere_are_out_of_reach() {
    let Some(folder) = std::env::var_os("JOMO_TEST_ALONE") else {
        let files = Files::new();
        files.write("canary", CANARY);
        files.write("source", b"x");
        fs::create_dir(files.path("out")).unwrap();
        let said = alone("walls::files_elsewhere_are_out_of_reach", files.folder.path());
        if said.contains("skipped") {
            println!("skipped: files_elsewhere_are_out_of_reach: this kernel has no landlock");
        }
        return;
    };
    let folder = Path::new(&folder);
    let out = folder.join("out");
    let reach = Reach { read: vec![folder.join("source")], write: vec![out.clone()] };
    let walls = sandbox::enter(limits(), &reach).unwrap();
    if walls.landlock == "none" {
        println!("skipped");
        return;
    }
    let denied = |fault: std::io::Error| assert_eq!(fault.kind(), ErrorKind::PermissionDenied);
    assert_eq!(fs::read(folder.join("source")).unwrap(), b"x");
    denied(fs::read(folder.join("canary")).unwrap_err());
    denied(fs::read("/etc/passwd").unwrap_err());
    denied(fs::read_dir(folder).map(drop).unwrap_err());
    denied(fs::write(folder.join("source"), b"y").unwrap_err());
    denied(fs::write(folder.join("new"), b"y").unwrap_err());
    fs::write(out.join("new"), b"y").unwrap();
    // A link needs a system call that is not on the list.
    assert!(fs::hard_link(folder.join("canary"), out.join("link")).is_err());
}

/// Limits: memory, size of files.
#[test]
fn limits_hold() {
    let Some(folder) = std::env::var_os("JOMO_TEST_ALONE") else {
        let files = Files::new();
        alone("walls::limits_hold", files.folder.path());
        return;
    };
    let reach = Reach { write: vec![folder.clone().into()], ..Reach::default() };
    sandbox::enter(limits(), &reach).unwrap();
    let mut huge: Vec<u8> = Vec::new();
    assert!(huge.try_reserve_exact(2 << 30).is_err());
    let stays = rustix::process::Rlimit { current: None, maximum: None };
    assert!(rustix::process::setrlimit(rustix::process::Resource::Data, stays).is_err());
    let nofile = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    assert!(nofile.current.unwrap() <= 64);
    let core = rustix::process::getrlimit(rustix::process::Resource::Core);
    assert_eq!(core.current, Some(0));
}
