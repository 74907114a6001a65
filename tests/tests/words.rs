//! Every error that a person can meet has its texts, complete and alike in both languages.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use jomo_tests::repository;

use crate::tree::{Source, expect_none, sources};

/// The texts of one language: id -> attribute (`""` for the message itself) -> variables in it.
type Texts = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Reads all files `words/*.<language>.ftl`; an id in two files is a fault.
fn texts(language: &str, faults: &mut Vec<String>) -> Texts {
    let mut texts = Texts::new();
    for source in sources() {
        if !source.path.starts_with("words/") || !source.ends_in(&[&format!(".{language}.ftl")]) {
            continue;
        }
        let resource = match fluent_syntax::parser::parse(source.text.as_str()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                faults.extend(errors.iter().map(|e| format!("{}: {e}", source.path)));
                resource
            }
        };
        for entry in resource.body {
            let Entry::Message(message) = entry else { continue };
            let mut attributes = BTreeMap::new();
            if let Some(value) = &message.value {
                attributes.insert(String::new(), variables(value));
            }
            for attribute in &message.attributes {
                attributes.insert(attribute.id.name.to_owned(), variables(&attribute.value));
            }
            if texts.insert(message.id.name.to_owned(), attributes).is_some() {
                faults.push(format!("{}: {} is there twice", source.path, message.id.name));
            }
        }
    }
    texts
}

/// The names after `$` in a text, selectors and their branches included.
fn variables(pattern: &Pattern<&str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => found.extend(variable(inline)),
            Expression::Select { selector, variants } => {
                found.extend(variable(selector));
                found.extend(variants.iter().flat_map(|variant| variables(&variant.value)));
            }
        }
    }
    found
}

fn variable(inline: &InlineExpression<&str>) -> Option<String> {
    match inline {
        InlineExpression::VariableReference { id } => Some(id.name.to_owned()),
        InlineExpression::FunctionReference { arguments, .. } => {
            arguments.positional.iter().find_map(variable)
        }
        _ => None,
    }
}

/// The string literals in the body of the first `fn <name>(` after `from`.
fn literals_of(text: &str, name: &str) -> Option<Vec<String>> {
    let start = text.find(&format!("fn {name}("))?;
    let body = &text[start..];
    let end = body.find("\n    }\n").unwrap_or(body.len());
    Some(body[..end].split('"').skip(1).step_by(2).map(str::to_owned).collect())
}

/// The codes of one source file, by what follows each `Coded for`.
fn codes(source: &Source) -> Vec<String> {
    let kebab = |text: &String| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let text = source.product_lines().map(|(_, line)| line).collect::<Vec<_>>().join("\n");
    text.split("Coded for ")
        .skip(1)
        .filter_map(|implementation| literals_of(implementation, "code"))
        .flatten()
        .filter(kebab)
        .collect()
}

#[test]
fn both_languages_say_the_same() {
    let mut faults = Vec::new();
    let japanese = texts("ja", &mut faults);
    let english = texts("en", &mut faults);
    assert!(10 < japanese.len(), "only {} texts found", japanese.len());
    let ids: BTreeSet<&String> = japanese.keys().chain(english.keys()).collect();
    for id in ids {
        match (japanese.get(id), english.get(id)) {
            (Some(ja), Some(en)) if ja != en => {
                faults.push(format!("{id}: attributes or variables differ: ja {ja:?}, en {en:?}"));
            }
            (Some(_), Some(_)) => {}
            (ja, _) => faults.push(format!("{id}: only in {}", ja.map_or("en", |_| "ja"))),
        }
    }
    expect_none(&faults, "words/*.ja.ftl and words/*.en.ftl differ");
}

#[test]
fn every_code_has_its_texts() {
    let mut faults = Vec::new();
    let texts = texts("ja", &mut faults);
    let mut seen = 0_usize;
    for source in sources().iter().filter(|source| source.is_product_rust()) {
        for code in codes(source) {
            seen += 1;
            let attributes = texts.get(&code);
            let missing: Vec<&str> = ["title", "detail", "hint"]
                .into_iter()
                .filter(|name| attributes.is_none_or(|found| !found.contains_key(*name)))
                .collect();
            if !missing.is_empty() {
                faults.push(format!("{}: {code} has no {}", source.path, missing.join(", ")));
            }
        }
    }
    assert!(10 < seen, "only {seen} codes found in the sources");
    expect_none(&faults, "codes of errors without words");
}

#[test]
fn every_variable_is_an_argument_somewhere() {
    let mut faults = Vec::new();
    let texts = texts("ja", &mut faults);
    let rust: Vec<String> = sources()
        .into_iter()
        .filter(|source| source.is_product_rust() || source.ends_in(&[".ts"]))
        .map(|source| source.text)
        .collect();
    for (id, attributes) in &texts {
        for name in attributes.values().flatten() {
            let (quoted, field) = (format!("\"{name}\""), format!("{name}:"));
            if !rust.iter().any(|text| text.contains(&quoted) || text.contains(&field)) {
                faults.push(format!("{id}: nobody gives ${name}"));
            }
        }
    }
    expect_none(&faults, "variables of the words that no program gives");
    assert!(repository().join("words").is_dir());
}
