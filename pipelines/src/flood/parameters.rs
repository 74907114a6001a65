//! The parameter file of a basin: what `jomo flood calibrate` found and a region file names.
//!
//! ```toml
//! channel = 1.13          # factor on `rivers.roughness`
//! roughness = 0.84        # factor on the roughness of hillsides and channels
//! soil_depth = 1.31       # factor on the water that the soil can hold
//! conductivity = 0.92     # factor on the conductivities of the soil
//! source = "how and from what they were found"
//! ```

use std::path::Path;

use jomo_core::layer::InputFile;
use serde_json::{Value, json};
use toml::de::DeTable;

use super::fault::CaseFault;
use super::table::{Reading, Section, number, text};
use crate::failure::{BoxedError, Exit, Failure};
use crate::source::Source;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1 << 16;
/// Names and ranges of the factors, as the file has them and a calibration searches them. Channels
/// of 0.035 s/m^(1/3) come to 0.018 to 0.07: from clean lowland rivers to boulders (Chow 1959).
pub const FACTORS: [(&str, [f64; 2]); 4] = [
    ("channel", [0.5, 2.0]),
    ("roughness", [0.3, 3.0]),
    ("soil_depth", [0.3, 3.0]),
    ("conductivity", [0.1, 10.0]),
];

/// Factors on the first guesses of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// In the order of [`FACTORS`].
    pub factors: [f64; 4],
    /// How they were found.
    pub source: String,
    /// The file.
    pub file: InputFile,
}

impl Parameters {
    /// Reads a file.
    ///
    /// # Errors
    /// With all faults at once.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let Source { file, bytes } = Source::read(path, LARGEST)?;
        let read = parse(&String::from_utf8_lossy(&bytes)).map_err(|faults| Failure {
            exit: Exit::Input,
            place: Some(path.display().to_string()),
            errors: faults.into_iter().map(|fault| Box::new(fault) as BoxedError).collect(),
            recorded: false,
        })?;
        let (factors, source) = read;
        Ok(Self { factors, source, file })
    }

    /// Names and values, for records.
    #[must_use]
    pub fn told(factors: [f64; 4]) -> Value {
        FACTORS
            .iter()
            .zip(factors)
            .map(|((name, _), value)| ((*name).to_owned(), json!(value)))
            .collect()
    }

    /// The text of a file.
    #[must_use]
    pub fn text(factors: [f64; 4], source: &str) -> String {
        let lines =
            FACTORS.iter().zip(factors).map(|((name, _), value)| format!("{name} = {value:?}\n"));
        let source = toml::Value::String(source.to_owned());
        format!("{}source = {source}\n", lines.collect::<String>())
    }
}

/// Checks the text of a file.
fn parse(text_of: &str) -> Result<([f64; 4], String), Vec<CaseFault>> {
    let mut reading = Reading::new(text_of);
    let document = DeTable::parse(text_of).map_err(|fault| {
        let line = fault.span().map_or(1, |span| reading.line(span.start));
        let reason = fault.message().split_whitespace().collect::<Vec<_>>().join(" ");
        vec![CaseFault::Syntax { line, reason }]
    })?;
    let mut root = Section::root(document.get_ref(), &mut reading);
    let expected = ["0.5 to 2", "0.3 to 3", "0.3 to 3", "0.1 to 10"];
    let mut factors = [None; 4];
    for ((factor, (name, [low, high])), expected) in factors.iter_mut().zip(FACTORS).zip(expected) {
        *factor = root.required(name, expected, |entry| {
            number(entry).filter(|value| (low..=high).contains(value))
        });
    }
    let source = root.required("source", "text", text);
    root.refuse_unknown();
    let whole: Option<Vec<f64>> = factors.into_iter().collect();
    let factors = whole.and_then(|factors| <[f64; 4]>::try_from(factors).ok());
    match factors.zip(source) {
        Some(read) if reading.faults.is_empty() => Ok(read),
        _ => {
            reading.faults.sort_by_key(CaseFault::line);
            Err(reading.faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTORS_FOUND: [f64; 4] = [1.25, 0.5, 2.0, 0.125];

    #[test]
    fn what_is_written_is_read() {
        let text = Parameters::text(FACTORS_FOUND, "a \"storm\"\nand another");
        let (factors, source) = parse(&text).unwrap();
        assert_eq!(factors.map(f64::to_bits), FACTORS_FOUND.map(f64::to_bits));
        assert_eq!(source, "a \"storm\"\nand another");
    }

    #[test]
    fn faults_are_told_all_at_once_with_their_lines() {
        let told = |text: &str| -> Vec<String> {
            parse(text).unwrap_err().iter().map(ToString::to_string).collect()
        };
        let text = Parameters::text(FACTORS_FOUND, "a storm")
            .replace("channel = 1.25", "channel = 9")
            .replace("soil_depth = 2.0\n", "")
            .replace("conductivity", "conductivty");
        assert_eq!(
            told(&text),
            [
                "line 1: `channel` = 9: expected 0.5 to 2",
                "line 1: `soil_depth` is missing",
                "line 1: `conductivity` is missing",
                "line 3: unknown key `conductivty`, did you mean `conductivity`?",
            ]
        );
        assert!(told("channel = nan").len() == 5);
    }

    #[test]
    fn damaged_files_are_refused_without_harm() {
        let text = Parameters::text(FACTORS_FOUND, "a storm");
        for end in 0..text.len() {
            drop(parse(&text[..end]));
        }
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..2_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let mut bytes = text.clone().into_bytes();
            let at = usize::try_from(random % bytes.len() as u64).unwrap();
            bytes[at] ^= 1 << (random >> 61);
            drop(parse(&String::from_utf8_lossy(&bytes)));
        }
    }
}
