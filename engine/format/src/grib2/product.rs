//! What a field shows and when: sections 1 and 4.

use jiff::{SignedDuration, Timestamp};

use super::error::{Feature, GribError};
use super::octets::{Octets, signed_8};

/// Who made a message, and the time it counts from (section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identification {
    /// Originating centre; 34 is Tokyo.
    pub centre: u16,
    /// Subcentre.
    pub subcentre: u16,
    /// Version of the master tables.
    pub master_tables: u8,
    /// Version of the local tables.
    pub local_tables: u8,
    /// Meaning of the reference time: 0 analysis, 1 start of forecast.
    pub significance: u8,
    /// Reference time.
    pub reference_time: Timestamp,
    /// Production status: 0 operational, 1 operational test, 2 research.
    pub status: u8,
    /// Type of data: 0 analysis, 1 forecast, 2 both.
    pub data_type: u8,
}

impl Identification {
    /// An operational analysis of the Japan Meteorological Agency.
    #[must_use]
    pub const fn analysis(reference_time: Timestamp) -> Self {
        Self {
            centre: 34,
            subcentre: 0,
            master_tables: 2,
            local_tables: 1,
            significance: 0,
            reference_time,
            status: 0,
            data_type: 0,
        }
    }

    /// An operational forecast of the Japan Meteorological Agency.
    #[must_use]
    pub const fn forecast(reference_time: Timestamp) -> Self {
        Self { significance: 1, data_type: 1, ..Self::analysis(reference_time) }
    }

    /// Reads section 1.
    pub(super) fn read(section: Octets<'_>) -> Result<Self, GribError> {
        Ok(Self {
            centre: section.u16(6)?,
            subcentre: section.u16(8)?,
            master_tables: section.u8(10)?,
            local_tables: section.u8(11)?,
            significance: section.u8(12)?,
            reference_time: section.time(13)?,
            status: section.u8(20)?,
            data_type: section.u8(21)?,
        })
    }
}

/// What a field shows and when (section 4).
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Discipline (section 0); 0 is meteorology.
    pub discipline: u8,
    /// Number of the product definition template, e.g. 50008.
    pub template: u16,
    /// Parameter category; 1 is moisture.
    pub category: u8,
    /// Parameter number; see [`Product::quantity`].
    pub number: u8,
    /// How the field was made.
    pub process: Process,
    /// Reference time (初期時刻), from section 1.
    pub reference_time: Timestamp,
    /// From the reference time to the start of the interval, or to the valid time where there
    /// is no interval. An hourly analysis has -60 min.
    pub forecast_time: SignedDuration,
    /// When the field holds (対象時刻): the end of the interval where there is one, else the
    /// reference time plus the forecast time.
    pub valid_time: Timestamp,
    /// The interval of a total; templates 4.50008, 4.50009, 4.50011.
    pub interval: Option<Interval>,
    /// First fixed surface; the soil water index is told from its tanks by it alone.
    pub first_surface: Surface,
    /// Second fixed surface.
    pub second_surface: Surface,
    /// What the templates of the Japan Meteorological Agency add.
    pub remarks: Remarks,
}

/// How a field was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Type of generating process: 0 analysis, 2 forecast.
    pub kind: u8,
    /// Background process: 150 rain and soil water, 151 radar, 153 tornado, 160 landslide risk.
    pub background: u8,
    /// Identifier of the analysis or forecast process; 255 is none.
    pub model: u8,
    /// Hours from the reference time to the cut-off of observations.
    pub cutoff_hours: u16,
    /// Minutes on top of the hours.
    pub cutoff_minutes: u8,
}

/// A fixed surface (code table 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surface {
    /// Type of surface: 1 ground, 200 all tanks, 201 one tank, 255 none.
    pub kind: u8,
    /// Decimal scale of the value.
    pub scale: Option<i8>,
    /// Scaled value.
    pub value: Option<i32>,
}

impl Surface {
    /// No surface.
    pub const NONE: Self = Self { kind: 255, scale: None, value: None };
    /// The ground.
    pub const GROUND: Self = Self { kind: 1, ..Self::NONE };

    fn read(section: Octets<'_>, octet: usize) -> Result<Self, GribError> {
        let scale = section.u8(octet + 1)?;
        let missing = section.u32(octet + 2)? == u32::MAX;
        Ok(Self {
            kind: section.u8(octet)?,
            scale: (scale != u8::MAX).then(|| signed_8(scale)),
            value: if missing { None } else { Some(section.i32(octet + 2)?) },
        })
    }
}

/// The interval over which a field was totalled (octets 35 to 58).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// End of the interval, as stated in octets 35 to 41.
    pub end: Timestamp,
    /// Its length.
    pub length: SignedDuration,
    /// Statistical process: 1 accumulation, 196 (local) of the radar nowcast.
    pub process: u8,
    /// Type of time increment; 2 in all files seen.
    pub increment: u8,
}

/// What the templates of the Japan Meteorological Agency add to those of the WMO.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remarks {
    /// Nothing: template 4.0.
    None,
    /// The products from which a risk was judged: template 4.50000.
    Sources([Source; 2]),
    /// Radars and gauges that took part: template 4.50008.
    Rain(RainOperations),
    /// The same, and how much of the mesoscale model is blended in: template 4.50009.
    BlendedRain(RainOperations, Blend),
    /// Octets from 59 on, not interpreted: template 4.50011.
    Raw(Vec<u8>),
}

/// Which radars and gauges took part. The meaning of the bits is the agency's, and kept as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RainOperations {
    /// Radar operation, parts 1 and 2.
    pub radars: [u64; 2],
    /// Rain gauge operation.
    pub gauges: u64,
}

/// Share of the mesoscale model in a rain forecast, by area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blend {
    /// Decimal scale of the ratios; 0 in the files seen.
    pub scale: u8,
    /// One ratio for each area; percent where the scale is 0 (0 to 100 in the files seen).
    pub ratios: Vec<u16>,
}

/// A product from which a risk was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Which product.
    pub product: u8,
    /// Hours between its time and the reference time.
    pub hours: u16,
    /// Minutes on top of the hours.
    pub minutes: u8,
}

/// Quantities known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quantity {
    /// Total rain of an hour in mm: 1/200 with an interval of 60 min.
    HourlyRain,
    /// Soil water index (土壌雨量指数) in mm: 1/206 on surface 200.
    SoilWaterIndex,
    /// Storage of the first tank in mm: 1/206 on surface 201, value 1.
    SoilWaterTank1,
    /// 1/206 on surface 201, value 2: a signed field whose meaning is not confirmed. Not to be
    /// used or published.
    SoilWaterUnconfirmed,
    /// Landslide risk levels: 1/208; -1 and -2 are flags.
    LandslideRisk,
}

impl Product {
    /// Hourly rain of an analysis (解析雨量) that ends at the reference time: template 4.50008.
    #[must_use]
    pub fn rain_analysis(reference_time: Timestamp) -> Self {
        let hour = SignedDuration::from_hours(1);
        Self {
            discipline: 0,
            template: 50008,
            category: 1,
            number: 200,
            process: Process {
                kind: 0,
                background: 150,
                model: 255,
                cutoff_hours: 0,
                cutoff_minutes: 10,
            },
            reference_time,
            forecast_time: -hour,
            valid_time: reference_time,
            interval: Some(Interval {
                end: reference_time,
                length: hour,
                process: 1,
                increment: 2,
            }),
            first_surface: Surface::GROUND,
            second_surface: Surface::NONE,
            remarks: Remarks::Rain(RainOperations::default()),
        }
    }

    /// Hourly rain of a forecast (降水短時間予報) that ends `lead_hours` after the reference
    /// time: template 4.50009. `None` beyond the range of time, or for a lead of 0.
    #[must_use]
    pub fn rain_forecast(reference_time: Timestamp, lead_hours: u8) -> Option<Self> {
        let start_hours = i64::from(lead_hours.checked_sub(1)?);
        let end = reference_time.checked_add(SignedDuration::from_hours(lead_hours.into())).ok()?;
        let analysis = Self::rain_analysis(reference_time);
        Some(Self {
            template: 50009,
            process: Process { kind: 2, ..analysis.process },
            forecast_time: SignedDuration::from_hours(start_hours),
            valid_time: end,
            interval: analysis.interval.map(|interval| Interval { end, ..interval }),
            remarks: Remarks::BlendedRain(
                RainOperations::default(),
                Blend { scale: 0, ratios: vec![0; 13] },
            ),
            ..analysis
        })
    }

    /// The quantity, where it is one of those known by name.
    #[must_use]
    pub fn quantity(&self) -> Option<Quantity> {
        let hour = self.interval.is_some_and(|interval| {
            interval.process == 1 && interval.length == SignedDuration::from_hours(1)
        });
        let surface = (self.first_surface.kind, self.first_surface.value);
        match (self.discipline, self.category, self.number) {
            (0, 1, 200) if hour => Some(Quantity::HourlyRain),
            (0, 1, 206) => match surface {
                (200, _) => Some(Quantity::SoilWaterIndex),
                (201, Some(1)) => Some(Quantity::SoilWaterTank1),
                (201, Some(2)) => Some(Quantity::SoilWaterUnconfirmed),
                _ => None,
            },
            (0, 1, 208) => Some(Quantity::LandslideRisk),
            _ => None,
        }
    }

    /// Reads section 4.
    pub(super) fn read(
        section: Octets<'_>,
        discipline: u8,
        reference_time: Timestamp,
    ) -> Result<Self, GribError> {
        let offset = section.offset;
        let template = section.u16(8)?;
        let with_interval = match template {
            0 | 50000 => false,
            50008 | 50009 | 50011 => true,
            _ => {
                let found = u32::from(template);
                let what = Feature::ProductTemplate;
                return Err(GribError::Unsupported { offset, what, found });
            }
        };
        let forecast_time = duration(section, 18, 19)?;
        let start = reference_time
            .checked_add(forecast_time)
            .ok()
            .ok_or(GribError::Time { offset: offset.saturating_add(18) })?;
        let interval = if with_interval { Some(Interval::read(section, start)?) } else { None };
        Ok(Self {
            discipline,
            template,
            category: section.u8(10)?,
            number: section.u8(11)?,
            process: Process {
                kind: section.u8(12)?,
                background: section.u8(13)?,
                model: section.u8(14)?,
                cutoff_hours: section.u16(15)?,
                cutoff_minutes: section.u8(17)?,
            },
            reference_time,
            forecast_time,
            valid_time: interval.map_or(start, |interval| interval.end),
            interval,
            first_surface: Surface::read(section, 23)?,
            second_surface: Surface::read(section, 29)?,
            remarks: Remarks::read(section, template)?,
        })
    }
}

impl Interval {
    /// Reads octets 35 to 58 and refuses a total that does not end where it says.
    fn read(section: Octets<'_>, start: Timestamp) -> Result<Self, GribError> {
        let offset = section.offset;
        let ranges = section.u8(42)?;
        if ranges != 1 {
            let found = u32::from(ranges);
            return Err(GribError::Unsupported { offset, what: Feature::TimeRanges, found });
        }
        let interval = Self {
            end: section.time(35)?,
            length: duration(section, 49, 50)?,
            process: section.u8(47)?,
            increment: section.u8(48)?,
        };
        let computed = start
            .checked_add(interval.length)
            .ok()
            .ok_or(GribError::Time { offset: offset.saturating_add(49) })?;
        // Only of accumulations is it known that both ways must agree.
        if interval.process == 1 && computed != interval.end {
            return Err(GribError::Interval { offset, stated: interval.end, computed });
        }
        Ok(interval)
    }
}

impl Remarks {
    fn read(section: Octets<'_>, template: u16) -> Result<Self, GribError> {
        let operations = || {
            Ok(RainOperations {
                radars: [section.u64(59)?, section.u64(67)?],
                gauges: section.u64(75)?,
            })
        };
        let source = |octet: usize| {
            Ok(Source {
                product: section.u8(octet)?,
                hours: section.u16(octet + 1)?,
                minutes: section.u8(octet + 3)?,
            })
        };
        Ok(match template {
            50000 => Self::Sources([source(35)?, source(39)?]),
            50008 => Self::Rain(operations()?),
            50009 => {
                let count = section.u16(83)?;
                let ratios = (0..usize::from(count))
                    .map(|area| section.u16(86 + 2 * area))
                    .collect::<Result<_, _>>()?;
                Self::BlendedRain(operations()?, Blend { scale: section.u8(85)?, ratios })
            }
            50011 => Self::Raw(section.from(59).to_vec()),
            _ => Self::None,
        })
    }
}

/// A time span from its unit (code table 4.4) and its number.
fn duration(section: Octets<'_>, unit: usize, number: usize) -> Result<SignedDuration, GribError> {
    let found = section.u8(unit)?;
    let seconds = match found {
        0 => 60,
        1 => 3_600,
        2 => 86_400,
        10 => 3 * 3_600,
        11 => 6 * 3_600,
        12 => 12 * 3_600,
        13 => 1,
        _ => {
            let (offset, what) = (section.offset, Feature::TimeUnit);
            return Err(GribError::Unsupported { offset, what, found: u32::from(found) });
        }
    };
    Ok(SignedDuration::from_secs(i64::from(section.i32(number)?) * seconds))
}
