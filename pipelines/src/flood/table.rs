//! A table of the case file while it is read: which keys are known, what is wrong in which line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::CaseFault;

/// Longest value that is shown, in characters.
const SHOWN: usize = 80;

/// The text and the faults found in it so far.
pub(super) struct Reading<'i> {
    text: &'i str,
    pub(super) faults: Vec<CaseFault>,
}

impl<'i> Reading<'i> {
    pub(super) fn new(text: &'i str) -> Self {
        Self { text, faults: Vec::new() }
    }

    /// Line of a byte, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or_default().matches('\n').count() + 1
    }

    /// A value as it stands in the file, in one line.
    fn shown(&self, value: &Spanned<DeValue<'_>>) -> String {
        let text = self.text.get(value.span()).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect()
    }
}

/// A value with the place where it stands.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a, 'i> {
    pub(super) value: &'a DeValue<'i>,
    pub(super) line: usize,
}

/// One table while it is read.
pub(super) struct Section<'a, 'i, 'r> {
    path: String,
    /// Line where the table begins.
    pub(super) line: usize,
    table: &'a DeTable<'i>,
    known: Vec<&'static str>,
    pub(super) reading: &'r mut Reading<'i>,
}

impl<'a, 'i, 'r> Section<'a, 'i, 'r> {
    pub(super) fn root(table: &'a DeTable<'i>, reading: &'r mut Reading<'i>) -> Self {
        Self { path: String::new(), line: 1, table, known: Vec::new(), reading }
    }

    /// A key with its table.
    pub(super) fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key, which is known from now on.
    fn find(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Line of a key, or of the table if it is not there.
    pub(super) fn line_of(&self, key: &str) -> usize {
        let own = self.table.iter().find(|(name, _)| name.get_ref() == key);
        own.map_or(self.line, |(name, _)| self.reading.line(name.span().start))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.iter().any(|(name, _)| name.get_ref() == key)
    }

    /// Whether a key stands there with this text, which settles it.
    pub(super) fn says(&mut self, key: &'static str, text: &str) -> bool {
        let own = self.table.iter().find(|(name, _)| name.get_ref() == key);
        let says = own.is_some_and(|(_, value)| value.get_ref().as_str() == Some(text));
        if says {
            self.known.push(key);
        }
        says
    }

    /// Reads a value; what `read` does not take is a fault.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(Entry<'a, 'i>) -> Option<T>,
    ) -> Option<T> {
        let value = self.find(key)?;
        let line = self.reading.line(value.span().start);
        let result = read(Entry { value: value.get_ref(), line });
        if result.is_none() {
            let (key, found) = (self.name(key), self.reading.shown(value));
            self.reading.faults.push(CaseFault::Value { line, key, found, expected });
        }
        result
    }

    /// Like [`Self::optional`]; that it is not there is a fault.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(Entry<'a, 'i>) -> Option<T>,
    ) -> Option<T> {
        if !self.has(key) {
            self.known.push(key);
            self.missing(key);
            return None;
        }
        self.optional(key, expected, read)
    }

    pub(super) fn missing(&mut self, key: &str) {
        let (line, key) = (self.line, self.name(key));
        self.reading.faults.push(CaseFault::MissingKey { line, key });
    }

    /// None of several keys is there, of which one is needed.
    pub(super) fn missing_one(&mut self, keys: &[&str]) {
        let key = self.names(keys);
        self.reading.faults.push(CaseFault::MissingKey { line: self.line, key });
    }

    /// Several keys with their table, as they are told in one text.
    fn names(&self, keys: &[&str]) -> String {
        keys.iter().map(|key| self.name(key)).collect::<Vec<_>>().join("`, `")
    }

    /// Reads the sub-table `key` if there is one.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'a, 'i, '_>) -> T,
    ) -> Option<T> {
        let value = self.find(key)?;
        self.inner(key, value, read)
    }

    /// Reads the sub-table `key`, or each of a list of them; `[0]`, `[1]`, … in their names.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'a, 'i, '_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            return self.inner(key, value, read).flatten().into_iter().collect();
        };
        let mut all = Vec::new();
        for (index, value) in list.iter().enumerate() {
            all.extend(self.inner(&format!("{key}[{index}]"), value, &mut read).flatten());
        }
        all
    }

    fn inner<T>(
        &mut self,
        key: &str,
        value: &'a Spanned<DeValue<'i>>,
        read: impl FnOnce(&mut Section<'a, 'i, '_>) -> T,
    ) -> Option<T> {
        let (line, path) = (self.reading.line(value.span().start), self.name(key));
        let Some(table) = value.get_ref().as_table() else {
            let found = self.reading.shown(value);
            let expected = "a table";
            self.reading.faults.push(CaseFault::Value { line, key: path, found, expected });
            return None;
        };
        let known = Vec::new();
        let mut section = Section { path, line, table, known, reading: &mut *self.reading };
        let result = read(&mut section);
        section.refuse_unknown();
        Some(result)
    }

    /// Of several keys at most one may stand; which one does.
    pub(super) fn one_of(&mut self, keys: &[&'static str]) -> Option<&'static str> {
        let mut standing = keys.iter().filter(|key| self.has(key));
        let (first, second) = (standing.next().copied(), standing.next().copied());
        if let Some(second) = second {
            let line = self.line_of(second);
            let key = self.names(keys);
            self.reading.faults.push(CaseFault::Both { line, key });
            return None;
        }
        first
    }

    /// Keys that are read elsewhere, or stand in the way of others.
    pub(super) fn know(&mut self, keys: &[&'static str]) {
        self.known.extend(keys);
    }

    /// Keys that this kind of table does not take.
    pub(super) fn refuse(&mut self, keys: &[&'static str], kind: &str) {
        for key in keys {
            self.known.push(key);
            if self.has(key) {
                let (line, key) = (self.line_of(key), self.name(key));
                let kind = kind.to_owned();
                self.reading.faults.push(CaseFault::NotUsed { line, key, kind });
            }
        }
    }

    pub(super) fn refuse_unknown(&mut self) {
        for (key, _) in self.table {
            let line = self.reading.line(key.span().start);
            let key = key.get_ref().as_ref();
            if self.known.contains(&key) {
                continue;
            }
            let alike = |known: &&&str| strsim::jaro_winkler(key, known);
            let near = self.known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
            let near = near.filter(|near| 0.7 < alike(near)).map(|near| (*near).to_owned());
            let nearest = near.unwrap_or_else(|| {
                let mut known = self.known.clone();
                known.dedup();
                known.join(", ")
            });
            let key: String = key.chars().take(SHOWN).collect();
            let key = self.name(&key);
            self.reading.faults.push(CaseFault::UnknownKey { line, key, nearest });
        }
    }
}

/// A finite number; quantities may be integers or floats.
pub(super) fn number(entry: Entry<'_, '_>) -> Option<f64> {
    let value = match entry.value {
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok()? as f64
        }
        DeValue::Float(float) => float.as_str().parse::<f64>().ok()?,
        _ => return None,
    };
    value.is_finite().then_some(value)
}

/// A text that is not empty.
pub(super) fn text(entry: Entry<'_, '_>) -> Option<String> {
    entry.value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A list of two.
pub(super) fn pair<T>(
    entry: Entry<'_, '_>,
    read: impl Fn(Entry<'_, '_>) -> Option<T>,
) -> Option<[T; 2]> {
    let [first, second] = entry.value.as_array()?.get(..)? else { return None };
    let at = |value| Entry { value, line: entry.line };
    Some([read(at(first.get_ref()))?, read(at(second.get_ref()))?])
}
