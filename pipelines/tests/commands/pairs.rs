//! What is restricted is nowhere in the public root: not in a file, not in a tile, not in a name.

use std::io::Read;

use encoding_rs::SHIFT_JIS;
use jomo_core::organisation::OrganisationKind;
use jomo_format::pmtiles::Archive;
use jomo_store::sha256_hex;

use super::*;

/// Owners, and the longitudes of their houses, of rows that are public and of one that is not.
const OWNERS: [&str; 3] = ["中之条カナリヤ太郎", "沼田カナリヤ花子", "嬬恋カナリヤ次郎"];
const HOUSES: [&str; 3] = ["139.0612345", "139.0723456", "138.9134567"];
/// Only the row that is not public has these.
const WITHHELD: [&str; 3] = ["plot-withheld", "カラマツ秘密林", "138.5273901"];
/// The columns and their titles.
const NAMES: [&str; 4] = ["owner_name", "house_lon", "森林所有者", "consent"];

fn plots() -> String {
    let row = |n: usize, id: &str, kind: &str, place: &str, consent: &str| {
        format!("{id},{place},36.4{n},{kind},{},{},{consent}", OWNERS[n], HOUSES[n])
    };
    [
        "plot,lon,lat,kind,owner_name,house_lon,consent".to_owned(),
        row(0, "plot-1", "スギ", "139.05", "可"),
        row(1, "plot-2", "ヒノキ", "139.06", "可"),
        row(2, WITHHELD[0], WITHHELD[1], WITHHELD[2], "不可"),
    ]
    .join("\n")
}

const LAYER: &str = r#"
[layers.plots]
title = { ja = "林地", en = "Plots" }
id_field = "plot"
label_field = "kind"
restricted_fields = ["owner_name", "house_lon", "consent"]
public_rows = { field = "consent", values = ["可"] }
audience = ["prefecture", "forestry-enterprise"]
[layers.plots.fields.owner_name]
title = { ja = "森林所有者", en = "Owner" }
"#;

fn publish(desk: &Desk, more: &[&str]) -> Said {
    let plots = desk.write("plots.csv", plots().as_bytes());
    let region = desk.write("region.toml", format!("{REGION}{LAYER}").as_bytes());
    let store = desk.path("store");
    let line = ["import", &plots, "--layer", "plots", "--region", &region, "--store", &store];
    jomo(&[&line[..], more].concat())
}

/// Every file below a folder, and everything packed in it, each with its name.
fn contents(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.push((format!("name of {name}"), name.clone().into_bytes()));
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            if path.extension().is_some_and(|extension| extension == "pmtiles") {
                let archive = Archive::open(bytes.clone()).unwrap();
                found.push((format!("{name} metadata"), archive.metadata().to_string().into()));
                let tiles = archive.tiles().collect::<Vec<_>>();
                assert!(!tiles.is_empty());
                for (tile, range) in tiles {
                    let mut plain = Vec::new();
                    let packed = &bytes[range];
                    flate2::read::GzDecoder::new(packed).read_to_end(&mut plain).unwrap();
                    found.push((format!("{name} {tile:?}"), plain));
                }
            }
            if path.extension().is_some_and(|extension| extension == "gz") {
                let mut plain = Vec::new();
                flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
                found.push((format!("{name} unpacked"), plain));
            }
            found.push((name, bytes));
        }
    }
    found
}

/// The forms in which a text can stand in a file.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
    let mut forms = vec![
        text.as_bytes().to_vec(),
        SHIFT_JIS.encode(text).0.into_owned(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        // As JSON may escape it.
        text.encode_utf16().flat_map(|unit| format!("\\u{unit:04x}").into_bytes()).collect(),
    ];
    if let Ok(number) = text.parse::<f64>() {
        forms.push(number.to_le_bytes().to_vec());
    }
    forms
}

fn places<'a>(contents: &'a [(String, Vec<u8>)], text: &str) -> Vec<&'a str> {
    let forms = forms(text);
    let holds =
        |bytes: &[u8]| forms.iter().any(|form| bytes.windows(form.len()).any(|part| part == form));
    contents.iter().filter(|(_, bytes)| holds(bytes)).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn no_restricted_byte_is_public() {
    let desk = Desk::new();
    let said = publish(&desk, &[]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let public = contents(Path::new(&desk.path("store/public")));
    let restricted = contents(Path::new(&desk.path("store/restricted")));
    let private = OWNERS.iter().chain(&HOUSES).chain(&WITHHELD).chain(&NAMES);
    for text in private {
        assert_eq!(places(&public, text), Vec::<&str>::new(), "{text} is public");
        assert!(!places(&restricted, text).is_empty(), "{text} is not even restricted");
    }
    // Nor anything computed from it, by which somebody could check a guess of what is missing.
    let store = Store::open(desk.path("store")).unwrap();
    let whole = &store.current(Access::Restricted).unwrap().unwrap().layers["plots"].layer;
    let hash = sha256_hex(plots().as_bytes());
    assert_eq!(whole.run.inputs.iter().map(|i| &i.sha256).collect::<Vec<_>>(), [&hash]);
    let seal = whole.run.seal.clone().unwrap();
    let mut traces = vec!["plots.csv".to_owned(), hash, whole.run.settings_sha256.clone()];
    traces.extend([whole.run.key.clone(), seal, whole.version.clone()]);
    traces.extend(whole.files.values().map(|file| file.sha256.clone()));
    for trace in traces {
        assert_eq!(places(&public, &trace), Vec::<&str>::new(), "{trace} is public");
        assert_eq!(places(&public, &trace.to_uppercase()), Vec::<&str>::new(), "{trace}");
        assert!(!places(&restricted, &trace).is_empty(), "{trace} is not even restricted");
        let digits = trace.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap_or("?"));
        let bytes: Vec<u8> = digits.filter_map(|two| u8::from_str_radix(two, 16).ok()).collect();
        if bytes.len() * 2 == trace.len() {
            let holds =
                |found: &&(String, Vec<u8>)| found.1.windows(bytes.len()).any(|w| w == bytes);
            assert!(!public.iter().any(|found| holds(&found)), "{trace} is public in binary");
        }
    }
    // The search finds what is there.
    for text in ["スギ", "plot-1", "139.05", "kind"] {
        assert!(!places(&public, text).is_empty(), "{text}");
    }
}

#[test]
fn both_versions_are_of_one_run_and_describe_themselves() {
    let desk = Desk::new();
    publish(&desk, &[]);
    let store = Store::open(desk.path("store")).unwrap();
    let layer = |access| store.current(access).unwrap().unwrap().layers["plots"].layer.clone();
    let (public, whole) = (layer(Access::Public), layer(Access::Restricted));
    let names = |layer: &Layer| layer.fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&public), ["plot", "kind"]);
    assert_eq!(names(&whole), ["plot", "kind", "owner_name", "house_lon", "consent"]);
    assert!(whole.fields[2..].iter().all(|field| field.restricted));
    assert_eq!((public.feature_count, whole.feature_count), (2, 3));
    // Who may read the whole traces the public version to its inputs, and nobody else.
    let sealed = jomo_store::public_run_key(whole.run.seal.as_deref().unwrap(), &whole.run.key);
    assert_eq!(
        (public.run.key, public.run.inputs, public.run.settings_sha256),
        (sealed, vec![], String::new())
    );
    assert_eq!((whole.run.inputs.len(), whole.run.inputs[0].name.as_str()), (1, "plots.csv"));
    assert_eq!(public.audience, []);
    let audience = [OrganisationKind::Prefecture, OrganisationKind::ForestryEnterprise];
    assert_eq!(whole.audience, audience);
    // The bounds tell nothing of the row that is withheld.
    assert_eq!((public.bbox[0], whole.bbox[0]), (139.05, 138.527_390_1));
    assert_eq!(publish(&desk, &["--json"]).json()["status"], "unchanged");
    // In a folder first, published later: the same two versions.
    let (out, store) = (desk.path("out"), desk.path("other"));
    let plots = desk.path("plots.csv");
    let region = desk.path("region.toml");
    let line = ["import", &plots, "--layer", "plots", "--region", &region, "--out", &out];
    assert_eq!(jomo(&line).exit, Exit::Done);
    assert_eq!(jomo(&["publish", &out, "--store", &store]).exit, Exit::Done);
    let other = Store::open(&store).unwrap();
    assert!(other.live().unwrap().unwrap().restricted.is_some());
    assert_eq!(jomo(&["publish", &out, "--store", &store, "--json"]).json()["status"], "unchanged");
}

/// Every refusal names what is wrong, and nothing is published.
#[test]
fn what_cannot_be_divided_is_refused() {
    let desk = Desk::new();
    let plots = desk.write("plots.csv", plots().as_bytes());
    let store = desk.path("store");
    let told = |more: &[&str]| {
        let line = ["import", &plots, "--layer", "plots", "--store", &store, "--lang", "en"];
        let said = jomo(&[&line[..], more].concat());
        assert_eq!(said.exit, Exit::Usage, "{more:?}: {}", said.err);
        assert!(!Path::new(&store).exists(), "{more:?} leaves a store behind");
        said.err
    };
    let unknown = told(&["--restricted-field", "owner_nam"]);
    assert!(unknown.contains("owner_nam") && unknown.contains("owner_name?"), "{unknown}");
    let filter = told(&["--public-rows", "consnt=x"]);
    assert!(filter.contains("consent?"), "{filter}");
    for more in [
        &["--restricted-field", "owner_name", "--label-field", "owner_name"][..],
        &["--restricted-field", "plot", "--id-field", "plot"],
        &["--audience", "municipality"],
        &["--restricted-field", "owner_name", "--audience", "everybody"],
        &["--public-rows", "consent"],
        &["--public-rows", "consent=maybe"],
    ] {
        told(more);
    }
}

/// A layer that was public whole: with its owners, or as a whole, it leaves no version behind.
#[test]
fn what_is_narrowed_leaves_the_public_root() {
    let desk = Desk::new();
    let (store, file) = (desk.path("store"), desk.write("plots.csv", plots().as_bytes()));
    let import = |more: &[&str]| {
        let line = ["import", &file, "--layer", "plots", "--id-field", "plot", "--store", &store];
        jomo(&[&line[..], more].concat())
    };
    assert_eq!(import(&[]).exit, Exit::Done);
    let public = desk.path("store/public");
    let owners = || places(&contents(Path::new(&public)), OWNERS[0]).len();
    assert!(owners() != 0);
    let wide = Store::open(&store).unwrap().current_id(Access::Public).unwrap().unwrap();
    assert_eq!(import(&["--restricted-field", "owner_name"]).exit, Exit::Done);
    assert_eq!(owners(), 0);
    for to in [&[][..], &["--to", &wide]] {
        let line = ["rollback", "--store", &store, "--lang", "en"];
        let said = jomo(&[&line[..], to].concat());
        assert_eq!(said.exit, Exit::Blocked, "{}", said.err);
        assert!(said.err.contains("plots") && said.err.contains(&wide), "{}", said.err);
    }
    let said = import(&["--access", "restricted"]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    let live = Store::open(&store).unwrap().current(Access::Public).unwrap().unwrap();
    assert!(live.layers.is_empty());
    assert!(!Path::new(&public).join("layers/plots").exists());
    // The same again, and again a pair.
    assert_eq!(import(&["--access", "restricted", "--json"]).json()["status"], "unchanged");
    assert_eq!(import(&["--restricted-field", "owner_name"]).exit, Exit::Done);
    assert_eq!(owners(), 0);
}

/// Going back shows nobody what was taken from them, and a trial run says so too.
#[test]
fn who_has_lost_a_layer_does_not_get_it_back() {
    let desk = Desk::new();
    let store = desk.path("store");
    let restrict = |audience: &[&str]| {
        let file = desk.write("plots.csv", plots().as_bytes());
        let line = ["import", &file, "--layer", "plots", "--id-field", "plot", "--store", &store];
        let more = ["--restricted-field", "owner_name", "--audience"];
        let said = jomo(&[&line[..], &more, audience].concat());
        assert_eq!(said.exit, Exit::Done, "{}", said.err);
        Store::open(&store).unwrap().current_id(Access::Public).unwrap().unwrap()
    };
    let back = |more: &[&str]| {
        jomo(&[&["rollback", "--store", &store, "--lang", "en"][..], more].concat())
    };
    let both = restrict(&["prefecture", "municipality"]);
    restrict(&["prefecture", "municipality", "owner"]);
    let said = back(&["--dry-run", "--json"]);
    assert_eq!(said.json()["would_be_live"].as_str(), Some(both.as_str()), "{}", said.err);
    assert!(back(&["--dry-run"]).err.contains(&both));
    restrict(&["prefecture"]);
    for more in [&[][..], &["--to", &both], &["--dry-run"], &["--dry-run", "--to", &both]] {
        let said = back(more);
        assert_eq!(said.exit, Exit::Blocked, "{more:?}: {}", said.err);
        assert!(said.err.contains("Who has lost a layer"), "{more:?}: {}", said.err);
    }
}

/// A register is restricted as a whole unless somebody says that it is public.
#[test]
fn a_register_has_no_public_version_by_itself() {
    let desk = Desk::new();
    let said = publish(&desk, &["--kind", "register"]);
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    assert!(!Path::new(&desk.path("store/public")).exists());
}
