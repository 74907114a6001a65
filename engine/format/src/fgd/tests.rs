use std::io::{BufReader, Cursor};
use std::time::{Duration, Instant};

use jomo_core::message::Coded;
use proptest::prelude::*;

use super::*;

fn random(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn flip(bytes: &mut [u8], random: u64) {
    let bit = usize::try_from(random % (8 * bytes.len() as u64)).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
}

/// A mesh of our own: the parts of a file that are read, in the order of real files.
struct Mesh {
    datum: &'static str,
    lower: &'static str,
    upper: &'static str,
    high: &'static str,
    tuples: String,
    start: &'static str,
}

impl Default for Mesh {
    /// Four columns and three rows of 0.2″.
    fn default() -> Self {
        Self {
            datum: "fguuid:jgd2011.bl",
            lower: "36.25 139.0",
            upper: "36.250166667 139.000222222",
            high: "3 2",
            tuples: "地表面,1.50\n".repeat(12),
            start: "0 0",
        }
    }
}

impl Mesh {
    fn xml(&self) -> String {
        let Self { datum, lower, upper, high, tuples, start } = self;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Dataset xmlns:gml=\"http://www.opengis.net/gml/3.2\">\n\
             <DEM gml:id=\"DEM001\">\n<lfSpanFr><gml:timePosition>2026-10-01</gml:timePosition></lfSpanFr>\n\
             <type>5mメッシュ（標高）</type>\n<mesh>54380000</mesh>\n<coverage>\n<gml:boundedBy>\n\
             <gml:Envelope srsName=\"{datum}\">\n<gml:lowerCorner>{lower}</gml:lowerCorner>\n\
             <gml:upperCorner>{upper}</gml:upperCorner>\n</gml:Envelope></gml:boundedBy>\n\
             <gml:gridDomain><gml:Grid><gml:limits><gml:GridEnvelope><gml:low>0 0</gml:low>\
             <gml:high>{high}</gml:high></gml:GridEnvelope></gml:limits></gml:Grid></gml:gridDomain>\n\
             <gml:rangeSet><gml:DataBlock>\n<gml:tupleList>\n{tuples}</gml:tupleList>\n\
             </gml:DataBlock></gml:rangeSet>\n<gml:coverageFunction><gml:GridFunction>\
             <gml:sequenceRule order=\"+x-y\">Linear</gml:sequenceRule>\
             <gml:startPoint>{start}</gml:startPoint></gml:GridFunction></gml:coverageFunction>\n\
             </coverage></DEM></Dataset>\n"
        )
    }

    fn read(&self) -> Result<Elevation, FgdError> {
        read(self.xml().as_bytes())
    }
}

#[test]
fn a_mesh_is_read() {
    let found = Mesh::default().read().unwrap();
    assert_eq!((found.mesh.as_str(), found.date.as_str()), ("54380000", "2026-10-01"));
    assert_eq!(found.product, "5mメッシュ（標高）");
    assert_eq!(found.shape, [3, 4]);
    assert_eq!(found.heights_m, [1.5; 12]);
    assert_eq!(found.cell_arcsec.to_bits(), 0.2_f64.to_bits());
    // 36.25° and 3 cells, 139°.
    assert_eq!(found.corner, [652_503, 2_502_000]);
    let place = found.place();
    assert_eq!(place.epsg, Some(6_668));
    assert!((place.origin[0] - 139.0).abs() < 1e-12);
    assert!((place.origin[1] - (36.25 + 0.6 / 3_600.0)).abs() < 1e-12);
}

#[test]
fn a_list_may_begin_late_and_end_early() {
    let tuples =
        "表層面,2.25\r\n海水面,0.\n内水面,-1.5\nその他,-9999.\nデータなし,-9999.00\n".to_owned();
    let found = Mesh { tuples, start: "2 0", ..Mesh::default() }.read().unwrap();
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let none = f32::NAN;
    let expected = [none, none, 2.25, 0.0, -1.5, none, none, none, none, none, none, none];
    assert_eq!(bits(&found.heights_m), bits(&expected));
    let surfaces =
        [Surface::None, Surface::None, Surface::Top, Surface::Sea, Surface::Inland, Surface::Other];
    assert_eq!(found.surfaces[..6], surfaces);
    assert_eq!(found.count(Surface::None), 8);
    let empty = Mesh { tuples: String::new(), ..Mesh::default() }.read().unwrap();
    assert_eq!(empty.count(Surface::None), 12);
}

#[test]
fn datums_are_kept() {
    for (datum, epsg, vertical) in [
        ("fguuid:jgd2024.bl", Some(6_668), Some("JGD2024")),
        ("fguuid:jgd2000.bl", Some(4_612), Some("JGD2000")),
        ("fguuid:tokyo.bl", Some(4_301), Some("JSLD69")),
        ("urn:mars", None, None),
    ] {
        let reference = Mesh { datum, ..Mesh::default() }.read().unwrap().reference;
        assert_eq!(reference, Reference { id: datum.to_owned(), epsg, vertical_datum: vertical });
    }
}

#[test]
fn wrong_files_are_refused() {
    let refused = |mesh: Mesh| mesh.read().unwrap_err();
    let base = Mesh::default;
    let tuples = "地表面,1\n".repeat(13);
    insta::assert_snapshot!(refused(Mesh { tuples, ..base() }), @"13 values from cell 0 do not fit 12 cells");
    insta::assert_snapshot!(refused(Mesh { start: "1 0", ..base() }), @"12 values from cell 1 do not fit 12 cells");
    insta::assert_snapshot!(refused(Mesh { start: "4 0", ..base() }), @"12 values from cell 4 do not fit 12 cells");
    let tuples = "地表面,1\n地面,2\n".to_owned();
    insta::assert_snapshot!(refused(Mesh { tuples, ..base() }), @r#"value 2 at byte 13: "地面,2""#);
    let tuples = "地表面,inf\n".to_owned();
    insta::assert_snapshot!(refused(Mesh { tuples, ..base() }), @r#"value 1 at byte 1: "地表面,inf""#);
    let tuples = "&#x5730;".to_owned();
    assert_eq!(refused(Mesh { tuples, ..base() }).code(), "fgd-value");
    let tuples = "<a/>".to_owned();
    assert!(Mesh { tuples, ..base() }.read().is_ok());
    insta::assert_snapshot!(refused(Mesh { high: "3 3", ..base() }), @"a cell of 0.19999979999170137 x 0.15000030000180686 arc seconds is none of this product");
    insta::assert_snapshot!(refused(Mesh { lower: "36.25001 139.0", upper: "36.250176667 139.000222222", ..base() }), @"the envelope from [36.25001, 139.0] to [36.250176667, 139.000222222] is not on the lattice of its cells");
    insta::assert_snapshot!(refused(Mesh { lower: "36.25", ..base() }), @r#"`lowerCorner` at byte 337: "36.25""#);
    let xml = base().xml();
    let without = |part: &str| read(xml.replace(part, "other").as_bytes()).unwrap_err().to_string();
    assert_eq!(without("GridEnvelope"), "`GridEnvelope` is missing");
    assert_eq!(without("tupleList"), "`tupleList` is missing");
    assert_eq!(without("lowerCorner"), "`Envelope` is missing");
    let second = xml.replace("</DEM>", "<gml:tupleList></gml:tupleList></DEM>");
    assert_eq!(read(second.as_bytes()).unwrap_err().code(), "fgd-second");
}

/// Bombs end at once.
#[test]
#[expect(clippy::disallowed_methods, reason = "a bomb must end at once")]
fn bombs_are_refused() {
    let clock = Instant::now();
    let count = Mesh { high: "31622 31622", ..Mesh::default() }.read().unwrap_err();
    insta::assert_snapshot!(count, @"31623 x 31623 cells are more than a mesh of at most 4194304");
    let count = Mesh { high: "18446744073709551615 1", ..Mesh::default() }.read().unwrap_err();
    assert_eq!(count.code(), "fgd-too-large");
    let xml = Mesh::default().xml();
    let lol = "<!DOCTYPE x [<!ENTITY a \"&b;&b;\"><!ENTITY b \"&a;\">]><Dataset";
    let entities = read(xml.replace("<Dataset", lol).as_bytes()).unwrap_err();
    insta::assert_snapshot!(entities, @"a document type at byte 39");
    let entity = read(xml.replace("54380000", "&lol;").as_bytes()).unwrap_err();
    assert_eq!(entity.code(), "fgd-refused");
    let deep = format!("<Dataset>{}", "<a>".repeat(1_000_000));
    assert_eq!(
        read(deep.as_bytes()).unwrap_err().to_string(),
        "elements nested too deeply at byte 102"
    );
    // 100 MB of one text, of one tag, of one line: none is held.
    for (head, code) in [("<Dataset>", "fgd-refused"), ("<Dataset ", "fgd-refused")] {
        let endless = BufReader::new(std::io::Read::chain(
            Cursor::new(head),
            std::io::Read::take(std::io::repeat(b'a'), 100_000_000),
        ));
        assert_eq!(read(endless).unwrap_err().code(), code, "{head}");
    }
    let (head, _) = xml.split_once("地表面").unwrap();
    for (filling, code) in [(b'1', "fgd-value"), (b' ', "fgd-value")] {
        let endless = BufReader::new(std::io::Read::chain(
            Cursor::new(head.as_bytes()),
            std::io::Read::take(std::io::repeat(filling), 100_000_000),
        ));
        assert_eq!(read(endless).unwrap_err().code(), code);
    }
    assert!(clock.elapsed() < Duration::from_secs(2), "{:?}", clock.elapsed());
}

/// Every prefix and 2,000 flips: an error or a mesh, never a panic.
#[test]
fn hostile_bytes_end_in_an_error() {
    let file = Mesh::default().xml().into_bytes();
    assert!(file.len() <= 4_096, "{}", file.len());
    for end in 0..file.len() - 1 {
        assert!(read(&file[..end]).is_err(), "{end} of {}", file.len());
    }
    let mut refused = 0;
    for n in 0..2_000 {
        let mut bytes = file.clone();
        flip(&mut bytes, random(n));
        refused += usize::from(read(&bytes[..]).is_err());
    }
    assert!(500 < refused, "{refused}");
}

proptest! {
    /// However the stream comes in pieces, the heights are the same.
    #[test]
    fn pieces_change_nothing(piece in 1_usize..64, count in 0_usize..13) {
        let lines = (0..count).map(|i| format!("地表面,{}.{i:02}\n", 100_usize.abs_diff(i * 10)));
        let tuples = lines.collect::<Vec<_>>().concat();
        let mesh = Mesh { tuples, ..Mesh::default() };
        let xml = mesh.xml();
        let found = read(BufReader::with_capacity(piece, xml.as_bytes())).unwrap();
        prop_assert_eq!(&found.surfaces, &mesh.read().unwrap().surfaces);
        for (index, height) in found.heights_m.iter().take(count).enumerate() {
            let expected: f32 = format!("{}.{index:02}", 100_usize.abs_diff(index * 10)).parse().unwrap();
            prop_assert_eq!(height.abs().to_bits(), expected.to_bits());
        }
    }
}

/// The real mesh: 33,750 values, 33,448 of the ground, 302 of water; 200 prefixes are refused.
#[test]
#[expect(clippy::disallowed_methods, reason = "real files are found by the environment")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn the_real_mesh_is_read_exactly() {
    let Some(root) = std::env::var_os("JOMO_REAL_DATA") else {
        println!("skipped: the_real_mesh_is_read_exactly: JOMO_REAL_DATA is not set");
        return;
    };
    let name = "fgd-dem/FG-GML-5238-74-00-DEM5A-20161001.xml";
    let file = std::fs::read(std::path::Path::new(&root).join(name)).unwrap();
    let found = read(&file[..]).unwrap();
    assert_eq!(found.shape, [150, 225]);
    assert_eq!(found.count(Surface::Ground), 33_448);
    assert_eq!(found.count(Surface::Inland), 302);
    assert_eq!(found.heights_m.len(), 33_750);
    // This file gives no height to water.
    let water = found.surfaces.iter().map(|surface| *surface == Surface::Inland);
    assert!(found.heights_m.iter().map(|height| height.is_nan()).eq(water));
    assert_eq!(found.heights_m[..4], [145.3, 145.1, 144.9, 144.9]);
    assert_eq!(found.heights_m[33_749].to_bits(), 261.59_f32.to_bits());
    assert_eq!((found.mesh.as_str(), found.reference.epsg), ("52387400", Some(6_668)));
    assert_eq!(found.reference.vertical_datum, Some("JGD2011"));
    assert_eq!(found.corner, [(35 * 3_600 + 930) * 5, (138 * 3_600 + 1_800) * 5]);
    // The text of the list, number by number.
    let text = String::from_utf8(file.clone()).unwrap();
    let list = text.split("<gml:tupleList>").nth(1).unwrap().split("</").next().unwrap();
    let numbers = list.trim().lines().map(|line| line.split_once(',').unwrap().1.trim());
    let numbers = numbers.map(|number| match number {
        "-9999." => f32::NAN.to_bits(),
        number => number.parse::<f32>().unwrap().to_bits(),
    });
    assert!(found.heights_m.iter().map(|height| height.to_bits()).eq(numbers));
    for n in 0..200 {
        let end = usize::try_from(random(n) % (file.len() as u64 - 20)).unwrap();
        assert!(read(&file[..end]).is_err(), "{end}");
    }
}
