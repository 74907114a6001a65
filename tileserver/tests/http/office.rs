//! An office for one test: a register with people, and a store with a restricted layer.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::Request;
use jomo_core::layer::{Access, Layer, Text};
use jomo_core::organisation::OrganisationKind;
use jomo_register::{
    Area, Grant, Job, JobWords, MasterKey, NewKey, NewPerson, NewRecord, OPERATOR, Organisation,
    PasswordCost, Record, Register, Role, Source, Uuid, new_id,
};
use jomo_server::app::{People, PeopleLimits};
use jomo_server::clerk::Clerk;
use jomo_server::identity::{Peer, Trust};
use jomo_server::page::Page;

use crate::fixture::{Answer, PUBLISHED, Server, Shop, at, places};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Pages of this server have this origin; requests of tests name this host.
pub(crate) const HOST: &str = "host: map.example";
pub(crate) const ORIGIN: &str = "origin: http://map.example";
pub(crate) const JSON: &str = "content-type: application/json";

/// Logins with their roles; `otto` is of the owners, all others of the prefecture.
pub(crate) const PEOPLE: [(&str, Role); 6] = [
    ("vera", Role::Viewer),
    ("eda", Role::Editor),
    ("emil", Role::Editor),
    ("ada", Role::Admin),
    ("otto", Role::Viewer),
    ("olga", Role::Admin),
];

pub(crate) struct Office {
    pub(crate) shop: Shop,
    pub(crate) server: Server,
    pub(crate) register: PathBuf,
}

/// A layer for the prefecture.
pub(crate) fn nests() -> Layer {
    Layer { id: "nests".to_owned(), access: Access::Restricted, ..places() }
}

impl Office {
    /// Serves `places` to everybody and `nests` to the prefecture at [`PUBLISHED`].
    pub(crate) fn new() -> Self {
        Self::of(&[places(), nests()], Trust::default())
    }

    pub(crate) fn of(layers: &[Layer], trust: Trust) -> Self {
        let shop = Shop::new();
        shop.publish(layers, "one", at(PUBLISHED));
        let register = shop.dir.path().join("register.sqlite");
        drop(Register::create(&register, at(PUBLISHED)).unwrap());
        let server = serve(&register, trust, PeopleLimits::default());
        let office = Self { shop, server, register };
        office.hire();
        office.server.app.refresh(&office.shop.store).unwrap();
        office
    }

    /// Another server at the same register and store, as after a restart.
    pub(crate) fn restart(&mut self) {
        self.limited(PeopleLimits::default());
    }

    /// Serves with other limits from now on.
    pub(crate) fn limited(&mut self, limits: PeopleLimits) {
        self.server = serve(&self.register, Trust::default(), limits);
        self.server.app.refresh(&self.shop.store).unwrap();
    }

    /// Serves from now on with a key of the personal values; gives its file.
    pub(crate) fn sealed(&mut self) -> PathBuf {
        let file = self.shop.dir.path().join("master.key");
        MasterKey::generate(&file).unwrap();
        self.server =
            serve_with(&self.register, Some(&file), Trust::default(), PeopleLimits::default());
        self.server.app.refresh(&self.shop.store).unwrap();
        file
    }

    /// Gives a right to somebody.
    pub(crate) fn allow(&self, login: &str, role: Role, organisation: &str, area: &str) {
        let (id, person, from) =
            (new_id(at(PUBLISHED)).unwrap(), self.person(login), at(PUBLISHED));
        let (organisation, area) = (organisation.to_owned(), Area::parse(area).unwrap());
        let grant = Grant { id, person, role, organisation, area, from, until: None };
        self.open().add_grant(&grant, OPERATOR, from).unwrap();
    }

    fn hire(&self) {
        let mut register = self.open();
        let now = at(PUBLISHED);
        for kind in [OrganisationKind::Prefecture, OrganisationKind::Owner] {
            let organisation =
                Organisation { id: kind.name().to_owned(), kind, title: Text::new("架空", "X") };
            register.add_organisation(&organisation, OPERATOR, now).unwrap();
        }
        for (login, role) in PEOPLE {
            let organisation = if login.starts_with('o') { "owner" } else { "prefecture" };
            let person = NewPerson {
                login,
                name: None,
                mail: None,
                password: Some(PASSWORD),
                fictional: true,
            };
            let person = register.add_person(&person, OPERATOR, now).unwrap().id;
            let grant = Grant {
                id: new_id(now).unwrap(),
                person,
                role,
                organisation: organisation.to_owned(),
                area: Area::All,
                from: now,
                until: None,
            };
            register.add_grant(&grant, OPERATOR, now).unwrap();
        }
    }

    /// A connection of its own, as the command line has.
    pub(crate) fn open(&self) -> Register {
        Register::open_with(&self.register, None, PasswordCost::CHEAPEST).unwrap()
    }

    pub(crate) fn version_of(&self, layer: &str) -> String {
        for access in [Access::Public, Access::Restricted] {
            let generation = self.shop.store.current(access).unwrap().unwrap();
            if let Some(found) = generation.layers.get(layer) {
                return found.layer.version.clone();
            }
        }
        unreachable!("{layer} is not published")
    }

    pub(crate) fn person(&self, login: &str) -> Uuid {
        self.open().person(login).unwrap().unwrap().id
    }

    pub(crate) fn key(&self, login: &str, until: Option<&str>) -> String {
        let key = NewKey { title: "test", role: Role::Admin, until: until.map(at) };
        let person = self.person(login);
        let (_, secret) = self.open().add_key(person, &key, OPERATOR, at(PUBLISHED)).unwrap();
        secret.expose().to_owned()
    }

    /// A job that `login` has queued.
    pub(crate) fn job(&self, login: &str) -> Job {
        let words = ["import", "a.geojson", "--layer", "a"].map(str::to_owned).to_vec();
        let words = JobWords::check(words, Source::Local).unwrap();
        let person = self.person(login);
        self.open().enqueue(words, Some(person), None, at(PUBLISHED)).unwrap()
    }

    /// A record of kind `note` at its first revision.
    pub(crate) fn note(&self, organisation: &str) -> Record {
        let new = NewRecord {
            kind: "note".to_owned(),
            content: serde_json::json!({ "a": 1 }),
            personal: None,
            subject: None,
            organisation: organisation.to_owned(),
            municipality: None,
        };
        self.open().create_record(new, OPERATOR, at(PUBLISHED)).unwrap()
    }

    pub(crate) async fn sign_in(&self, login: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "login": login, "password": password }).to_string();
        self.post("/login", &[HOST, ORIGIN, JSON], body).await
    }

    /// The `cookie` header of a new session.
    pub(crate) async fn cookie(&self, login: &str) -> String {
        let answer = self.sign_in(login, PASSWORD).await;
        assert_eq!(answer.status, 200, "{login}");
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        format!("cookie: {cookie}")
    }

    pub(crate) async fn post(&self, path: &str, headers: &[&str], body: impl Into<Body>) -> Answer {
        self.send("POST", path, headers, body).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: impl Into<Body>,
    ) -> Answer {
        self.server.send(request(method, path, headers, body.into())).await
    }

    pub(crate) async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.server.get(path, headers).await
    }
}

/// A request from 192.0.2.1 unless a header `peer` names another.
pub(crate) fn request(method: &str, path: &str, headers: &[&str], body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    let mut peer = "192.0.2.1";
    for header in headers {
        match header.split_once(": ").unwrap() {
            ("peer", address) => peer = address,
            (name, value) => request = request.header(name, value),
        }
    }
    request.extension(Peer(peer.parse().unwrap())).body(body).unwrap()
}

pub(crate) fn serve(register: &Path, trust: Trust, limits: PeopleLimits) -> Server {
    serve_with(register, None, trust, limits)
}

fn serve_with(register: &Path, key: Option<&Path>, trust: Trust, limits: PeopleLimits) -> Server {
    let open = || {
        let key = key.map(|file| MasterKey::read(file).unwrap());
        Register::open_with(register, key, PasswordCost::CHEAPEST).unwrap()
    };
    let clerk = Clerk::with(register, open(), open()).unwrap();
    Server::with(Page::new(std::iter::empty()), |app, clock| {
        app.with_people(People::new(clerk, trust, clock).within(limits))
    })
}
