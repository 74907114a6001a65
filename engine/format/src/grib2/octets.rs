//! Numbers in a section, addressed as the Manual on Codes does: octets count from 1.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::error::GribError;

/// The bytes of one section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Octets<'a> {
    bytes: &'a [u8],
    /// Where the section begins in the file.
    pub(super) offset: usize,
}

impl<'a> Octets<'a> {
    pub(super) fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Everything from an octet on.
    pub(super) fn from(&self, octet: usize) -> &'a [u8] {
        self.bytes.get(octet - 1..).unwrap_or_default()
    }

    fn array<const N: usize>(&self, octet: usize) -> Result<[u8; N], GribError> {
        let rest = self.from(octet);
        rest.first_chunk().copied().ok_or_else(|| GribError::Truncated {
            offset: self.offset.saturating_add(octet - 1),
            needed: u64::try_from(N).unwrap_or(u64::MAX),
            left: rest.len(),
        })
    }

    pub(super) fn u8(&self, octet: usize) -> Result<u8, GribError> {
        self.array::<1>(octet).map(|[byte]| byte)
    }

    pub(super) fn u16(&self, octet: usize) -> Result<u16, GribError> {
        self.array(octet).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&self, octet: usize) -> Result<u32, GribError> {
        self.array(octet).map(u32::from_be_bytes)
    }

    pub(super) fn u64(&self, octet: usize) -> Result<u64, GribError> {
        self.array(octet).map(u64::from_be_bytes)
    }

    /// Four octets of sign and magnitude: `0x8000003C` is -60.
    pub(super) fn i32(&self, octet: usize) -> Result<i32, GribError> {
        self.u32(octet).map(|raw| {
            let magnitude = (raw & 0x7fff_ffff).cast_signed();
            if raw >> 31 == 1 { -magnitude } else { magnitude }
        })
    }

    /// Seven octets: year (2), month, day, hour, minute, second, in UTC.
    pub(super) fn time(&self, octet: usize) -> Result<Timestamp, GribError> {
        let [y0, y1, rest @ ..] = self.array::<7>(octet)?;
        let year = i16::try_from(u16::from_be_bytes([y0, y1])).unwrap_or(i16::MAX);
        let [month, day, hour, minute, second] = rest.map(|byte| i8::try_from(byte).unwrap_or(-1));
        DateTime::new(year, month, day, hour, minute, second, 0)
            .and_then(|civil| civil.to_zoned(TimeZone::UTC))
            .map(|zoned| zoned.timestamp())
            .ok()
            .ok_or(GribError::Time { offset: self.offset.saturating_add(octet - 1) })
    }
}

/// Sign and magnitude in one octet.
pub(super) fn signed_8(raw: u8) -> i8 {
    let magnitude = (raw & 0x7f).cast_signed();
    if raw >> 7 == 1 { -magnitude } else { magnitude }
}

/// Sign and magnitude in two octets: 32,770 is -2.
pub(super) fn signed_16(raw: u16) -> i16 {
    let magnitude = (raw & 0x7fff).cast_signed();
    if raw >> 15 == 1 { -magnitude } else { magnitude }
}

/// The inverse of [`signed_8`]; -128 has no form and becomes -127.
pub(super) fn magnitude_8(value: i8) -> u8 {
    let sign = if value < 0 { 0x80 } else { 0 };
    sign | value.unsigned_abs().min(0x7f)
}

/// The inverse of [`signed_16`]; -32,768 has no form and becomes -32,767.
pub(super) fn magnitude_16(value: i16) -> u16 {
    let sign = if value < 0 { 0x8000 } else { 0 };
    sign | value.unsigned_abs().min(0x7fff)
}

/// The inverse of [`Octets::i32`]; the least `i32` has no form and becomes its neighbour.
pub(super) fn magnitude_32(value: i32) -> u32 {
    let sign = if value < 0 { 0x8000_0000 } else { 0 };
    sign | value.unsigned_abs().min(0x7fff_ffff)
}

/// Indices are `usize`; grids count in `u32`.
pub(super) fn index(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
