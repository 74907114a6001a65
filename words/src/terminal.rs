//! Errors as a person reads them on a terminal: one heading, however many there are.

use crate::{Language, Told, say};

/// The lines that tell `errors`: a heading, and what was wrong and what to do, indented. Errors in
/// a row that have title and hint in common share them. What stood in a foreign file moves no
/// cursor: control characters are left out.
#[must_use]
pub fn lines(language: Language, errors: &[Told]) -> Vec<String> {
    let alike = |a: &Told, b: &Told| a.title == b.title && a.hint == b.hint;
    let groups: Vec<&[Told]> = errors.chunk_by(alike).collect();
    let heading = |text: String| say(language, "cli-error", &[("title", plain(&text))]);
    let mut lines = Vec::new();
    let indent = match groups[..] {
        [] => return lines,
        [one] => {
            lines.push(heading(one[0].title.clone()));
            "  "
        }
        _ => {
            let count = [("count", errors.len().to_string())];
            lines.push(heading(say(language, "cli-error-count", &count)));
            "    "
        }
    };
    for group in &groups {
        if 1 < groups.len() {
            lines.push(format!("  {}", plain(&group[0].title)));
        }
        let details = group.iter().flat_map(|error| error.detail.lines());
        lines.extend(details.map(|detail| format!("{indent}{}", plain(detail))));
        if let Some(hint) = &group[0].hint {
            let hint = say(language, "cli-hint", &[("hint", plain(hint))]);
            lines.push(format!("{indent}{hint}"));
        }
    }
    lines
}

fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(title: &str, detail: &str, hint: &str) -> Told {
        Told { title: title.into(), detail: detail.into(), hint: Some(hint.into()) }
    }

    #[test]
    fn one_heading_stands_over_all_errors() {
        let rows = [told("a row", "line 1", "mend"), told("a row", "line 2", "mend")];
        let all = [&rows[..], &[told("a file", "x\u{1b}[31m\ny", "find")]].concat();
        let text = |errors: &[Told]| lines(Language::En, errors).join("\n");
        assert_eq!(text(&[]), "");
        assert_eq!(text(&all[2..]), "error: a file\n  x[31m\n  y\n  hint: find");
        assert_eq!(text(&rows), "error: a row\n  line 1\n  line 2\n  hint: mend");
        assert_eq!(
            text(&all),
            "error: 3 faults\n  a row\n    line 1\n    line 2\n    hint: mend\n  a file\n    x[31m\n    \
             y\n    hint: find"
        );
        assert!(lines(Language::Ja, &all)[0].contains("3 件"));
    }
}
