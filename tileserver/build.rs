//! Builds the server again once the web page has been built.

use std::path::Path;

fn main() {
    let page = "web/dist/index.html";
    // The files of a page that is there are tracked by the macro that embeds them. One that is
    // missing would make cargo build the crate every time, so it is waited for in release builds
    // only; debug builds read the page from the disk anyway.
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if Path::new(page).exists() || is_release {
        println!("cargo::rerun-if-changed={page}");
    } else {
        println!("cargo::rerun-if-changed=build.rs");
    }
}
