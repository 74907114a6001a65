//! The command line of `jomo-server`.

use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::HeaderName;
use clap::error::ErrorKind as UsageKind;
use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};
use jomo_core::Timestamp;
use jomo_core::message::Coded;
use jomo_core::time::parse_compact;
use jomo_store::Store;
use jomo_words::{Language, UsageError, language_flag, language_of, say, tell};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{App, People, Settings, wall_clock};
use crate::clerk::Clerk;
use crate::error::{LoadError, StartError};
use crate::identity::Trust;
use crate::listen::{Limits, serve};
use crate::page::Page;
use crate::serving::LiveLayers;
use crate::upload;
use crate::watch::watch;

/// Tokio's worker threads. They only look up and send; everything slow is done elsewhere.
const WORKERS: usize = 2;

/// Threads for inflating tiles for the rare client without gzip.
const BLOCKING_THREADS: usize = 2;

#[derive(Parser)]
#[command(name = "jomo-server", version, disable_help_flag = true, disable_version_flag = true)]
struct RawArguments {
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        value_parser = parse_listen
    )]
    listen: SocketAddr,
    #[arg(long, value_name = "URL", value_parser = parse_public_url)]
    public_url: Option<String>,
    #[arg(long, value_name = "TIME", value_parser = parse_now)]
    now: Option<Timestamp>,
    #[arg(long, value_name = "FILE")]
    register: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "register")]
    key_file: Option<PathBuf>,
    #[arg(
        long,
        value_name = "ADDRESS",
        value_parser = parse_proxy,
        requires_all = ["register", "proxy_header"]
    )]
    trust_proxy: Vec<IpAddr>,
    #[arg(long, value_name = "NAME", value_parser = parse_header, requires = "trust_proxy")]
    proxy_header: Option<HeaderName>,
    #[arg(long, value_enum)]
    lang: Option<RawLanguage>,
    #[arg(long, action = clap::ArgAction::HelpLong)]
    help: Option<bool>,
    #[arg(long, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RawLanguage {
    Ja,
    En,
}

impl From<RawLanguage> for Language {
    fn from(raw: RawLanguage) -> Self {
        match raw {
            RawLanguage::Ja => Self::Ja,
            RawLanguage::En => Self::En,
        }
    }
}

/// `http(s)://host[:port][/path]` without a trailing slash.
fn parse_public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]".contains(&byte);
    match rest {
        Some(rest) if !rest.is_empty() && rest.bytes().all(plain) => Ok(url.to_owned()),
        _ => Err("http(s)://HOST[:PORT][/PATH]".to_owned()),
    }
}

// What is wrong with a value is told by the form of a right one, in no language.

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().or(Err("127.0.0.1:8080, [::1]:8080".to_owned()))
}

fn parse_proxy(text: &str) -> Result<IpAddr, String> {
    text.parse().or(Err("192.0.2.1, 2001:db8::1".to_owned()))
}

fn parse_header(text: &str) -> Result<HeaderName, String> {
    text.parse().or(Err("X-Login".to_owned()))
}

fn parse_now(text: &str) -> Result<Timestamp, String> {
    let form = || "YYYY-MM-DDTHH:MM:SSZ".to_owned();
    parse_compact(text).or_else(|| text.parse().ok()).ok_or_else(form)
}

/// Runs the server until it is told to stop. Words go to stderr, help to stdout.
///
/// The result is the exit code: 0 stopped or help shown, 1 failed, 2 wrong use.
#[must_use]
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    locale: impl Fn(&str) -> Option<String>,
) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let language = language_of(language_flag(&arguments), locale);
    let result = match parse(&arguments, language) {
        Ok(Parsed::Serve(raw)) => start(raw, language),
        Ok(Parsed::Shown(text)) => {
            return u8::from(io::stdout().write_all(text.as_bytes()).is_err());
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            let told = tell(language, &error);
            let hint = told.hint.map(|hint| format!("\n  {hint}")).unwrap_or_default();
            say_on_stderr(&format!("jomo-server: {}\n  {}{hint}", told.title, told.detail));
            error.exit_code()
        }
    }
}

/// There is nobody to tell if stderr is closed.
fn say_on_stderr(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

enum Parsed {
    Serve(RawArguments),
    Shown(String),
}

fn parse(arguments: &[OsString], language: Language) -> Result<Parsed, StartError> {
    let help = |name: &str| say(language, &format!("server-cli.{name}"), &[]);
    let command = RawArguments::command().about(help("about")).mut_args(|argument| {
        let text = help(&argument.get_id().as_str().replace('_', "-"));
        argument.help(text)
    });
    let matches = command.try_get_matches_from(arguments);
    let parsed = matches.and_then(|matches| RawArguments::from_arg_matches(&matches));
    match parsed {
        Ok(raw) => Ok(Parsed::Serve(raw)),
        Err(shown)
            if matches!(shown.kind(), UsageKind::DisplayHelp | UsageKind::DisplayVersion) =>
        {
            Ok(Parsed::Shown(shown.to_string()))
        }
        Err(fault) => Err(UsageError::from(&fault).into()),
    }
}

fn start(raw: RawArguments, language: Language) -> Result<(), StartError> {
    log_to_stderr();
    let system = |source| StartError::System { source };
    let store = Store::open(&raw.store).map_err(LoadError::from)?;
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .map_err(system)?;
    let listener = runtime.block_on(bind(raw.listen))?;
    let mut address = listener.local_addr().map_err(system)?;
    if address.ip().is_unspecified() {
        let local = if address.is_ipv6() { "::1" } else { "127.0.0.1" };
        address.set_ip(local.parse().unwrap_or(address.ip()));
    }
    let people = raw.register.is_some().then(|| people(&raw)).transpose()?;
    let listen_url = format!("http://{address}");
    let settings = Settings {
        clock: match raw.now {
            Some(now) => Arc::new(move || now),
            None => wall_clock(),
        },
        live: if raw.now.is_some() { LiveLayers::Refused } else { LiveLayers::Served },
        public_url: raw.public_url,
        listen_url: listen_url.clone(),
    };
    let mut app = App::new(settings, Page::embedded());
    if let Some(people) = people {
        app = app.with_people(people);
    }
    let app = Arc::new(app);
    match app.refresh(&store) {
        Err(error @ LoadError::LiveWithSetClock { .. }) => return Err(error.into()),
        Err(error) => {
            // The next generation may be sound; until then the server says that it is not ready.
            tracing::error!(code = error.code(), %error, "generation refused");
        }
        Ok(()) => {}
    }
    let _watcher = watch(Arc::clone(&app), store).map_err(system)?;
    runtime.block_on(async {
        let (stop, streams) = (stop_signal().map_err(system)?, Arc::clone(&app));
        let stop = async move {
            stop.await;
            if let Some(people) = streams.people() {
                people.hub.stop();
            }
        };
        let shown = app.settings.public_url.clone().unwrap_or(listen_url);
        say_on_stderr(&say(language, "server-serving", &[("url", shown)]));
        serve(listener, crate::router(Arc::clone(&app)), Limits::default(), stop).await;
        say_on_stderr(&say(language, "server-stopped", &[]));
        Ok(())
    })
}

/// Opens the register: a fault in it is told at once, not to the first who signs in.
fn people(raw: &RawArguments) -> Result<People, StartError> {
    let path = raw.register.clone().unwrap_or_default();
    let clerk = Clerk::open(&path, raw.key_file.as_deref())?;
    upload::remove_leftovers(&path);
    let proxies = raw.trust_proxy.iter().map(IpAddr::to_canonical).collect();
    let trust = Trust { proxies, header: raw.proxy_header.clone() };
    Ok(People::new(clerk, trust, wall_clock()))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => StartError::AddressInUse { address },
        _ => StartError::Listen { address, source },
    })
}

/// Ready on SIGTERM or SIGINT.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Connections and mapped archives need file descriptors; Debian gives 1024 unless asked.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(16_384, |maximum| maximum.min(16_384));
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit on open files stays");
        }
    }
}

/// Lines for people on a terminal, JSON for everything that collects logs.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second call in one process keeps the first log.
    let _ = if io::stderr().is_terminal() { log.try_init() } else { log.json().try_init() };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_language_is_known_before_the_rest() {
        for (line, language) in [
            ("jomo-server --bad --lang en", Some(Language::En)),
            ("jomo-server --lang=ja", Some(Language::Ja)),
            ("jomo-server --lang", None),
            ("jomo-server --language en", None),
        ] {
            assert_eq!(language_flag(&arguments(line)), language, "{line}");
        }
    }

    #[test]
    fn wrong_use_is_said_in_one_line() {
        for line in [
            "jomo-server",
            "jomo-server --store a --listen nowhere",
            "jomo-server --store a --now tomorrow",
            "jomo-server --store a --public-url ftp://x",
            "jomo-server --store a --frobnicate",
            "jomo-server --store a --key-file k",
            "jomo-server --store a --register r --trust-proxy 127.0.0.1",
            "jomo-server --store a --register r --proxy-header x-login",
            "jomo-server --store a --trust-proxy 127.0.0.1 --proxy-header x-login",
        ] {
            let Err(error) = parse(&arguments(line), Language::Ja) else {
                unreachable!("{line} was accepted")
            };
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }

    /// No English but the words of the command line itself.
    #[test]
    fn wrong_use_is_told_in_the_readers_language() {
        let told = |language, line: &str| match parse(&arguments(line), language) {
            Err(error) => tell(language, &error).detail,
            Ok(_) => format!("{line} was accepted"),
        };
        let lines = [
            "jomo-server",
            "jomo-server --store a --bogus",
            "jomo-server --store a --listen foo",
            "jomo-server --store",
            "jomo-server --store a --store b",
            "jomo-server --store a --lang fr",
            "jomo-server --store a --now tomorrow",
            "jomo-server --store a --key-file k",
            "jomo-server --store a --register r --trust-proxy x --proxy-header X-Login",
            "jomo-server --store a --register r --trust-proxy ::1 --proxy-header :",
            "jomo-server a",
        ];
        let all = lines.map(|line| told(Language::Ja, line)).join("\n");
        insta::assert_snapshot!(all, @"
        次の指定が要ります: --store <DIR>
        --bogus という指定はありません。
        --listen <ADDRESS> に「foo」は使えません。使える値: 127.0.0.1:8080, [::1]:8080
        --store <DIR> の値がありません。
        --store <DIR> は1回だけ書けます。
        --lang <LANG> に「fr」は使えません。使える値: ja, en
        --now <TIME> に「tomorrow」は使えません。使える値: YYYY-MM-DDTHH:MM:SSZ
        次の指定が要ります: --register <FILE>
        --trust-proxy <ADDRESS> に「x」は使えません。使える値: 192.0.2.1, 2001:db8::1
        --proxy-header <NAME> に「:」は使えません。使える値: X-Login
        a という指定はありません。
        ");
        let english = told(Language::En, "jomo-server --store a --listen foo");
        assert!(english.contains("cannot be “foo”"), "{english}");
    }

    #[test]
    fn help_is_in_the_readers_language() {
        let shown = |language| match parse(&arguments("jomo-server --help"), language) {
            Ok(Parsed::Shown(text)) => text,
            _ => String::new(),
        };
        assert!(shown(Language::Ja).contains("--public-url"));
        assert!(shown(Language::En).contains("published store"));
        assert!(!shown(Language::Ja).contains("server-cli."), "{}", shown(Language::Ja));
        assert!(!shown(Language::Ja).contains("published store"));
    }
}
