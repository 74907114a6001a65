//! The model of a region: its prepared basin, its land, its gauges, put together for one window of
//! rain cells.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jomo_core::frame::Position;
use jomo_core::grid::Grid;
use jomo_core::layer::InputFile;
use jomo_core::message::{Arguments, Coded};
use jomo_core::projection::{Zone, forward, inverse};
use jomo_flood::basin::{Basin, Land as Beside};
use jomo_flood::gauge::{CrisisLevel, Datum, Kind};
use jomo_flood::rainfall::Cells;
use jomo_flood::river::{self, Works};
use jomo_flood::runoff::{Cover, Land, Slopes, Terrain};
use jomo_flood::waterway::{Node, Waterway};
use jomo_format::geotiff::{self, Limits};
use jomo_terrain::stretch::stretch_of_cells;
use jomo_terrain::{Prepared, PreparedError};

use super::dams::ModelDams;
use super::storage::{StorageBasins, StorageTable};
use crate::dam_tables::Dams;
use crate::failure::{Exit, Failure};
use crate::flood::Parameters;
use crate::flood_prepare::{BASIN_FILE, named};
use crate::gauge_tables::{Station, Stations};
use crate::region::Region;
use crate::source::Source;

/// Largest prepared basin that is read, in bytes: that of the prefecture at 10 m has 1 GB.
const BASIN_MAX: u64 = 16 << 30;
/// Largest raster of land that is read, in bytes.
const LAND_MAX: u64 = 4 << 30;
/// Length of a slope element along the flow, m.
const BAND_M: f64 = 150.0;
/// The plain that is computed cell by cell reaches this far above the crests, m: higher water fills
/// a whole valley floor.
const PLAIN_ABOVE_M: f64 = 4.0;
/// Farthest that a gauge may stand from its node, m; within this much of the nearest one, the node
/// with the most water is meant: gauges stand at rivers, not at the ditch beside.
const GAUGE_FAR_M: f64 = 500.0;
const GAUGE_NEAR_M: f64 = 60.0;

/// Why the parts of a region make no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum ModelError {
    /// No prepared basin where the region file says.
    #[error("no prepared basin at {path}")]
    NoBasin {
        /// The file.
        path: String,
    },
    /// The prepared basin is in another zone than the region.
    #[error("the basin is in EPSG:{found}, the region in EPSG:{expected}")]
    Zone {
        /// That of the region.
        expected: u32,
        /// That of the basin.
        found: u32,
    },
    /// A basin without any stream.
    #[error("the basin has no streams")]
    NoStreams,
    /// Rain does not cover the basin.
    #[error("the rain covers {bounds:?}, not the whole basin")]
    RainWindow {
        /// West, south, east, north in degrees.
        bounds: [f64; 4],
    },
}

impl Coded for ModelError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoBasin { .. } => "forecast-no-basin",
            Self::Zone { .. } => "forecast-zone",
            Self::NoStreams => "forecast-no-streams",
            Self::RainWindow { .. } => "forecast-rain-window",
        }
    }

    fn arguments(&self) -> Arguments {
        match self {
            Self::NoBasin { path } => vec![("path", path.clone())],
            Self::Zone { expected, found } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::NoStreams => Vec::new(),
            Self::RainWindow { bounds: [west, south, east, north] } => {
                vec![("bbox", format!("{west:.3}, {south:.3}, {east:.3}, {north:.3}"))]
            }
        }
    }
}

/// A prepared basin in memory.
pub(super) struct BasinFile {
    path: PathBuf,
    source: Source,
}

impl BasinFile {
    /// Reads the basin that the region names.
    pub(super) fn read(region: &Region) -> Result<Self, Failure> {
        let path = named(region.rivers.basin.as_ref(), "rivers.basin")?.join(BASIN_FILE);
        if !path.is_file() {
            let fault = ModelError::NoBasin { path: path.display().to_string() };
            return Err(Failure::input(&path, fault));
        }
        let source = Source::read(&path, BASIN_MAX)?;
        Ok(Self { path, source })
    }

    pub(super) fn file(&self) -> &InputFile {
        &self.source.file
    }

    /// Opens it, all of it checked: a wrong direction would lead the water in circles.
    pub(super) fn open(&self, zone: Zone) -> Result<Prepared<'_>, Failure> {
        let input = |fault: PreparedError| Failure::input(&self.path, fault);
        let prepared = Prepared::open(&self.source.bytes).map_err(input)?;
        prepared.verify().map_err(input)?;
        let found = prepared.network().placement().zone;
        if found != zone {
            let fault = ModelError::Zone { expected: zone.epsg(), found: found.epsg() };
            return Err(Failure::input(&self.path, fault));
        }
        if prepared.banks().is_empty() {
            return Err(Failure::input(&self.path, ModelError::NoStreams));
        }
        Ok(prepared)
    }
}

/// A gauge in the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ModelGauge {
    /// Index of its station.
    pub(super) station: usize,
    /// Index of its node.
    pub(super) node: u32,
    /// What a level above the gauge's datum is above the bed of the node: level less this, m.
    pub(super) bed_m: f64,
}

/// The model.
pub(super) struct Model {
    pub(super) basin: Basin,
    pub(super) heights: Grid<f32>,
    /// For each cell of the plain the node beside which it lies; `u32::MAX` elsewhere.
    pub(super) plain: Vec<u32>,
    /// Cells of the streams with their nodes.
    pub(super) streams: Vec<(u32, u32)>,
    pub(super) river: river::Settings,
    /// Gauges that are part of it, in the order of the basin's gauges.
    pub(super) gauges: Vec<ModelGauge>,
    /// Codes and ids of gauges and outlets that are not, with the reason.
    pub(super) left_out: Vec<(&'static str, String)>,
    pub(super) dams: ModelDams,
    /// Basins of the storage function, beside it.
    pub(super) storage: StorageBasins,
}

/// What a model is made of besides its basin.
pub(super) struct Given<'a> {
    pub(super) cells: &'a Cells,
    pub(super) stations: &'a Stations,
    pub(super) land: Option<&'a LandCover>,
    pub(super) dams: &'a Dams,
    pub(super) storage: &'a StorageTable,
    pub(super) parameters: Option<&'a Parameters>,
    /// Begin of the cycle's first step.
    pub(super) start: Timestamp,
}

impl Model {
    /// Puts the parts together.
    pub(super) fn new(
        region: &Region,
        prepared: &Prepared<'_>,
        given: &Given<'_>,
    ) -> Result<Self, Failure> {
        let Given { cells, stations, land, .. } = *given;
        let input = |fault| Failure::new(Exit::Input, fault);
        let network = prepared.network();
        let heights = Grid::new(network.shape(), network.placement(), prepared.heights().collect())
            .map_err(|_count| Failure::new(Exit::Input, ModelError::NoStreams))?;
        let (sections, banks) = (prepared.sections(), prepared.banks());
        let waterway = Waterway::from_terrain(network, sections, banks, &heights, &[])
            .map_err(|fault| Failure::new(Exit::Input, fault))?;
        let zone = network.placement().zone;
        let dams = ModelDams::place(zone, waterway.nodes(), &given.dams.dams, given.start)?;
        let waterway = dams.dig(&waterway)?;
        let terrain = Terrain {
            network,
            banks,
            codes: prepared.codes(),
            height_m: &|cell| heights.values()[cell],
        };
        let columns = network.shape()[1].max(1);
        let lattice = &heights;
        let cover = Cover {
            rain_cell: &|at| {
                let place = inverse(Position::planar(zone, at)).ok()?;
                cells.cell_of(place.xy)
            },
            land: &|cell| {
                let at = lattice.centre_m(cell / columns, cell % columns);
                land.map_or(0, |land| land.class_at(at))
            },
        };
        let slopes = Slopes::from_terrain(&terrain, BAND_M, Land::CLASSES.to_vec(), &cover);
        let slopes = slopes.map_err(|fault| {
            let covered = |node: &Node| {
                let place = inverse(Position::planar(zone, node.at_m));
                place.is_ok_and(|place| cells.cell_of(place.xy).is_some())
            };
            if waterway.nodes().iter().all(covered) {
                Failure::new(Exit::Input, fault)
            } else {
                let bounds = cells.bounds_deg();
                Failure::new(Exit::Input, ModelError::RainWindow { bounds })
            }
        })?;
        let (gauges, mut left_out) =
            place_gauges(zone, waterway.nodes(), &stations.stations, &dams);
        let nodes: Vec<u32> = gauges.iter().map(|gauge| gauge.node).collect();
        let catchments: Vec<u32> = prepared.catchments().collect();
        let beside =
            Beside { waterway: &waterway, banks, catchments: &catchments, heights: &heights };
        let plain =
            beside.plain(PLAIN_ABOVE_M, 1e6 * region.forecasts.inundation_km2).map_err(input)?;
        let works = Works {
            ponds: beside.ponds().map_err(input)?,
            barriers: dams.barriers(),
            ..Works::default()
        };
        let basin = Basin::new(waterway, slopes, works, &nodes).map_err(input)?;
        let (storage, without) = given.storage.place((zone, &basin), network);
        left_out.extend(without);
        let river = river::Settings {
            manning: vec![region.rivers.roughness],
            ..river::Settings::default()
        };
        let river = match given.parameters {
            Some(Parameters { factors: [channel, ..], .. }) => with_channel(&river, *channel),
            None => river,
        };
        let node_of =
            stretch_of_cells(network, banks).map_err(|fault| Failure::new(Exit::Input, fault))?;
        let streams = network.cells().iter().copied().zip(node_of).collect();
        Ok(Self { basin, heights, plain, streams, river, gauges, left_out, dams, storage })
    }
}

/// Rivers with a factor on Manning's n of the channels.
pub(super) fn with_channel(river: &river::Settings, factor: f64) -> river::Settings {
    let manning = river.manning.iter().map(|manning| factor * manning).collect();
    river::Settings { manning, ..river.clone() }
}

/// Finds the node of every gauge.
fn place_gauges(
    zone: Zone,
    nodes: &[Node],
    stations: &[Station],
    dams: &ModelDams,
) -> (Vec<ModelGauge>, Vec<(&'static str, String)>) {
    let mut gauges: Vec<ModelGauge> = Vec::new();
    let mut left_out = Vec::new();
    for (index, station) in stations.iter().enumerate() {
        match place_gauge(zone, nodes, station) {
            Ok((node, _)) if gauges.iter().any(|other| other.node == node) => {
                left_out.push(("gauge-shares-node", station.gauge.id.clone()));
            }
            Ok((node, _)) if dams.is_lake(node) => {
                left_out.push(("gauge-in-lake", station.gauge.id.clone()));
            }
            Ok((node, bed_m)) => gauges.push(ModelGauge { station: index, node, bed_m }),
            Err(code) => left_out.push((code, station.gauge.id.clone())),
        }
    }
    (gauges, left_out)
}

fn place_gauge(zone: Zone, nodes: &[Node], station: &Station) -> Result<(u32, f64), &'static str> {
    let lon_lat = station.lon_lat.ok_or("gauge-without-place")?;
    let place = forward(zone, Position::lon_lat(lon_lat)).map_err(|_outside| "gauge-outside")?;
    let away = |node: &Node| (node.at_m[0] - place.xy[0]).hypot(node.at_m[1] - place.xy[1]);
    let nearest = nodes.iter().map(away).fold(f64::INFINITY, f64::min);
    if GAUGE_FAR_M < nearest {
        return Err("gauge-outside");
    }
    let near = nodes.iter().enumerate().filter(|(_, node)| away(node) <= nearest + GAUGE_NEAR_M);
    let best = near.max_by(|a, b| a.1.upstream_m2.total_cmp(&b.1.upstream_m2));
    let (index, node) = best.ok_or("gauge-outside")?;
    let bed_m = bed_in_datum(node, station).ok_or("gauge-datum")?;
    Ok((u32::try_from(index).map_err(|_beyond| "gauge-outside")?, bed_m))
}

/// Level of the node's bed above the gauge's datum. The overflow level of a gauge for times of
/// danger is where the water leaves the river, and so is the lower crest of the node: that joins
/// the two datums, whatever the gauge's is. A reference station has no such level: only one whose
/// zero is known over T.P., which heights refer to, can be joined.
fn bed_in_datum(node: &Node, station: &Station) -> Option<f64> {
    match (&station.gauge.kind, station.gauge.datum) {
        (Kind::Crisis(levels), _) => {
            let overflow_m = levels.level_m(CrisisLevel::OverflowStart)?;
            Some(overflow_m - node.bank_full_m())
        }
        (Kind::Reference { .. }, Datum::TokyoPeil) => Some(node.bed_m),
        (Kind::Reference { .. }, Datum::GaugeZero(Some(zero_m))) => Some(node.bed_m - zero_m),
        (Kind::Reference { .. }, _) => None,
    }
}

/// Classes of land on a raster of its own.
pub(super) struct LandCover {
    pub(super) file: InputFile,
    grid: Grid<f32>,
}

impl LandCover {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let source = Source::read(path, LAND_MAX)?;
        let grid = geotiff::read(&source.bytes, Limits::default())
            .and_then(geotiff::Raster::into_grid)
            .map_err(|fault| Failure::input(path, fault))?;
        Ok(Self { file: source.file, grid })
    }

    /// The class of a place; 0, unknown, outside and for what is no class.
    fn class_at(&self, at_m: [f64; 2]) -> u8 {
        let class = self.grid.value_at(at_m);
        // Half-way numbers are no classes.
        (1_u8..=5)
            .find(|known| class.is_some_and(|c| (c - f32::from(*known)).abs() < 0.25))
            .unwrap_or(0)
    }
}
