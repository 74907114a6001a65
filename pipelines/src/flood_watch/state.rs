//! How a watch fares, as `watch.json` says it to operators and to the alert stage.

use jiff::{SignedDuration, Timestamp};
use jomo_core::time::jst_text;
use jomo_words::{Language, say};
use serde_json::{Value, json};

use super::rules::{Health, Status};

/// The form of the file.
const SPEC: u32 = 1;

/// The sentence that tells how a watch fares; never that all is well, only that computing is.
#[must_use]
pub(super) fn sentence(language: Language, status: &Status, late_after: SignedDuration) -> String {
    let Some(live) = status.live else { return say(language, "watch-nothing", &[]) };
    let time = ("time", jst_text(live.reference_time));
    match status.health {
        Health::Normal => {
            let until = live.reference_time.saturating_add(late_after);
            let until = [live.expires, until.ok()].into_iter().flatten().min();
            let until = jst_text(until.unwrap_or(live.reference_time));
            say(language, "watch-normal", &[time, ("until", until)])
        }
        Health::Stopped | Health::Nothing => say(language, "watch-stopped", &[time]),
    }
}

/// The content of `watch.json`, without the moment at which it is written.
#[must_use]
pub(super) fn state(status: &Status, late_after: SignedDuration) -> Value {
    let health = match status.health {
        Health::Nothing => "nothing",
        Health::Normal => "normal",
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
        }
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
        let told = cases.map(|(health, live)| {
            let status = status(health, live);
            [Language::Ja, Language::En].map(|l| sentence(l, &status, late_after)).join("\n")
        });
        insta::assert_snapshot!(told.join("\n"), @r"
        まだ計算結果がありません
        no result yet
        計算正常 2026-11-23 10:20 JST 時点（次回 2026-11-23 10:50 JST まで）
        computing normally, as of 2026-11-23 10:20 JST (next by 2026-11-23 10:50 JST)
        更新が止まっています（2026-11-23 10:20 JST 時点の情報です）
        updates have stopped (information as of 2026-11-23 10:20 JST)
        ");
        let state = state(&status(Health::Nothing, None), late_after);
        assert_eq!(state["refused"][0]["code"], "grib-truncated");
    }
}
