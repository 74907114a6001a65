//! What of a layer only signed-in readers may see: columns, rows, and whose people they are.
//!
//! A layer with anything restricted is built twice from the start: the public version from a
//! table that has neither the columns nor the rows, so that no file of it, no bounding box and no
//! simplified border depends on them.

use std::collections::BTreeSet;

use jomo_core::feature::{FeatureTable, Value};
use jomo_core::layer::{Access, Layer};
use jomo_core::message::{Arguments, Coded, Names};
use jomo_format::vector::IdSource;

use crate::failure::{Exit, Failure};
use crate::region::{LayerDescription, RowFilter};

/// Names that are no more alike than this are no suggestion.
const ALIKE: f64 = 0.7;

/// Why a layer cannot be divided as asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum RestrictionError {
    /// No column has this name.
    #[error("no column {field:?}, did you mean {nearest:?}?")]
    UnknownField {
        /// The name as given.
        field: String,
        /// The most similar column, or all of them.
        nearest: Vec<String>,
    },
    /// The map is labelled by a restricted column.
    #[error("column {field:?} is restricted and labels the map")]
    Label {
        /// The column.
        field: String,
    },
    /// The ids come from a restricted column.
    #[error("column {field:?} is restricted and gives the ids")]
    Ids {
        /// The column.
        field: String,
    },
    /// Somebody is named for whom nothing is.
    #[error("an audience is named, but nothing of the layer is restricted")]
    AudienceOfNothing,
    /// No row is public.
    #[error("no row has {field} = {values}")]
    NoPublicRow {
        /// The column that decides.
        field: String,
        /// The values that make a row public.
        values: String,
    },
}

impl Coded for RestrictionError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownField { .. } => "restricted-unknown-field",
            Self::Label { .. } => "restricted-label",
            Self::Ids { .. } => "restricted-ids",
            Self::AudienceOfNothing => "restricted-audience",
            Self::NoPublicRow { .. } => "restricted-no-public-row",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::UnknownField { field, nearest } => {
                vec![
                    ("field", field.clone()),
                    ("nearest", Names(nearest).shown()),
                    ("more", Names(nearest).more()),
                ]
            }
            Self::Label { field } | Self::Ids { field } => vec![("field", field.clone())],
            Self::AudienceOfNothing => Vec::new(),
            Self::NoPublicRow { field, values } => {
                vec![("field", field.clone()), ("values", values.clone())]
            }
        }
    }
}

/// How a layer is divided.
#[derive(Clone, Debug)]
pub(super) enum Division {
    /// One version.
    Whole,
    /// A public version of these rows, without restricted columns, and a restricted one of all.
    Pair {
        /// Whether each row is public.
        public_rows: Vec<bool>,
    },
}

/// Checks what the description restricts against the columns of the file.
///
/// # Errors
/// With exit code 2, naming the column.
pub(super) fn divide(
    description: &LayerDescription,
    access: Access,
    table: &FeatureTable,
    ids: &IdSource,
) -> Result<Division, Failure> {
    let refuse = |error| Err(Failure::new(Exit::Usage, error));
    let LayerDescription { restricted_fields, public_rows, audience, .. } = description;
    let id_column = match ids {
        IdSource::Field(name) => Some(name.as_str()),
        IdSource::Column => Some("id"),
        IdSource::Member | IdSource::RowNumber => None,
    };
    for field in restricted_fields {
        if id_column == Some(field) {
            return refuse(RestrictionError::Ids { field: field.clone() });
        }
        column(table, field)?;
        if description.label_field.as_ref() == Some(field) {
            return refuse(RestrictionError::Label { field: field.clone() });
        }
    }
    let filter = match public_rows {
        None => None,
        Some(filter) => Some((filter, column(table, &filter.field)?)),
    };
    let is_divided = !restricted_fields.is_empty() || filter.is_some();
    if access == Access::Restricted {
        return Ok(Division::Whole);
    }
    if !is_divided {
        let nobody = audience.is_empty();
        return if nobody {
            Ok(Division::Whole)
        } else {
            refuse(RestrictionError::AudienceOfNothing)
        };
    }
    let is_public = |values: &[Option<Value>]| {
        filter.is_none_or(|(filter, column)| {
            values.get(column).and_then(Option::as_ref).is_some_and(|value| filter.admits(value))
        })
    };
    let public_rows: Vec<bool> =
        table.features.iter().map(|feature| is_public(&feature.values)).collect();
    if let (Some((filter, _)), false) = (filter, public_rows.contains(&true)) {
        let (field, values) = (filter.field.clone(), filter.values.join(", "));
        return refuse(RestrictionError::NoPublicRow { field, values });
    }
    Ok(Division::Pair { public_rows })
}

/// The number of a column.
fn column(table: &FeatureTable, name: &str) -> Result<usize, Failure> {
    if let Some(index) = table.fields.iter().position(|field| field.name == name) {
        return Ok(index);
    }
    let known: Vec<&str> = table.fields.iter().map(|field| field.name.as_str()).collect();
    let likeness = |known: &str| strsim::jaro_winkler(known, name);
    let near = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let near = near.filter(|near| ALIKE < likeness(near)).map(|near| (*near).to_owned());
    let nearest = near.map(|near| vec![near]);
    let nearest = nearest.unwrap_or_else(|| known.iter().map(|own| (*own).to_owned()).collect());
    let error = RestrictionError::UnknownField { field: name.to_owned(), nearest };
    Err(Failure::new(Exit::Usage, error))
}

/// The rows and columns that everybody may see.
pub(super) fn public_part(table: &FeatureTable, public_rows: &[bool]) -> FeatureTable {
    let keep: Vec<bool> = table.fields.iter().map(|field| !field.restricted).collect();
    let fields = table.fields.iter().filter(|field| !field.restricted).cloned().collect();
    let rows = table.features.iter().zip(public_rows).filter(|(_, public)| **public);
    let features = rows.map(|(feature, _)| {
        let mut feature = feature.clone();
        let mut kept = keep.iter();
        feature.values.retain(|_| kept.next().copied().unwrap_or(false));
        feature
    });
    let mut table = FeatureTable { fields, features: features.collect() };
    drop_unused_codes(&mut table);
    table
}

/// A code that only withheld rows have says something about them.
fn drop_unused_codes(table: &mut FeatureTable) {
    for (index, field) in table.fields.iter_mut().enumerate() {
        let used: BTreeSet<String> = table
            .features
            .iter()
            .filter_map(|feature| feature.values.get(index)?.as_ref().map(RowFilter::text))
            .collect();
        field.codes.retain(|code| {
            let text = code.value.as_str().map_or_else(|| code.value.to_string(), str::to_owned);
            used.contains(&text)
        });
    }
}

/// The public form of what a layer says of itself. Of its run tells [`jomo_store::seal_pair`].
pub(super) fn public_words(layer: &mut Layer) {
    layer.access = Access::Public;
    layer.audience = Vec::new();
}
