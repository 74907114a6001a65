//! What people write behind `--store`: a folder or the URL of a prefix in an object store.

use std::path::Path;
use std::sync::Arc;

use object_store::path::Path as Key;

use crate::StoreError;
use crate::folder::Folder;
use crate::objects::Objects;
use crate::place::Place;

/// Reads the variables of the environment that name endpoint, region and credentials.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads an address. Nothing is contacted.
///
/// # Errors
/// If it is a URL that cannot be used.
pub(crate) fn place(address: &Path, environment: Environment<'_>) -> Result<Place, StoreError> {
    let Some((scheme, rest)) = address.to_str().and_then(|text| text.split_once("://")) else {
        return Ok(Place::Folder(Folder::new(address)));
    };
    let refused = |reason: String| StoreError::Address { path: address.to_owned(), reason };
    match scheme {
        "file" if rest.starts_with('/') => Ok(Place::Folder(Folder::new(Path::new(rest)))),
        "file" => Err(refused("a file URL names an absolute path: file:///…".to_owned())),
        "memory" => Ok(Place::Objects(memory(rest))),
        "s3" => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = Key::parse(prefix).map_err(|fault| refused(fault.to_string()))?;
            if bucket.is_empty() {
                return Err(refused("no bucket: s3://bucket/prefix".to_owned()));
            }
            let store = s3(bucket, environment).map_err(refused)?;
            Ok(Place::Objects(Objects::new(store, prefix, &address.to_string_lossy())))
        }
        _ => Err(refused(format!("{scheme}:// is none of file://, s3://, memory://"))),
    }
}

/// Whether an address names an object store.
#[must_use]
pub fn is_remote(address: &Path) -> bool {
    address.to_str().and_then(|text| text.split_once("://")).is_some_and(|(s, _)| s != "file")
}

/// A store in the memory of this process, the same for the same name: for tests.
fn memory(name: &str) -> Objects {
    use std::collections::HashMap;
    use std::sync::{Mutex, PoisonError};

    use object_store::memory::InMemory;
    static STORES: Mutex<Option<HashMap<String, Arc<InMemory>>>> = Mutex::new(None);
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    let store = stores.get_or_insert_default().entry(name.to_owned()).or_default();
    Objects::new(Arc::clone(store) as _, Key::default(), &format!("memory://{name}"))
}

#[cfg(not(feature = "s3"))]
fn s3(_: &str, _: Environment<'_>) -> Result<Arc<dyn object_store::ObjectStore>, String> {
    Err("this program was built without the feature s3".to_owned())
}

/// Endpoint, region and credentials come from the environment, by the names that other S3
/// programs use.
#[cfg(feature = "s3")]
fn s3(
    bucket: &str,
    environment: Environment<'_>,
) -> Result<Arc<dyn object_store::ObjectStore>, String> {
    use std::time::Duration;

    use object_store::aws::AmazonS3Builder;
    use object_store::{BackoffConfig, ClientOptions, RetryConfig};

    let given = |name: &str| environment(name).filter(|value| !value.is_empty());
    // Without them the client would ask the metadata service of a cloud, and wait for it.
    let needed = |name: &str| given(name).ok_or_else(|| format!("{name} is not set"));
    let (key_id, secret) = (needed("AWS_ACCESS_KEY_ID")?, needed("AWS_SECRET_ACCESS_KEY")?);
    // One provider for the process; an error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = given("AWS_ENDPOINT_URL_S3").or_else(|| given("AWS_ENDPOINT_URL"));
    let options = ClientOptions::new()
        .with_allow_http(endpoint.as_deref().is_some_and(is_loopback))
        .with_connect_timeout(Duration::from_secs(3))
        .with_timeout(Duration::from_secs(20));
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        base: 2.0,
    };
    let retry = RetryConfig { backoff, max_retries: 4, retry_timeout: Duration::from_secs(30) };
    let region = given("AWS_REGION").or_else(|| given("AWS_DEFAULT_REGION"));
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_access_key_id(key_id)
        .with_secret_access_key(secret)
        .with_region(region.unwrap_or_else(|| "us-east-1".to_owned()))
        .with_client_options(options)
        .with_retry(retry);
    if let Some(token) = given("AWS_SESSION_TOKEN") {
        builder = builder.with_token(token);
    }
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    builder.build().map(|store| Arc::new(store) as _).map_err(|fault| fault.to_string())
}

/// `http://127.0.0.1:9000`, `http://[::1]:9000`, `http://localhost:9000`: only this machine hears
/// what is sent there in the clear.
#[cfg(feature = "s3")]
fn is_loopback(endpoint: &str) -> bool {
    let Some(rest) = endpoint.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(all(test, feature = "s3"))]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for near in ["http://127.0.0.1:9000", "http://[::1]:9000/x", "http://localhost"] {
            assert!(is_loopback(near), "{near}");
        }
        let far = [
            "https://127.0.0.1",
            "http://10.0.0.1",
            "http://127.0.0.1.example",
            "http://localhost@example",
            "http://127.0.0.1:80@example",
            "127.0.0.1",
        ];
        for far in far {
            assert!(!is_loopback(far), "{far}");
        }
    }
}
