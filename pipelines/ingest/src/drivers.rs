//! GDAL made small: only the drivers that are needed, none that points elsewhere.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gdal::errors::CplErrType;
use gdal::{Dataset, DatasetOptions, DriverManager, GdalOpenFlags};

use crate::error::IngestError;
use crate::sniff::Format;

/// Settings of GDAL and PROJ, the whole environment of the process that reads.
pub const ENVIRONMENT: &[(&str, &str)] = &[
    ("LC_ALL", "C.UTF-8"),
    ("TZ", "UTC0"),
    ("HOME", "/nonexistent"),
    // No plugins: only what is in the library itself.
    ("GDAL_DRIVER_PATH", "disable"),
    ("PROJ_NETWORK", "OFF"),
    ("GDAL_PAM_ENABLED", "NO"),
    ("GDAL_DISABLE_READDIR_ON_OPEN", "TRUE"),
    ("GDAL_NUM_THREADS", "1"),
    ("GDAL_CACHEMAX", "64"),
    ("GDAL_HTTP_TIMEOUT", "1"),
    ("CPL_VSIL_CURL_ALLOWED_FILENAME", "/none"),
    ("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "{none}"),
    ("OGR_SQLITE_PRAGMA", "trusted_schema=OFF,cell_size_check=ON"),
    ("OGR_GEOJSON_MAX_OBJ_SIZE", "200"),
    ("LIBKML_RESOLVE_STYLE", "NO"),
    ("OGR_DXF_MAX_BSPLINE_CONTROL_POINTS", "100000"),
    ("SHAPE_RESTORE_SHX", "NO"),
    // The first row of a sheet names the columns, also where every cell is text.
    ("OGR_XLSX_HEADERS", "FORCE"),
    ("OGR_ENABLE_PARTIAL_REPROJECTION", "NO"),
];

/// Failures that GDAL has told of, and the first of them.
static FAILURES: AtomicU64 = AtomicU64::new(0);
static FIRST: Mutex<String> = Mutex::new(String::new());
/// Whether GDAL was refused memory at any time.
static STARVED: AtomicBool = AtomicBool::new(false);
/// GDAL's number for that (`CPLE_OutOfMemory` of `cpl_error.h`).
const OUT_OF_MEMORY: i32 = 2;

/// Removes every driver that no accepted format needs, and keeps what GDAL says to ourselves.
pub fn prepare() {
    gdal::config::set_error_handler(|severity, number, message| {
        if number == OUT_OF_MEMORY {
            STARVED.store(true, Ordering::Relaxed);
        }
        if matches!(severity, CplErrType::Failure | CplErrType::Fatal) {
            FAILURES.fetch_add(1, Ordering::Relaxed);
            if let Ok(mut first) = FIRST.lock()
                && first.is_empty()
            {
                *first = message.chars().take(300).collect();
            }
        }
    });
    DriverManager::register_all();
    let allowed: Vec<&str> = Format::ALL.iter().filter_map(|format| format.driver()).collect();
    for index in (0..DriverManager::count()).rev() {
        if let Ok(driver) = DriverManager::get_driver(index)
            && !allowed.contains(&driver.short_name().as_str())
        {
            DriverManager::deregister_driver(&driver);
        }
    }
}

/// The failures since the last call, and the first of them.
pub fn take_failures() -> (u64, String) {
    let count = FAILURES.swap(0, Ordering::Relaxed);
    let first = FIRST.lock().map(|mut first| std::mem::take(&mut *first)).unwrap_or_default();
    (count, first)
}

/// Whether GDAL was refused memory since the start of the process.
#[must_use]
pub fn starved() -> bool {
    STARVED.load(Ordering::Relaxed)
}

/// Opens a file of a known format with its one driver, read only.
///
/// # Errors
/// [`IngestError::Open`].
pub fn open(path: &Path, format: Format, options: &[&str]) -> Result<Dataset, IngestError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(driver) = format.driver() else {
        return Err(IngestError::Format { name, found: format.label().to_owned() });
    };
    let kind = if format.is_raster() {
        GdalOpenFlags::GDAL_OF_RASTER
    } else {
        GdalOpenFlags::GDAL_OF_VECTOR
    };
    let allowed = [driver];
    let how = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_READONLY | kind | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
        allowed_drivers: Some(&allowed),
        open_options: Some(options),
        sibling_files: None,
    };
    Dataset::open_ex(path, how).map_err(|fault| {
        let (_, first) = take_failures();
        let reason = if first.is_empty() { fault.to_string() } else { first };
        IngestError::Open { name, driver, reason }
    })
}
