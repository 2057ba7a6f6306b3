//! Turns `locales/*.json` into typed translations (a key that one language lacks fails the build), and tells the program which Voice
//! SDK it serves.

use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};
use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=migrations");

    let options = ParseOptions::default().interpolate_display(true);
    let locales = parse_locales(
        None,
        Config::new("ar")?.add_locale("en")?.parse_options(options),
    )?;
    for warning in locales.diag.warnings().iter() {
        println!("cargo::error={warning}");
    }
    for error in locales.diag.errors().iter() {
        println!("cargo::error={error}");
    }
    let module = leptos_i18n_codegen::gen_code(&locales, None, false, None, false)?;
    let out = PathBuf::from(env::var("OUT_DIR")?).join("i18n.rs");
    fs::write(out, module.to_string())?;

    // The SDK's file carries its version in its name; package.json is where the version is chosen.
    println!("cargo::rerun-if-changed=package.json");
    let package: serde_json::Value = serde_json::from_str(&fs::read_to_string("package.json")?)?;
    let version = package["dependencies"]["@twilio/voice-sdk"]
        .as_str()
        .ok_or("package.json names no @twilio/voice-sdk")?;
    println!("cargo::rustc-env=VOICE_SDK_VERSION={version}");
    Ok(())
}
