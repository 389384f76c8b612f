//! Every fault between a client and its service, on every kind of call. The expected outcomes are in the table of
//! `matrix.md`, which follows from the retry table in ARCHITECTURE.md.
//!
//! `cargo test -p integration-tests --test faults` prints the whole table. Words after `--` select lines and calls by
//! parts of their names, for example `-- gzip download`.

#![allow(clippy::print_stdout, reason = "it is a program to read")]

mod calls;
mod judge;
mod matrix;
mod names;
#[path = "../support/proxy/mod.rs"]
mod proxy;

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use calls::{Call, World};
use matrix::{Line, Promise};
use proxy::Authority;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Promises that are not kept yet: a part of the fault's name, the calls and the reason.
const PENDING: &[(&str, &[Call], &str)] = &[];

/// The number of parallel cells that keep the processors busy.
const BUSY: usize = 12;
/// The interval at which cells start that mostly wait for a timeout. Together they would be late by a timeout.
const PACE: Duration = Duration::from_millis(55);

/// The name of the whole table in test runners.
const NAME: &str = "every_fault_has_the_outcome_and_the_number_of_requests_that_the_table_promises";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asks = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if asks("--list") {
        // Test runners expect this format, and list ignored tests separately.
        if !asks("--ignored") {
            println!("{NAME}: test");
        }
        return ExitCode::SUCCESS;
    }
    let values = [
        "--format",
        "--test-threads",
        "--color",
        "--logfile",
        "--skip",
        "-Z",
    ];
    let mut words = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if values.contains(&argument.as_str()) {
            rest.next();
        } else if !argument.starts_with('-') && !NAME.contains(argument.as_str()) {
            words.push(argument.to_lowercase());
        }
    }
    if std::env::var_os(FEW_ROOTS).is_none() {
        return again_with_few_roots();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run(&words))
}

/// The variable that marks a program with few root certificates.
const FEW_ROOTS: &str = "FAULTS_WITH_FEW_ROOTS";

/// Runs this program with a single certificate in place of the system's, which each client parses when it is built.
/// That would be most of the time.
fn again_with_few_roots() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, Authority::new().root()).expect("a file");
    let program = std::env::current_exe().expect("a path");
    let status = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(FEW_ROOTS, "")
        .env("SSL_CERT_FILE", roots)
        .env("SSL_CERT_DIR", folder.path())
        .status()
        .expect("this program");
    match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The outcome of a cell, by its position in the table.
struct Cell {
    line: usize,
    call: Call,
    promise: Promise,
    result: Result<(), String>,
}

/// The name of a line beside its fault.
fn variant(line: &Line) -> String {
    let times = if line.always { "always" } else { "once" };
    format!("{}, {times}", line.over.name())
}

fn is_chosen(line: &Line, call: Call, words: &[String]) -> bool {
    let name = format!("{}, {}, {}", line.fault, variant(line), call.name()).to_lowercase();
    words.iter().all(|word| name.contains(word))
}

async fn run(words: &[String]) -> ExitCode {
    let lines = matrix::read();
    let chosen: Vec<_> = lines
        .iter()
        .enumerate()
        .flat_map(|(number, line)| {
            let cells = Call::ALL.into_iter().zip(&line.cells);
            cells.filter_map(move |(call, promise)| {
                let promise = (*promise)?;
                is_chosen(line, call, words).then_some((number, call, promise))
            })
        })
        .collect();
    if chosen.is_empty() {
        println!("no line and no call of the table has all of these: {words:?}");
        return ExitCode::FAILURE;
    }
    let cells = measure(&lines, chosen).await;
    report(&lines, &cells)
}

async fn measure(lines: &[Line], chosen: Vec<(usize, Call, Promise)>) -> Vec<Cell> {
    let world = Arc::new(World::start().await);
    let places = Arc::new(Semaphore::new(BUSY));
    let mut start = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, call, promise) in chosen {
        let (world, line) = (Arc::clone(&world), lines[number].clone());
        let places = (!line.hangs).then(|| Arc::clone(&places));
        if line.hangs {
            start += PACE;
        }
        tasks.spawn(async move {
            let _place = match &places {
                Some(places) => places.acquire().await.ok(),
                None => {
                    tokio::time::sleep_until(start).await;
                    None
                }
            };
            let name = format!("cell-{number}-{}", call.name());
            let judged =
                tokio::spawn(async move { judge::cell(&world, &line, call, promise, name).await });
            let result = judged.await.unwrap_or_else(|panic| Err(panic.to_string()));
            Cell {
                line: number,
                call,
                promise,
                result,
            }
        });
    }
    tasks.join_all().await
}

fn is_pending(line: &Line, call: Call) -> bool {
    PENDING
        .iter()
        .any(|(fault, calls, _)| line.fault.contains(fault) && calls.contains(&call))
}

fn report(lines: &[Line], cells: &[Cell]) -> ExitCode {
    let (mut passed, mut failed, mut pending) = (0, Vec::new(), Vec::new());
    let width = lines.iter().map(|line| line.fault.len()).max().unwrap_or(0);
    for (number, line) in lines.iter().enumerate() {
        let mut of_line: Vec<_> = cells.iter().filter(|cell| cell.line == number).collect();
        if of_line.is_empty() {
            continue;
        }
        of_line.sort_by_key(|cell| Call::ALL.iter().position(|call| *call == cell.call));
        let variant = variant(line);
        let mut text = format!("{:width$}  {variant:25}", line.fault);
        for cell in of_line {
            let name = format!("{} ({variant}), {}", line.fault, cell.call.name());
            let mark = match &cell.result {
                Ok(()) => {
                    passed += 1;
                    ""
                }
                Err(_) if is_pending(line, cell.call) => {
                    pending.push(name);
                    " PENDING"
                }
                Err(problem) => {
                    failed.push(format!(
                        "{name}: promised is {}, but {problem}",
                        cell.promise
                    ));
                    " FAILED"
                }
            };
            text.push_str(&format!("  {} {}{mark}", cell.call.name(), cell.promise));
        }
        println!("{text}");
    }
    println!();
    for problem in &failed {
        println!("FAILED  {problem}");
    }
    for name in &pending {
        println!("PENDING {name}");
    }
    for (fault, _, reason) in PENDING {
        println!("pending: {fault}: {reason}");
    }
    println!("{passed} passed, {} failed", failed.len());
    match failed.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
