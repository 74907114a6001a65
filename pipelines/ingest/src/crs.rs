//! Coordinate reference systems: from that of a file to lon/lat of JGD2011, and back.
//!
//! The **datum** of the source decides how it is shifted:
//!
//! | datum | shift to JGD2011 | coverage |
//! |---|---|---|
//! | JGD2011 | none | everywhere |
//! | WGS 84 (4326, CRS84, 3857, UTM) | null, stated (within about 1 m) | everywhere |
//! | JGD2000 | parameter grid of the 2011 Tohoku earthquake (`crs/japan.rs`) | Japan |
//! | Tokyo | TKY2JGD, then as JGD2000 | land of Japan |
//! | any other | PROJ, best operation of at most 1 m, never a ballpark one | its own |
//!
//! Debian's PROJ has no Japanese grids: it takes 4612 to 6668 for a null shift (0.47 m wrong at
//! Maebashi) and Tokyo for three parameters. The datum is therefore never left to PROJ where we
//! have the grids. A projected source is first brought to its own geographic base, which changes
//! no datum.
//!
//! Positions are always `[x, y]`: `[longitude, latitude]` or `[easting, northing]`, whatever order
//! the authority prefers.

mod error;
mod japan;
#[cfg(test)]
mod tests;

use gdal::spatial_ref::{AxisMappingStrategy, CoordTransform, CoordTransformOptions, SpatialRef};
use jomo_core::frame::Position;
use jomo_core::projection::{self, Zone};
use serde::Serialize;

pub use error::CrsError;

/// Worst stated accuracy of an operation by PROJ that is accepted, in metres.
const ACCURACY_M: f64 = 1.0;
/// Longest description of a CRS in bytes; a compound one of the EPSG register has some 3,000.
const WKT_MAX: usize = 64 << 10;
/// Radians in a degree as WKT writes them, and how far off a file may write it.
const DEGREE: f64 = 0.017_453_292_519_943_3;
const DEGREE_TOLERANCE: f64 = 1e-12;

/// The datum of a CRS, as far as it decides the shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Datum {
    /// Japanese Geodetic Datum 2011; JGD2024 is the same in the horizontal.
    Jgd2011,
    /// World Geodetic System 1984, the ensemble or one of its realisations.
    Wgs84,
    /// Japanese Geodetic Datum 2000.
    Jgd2000,
    /// The old Japanese datum on Bessel's ellipsoid.
    Tokyo,
    /// Any other.
    Other,
}

/// A coordinate reference system as described by a file or by a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Crs {
    name: String,
    epsg: Option<u32>,
    wkt: String,
    datum: Datum,
    geographic: bool,
}

impl Crs {
    /// The CRS with this EPSG code.
    ///
    /// # Errors
    /// [`CrsError::Unknown`] for a code that PROJ does not know, [`CrsError::Unsupported`] for one
    /// without longitude and latitude below it.
    pub fn from_epsg(code: u32) -> Result<Self, CrsError> {
        let unknown = || CrsError::Unknown { given: format!("EPSG:{code}") };
        let known = SpatialRef::from_epsg(code).map_err(|_fault| unknown())?;
        Self::new(&known, Some(code))
    }

    /// The CRS of a description in WKT, also of the dialect of `.prj` files.
    ///
    /// # Errors
    /// As [`Self::from_epsg`].
    pub fn from_wkt(wkt: &str) -> Result<Self, CrsError> {
        let unknown = || CrsError::Unknown { given: wkt.chars().take(80).collect() };
        if WKT_MAX < wkt.len() {
            return Err(unknown());
        }
        let parsed = SpatialRef::from_wkt(wkt)
            .or_else(|_fault| SpatialRef::from_esri(wkt))
            .map_err(|_fault| unknown())?;
        Self::from_spatial_ref(&parsed)
    }

    /// The CRS that GDAL has found in a file.
    ///
    /// # Errors
    /// As [`Self::from_epsg`].
    pub fn from_spatial_ref(found: &SpatialRef) -> Result<Self, CrsError> {
        let mut named = found.clone();
        // Descriptions of `.prj` files carry no code. One that is not found changes nothing.
        let _ = named.auto_identify_epsg();
        let code = named.auth_code().ok().and_then(|code| u32::try_from(code).ok());
        // A description can claim any code: it counts only if the register says the same of it.
        let claimed = code.filter(|_| named.auth_name().as_deref() == Some("EPSG"));
        // The order of axes is a matter of the file, and is set by us wherever it counts.
        let mut described = found.clone();
        described.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        let same = |code: &u32| {
            SpatialRef::from_epsg(*code).is_ok_and(|mut known| {
                known.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
                known == described
            })
        };
        Self::new(found, claimed.filter(same))
    }

    fn new(found: &SpatialRef, epsg: Option<u32>) -> Result<Self, CrsError> {
        let name = found.name().unwrap_or_else(|| "?".to_owned());
        let unsupported =
            |reason: &'static str| CrsError::Unsupported { crs: label(&name, epsg), reason };
        if found.is_geocentric() || found.is_local() {
            return Err(unsupported("it has no longitude and latitude"));
        }
        let base = found.geog_cs().map_err(|_fault| unsupported("it has no geographic base"))?;
        let meridian = base.get_attr_value("PRIMEM", 1).ok().flatten();
        let greenwich = meridian.is_none_or(|value| value.trim().parse() == Ok(0.0));
        let degrees = (base.angular_units() - DEGREE).abs() <= DEGREE_TOLERANCE;
        if !greenwich || !degrees {
            return Err(unsupported("its longitudes are not degrees from Greenwich"));
        }
        let geographic = found.is_geographic();
        if !geographic && !found.is_projected() && !found.is_compound() {
            return Err(unsupported("it is neither geographic nor projected"));
        }
        let wkt = found.to_wkt().map_err(|_fault| unsupported("it cannot be written as WKT"))?;
        Ok(Self { datum: datum_of(&base), name, epsg, wkt, geographic })
    }

    /// Name as the description gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// EPSG code, where the description is the register's.
    #[must_use]
    pub fn epsg(&self) -> Option<u32> {
        self.epsg
    }

    /// What decides the shift.
    #[must_use]
    pub fn datum(&self) -> Datum {
        self.datum
    }

    /// Whether its positions are longitude and latitude, not metres.
    #[must_use]
    pub fn is_geographic(&self) -> bool {
        self.geographic
    }

    /// Code and name, for people.
    #[must_use]
    pub fn label(&self) -> String {
        label(&self.name, self.epsg)
    }

    fn spatial_ref(&self) -> Result<SpatialRef, CrsError> {
        let unknown = |_fault| CrsError::Unknown { given: self.label() };
        let mut known = SpatialRef::from_wkt(&self.wkt).map_err(unknown)?;
        known.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        Ok(known)
    }
}

fn label(name: &str, epsg: Option<u32>) -> String {
    epsg.map_or_else(|| name.to_owned(), |code| format!("EPSG:{code} ({name})"))
}

/// The datum by its code, or by its name where a file gives no code.
fn datum_of(base: &SpatialRef) -> Datum {
    let attribute = |path: &str, child| base.get_attr_value(path, child).ok().flatten();
    let code = attribute("DATUM|AUTHORITY", 1);
    match code.as_deref() {
        Some("1128") => return Datum::Jgd2011,
        Some("6326") => return Datum::Wgs84,
        Some("6612") => return Datum::Jgd2000,
        Some("6301") => return Datum::Tokyo,
        _ => {}
    }
    let name = attribute("DATUM", 0).unwrap_or_default().to_ascii_lowercase();
    let name = name.strip_prefix("d_").unwrap_or(&name).replace([' ', '-'], "_");
    match name.as_str() {
        "japanese_geodetic_datum_2011" | "jgd_2011" | "jgd2011" => Datum::Jgd2011,
        "japanese_geodetic_datum_2000" | "jgd_2000" | "jgd2000" => Datum::Jgd2000,
        "tokyo" | "tokyo_datum" => Datum::Tokyo,
        "wgs_1984" | "wgs84" | "wgs_84" => Datum::Wgs84,
        _ if name.starts_with("world_geodetic_system_1984") => Datum::Wgs84,
        _ => Datum::Other,
    }
}

/// How many positions of a call could not be brought over, and how many needed no shift by law.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Positions outside what the operation covers; they are NaN now.
    pub missed: u64,
    /// Positions of JGD2000 whose coordinates were not revised in 2011 (the west and the north of
    /// Japan): JGD2011 has the same by law.
    pub unrevised: u64,
}

/// The way from a CRS to lon/lat of JGD2011, or on to a plane of it, and back.
///
/// Holds handles of PROJ: it stays on the thread that made it. [`Crs`] can be sent, so every
/// thread makes its own.
#[derive(Debug)]
pub struct Operation {
    plane: Option<Plane>,
    shift: Shift,
    target: Option<Zone>,
    name: String,
    accuracy_m: Option<f64>,
}

/// From a plane to its own longitude and latitude.
#[derive(Debug)]
enum Plane {
    /// One of ours; JGD2000 has the same formulas as JGD2011.
    Own(Zone),
    /// By PROJ.
    Proj(Pair),
}

#[derive(Debug)]
enum Shift {
    Null,
    Jgd2000,
    Tokyo,
    Proj(Pair),
}

/// A transformation by PROJ and its inverse.
#[derive(Debug)]
struct Pair {
    forward: CoordTransform,
    inverse: CoordTransform,
}

impl Operation {
    /// The operation from `source` to lon/lat of JGD2011 (EPSG:6668).
    ///
    /// # Errors
    /// [`CrsError::Ballpark`] if no operation of sufficient accuracy is known.
    pub fn new(source: &Crs) -> Result<Self, CrsError> {
        let (plane, mut name) = plane(source)?;
        let (shift, shift_name, accuracy_m) = match source.datum {
            Datum::Jgd2011 => (Shift::Null, "none", Some(0.0)),
            Datum::Wgs84 => (Shift::Null, "null shift WGS 84 = JGD2011", Some(1.0)),
            Datum::Jgd2000 => (Shift::Jgd2000, japan::JGD2000, None),
            Datum::Tokyo => (Shift::Tokyo, japan::TOKYO, None),
            Datum::Other => (Shift::Proj(by_proj(source)?), "PROJ", Some(ACCURACY_M)),
        };
        if !name.is_empty() {
            name.push_str(" + ");
        }
        name.push_str(shift_name);
        Ok(Self { plane, shift, target: None, name, accuracy_m })
    }

    /// The same operation, on to the plane `zone` of JGD2011.
    #[must_use]
    pub fn to_zone(mut self, zone: Zone) -> Self {
        self.target = Some(zone);
        self
    }

    /// What is done, for the report.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Stated accuracy in metres; `None` where the source of the grid states none for the region.
    #[must_use]
    pub fn accuracy_m(&self) -> Option<f64> {
        self.accuracy_m
    }

    /// Brings positions of the source over, in place. What cannot be brought over becomes NaN.
    pub fn forward(&self, positions: &mut [[f64; 2]]) -> Moved {
        match &self.plane {
            Some(Plane::Own(zone)) => each(positions, |xy| unproject(*zone, xy)),
            Some(Plane::Proj(pair)) => by_pair(&pair.forward, positions),
            None => {}
        }
        let unrevised = match &self.shift {
            Shift::Null => 0,
            Shift::Jgd2000 => shifted(positions, japan::jgd2000_to_jgd2011),
            Shift::Tokyo => shifted(positions, japan::tokyo_to_jgd2011),
            Shift::Proj(pair) => {
                by_pair(&pair.forward, positions);
                0
            }
        };
        if let Some(zone) = self.target {
            each(positions, |xy| project(zone, xy));
        }
        Moved { missed: blank(positions), unrevised }
    }

    /// The way back: from the target to the source.
    pub fn inverse(&self, positions: &mut [[f64; 2]]) -> Moved {
        if let Some(zone) = self.target {
            each(positions, |xy| unproject(zone, xy));
        }
        let unrevised = match &self.shift {
            Shift::Null => 0,
            Shift::Jgd2000 => shifted(positions, japan::jgd2011_to_jgd2000),
            Shift::Tokyo => shifted(positions, japan::jgd2011_to_tokyo),
            Shift::Proj(pair) => {
                by_pair(&pair.inverse, positions);
                0
            }
        };
        match &self.plane {
            Some(Plane::Own(zone)) => each(positions, |xy| project(*zone, xy)),
            Some(Plane::Proj(pair)) => by_pair(&pair.inverse, positions),
            None => {}
        }
        Moved { missed: blank(positions), unrevised }
    }
}

/// How a plane is left: with our own formulas where they are the same to the bit, by PROJ else.
fn plane(source: &Crs) -> Result<(Option<Plane>, String), CrsError> {
    if source.geographic {
        return Ok((None, String::new()));
    }
    let own = source.epsg.and_then(|code| match code {
        // Plane rectangular and UTM of JGD2000: GRS80 and the origins of JGD2011's.
        2443..=2461 => Zone::from_epsg(code + (6669 - 2443)),
        3097..=3101 => Zone::from_epsg(code + (6688 - 3097)),
        _ => Zone::from_epsg(code),
    });
    let name = format!("inverse projection of {}", source.label());
    if let Some(zone) = own {
        return Ok((Some(Plane::Own(zone)), name));
    }
    let whole = source.spatial_ref()?;
    let base = base(source)?;
    Ok((Some(Plane::Proj(pair(&whole, &base, source)?)), name))
}

/// A datum of which we have no grid.
fn by_proj(source: &Crs) -> Result<Pair, CrsError> {
    let unknown = |_fault| CrsError::Unknown { given: "EPSG:6668".to_owned() };
    let mut target = SpatialRef::from_epsg(6668).map_err(unknown)?;
    target.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    pair(&base(source)?, &target, source)
}

fn base(source: &Crs) -> Result<SpatialRef, CrsError> {
    let unknown = |_fault| CrsError::Unknown { given: source.label() };
    let mut base = source.spatial_ref()?.geog_cs().map_err(unknown)?;
    base.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    Ok(base)
}

/// Both directions by PROJ, without ballpark operations and within [`ACCURACY_M`].
fn pair(from: &SpatialRef, to: &SpatialRef, source: &Crs) -> Result<Pair, CrsError> {
    let refused = |_fault| CrsError::Ballpark {
        from: source.label(),
        to: "EPSG:6668 (JGD2011)".to_owned(),
        accuracy_m: ACCURACY_M,
    };
    let mut options = CoordTransformOptions::new().map_err(refused)?;
    options.set_ballpark_allowed(false).map_err(refused)?;
    options.desired_accuracy(ACCURACY_M).map_err(refused)?;
    let way = |from, to| CoordTransform::new_with_options(from, to, &options).map_err(refused);
    Ok(Pair { forward: way(from, to)?, inverse: way(to, from)? })
}

/// Positions in a row as PROJ wants them; what it cannot do comes back infinite.
fn by_pair(transform: &CoordTransform, positions: &mut [[f64; 2]]) {
    let mut x: Vec<f64> = positions.iter().map(|xy| xy[0]).collect();
    let mut y: Vec<f64> = positions.iter().map(|xy| xy[1]).collect();
    // An error says that some positions failed: they are told apart below.
    let _ = transform.transform_coords(&mut x, &mut y, &mut []);
    for (position, (x, y)) in positions.iter_mut().zip(x.into_iter().zip(y)) {
        *position = [x, y];
    }
}

fn each(positions: &mut [[f64; 2]], way: impl Fn([f64; 2]) -> Option<[f64; 2]>) {
    for position in positions {
        *position = way(*position).unwrap_or([f64::NAN; 2]);
    }
}

fn shifted(positions: &mut [[f64; 2]], way: fn([f64; 2]) -> Option<japan::Shifted>) -> u64 {
    let mut unrevised = 0;
    for position in positions {
        let shifted = way(*position);
        unrevised += u64::from(shifted.is_some_and(|shifted| shifted.unrevised));
        *position = shifted.map_or([f64::NAN; 2], |shifted| shifted.xy);
    }
    unrevised
}

/// Makes every failed position NaN in both coordinates and counts them.
fn blank(positions: &mut [[f64; 2]]) -> u64 {
    let mut missed = 0;
    for position in positions {
        if !(position[0].is_finite() && position[1].is_finite()) {
            *position = [f64::NAN; 2];
            missed += 1;
        }
    }
    missed
}

fn project(zone: Zone, xy: [f64; 2]) -> Option<[f64; 2]> {
    projection::forward(zone, Position::lon_lat(xy)).ok().map(|planar| planar.xy)
}

fn unproject(zone: Zone, xy: [f64; 2]) -> Option<[f64; 2]> {
    projection::inverse(Position::planar(zone, xy)).ok().map(|place| place.xy)
}
