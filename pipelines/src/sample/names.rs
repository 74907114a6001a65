//! Names and keys in Japanese: `data-samples/fictional/names.toml`.

use serde::Deserialize;

use super::SampleError;

const NAMES: &str = include_str!("../../../data-samples/fictional/names.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    mark: String,
    prefecture: Named,
    pub(super) municipality: Vec<Municipality>,
    river: Vec<RiverName>,
    unnamed: RiverName,
    pub(super) gauges: GaugeNames,
    pub(super) shelters: ShelterNames,
    pub(super) facility: Vec<FacilityNames>,
    pub(super) dam: DamName,
    pub(super) hazards: HazardNames,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Municipality {
    name: String,
    pub(super) code: String,
    pub(super) places: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RiverName {
    name: String,
    en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GaugeNames {
    pub(super) bridges: Vec<String>,
    pub(super) kilometre: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShelterNames {
    pub(super) facilities: Vec<String>,
    pub(super) open_spaces: Vec<String>,
    pub(super) village: String,
    pub(super) keys: ShelterKeys,
}

/// One kind of facility that a flood can reach.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FacilityNames {
    pub(super) kind: String,
    pub(super) names: Vec<String>,
    pub(super) count: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DamName {
    pub(super) name: String,
}

/// Endings of the names of hazard zones.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HazardNames {
    pub(super) slope: String,
    pub(super) valley: String,
}

/// Keys of the published shelter records, in their order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShelterKeys {
    pub(super) number: String,
    pub(super) id: String,
    pub(super) municipality: String,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) flood: String,
    pub(super) landslide: String,
    pub(super) storm_surge: String,
    pub(super) earthquake: String,
    pub(super) tsunami: String,
    pub(super) fire: String,
    pub(super) inland_flood: String,
    pub(super) volcano: String,
    pub(super) same_address: String,
    pub(super) remark: String,
}

impl Names {
    pub(super) fn new() -> Result<Self, SampleError> {
        let wrong = |reason: String| SampleError::Recipe { file: "names.toml", reason };
        let names: Self = toml::from_str(NAMES).map_err(|fault| wrong(fault.to_string()))?;
        let lists = [&names.gauges.bridges, &names.shelters.facilities];
        let places = names.municipality.iter().map(|municipality| &municipality.places);
        let facilities = names.facility.iter().map(|group| &group.names);
        if lists.into_iter().chain(places).chain(facilities).any(Vec::is_empty) {
            return Err(wrong("a list of names is empty".to_owned()));
        }
        Ok(names)
    }

    /// The same name with the mark that says it is invented.
    pub(super) fn marked(&self, name: &str) -> String {
        format!("{name}{}", self.mark)
    }

    pub(super) fn prefecture(&self) -> &str {
        &self.prefecture.name
    }

    /// Marked name of a municipality.
    pub(super) fn municipality(&self, index: usize) -> String {
        self.marked(&self.municipality[index].name)
    }

    /// Name of a river without the mark, and in Latin letters.
    pub(super) fn river(&self, number: usize) -> (String, String) {
        if let Some(RiverName { name, en }) = self.river.get(number - 1) {
            return (name.clone(), en.clone());
        }
        let RiverName { name, en } = &self.unnamed;
        (format!("{name}{number}"), format!("{en} {number}"))
    }
}
