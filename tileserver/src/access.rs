//! Who may do what: one table, applied in one place before any handler.
//!
//! [`need`] says what every route asks of its caller; [`admit`] finds out who that is and gives
//! the handler what it may use: a view of the layers that this caller sees, a person, or a job of
//! theirs. A handler has no other way to a layer or a job. What a caller may not know about goes
//! the way of what does not exist, before any file is touched.

use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use jomo_core::layer::{Access, Layer};
use jomo_core::organisation::OrganisationKind;
use jomo_register::{Job, Principal, Record, Role, Uuid};

use crate::app::App;
use crate::identity::{self, Credential, Peer};
use crate::problem::Problem;
use crate::route::{Route, RouteName};
use crate::serving::{Seen, Serving};
use crate::view::{LayerView, SharedView};

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// GET and HEAD.
    Read,
    /// POST.
    Write,
    /// PUT.
    Replace,
    /// DELETE.
    Remove,
}

impl Verb {
    /// All.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Replace, Self::Remove];

    /// What a method does; `None` for methods that no address has.
    #[must_use]
    pub fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Some(Self::Read),
            Method::POST => Some(Self::Write),
            Method::PUT => Some(Self::Replace),
            Method::DELETE => Some(Self::Remove),
            _ => None,
        }
    }

    /// Whether a body may come with it.
    #[must_use]
    pub fn has_body(self) -> bool {
        matches!(self, Self::Write | Self::Replace)
    }
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing; nobody asks who it is.
    Anyone,
    /// Nothing; the answer speaks of whoever asks.
    Asker,
    /// Public layers are for everybody, a restricted one for its audience.
    LayerReader,
    /// Somebody who is recognised.
    SignedIn,
    /// Somebody with this role, in whatever organisation.
    Role(Role),
    /// The person who queued the job, or an administrator.
    OwnJob,
    /// Somebody with this role for the record's organisation, where it lies.
    Record(Role),
}

/// The table. `None`: the route has no such method.
#[must_use]
pub const fn need(route: RouteName, verb: Verb) -> Option<Need> {
    use RouteName as R;
    match (route, verb) {
        (R::Live | R::Ready | R::Page, Verb::Read) | (R::Login | R::Logout, Verb::Write) => {
            Some(Need::Anyone)
        }
        (R::Session, Verb::Read) => Some(Need::Asker),
        (
            R::Status
            | R::Catalogue
            | R::TileJson
            | R::Tile
            | R::PinnedTile
            | R::Archive
            | R::Series,
            Verb::Read,
        ) => Some(Need::LayerReader),
        (R::Jobs | R::Records, Verb::Read) => Some(Need::SignedIn),
        (R::Files | R::Jobs | R::Records, Verb::Write) => Some(Need::Role(Role::Editor)),
        (R::Job | R::JobEvents, Verb::Read) | (R::JobCancel, Verb::Write) => Some(Need::OwnJob),
        (R::Record | R::RecordHistory, Verb::Read) => Some(Need::Record(Role::Viewer)),
        (R::Record, Verb::Replace | Verb::Remove) => Some(Need::Record(Role::Editor)),
        (R::Login | R::Logout | R::Files | R::JobCancel, Verb::Read)
        | (
            R::Live
            | R::Ready
            | R::Page
            | R::Session
            | R::Status
            | R::Catalogue
            | R::TileJson
            | R::Tile
            | R::PinnedTile
            | R::Archive
            | R::Series
            | R::Job
            | R::JobEvents
            | R::Record
            | R::RecordHistory,
            Verb::Write,
        )
        | (
            R::Live
            | R::Ready
            | R::Page
            | R::Login
            | R::Logout
            | R::Session
            | R::Status
            | R::Catalogue
            | R::TileJson
            | R::Tile
            | R::PinnedTile
            | R::Archive
            | R::Series
            | R::Files
            | R::Jobs
            | R::Job
            | R::JobCancel
            | R::JobEvents
            | R::Records
            | R::RecordHistory,
            Verb::Replace | Verb::Remove,
        ) => None,
    }
}

/// The methods of a route, for `Allow`.
#[must_use]
pub const fn methods(route: RouteName) -> &'static str {
    let reads = need(route, Verb::Read).is_some();
    match (reads, need(route, Verb::Write).is_some(), need(route, Verb::Replace).is_some()) {
        // What is replaced is removed too.
        (_, _, true) => "DELETE, GET, HEAD, OPTIONS, PUT",
        (true, true, false) => "GET, HEAD, OPTIONS, POST",
        (true, false, false) => "GET, HEAD, OPTIONS",
        (false, true, false) => "OPTIONS, POST",
        (false, false, false) => "OPTIONS",
    }
}

/// Whether a route belongs to people: never cached, never open to pages of other hosts.
#[must_use]
pub const fn is_personal(route: RouteName) -> bool {
    use RouteName as R;
    match route {
        R::Login
        | R::Logout
        | R::Session
        | R::Files
        | R::Jobs
        | R::Job
        | R::JobCancel
        | R::JobEvents
        | R::Records
        | R::Record
        | R::RecordHistory => true,
        R::Live
        | R::Ready
        | R::Page
        | R::Status
        | R::Catalogue
        | R::TileJson
        | R::Tile
        | R::PinnedTile
        | R::Archive
        | R::Series => false,
    }
}

/// Which restricted layers a caller may read: the kinds of organisations of their grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// One bit for each kind that any grant is for.
    kinds: u8,
    /// One bit for each kind that a grant as administrator is for.
    administered: u8,
}

impl Rights {
    /// Of somebody who is not recognised.
    pub const NONE: Self = Self { kinds: 0, administered: 0 };

    /// Of a person, by the grants that hold now.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        let mut rights = Self::NONE;
        for (grant, kind) in &principal.grants {
            rights.kinds |= bit(*kind);
            if grant.role == Role::Admin {
                rights.administered |= bit(*kind);
            }
        }
        rights
    }

    /// Whether a layer is for this caller. A restricted layer whose rows are for different people
    /// is for administrators alone: as a whole it is for nobody else.
    #[must_use]
    pub fn may_read(self, layer: &Layer) -> bool {
        let own = if layer.row_access.is_some() { self.administered } else { self.kinds };
        layer.access == Access::Public || layer.readers().iter().any(|kind| own & bit(*kind) != 0)
    }
}

const fn bit(kind: OrganisationKind) -> u8 {
    match kind {
        OrganisationKind::Prefecture => 1,
        OrganisationKind::Municipality => 1 << 1,
        OrganisationKind::ForestryEnterprise => 1 << 2,
        OrganisationKind::RoadContractor => 1 << 3,
        OrganisationKind::CoCreation => 1 << 4,
        OrganisationKind::Owner => 1 << 5,
    }
}

/// Whom an answer is for: it decides what caches and other pages may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody, whoever asks.
    Public,
    /// Everybody; others may get another answer at the same address.
    Varying,
    /// This caller, who sees layers that others do not.
    Private,
    /// This caller, about themselves and their jobs.
    Personal,
}

impl Reach {
    /// Of answers that no layer decides.
    #[must_use]
    pub const fn of(route: RouteName) -> Self {
        if is_personal(route) { Self::Personal } else { Self::Public }
    }
}

/// What a handler gets.
#[derive(Debug)]
pub enum Pass<'s> {
    /// Nothing about anybody.
    Open,
    /// Who asks, if anybody is recognised.
    Asker(Option<Principal>),
    /// What the caller sees of all layers.
    Layers(Seen<'s>),
    /// The layer, or the version of it, that the address names.
    Layer(&'s LayerView),
    /// Somebody who may do this.
    Person(Principal),
    /// A job that this person may see.
    Job(Box<(Principal, Credential, Job)>),
    /// A record that this person may see, and change where the method does.
    Record(Box<(Principal, Record)>),
}

/// What [`admit`] decided, and what the answer must say whatever it is.
#[derive(Debug)]
pub struct Admission<'s> {
    /// Whom the answer is for.
    pub reach: Reach,
    /// `Jomo-Mode` of the layer that the answer is about.
    pub mode: Option<HeaderValue>,
    /// What the handler gets.
    pub pass: Result<Pass<'s>, Problem>,
}

/// Applies the table to a request.
pub async fn admit<'s>(
    app: &App,
    serving: &'s Serving,
    route: &Route<'_>,
    verb: Verb,
    request: &Parts,
) -> Admission<'s> {
    let name = route.name();
    let Some(need) = need(name, verb) else {
        let problem = Problem::MethodNotAllowed { allow: methods(name) };
        return Admission { reach: Reach::of(name), mode: None, pass: Err(problem) };
    };
    if need == Need::LayerReader {
        return admit_reader(app, serving, route, request).await;
    }
    let pass = if is_personal(name) {
        admit_person(app, route, (need, verb), request).await
    } else {
        Ok(Pass::Open)
    };
    Admission { reach: Reach::of(name), mode: None, pass }
}

/// Layers: who asks matters only where a restricted one is concerned.
async fn admit_reader<'s>(
    app: &App,
    serving: &'s Serving,
    route: &Route<'_>,
    request: &Parts,
) -> Admission<'s> {
    let (layer, version) = match *route {
        Route::TileJson { layer } | Route::Tile { layer, .. } => (Some(layer), None),
        Route::PinnedTile { step, .. } | Route::Archive { step } => {
            (Some(step.layer), Some(step.version))
        }
        Route::Series { layer, version, .. } => (Some(layer), Some(version)),
        _ => (None, None),
    };
    // Whether there are people is known to everybody. Caches are told the same of all layers, there
    // or not: headers do not say which of them have a restricted version.
    let shared = if app.people().is_some() { Reach::Varying } else { Reach::Public };
    let same_for_all =
        layer.is_some_and(|layer| serving.is_public(layer) && !serving.is_restricted(layer));
    let rights = if same_for_all { Ok(Rights::NONE) } else { rights(app, request).await };
    let seen = match rights {
        Ok(rights) => serving.seen_with(rights),
        // The status gets through when nothing else does: then it is that for everybody.
        Err(Problem::Busy | Problem::RegisterFailed) if *route == Route::Status => {
            serving.seen_with(Rights::NONE)
        }
        Err(problem) => return Admission { reach: shared, mode: None, pass: Err(problem) },
    };
    let Some(layer) = layer else {
        let reach = if seen.is_private() { Reach::Private } else { shared };
        return Admission { reach, mode: None, pass: Ok(Pass::Layers(seen)) };
    };
    let (about, found) = match version {
        None => {
            let view = seen.layer(layer);
            (view, view.ok_or(Problem::LayerUnknown))
        }
        Some(version) => {
            let found = seen.version(layer, version);
            let about = found.or_else(|| seen.any_version(layer));
            let unknown = || about.map_or(Problem::LayerUnknown, |_| Problem::VersionUnknown);
            (about, found.ok_or_else(unknown))
        }
    };
    let reach = match about {
        Some(view) if view.layer.access == Access::Restricted => Reach::Private,
        _ => shared,
    };
    let mode = about.map(|view: &SharedView| view.mode.clone());
    Admission { reach, mode, pass: found.map(|view| Pass::Layer(view)) }
}

async fn rights(app: &App, request: &Parts) -> Result<Rights, Problem> {
    Ok(recognise(app, request).await?.map_or(Rights::NONE, |(principal, _)| Rights::of(&principal)))
}

/// Who asks, if anybody is recognised; asked once a request.
async fn recognise(app: &App, request: &Parts) -> Result<Option<(Principal, Credential)>, Problem> {
    let Some(people) = app.people() else { return Ok(None) };
    let peer = request.extensions.get::<Peer>().copied();
    let Some(credential) = identity::credential(&request.headers, peer, &people.trust)? else {
        return Ok(None);
    };
    let (asked, now) = (credential.clone(), app.now());
    let principal = people.clerk.call(move |register| asked.principal(register, now)).await?;
    Ok(principal.map(|principal| (principal, credential)))
}

async fn admit_person<'s>(
    app: &App,
    route: &Route<'_>,
    (need, verb): (Need, Verb),
    request: &Parts,
) -> Result<Pass<'s>, Problem> {
    let Some(people) = app.people() else {
        return match need {
            Need::Asker => Ok(Pass::Asker(None)),
            _ => Err(Problem::RouteUnknown),
        };
    };
    let origin_is_ours = || identity::origin_is_ours(&request.headers, &app.settings);
    if need == Need::Anyone {
        // Signing in changes who somebody is even where no cookie is sent along.
        let changes = *route == Route::Login || identity::has_cookie(&request.headers);
        let refused = verb != Verb::Read && changes && !origin_is_ours();
        return if refused { Err(Problem::OriginRefused) } else { Ok(Pass::Open) };
    }
    let found = recognise(app, request).await?;
    if need == Need::Asker {
        return Ok(Pass::Asker(found.map(|(principal, _)| principal)));
    }
    let (principal, credential) = found.ok_or(Problem::SignInNeeded)?;
    if verb != Verb::Read && credential.is_ambient() && !origin_is_ours() {
        return Err(Problem::OriginRefused);
    }
    match (need, *route) {
        (Need::SignedIn, _) => Ok(Pass::Person(principal)),
        (Need::Role(role), _) if principal.has(role) => Ok(Pass::Person(principal)),
        (
            Need::OwnJob,
            Route::Job { job } | Route::JobCancel { job } | Route::JobEvents { job },
        ) => {
            let job = people.clerk.call(move |register| register.job(job)).await?;
            let job = job.filter(|job| is_own(job, &principal)).ok_or(Problem::JobUnknown)?;
            Ok(Pass::Job(Box::new((principal, credential, job))))
        }
        (
            Need::Record(role),
            Route::Record { kind, record } | Route::RecordHistory { kind, record },
        ) => {
            let (kind, asks) = (kind.to_owned(), principal.clone());
            let found = people.clerk.call(move |register| {
                // First the right, then the content: a large one takes its time to read.
                let owner = register.record_owner(record)?.filter(|owner| {
                    let place = owner.municipality.as_deref();
                    owner.kind == kind && asks.may(Role::Viewer, &owner.organisation, place)
                });
                owner.map_or(Ok(None), |_| register.read_record(record))
            });
            let record = found.await?.ok_or(Problem::RecordUnknown)?;
            if !may(&principal, role, &record) {
                return Err(Problem::RoleNeeded);
            }
            Ok(Pass::Record(Box::new((principal, record))))
        }
        _ => Err(Problem::RoleNeeded),
    }
}

/// Whether a person may do with a record what `role` may.
#[must_use]
pub fn may(principal: &Principal, role: Role, record: &Record) -> bool {
    principal.may(role, &record.organisation, record.municipality.as_deref())
}

/// Whether a person may see and stop a job.
#[must_use]
pub fn is_own(job: &Job, principal: &Principal) -> bool {
    let own = |by: Uuid| by == principal.person;
    job.by.is_some_and(own) || principal.has(Role::Admin)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever adds a kind of organisation gives it a bit of its own.
    #[test]
    fn kinds_have_bits_of_their_own() {
        let all = OrganisationKind::ALL.into_iter().fold(0_u8, |all, kind| {
            assert_eq!(all & bit(kind), 0, "{kind:?}");
            all | bit(kind)
        });
        assert_eq!(all.count_ones() as usize, OrganisationKind::ALL.len());
    }

    /// The table as a reader of the specification sees it: whoever changes a need says so here.
    #[test]
    fn the_table_is_as_documented() {
        let mut table = String::new();
        for &route in RouteName::ALL {
            for verb in Verb::ALL {
                if let Some(need) = need(route, verb) {
                    let row = format!("{} {verb:?}: {need:?}\n", route.as_str());
                    table.push_str(&row);
                }
            }
        }
        insta::assert_snapshot!(table, @r"
        live Read: Anyone
        ready Read: Anyone
        status Read: LayerReader
        catalogue Read: LayerReader
        tilejson Read: LayerReader
        tile Read: LayerReader
        pinned-tile Read: LayerReader
        archive Read: LayerReader
        series Read: LayerReader
        login Write: Anyone
        logout Write: Anyone
        session Read: Asker
        files Write: Role(Editor)
        jobs Read: SignedIn
        jobs Write: Role(Editor)
        job Read: OwnJob
        job-cancel Write: OwnJob
        job-events Read: OwnJob
        records Read: SignedIn
        records Write: Role(Editor)
        record Read: Record(Viewer)
        record Replace: Record(Editor)
        record Remove: Record(Editor)
        record-history Read: Record(Viewer)
        page Read: Anyone
        ");
    }

    /// An address without any method would be no address.
    #[test]
    fn every_route_has_a_method() {
        for &route in RouteName::ALL {
            assert!(Verb::ALL.iter().any(|&verb| need(route, verb).is_some()), "{route:?}");
            for verb in Verb::ALL {
                let method = ["GET", "POST", "PUT", "DELETE"][verb as usize];
                let told = methods(route).split(", ").any(|told| told == method);
                let has = need(route, verb).is_some();
                assert_eq!(told, has, "{route:?} {method}");
                let writes = has && verb != Verb::Read;
                assert!(!writes || is_personal(route), "{route:?} changes something and is cached");
            }
        }
    }
}
