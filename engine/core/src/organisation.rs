//! Kinds of organisations: whom a restricted layer is for, and who signs in.

use serde::{Deserialize, Serialize};

/// What an organisation is to the prefecture. A ladder would be wrong: a forest co-operative
/// stands neither above nor below a road contractor, each sees its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrganisationKind {
    /// 県
    Prefecture,
    /// 市町村
    Municipality,
    /// 林業事業体
    ForestryEnterprise,
    /// 道路維持業者
    RoadContractor,
    /// 官民共創チーム
    CoCreation,
    /// 所有者本人
    Owner,
}

impl OrganisationKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Prefecture,
        Self::Municipality,
        Self::ForestryEnterprise,
        Self::RoadContractor,
        Self::CoCreation,
        Self::Owner,
    ];

    /// The name in files, flags and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prefecture => "prefecture",
            Self::Municipality => "municipality",
            Self::ForestryEnterprise => "forestry-enterprise",
            Self::RoadContractor => "road-contractor",
            Self::CoCreation => "co-creation",
            Self::Owner => "owner",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What decides, row by row, who sees a feature of a restricted layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowAccess {
    /// The organisation that a row belongs to.
    Organisation,
    /// The municipality that a row lies in.
    Area,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name_everywhere() {
        for kind in OrganisationKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(OrganisationKind::named(kind.name()), Some(kind));
        }
        assert_eq!(OrganisationKind::named("Prefecture"), None);
    }
}
