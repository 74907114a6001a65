//! From rows of a file to a [`FeatureTable`]: faults, ids, column types.

use std::collections::HashMap;

use geo_types::Geometry;
use jomo_core::fault::Faults;
use jomo_core::feature::{
    Feature, FeatureTable, Field, FieldType, IdError, Value, check_id, check_ids,
};
use jomo_core::layer::Text;

use super::geometry::Survey;
use super::{EXACT_INTEGER_MAX, GeometryFault, IdSource, ReadOptions, VectorError, VectorRead};

/// How many offending rows an error lists.
const PLACES_LISTED: usize = 20;

/// One value as a file gives it; an absent value has no cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// The file says what type it has.
    Typed(Value),
    /// Text whose type shows only when the whole column is known.
    Written(String),
}

impl Cell {
    fn kind(&self) -> FieldType {
        match self {
            Self::Typed(value) => value.field_type(),
            Self::Written(text) => sniff(text).field_type(),
        }
    }

    /// The cell as a value of the column's type.
    fn into_value(self, kind: FieldType) -> Value {
        let value = match self {
            Self::Written(text) if kind == FieldType::Text => return Value::Text(text),
            Self::Written(text) => sniff(&text),
            Self::Typed(value) => value,
        };
        match (value, kind) {
            // Exact: no integer beyond 2^53 gets here.
            (Value::Int(value), FieldType::Float) => Value::Float(value as f64),
            (value, kind) if value.field_type() == kind => value,
            (value, _) => Value::Text(written(&value)),
        }
    }

    /// The cell as an id.
    fn to_id(&self) -> String {
        match self {
            Self::Written(text) | Self::Typed(Value::Text(text)) => text.trim().to_owned(),
            Self::Typed(value) => written(value),
        }
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        // `Debug` is the shortest form that reads back the same, with an exponent where shorter.
        Value::Float(value) => format!("{value:?}"),
        Value::Text(text) => text.clone(),
    }
}

/// The value that a piece of text is, taken by itself.
///
/// A number with a leading zero is a code, and so is `12E3`: an exponent counts only beside a
/// decimal point or with a sign. An integer that a float cannot hold stays text.
fn sniff(text: &str) -> Value {
    let plain = text.trim();
    match plain {
        "true" | "TRUE" | "True" => return Value::Bool(true),
        "false" | "FALSE" | "False" => return Value::Bool(false),
        _ => {}
    }
    let unsigned = plain.strip_prefix('-').unwrap_or(plain);
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = unsigned.split_at(digits);
    let is_number = !whole.is_empty() && (whole == "0" || !whole.starts_with('0'));
    if is_number && rest.is_empty() && plain != "-0" {
        return match plain.parse::<i64>() {
            Ok(value) if value.unsigned_abs() <= EXACT_INTEGER_MAX.unsigned_abs() => {
                Value::Int(value)
            }
            _ => Value::Text(text.to_owned()),
        };
    }
    if is_number && is_fraction(rest) {
        match plain.parse::<f64>() {
            Ok(value) if value.is_finite() => return Value::Float(value),
            _ => {}
        }
    }
    Value::Text(text.to_owned())
}

/// Whether `rest`, what follows the whole part of a number, makes it a decimal number.
fn is_fraction(rest: &str) -> bool {
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let fraction_is_sound = match fraction.strip_prefix('.') {
        Some(digits) => all_digits(digits),
        None => fraction.is_empty(),
    };
    let exponent_is_sound = match exponent {
        None => !fraction.is_empty(),
        Some(exponent) => match exponent.strip_prefix(['+', '-']) {
            Some(digits) => all_digits(digits),
            None => all_digits(exponent) && !fraction.is_empty(),
        },
    };
    fraction_is_sound && exponent_is_sound
}

/// One row of a file whose geometry has been built.
#[derive(Debug)]
pub struct Row {
    /// Number of the row, counted from 1.
    pub number: u64,
    /// The member `id`, where the format has one.
    pub member: Option<Cell>,
    /// Cells by column.
    pub cells: Vec<(usize, Cell)>,
}

/// Gathers the rows of one file.
#[derive(Debug)]
pub struct Collector<'a> {
    options: &'a ReadOptions,
    columns: Vec<String>,
    /// Types that the file declares, by column.
    declared: HashMap<usize, FieldType>,
    by_name: HashMap<String, usize>,
    rows: Vec<(Row, Geometry<f64>)>,
    faults: Faults,
    survey: Survey,
}

impl<'a> Collector<'a> {
    /// An empty table that is read with `options`.
    #[must_use]
    pub fn new(options: &'a ReadOptions) -> Self {
        Self {
            options,
            columns: Vec::new(),
            declared: HashMap::new(),
            by_name: HashMap::new(),
            rows: Vec::new(),
            faults: Faults::default(),
            survey: Survey::default(),
        }
    }

    /// The number of the column `name`, which is new at its first appearance.
    ///
    /// # Errors
    /// [`VectorError::TooLarge`] beyond the limit of columns.
    pub fn column(&mut self, name: &str) -> Result<usize, VectorError> {
        if let Some(&column) = self.by_name.get(name) {
            return Ok(column);
        }
        let column = self.columns.len();
        if self.options.limits.fields <= column {
            let limit = self.options.limits.fields;
            return Err(VectorError::TooLarge { what: "fields", limit });
        }
        self.columns.push(name.to_owned());
        self.by_name.insert(name.to_owned(), column);
        Ok(column)
    }

    /// Like [`Self::column`], with the type that it has even where every value is absent.
    ///
    /// # Errors
    /// As [`Self::column`].
    pub fn typed_column(&mut self, name: &str, kind: FieldType) -> Result<usize, VectorError> {
        let column = self.column(name)?;
        let known = self.declared.get(&column).copied();
        self.declared.insert(column, join(known, kind));
        Ok(column)
    }

    /// Counts a bad row, which is kept out.
    pub fn fault(&mut self, code: &str, number: u64) {
        self.faults.add(code, || format!("row {number}"));
    }

    /// Counts what is wrong with the file itself, at a place of its own kind.
    pub fn note(&mut self, code: &str, place: &str) {
        self.faults.add(code, || place.to_owned());
    }

    /// Keeps a row if its geometry is sound, and counts it otherwise.
    ///
    /// # Errors
    /// [`VectorError::TooLarge`] beyond the limit of features.
    pub fn add(
        &mut self,
        row: Row,
        geometry: Result<Geometry<f64>, GeometryFault>,
    ) -> Result<(), VectorError> {
        let checked = geometry.and_then(|geometry| self.survey.add(&geometry).map(|()| geometry));
        match checked {
            Err(fault) => self.fault(fault.code(), row.number),
            Ok(geometry) => {
                let limit = self.options.limits.features;
                if limit <= self.rows.len() {
                    return Err(VectorError::TooLarge { what: "features", limit });
                }
                self.rows.push((row, geometry));
            }
        }
        Ok(())
    }

    /// The table, once every row is in.
    ///
    /// # Errors
    /// What is wrong with the file as a whole: swapped axes, no degrees, too many values,
    /// unusable ids.
    pub fn finish(self, crs_epsg: Option<u32>) -> Result<VectorRead, VectorError> {
        if self.survey.is_swapped() {
            return Err(VectorError::AxesSwapped { positions: self.survey.count });
        }
        if self.survey.is_beyond_degrees() {
            let first = self.survey.first;
            return Err(VectorError::NotDegrees { x: first.x, y: first.y });
        }
        let limit = self.options.limits.cells;
        if limit < self.rows.len().saturating_mul(self.columns.len()) {
            return Err(VectorError::TooLarge { what: "values", limit });
        }
        let (id_source, ids) = self.ids()?;
        check_fids(&ids)?;

        let consumed = match &id_source {
            IdSource::Column => self.by_name.get("id").copied(),
            IdSource::Field(name) if name == "id" => self.by_name.get("id").copied(),
            _ => None,
        };
        let declared = |column| self.declared.get(&column).copied();
        let mut kinds: Vec<_> = (0..self.columns.len()).map(declared).collect();
        for (column, cell) in self.rows.iter().flat_map(|(row, _)| &row.cells) {
            kinds[*column] = Some(join(kinds[*column], cell.kind()));
        }
        let kinds: Vec<_> = kinds.into_iter().map(|kind| kind.unwrap_or(FieldType::Text)).collect();
        let kept: Vec<usize> =
            (0..self.columns.len()).filter(|column| Some(*column) != consumed).collect();
        let fields = self.fields(&kept, &kinds);
        let features = self.rows.into_iter().zip(ids).map(|((row, geometry), id)| {
            let mut dense: Vec<Option<Value>> = vec![None; kinds.len()];
            for (column, cell) in row.cells {
                dense[column] = Some(cell.into_value(kinds[column]));
            }
            let values = kept.iter().map(|column| dense[*column].take()).collect();
            Feature { id, geometry, values }
        });
        let table = FeatureTable { fields, features: features.collect() };
        Ok(VectorRead { table, faults: self.faults, crs_epsg, id_source })
    }

    /// The kept columns as fields. Output formats write the feature's own id as `id`, so a field
    /// of that name gives way.
    fn fields(&self, kept: &[usize], kinds: &[FieldType]) -> Vec<Field> {
        let mut substitute = "source_id".to_owned();
        while self.by_name.contains_key(&substitute) {
            substitute.push('_');
        }
        let field = |column: &usize| {
            let name = &self.columns[*column];
            let name = if name == "id" { &substitute } else { name };
            Field::new(name, kinds[*column], Text::new(name, name))
        };
        kept.iter().map(field).collect()
    }

    fn ids(&self) -> Result<(IdSource, Vec<String>), VectorError> {
        if let Some(name) = &self.options.id_field {
            let Some(&column) = self.by_name.get(name) else {
                if self.rows.is_empty() {
                    return Ok((IdSource::Field(name.clone()), Vec::new()));
                }
                let (field, columns) = (name.clone(), self.columns.clone());
                return Err(VectorError::NoColumn { field, columns });
            };
            let ids = self.sound_ids(name, |row| cell_of(row, column))?;
            return Ok((IdSource::Field(name.clone()), ids));
        }
        if !self.rows.is_empty() && self.rows.iter().all(|(row, _)| row.member.is_some()) {
            let ids = self.sound_ids("id", |row| row.member.as_ref())?;
            return Ok((IdSource::Member, ids));
        }
        if let Some(&column) = self.by_name.get("id")
            && let Ok(ids) = self.sound_ids("id", |row| cell_of(row, column))
        {
            return Ok((IdSource::Column, ids));
        }
        let numbers = self.rows.iter().map(|(row, _)| format!("row-{}", row.number));
        Ok((IdSource::RowNumber, numbers.collect()))
    }

    /// The ids that `pick` finds, or everything that is wrong with them.
    fn sound_ids(
        &self,
        source_name: &str,
        pick: impl Fn(&Row) -> Option<&Cell>,
    ) -> Result<Vec<String>, VectorError> {
        let ids: Vec<(u64, Option<String>)> = self
            .rows
            .iter()
            .map(|(row, _)| (row.number, pick(row).map(Cell::to_id).filter(|id| !id.is_empty())))
            .collect();
        let (mut missing, mut malformed, mut repeated) = (0, 0, 0);
        let mut places = Vec::new();
        let mut first_use: HashMap<&str, u64> = HashMap::new();
        for (number, id) in &ids {
            let place = match id {
                None => {
                    missing += 1;
                    format!("{number}")
                }
                Some(id) if check_id(id).is_err() => {
                    malformed += 1;
                    format!("{number} {:?}", id.chars().take(80).collect::<String>())
                }
                Some(id) => {
                    if let Some(first) = first_use.get(id.as_str()) {
                        repeated += 1;
                        format!("{number} {id:?} (= {first})")
                    } else {
                        first_use.insert(id, *number);
                        continue;
                    }
                }
            };
            if places.len() < PLACES_LISTED {
                places.push(place);
            }
        }
        if missing + malformed + repeated == 0 {
            return Ok(ids.into_iter().filter_map(|(_, id)| id).collect());
        }
        let source_name = source_name.to_owned();
        Err(VectorError::Ids { source_name, missing, malformed, repeated, places })
    }
}

/// The last cell of a column: a JSON object may name a member twice.
fn cell_of(row: &Row, column: usize) -> Option<&Cell> {
    row.cells.iter().rev().find(|(index, _)| *index == column).map(|(_, cell)| cell)
}

/// The narrowest type that holds both.
fn join(known: Option<FieldType>, next: FieldType) -> FieldType {
    match (known, next) {
        (None, kind) => kind,
        (Some(kind), next) if kind == next => kind,
        (Some(FieldType::Int | FieldType::Float), FieldType::Int | FieldType::Float) => {
            FieldType::Float
        }
        _ => FieldType::Text,
    }
}

fn check_fids(ids: &[String]) -> Result<(), VectorError> {
    match check_ids(ids.iter().map(String::as_str)) {
        Err(IdError::Collision { first, second, .. }) => {
            Err(VectorError::IdCollision { first, second })
        }
        // Form and uniqueness were checked with their rows.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_shows_its_type() {
        let float = |value| Value::Float(value);
        for (text, expected) in [
            ("12", Value::Int(12)),
            ("-7", Value::Int(-7)),
            ("0", Value::Int(0)),
            ("9007199254740992", Value::Int(1 << 53)),
            ("0.5", float(0.5)),
            ("-1.50", float(-1.5)),
            ("1.5e3", float(1500.0)),
            ("12e-3", float(0.012)),
            (" 36.4 ", float(36.4)),
            ("true", Value::Bool(true)),
            ("FALSE", Value::Bool(false)),
        ] {
            assert_eq!(sniff(text), expected, "{text}");
        }
        let not_numbers = [
            "00123",
            "-0",
            "007.5",
            "12E3",
            "1.",
            ".5",
            "+3",
            "1,234",
            "NaN",
            "inf",
            "0x10",
            "1e",
            "1.e5",
            "９",
            "9007199254740993",
            "99999999999999999999",
            "1.5e999",
            "t",
            "yes",
            "",
        ];
        for text in not_numbers {
            assert_eq!(sniff(text), Value::Text(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_column_has_the_narrowest_type_that_holds_it() {
        use FieldType::{Bool, Float, Int, Text};
        let of = |kinds: &[FieldType]| kinds.iter().fold(None, |k, next| Some(join(k, *next)));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[Int, Int]), Some(Int));
        assert_eq!(of(&[Int, Float, Int]), Some(Float));
        assert_eq!(of(&[Bool, Int]), Some(Text));
        assert_eq!(of(&[Text, Int]), Some(Text));
        assert_eq!(Cell::Typed(Value::Float(1e300)).into_value(Text), Value::Text("1e300".into()));
        assert_eq!(Cell::Written("1.50".into()).into_value(Text), Value::Text("1.50".into()));
    }
}
