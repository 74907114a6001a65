//! The command line of `jomo-ingest`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use jomo_core::projection::Zone;
use jomo_words::{Language, Told, UsageError, coded_json, language_flag, language_of, say, text};
use serde_json::{Value, json};

use crate::error::IngestError;
use crate::raster::{RasterRequest, Resampling};
use crate::reader;
use crate::report;
use crate::supervise::{self, Bounds, Job, Task};
use crate::vector::{Encoding, VectorRequest};

/// Foreign files in, canonical ones out.
#[derive(Debug, Parser)]
#[command(name = "jomo-ingest", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The report as JSON on stdout.
    #[arg(long, global = true)]
    json: bool,
    /// Language: ja or en.
    #[arg(long, global = true, value_parser = ["ja", "en"])]
    lang: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read features and write `FlatGeobuf` in lon/lat of JGD2011 or a planar zone.
    Vector(VectorArguments),
    /// Read cells and write a cloud-optimised `GeoTIFF` in a planar zone of JGD2011.
    Raster(RasterArguments),
    /// List what is accepted, and the walls that stand on this machine.
    Formats,
    /// The half that reads: gets its job on stdin, puts up the walls, answers on stdout.
    #[command(hide = true)]
    Reader,
}

#[derive(Debug, Args)]
struct Common {
    /// The file.
    src: PathBuf,
    /// EPSG code of the result.
    #[arg(long, value_parser = epsg)]
    to_crs: u32,
    /// The folder for the result.
    #[arg(long)]
    out: PathBuf,
    /// EPSG code of the source, over what the file says.
    #[arg(long, value_parser = epsg)]
    crs: Option<u32>,
    /// Most memory in MiB.
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u64).range(64..=1 << 20))]
    max_memory_mib: u64,
    /// Most seconds.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    max_seconds: u64,
}

#[derive(Debug, Args)]
struct VectorArguments {
    #[command(flatten)]
    common: Common,
    /// Encoding of the attributes: utf-8 or cp932.
    #[arg(long)]
    encoding: Option<String>,
    /// The one layer to read.
    #[arg(long)]
    layer: Option<String>,
    /// Column of the longitude or easting, for tables.
    #[arg(long, requires = "y_field")]
    x_field: Option<String>,
    /// Column of the latitude or northing, for tables.
    #[arg(long, requires = "x_field")]
    y_field: Option<String>,
    /// Most features of a layer.
    #[arg(long)]
    max_features: Option<usize>,
}

#[derive(Debug, Args)]
struct RasterArguments {
    #[command(flatten)]
    common: Common,
    /// How values are made: nearest, bilinear, average.
    #[arg(long)]
    resampling: Option<String>,
    /// Edge of a cell of the result in metres.
    #[arg(long)]
    cell_size_m: Option<f64>,
    /// The stored number for no data.
    #[arg(long, allow_hyphen_values = true)]
    nodata: Option<f64>,
    /// Address z/x/y of an elevation tile.
    #[arg(long)]
    tile: Option<String>,
}

/// Runs the command line.
pub struct Shell<'a> {
    /// Reads a locale variable.
    pub locale: &'a dyn Fn(&str) -> Option<String>,
    /// Writes data.
    pub print: &'a dyn Fn(&str),
    /// Writes words.
    pub tell: &'a dyn Fn(&str),
}

impl Shell<'_> {
    /// Runs one command line, program name first, and gives its exit code.
    #[must_use]
    pub fn run(&self, line: Vec<OsString>) -> u8 {
        let language = language_of(language_flag(&line), self.locale);
        let as_json = line.iter().any(|word| word == "--json");
        let parsed = localised(language)
            .try_get_matches_from(line)
            .and_then(|matches| Arguments::from_arg_matches(&matches));
        let Arguments { command, json, .. } = match parsed {
            Ok(arguments) => arguments,
            Err(fault) if fault.use_stderr() => {
                let failure = json!({
                    "tool": report::TOOL,
                    "status": "failed",
                    "errors": [coded_json(language, &UsageError::from(&fault))],
                });
                return self.show(&failure, 2, language, as_json);
            }
            Err(help) => {
                (self.print)(&help.to_string());
                return 0;
            }
        };
        let (job, out) = match command {
            Command::Reader => return reader::run(self.print),
            Command::Formats => {
                let bounds = Bounds { memory_mib: 512, seconds: 60 };
                (Job { task: Task::Formats, source: PathBuf::new(), language, bounds }, None)
            }
            Command::Raster(arguments) => match raster_job(arguments, language) {
                Ok((job, out)) => (job, Some(out)),
                Err(error) => return self.fail(&error, language, json),
            },
            Command::Vector(arguments) => match vector_job(arguments, language) {
                Ok((job, out)) => (job, Some(out)),
                Err(error) => return self.fail(&error, language, json),
            },
        };
        match supervise::run(&job, out.as_deref()) {
            Ok(done) => self.show(&done.report, done.exit, language, json),
            Err(error) => self.fail(&error, language, json),
        }
    }

    fn fail(&self, error: &IngestError, language: Language, as_json: bool) -> u8 {
        let failure = json!({
            "tool": report::TOOL,
            "status": "failed",
            "errors": [report::told(error, language)],
        });
        self.show(&failure, error.exit_code(), language, as_json)
    }

    fn show(&self, report: &Value, exit: u8, language: Language, as_json: bool) -> u8 {
        if as_json {
            (self.print)(&format!("{report:#}\n"));
        }
        if let Some(formats) = report["formats"].as_array().filter(|_| !as_json) {
            for format in formats {
                let cell = |name: &str| format[name].as_str().unwrap_or_default().to_owned();
                (self.print)(&format!("{:8} {}\n", cell("kind"), cell("driver")));
            }
        }
        for line in words(report, language) {
            (self.tell)(&line);
        }
        exit
    }
}

/// What a person is told of a report.
fn words(report: &Value, language: Language) -> Vec<String> {
    let plain = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // The reader has met foreign bytes: nothing of it moves the cursor of a terminal.
        text.chars().filter(|c| !c.is_control() || *c == '\n').collect::<String>()
    };
    let told = |error: &Value| Told {
        title: plain(&error["title"]),
        detail: plain(&error["detail"]),
        hint: error["hint"].is_string().then(|| plain(&error["hint"])),
    };
    let errors: Vec<Told> = report["errors"].as_array().into_iter().flatten().map(told).collect();
    let mut lines = jomo_words::lines(language, &errors);
    if report["raster"].is_object() {
        let names = ["rows", "columns", "cell_size_m", "resampling", "file"];
        let arguments = names.map(|name| (name, plain(&report["raster"][name])));
        lines.push(say(language, "ingest-raster-done", &arguments));
    }
    for layer in report["layers"].as_array().into_iter().flatten() {
        let arguments = ["name", "file", "features"].map(|name| (name, plain(&layer[name])));
        lines.push(say(language, "ingest-layer-done", &arguments));
        for (code, fault) in layer["faults"].as_object().into_iter().flatten() {
            let title = text(language, &format!("{code}.title"), &[]);
            let title = title.or_else(|| text(language, &format!("fault-{code}"), &[]));
            let title = title.unwrap_or_else(|| code.clone());
            let arguments = [("title", title), ("count", plain(&fault["count"]))];
            lines.push(say(language, "ingest-fault", &arguments));
        }
    }
    lines
}

/// `6677` or `EPSG:6677`.
fn epsg(text: &str) -> Result<u32, String> {
    let digits = match text.get(..5) {
        Some(head) if head.eq_ignore_ascii_case("epsg:") => text.get(5..).unwrap_or_default(),
        _ => text,
    };
    digits.parse().map_err(|_not_a_number| "6677, EPSG:6677".to_owned())
}

fn vector_job(
    arguments: VectorArguments,
    language: Language,
) -> Result<(Job, PathBuf), IngestError> {
    let VectorArguments { common, encoding, layer, x_field, y_field, max_features } = arguments;
    let planar = match common.to_crs {
        6668 | 4326 => None,
        code if Zone::from_epsg(code).is_some() => Some(code),
        epsg => return Err(IngestError::Target { epsg, expected: "6668, 4326, 6669-6692" }),
    };
    let encoding = match encoding {
        None => None,
        Some(name) => Some(Encoding::named(&name).ok_or(IngestError::Flag {
            flag: "encoding",
            value: name,
            expected: "utf-8, cp932, latin-1",
        })?),
    };
    let position = [x_field, y_field];
    let request =
        VectorRequest { crs: common.crs, encoding, layer, position, max_features, planar };
    let bounds = Bounds { memory_mib: common.max_memory_mib, seconds: common.max_seconds };
    let job = Job { task: Task::Vector(request), source: common.src, language, bounds };
    Ok((job, common.out))
}

fn raster_job(
    arguments: RasterArguments,
    language: Language,
) -> Result<(Job, PathBuf), IngestError> {
    let RasterArguments { common, resampling, cell_size_m, nodata, tile } = arguments;
    let flag = |flag, value: String, expected| IngestError::Flag { flag, value, expected };
    let resampling = match resampling.as_deref() {
        None => None,
        Some("nearest") => Some(Resampling::Nearest),
        Some("bilinear") => Some(Resampling::Bilinear),
        Some("average") => Some(Resampling::Average),
        Some(other) => {
            let expected = "nearest, bilinear, average";
            return Err(flag("resampling", other.to_owned(), expected));
        }
    };
    if let Some(size) = cell_size_m.filter(|size| !(size.is_finite() && 0.0 < *size)) {
        return Err(flag("cell-size-m", size.to_string(), "a positive number of metres"));
    }
    let request = RasterRequest {
        to_crs: common.to_crs,
        crs: common.crs,
        resampling,
        cell_size_m,
        no_data: nodata,
        tile,
    };
    let bounds = Bounds { memory_mib: common.max_memory_mib, seconds: common.max_seconds };
    let job = Job { task: Task::Raster(request), source: common.src, language, bounds };
    Ok((job, common.out))
}

/// The parser with its help in a language: texts `help-ingest-<command>` and
/// `help-ingest-<flag>`.
fn localised(language: Language) -> clap::Command {
    let with_help = |command: clap::Command, path: &str| {
        let about = text(language, path, &[]);
        let command = match about {
            Some(about) => command.about(about),
            None => command,
        };
        command.mut_args(|argument| {
            let name = argument.get_id().as_str().replace('_', "-");
            match text(language, &format!("help-ingest-{name}"), &[]) {
                Some(help) => argument.help(help),
                None => argument,
            }
        })
    };
    let mut command = with_help(Arguments::command(), "help-ingest");
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let path = format!("help-ingest-{name}");
        command = command.mut_subcommand(name, |sub| with_help(sub, &path));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_sound_and_every_flag_has_its_help() {
        for language in [Language::Ja, Language::En] {
            let parser = localised(language);
            parser.clone().debug_assert();
            for sub in parser.get_subcommands().filter(|sub| !sub.is_hide_set()) {
                assert!(text(language, &format!("help-ingest-{}", sub.get_name()), &[]).is_some());
                for argument in sub.get_arguments() {
                    let name = argument.get_id().as_str().replace('_', "-");
                    assert!(
                        text(language, &format!("help-ingest-{name}"), &[]).is_some(),
                        "{name}"
                    );
                }
            }
        }
    }
}
