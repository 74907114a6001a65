//! Golden values and laws of the shifts.

use super::*;

fn over(source: u32, xy: [f64; 2]) -> ([f64; 2], Moved) {
    let crs = Crs::from_epsg(source).unwrap();
    let mut positions = [xy];
    let moved = Operation::new(&crs).unwrap().forward(&mut positions);
    (positions[0], moved)
}

fn off(found: [f64; 2], expected: [f64; 2]) -> f64 {
    (found[0] - expected[0]).abs().max((found[1] - expected[1]).abs())
}

/// 05-inputs 6: `TKY2JGD` and `PatchJGD` of the Geospatial Information Authority at Maebashi. PROJ
/// without grids gives 36.39143999, 139.05979744.
#[test]
fn japanese_datums_shift_as_published() {
    let tokyo = [139.0630, 36.3883];
    let jgd2000 = japan::tokyo_to_jgd2000(tokyo).unwrap();
    assert!(off(jgd2000, [139.059_808_48, 36.391_436_36]) <= 5.1e-9, "{jgd2000:?}");
    let jgd2011 = [139.059_813_72, 36.391_435_84];
    for (epsg, from) in [(4612, jgd2000), (4301, tokyo)] {
        let (found, moved) = over(epsg, from);
        assert!(off(found, jgd2011) <= 5.1e-9, "{epsg}: {found:?}");
        assert_eq!(moved, Moved::default());
    }
}

/// EPSG:6677 is northing first; here easting comes first, whatever the authority prefers.
#[test]
fn a_plane_is_easting_first() {
    let plane = [-69_302.601_7, 43_670.349_1];
    let (found, _) = over(6677, plane);
    assert!(off(found, [139.0608, 36.3911]) <= 1e-9, "{found:?}");
    let wkt = SpatialRef::from_epsg(6677).unwrap().to_wkt().unwrap();
    let crs = Crs::from_wkt(&wkt).unwrap();
    assert_eq!((crs.epsg(), crs.datum(), crs.is_geographic()), (Some(6677), Datum::Jgd2011, false));
    let operation = Operation::new(&Crs::from_epsg(6668).unwrap()).unwrap().to_zone(Zone::IX);
    let mut positions = [[139.0608, 36.3911]];
    operation.forward(&mut positions);
    assert!(off(positions[0], plane) <= 1e-4, "{positions:?}");
}

/// A plane of Tokyo or JGD2000 is left on its own ellipsoid; the datum changes after that.
#[test]
fn planes_of_older_datums_change_datum_once() {
    let tokyo = [139.0630, 36.3883];
    for (plane, base) in [(30169, 4301), (2451, 4612), (3100, 4612), (3095, 4301)] {
        let (flat, round) = (Crs::from_epsg(plane).unwrap(), Crs::from_epsg(base).unwrap());
        let mut positions = [tokyo];
        // From the geographic base down to the plane, by way of JGD2011.
        let mut expected = positions;
        Operation::new(&round).unwrap().forward(&mut expected);
        positions = expected;
        Operation::new(&flat).unwrap().inverse(&mut positions);
        assert!(10.0 < positions[0][0].abs(), "{plane} is in metres: {positions:?}");
        Operation::new(&flat).unwrap().forward(&mut positions);
        assert!(off(positions[0], expected[0]) <= 1e-11, "{plane}: {positions:?} {expected:?}");
    }
}

#[test]
fn the_way_back_ends_where_it_began() {
    for epsg in [4301, 4612, 4326, 6668, 6677, 6691, 2451, 30169, 3857, 32654] {
        let operation = Operation::new(&Crs::from_epsg(epsg).unwrap()).unwrap();
        for place in [[138.7, 36.2], [139.06, 36.391], [139.4, 36.9], [140.9, 38.3]] {
            let mut positions = [place];
            assert_eq!(operation.inverse(&mut positions).missed, 0, "{epsg}");
            assert_eq!(operation.forward(&mut positions).missed, 0, "{epsg}");
            assert!(off(positions[0], place) <= 2e-11, "{epsg}: {positions:?} {place:?}");
        }
    }
}

/// WGS 84 and JGD2011 are taken for the same, and the name of the operation says so.
#[test]
fn null_shifts_are_stated() {
    for epsg in [4326, 4979, 6668, 6667, 6697] {
        let crs = Crs::from_epsg(epsg).unwrap();
        let place = [139.0, 36.5];
        assert_eq!(over(epsg, place).0.map(f64::to_bits), place.map(f64::to_bits), "{epsg}");
        let null = Operation::new(&crs).unwrap().name().contains("null shift WGS 84 = JGD2011");
        assert_eq!(null, crs.datum() == Datum::Wgs84, "{epsg}");
    }
}

/// What PROJ would do by a guess, it is not asked to do.
#[test]
fn ballpark_is_refused() {
    // ETRS89, NAD83, ITRF2014, Korea 2000 (1 m + 1 m), an unnamed datum on GRS80.
    for epsg in [4258, 4269, 9000, 4737, 4019, 25832] {
        let crs = Crs::from_epsg(epsg).unwrap();
        let fault = Operation::new(&crs).unwrap_err();
        assert!(matches!(&fault, CrsError::Ballpark { .. }), "{epsg}: {fault}");
        let text = fault.to_string();
        assert!(text.contains(&epsg.to_string()) && text.contains("6668"), "{text}");
    }
}

#[test]
fn what_has_no_longitude_is_refused() {
    // Geocentric, vertical, grads from Paris.
    for epsg in [6666, 6695, 4807] {
        let fault = Crs::from_epsg(epsg).unwrap_err();
        assert!(
            matches!(fault, CrsError::Unsupported { .. } | CrsError::Unknown { .. }),
            "{fault}"
        );
    }
    for code in [0, 1, 999_999, u32::MAX] {
        assert!(matches!(Crs::from_epsg(code), Err(CrsError::Unknown { .. })));
    }
    for wkt in ["", "x", "GEOGCS[", &"(".repeat(WKT_MAX + 1), "LOCAL_CS[\"here\"]"] {
        assert!(Crs::from_wkt(wkt).is_err(), "{}", wkt.len());
    }
}

/// The `.prj` of a real KSJ file gives neither code nor register names.
#[test]
fn descriptions_of_prj_files_are_known() {
    let wkt = r#"GEOGCS["GCS_JGD_2000",DATUM["D_JGD_2000",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
    assert_eq!(Crs::from_wkt(wkt).unwrap().datum(), Datum::Jgd2000);
    let wkt = wkt.replace("JGD_2000", "Tokyo").replace("GRS_1980", "Bessel_1841");
    assert_eq!(Crs::from_wkt(&wkt).unwrap().datum(), Datum::Tokyo);
}

/// A description that claims a code of the register without being it gets no code, and with it
/// not our formulas for that code.
#[test]
fn a_claimed_code_is_checked() {
    let wkt = SpatialRef::from_epsg(6677).unwrap().to_wkt().unwrap();
    let forged = wkt.replace("\"latitude_of_origin\",36]", "\"latitude_of_origin\",35]");
    assert_ne!(wkt, forged);
    let crs = Crs::from_wkt(&forged).unwrap();
    assert_eq!(crs.epsg(), None);
    let mut positions = [[0.0, 0.0]];
    Operation::new(&crs).unwrap().forward(&mut positions);
    assert!(off(positions[0], [139.0 + 50.0 / 60.0, 35.0]) <= 1e-9, "{positions:?}");
}

/// Outside the grids there is no answer; where 2011 changed nothing, the same answer is the law.
#[test]
fn no_silent_null() {
    // Matsuyama, Fukuoka, Sapporo, Naha, Nagoya, Shizuoka, Tsu, Oshima: not revised.
    for place in [
        [132.77, 33.84],
        [130.4, 33.59],
        [141.35, 43.06],
        [127.68, 26.21],
        [136.9, 35.17],
        [138.38, 34.98],
        [136.51, 34.73],
        [139.36, 34.75],
    ] {
        let (found, moved) = over(4612, place);
        assert_eq!(moved, Moved { missed: 0, unrevised: 1 });
        assert_eq!(found.map(f64::to_bits), place.map(f64::to_bits));
    }
    // The Pacific off Sendai, New York, and what is no place at all.
    for place in
        [[143.0, 38.2], [-74.0, 40.7], [f64::NAN, 36.0], [f64::INFINITY, 0.0], [1e300, 1e300]]
    {
        for epsg in [4612, 4301] {
            let (found, moved) = over(epsg, place);
            assert_eq!(moved.missed, 1, "{epsg} {place:?}");
            assert!(found[0].is_nan() && found[1].is_nan());
        }
    }
    // Tokyo has no parameters at sea: three parameters would be a guess.
    assert_eq!(over(4301, [136.5, 33.0]).1.missed, 1);
}
