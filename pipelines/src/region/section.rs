//! A table of the region file while it is read.

use toml::{Table, Value};

use super::RegionFault;

/// One table while it is read: remembers which keys are known, collects faults.
pub(super) struct Section<'a> {
    path: String,
    table: &'a Table,
    known: Vec<&'static str>,
    pub(super) faults: &'a mut Vec<RegionFault>,
}

impl<'a> Section<'a> {
    pub(super) fn new(path: &str, table: &'a Table, faults: &'a mut Vec<RegionFault>) -> Self {
        Self { path: path.to_owned(), table, known: Vec::new(), faults }
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        self.known.push(key);
        let value = self.table.get(key)?;
        let result = read(value);
        if result.is_none() {
            let found: String = value.to_string().chars().take(80).collect();
            self.faults.push(RegionFault::Unexpected { key: self.name(key), found, expected });
        }
        result
    }

    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.known.push(key);
            self.faults.push(RegionFault::MissingKey { key: self.name(key) });
            return None;
        }
        self.optional(key, expected, read)
    }

    /// Reads the sub-table `key` if there is one.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> Option<T> {
        let table = self.optional(key, "a table", |value| value.as_table().cloned())?;
        let mut section = Section::new(&self.name(key), &table, self.faults);
        let result = read(&mut section);
        section.refuse_unknown();
        Some(result)
    }

    /// Reads every sub-table of the table `key`; their names are free.
    pub(super) fn each(&mut self, key: &'static str, mut read: impl FnMut(&str, &mut Section<'_>)) {
        let Some(tables) = self.optional(key, "a table", |value| value.as_table().cloned()) else {
            return;
        };
        for (name, value) in &tables {
            let path = self.name(&format!("{key}.{name}"));
            let Some(table) = value.as_table() else {
                let found: String = value.to_string().chars().take(80).collect();
                self.faults.push(RegionFault::Unexpected { key: path, found, expected: "a table" });
                continue;
            };
            let mut section = Section::new(&path, table, self.faults);
            read(name, &mut section);
            section.refuse_unknown();
        }
    }

    pub(super) fn refuse_unknown(&mut self) {
        for key in self.table.keys().filter(|key| !self.known.contains(&key.as_str())) {
            let near = self.known.iter().max_by(|a, b| {
                strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b))
            });
            let nearest = near.filter(|near| 0.7 < strsim::jaro_winkler(key, near));
            let nearest =
                nearest.map_or_else(|| self.known.join(", "), |nearest| (*nearest).to_owned());
            self.faults.push(RegionFault::UnknownKey { key: self.name(key), nearest });
        }
    }
}
