//! The list of values: lines such as `地表面,145.30`.

use std::io::BufRead;

use super::Surface;
use super::error::FgdError;
use crate::geotiff::Sample;

/// A line has about 17 bytes.
const LINE_MAX: usize = 128;
/// The height that stands for none.
const NONE_M: f64 = -9_999.0;

const NAMES: [(&str, Surface); 6] = [
    ("地表面", Surface::Ground),
    ("表層面", Surface::Top),
    ("海水面", Surface::Sea),
    ("内水面", Surface::Inland),
    ("データなし", Surface::None),
    ("その他", Surface::Other),
];

/// Reads values up to the next `<`, which stays in the stream; at most `cells`.
pub(super) fn read(source: &mut impl BufRead, cells: u64) -> Result<Vec<(Surface, f32)>, FgdError> {
    let mut lines = Lines { values: Vec::new(), line: Vec::new(), cells, offset: 0 };
    loop {
        let known = source.fill_buf()?;
        if known.is_empty() {
            return Err(FgdError::Missing { element: "/tupleList" });
        }
        let (text, end) = match known.iter().position(|byte| *byte == b'<') {
            Some(end) => (&known[..end], true),
            None => (known, false),
        };
        let count = text.len();
        for piece in text.split_inclusive(|byte| *byte == b'\n') {
            if lines.line.is_empty() && piece.ends_with(b"\n") {
                lines.value(piece)?;
            } else {
                lines.join(piece)?;
            }
            lines.offset += piece.len() as u64;
        }
        source.consume(count);
        if end {
            lines.flush()?;
            return Ok(lines.values);
        }
    }
}

struct Lines {
    values: Vec<(Surface, f32)>,
    /// A line that came in pieces.
    line: Vec<u8>,
    cells: u64,
    /// Bytes from the start of the list.
    offset: u64,
}

impl Lines {
    fn join(&mut self, piece: &[u8]) -> Result<(), FgdError> {
        if LINE_MAX < self.line.len() + piece.len() {
            return Err(self.fault(piece));
        }
        self.line.extend_from_slice(piece);
        if piece.ends_with(b"\n") { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), FgdError> {
        let line = std::mem::take(&mut self.line);
        self.value(&line)
    }

    fn value(&mut self, line: &[u8]) -> Result<(), FgdError> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        let value = value(line).ok_or_else(|| self.fault(line))?;
        let found = self.values.len() as u64 + 1;
        if self.cells < found {
            return Err(FgdError::TooManyValues { found, start: 0, cells: self.cells });
        }
        self.values.push(value);
        Ok(())
    }

    fn fault(&self, line: &[u8]) -> FgdError {
        let found = String::from_utf8_lossy(&line[..line.len().min(64)]).into_owned();
        FgdError::Value { number: self.values.len() as u64 + 1, offset: self.offset, found }
    }
}

fn value(line: &[u8]) -> Option<(Surface, f32)> {
    let comma = line.iter().rposition(|byte| *byte == b',')?;
    let (name, number) = (line[..comma].trim_ascii(), line[comma + 1..].trim_ascii());
    let surface = NAMES.iter().find(|(own, _)| own.as_bytes() == name)?.1;
    // A plain decimal number: neither `inf` nor an exponent.
    let plain = number.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+'));
    let height: f64 = std::str::from_utf8(number).ok().filter(|_| plain)?.parse().ok()?;
    let known = surface != Surface::None && NONE_M < height;
    Some((surface, if known { f32::from_f64(height) } else { f32::NAN }))
}
