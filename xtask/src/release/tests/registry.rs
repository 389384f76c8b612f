//! A registry in memory, on a loopback port: a sparse index, archives and publishing, as the Cargo book describes them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The name of the registry in Cargo's configuration.
pub(super) const NAME: &str = "local";

#[derive(Default)]
struct Shelf {
    /// The lines of the index, by crate.
    index: BTreeMap<String, Vec<Value>>,
    archives: BTreeMap<(String, String), Vec<u8>>,
    refuses: bool,
}

type Shared = Arc<Mutex<Shelf>>;

/// The registry, which stops when it is dropped.
pub(super) struct Registry {
    shelf: Shared,
    address: SocketAddr,
    _runtime: Runtime,
}

impl Registry {
    pub(super) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_io()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shelf = Shared::default();
        let routes = Router::new()
            .route(
                "/index/config.json",
                get(move || async move { configuration(address) }),
            )
            .route("/index/{*path}", get(index))
            .route("/archives/{name}/{version}/download", get(download))
            .route("/api/v1/crates/new", put(publish))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shelf));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self {
            shelf,
            address,
            _runtime: runtime,
        }
    }

    /// Returns Cargo's configuration with this registry instead of crates.io.
    pub(super) fn configuration(&self) -> String {
        let index = format!("sparse+http://{}/index/", self.address);
        format!(
            "[registries.{NAME}]\nindex = \"{index}\"\ntoken = \"t\"\n\n\
             [source.crates-io]\nreplace-with = \"{NAME}\"\n\n[source.{NAME}]\nregistry = \"{index}\"\n"
        )
    }

    /// Makes the registry refuse the next upload.
    pub(super) fn refuse_next(&self) {
        self.shelf.lock().unwrap().refuses = true;
    }

    /// Returns the published versions of a crate.
    pub(super) fn versions(&self, name: &str) -> Vec<String> {
        let shelf = self.shelf.lock().unwrap();
        let lines = shelf.index.get(name).into_iter().flatten();
        lines
            .map(|line| line["vers"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns the dependencies of a version.
    pub(super) fn needs(&self, name: &str, version: &str) -> Vec<String> {
        let shelf = self.shelf.lock().unwrap();
        let line = shelf.index[name]
            .iter()
            .find(|line| line["vers"] == version)
            .unwrap();
        let needs = line["deps"].as_array().unwrap().iter();
        needs
            .map(|need| {
                format!(
                    "{} {}",
                    need["name"].as_str().unwrap(),
                    need["req"].as_str().unwrap()
                )
            })
            .collect()
    }
}

fn configuration(address: SocketAddr) -> String {
    json!({
        "dl": format!("http://{address}/archives"),
        "api": format!("http://{address}"),
    })
    .to_string()
}

async fn index(
    State(shelf): State<Shared>,
    Path(path): Path<String>,
) -> Result<String, StatusCode> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let shelf = shelf.lock().unwrap();
    let lines = shelf.index.get(name).ok_or(StatusCode::NOT_FOUND)?;
    Ok(lines.iter().map(|line| format!("{line}\n")).collect())
}

async fn download(
    State(shelf): State<Shared>,
    Path(key): Path<(String, String)>,
) -> Result<Vec<u8>, StatusCode> {
    let shelf = shelf.lock().unwrap();
    shelf
        .archives
        .get(&key)
        .cloned()
        .ok_or(StatusCode::NOT_FOUND)
}

/// Returns the next part of a body, which begins with its length.
fn part<'a>(body: &mut &'a [u8]) -> &'a [u8] {
    let (length, rest) = body.split_first_chunk().expect("a length");
    let (part, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
    *body = rest;
    part
}

async fn publish(State(shelf): State<Shared>, body: axum::body::Bytes) -> (StatusCode, String) {
    let mut shelf = shelf.lock().unwrap();
    if std::mem::take(&mut shelf.refuses) {
        return (StatusCode::INTERNAL_SERVER_ERROR, String::new());
    }
    let mut body = &body[..];
    let about: Value = serde_json::from_slice(part(&mut body)).unwrap();
    let archive = part(&mut body);
    let text = |key: &str| about[key].as_str().unwrap().to_owned();
    let (name, version) = (text("name"), text("vers"));
    let lines = shelf.index.entry(name.clone()).or_default();
    if lines.iter().any(|line| line["vers"] == version) {
        return (
            StatusCode::BAD_REQUEST,
            json!({"errors": [{"detail": "already exists"}]}).to_string(),
        );
    }
    let needs = about["deps"]
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .map(|mut need| {
            need["req"] = need["version_req"].take();
            need
        });
    let sum: String = Sha256::digest(archive)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    lines.push(json!({
        "name": name, "vers": version, "deps": needs.collect::<Vec<_>>(), "features": about["features"],
        "cksum": sum, "yanked": false,
    }));
    shelf.archives.insert((name, version), archive.to_vec());
    (
        StatusCode::OK,
        json!({"warnings": {"invalid_categories": [], "invalid_badges": [], "other": []}})
            .to_string(),
    )
}
