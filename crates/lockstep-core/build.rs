//! Turns the catalogue and the reference tables into static Rust, and refuses to build when they are wrong.
//!
//! The generators live next to what they read: `catalogue/generate.rs` and `data/generate.rs`. Every problem
//! of every file is reported at once, with file and place.

#[path = "catalogue/generate.rs"]
mod catalogue;
#[path = "data/generate.rs"]
mod data;

use std::path::PathBuf;
use std::{env, fs, process};

/// What is wrong with the input files, collected so that one build shows all of it.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, place: impl std::fmt::Display, what: impl std::fmt::Display) {
        self.0.push(format!("{place}: {what}"));
    }

    /// Notes `what` unless `holds`.
    fn check(&mut self, holds: bool, place: impl std::fmt::Display, what: impl std::fmt::Display) {
        if !holds {
            self.add(place, what);
        }
    }
}

/// A text in both languages, as the TOML files write it: `{ zh = "…", en = "…" }`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Bilingual {
    zh: String,
    en: String,
}

impl Bilingual {
    /// The expression that makes the `Text` of the crate.
    fn rust(&self) -> String {
        format!("Text {{ zh: {:?}, en: {:?} }}", self.zh, self.en)
    }
}

/// `insufficient_funds` → `InsufficientFunds`.
fn camel(snake: &str) -> String {
    snake
        .split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}

fn read(path: &str) -> String {
    println!("cargo::rerun-if-changed={path}");
    match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => stop(&[format!("{path}: {error}")]),
    }
}

fn read_csv<Row: serde::de::DeserializeOwned>(path: &str, problems: &mut Problems) -> Vec<Row> {
    let text = read(path);
    let mut rows = Vec::new();
    for (index, row) in csv::Reader::from_reader(text.as_bytes()).deserialize().enumerate() {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => problems.add(format_args!("{path}:{}", index + 2), error),
        }
    }
    rows
}

fn stop(problems: &[String]) -> ! {
    eprintln!("\nthe catalogue or a reference table is wrong ({} problems):", problems.len());
    for problem in problems {
        eprintln!("  {problem}");
    }
    process::exit(1)
}

fn main() {
    for own in ["build.rs", "catalogue/generate.rs", "data/generate.rs"] {
        println!("cargo::rerun-if-changed={own}");
    }
    let mut problems = Problems::default();
    let mut files = catalogue::generate(&mut problems);
    files.extend(data::generate(&mut problems));
    if !problems.0.is_empty() {
        stop(&problems.0);
    }
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        stop(&["OUT_DIR is not set; run through cargo".to_owned()]);
    };
    for (name, rust) in files {
        if let Err(error) = fs::write(out.join(name), rust) {
            stop(&[format!("{name}: {error}")]);
        }
    }
}
