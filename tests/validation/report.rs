//! What the cases gave: norms against their bounds and against those stored, and the page.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::plot::Plot;

/// One number that a case must keep small.
pub(crate) struct Row {
    /// Scheme, precision and what else sets it apart.
    pub variant: String,
    /// Name of the norm.
    pub norm: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be at most; without one the value is told, neither stored nor compared.
    pub bound: Option<f64>,
    /// Steps and relative error of mass, where one run gave the number.
    pub run: Option<(u64, f64)>,
}

/// Rows of text, under a title and columns of `cases.toml`.
pub(crate) struct Table {
    /// Key into the case's part of `cases.toml`.
    pub key: &'static str,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

/// A case and what it gave.
pub(crate) struct Outcome {
    /// Key into `cases.toml`.
    pub id: &'static str,
    /// Grid and time.
    pub grid: &'static str,
    /// Its numbers.
    pub rows: Vec<Row>,
    /// Computed against exact.
    pub plot: Option<Plot>,
    /// What else is told.
    pub tables: Vec<Table>,
}

impl Outcome {
    /// A case that cannot be computed here; what the page and the store say of it stays.
    pub(crate) fn skipped(id: &'static str) -> Self {
        Self { id, grid: "", rows: Vec::new(), plot: None, tables: Vec::new() }
    }

    pub(crate) fn is_skipped(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Row {
    /// Whether it keeps its bound.
    pub(crate) fn passes(&self) -> bool {
        self.bound.is_none_or(|bound| self.value <= bound)
    }
}

/// Norms by case, variant and norm.
pub(crate) type Norms = BTreeMap<[String; 3], f64>;

/// Reads stored norms: four columns, the first row names them.
pub(crate) fn read_norms(text: &str) -> Norms {
    let row = |line: &str| {
        let mut columns = line.split('\t').map(str::to_owned);
        let key = [columns.next()?, columns.next()?, columns.next()?];
        Some((key, columns.next()?.parse().ok()?))
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// The norms of outcomes.
pub(crate) fn norms(outcomes: &[Outcome]) -> Norms {
    let rows = outcomes.iter().flat_map(|outcome| {
        outcome.rows.iter().filter(|row| row.bound.is_some()).map(|row| {
            ([outcome.id.to_owned(), row.variant.clone(), row.norm.to_owned()], row.value)
        })
    });
    rows.collect()
}

/// The norms found, and those stored of cases that were skipped.
pub(crate) fn norms_to_store(outcomes: &[Outcome], stored: &Norms) -> Norms {
    let is_skipped = |id: &str| outcomes.iter().any(|one| one.id == id && one.is_skipped());
    let kept = stored.iter().filter(|([id, ..], _)| is_skipped(id));
    kept.map(|(key, value)| (key.clone(), *value)).chain(norms(outcomes)).collect()
}

/// Text of stored norms.
pub(crate) fn write_norms(norms: &Norms) -> String {
    let mut out = String::from("case\tvariant\tnorm\tvalue\n");
    for ([case, variant, norm], value) in norms {
        let _ = writeln!(out, "{case}\t{variant}\t{norm}\t{value:.6e}");
    }
    out
}

/// Everything that is not as it must be: bounds not kept, norms worse than stored by more than
/// 5 % (and a thousandth of their bound, for those that are rounding only), norms not stored.
pub(crate) fn faults(outcomes: &[Outcome], stored: &Norms) -> Vec<String> {
    let mut faults = Vec::new();
    for outcome in outcomes {
        for row in outcome.rows.iter().filter(|row| row.bound.is_some()) {
            let name = format!("{} [{}] {} = {:.4e}", outcome.id, row.variant, row.norm, row.value);
            if !row.passes() {
                faults.push(format!("{name}: bound {:e}", row.bound.unwrap_or(0.0)));
            }
            let key = [outcome.id, &row.variant, row.norm].map(str::to_owned);
            match stored.get(&key) {
                None => faults.push(format!("{name}: not stored")),
                Some(was) => {
                    let most = 1.05 * was + 1e-3 * row.bound.unwrap_or(row.value.abs());
                    if most < row.value || row.value.is_nan() {
                        faults.push(format!("{name}: worse than the stored {was:.4e}"));
                    }
                }
            }
        }
    }
    let found = norms_to_store(outcomes, stored);
    for key in stored.keys().filter(|key| !found.contains_key(*key)) {
        faults.push(format!("{}: stored, but not computed", key.join(" ")));
    }
    faults
}

/// Text of a case in `cases.toml`.
fn told<'a>(texts: &'a toml::Table, id: &str, key: &str) -> &'a str {
    let text = texts.get(id).and_then(|case| case.get(key)).and_then(toml::Value::as_str);
    text.unwrap_or_else(|| panic!("cases.toml: {id}.{key} is missing"))
}

/// The SVG of an outcome, by its file name.
pub(crate) fn picture(outcome: &Outcome, texts: &toml::Table) -> Option<(String, String)> {
    let titles = [told(texts, outcome.id, "ja"), told(texts, outcome.id, "en")];
    let plot = outcome.plot.as_ref()?;
    Some((format!("{}.svg", outcome.id), plot.svg(titles)))
}

fn value(number: f64) -> String {
    if number == 0.0 {
        "0".to_owned()
    } else if number.fract() == 0.0 && (1_000.0..1e9).contains(&number.abs()) {
        format!("{number:.0}")
    } else if (0.001..1_000.0).contains(&number.abs()) {
        format!("{number:.4}")
    } else {
        format!("{number:.1e}")
    }
}

/// The page, Japanese first. Of a case that was skipped the rows and the section of the page
/// `before` are kept; the numbers at its head are those of all sections.
pub(crate) fn page(outcomes: &[Outcome], texts: &toml::Table, before: &str) -> String {
    let mut sections = String::new();
    for outcome in outcomes {
        if outcome.is_skipped() {
            sections.push_str(section_of(before, outcome.id));
        } else {
            section(&mut sections, outcome, texts);
        }
    }
    let [kept, failed] = [true, false].map(|passes| {
        let cell = format!("| {} |", mark(passes));
        sections.matches(&cell).count()
    });
    let bounded = kept + failed;
    let mut out = format!(
        "<!-- written by `make validate`; do not edit -->\n{}\n\n**{kept} / {bounded}**\n\n",
        told(texts, "page", "head").trim_end()
    );
    out.push_str(
        "| 事例 case | ノルム norm | 最大値 worst | 上限 bound | |\n|---|---|---|---|---|\n",
    );
    for outcome in outcomes {
        if outcome.is_skipped() {
            let link = format!("](#{})", outcome.id);
            for line in before.lines().filter(|line| line.contains(&link)) {
                let _ = writeln!(out, "{line}");
            }
        }
        for (norm, bound, worst, passes) in worst_of(&outcome.rows) {
            let _ = writeln!(
                out,
                "| [{}<br>{}](#{}) | {norm} | {} | {} | {} |",
                told(texts, outcome.id, "ja"),
                told(texts, outcome.id, "en"),
                outcome.id,
                value(worst),
                value(bound),
                mark(passes),
            );
        }
    }
    out + &sections
}

/// The section of a case on a page, from the line before its anchor to the next anchor.
fn section_of<'a>(page: &'a str, id: &str) -> &'a str {
    let Some(begin) = page.find(&format!("\n<a id=\"{id}\">")) else { return "" };
    let rest = &page[begin..];
    let end = rest[1..].find("\n<a id=").map_or(rest.len(), |end| end + 1);
    &rest[..end]
}

fn mark(passes: bool) -> &'static str {
    if passes { "○" } else { "**×**" }
}

/// The row of each norm and bound that comes nearest to it.
fn worst_of(rows: &[Row]) -> Vec<(&'static str, f64, f64, bool)> {
    let mut worst: Vec<(&'static str, f64, f64, bool)> = Vec::new();
    for row in rows {
        let Some(bound) = row.bound else { continue };
        match worst
            .iter_mut()
            .find(|known| known.0 == row.norm && known.1.to_bits() == bound.to_bits())
        {
            Some(known) => {
                *known = (row.norm, bound, known.2.max(row.value), known.3 && row.passes());
            }
            None => worst.push((row.norm, bound, row.value, row.passes())),
        }
    }
    worst
}

fn section(out: &mut String, outcome: &Outcome, texts: &toml::Table) {
    let id = outcome.id;
    let _ = write!(
        out,
        "\n<a id=\"{id}\"></a>\n## {} / {}\n\n{}\n\n{}\n\n- 格子 grid: {}\n- 出典 source: {}\n\n",
        told(texts, id, "ja"),
        told(texts, id, "en"),
        told(texts, id, "proves_ja"),
        told(texts, id, "proves_en"),
        outcome.grid,
        told(texts, id, "source"),
    );
    if outcome.plot.is_some() {
        let _ = write!(out, "![{}](validation/{id}.svg)\n\n", told(texts, id, "ja"));
    }
    out.push_str("| 計算 run | ノルム norm | 値 value | 上限 bound | | ステップ steps | 質量誤差 mass error |\n");
    out.push_str("|---|---|---|---|---|---|---|\n");
    for row in &outcome.rows {
        let run = row
            .run
            .map_or_else(|| "| ".to_owned(), |(steps, mass)| format!("{steps} | {}", value(mass)));
        let bound = row.bound.map_or_else(String::new, value);
        let passes = if row.bound.is_some() { mark(row.passes()) } else { "" };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {bound} | {passes} | {run} |",
            row.variant,
            row.norm,
            value(row.value),
        );
    }
    for table in &outcome.tables {
        let text = texts.get(id).and_then(|case| case.get(table.key));
        let Some(toml::Value::Table(text)) = text else {
            panic!("cases.toml: {id}.{} is missing", table.key)
        };
        let columns: Vec<&str> = text["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| column.as_str().unwrap())
            .collect();
        let _ = write!(out, "\n{}\n\n", text["title"].as_str().unwrap());
        let _ = writeln!(out, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
        for row in &table.rows {
            let _ = writeln!(out, "| {} |", row.join(" | "));
        }
    }
}
