//! The parameter file of levee breaches: TOML, read once, every fault with its line.
//!
//! ```toml
//! [rule]
//! width = [1.6, 3.8, 62.0]        # factor, exponent, offset: factor · log10(B)^exponent + offset, m
//! first_share = 0.5               # opens at once; the rest evenly in growth_s
//! growth_s = 3600
//! source = "the manual that the numbers are from, with its edition"
//! [rule.applies_when]
//! levee_height_m = 1.0            # above the land behind it
//! river_width_m = 30.0
//!
//! [[breach]]
//! at = [1234.5, 678.9]            # easting, northing in the planar system of the region
//! side = "left"                   # of one who looks downstream
//! over_crest_m = 0.0              # and for_s: by the level; or time, by an operator
//! for_s = 600
//! sill_m = 21.5                   # optional; else the land behind the levee
//!
//! [[breach]]
//! at = [2234.5, 678.9]
//! side = "right"
//! time = "2017-08-07T00:10:00Z"
//! ```

use std::path::Path;

use jiff::Timestamp;
use jomo_core::layer::InputFile;
use jomo_flood::BasinError;
use jomo_flood::river::{Breach, BreachRule, Trigger};
use jomo_flood::waterway::Waterway;
use toml::de::DeTable;

use super::fault::CaseFault;
use super::table::{Entry, Reading, Section, number, pair, text};
use crate::failure::{BoxedError, Exit, Failure};
use crate::source::Source;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// A breach is at the nearest node, which is no farther than this, m: half of the longest stretch
/// and the width of a large river.
const NEAR_M: f64 = 300.0;

/// Levees that may give way, by place.
#[derive(Clone, Debug, PartialEq)]
pub struct BreachFile {
    /// The rule for all of them.
    pub rule: BreachRule,
    /// Where and when.
    pub places: Vec<BreachPlace>,
}

/// One levee that may give way.
#[derive(Clone, Debug, PartialEq)]
pub struct BreachPlace {
    /// `[easting, northing]` in m.
    pub at_m: [f64; 2],
    /// 0 left, 1 right.
    pub side: usize,
    /// By level or by time.
    pub trigger: When,
    /// Level of the sill in m.
    pub sill_m: Option<f64>,
}

/// When a levee gives way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// The river has stood so many m above the crest for so many s.
    OverCrest([f64; 2]),
    /// An operator says so.
    At(Timestamp),
}

impl BreachFile {
    /// Reads a file.
    ///
    /// # Errors
    /// With all faults at once.
    pub fn open(path: &Path) -> Result<(Self, InputFile), Failure> {
        let Source { file, bytes } = Source::read(path, LARGEST)?;
        let read = Self::parse(&String::from_utf8_lossy(&bytes)).map_err(|faults| Failure {
            exit: Exit::Input,
            place: Some(path.display().to_string()),
            errors: faults.into_iter().map(|fault| Box::new(fault) as BoxedError).collect(),
            recorded: false,
        })?;
        Ok((read, file))
    }

    /// Checks the text of a file.
    ///
    /// # Errors
    /// All faults.
    pub fn parse(text: &str) -> Result<Self, Vec<CaseFault>> {
        let mut reading = Reading::new(text);
        let document = DeTable::parse(text).map_err(|fault| {
            let line = fault.span().map_or(1, |span| reading.line(span.start));
            let reason = fault.message().split_whitespace().collect::<Vec<_>>().join(" ");
            vec![CaseFault::Syntax { line, reason }]
        })?;
        let mut root = Section::root(document.get_ref(), &mut reading);
        let rule = root.table("rule", read_rule);
        if rule.is_none() && !root.has("rule") {
            root.missing("rule");
        }
        let places = root.tables("breach", read_place);
        root.refuse_unknown();
        match rule.flatten() {
            Some(rule) if reading.faults.is_empty() => Ok(Self { rule, places }),
            _ => {
                reading.faults.sort_by_key(CaseFault::line);
                Err(reading.faults)
            }
        }
    }

    /// The breaches on a river, each at the nearest node; times are seconds since 1970 (UTC), as the
    /// rivers of a forecast count them.
    ///
    /// # Errors
    /// [`BasinError::Item`] for each breach that no node is near to.
    #[must_use]
    pub fn on(&self, waterway: &Waterway) -> Vec<Result<Breach, BasinError>> {
        let one = |(index, place): (usize, &BreachPlace)| {
            let away = |at: [f64; 2]| (at[0] - place.at_m[0]).hypot(at[1] - place.at_m[1]);
            let nodes =
                (0_u32..).zip(waterway.nodes()).map(|(node, known)| (node, away(known.at_m)));
            let nearest = nodes.min_by(|a, b| a.1.total_cmp(&b.1));
            let Some((node, _)) = nearest.filter(|(_, away)| *away <= NEAR_M) else {
                let expected = "a place within 300 m of a river";
                return Err(BasinError::Item { what: "breach", index, expected });
            };
            let trigger = match place.trigger {
                When::OverCrest([by_m, for_s]) => Trigger::OverCrest { by_m, for_s },
                When::At(time) => Trigger::At(time.as_second() as f64),
            };
            let (side, sill_m, rule) = (place.side, place.sill_m, self.rule.clone());
            Ok(Breach { node, side, trigger, sill_m, rule })
        };
        self.places.iter().enumerate().map(one).collect()
    }
}

fn within(entry: Entry<'_, '_>, [least, most]: [f64; 2]) -> Option<f64> {
    number(entry).filter(|value| (least..=most).contains(value))
}

fn read_rule(section: &mut Section<'_, '_, '_>) -> Option<BreachRule> {
    let width = section.required("width", "[factor, exponent, offset], 0 to 10000", |entry| {
        let [a, b, c] = entry.value.as_array()?.get(..)? else { return None };
        let one = |value| within(Entry { value, line: entry.line }, [0.0, 1e4]);
        Some([one(a.get_ref())?, one(b.get_ref())?, one(c.get_ref())?])
    });
    let first_share = section.required("first_share", "0 to 1", |e| within(e, [0.0, 1.0]));
    let growth_s = section.required("growth_s", "seconds, 1 to 1000000", |e| within(e, [1.0, 1e6]));
    let source = section.required("source", "text", text);
    // The widths of a manual are for levees and rivers of a size: to say which is no option.
    let limits = section.table("applies_when", |section| {
        let levee =
            section.required("levee_height_m", "metres, 0 to 10000", |e| within(e, [0.0, 1e4]));
        let river =
            section.required("river_width_m", "metres, 0 to 10000", |e| within(e, [0.0, 1e4]));
        levee.zip(river)
    });
    if limits.is_none() && !section.has("applies_when") {
        section.missing("applies_when");
    }
    let (least_levee_m, least_river_m) = limits.flatten()?;
    Some(BreachRule {
        width: width?,
        first_share: first_share?,
        growth_s: growth_s?,
        least_levee_m,
        least_river_m,
        source: source?,
    })
}

fn read_place(section: &mut Section<'_, '_, '_>) -> Option<BreachPlace> {
    let at_m = section.required("at", "[easting, northing] in m", |entry| pair(entry, number));
    let side =
        section.required("side", "\"left\" or \"right\"", |entry| match text(entry)?.as_str() {
            "left" => Some(0),
            "right" => Some(1),
            _ => None,
        });
    let sill_m = section.optional("sill_m", "metres, -1000 to 9000", |e| within(e, [-1e3, 9e3]));
    let trigger = match section.one_of(&["over_crest_m", "time"]) {
        Some("time") => {
            section.refuse(&["for_s"], "time");
            let time =
                section.optional("time", "a time such as \"2017-08-07T00:10:00Z\"", |entry| {
                    text(entry)?.parse::<Timestamp>().ok()
                });
            time.map(When::At)
        }
        Some(_) => {
            let by_m =
                section.optional("over_crest_m", "metres, -10 to 10", |e| within(e, [-10.0, 10.0]));
            let for_s =
                section.required("for_s", "seconds, 0 to 1000000", |e| within(e, [0.0, 1e6]));
            by_m.zip(for_s).map(|(by_m, for_s)| When::OverCrest([by_m, for_s]))
        }
        None => {
            if !(section.has("over_crest_m") || section.has("time")) {
                section.missing_one(&["over_crest_m", "time"]);
            }
            None
        }
    };
    section.know(&["over_crest_m", "time", "for_s"]);
    Some(BreachPlace { at_m: at_m?, side: side?, trigger: trigger?, sill_m })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jomo_flood::waterway::Node;

    const FILE: &str = r#"
[rule]
width = [1.6, 3.8, 62]
first_share = 0.5
growth_s = 3600
source = "a manual"
applies_when = { levee_height_m = 1.0, river_width_m = 30.0 }

[[breach]]
at = [1000.0, 500.0]
side = "left"
over_crest_m = 0.1
for_s = 600

[[breach]]
at = [0.0, 500.0]
side = "right"
time = "2017-08-07T00:10:00Z"
sill_m = 21.5
"#;

    #[test]
    fn breaches_are_read_and_placed() {
        let file = BreachFile::parse(FILE).unwrap();
        // A river of 100 m: 1.6 · 2^3.8 + 62 = 84.3 m.
        assert!((file.rule.full_width_m(100.0) - 84.29).abs() < 0.01);
        let node = |index: u32| Node {
            reach: 0,
            station_m: 0.0,
            at_m: [200.0 * f64::from(index), 510.0],
            length_m: 200.0,
            width_m: 50.0,
            bed_m: 20.0,
            crest_m: [25.0; 2],
            upstream_m2: 1e6,
            downstream: (index < 9).then_some(index + 1),
        };
        let waterway = Waterway::new((0..10).map(node).collect()).unwrap();
        let breaches: Vec<Breach> =
            file.on(&waterway).into_iter().collect::<Result<_, _>>().unwrap();
        assert_eq!((breaches[0].node, breaches[0].side), (5, 0));
        assert_eq!(breaches[0].trigger, Trigger::OverCrest { by_m: 0.1, for_s: 600.0 });
        assert_eq!((breaches[1].node, breaches[1].side, breaches[1].sill_m), (0, 1, Some(21.5)));
        let time: Timestamp = "2017-08-07T00:10:00Z".parse().unwrap();
        assert_eq!(breaches[1].trigger, Trigger::At(time.as_second() as f64));
        let far = FILE.replace("[1000.0, 500.0]", "[9000.0, 500.0]");
        let far = BreachFile::parse(&far).unwrap().on(&waterway);
        assert!(far[0].is_err() && far[1].is_ok());
    }

    #[test]
    fn faults_are_told_all_at_once_with_their_lines() {
        let told = |text: &str| -> Vec<String> {
            let faults = BreachFile::parse(text).unwrap_err();
            faults.iter().map(ToString::to_string).collect()
        };
        assert_eq!(told(""), ["line 1: `rule` is missing"]);
        let wrong = FILE
            .replace("first_share = 0.5", "first_share = 2")
            .replace("side = \"left\"", "side = \"north\"")
            .replace("for_s = 600\n", "")
            .replace("sill_m = 21.5", "sil_m = 21.5\nover_crest_m = 1");
        assert_eq!(
            told(&wrong),
            [
                "line 4: `rule.first_share` = 2: expected 0 to 1",
                "line 9: `breach[0].for_s` is missing",
                "line 11: `breach[0].side` = \"north\": expected \"left\" or \"right\"",
                "line 17: of `breach[1].over_crest_m`, `breach[1].time` only one may stand",
                "line 18: unknown key `breach[1].sil_m`, did you mean `sill_m`?",
            ]
        );
        let open =
            FILE.replace("applies_when = { levee_height_m = 1.0, river_width_m = 30.0 }\n", "");
        assert_eq!(told(&open), ["line 2: `rule.applies_when` is missing"]);
    }

    #[test]
    fn damaged_files_are_refused_without_harm() {
        for end in (0..FILE.len()).filter(|end| FILE.is_char_boundary(*end)) {
            drop(BreachFile::parse(&FILE[..end]));
        }
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..2_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let mut bytes = FILE.as_bytes().to_vec();
            let at = usize::try_from(random % bytes.len() as u64).unwrap();
            bytes[at] ^= 1 << (random >> 61);
            drop(BreachFile::parse(&String::from_utf8_lossy(&bytes)));
        }
    }
}
