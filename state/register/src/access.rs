//! Who may do what: role x organisation x area, in time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jomo_core::layer::Text;
use jomo_core::organisation::OrganisationKind;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// What a person may do; each role may do what those below it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// 閲覧: reads.
    Viewer,
    /// 編集: edits records and starts jobs.
    Editor,
    /// 担当: decides on duty.
    Officer,
    /// 承認: confirms what needs a second person.
    Approver,
    /// 管理: people, grants and keys.
    Admin,
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Self; 5] =
        [Self::Viewer, Self::Editor, Self::Officer, Self::Approver, Self::Admin];

    /// The name in files, flags and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Officer => "officer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Where a grant holds.
///
/// In JSON `"all"` or a list of five-digit municipality codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Area {
    /// The whole region.
    All,
    /// The municipalities of these codes.
    Municipalities(BTreeSet<String>),
}

impl Area {
    /// Reads `all` or codes separated by `,`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::All);
        }
        Self::of(text.split(',').map(|code| code.trim().to_owned()).collect())
    }

    fn of(codes: BTreeSet<String>) -> Option<Self> {
        let code = |code: &String| code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit());
        (!codes.is_empty() && codes.iter().all(code)).then_some(Self::Municipalities(codes))
    }

    /// Whether the municipality of this code lies in the area.
    #[must_use]
    pub fn contains(&self, municipality: &str) -> bool {
        match self {
            Self::All => true,
            Self::Municipalities(codes) => codes.contains(municipality),
        }
    }

    /// Whether a thing that lies in this municipality, or in no single one, is in the area: what
    /// lies in no single one is for those alone whose area is the whole region.
    #[must_use]
    pub fn reaches(&self, municipality: Option<&str>) -> bool {
        municipality.map_or(*self == Self::All, |code| self.contains(code))
    }
}

impl Serialize for Area {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Municipalities(codes) => codes.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Area {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Word(String),
            Codes(BTreeSet<String>),
        }
        let area = match Raw::deserialize(deserializer)? {
            Raw::Word(word) => (word == "all").then_some(Self::All),
            Raw::Codes(codes) => Self::of(codes),
        };
        area.ok_or_else(|| {
            serde::de::Error::custom("expected \"all\" or a list of five-digit municipality codes")
        })
    }
}

/// One permission of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Id of the grant.
    pub id: Uuid,
    /// Whom it is for.
    pub person: Uuid,
    /// What may be done.
    pub role: Role,
    /// For which organisation.
    pub organisation: String,
    /// In which area.
    pub area: Area,
    /// From when on.
    pub from: Timestamp,
    /// The first instant at which it no longer holds.
    pub until: Option<Timestamp>,
}

impl Grant {
    /// Whether it holds at `now`: from `from` on, before `until`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

/// How somebody was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// By signing in.
    Session,
    /// By an API key.
    Key,
    /// By a proxy that is trusted.
    Proxy,
}

/// A person as recognised at one moment, with the grants that hold at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The person.
    pub person: Uuid,
    /// Login name.
    pub login: String,
    /// Name; `None` without the master key.
    pub name: Option<String>,
    /// Grants in time, each with the kind of its organisation.
    pub grants: Vec<(Grant, OrganisationKind)>,
    /// Names of the organisations of the grants, by id.
    pub organisations: BTreeMap<String, Text>,
    /// How they were recognised.
    pub via: Via,
    /// An invented person.
    pub fictional: bool,
    /// When the session or the key ends; `None` by proxy or for a key without end.
    pub expires: Option<Timestamp>,
}

impl Principal {
    /// Whether any grant allows what `role` may do.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.grants.iter().any(|(grant, _)| role <= grant.role)
    }

    /// Whether any grant allows what `role` may do with a thing of this organisation that lies in
    /// this municipality, or in no single one.
    #[must_use]
    pub fn may(&self, role: Role, organisation: &str, municipality: Option<&str>) -> bool {
        self.grants.iter().any(|(grant, _)| {
            role <= grant.role
                && grant.organisation == organisation
                && grant.area.reaches(municipality)
        })
    }

    /// Whether any grant is for an organisation of this kind.
    #[must_use]
    pub fn is_of(&self, kind: OrganisationKind) -> bool {
        self.grants.iter().any(|(_, of)| *of == kind)
    }
}
