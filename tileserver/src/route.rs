//! Addresses: the path of a request, read strictly.
//!
//! A path is compared and cut, never decoded and never joined to a folder: what is not written
//! in the documented characters is no address. The id of a series alone may be percent-encoded; it
//! is decoded after the cut, and only looked up among the known ones.

use jomo_core::Timestamp;
use jomo_core::layer::is_layer_id;
use jomo_core::mercator::TileId;
use jomo_core::time::parse_compact;
use jomo_register::{JobState, Uuid, is_kind};

use crate::problem::Problem;

/// How many items of a list come where nobody says.
const LIST_USUAL: u32 = 100;
/// Most items of a list in one answer.
const LIST_MAX: u32 = 1_000;

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Route<'p> {
    /// `/health/live`
    Live,
    /// `/health/ready`
    Ready,
    /// `/status.json`
    Status,
    /// `/catalog.json`
    Catalogue,
    /// `/tiles/{layer}.json`
    TileJson {
        /// Layer id.
        layer: &'p str,
    },
    /// `/tiles/{layer}/{z}/{x}/{y}[.mvt|.pbf]`
    Tile {
        /// Layer id.
        layer: &'p str,
        /// The tile.
        tile: TileId,
    },
    /// `/tiles/{layer}/{version}/{time|-}/{z}/{x}/{y}[.mvt|.pbf]`
    PinnedTile {
        /// Which step of which version.
        step: PinnedStep<'p>,
        /// The tile.
        tile: TileId,
    },
    /// `/archives/{layer}/{version}/{time|-}.pmtiles`
    Archive {
        /// Which step of which version.
        step: PinnedStep<'p>,
    },
    /// `/series/{layer}/{version}/{id}.json`
    Series {
        /// Layer id.
        layer: &'p str,
        /// Version.
        version: &'p str,
        /// Id of the gauge or section, as the address has it: percent-encoded.
        id: &'p str,
    },
    /// `/login`
    Login,
    /// `/logout`
    Logout,
    /// `/api/v1/session`
    Session,
    /// `/api/v1/files`
    Files,
    /// `/api/v1/jobs`
    Jobs,
    /// `/api/v1/jobs/{id}`
    Job {
        /// Id of the job.
        job: Uuid,
    },
    /// `/api/v1/jobs/{id}/cancel`
    JobCancel {
        /// Id of the job.
        job: Uuid,
    },
    /// `/api/v1/jobs/{id}/events`
    JobEvents {
        /// Id of the job.
        job: Uuid,
    },
    /// `/api/v1/register/{kind}`
    Records {
        /// Kind of the records.
        kind: &'p str,
    },
    /// `/api/v1/register/{kind}/{id}`
    Record {
        /// Kind of the record.
        kind: &'p str,
        /// Id of the record.
        record: Uuid,
    },
    /// `/api/v1/register/{kind}/{id}/history`
    RecordHistory {
        /// Kind of the record.
        kind: &'p str,
        /// Id of the record.
        record: Uuid,
    },
    /// Anything else: a file of the web page, if there is one of this name.
    Page {
        /// Path without the leading `/`; `index.html` for `/`.
        file: &'p str,
    },
}

/// One step of one version of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedStep<'p> {
    /// Layer id.
    pub layer: &'p str,
    /// Version.
    pub version: &'p str,
    /// Valid time; `None` (`-`) for a layer without time.
    pub time: Option<Timestamp>,
}

impl<'p> Route<'p> {
    /// Reads a path.
    ///
    /// # Errors
    /// The problem to answer with: [`Problem::RouteUnknown`], [`Problem::AddressMalformed`],
    /// [`Problem::TileOutOfRange`], [`Problem::TimeMalformed`], [`Problem::LayerUnknown`],
    /// [`Problem::JobUnknown`] or [`Problem::RecordUnknown`].
    pub fn parse(path: &'p str) -> Result<Self, Problem> {
        match path {
            "/" => return Ok(Self::Page { file: "index.html" }),
            "/status.json" => return Ok(Self::Status),
            "/catalog.json" => return Ok(Self::Catalogue),
            "/health/live" => return Ok(Self::Live),
            "/health/ready" => return Ok(Self::Ready),
            "/login" => return Ok(Self::Login),
            "/logout" => return Ok(Self::Logout),
            _ => {}
        }
        if let Some(rest) = path.strip_prefix("/tiles/") {
            return parse_tiles(rest);
        }
        if let Some(rest) = path.strip_prefix("/archives/") {
            return parse_archive(rest);
        }
        if let Some(rest) = path.strip_prefix("/series/") {
            return parse_series(rest);
        }
        if let Some(rest) = path.strip_prefix("/api/v1/") {
            return parse_api(rest);
        }
        if path == "/api" || path.starts_with("/api/") {
            return Err(Problem::RouteUnknown);
        }
        path.strip_prefix('/').map(|file| Self::Page { file }).ok_or(Problem::RouteUnknown)
    }

    /// The name of the route: what access and logs go by. Positions and layers stay out of it.
    #[must_use]
    pub fn name(&self) -> RouteName {
        match self {
            Self::Live => RouteName::Live,
            Self::Ready => RouteName::Ready,
            Self::Status => RouteName::Status,
            Self::Catalogue => RouteName::Catalogue,
            Self::TileJson { .. } => RouteName::TileJson,
            Self::Tile { .. } => RouteName::Tile,
            Self::PinnedTile { .. } => RouteName::PinnedTile,
            Self::Archive { .. } => RouteName::Archive,
            Self::Series { .. } => RouteName::Series,
            Self::Login => RouteName::Login,
            Self::Logout => RouteName::Logout,
            Self::Session => RouteName::Session,
            Self::Files => RouteName::Files,
            Self::Jobs => RouteName::Jobs,
            Self::Job { .. } => RouteName::Job,
            Self::JobCancel { .. } => RouteName::JobCancel,
            Self::JobEvents { .. } => RouteName::JobEvents,
            Self::Records { .. } => RouteName::Records,
            Self::Record { .. } => RouteName::Record,
            Self::RecordHistory { .. } => RouteName::RecordHistory,
            Self::Page { .. } => RouteName::Page,
        }
    }
}

/// The enum and the list of its variants from one list, so that no route is missing in either.
macro_rules! route_names {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// A route without the parts that its addresses fill in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RouteName {
            $($(#[$doc])* $variant,)*
        }

        impl RouteName {
            /// Every route.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

route_names! {
    /// [`Route::Live`]
    Live = "live",
    /// [`Route::Ready`]
    Ready = "ready",
    /// [`Route::Status`]
    Status = "status",
    /// [`Route::Catalogue`]
    Catalogue = "catalogue",
    /// [`Route::TileJson`]
    TileJson = "tilejson",
    /// [`Route::Tile`]
    Tile = "tile",
    /// [`Route::PinnedTile`]
    PinnedTile = "pinned-tile",
    /// [`Route::Archive`]
    Archive = "archive",
    /// [`Route::Series`]
    Series = "series",
    /// [`Route::Login`]
    Login = "login",
    /// [`Route::Logout`]
    Logout = "logout",
    /// [`Route::Session`]
    Session = "session",
    /// [`Route::Files`]
    Files = "files",
    /// [`Route::Jobs`]
    Jobs = "jobs",
    /// [`Route::Job`]
    Job = "job",
    /// [`Route::JobCancel`]
    JobCancel = "job-cancel",
    /// [`Route::JobEvents`]
    JobEvents = "job-events",
    /// [`Route::Records`]
    Records = "records",
    /// [`Route::Record`]
    Record = "record",
    /// [`Route::RecordHistory`]
    RecordHistory = "record-history",
    /// [`Route::Page`]
    Page = "page",
}

fn parse_api(rest: &str) -> Result<Route<'_>, Problem> {
    if let Some(rest) = rest.strip_prefix("register/") {
        return parse_register(rest);
    }
    let mut parts = rest.split('/');
    let (first, second, third) = (parts.next(), parts.next(), parts.next());
    let job = |id: &str| canonical_id(id).ok_or(Problem::JobUnknown);
    match (first, second, third, parts.next()) {
        (Some("session"), None, ..) => Ok(Route::Session),
        (Some("files"), None, ..) => Ok(Route::Files),
        (Some("jobs"), None, ..) => Ok(Route::Jobs),
        (Some("jobs"), Some(id), None, _) => Ok(Route::Job { job: job(id)? }),
        (Some("jobs"), Some(id), Some("cancel"), None) => Ok(Route::JobCancel { job: job(id)? }),
        (Some("jobs"), Some(id), Some("events"), None) => Ok(Route::JobEvents { job: job(id)? }),
        _ => Err(Problem::RouteUnknown),
    }
}

fn parse_register(rest: &str) -> Result<Route<'_>, Problem> {
    let mut parts = rest.split('/');
    let kind = parts.next().filter(|kind| is_kind(kind)).ok_or(Problem::RouteUnknown)?;
    let (second, third) = (parts.next(), parts.next());
    let record = |id: &str| canonical_id(id).ok_or(Problem::RecordUnknown);
    match (second, third, parts.next()) {
        (None, ..) => Ok(Route::Records { kind }),
        (Some(id), None, _) => Ok(Route::Record { kind, record: record(id)? }),
        (Some(id), Some("history"), None) => Ok(Route::RecordHistory { kind, record: record(id)? }),
        _ => Err(Problem::RouteUnknown),
    }
}

/// A UUID in its canonical form: one address a job or record.
fn canonical_id(text: &str) -> Option<Uuid> {
    let id: Uuid = text.parse().ok()?;
    (id.as_hyphenated().to_string() == text).then_some(id)
}

fn parse_tiles(rest: &str) -> Result<Route<'_>, Problem> {
    let mut parts = rest.split('/');
    let mut next = || parts.next();
    let (Some(layer), second) = (next(), next()) else { return Err(Problem::RouteUnknown) };
    let Some(second) = second else {
        let id = layer.strip_suffix(".json").ok_or(Problem::RouteUnknown)?;
        return Ok(Route::TileJson { layer: layer_id(id)? });
    };
    let (Some(third), Some(fourth)) = (next(), next()) else { return Err(Problem::RouteUnknown) };
    let (fifth, sixth, more) = (next(), next(), next());
    match (fifth, sixth, more) {
        (None, ..) => {
            let tile = parse_tile(second, third, fourth)?;
            Ok(Route::Tile { layer: layer_id(layer)?, tile })
        }
        (Some(fifth), Some(sixth), None) => {
            let tile = parse_tile(fourth, fifth, sixth)?;
            let valid_time = parse_time_part(third)?;
            let step = PinnedStep { layer: layer_id(layer)?, version: second, time: valid_time };
            Ok(Route::PinnedTile { step, tile })
        }
        _ => Err(Problem::RouteUnknown),
    }
}

fn parse_archive(rest: &str) -> Result<Route<'_>, Problem> {
    let mut parts = rest.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(layer), Some(version), Some(file), None) => {
            let time = file.strip_suffix(".pmtiles").ok_or(Problem::RouteUnknown)?;
            let time = parse_time_part(time)?;
            Ok(Route::Archive { step: PinnedStep { layer: layer_id(layer)?, version, time } })
        }
        _ => Err(Problem::RouteUnknown),
    }
}

fn parse_series(rest: &str) -> Result<Route<'_>, Problem> {
    let mut parts = rest.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(layer), Some(version), Some(file), None) => {
            let id = file.strip_suffix(".json").ok_or(Problem::RouteUnknown)?;
            Ok(Route::Series { layer: layer_id(layer)?, version, id })
        }
        _ => Err(Problem::RouteUnknown),
    }
}

/// An id that no layer can have is the id of no layer, not a mistake of its own.
fn layer_id(text: &str) -> Result<&str, Problem> {
    if is_layer_id(text) { Ok(text) } else { Err(Problem::LayerUnknown) }
}

fn parse_time_part(text: &str) -> Result<Option<Timestamp>, Problem> {
    match text {
        "-" => Ok(None),
        _ => parse_compact(text).map(Some).ok_or(Problem::TimeMalformed),
    }
}

fn parse_tile(z: &str, x: &str, y: &str) -> Result<TileId, Problem> {
    let y = y.strip_suffix(".mvt").or_else(|| y.strip_suffix(".pbf")).unwrap_or(y);
    let (z, x, y) = (number(z)?, number(x)?, number(y)?);
    let z = u8::try_from(z).or(Err(Problem::TileOutOfRange))?;
    TileId::new(z, x, y).ok_or(Problem::TileOutOfRange)
}

/// Plain decimal digits without sign, space or leading zero, so that every tile has one address.
fn number(text: &str) -> Result<u32, Problem> {
    let canonical = text == "0" || !text.starts_with('0');
    if text.is_empty() || !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::AddressMalformed);
    }
    text.parse().or(Err(Problem::TileOutOfRange))
}

/// The `time` of a query such as `time=20170807T011000Z` or `time=2017-08-07T10:10:00%2B09:00`.
/// `now` and `latest` say in words what no time means: the step that is current.
///
/// # Errors
/// [`Problem::QueryUnknown`] for any other parameter or a second `time`,
/// [`Problem::TimeMalformed`] for a time in another form.
pub fn parse_time_query(query: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let query = query.unwrap_or_default();
    if query.is_empty() {
        return Ok(None);
    }
    let value = query.strip_prefix("time=").ok_or(Problem::QueryUnknown)?;
    if matches!(value, "now" | "latest") {
        return Ok(None);
    }
    if value.contains('&') {
        return Err(Problem::QueryUnknown);
    }
    parse_time(value).map(Some).ok_or(Problem::TimeMalformed)
}

/// The `state` of a query such as `state=running`.
///
/// # Errors
/// [`Problem::QueryUnknown`] for anything else.
pub fn parse_state_query(query: Option<&str>) -> Result<Option<JobState>, Problem> {
    let query = query.unwrap_or_default();
    if query.is_empty() {
        return Ok(None);
    }
    let state = query.strip_prefix("state=").and_then(JobState::named);
    state.map(Some).ok_or(Problem::QueryUnknown)
}

/// Which part of a list a query asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListQuery<K> {
    /// Only what comes after this.
    pub after: Option<K>,
    /// At most this many.
    pub limit: u32,
}

/// The `after` and `limit` of a query such as `limit=20&after=…`.
///
/// # Errors
/// [`Problem::QueryUnknown`] for anything else, for a limit that is not 1 to 1,000, and where
/// `key` does not know what `after` names.
pub fn parse_list_query<K>(
    query: Option<&str>,
    key: impl Fn(&str) -> Option<K>,
) -> Result<ListQuery<K>, Problem> {
    let (mut after, mut limit) = (None, None);
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(Problem::QueryUnknown)?;
        let known = match name {
            "after" if after.is_none() => {
                after = key(value);
                after.is_some()
            }
            "limit" if limit.is_none() => {
                limit = number(value).ok().filter(|limit| (1..=LIST_MAX).contains(limit));
                limit.is_some()
            }
            _ => false,
        };
        if !known {
            return Err(Problem::QueryUnknown);
        }
    }
    Ok(ListQuery { after, limit: limit.unwrap_or(LIST_USUAL) })
}

/// `after` of a list of records.
#[must_use]
pub fn record_key(value: &str) -> Option<Uuid> {
    canonical_id(value)
}

/// `after` of a history.
#[must_use]
pub fn edit_key(value: &str) -> Option<u64> {
    canonical_number(value)
}

/// Plain decimal digits without sign or leading zero, below 2 to the power of 64.
#[must_use]
pub fn canonical_number(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0');
    let digits = plain && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// Whether a query asks for the personal values too: `with=personal`.
///
/// # Errors
/// [`Problem::QueryUnknown`] for anything else.
pub fn parse_with_query(query: Option<&str>) -> Result<With, Problem> {
    match query.unwrap_or_default() {
        "" => Ok(With::Content),
        "with=personal" => Ok(With::Personal),
        _ => Err(Problem::QueryUnknown),
    }
}

/// What of a record is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// What everybody who sees it may read.
    Content,
    /// The personal values besides.
    Personal,
}

/// Refuses every parameter.
///
/// # Errors
/// [`Problem::QueryUnknown`] for anything behind the `?`.
pub fn refuse_query(query: Option<&str>) -> Result<(), Problem> {
    if query.unwrap_or_default().is_empty() { Ok(()) } else { Err(Problem::QueryUnknown) }
}

fn parse_time(value: &str) -> Option<Timestamp> {
    if let Some(time) = parse_compact(value) {
        return Some(time);
    }
    // The only characters of RFC 3339 that clients write encoded are `:` and `+`.
    if 60 < value.len() {
        return None;
    }
    let text = value.replace("%3A", ":").replace("%3a", ":");
    let text = text.replace("%2B", "+").replace("%2b", "+");
    let is_rfc3339 = text.get(10..11)?.eq_ignore_ascii_case("t")
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TtZz".contains(&byte));
    if is_rfc3339 { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// No text makes the reader panic, and a tile is always one of the scheme.
        #[test]
        fn hostile_paths_are_no_addresses(rest in "[ -~]{0,40}") {
            for prefix in ["/", "/tiles/", "/archives/", "/series/", "/tiles/rain/", "/api/v1/jobs/", "/api/v1/register/"] {
                let path = format!("{prefix}{rest}");
                if let Ok(Route::Tile { layer, tile }) = Route::parse(&path) {
                    prop_assert!(is_layer_id(layer) && tile.z() <= 24);
                }
            }
            let _ = parse_time_query(Some(&rest));
            let _ = parse_list_query(Some(&rest), edit_key);
        }

        /// Every tile of the scheme has exactly the address that its numbers spell.
        #[test]
        fn tiles_have_one_address(z in 0_u8..=24, x in 0_u32..1 << 24, y in 0_u32..1 << 24) {
            let (x, y) = (x >> (24 - z), y >> (24 - z));
            for suffix in ["", ".mvt", ".pbf"] {
                let path = format!("/tiles/rain/{z}/{x}/{y}{suffix}");
                let tile = TileId::new(z, x, y).unwrap();
                prop_assert_eq!(Route::parse(&path), Ok(Route::Tile { layer: "rain", tile }));
            }
            let padded = format!("/tiles/rain/{z}/0{x}/{y}");
            prop_assert_eq!(Route::parse(&padded), Err(Problem::AddressMalformed));
        }
    }

    #[test]
    fn lists_are_asked_for_in_one_way() {
        let list = |after, limit| Ok(ListQuery { after, limit });
        for (query, expected) in [
            (None, list(None, 100)),
            (Some(""), list(None, 100)),
            (Some("limit=1"), list(None, 1)),
            (Some("limit=1000&after=0"), list(Some(0), 1_000)),
            (Some("after=18446744073709551615"), list(Some(u64::MAX), 100)),
        ] {
            assert_eq!(parse_list_query(query, edit_key), expected, "{query:?}");
        }
        for query in [
            "limit=0",
            "limit=1001",
            "limit=01",
            "limit=",
            "limit=-1",
            "limit",
            "limit=1&limit=1",
            "after=1&after=2",
            "after=18446744073709551616",
            "after=x",
            "offset=3",
        ] {
            let refused = parse_list_query(Some(query), edit_key);
            assert_eq!(refused, Err(Problem::QueryUnknown), "{query}");
        }
    }

    #[test]
    fn times_are_read_in_both_forms() {
        let time = "2017-08-07T01:10:00Z".parse().unwrap();
        for query in [
            "time=20170807T011000Z",
            "time=2017-08-07T01:10:00Z",
            "time=2017-08-07T01%3A10%3A00Z",
            "time=2017-08-07T10:10:00%2B09:00",
            "time=2017-08-07T10:10:00+09:00",
        ] {
            assert_eq!(parse_time_query(Some(query)), Ok(Some(time)), "{query}");
        }
        for query in ["time=", "time=soon", "time=2017-08-07", "time=2017-08-07T01:10:00Z[UTC]"] {
            assert_eq!(parse_time_query(Some(query)), Err(Problem::TimeMalformed), "{query}");
        }
        for query in ["t=1", "time", "a=1&time=20170807T011000Z", "time=20170807T011000Z&time=1"] {
            assert_eq!(parse_time_query(Some(query)), Err(Problem::QueryUnknown), "{query}");
        }
        for query in ["", "time=now", "time=latest"] {
            assert_eq!(parse_time_query(Some(query)), Ok(None), "{query}");
        }
    }
}
