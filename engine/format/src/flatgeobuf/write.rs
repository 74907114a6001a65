//! Writing a table of features.

use std::collections::HashSet;
use std::io::Write;

use flatbuffers::FlatBufferBuilder;
use flatgeobuf::packed_r_tree::{NodeItem, PackedRTree, calc_extent, hilbert_sort};
use flatgeobuf::{
    Column, ColumnArgs, ColumnType, Crs, CrsArgs, Feature, FeatureArgs, GeometryType, Header,
    HeaderArgs,
};
use jomo_core::feature::{self, FeatureTable, FieldType, Value};

use super::{MAGIC, NODE_SIZE, properties, shape};
use crate::vector::{VectorError, positions};

/// Most bytes of a list within a feature; the format's tables end at 2 GiB.
pub(super) const PART_MAX: usize = 512 << 20;

/// What is said of a feature beyond [`PART_MAX`].
pub(super) const TOO_LONG: &str = "a feature of more than 512 MiB";

/// Writes all features with a spatial index.
///
/// The first column is `id` (text, unique), the fields follow; integers are 64-bit, floats double,
/// absent values are left out. Features come in the order of the index (along a Hilbert curve,
/// equal places in the order of the table), so the bytes depend on the table and `name` alone.
///
/// The CRS is written as EPSG:4326: stored positions are lon/lat of JGD2011, which is the same
/// here (null shift), and 4326 is what every reader knows.
///
/// Memory: the size of the file.
///
/// # Errors
/// [`VectorError::Unwritable`] for a table that contradicts its fields, for geometry without
/// positions or with others than finite ones, and for a field called `id`;
/// [`VectorError::Write`] if `out` refuses.
pub fn write(table: &FeatureTable, name: &str, out: &mut impl Write) -> Result<(), VectorError> {
    write_in(table, name, 4326, out)
}

/// Like [`write()`], for positions `[easting, northing]` or `[longitude, latitude]` of the CRS
/// with the EPSG code `epsg`, which the header states.
///
/// # Errors
/// As [`write()`].
pub fn write_in(
    table: &FeatureTable,
    name: &str,
    epsg: i32,
    out: &mut impl Write,
) -> Result<(), VectorError> {
    let whole = |reason| VectorError::Unwritable { id: String::new(), reason };
    check_fields(table).map_err(whole)?;
    let kind = common_kind(table)?;

    let mut builder = FlatBufferBuilder::new();
    let mut bytes = Vec::new();
    let mut places = Vec::with_capacity(table.features.len());
    let mut nodes = Vec::with_capacity(table.features.len());
    for (feature, number) in table.features.iter().zip(0_u64..) {
        let start = bytes.len();
        write_feature(&mut builder, table, feature, kind)
            .map_err(|reason| VectorError::Unwritable { id: feature.id.clone(), reason })?;
        bytes.extend_from_slice(builder.finished_data());
        builder.reset();
        places.push(start..bytes.len());
        // Sorting moves the nodes: until then the offset holds the number of the feature.
        let mut node = NodeItem::create(number);
        positions(&feature.geometry, &mut |position| node.expand_xy(position.x, position.y));
        nodes.push(node);
    }
    let extent = calc_extent(&nodes);
    out.write_all(&MAGIC)?;
    write_header(&mut builder, table, &Head { name, kind, epsg, extent: &extent });
    out.write_all(builder.finished_data())?;
    if nodes.is_empty() {
        return Ok(());
    }
    hilbert_sort(&mut nodes, &extent);
    let mut order = Vec::with_capacity(nodes.len());
    let mut offset = 0;
    for node in &mut nodes {
        let number = usize::try_from(node.offset).unwrap_or(usize::MAX);
        let place = places.get(number).cloned().unwrap_or_default();
        node.offset = offset;
        offset += place.len() as u64;
        order.push(place);
    }
    let tree = PackedRTree::build(&nodes, &extent, NODE_SIZE)
        .map_err(|_error| whole("no index can be built"))?;
    tree.stream_write(out)?;
    for place in order {
        out.write_all(&bytes[place])?;
    }
    Ok(())
}

fn check_fields(table: &FeatureTable) -> Result<(), &'static str> {
    let mut names = HashSet::from(["id"]);
    if !table.fields.iter().all(|field| names.insert(&field.name)) {
        return Err("two fields of one name, or a field called `id`");
    }
    match u16::try_from(table.fields.len()) {
        Ok(count) if count < u16::MAX => Ok(()),
        _ => Err("more than 65,534 fields"),
    }
}

/// The type of all features, or `Unknown` where they differ.
fn common_kind(table: &FeatureTable) -> Result<GeometryType, VectorError> {
    let mut common = None;
    for feature in &table.features {
        let kind = shape::kind(&feature.geometry)
            .map_err(|reason| VectorError::Unwritable { id: feature.id.clone(), reason })?;
        common = match common {
            Some(known) if known != kind => Some(GeometryType::Unknown),
            _ => Some(kind),
        };
    }
    Ok(common.unwrap_or(GeometryType::Unknown))
}

fn write_feature(
    builder: &mut FlatBufferBuilder,
    table: &FeatureTable,
    feature: &feature::Feature,
    common: GeometryType,
) -> Result<(), &'static str> {
    if feature.values.len() != table.fields.len() {
        return Err("not as many values as fields");
    }
    let mut bytes = Vec::new();
    properties::push(&mut bytes, 0, &Value::Text(feature.id.clone()))?;
    for (number, (field, value)) in (1_u16..).zip(table.fields.iter().zip(&feature.values)) {
        let Some(value) = value else { continue };
        if value.field_type() != field.kind {
            return Err("a value of another type than its field");
        }
        properties::push(&mut bytes, number, value)?;
    }
    if PART_MAX < bytes.len() {
        return Err(TOO_LONG);
    }
    let own = match common {
        GeometryType::Unknown => shape::kind(&feature.geometry)?,
        _ => GeometryType::Unknown,
    };
    let geometry = Some(shape::write(builder, &feature.geometry, own)?);
    let properties = Some(builder.create_vector(&bytes));
    let args = FeatureArgs { geometry, properties, ..FeatureArgs::default() };
    let root = Feature::create(builder, &args);
    builder.finish_size_prefixed(root, None);
    Ok(())
}

/// What the header says besides the fields.
struct Head<'a> {
    name: &'a str,
    kind: GeometryType,
    epsg: i32,
    extent: &'a NodeItem,
}

fn write_header(builder: &mut FlatBufferBuilder, table: &FeatureTable, head: &Head<'_>) {
    let Head { name, kind: geometry_type, epsg, extent } = *head;
    let id_name = builder.create_string("id");
    let id = ColumnArgs {
        name: Some(id_name),
        type_: ColumnType::String,
        nullable: false,
        unique: true,
        primary_key: true,
        ..ColumnArgs::default()
    };
    let mut columns = vec![Column::create(builder, &id)];
    for field in &table.fields {
        let name = Some(builder.create_string(&field.name));
        let type_ = match field.kind {
            FieldType::Bool => ColumnType::Bool,
            FieldType::Int => ColumnType::Long,
            FieldType::Float => ColumnType::Double,
            FieldType::Text => ColumnType::String,
        };
        let args = ColumnArgs { name, type_, ..ColumnArgs::default() };
        columns.push(Column::create(builder, &args));
    }
    let columns = Some(builder.create_vector(&columns));
    let org = Some(builder.create_string("EPSG"));
    let crs = Some(Crs::create(builder, &CrsArgs { org, code: epsg, ..CrsArgs::default() }));
    let envelope = [extent.min_x, extent.min_y, extent.max_x, extent.max_y];
    let envelope = (!table.features.is_empty()).then(|| builder.create_vector(&envelope));
    let header = HeaderArgs {
        name: Some(builder.create_string(name)),
        envelope,
        geometry_type,
        columns,
        features_count: table.features.len() as u64,
        index_node_size: if table.features.is_empty() { 0 } else { NODE_SIZE },
        crs,
        ..HeaderArgs::default()
    };
    let root = Header::create(builder, &header);
    builder.finish_size_prefixed(root, None);
}
