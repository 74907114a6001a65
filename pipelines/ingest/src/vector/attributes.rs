//! The attributes of a feature, from GDAL or from the table beside a shapefile.

use gdal::vector::{Feature, Layer, LayerAccess, OGRFieldType};
use jomo_core::feature::{FieldType, Value};
use jomo_format::vector::{Cell, Collector, VectorError};

use super::text::Encoding;
use crate::dbf::{self, Entry, Table};
use crate::error::IngestError;

/// Code of a text that does not fit its encoding. The feature stays, the place is marked.
const UNDECODABLE: &str = "text-undecodable";
/// Code of a column of numbers that holds something else. The feature stays without the value.
const NO_NUMBER: &str = "dbf-number";
/// Code of a feature without a record. It stays without attributes.
const NO_RECORD: &str = "dbf-record-missing";

/// Magnitude up to which JavaScript reads an integer exactly; larger ones are kept as text.
const EXACT: u64 = 1 << 53;

/// Columns by their number in the source, with that in the collector.
pub(super) enum Attributes {
    /// Of a layer of GDAL.
    Layer(Vec<(usize, usize, Kind)>),
    /// Of a table.
    Table(Box<Table>, Encoding, Vec<(usize, usize)>),
}

/// How a value is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Float,
    Date,
    Text,
}

impl Attributes {
    pub(super) fn of_layer(
        layer: &Layer<'_>,
        collector: &mut Collector<'_>,
    ) -> Result<Self, VectorError> {
        let mut columns = Vec::new();
        for (index, field) in layer.defn().fields().enumerate() {
            let (kind, declared) = match field.field_type() {
                OGRFieldType::OFTInteger | OGRFieldType::OFTInteger64 => {
                    (Kind::Int, FieldType::Int)
                }
                OGRFieldType::OFTReal => (Kind::Float, FieldType::Float),
                OGRFieldType::OFTDate | OGRFieldType::OFTDateTime => (Kind::Date, FieldType::Text),
                // Pictures and the like are no attributes of a map.
                OGRFieldType::OFTBinary => continue,
                _ => (Kind::Text, FieldType::Text),
            };
            let column = collector.typed_column(&named(field.name(), index), declared)?;
            columns.push((index, column, kind));
        }
        Ok(Self::Layer(columns))
    }

    pub(super) fn of_table(
        table: Table,
        encoding: Encoding,
        collector: &mut Collector<'_>,
    ) -> Result<Self, VectorError> {
        let mut columns = Vec::new();
        for (index, name, declared) in table.columns() {
            let name = dbf::decode(name, encoding).unwrap_or_else(|marked| marked);
            columns.push((index, collector.typed_column(&named(name, index), declared)?));
        }
        Ok(Self::Table(Box::new(table), encoding, columns))
    }

    pub(super) fn cells(
        &mut self,
        feature: &Feature<'_>,
        collector: &mut Collector<'_>,
        number: u64,
    ) -> Result<Vec<(usize, Cell)>, IngestError> {
        let mut cells = Vec::new();
        let mut keep = |column: usize, value: Value| cells.push((column, Cell::Typed(value)));
        match self {
            Self::Layer(columns) => {
                for (index, column, kind) in columns {
                    if let Some(value) = of_feature(feature, *index, *kind) {
                        if matches!(&value, Value::Text(text) if text.contains(char::REPLACEMENT_CHARACTER))
                        {
                            collector.fault(UNDECODABLE, number);
                        }
                        keep(*column, value);
                    }
                }
            }
            Self::Table(table, encoding, columns) => {
                let record = feature.fid().unwrap_or(number - 1);
                if !table.seek(record)? {
                    collector.fault(NO_RECORD, number);
                    return Ok(cells);
                }
                for (index, column) in columns {
                    match table.value(*index, *encoding) {
                        Entry::Absent => {}
                        Entry::Value(value) => keep(*column, value),
                        Entry::Marked(text) => {
                            collector.fault(UNDECODABLE, number);
                            keep(*column, Value::Text(text));
                        }
                        Entry::NoNumber => collector.fault(NO_NUMBER, number),
                    }
                }
            }
        }
        Ok(cells)
    }
}

fn named(name: String, index: usize) -> String {
    if name.is_empty() { format!("column_{}", index + 1) } else { name }
}

fn of_feature(feature: &Feature<'_>, index: usize, kind: Kind) -> Option<Value> {
    let text = || feature.field_as_string(index).ok().flatten().filter(|text| !text.is_empty());
    match kind {
        Kind::Int => {
            let value = feature.field_as_integer64(index).ok().flatten()?;
            let exact = value.unsigned_abs() <= EXACT;
            Some(if exact { Value::Int(value) } else { Value::Text(value.to_string()) })
        }
        Kind::Float => {
            let value = feature.field_as_double(index).ok().flatten();
            value.filter(|value| value.is_finite()).map(Value::Float)
        }
        Kind::Date => text().map(|text| Value::Text(iso(&text))),
        Kind::Text => text().map(Value::Text),
    }
}

/// GDAL writes `2012/04/19 15:32:00+09`.
fn iso(text: &str) -> String {
    let (date, time) = text.split_once(' ').map_or((text, None), |(date, time)| (date, Some(time)));
    let date = date.replace('/', "-");
    time.map_or_else(|| date.clone(), |time| format!("{date}T{time}"))
}
