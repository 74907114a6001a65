//! The elements of an elevation file.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::error::FgdError;
use super::tuples;
use super::{CELLS_MAX, Surface};

/// Elements in each other; a file has ten.
const DEPTH_MAX: usize = 32;
/// Bytes of one text or tag outside the list; a description has a few hundred.
const TEXT_MAX: u64 = 1 << 16;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Markup {
    pub(super) mesh: String,
    pub(super) product: String,
    pub(super) date: String,
    pub(super) reference: String,
    /// Latitude and longitude.
    pub(super) lower: [f64; 2],
    pub(super) upper: [f64; 2],
    /// Largest column and row.
    pub(super) high: [u64; 2],
    /// Column and row of the first value.
    pub(super) start: [u64; 2],
    pub(super) tuples: Vec<(Surface, f32)>,
}

/// Elements that a file has once and must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Lower,
    Upper,
    High,
    Tuples,
}

const PARTS: [(Part, &str); 4] = [
    (Part::Lower, "Envelope"),
    (Part::Upper, "Envelope"),
    (Part::High, "GridEnvelope"),
    (Part::Tuples, "tupleList"),
];

/// Which of them came by.
#[derive(Default)]
struct Seen(Vec<Part>);

impl Seen {
    /// Notes a part; a second one is another mesh.
    fn note(&mut self, part: Part, offset: u64) -> Result<(), FgdError> {
        if self.0.contains(&part) {
            return Err(FgdError::Second { offset });
        }
        self.0.push(part);
        Ok(())
    }

    fn missing(&self, wanted: &[(Part, &'static str)]) -> Result<(), FgdError> {
        match wanted.iter().find(|(part, _)| !self.0.contains(part)) {
            Some((_, element)) => Err(FgdError::Missing { element }),
            None => Ok(()),
        }
    }
}

/// Reads a whole file.
pub(super) fn read(source: impl BufRead) -> Result<Markup, FgdError> {
    let mut reader = Reader::from_reader(Capped { source, left: TEXT_MAX });
    let (mut markup, mut seen) = (Markup::default(), Seen::default());
    let (mut path, mut text, mut buffer) = (Vec::<String>::new(), String::new(), Vec::new());
    loop {
        buffer.clear();
        reader.get_mut().left = TEXT_MAX;
        let offset = reader.buffer_position();
        let event = reader.read_event_into(&mut buffer);
        match event.map_err(|reason| fault(offset, &reason))? {
            Event::Start(element) => {
                let name = element.local_name().as_ref().to_owned();
                if name == "Envelope" {
                    let id = element.try_get_attribute("srsName").ok().flatten();
                    markup.reference = id.map(|id| id.value.into_owned()).unwrap_or_default();
                }
                if path.len() == DEPTH_MAX {
                    return Err(FgdError::Refused { what: "elements nested too deeply", offset });
                }
                let list = name == "tupleList";
                path.push(name);
                text.clear();
                if list {
                    seen.note(Part::Tuples, offset)?;
                    seen.missing(&PARTS[2..3])?;
                    let [columns, rows] = markup.high.map(|high| high + 1);
                    reader.get_mut().left = u64::MAX;
                    markup.tuples = tuples::read(&mut reader.stream(), columns * rows)?;
                }
            }
            Event::Text(piece) => {
                if TEXT_MAX < (text.len() + piece.len()) as u64 {
                    return Err(FgdError::Refused { what: "a text too long", offset });
                }
                text.push_str(&piece);
            }
            Event::End(_) => {
                let parent = path.len().checked_sub(2).and_then(|index| path.get(index));
                let parent = parent.map(String::as_str).unwrap_or_default();
                let name = path.last().map(String::as_str).unwrap_or_default();
                take([parent, name], text.trim(), offset, (&mut markup, &mut seen))?;
                path.pop();
                text.clear();
            }
            Event::DocType(_) => {
                return Err(FgdError::Refused { what: "a document type", offset });
            }
            Event::GeneralRef(_) => return Err(FgdError::Refused { what: "an entity", offset }),
            Event::CData(_) => return Err(FgdError::Refused { what: "character data", offset }),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if let Some(open) = path.last() {
        let (offset, reason) = (reader.buffer_position(), format!("<{open}> is not closed"));
        return Err(FgdError::Xml { offset, reason });
    }
    seen.missing(&PARTS)?;
    Ok(markup)
}

/// Takes what an element held.
fn take(
    [parent, name]: [&str; 2],
    text: &str,
    offset: u64,
    (markup, seen): (&mut Markup, &mut Seen),
) -> Result<(), FgdError> {
    match (parent, name) {
        ("DEM", "mesh") => text.clone_into(&mut markup.mesh),
        ("DEM", "type") => text.clone_into(&mut markup.product),
        ("lfSpanFr", "timePosition") => text.clone_into(&mut markup.date),
        ("Envelope", "lowerCorner") => {
            markup.lower = pair(text, "lowerCorner", offset)?;
            seen.note(Part::Lower, offset)?;
        }
        ("Envelope", "upperCorner") => {
            markup.upper = pair(text, "upperCorner", offset)?;
            seen.note(Part::Upper, offset)?;
        }
        ("GridEnvelope", "low") if pair::<u64>(text, "low", offset)? != [0, 0] => {
            return Err(content("low", offset, text));
        }
        ("GridEnvelope", "high") => {
            seen.note(Part::High, offset)?;
            markup.high = pair(text, "high", offset)?;
            let [columns, rows] = markup.high.map(|high| high.saturating_add(1));
            if CELLS_MAX < columns.saturating_mul(rows) {
                return Err(FgdError::TooLarge { columns, rows, limit: CELLS_MAX });
            }
        }
        ("GridFunction", "startPoint") => markup.start = pair(text, "startPoint", offset)?,
        _ => {}
    }
    Ok(())
}

/// Two numbers with spaces between.
fn pair<T: std::str::FromStr>(
    text: &str,
    element: &'static str,
    offset: u64,
) -> Result<[T; 2], FgdError> {
    let mut words = text.split_whitespace();
    let both = words.next().zip(words.next()).filter(|_| words.next().is_none());
    let numbers = both.and_then(|(a, b)| a.parse().ok().zip(b.parse().ok()));
    numbers.map(|(a, b)| [a, b]).ok_or_else(|| content(element, offset, text))
}

fn content(element: &'static str, offset: u64, text: &str) -> FgdError {
    FgdError::Content { element, offset, found: text.chars().take(64).collect() }
}

fn fault(offset: u64, reason: &quick_xml::Error) -> FgdError {
    let long = |io: &std::io::Error| io.kind() == std::io::ErrorKind::FileTooLarge;
    match reason {
        quick_xml::Error::Io(io) if long(io) => {
            FgdError::Refused { what: "a tag or text too long", offset }
        }
        reason => FgdError::Xml { offset, reason: reason.to_string() },
    }
}

/// A stream that ends in an error after so many bytes: the parser holds each tag and each text
/// whole.
struct Capped<R> {
    source: R,
    left: u64,
}

impl<R: BufRead> std::io::Read for Capped<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let known = self.fill_buf()?;
        let count = known.len().min(out.len());
        out[..count].copy_from_slice(&known[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Capped<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.left == 0 {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        let known = self.source.fill_buf()?;
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(known.len());
        Ok(&known[..count])
    }

    fn consume(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count as u64);
        self.source.consume(count);
    }
}
