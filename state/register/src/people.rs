//! Organisations, persons, sessions and API keys.

use jiff::Timestamp;
use jomo_core::layer::Text;
use jomo_core::organisation::OrganisationKind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Principal, Role};
use crate::secret::Secret;

/// An organisation that grants are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// `[a-z0-9_-]{1,64}`
    pub id: String,
    /// What it is to the prefecture.
    pub kind: OrganisationKind,
    /// Its name.
    pub title: Text,
}

/// A person to be added.
#[derive(Clone, Debug)]
pub struct NewPerson<'a> {
    /// Login name: `[a-z0-9][a-z0-9._@-]{0,63}`.
    pub login: &'a str,
    /// Name; needs the master key.
    pub name: Option<&'a str>,
    /// Mail address; needs the master key.
    pub mail: Option<&'a str>,
    /// Password, 12 to 256 characters; `None` for people who come by a proxy or by key only.
    pub password: Option<&'a str>,
    /// An invented person.
    pub fictional: bool,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Id.
    pub id: Uuid,
    /// Login name.
    pub login: String,
    /// Name; `None` without the master key.
    pub name: Option<String>,
    /// Mail address; `None` without the master key.
    pub mail: Option<String>,
    /// An invented person.
    pub fictional: bool,
    /// May not come in.
    pub disabled: bool,
    /// Values and credentials destroyed.
    pub erased: bool,
    /// When added.
    pub created: Timestamp,
}

/// Somebody who has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The token of the session.
    pub token: Secret,
    /// Who it is.
    pub principal: Principal,
    /// When the session ends.
    pub expires: Timestamp,
}

/// An API key to be made.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    /// What it is for, as a note to people.
    pub title: &'a str,
    /// The highest role that it gives, whatever the grants of its person.
    pub role: Role,
    /// When it ends.
    pub until: Option<Timestamp>,
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Id, also part of the key.
    pub id: String,
    /// Whose key.
    pub person: Uuid,
    /// What it is for.
    pub title: String,
    /// The highest role that it gives.
    pub role: Role,
    /// When made.
    pub created: Timestamp,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}
