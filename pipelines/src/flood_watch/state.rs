//! How a watch fares, as `watch.json` says it to operators and to the alert stage.

use jiff::{SignedDuration, Timestamp};
use jomo_core::fault::Faults;
use jomo_core::layer::Text;
use jomo_core::time::jst_text;
use jomo_words::{Language, fault_title, say};
use serde_json::{Value, json};

use super::rules::{Health, Status};

/// The form of the file.
const SPEC: u32 = 1;

/// The sentence that tells how a watch fares; never that all is well, only that computing is.
#[must_use]
pub(super) fn sentence(language: Language, status: &Status, late_after: SignedDuration) -> String {
    let Some(live) = status.live else { return say(language, "watch-nothing", &[]) };
    let time = ("time", jst_text(live.reference_time));
    let until = || {
        let until = live.reference_time.saturating_add(late_after);
        let until = [live.expires, until.ok()].into_iter().flatten().min();
        ("until", jst_text(until.unwrap_or(live.reference_time)))
    };
    match status.health {
        Health::Normal => say(language, "watch-normal", &[time, until()]),
        Health::Degraded => {
            let what = ("what", missing(language, &status.missing));
            say(language, "watch-degraded", &[time, until(), what])
        }
        Health::Stopped | Health::Nothing => say(language, "watch-stopped", &[time]),
    }
}

/// The names of what was missing, one after the other.
#[must_use]
pub(super) fn missing(language: Language, faults: &Faults) -> String {
    let names: Vec<String> = faults.iter().map(|(code, _)| fault_title(language, code)).collect();
    names.join(&say(language, "watch-and", &[]))
}

/// Faults by code, in words.
fn told(faults: &Faults) -> Vec<Value> {
    let told = faults.iter().map(|(code, fault)| {
        let title = |language| fault_title(language, code);
        let text = Text { ja: title(Language::Ja), en: title(Language::En) };
        json!({ "code": code, "count": fault.count, "places": fault.places, "text": text })
    });
    told.collect()
}

/// The content of `watch.json`, without the moment at which it is written.
#[must_use]
pub(super) fn state(status: &Status, late_after: SignedDuration) -> Value {
    let health = match status.health {
        Health::Nothing => "nothing",
        Health::Normal => "normal",
        Health::Degraded => "degraded",
        Health::Stopped => "stopped",
    };
    let text = |language| sentence(language, status, late_after);
    let refused: Vec<Value> =
        status.refused.iter().map(|(file, code)| json!({ "file": file, "code": code })).collect();
    let live = status
        .live
        .map(|live| json!({ "reference_time": live.reference_time, "expires": live.expires }));
    let counts = status.counts;
    json!({
        "spec": SPEC,
        "health": health,
        "text": { "ja": text(Language::Ja), "en": text(Language::En) },
        "live": live,
        "missing": told(&status.missing),
        "standing": told(&status.standing),
        "in_work": status.in_work,
        "rain": { "reference_time": status.rain, "silent": status.rain_is_silent },
        "refused": refused,
        "files": {
            "whole": status.whole,
            "waiting": status.waiting,
            "duplicates": status.duplicates,
            "refused": status.refused.len(),
        },
        "counts": {
            "begun": counts.begun,
            "published": counts.published,
            "preempted": counts.preempted,
            "failed": counts.failed,
            "discarded": counts.discarded,
        },
    })
}

/// The same with the moment at which it is written and the age of the result at that moment.
///
/// A reader trusts the file for `good_for_s` after `now`: if it is older, the watch is not there.
#[must_use]
pub(super) fn dated(mut state: Value, status: &Status, now: Timestamp, good_for_s: u64) -> Value {
    if let Value::Object(state) = &mut state {
        state.insert("now".to_owned(), json!(now));
        state.insert("good_for_s".to_owned(), json!(good_for_s));
        state.insert("age_s".to_owned(), json!(status.age.map(|age| age.as_secs())));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::super::rules::{Counts, Made};
    use super::*;

    fn status(health: Health, live: Option<&str>) -> Status {
        let live = live.map(|time| Made { reference_time: time.parse().unwrap(), expires: None });
        Status {
            health,
            live,
            age: None,
            in_work: None,
            rain: None,
            rain_is_silent: false,
            refused: vec![("a.bin".to_owned(), "grib-truncated".to_owned())],
            whole: 2,
            waiting: 0,
            duplicates: 1,
            counts: Counts::default(),
            missing: Faults::default(),
            standing: Faults::default(),
        }
    }

    /// Rain that came 90 minutes late, and a reading that the model did not believe.
    fn faults() -> Faults {
        let mut faults = Faults::default();
        faults.add("forecast-rain-late", || "90 min".to_owned());
        faults.add("forecast-observation-rejected", || "g3".to_owned());
        faults
    }

    /// What duty officers read; no text says that nothing is wrong.
    #[test]
    fn the_state_says_how_old_the_result_is() {
        let late_after = SignedDuration::from_mins(30);
        let cases = [
            (Health::Nothing, None),
            (Health::Normal, Some("2026-11-23T01:20:00Z")),
            (Health::Stopped, Some("2026-11-23T01:20:00Z")),
        ];
        let languages = [Language::Ja, Language::En];
        let told = cases.map(|(health, live)| {
            languages.map(|l| sentence(l, &status(health, live), late_after)).join("\n")
        });
        let live = status(Health::Normal, Some("2026-11-23T01:20:00Z"));
        let lacking = live.lacking(faults(), Faults::default());
        let mut told = told.to_vec();
        told.push(languages.map(|l| sentence(l, &lacking, late_after)).join("\n"));
        insta::assert_snapshot!(told.join("\n"), @r"
        まだ計算結果がありません
        no result yet
        計算正常 2026-11-23 10:20 JST 時点（次回 2026-11-23 10:50 JST まで）
        computing normally, as of 2026-11-23 10:20 JST (next by 2026-11-23 10:50 JST)
        更新が止まっています（2026-11-23 10:20 JST 時点の情報です）
        updates have stopped (information as of 2026-11-23 10:20 JST)
        計算しましたが、足りないデータがあります 2026-11-23 10:20 JST 時点（次回 2026-11-23 10:50 JST まで）: 計算と離れすぎた観測値を、計算の補正に使いませんでした、降水予測が更新されていません（古い予測の雨で計算しました）
        computed with data missing, as of 2026-11-23 10:20 JST (next by 2026-11-23 10:50 JST): readings too far from the model did not correct it; rain forecasts are late; rain of an older one was taken
        ");
        let state = state(&status(Health::Nothing, None), late_after);
        assert_eq!(state["refused"][0]["code"], "grib-truncated");
    }

    /// A result that was made without something is told with what that was, by code and in words;
    /// one that is old besides is told as old.
    #[test]
    fn what_was_missing_is_told() {
        let late_after = SignedDuration::from_mins(30);
        let status = |health| status(health, Some("2026-11-23T01:20:00Z"));
        let live = |health| status(health).lacking(faults(), Faults::default());
        let told = state(&live(Health::Normal), late_after);
        assert_eq!(told["health"], "degraded");
        let late = &told["missing"][1];
        assert_eq!(late["code"], "forecast-rain-late");
        assert_eq!(late["places"][0], "90 min");
        assert!(late["text"]["ja"].as_str().unwrap().contains("降水予測"));
        assert_eq!(state(&live(Health::Stopped), late_after)["health"], "stopped");
        let whole = status(Health::Normal);
        let told = state(&whole.lacking(Faults::default(), Faults::default()), late_after);
        assert_eq!((&told["health"], &told["missing"]), (&json!("normal"), &json!([])));
    }

    /// What the tables lack all year is told under a key of its own, and makes no cycle degraded: a
    /// watch that is always degraded is looked at by nobody.
    #[test]
    fn what_stands_in_the_tables_degrades_nothing() {
        let late_after = SignedDuration::from_mins(30);
        let mut standing = Faults::default();
        standing.add("gauge-outside", || "g9".to_owned());
        let live = || status(Health::Normal, Some("2026-11-23T01:20:00Z"));
        let told = state(&live().lacking(Faults::default(), standing.clone()), late_after);
        assert_eq!((&told["health"], &told["missing"]), (&json!("normal"), &json!([])));
        let fault = &told["standing"][0];
        assert_eq!((&fault["code"], &fault["places"][0]), (&json!("gauge-outside"), &json!("g9")));
        assert!(fault["text"]["ja"].as_str().unwrap().contains("水位計"));
        assert!(told["text"]["ja"].as_str().unwrap().starts_with("計算正常"));
        // A new fault is not lost among the old ones.
        let told = state(&live().lacking(faults(), standing), late_after);
        assert_eq!(told["health"], "degraded");
        assert!(!told["text"]["ja"].as_str().unwrap().contains("河道の近く"));
    }
}
