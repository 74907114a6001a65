//! What people see when they mistype.

use jomo_words::{Language, UsageError, text};

use crate::cli::help::localised;

fn told(language: Language, line: &[&str]) -> String {
    let line = ["jomo"].iter().chain(line);
    let fault = localised(language).try_get_matches_from(line).unwrap_err();
    UsageError::from(&fault).text(language)
}

/// What people see when they mistype: no English but the words of the command line itself.
#[test]
fn wrong_use_is_told_in_japanese() {
    let lines: [&[&str]; 13] = [
        &["publish", "d", "--stor", "s"],
        &["fly"],
        &["imprt", "a.csv"],
        &["publish", "d"],
        &["publish", "d", "--store"],
        &["publish", "d", "--store", "s", "--store", "t"],
        &["import", "a", "--layer", "a", "--min-zoom", "99"],
        &["import", "a", "--layer", "a", "--min-zoom", "x"],
        &["import", "a", "--layer", "a", "--crs", "x"],
        &["import", "a", "--layer", "a", "--title-ja", "x"],
        &["doctor", "--lang", "fr"],
        &["job", "show", "x"],
        &["key", "create", "a", "--until", "xx"],
    ];
    let all = lines.map(|line| told(Language::Ja, line)).join("\n\n");
    insta::assert_snapshot!(all, @"
    エラー: 使い方が違います
      --stor という指定はありません。
      もしかして: --store
      書き方: jomo publish --store <STORE> <DIR>
      使える指定は --help で見られます。

    エラー: 使い方が違います
      fly という命令はありません。
      書き方: jomo [OPTIONS] <COMMAND>
      使える命令は --help で見られます。

    エラー: 使い方が違います
      imprt という命令はありません。
      もしかして: import
      書き方: jomo [OPTIONS] <COMMAND>
      使える命令は --help で見られます。

    エラー: 使い方が違います
      次の指定が要ります: --store <STORE>
      書き方: jomo publish --store <STORE> <DIR>
      詳しくは --help で見られます。

    エラー: 使い方が違います
      --store <STORE> の値がありません。

    エラー: 使い方が違います
      --store <STORE> は1回だけ書けます。
      書き方: jomo publish [OPTIONS] --store <STORE> <DIR>

    エラー: 使い方が違います
      --min-zoom <MIN_ZOOM> に「99」は使えません。使える値: 0..=16

    エラー: 使い方が違います
      --min-zoom <MIN_ZOOM> の「x」は数ではありません。

    エラー: 使い方が違います
      --crs <CRS> に「x」は使えません。使える値: 4612, EPSG:4612

    エラー: 使い方が違います
      次の指定が要ります: --title-en <TITLE_EN>
      書き方: jomo import --layer <LAYER> --title-ja <TITLE_JA> --title-en <TITLE_EN> <FILE>
      詳しくは --help で見られます。

    エラー: 使い方が違います
      --lang <LANG> に「fr」は使えません。使える値: ja, en

    エラー: 使い方が違います
      <ID> に「x」は使えません。使える値: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx

    エラー: 使い方が違います
      --until <UNTIL> に「xx」は使えません。使える値: 2026-01-31T09:00:00+09:00, 2026-01-31T00:00:00Z
    ");
}

#[test]
fn wrong_use_is_told_in_english() {
    let all = [
        told(Language::En, &["publish", "d", "--stor", "s"]),
        told(Language::En, &["doctor", "--lang", "fr"]),
        told(Language::En, &["import", "a", "--layer", "a", "--min-zoom", "99"]),
    ]
    .join("\n\n");
    insta::assert_snapshot!(all, @"
    error: wrong use
      There is no --stor.
      Perhaps: --store
      Usage: jomo publish --store <STORE> <DIR>
      --help lists what there is.

    error: wrong use
      --lang <LANG> cannot be “fr”. Accepted: ja, en

    error: wrong use
      --min-zoom <MIN_ZOOM> cannot be “99”. Accepted: 0..=16
    ");
}

/// The facts of an error stay out of its sentences where there are none.
#[test]
fn every_code_has_its_texts() {
    let codes = [
        "unknown",
        "command",
        "no-command",
        "missing",
        "repeated",
        "conflict",
        "no-value",
        "value",
        "number",
    ];
    for code in codes {
        for language in [Language::Ja, Language::En] {
            let id = format!("cli-usage-{code}");
            for part in ["title", "detail"] {
                assert!(text(language, &format!("{id}.{part}"), &[]).is_some(), "{id}.{part}");
            }
        }
    }
}
