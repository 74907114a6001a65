use jomo_core::message::Coded as _;

use super::*;
use crate::vector::hostile::{prefixes_and_flips, random_prefixes, real_file};

const GAUGES: &str = "\u{feff}code,name,town_code,city,lat,lon,start_level,warn_level,\
    flood_level,standby_level,caution_level,judgement_level,danger_level,datum,zero_height,\
    interval_min,feed\r\n\
    C1,上橋,10201,前橋市,36.35,139.13,74.67,75.19,75.94,,,,,,,,\r\n\
    C2,\"下,橋\",,,,,-3.5,,0,,,,,overflow,,10,LPWA\r\n\
    R1,中橋,10202,,36.3,139.0,,,,1.2,2,2.6,3.1,zero,88.25,10,\r\n\
    R2,奥橋,10202,,36.3,139.0,,,,,2,,,tp,,,\r\n";

const READINGS: &str = "code,obs_time,level,over,point,qt\n\
    C1,2025-09-19T00:49:00+09:00,74.70,1,3,\n\
    C1,2025-09-18T15:39:00Z,74.68,1,1,\n\
    C1,2025-09-19T01:49:00+09:00,75.20,11,99,\n\
    C2,2025-09-19T01:49:00+09:00,0.01,111,999,\n\
    R1,2025-09-19T01:50:00+09:00,1.10,,,\n";

#[test]
fn both_families_of_gauges_are_read_and_kept_apart() {
    let read = gauges(GAUGES.as_bytes()).unwrap();
    assert!(read.faults.is_empty(), "{:?}", read.faults);
    let [c1, c2, r1, r2] = &read.gauges[..] else { panic!("{:?}", read.gauges) };
    assert_eq!((c1.name.as_str(), c1.municipality.as_deref()), ("上橋", Some("前橋市")));
    assert_eq!((c1.lon_lat, c1.datum), (Some([139.13, 36.35]), DatumCell::Unstated));
    let crisis = |start, danger, overflow| LevelCells::Crisis { start, danger, overflow };
    assert_eq!(c1.levels, crisis(Some(74.67), Some(75.19), Some(75.94)));
    assert_eq!((c2.levels, c2.datum), (crisis(Some(-3.5), None, Some(0.0)), DatumCell::Overflow));
    assert_eq!((c2.name.as_str(), c2.lon_lat, c2.interval_min), ("下,橋", None, Some(10)));
    assert_eq!((c1.feed.as_deref(), c2.feed.as_deref()), (None, Some("LPWA")));
    assert_eq!(r1.datum, DatumCell::GaugeZero(Some(88.25)));
    let (standby, judgement, danger) = (None, None, None);
    let only_caution = LevelCells::Reference { standby, caution: Some(2.0), judgement, danger };
    assert_eq!((r2.levels, r2.datum), (only_caution, DatumCell::TokyoPeil));
}

#[test]
fn readings_are_in_order_of_time_for_each_gauge() {
    let read = readings(READINGS.as_bytes()).unwrap();
    assert!(read.faults.is_empty(), "{:?}", read.faults);
    let told: Vec<String> = read
        .readings
        .iter()
        .flat_map(|(id, rows)| rows.iter().map(move |r| (id, r)))
        .map(|(id, r)| format!("{id} {} {:.2} {:?}", r.time, r.level_m, r.reached))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    C1 2025-09-18T15:39:00Z 74.68 Some(1)
    C1 2025-09-18T15:49:00Z 74.70 Some(1)
    C1 2025-09-18T16:49:00Z 75.20 Some(2)
    C2 2025-09-18T16:49:00Z 0.01 Some(3)
    R1 2025-09-18T16:50:00Z 1.10 None
    ");
}

fn told(faults: &Faults) -> String {
    let line = |(code, fault): (&str, &jomo_core::fault::Fault)| {
        format!("{code} {}", fault.places.join(" "))
    };
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_bad_row_is_counted_with_its_number() {
    let header = "code,name,lat,lon,kind,datum,interval_min,start_level,warn_level,flood_level,\
                  standby_level,caution_level,judgement_level,danger_level,feed\n";
    let rows = "a,a,,,,,,1,2,3,,,,,\n\
                b,b,,,,,,1,2,3,1,,,,\n\
                c,c,,,,,,,,,,,,,\n\
                d,d,,,reference,,,1,2,3,,,,,\n\
                e,e,,,radar,,,1,2,3,,,,,\n\
                f,f,,,,sea,,1,2,3,,,,,\n\
                g,g,,,,,0,1,2,3,,,,,\n\
                h,h,,,,,,x,2,3,,,,,\n\
                ,i,,,,,,1,2,3,,,,,\n\
                a,j,,,,,,1,2,3,,,,,\n\
                k,k,x,139,,,,1,2,3,,,,,\n\
                l,l,136,36,,,,1,2,3,,,,,\n\
                m,m,,,,,,NaN,2,3,,,,,\n\
                n,n\n\
                o,o,,,,,,-9999,2,3,,,,,\n\
                p,p,,,crisis,TP,5,1,,3,,,,,,\n\
                q,q,,,crisis,,,,,,1,2,3,4,\n\
                r,r,,,,,,1,2,3,,,,,a b\n";
    let read = gauges(format!("{header}{rows}").as_bytes()).unwrap();
    let ids: Vec<_> = read.gauges.iter().map(|gauge| gauge.id.as_str()).collect();
    assert_eq!(ids, ["a", "p"]);
    insta::assert_snapshot!(told(&read.faults), @r"
    gauge-datum row 6
    gauge-feed row 18
    gauge-id row 9
    gauge-id-repeated row 10
    gauge-interval row 7
    gauge-kind row 5
    gauge-level row 8 row 13 row 15
    gauge-levels-mixed row 2 row 4 row 17
    gauge-levels-none row 3
    geometry-outside row 12
    position-not-a-number row 11
    row-short row 14
    ");

    let rows = "code,obs_time,level,over\n\
                a,2025-09-19T00:49:00+09:00,1.5,1\n\
                a,2025-09-19T00:49:00,1.5,1\n\
                a,2025-09-19T00:50:00Z,,1\n\
                a,2025-09-19T00:51:00Z,inf,1\n\
                a,2025-09-19T00:52:00Z,1.5,2\n\
                a,2025-09-18T15:49:00Z,1.50,1\n\
                a,2025-09-18T15:49:00Z,1.6,1\n\n\
                a b,2025-09-18T15:49:00Z,1.6,1\n";
    let read = readings(rows.as_bytes()).unwrap();
    assert_eq!(read.readings["a"].len(), 1);
    insta::assert_snapshot!(told(&read.faults), @r"
    gauge-id row 8
    reading-contradicts row 7
    reading-level row 3 row 4
    reading-over row 5
    reading-repeated row 6
    reading-time row 2
    ");
}

#[test]
fn a_bad_table_is_refused() {
    let lines: Vec<String> = [
        gauges(b"").unwrap_err(),
        gauges(b"code,name\n").unwrap_err(),
        gauges(b"Code,Name,warnLevel,flood_level\n").unwrap_err(),
        gauges(b"code,name,standby_level,caution_level,judgement_level\n").unwrap_err(),
        gauges(b"code,Code,name,start_level,warn_level,flood_level\n").unwrap_err(),
        readings(b"code,time,level\n").unwrap_err(),
        readings(b"code,obs_time,level,level\n").unwrap_err(),
        readings(b"code,\xff\xfd,level\n").unwrap_err(),
    ]
    .iter()
    .map(|error| format!("{}: {error}", error.code()))
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    table-no-header: the table is empty: a header is expected in its first line
    gauge-csv-columns: no column start_level, warn_level, flood_level; the columns are code, name
    gauge-csv-columns: no column start_level; the columns are Code, Name, warnLevel, flood_level
    gauge-csv-columns: no column start_level, warn_level, flood_level; the columns are code, name, standby_level, caution_level, judgement_level
    table-header-repeated: column names used more than once: code
    gauge-csv-columns: no column obs_time; the columns are code, time, level
    table-header-repeated: column names used more than once: level
    vector-encoding: the text is neither UTF-8 nor CP932: first unfit byte at 5
    ");
}

#[test]
fn hostile_bytes_end_in_an_answer() {
    prefixes_and_flips(GAUGES.as_bytes(), |bytes| {
        if let Ok(read) = gauges(bytes) {
            assert!(read.gauges.len() <= 4 + bytes.len() / 8);
        }
    });
    prefixes_and_flips(READINGS.as_bytes(), |bytes| {
        for series in readings(bytes).iter().flat_map(|read| read.readings.values()) {
            assert!(series.is_sorted_by(|a, b| a.time < b.time));
            assert!(series.iter().all(|reading| reading.level_m.abs() <= LEVEL_MAX_M));
        }
    });
}

/// 70 gauges, all of the family that is silent below its start level; 5,213 readings of 47.
#[test]
fn the_real_tables_are_read_whole() {
    let test = "the_real_tables_are_read_whole";
    let Some(file) = real_file(test, "gunma-river-levels/gunma_crisis_gauges.csv") else { return };
    let table = gauges(&file).unwrap();
    assert!(table.faults.is_empty(), "{:?}", table.faults);
    assert_eq!(table.gauges.len(), 70);
    let without_danger = |gauge: &&GaugeRow| {
        matches!(
            gauge.levels,
            LevelCells::Crisis { danger: None, start: Some(_), overflow: Some(_) }
        )
    };
    assert_eq!(table.gauges.iter().filter(without_danger).count(), 8);
    let known: BTreeSet<&str> = table.gauges.iter().map(|gauge| gauge.id.as_str()).collect();
    random_prefixes(&file, |bytes| drop(gauges(bytes)));

    let path = "gunma-river-levels/gunma_levels_2025-09_2026-06.csv";
    let Some(file) = real_file(test, path) else { return };
    let read = readings(&file).unwrap();
    assert!(read.faults.is_empty(), "{:?}", read.faults);
    let counts = (read.readings.len(), read.readings.values().map(Vec::len).sum::<usize>());
    assert_eq!(counts, (47, 5_213));
    assert!(read.readings.keys().all(|id| known.contains(id.as_str())));
    let spilling = read.readings.values().flatten().filter(|r| r.reached == Some(3)).count();
    assert_eq!(spilling, 169);
    random_prefixes(&file, |bytes| drop(readings(bytes)));
}
