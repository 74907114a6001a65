//! Stores made for one test: layers with hand-made archives, published by the real writer.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use jomo_core::Timestamp;
use jomo_core::fault::Faults;
use jomo_core::feature::{Field, FieldType};
use jomo_core::layer::{Access, Kind, Layer, Mode, Run, SPEC_VERSION, Text};
use jomo_server::app::{App, Clock, Settings};
use jomo_server::page::Page;
use jomo_store::{LayerStage, LayerVersion, Store, series_file};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const PUBLISHED: &str = "2026-11-22T00:00:00Z";
pub(crate) const FIRST_STEP: &str = "20261122T010000Z";
pub(crate) const SECOND_STEP: &str = "20261122T020000Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A store in a folder of its own.
pub(crate) struct Shop {
    pub(crate) dir: TempDir,
    pub(crate) store: Store,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(dir.path().join("store")).unwrap();
        Self { dir, store }
    }

    /// Publishes layers whose tiles say `content`, as one generation, and returns its id,
    /// that of the public root if it has any.
    pub(crate) fn publish(&self, layers: &[Layer], content: &str, now: Timestamp) -> String {
        let stage = self.dir.path().join("stage");
        let layers = &sealed(layers);
        for layer in layers {
            // A layer that is in both roots says in the restricted one that it is whole.
            let is_whole = layer.access == Access::Restricted
                && layers.iter().any(|l| l.id == layer.id && l.access == Access::Public);
            let mut staged = if is_whole {
                LayerStage::begin_restricted(&stage, &layer.id).unwrap()
            } else {
                LayerStage::begin(&stage, &layer.id).unwrap()
            };
            let times: Vec<Option<Timestamp>> = match layer.valid_times.as_slice() {
                [] => vec![None],
                times => times.iter().copied().map(Some).collect(),
            };
            for time in times {
                let name = LayerVersion::tiles_name(time);
                let whole = if is_whole { " whole" } else { "" };
                let said = format!("{} {content} {time:?}{whole}", layer.id);
                fs::write(staged.path(&name).unwrap(), archive(said.as_bytes())).unwrap();
                staged.add(&name).unwrap();
            }
            if layer.id == "levels" {
                for id in ["g1", "k 2/#%"] {
                    let name = series_file(id);
                    let series = gzip(format!("{{\"says\":\"{content}\"}}").as_bytes());
                    fs::write(staged.path(&name).unwrap(), series).unwrap();
                    staged.add(&name).unwrap();
                }
            }
            staged.finish(layer.clone(), now).unwrap();
        }
        let base = self.store.current_id(Access::Public).unwrap();
        let published = self.store.publish(&stage, base.as_deref(), now).unwrap();
        let _ = fs::remove_dir_all(&stage);
        let ids = [Access::Public, Access::Restricted];
        ids.iter().find_map(|access| published.generations.get(access)).unwrap().clone()
    }

    pub(crate) fn version(&self, layer: &str) -> String {
        let generation = self.store.current(Access::Public).unwrap().unwrap();
        generation.layers[layer].layer.version.clone()
    }

    pub(crate) fn path(&self) -> &Path {
        self.store.path()
    }
}

/// The layers, those with two versions as pairs of one run.
fn sealed(layers: &[Layer]) -> Vec<Layer> {
    let (mut whole, mut sealed): (Vec<Layer>, Vec<Layer>) =
        layers.iter().cloned().partition(|layer| layer.access == Access::Restricted);
    for public in &mut sealed {
        if let Some(whole) = whole.iter_mut().find(|layer| layer.id == public.id) {
            jomo_store::seal_pair(public, whole).unwrap();
        }
    }
    sealed.extend(whole);
    sealed
}

/// A fictional layer without time that covers Gunma, zooms 4 to 8.
pub(crate) fn places() -> Layer {
    Layer {
        spec: SPEC_VERSION,
        id: "places".to_owned(),
        version: String::new(),
        title: Text::new("架空の場所", "Fictional places"),
        kind: Kind::Inventory,
        mode: Mode::Fictional,
        access: Access::Public,
        audience: Vec::new(),
        row_access: None,
        attribution: Text::new("架空<県>", "Fictional <prefecture>"),
        licence: "CC0-1.0".to_owned(),
        source_crs: "EPSG:6668".to_owned(),
        bbox: [138.4, 36.0, 139.7, 37.1],
        minzoom: 4,
        maxzoom: 8,
        fields: vec![Field::new("name", FieldType::Text, Text::new("名称", "Name"))],
        style: vec![],
        legend: vec![],
        legend_title: None,
        hidden: false,
        feature_count: 1,
        reference_time: None,
        valid_times: vec![],
        expires: None,
        clock: None,
        run: Run {
            command: "test".to_owned(),
            key: "0".repeat(64),
            seal: None,
            settings_sha256: "0".repeat(64),
            inputs: vec![],
            engine_version: "0".to_owned(),
            faults: Faults::default(),
            standing: Faults::default(),
        },
        files: std::collections::BTreeMap::new(),
    }
}

/// A layer with two predicted hours after [`PUBLISHED`], valid for ninety minutes.
pub(crate) fn rain(mode: Mode) -> Layer {
    Layer {
        id: "rain".to_owned(),
        title: Text::new("雨", "Rain"),
        kind: Kind::Relayed,
        mode,
        reference_time: Some(at(PUBLISHED)),
        valid_times: vec![at("2026-11-22T01:00:00Z"), at("2026-11-22T02:00:00Z")],
        expires: Some(at("2026-11-22T01:30:00Z")),
        ..places()
    }
}

/// A forecast without time axis that expires after half an hour, with the series of the gauge `g1`
/// and with faults.
pub(crate) fn levels(mode: Mode, access: Access) -> Layer {
    let mut faults = Faults::default();
    faults.add("forecast-rain-late", || "90 min".to_owned());
    let mut standing = Faults::default();
    standing.add("gauge-outside", || "g9".to_owned());
    standing.add("gauge-outside", || "g8".to_owned());
    Layer {
        id: "levels".to_owned(),
        title: Text::new("水位", "Levels"),
        kind: Kind::Forecast,
        mode,
        access,
        reference_time: Some(at(PUBLISHED)),
        expires: Some(at("2026-11-22T00:30:00Z")),
        run: Run { faults, standing, ..places().run },
        ..places()
    }
}

pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// A `PMTiles` v3 archive by its published specification with one tile, 4/14/6, that holds
/// `plain` as gzip.
pub(crate) fn archive(plain: &[u8]) -> Vec<u8> {
    // The tile's number on the Hilbert curve: 85 tiles at zooms 0 to 3, then its place at zoom 4.
    let number = 85 + hilbert(4, 14, 6);
    let tile = gzip(plain);
    let mut directory = vec![];
    for value in [1, number, 1, tile.len() as u64, 1] {
        varint(&mut directory, value);
    }
    let (directory, metadata) = (gzip(&directory), gzip(b"{}"));
    let mut bytes = b"PMTiles\x03".to_vec();
    let root = (127, directory.len() as u64);
    let metadata_place = (root.0 + root.1, metadata.len() as u64);
    let data = (metadata_place.0 + metadata_place.1, tile.len() as u64);
    for (offset, length) in [root, metadata_place, (data.0, 0), data] {
        bytes.extend(offset.to_le_bytes());
        bytes.extend(length.to_le_bytes());
    }
    for _ in ["addressed tiles", "entries", "contents"] {
        bytes.extend(1_u64.to_le_bytes());
    }
    // Clustered; directories gzip, tiles gzip, type MVT; zooms 4 to 8.
    bytes.extend([1, 2, 2, 1, 4, 8]);
    for degree in [138.4, 36.0, 139.7, 37.1] {
        bytes.extend(((degree * 1e7) as i32).to_le_bytes());
    }
    bytes.push(4);
    for degree in [139.0, 36.5] {
        bytes.extend(((degree * 1e7) as i32).to_le_bytes());
    }
    assert_eq!(bytes.len(), 127);
    bytes.extend(directory);
    bytes.extend(metadata);
    bytes.extend(tile);
    bytes
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while 0x7f < value {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn hilbert(z: u32, mut x: u64, mut y: u64) -> u64 {
    let mut number = 0;
    for level in (0..z).rev() {
        let s = 1 << level;
        let (right, low) = (u64::from(x & s != 0), u64::from(y & s != 0));
        number += s * s * ((3 * right) ^ low);
        (x, y) = (x & (s - 1), y & (s - 1));
        if low == 0 {
            if right == 1 {
                (x, y) = (s - 1 - x, s - 1 - y);
            }
            (x, y) = (y, x);
        }
    }
    number
}

/// A server in this process, with a clock to set.
pub(crate) struct Server {
    pub(crate) app: Arc<App>,
    now_s: Arc<AtomicI64>,
}

impl Server {
    /// Serves a store at [`PUBLISHED`].
    pub(crate) fn new(shop: &Shop) -> Self {
        let server = Self::of(Page::new(std::iter::empty()));
        server.app.refresh(&shop.store).unwrap();
        server
    }

    pub(crate) fn of(page: Page) -> Self {
        Self::with(page, |app, _| app)
    }

    /// A server whose state is finished by `finish`, which is told the clock.
    pub(crate) fn with(page: Page, finish: impl FnOnce(App, Clock) -> App) -> Self {
        let now_s = Arc::new(AtomicI64::new(at(PUBLISHED).as_second()));
        let told = Arc::clone(&now_s);
        let clock: Clock =
            Arc::new(move || Timestamp::from_second(told.load(Ordering::SeqCst)).unwrap());
        let settings = Settings { clock: Arc::clone(&clock), ..Settings::default() };
        Self { app: Arc::new(finish(App::new(settings, page), clock)), now_s }
    }

    pub(crate) fn set_now(&self, now: &str) {
        self.now_s.store(at(now).as_second(), Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = jomo_server::router(Arc::clone(&self.app)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// `GET` with headers, each as `name: value`.
    pub(crate) async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.request("GET", path, headers).await
    }

    pub(crate) async fn request(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for header in headers {
            let (name, value) = header.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}
