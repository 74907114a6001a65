//! `jomo organisation`, `jomo user`, `jomo grant`, `jomo key`: who may come in, and for what.

mod password;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jomo_core::layer::Text;
use jomo_register::{
    Area, Grant, MasterKey, NewKey, NewPerson, OPERATOR, Organisation, OrganisationKind, Register,
    RegisterError, Role, Secret, Uuid, new_id,
};
use serde_json::json;

use crate::failure::Failure;
use crate::outcome::{Outcome, Status};
use crate::register::{RegisterFlags, unknown_login, wrong_flag};
use crate::run::Context;

/// Invented persons with their organisations.
const PEOPLE: &str = include_str!("../../data-samples/fictional/people.tsv");

const ROLES: &str = "viewer, editor, officer, approver, admin";
const KINDS: &str =
    "prefecture, municipality, forestry-enterprise, road-contractor, co-creation, owner";
const AREAS: &str = "all, or five-digit municipality codes separated by ,";

/// What somebody may do, for whom and where.
#[derive(Debug, Args)]
pub struct RightFlags {
    /// What they may do.
    #[arg(long)]
    role: String,
    /// For which organisation.
    #[arg(long)]
    organisation: String,
    /// Where.
    #[arg(long, default_value = "all")]
    area: String,
}

impl RightFlags {
    fn role_and_area(&self) -> Result<(Role, Area), Failure> {
        Ok((role(&self.role)?, parse_area(&self.area)?))
    }
}

/// Commands on organisations.
#[derive(Debug, Subcommand)]
pub enum OrganisationCommand {
    /// Add an organisation.
    Add {
        /// Id: small letters, digits, `_` and `-`.
        id: String,
        /// What it is to the prefecture.
        #[arg(long)]
        kind: String,
        /// Name in Japanese.
        #[arg(long)]
        title_ja: String,
        /// Name in English.
        #[arg(long)]
        title_en: String,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// List organisations.
    List {
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
}

/// Commands on people.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a person with one grant.
    Add {
        /// Login name.
        login: String,
        /// What they may do, for whom and where.
        #[command(flatten)]
        right: RightFlags,
        /// Name; needs the key file.
        #[arg(long, requires = "key_file")]
        name: Option<String>,
        /// Mail address; needs the key file.
        #[arg(long, requires = "key_file")]
        mail: Option<String>,
        /// File whose first line is the password.
        #[arg(long)]
        password_file: Option<PathBuf>,
        /// The person is invented.
        #[arg(long)]
        fictional: bool,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// List people.
    List {
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// Keep a person out.
    Disable {
        /// Login name.
        login: String,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// Give a person another password.
    Password {
        /// Login name.
        login: String,
        /// File whose first line is the password.
        #[arg(long)]
        password_file: Option<PathBuf>,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
}

/// Commands on grants.
#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// Give a person a permission.
    Add {
        /// Login name.
        login: String,
        /// What they may do, for whom and where.
        #[command(flatten)]
        right: RightFlags,
        /// From when on; by default now.
        #[arg(long)]
        from: Option<Timestamp>,
        /// Until when.
        #[arg(long)]
        until: Option<Timestamp>,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// Take a permission back.
    Revoke {
        /// Id of the grant.
        #[arg(value_parser = crate::jobs::id)]
        id: Uuid,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// List permissions.
    List {
        /// Login name; without it all.
        login: Option<String>,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
}

/// Commands on API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it, this once.
    Create {
        /// Login name of the person whose key it is.
        login: String,
        /// What it is for.
        #[arg(long, default_value = "API")]
        title: String,
        /// The highest role that it gives.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Until when.
        #[arg(long)]
        until: Option<Timestamp>,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// End a key.
    Revoke {
        /// Id of the key: what stands between the first two `_` of it.
        id: String,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
    /// List keys, without their secrets.
    List {
        /// Login name; without it all.
        login: Option<String>,
        /// The register.
        #[command(flatten)]
        at: RegisterFlags,
    },
}

fn role(word: &str) -> Result<Role, Failure> {
    Role::named(word).ok_or_else(|| wrong_flag("role", word, ROLES))
}

fn person(register: &Register, login: &str) -> Result<Uuid, Failure> {
    register.person(login)?.map(|person| person.id).ok_or_else(|| unknown_login(login))
}

/// What is done, where it is done at all.
fn done(
    context: &Context,
    work: impl FnOnce() -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    if context.dry_run { Ok(Outcome::new(Status::DryRun)) } else { work() }
}

fn listing(name: &'static str, lines: Vec<String>, data: serde_json::Value) -> Outcome {
    let mut outcome = Outcome { lines, ..Outcome::new(Status::Done) };
    outcome.more.insert(name, data);
    outcome
}

/// Runs a command on organisations.
///
/// # Errors
/// Those of the register.
pub fn organisation(command: OrganisationCommand, context: &Context) -> Result<Outcome, Failure> {
    match command {
        OrganisationCommand::Add { id, kind, title_ja, title_en, at } => done(context, || {
            let kind =
                OrganisationKind::named(&kind).ok_or_else(|| wrong_flag("kind", &kind, KINDS))?;
            let title = Text::new(&title_ja, &title_en);
            let organisation = Organisation { id: id.clone(), kind, title };
            at.open()?.add_organisation(&organisation, OPERATOR, context.now)?;
            Ok(Outcome::new(Status::Done).telling("organisation-added", &[("id", id)]))
        }),
        OrganisationCommand::List { at } => {
            let all = at.open()?.organisations()?;
            let line = |o: &Organisation| {
                format!("{}\t{}\t{}\t{}", o.id, o.kind.name(), o.title.ja, o.title.en)
            };
            Ok(listing("organisations", all.iter().map(line).collect(), json!(all)))
        }
    }
}

/// Runs a command on people.
///
/// # Errors
/// Those of the register, and a password that cannot be read.
pub fn user(command: UserCommand, context: &Context) -> Result<Outcome, Failure> {
    let now = context.now;
    match command {
        UserCommand::Add { login, right, name, mail, password_file, fictional, at } => {
            done(context, || {
                let (role, area) = right.role_and_area()?;
                let mut register = at.open()?;
                known_organisation(&register, &right.organisation)?;
                let password =
                    password::read(password_file.as_deref(), context.progress.language())?;
                let new = NewPerson {
                    login: &login,
                    name: name.as_deref(),
                    mail: mail.as_deref(),
                    password: Some(&password),
                    fictional,
                };
                let person = register.add_person(&new, OPERATOR, now)?;
                let (id, organisation) = (new_id(now)?, right.organisation);
                let grant = Grant {
                    id,
                    person: person.id,
                    role,
                    organisation,
                    area,
                    from: now,
                    until: None,
                };
                register.add_grant(&grant, OPERATOR, now)?;
                let arguments = [("login", login.clone()), ("role", right.role)];
                let mut outcome = Outcome::new(Status::Done).telling("user-added", &arguments);
                outcome.more.insert("person", json!(person.id));
                outcome.more.insert("grant", json!(id));
                Ok(outcome)
            })
        }
        UserCommand::List { at } => {
            let mut register = at.open()?;
            let people = if register.has_master_key() {
                register.people_personal(OPERATOR, now)?
            } else {
                register.people()?
            };
            let line = |p: &jomo_register::Person| {
                let state = match (p.erased, p.disabled, p.fictional) {
                    (true, _, _) => "erased",
                    (_, true, _) => "disabled",
                    (_, _, true) => "fictional",
                    _ => "active",
                };
                format!("{}\t{state}\t{}", p.login, p.name.as_deref().unwrap_or("-"))
            };
            Ok(listing("people", people.iter().map(line).collect(), json!(people)))
        }
        UserCommand::Disable { login, at } => done(context, || {
            let mut register = at.open()?;
            let id = person(&register, &login)?;
            register.disable(id, OPERATOR, now)?;
            Ok(Outcome::new(Status::Done).telling("user-disabled", &[("login", login)]))
        }),
        UserCommand::Password { login, password_file, at } => done(context, || {
            let mut register = at.open()?;
            let id = person(&register, &login)?;
            let password = password::read(password_file.as_deref(), context.progress.language())?;
            register.set_password(id, &password, OPERATOR, now)?;
            Ok(Outcome::new(Status::Done).telling("user-password-set", &[("login", login)]))
        }),
    }
}

fn parse_area(text: &str) -> Result<Area, Failure> {
    Area::parse(text).ok_or_else(|| wrong_flag("area", text, AREAS))
}

/// Asked before a person is added, so that nobody is left without the grant.
fn known_organisation(register: &Register, id: &str) -> Result<(), Failure> {
    if register.organisations()?.iter().any(|organisation| organisation.id == id) {
        return Ok(());
    }
    Err(RegisterError::Unknown { kind: "organisation", id: id.to_owned() }.into())
}

/// Runs a command on grants.
///
/// # Errors
/// Those of the register.
pub fn grant(command: GrantCommand, context: &Context) -> Result<Outcome, Failure> {
    let now = context.now;
    match command {
        GrantCommand::Add { login, right, from, until, at } => done(context, || {
            let (role, area) = right.role_and_area()?;
            let mut register = at.open()?;
            let (person, id) = (person(&register, &login)?, new_id(now)?);
            let (organisation, from) = (right.organisation, from.unwrap_or(now));
            let grant = Grant { id, person, role, organisation, area, from, until };
            register.add_grant(&grant, OPERATOR, now)?;
            let arguments = [("login", login.clone()), ("role", right.role)];
            let mut outcome = Outcome::new(Status::Done).telling("grant-added", &arguments);
            outcome.more.insert("grant", json!(grant));
            Ok(outcome)
        }),
        GrantCommand::Revoke { id, at } => done(context, || {
            at.open()?.revoke_grant(id, OPERATOR, now)?;
            Ok(Outcome::new(Status::Done).telling("grant-revoked", &[("id", id.to_string())]))
        }),
        GrantCommand::List { login, at } => {
            let register = at.open()?;
            let of = login.map(|login| person(&register, &login)).transpose()?;
            let people = register.people()?;
            let grants = register.grants(of)?;
            let line = |g: &Grant| {
                let login = people.iter().find(|p| p.id == g.person).map_or("-", |p| &p.login);
                let area = match &g.area {
                    Area::All => "all".to_owned(),
                    Area::Municipalities(codes) => {
                        codes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
                    }
                };
                let until = g.until.map_or_else(|| "-".to_owned(), |until| until.to_string());
                let (role, organisation) = (g.role.name(), &g.organisation);
                format!("{}\t{login}\t{role}\t{organisation}\t{area}\t{}\t{until}", g.id, g.from)
            };
            Ok(listing("grants", grants.iter().map(line).collect(), json!(grants)))
        }
    }
}

/// Runs a command on API keys.
///
/// # Errors
/// Those of the register.
pub fn key(command: KeyCommand, context: &Context) -> Result<Outcome, Failure> {
    let now = context.now;
    match command {
        KeyCommand::Create { login, title, role: word, until, at } => done(context, || {
            let new = NewKey { title: &title, role: role(&word)?, until };
            let mut register = at.open()?;
            let person = person(&register, &login)?;
            let (key, secret) = register.add_key(person, &new, OPERATOR, now)?;
            let arguments = [("id", key.id.clone()), ("login", login.clone())];
            let mut outcome = Outcome::new(Status::Done).telling("key-made", &arguments);
            outcome.lines.push(secret.expose().to_owned());
            outcome.more.insert("key", json!(secret.expose()));
            outcome.more.insert("id", json!(key.id));
            Ok(outcome)
        }),
        KeyCommand::Revoke { id, at } => done(context, || {
            at.open()?.revoke_key(&id, OPERATOR, now)?;
            Ok(Outcome::new(Status::Done).telling("key-revoked", &[("id", id)]))
        }),
        KeyCommand::List { login, at } => {
            let register = at.open()?;
            let of = login.map(|login| person(&register, &login)).transpose()?;
            let people = register.people()?;
            let keys = register.keys(of)?;
            let time = |time: Option<Timestamp>| {
                time.map_or_else(|| "-".to_owned(), |time| time.to_string())
            };
            let line = |k: &jomo_register::ApiKey| {
                let login = people.iter().find(|p| p.id == k.person).map_or("-", |p| &p.login);
                let (id, role) = (&k.id, k.role.name());
                let (until, revoked) = (time(k.until), time(k.revoked));
                format!("{id}\t{login}\t{role}\t{}\t{until}\t{revoked}\t{}", k.created, k.title)
            };
            Ok(listing("keys", keys.iter().map(line).collect(), json!(keys)))
        }
    }
}

/// One invented person: a line of the list.
struct Invented {
    login: &'static str,
    role: Role,
    organisation: Organisation,
    name: &'static str,
}

/// The list, without its heading.
fn invented() -> Vec<Invented> {
    let line = |line: &'static str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [login, role, id, kind, ja, en, name] = columns.as_slice() else { return None };
        let (role, kind) = (Role::named(role)?, OrganisationKind::named(kind)?);
        let organisation = Organisation { id: (*id).to_owned(), kind, title: Text::new(ja, en) };
        Some(Invented { login, role, organisation, name })
    };
    PEOPLE.lines().skip(1).filter_map(line).collect()
}

/// Adds the invented people of the sample and prints `LOGIN PASSWORD ROLE ORGANISATION` of each,
/// this once. Register and key file are made if they are not there; people who are there already
/// stay as they are.
///
/// # Errors
/// Those of the register.
pub fn sample(at: &RegisterFlags, context: &Context) -> Result<Outcome, Failure> {
    let now = context.now;
    if context.dry_run {
        return Ok(Outcome::new(Status::DryRun));
    }
    if let Some(path) = at.key_file.as_ref().filter(|path| path.symlink_metadata().is_err()) {
        MasterKey::generate(path)?;
    }
    if at.register.symlink_metadata().is_err() {
        Register::create(&at.register, now)?;
    }
    let mut register = at.open()?;
    let mut outcome = Outcome::new(Status::Done);
    let mut people = Vec::new();
    for Invented { login, role, organisation, name } in invented() {
        if register.person(login)?.is_some() {
            continue;
        }
        if register.organisations()?.iter().all(|known| known.id != organisation.id) {
            register.add_organisation(&organisation, OPERATOR, now)?;
        }
        let password = Secret::password()?;
        let new = NewPerson {
            login,
            // A register without a key keeps no names.
            name: register.has_master_key().then_some(name),
            mail: None,
            password: Some(password.expose()),
            fictional: true,
        };
        let person = register.add_person(&new, OPERATOR, now)?.id;
        let (id, area) = (new_id(now)?, Area::All);
        let organisation = organisation.id;
        let line = [login, password.expose(), role.name(), &organisation].join(" ");
        people.push(json!({ "login": login, "password": password.expose() }));
        let grant = Grant { id, person, role, organisation, area, from: now, until: None };
        register.add_grant(&grant, OPERATOR, now)?;
        outcome.lines.push(line);
    }
    outcome.counts.insert("people".to_owned(), people.len() as u64);
    let count = [("count", people.len().to_string())];
    outcome.more.insert("people", json!(people));
    Ok(outcome.telling("sample-people-added", &count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_invented_people_is_whole() {
        let people = invented();
        assert_eq!(people.len() + 1, PEOPLE.lines().count());
        let roles: std::collections::BTreeSet<Role> = people.iter().map(|p| p.role).collect();
        assert!(roles.contains(&Role::Admin) && 4 <= roles.len(), "{roles:?}");
    }
}
