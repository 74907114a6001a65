//! Features: a geometry in lon/lat, an id that lasts, and values in the order of a schema.

use std::collections::HashMap;

use geo_types::Geometry;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::layer::Text;

/// Longest id in bytes.
pub const ID_MAX: usize = 64;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// True or false.
    Bool,
    /// 64-bit signed integer.
    Int,
    /// 64-bit float, always finite.
    Float,
    /// UTF-8 text.
    Text,
}

/// How the text of a field is written, where it is more than words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextFormat {
    /// A moment by RFC 3339 in UTC: shown to people in Japan Standard Time.
    DateTime,
}

/// One column of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Name in files and tiles.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Title for people.
    pub title: Text,
    /// How its text is written, where it is more than words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<TextFormat>,
    /// Unit as printed behind a value, e.g. `mm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Codes with labels and colours, for classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Whether only signed-in readers may see it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted: bool,
    /// Whether a sorted index of it is published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sortable: bool,
}

impl Field {
    /// A field with a title and nothing else.
    #[must_use]
    pub fn new(name: &str, kind: FieldType, title: Text) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            title,
            format: None,
            unit: None,
            codes: Vec::new(),
            restricted: false,
            sortable: false,
        }
    }

    /// A text field that holds moments by RFC 3339.
    #[must_use]
    pub fn time(name: &str, title: Text) -> Self {
        Self { format: Some(TextFormat::DateTime), ..Self::new(name, FieldType::Text, title) }
    }

    /// The same field with a unit.
    #[must_use]
    pub fn with_unit(mut self, unit: &str) -> Self {
        self.unit = Some(unit.to_owned());
        self
    }
}

/// One class of a coded field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The value in the data, as it is written in a file.
    pub value: serde_json::Value,
    /// What it means.
    pub label: Text,
    /// CSS colour on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

/// One value of a feature. Absent values are `None` in [`Feature::values`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// 64-bit signed integer.
    Int(i64),
    /// 64-bit float, always finite.
    Float(f64),
    /// UTF-8 text.
    Text(String),
}

impl Value {
    /// The type of this value.
    #[must_use]
    pub fn field_type(&self) -> FieldType {
        match self {
            Self::Bool(_) => FieldType::Bool,
            Self::Int(_) => FieldType::Int,
            Self::Float(_) => FieldType::Float,
            Self::Text(_) => FieldType::Text,
        }
    }
}

/// One thing on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Natural key, checked by [`check_id`].
    pub id: String,
    /// Geometry in lon/lat degrees, unrounded.
    pub geometry: Geometry<f64>,
    /// One entry per field of the [`FeatureTable`].
    pub values: Vec<Option<Value>>,
}

/// Features with one schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureTable {
    /// The columns.
    pub fields: Vec<Field>,
    /// The rows; each has as many values as there are fields.
    pub features: Vec<Feature>,
}

/// Why an id cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Empty, too long or not printable ASCII.
    #[error("id {id:?} must be 1 to {ID_MAX} printable ASCII characters without spaces")]
    Form {
        /// The id as found.
        id: String,
    },
    /// Two features have the same id.
    #[error("id {id:?} is used twice")]
    Twice {
        /// The id.
        id: String,
    },
    /// Two ids hash to the same number.
    #[error("ids {first:?} and {second:?} have the same fid {fid}")]
    Collision {
        /// The id seen first.
        first: String,
        /// The id seen later.
        second: String,
        /// Their common fid.
        fid: u64,
    },
}

/// Accepts 1 to 64 printable ASCII characters without spaces.
///
/// # Errors
/// [`IdError::Form`] otherwise.
pub fn check_id(id: &str) -> Result<(), IdError> {
    let sound = (1..=ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if sound { Ok(()) } else { Err(IdError::Form { id: id.chars().take(80).collect() }) }
}

/// The number of a feature in tiles: the upper 53 bits of the xxh3-64 of its id, so that
/// JavaScript reads it exactly.
///
/// ```
/// assert!(jomo_core::feature::fid("53394611") < 1 << 53);
/// ```
#[must_use]
pub fn fid(id: &str) -> u64 {
    xxh3_64(id.as_bytes()) >> 11
}

/// Checks that ids are well formed, unique, and hash to unique numbers.
///
/// # Errors
/// The first offending id.
pub fn check_ids<'a>(ids: impl IntoIterator<Item = &'a str>) -> Result<(), IdError> {
    let mut seen: HashMap<u64, &str> = HashMap::new();
    for id in ids {
        check_id(id)?;
        let fid = fid(id);
        match seen.insert(fid, id) {
            None => {}
            Some(first) if first == id => return Err(IdError::Twice { id: id.to_owned() }),
            Some(first) => {
                return Err(IdError::Collision {
                    first: first.to_owned(),
                    second: id.to_owned(),
                    fid,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        assert_eq!(check_ids(["a", "b"]), Ok(()));
        assert_eq!(check_ids(["a", "b", "a"]), Err(IdError::Twice { id: "a".to_owned() }));
        for bad in ["", "a b", "前橋", &"x".repeat(65)] {
            assert!(check_id(bad).is_err(), "{bad:?}");
        }
        assert!(check_id(&"x".repeat(64)).is_ok());
    }

    /// The number is part of the published contract: pin it.
    #[test]
    fn fid_is_the_upper_53_bits_of_xxh3() {
        assert_eq!(fid(""), 0x2d06_8005_38d3_94c2 >> 11);
    }
}
