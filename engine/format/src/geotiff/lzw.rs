//! LZW as in TIFF: codes from the most significant bit, widths of 9 to 12 bits that grow one code
//! early. Read only: older archives use it, new files are packed with DEFLATE.
//!
//! Source: TIFF 6.0 (1992) section 13.

const CLEAR: usize = 256;
const END: usize = 257;
const FIRST: usize = 258;
const CODES: usize = 4_096;

/// What the codes stand for: the string of another code and one byte more.
struct Table {
    prefix: Vec<u16>,
    last: Vec<u8>,
    length: Vec<u16>,
    next: usize,
}

impl Table {
    fn new() -> Self {
        let last = (0..CODES).map(|code| code.to_le_bytes()[0]).collect();
        Self { prefix: vec![0; CODES], last, length: vec![1; CODES], next: FIRST }
    }

    /// Writes the string of a code from its end; `None` if there is no room.
    fn write(&self, code: usize, out: &mut [u8], at: usize) -> Option<usize> {
        let length = usize::from(self.length[code]);
        let room = out.len() - at;
        let mut code = code;
        // The last string of a block may run over its end: only what fits is wanted.
        for place in (0..length).rev() {
            if place < room {
                out[at + place] = self.last[code];
            }
            code = usize::from(self.prefix[code]);
        }
        (0 < room).then_some(at + length.min(room))
    }

    fn first(&self, mut code: usize) -> u8 {
        for _ in 1..self.length[code] {
            code = usize::from(self.prefix[code]);
        }
        self.last[code]
    }

    /// Adds the string of `before` and one byte; a full table stays as it is.
    fn add(&mut self, before: usize, last: u8) {
        if self.next < CODES {
            self.prefix[self.next] = u16::try_from(before).unwrap_or_default();
            self.last[self.next] = last;
            self.length[self.next] = self.length[before].saturating_add(1);
            self.next += 1;
        }
    }

    /// Width of the next code, one early.
    fn width(&self) -> usize {
        match self.next + 1 {
            0..512 => 9,
            512..1_024 => 10,
            1_024..2_048 => 11,
            _ => 12,
        }
    }
}

/// Unpacks into `out`; the number of bytes that came out.
pub(super) fn unpack(packed: &[u8], out: &mut [u8]) -> usize {
    let mut table = Table::new();
    let (mut held, mut bits, mut input) = (0_u32, 0, packed.iter());
    let (mut at, mut before) = (0, None);
    loop {
        let width = table.width();
        while bits < width {
            let Some(byte) = input.next() else { return at };
            held = (held << 8) | u32::from(*byte);
            bits += 8;
        }
        bits -= width;
        let code = (held >> bits) as usize & ((1 << width) - 1);
        held &= (1 << bits) - 1;
        match (code, before) {
            (CLEAR, _) => {
                table.next = FIRST;
                before = None;
                continue;
            }
            (END, _) => return at,
            (code, None) if code < CLEAR => {}
            (code, Some(before)) if code < table.next => {
                let first = table.first(code);
                table.add(before, first);
            }
            (code, Some(before)) if code == table.next && code < CODES => {
                let first = table.first(before);
                table.add(before, first);
            }
            _ => return at,
        }
        match table.write(code, out, at) {
            Some(after) => at = after,
            None => return at,
        }
        before = Some(code);
    }
}
