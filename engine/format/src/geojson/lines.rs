//! Sequences of features: one JSON text a line, or each behind a record separator (RFC 8142).

use crate::vector::{Collector, ReadOptions, VectorError, VectorRead};

use super::json::Json;
use super::{add_feature, reason};

/// Begins a record of a JSON text sequence.
const SEPARATOR: char = '\u{1e}';

/// Whether the text is a sequence: it begins with a separator, or its first line is a whole object
/// and another object follows.
pub(super) fn is_sequence(text: &str) -> bool {
    let text = text.trim_start();
    if text.starts_with(SEPARATOR) {
        return true;
    }
    let Some((first, rest)) = text.split_once('\n') else { return false };
    first.starts_with('{') && first.trim_end().ends_with('}') && rest.trim_start().starts_with('{')
}

/// Reads a sequence, each record one feature. Numbers of features count records, empty lines left
/// out.
pub(super) fn read(text: &str, options: &ReadOptions) -> Result<VectorRead, VectorError> {
    let mut collector = Collector::new(options);
    let separator = if text.trim_start().starts_with(SEPARATOR) { SEPARATOR } else { '\n' };
    let mut number = 0;
    let mut lines_before = 0;
    for record in text.split_inclusive(separator) {
        let json = record.trim_end_matches(separator);
        if !json.trim().is_empty() {
            number += 1;
            let mut feature: Json =
                serde_json::from_str(json).map_err(|error| VectorError::Json {
                    line: lines_before + error.line(),
                    column: error.column(),
                    reason: reason(&error),
                })?;
            add_feature(&mut collector, number, &mut feature)?;
        }
        lines_before += record.bytes().filter(|byte| *byte == b'\n').count();
    }
    collector.finish(None)
}
