//! The built site: what is where, and what browsers may keep.

use super::config::Config;
use axum::Router;
use axum::http::{HeaderValue, Response, StatusCode, header::CACHE_CONTROL};
use leptos::config::LeptosOptions;
use std::{
    env, fs,
    path::{Path, PathBuf},
};
use tower_http::{
    services::{ServeDir, ServeFile, fs::ServeFileSystemResponseBody},
    set_header::SetResponseHeader,
};

/// Where `cargo leptos watch` tells pages to reload; `reload-port` in Cargo.toml.
pub const RELOAD_PORT: u32 = 3002;

/// Did `cargo leptos watch` start us?
pub fn is_watched() -> bool {
    env::var_os("LEPTOS_WATCH").is_some()
}

/// What Leptos needs to know, so that no `LEPTOS_*` variable is needed. File names are hashed when `hash.txt` stands beside the program.
pub fn leptos_options(config: &Config) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("almasar")
        .site_root(config.site_root.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .site_addr(config.listen_addr)
        .reload_port(RELOAD_PORT)
        .hash_file("hash.txt".into())
        .hash_files(hash_file().is_some_and(|path| path.exists()))
        .build()
}

/// The URL of the style sheet.
pub fn stylesheet(options: &LeptosOptions) -> String {
    let hash = hash_file()
        .filter(|_| options.hash_files)
        .and_then(|path| fs::read_to_string(path).ok())
        .and_then(|hashes| {
            hashes.lines().find_map(|line| {
                Some(
                    line.split_once(':')
                        .filter(|(kind, _)| *kind == "css")?
                        .1
                        .trim()
                        .to_owned(),
                )
            })
        });
    match hash {
        Some(hash) => format!("/pkg/almasar.{hash}.css"),
        None => "/pkg/almasar.css".to_owned(),
    }
}

/// The style sheet's file, where pages name one that is not there.
pub fn missing(options: &LeptosOptions) -> Option<PathBuf> {
    let named = stylesheet(options);
    let file = Path::new(&*options.site_root).join(named.trim_start_matches('/'));
    Some(file).filter(|file| !file.exists())
}

fn hash_file() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.parent()?.join("hash.txt"))
}

/// The files: those whose name carries a hash or a version for ever, the others for an hour.
pub fn files<S: Clone + Send + Sync + 'static>(config: &Config) -> Router<S> {
    let folder = |name: &str| {
        ServeDir::new(config.site_root.join(name))
            .precompressed_br()
            .precompressed_gzip()
            .append_index_html_on_directories(false)
    };
    let hashed = if hash_file().is_some_and(|path| path.exists()) {
        FOR_EVER
    } else {
        "no-cache"
    };
    let manifest = ServeFile::new(config.site_root.join("site.webmanifest"));
    Router::new()
        .nest_service("/pkg", kept(folder("pkg"), hashed))
        .nest_service("/vendor", kept(folder("vendor"), FOR_EVER))
        // A new set of icons has a new number.
        .nest_service("/icons-1", kept(folder("icons-1"), FOR_EVER))
        .route_service("/site.webmanifest", kept(manifest, "max-age=3600"))
}

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Says how long what is there may be kept. What is not there (a page of yesterday asks for its old script) must not be remembered.
fn kept<S>(
    service: S,
    how: &'static str,
) -> SetResponseHeader<
    S,
    impl Fn(&Response<ServeFileSystemResponseBody>) -> Option<HeaderValue> + Clone,
> {
    SetResponseHeader::overriding(
        service,
        CACHE_CONTROL,
        move |response: &Response<ServeFileSystemResponseBody>| {
            let there =
                response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
            there.then(|| HeaderValue::from_static(how))
        },
    )
}
