//! The half that is not trusted: it puts up the walls, then reads.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::drivers;
use crate::error::IngestError;
use crate::raster;
use crate::report::{self, Report, SourceReport};
use crate::sandbox::{self, Limits, Reach, Walls};
use crate::sniff::Format;
use crate::supervise::{Order, Task};
use crate::vector;

/// Most bytes of an order.
const ORDER_MAX: u64 = 1 << 20;
/// Extensions of the files that belong to a `.shp`.
const SIBLINGS: [&str; 8] = ["shx", "dbf", "prj", "cpg", "SHX", "DBF", "PRJ", "CPG"];

/// Carries out the order on stdin and gives the exit code.
pub fn run(print: &dyn Fn(&str)) -> u8 {
    let mut order = Vec::new();
    if std::io::stdin().take(ORDER_MAX).read_to_end(&mut order).is_err() {
        return 2;
    }
    let Ok(order) = serde_json::from_slice::<Order>(&order) else { return 2 };
    let (report, exit) = carry_out(&order);
    print(&report.to_string());
    exit
}

fn carry_out(order: &Order) -> (Value, u8) {
    let mut report = Report {
        tool: report::TOOL,
        status: "done",
        source: None,
        layers: Vec::new(),
        raster: None,
        sandbox: None,
        gdal: String::new(),
        proj: None,
        errors: Vec::new(),
    };
    let done = walls(order).and_then(|walls| {
        report.sandbox = Some(walls);
        drivers::prepare();
        (report.gdal, report.proj) = report::versions();
        read(order, &mut report)
    });
    let faults = report.layers.iter().any(|layer| !layer.faults.is_empty());
    let exit = match done {
        Err(error) => {
            let starved = drivers::starved()
                && matches!(error, IngestError::Open { .. } | IngestError::Read { .. });
            let error = if starved {
                IngestError::Memory { limit_mib: order.job.bounds.memory_mib }
            } else {
                error
            };
            report.status = "failed";
            report.errors.push(report::told(&error, order.job.language));
            error.exit_code()
        }
        Ok(()) if faults => {
            report.status = "faults";
            4
        }
        Ok(()) => 0,
    };
    let mut report = json!(report);
    if matches!(order.job.task, Task::Formats) {
        report["formats"] = formats();
        report["grids"] = json!(["TKY2JGD.par 2.1.2", "touhokutaiheiyouoki2011.par 4.0.0"]);
    }
    (report, exit)
}

fn walls(order: &Order) -> Result<Walls, IngestError> {
    let bounds = order.job.bounds;
    let limits = Limits {
        memory_bytes: bounds.memory_mib << 20,
        cpu_s: bounds.seconds,
        file_bytes: 16 << 30,
    };
    let reach = Reach {
        read: with_siblings(&order.job.source),
        write: order.part.iter().cloned().collect(),
    };
    sandbox::enter(limits, &reach)
}

/// The source, and the files beside it that belong to it: the parts of a `.shp`, or the file that
/// says where a picture lies.
fn with_siblings(source: &Path) -> Vec<PathBuf> {
    let is_shp = source.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("shp"));
    let parts: &[&str] = if is_shp { &SIBLINGS } else { &raster::WORLD_FILES };
    let beside = parts.iter().map(|part| source.with_extension(part));
    let mut files: Vec<PathBuf> = beside.filter(|path| path.is_file()).collect();
    if source.is_file() {
        files.push(source.to_owned());
    }
    files
}

fn read(order: &Order, report: &mut Report) -> Result<(), IngestError> {
    let (Some(part), source) = (&order.part, &order.job.source) else { return Ok(()) };
    report.source = Some(SourceReport::of(source)?);
    let driver = match &order.job.task {
        Task::Formats => return Ok(()),
        Task::Vector(request) => {
            let (layers, driver) = vector::run(source, request, part, &part.join("work"))?;
            report.layers = layers;
            driver
        }
        Task::Raster(request) => {
            let (raster, driver) = raster::run(source, request, part, &part.join("work"))?;
            report.raster = Some(raster);
            driver
        }
    };
    if let Some(source) = &mut report.source {
        source.driver = Some(driver);
    }
    Ok(())
}

/// What is accepted, with the drivers that this GDAL has.
fn formats() -> Value {
    let row = |format: &Format| {
        let there = format
            .driver()
            .is_none_or(|driver| gdal::DriverManager::get_driver_by_name(driver).is_ok());
        let kind = if format.is_raster() { "raster" } else { "vector" };
        json!({ "kind": kind, "driver": format.label(), "available": there })
    };
    Format::ALL.iter().map(row).collect()
}
