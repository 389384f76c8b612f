//! Checks that our descriptions are valid OpenAPI and follow the rules of the generator.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::codegen;
use crate::console::{complain, say};
use crate::project::Service;

/// The Python validator of OpenAPI. A JSON Schema implementation in Rust would dominate the compile time of xtask.
const VALIDATOR: &str = "openapi_spec_validator";

pub(super) fn run(root: &Path, only: Option<Service>) -> anyhow::Result<ExitCode> {
    let has_validator = Command::new("python3")
        .args(["-c", &format!("import {VALIDATOR}")])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_validator {
        complain("left out: the OpenAPI schemas, since Python has no openapi-spec-validator");
    }
    let mut valid = true;
    for service in Service::selected(only) {
        for file in files(root, &service)?.iter().filter(|_| has_validator) {
            let status = Command::new("python3")
                .args(["-m", VALIDATOR])
                .arg(file)
                .status()
                .context("cannot run python3")?;
            valid &= status.success();
        }
        match codegen::api(root, &service) {
            Ok(_) => say(format_args!("{}: the generator's rules hold", service.name))?,
            Err(error) => {
                valid = false;
                complain(format_args!("{}: {error:#}", service.name));
            }
        }
    }
    Ok(match valid {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Returns the documents of a description.
pub(super) fn files(root: &Path, service: &Service) -> anyhow::Result<Vec<PathBuf>> {
    let path = root.join(service.description);
    if path.is_file() {
        return Ok(vec![path]);
    }
    let list = || format!("cannot list {}", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&path).with_context(list)? {
        let file = entry.with_context(list)?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
