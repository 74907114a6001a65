//! Records over HTTP: list, make, read, change, withdraw, and what became of them.
//!
//! Whether a caller may see or change the record of an address is decided in [`crate::access`].
//! A change names the revision that it was made on; where the record has moved on meanwhile, the
//! refusal carries all versions, so that nothing is lost between two editors.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use jomo_core::Timestamp;
use jomo_register::{
    Edit, Grant, Listing, NewRecord, Page, Principal, Record, RecordChange, Register,
    RegisterError, Role, Uuid,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::may;
use crate::answer::json;
use crate::app::People;
use crate::body::{self, BodyType, body_type};
use crate::negotiate::expected_revision;
use crate::problem::Problem;
use crate::route::{ListQuery, With};

/// Longest body of a record in bytes: a form, not a file.
const RECORD_MAX: usize = 1 << 20;

/// What stands for personal values that are not there.
static NULL: Value = Value::Null;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDocument {
    organisation: String,
    municipality: Option<String>,
    content: Map<String, Value>,
    personal: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeDocument {
    content: Map<String, Value>,
    personal: Option<Map<String, Value>>,
}

/// A record as people see it.
#[derive(Serialize)]
struct RecordDocument<'a> {
    id: Uuid,
    kind: &'a str,
    revision: u64,
    content: &'a Value,
    /// Absent where nobody asked; null where there are none, or none that can be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    personal: Option<&'a Value>,
    deleted: bool,
    organisation: &'a str,
    municipality: Option<&'a str>,
    updated: Timestamp,
    by: Option<&'a str>,
}

impl<'a> RecordDocument<'a> {
    fn of(Shown { record, by }: &'a Shown, with: With) -> Self {
        Self {
            id: record.id,
            kind: &record.kind,
            revision: record.revision,
            content: &record.content,
            personal: (with == With::Personal).then_some(record.personal.as_ref().unwrap_or(&NULL)),
            deleted: record.deleted,
            organisation: &record.organisation,
            municipality: record.municipality.as_deref(),
            updated: record.updated,
            by: by.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct RecordList<'a> {
    records: Vec<RecordDocument<'a>>,
    next: Option<Uuid>,
}

#[derive(Serialize)]
struct EditDocument<'a> {
    seq: u64,
    time: Timestamp,
    act: &'a str,
    by: Option<&'a str>,
    revision: Option<u64>,
    content: Option<&'a Value>,
    hash: String,
}

#[derive(Serialize)]
struct EditList<'a> {
    edits: Vec<EditDocument<'a>>,
    next: Option<u64>,
}

/// A record and the login of whoever last changed it.
struct Shown {
    record: Record,
    by: Option<String>,
}

impl Shown {
    fn of(register: &Register, record: Record) -> Result<Self, RegisterError> {
        let by = register.login(record.by)?;
        Ok(Self { record, by })
    }
}

/// What a change that came too late has to say to a person who must decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The revision that the change was made on.
    pub expected: u64,
    /// The revision that stands.
    pub found: u64,
    /// The version that the change was made on; `None` if that has been purged or never was.
    base: Option<Version>,
    /// The version that was sent; `None` for a withdrawal.
    yours: Option<Version>,
    /// The record as it stands.
    theirs: Value,
    /// Whether the versions have few enough members to be compared.
    compared: bool,
    /// The members of the content that are not the same in all versions; absent where they were
    /// not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<Field>>,
    /// Whether the record has been withdrawn.
    #[serde(skip)]
    pub is_withdrawn: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Version {
    revision: u64,
    content: Value,
}

/// One member of the content; a version without it has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Field {
    name: String,
    changed: Changed,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yours: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theirs: Option<Value>,
}

/// Who has changed a member since the common version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Changed {
    Yours,
    Theirs,
    /// Both to the same value.
    Same,
    /// Both, differently: somebody has to choose.
    Both,
}

/// The most members of a version that are compared: what a person could still look through. Three
/// contents of 80,000 members each would be 8.4 MB of answer, and seconds of the register's thread.
const FIELDS_MAX: usize = 1_000;

/// [`fields`], unless a version has more than [`FIELDS_MAX`] members.
fn compared(base: Option<&Value>, yours: Option<&Value>, theirs: &Value) -> Option<Vec<Field>> {
    let members = |version: &Value| version.as_object().map_or(0, Map::len);
    let is_small = |version: &Value| members(version) <= FIELDS_MAX;
    let all = [base, yours, Some(theirs)];
    all.into_iter().flatten().all(is_small).then(|| fields(base, yours, theirs))
}

/// Compares contents member by member. Without a common version whatever differs was changed by
/// both; without a version of the caller only the others' changes are told.
fn fields(base: Option<&Value>, yours: Option<&Value>, theirs: &Value) -> Vec<Field> {
    let mine = yours.or(base);
    let versions = [base, mine, Some(theirs)].map(|version| version.and_then(Value::as_object));
    let names: BTreeSet<&String> = versions.iter().flatten().flat_map(|map| map.keys()).collect();
    let of = |name: &String| versions.map(|version| version.and_then(|map| map.get(name)));
    let field = |name: &String| {
        let [old, mine, now] = of(name);
        let changed = match (mine == old, now == old, mine == now) {
            (true, true, _) => return None,
            (_, _, true) if base.is_none() => return None,
            _ if base.is_none() => Changed::Both,
            (true, false, _) => Changed::Theirs,
            (false, true, _) => Changed::Yours,
            (false, false, true) => Changed::Same,
            (false, false, false) => Changed::Both,
        };
        let mine = mine.filter(|_| yours.is_some());
        let [base, yours, theirs] = [old, mine, now].map(Option::<&Value>::cloned);
        Some(Field { name: name.clone(), changed, base, yours, theirs })
    };
    names.into_iter().filter_map(field).collect()
}

/// What the register says against a change that a person can mend.
enum Refusal {
    Conflict(Box<Conflict>),
    Field(&'static str),
    KeyNeeded,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict(conflict) => Self::RecordChanged(conflict),
            Refusal::Field(field) => Self::RecordRefused { field },
            Refusal::KeyNeeded => Self::PersonalNotKept,
        }
    }
}

/// A change as it ended: the record as it now stands, or why not.
fn ended(
    register: &Register,
    result: Result<Record, RegisterError>,
) -> Result<Result<Shown, Refusal>, RegisterError> {
    Ok(Err(match result {
        Ok(record) => return Shown::of(register, record).map(Ok),
        Err(RegisterError::Conflict { expected, found, base, mine, theirs }) => {
            let yours = (!mine.deleted).then_some(mine.content);
            let base_content = base.as_ref().map(|base| &base.content);
            let fields = compared(base_content, yours.as_ref(), &theirs.content);
            let theirs = Shown::of(register, *theirs)?;
            let document = RecordDocument::of(&theirs, With::Content);
            let version =
                |record: Record| Version { revision: record.revision, content: record.content };
            Refusal::Conflict(Box::new(Conflict {
                expected,
                found,
                base: base.map(|base| version(*base)),
                yours: yours.map(|content| Version { revision: expected, content }),
                // Strings, numbers, times and JSON always serialise.
                theirs: serde_json::to_value(document).unwrap_or_default(),
                compared: fields.is_some(),
                fields,
                is_withdrawn: theirs.record.deleted,
            }))
        }
        Err(RegisterError::Invalid { what, .. }) => Refusal::Field(what),
        Err(RegisterError::KeyNeeded) => Refusal::KeyNeeded,
        Err(error) => return Err(error),
    }))
}

/// The entity tag of a revision.
fn tag(revision: u64) -> String {
    format!("\"{revision}\"")
}

fn answer(shown: &Shown, with: With) -> Response<Body> {
    let document = RecordDocument::of(shown, with);
    let mut response = json(serde_json::to_vec(&document).unwrap_or_default());
    if let Ok(value) = HeaderValue::try_from(tag(shown.record.revision)) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

async fn parse<T: DeserializeOwned>(
    people: &People,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<T, Problem> {
    if body_type(headers) != Some(BodyType::Json) {
        return Err(Problem::ContentTypeRefused);
    }
    let bytes = body::read(body, RECORD_MAX, people.limits.body).await?;
    serde_json::from_slice(&bytes).or(Err(Problem::BodyMalformed))
}

/// `GET /api/v1/register/{kind}[?limit=&after=]`: 200. What the caller's grants reach, by id.
///
/// # Errors
/// If the register cannot be asked.
pub async fn list(
    people: &People,
    principal: Principal,
    kind: &str,
    query: ListQuery<Uuid>,
) -> Result<Response<Body>, Problem> {
    let kind = kind.to_owned();
    let page = Page { after: query.after, limit: query.limit };
    let found = people.clerk.call(move |register| {
        let grants: Vec<Grant> = principal.grants.into_iter().map(|(grant, _)| grant).collect();
        let Listing { items, next } = register.visible_records(&kind, &grants, page)?;
        let shown = items.into_iter().map(|record| Shown::of(register, record));
        Ok((shown.collect::<Result<Vec<_>, _>>()?, next))
    });
    let (shown, next) = found.await?;
    let records = shown.iter().map(|shown| RecordDocument::of(shown, With::Content)).collect();
    Ok(json(serde_json::to_vec(&RecordList { records, next }).unwrap_or_default()))
}

/// `POST /api/v1/register/{kind}`: 201.
///
/// # Errors
/// 400, 408, 413, 415; 403 for an organisation or place that no grant as editor reaches; 422 for
/// a value that the register refuses.
pub async fn create(
    people: &People,
    (principal, kind): (&Principal, &str),
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Response<Body>, Problem> {
    let new: NewDocument = parse(people, headers, body).await?;
    // An organisation that is not there is one that nobody has a grant for.
    if !principal.may(Role::Editor, &new.organisation, new.municipality.as_deref()) {
        return Err(Problem::RoleNeeded);
    }
    let new = NewRecord {
        kind: kind.to_owned(),
        content: Value::Object(new.content),
        personal: new.personal.map(Value::Object),
        subject: None,
        organisation: new.organisation,
        municipality: new.municipality,
    };
    let (by, now) = (principal.person, people.now());
    let made = people.clerk.call(move |register| {
        let made = register.create_record(new, by, now);
        ended(register, made)
    });
    let made = made.await??;
    let mut response = answer(&made, With::Content);
    *response.status_mut() = StatusCode::CREATED;
    let location = format!("/api/v1/register/{kind}/{}", made.record.id);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `GET /api/v1/register/{kind}/{id}[?with=personal]`: 200, also for a record that has been
/// withdrawn. Personal values are for officers, and the register keeps who has read them; those
/// of a withdrawn record are for nobody.
///
/// # Errors
/// 403 for personal values that are not for this caller.
pub async fn read(
    people: &People,
    principal: &Principal,
    record: Record,
    with: With,
) -> Result<Response<Body>, Problem> {
    if with == With::Personal && !may(principal, Role::Officer, &record) {
        return Err(Problem::RoleNeeded);
    }
    let (reader, now) = (principal.person, people.now());
    let shown = people.clerk.call(move |register| {
        let id = record.id;
        let found = match with {
            With::Personal if !record.deleted => register.read_personal(id, reader, now)?,
            _ => Some(record),
        };
        found.map(|record| Shown::of(register, record)).transpose()
    });
    let shown = shown.await?.ok_or(Problem::RecordUnknown)?;
    Ok(answer(&shown, with))
}

/// `PUT /api/v1/register/{kind}/{id}`: 200 with the new version.
///
/// # Errors
/// 428 without `If-Match`; 412 with all versions for a record that has moved on; 400, 408, 413,
/// 415, 422 as for a new one.
pub async fn update(
    people: &People,
    (principal, record): (&Principal, &Record),
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Response<Body>, Problem> {
    let expected_revision = expected_revision(headers).ok_or(Problem::PreconditionRequired)?;
    let ChangeDocument { content, personal } = parse(people, headers, body).await?;
    let (content, personal) = (Value::Object(content), personal.map(Value::Object));
    let change = RecordChange { expected_revision, content, personal };
    let (id, by, now) = (record.id, principal.person, people.now());
    let changed = people.clerk.call(move |register| {
        let changed = register.update_record(id, change, by, now);
        ended(register, changed)
    });
    Ok(answer(&changed.await??, With::Content))
}

/// `DELETE /api/v1/register/{kind}/{id}`: 200 with the withdrawn version.
///
/// # Errors
/// 428 without `If-Match`; 412 for a record that has moved on.
pub async fn withdraw(
    people: &People,
    (principal, record): (&Principal, &Record),
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let expected = expected_revision(headers).ok_or(Problem::PreconditionRequired)?;
    let (id, by, now) = (record.id, principal.person, people.now());
    let withdrawn = people.clerk.call(move |register| {
        let withdrawn = register.delete_record(id, expected, by, now);
        ended(register, withdrawn)
    });
    Ok(answer(&withdrawn.await??, With::Content))
}

/// `GET /api/v1/register/{kind}/{id}/history[?limit=&after=]`: 200. Links of the chain, oldest
/// first, each with the record as it then stood.
///
/// # Errors
/// If the register cannot be asked.
pub async fn history(
    people: &People,
    record: &Record,
    query: ListQuery<u64>,
) -> Result<Response<Body>, Problem> {
    let id = record.id;
    let found = people.clerk.call(move |register| {
        let Listing { items, next } = register.edits(id, query.after.unwrap_or(0), query.limit)?;
        let mut logins = BTreeMap::new();
        for Edit { actor, .. } in &items {
            if !logins.contains_key(actor) {
                logins.insert(*actor, register.login(*actor)?);
            }
        }
        Ok((items, next, logins))
    });
    let (items, next, logins) = found.await?;
    let edits = items.iter().map(|edit| EditDocument {
        seq: edit.seq,
        time: edit.time,
        act: &edit.kind,
        by: logins.get(&edit.actor).and_then(Option::as_deref),
        revision: edit.record.as_ref().map(|record| record.revision),
        content: edit.record.as_ref().map(|record| &record.content),
        hash: edit.hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
    });
    let list = EditList { edits: edits.collect(), next };
    Ok(json(serde_json::to_vec(&list).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn told(base: Option<&Value>, yours: Option<&Value>, theirs: &Value) -> Value {
        json!(fields(base, yours, theirs))
    }

    #[test]
    fn members_are_told_by_who_changed_them() {
        let base = json!({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": {"x": 1}});
        let yours = json!({"a": 1, "b": 2, "c": 1, "d": 2, "e": 2, "f": {"x": 1}, "g": null});
        let theirs = json!({"a": 1, "b": 1, "c": 3, "d": 2, "e": 3, "f": {"x": 2}});
        assert_eq!(
            told(Some(&base), Some(&yours), &theirs),
            json!([
                { "name": "b", "changed": "yours", "base": 1, "yours": 2, "theirs": 1 },
                { "name": "c", "changed": "theirs", "base": 1, "yours": 1, "theirs": 3 },
                { "name": "d", "changed": "same", "base": 1, "yours": 2, "theirs": 2 },
                { "name": "e", "changed": "both", "base": 1, "yours": 2, "theirs": 3 },
                { "name": "f", "changed": "theirs", "base": {"x": 1}, "yours": {"x": 1},
                  "theirs": {"x": 2} },
                // Null is a value; the others have none.
                { "name": "g", "changed": "yours", "yours": null },
            ])
        );
        // The base has been purged: whatever differs needs a decision.
        assert_eq!(
            told(None, Some(&json!({"a": 1, "b": 2})), &json!({"b": 3, "a": 1})),
            json!([{ "name": "b", "changed": "both", "yours": 2, "theirs": 3 }])
        );
        // A withdrawal has no version of its own.
        assert_eq!(
            told(
                Some(&base),
                None,
                &json!({"a": 1, "b": 1, "c": 3, "d": 1, "e": 1, "f": {"x": 1}})
            ),
            json!([{ "name": "c", "changed": "theirs", "base": 1, "theirs": 3 }])
        );
        assert_eq!(told(None, None, &json!([1])), json!([]));
    }

    fn content() -> impl Strategy<Value = Value> {
        proptest::collection::btree_map("[a-d]", 0..3_u8, 0..4).prop_map(|map| json!(map))
    }

    proptest! {
        /// Whoever takes from each member what `changed` says loses neither side's change, and
        /// members that are not told are the same everywhere.
        #[test]
        fn a_merge_loses_nothing(base in content(), yours in content(), theirs in content()) {
            let told = fields(Some(&base), Some(&yours), &theirs);
            let mut names: BTreeSet<String> = BTreeSet::new();
            for version in [&base, &yours, &theirs] {
                names.extend(version.as_object().into_iter().flat_map(|map| map.keys().cloned()));
            }
            for name in names {
                let [b, y, t] = [&base, &yours, &theirs].map(|version| version.get(&name));
                let field = told.iter().find(|field| field.name == name);
                match field.map(|field| field.changed) {
                    None => prop_assert!(b == y && y == t),
                    Some(Changed::Yours) => prop_assert!(t == b && y != b),
                    Some(Changed::Theirs) => prop_assert!(y == b && t != b),
                    Some(Changed::Same) => prop_assert!(y == t && y != b),
                    Some(Changed::Both) => prop_assert!(b != y && y != t && t != b),
                }
                if let Some(field) = field {
                    let shown = [&field.base, &field.yours, &field.theirs].map(Option::as_ref);
                    prop_assert_eq!(shown, [b, y, t]);
                }
            }
        }
    }
}
