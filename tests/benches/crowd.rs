//! Measures many callers of one client while the service fails at times: fairness, deadlines and memory.
//!
//! `cargo bench -p integration-tests --bench crowd` runs 2,000 callers, each of which makes one call after the other
//! for a minute, against a sandbox in another process that refuses, breaks, delays or loses a part of the requests. `--
//! --quick` takes 8 s. With `--check` the run fails if a bound of the table below is exceeded.
//!
//! | what | bound |
//! |---|---|
//! | the longest call, over its deadline | 500 ms |
//! | the longest call, over the median one | 4 |
//! | calls of the luckiest hundredth of callers, over those of the unluckiest | 3 |
//! | calls that fail | 5 % |
//! | memory of the process, at its peak | 64 MiB |

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use push_security_api::{Client, Rate, RateLimiter, RetryPolicy};
use security_api_sandbox::{Fault, PushSecurityOptions, Sandbox};
use support::{Server, peak_memory};
use tokio::task::JoinSet;

const CALLERS: usize = 2_000;
/// The limiter's rate, with which each caller waits for more than a second.
const PER_SECOND: f64 = 1_000.0;
const DEADLINE: Duration = Duration::from_secs(6);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    if has("serve") {
        runtime.block_on(serve());
        return ExitCode::SUCCESS;
    }
    let lasting = Duration::from_secs(if has("--quick") { 8 } else { 60 });
    let server = Server::start();
    let good = runtime.block_on(report(&server, lasting));
    match has("--check") && !good {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

// ---- the service -------------------------------------------------------------------------------------------------

/// Returns the faults with their probabilities. Some of the lost requests are executed.
fn faults() -> Vec<(f64, Fault)> {
    vec![
        (0.03, Fault::status(503)),
        (0.01, Fault::status(429).header("retry-after", "0")),
        (0.02, Fault::reset()),
        (0.02, Fault::cut_body(10)),
        (0.05, Fault::delay(Duration::from_millis(100))),
        (0.002, Fault::stall()),
    ]
}

/// Serves Push Security until standard input ends.
async fn serve() {
    let push = PushSecurityOptions::default()
        .employees(20)
        .browsers(20)
        .accounts(20);
    let push = push.apps(5).browser_extensions(5).findings(5).detections(5);
    let sandbox = Sandbox::builder()
        .rate_limits(false)
        .push_security(push)
        .start()
        .await;
    let sandbox = sandbox.expect("a sandbox");
    sandbox.faults().random(1, faults());
    let push = sandbox.push_security();
    println!("{} {}", push.base_url(), push.api_key());
    std::io::stdout().flush().expect("a reader");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

// ---- the callers -------------------------------------------------------------------------------------------------

/// The results of one caller.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    failed: usize,
}

async fn call_again_and_again(push: Client, until: Instant) -> Seen {
    let mut seen = Seen::default();
    while Instant::now() < until {
        let start = Instant::now();
        let result = push.apps().list().limit(1).timeout(DEADLINE).page().await;
        seen.times.push(start.elapsed());
        seen.failed += usize::from(result.is_err());
    }
    seen
}

async fn report(server: &Server, lasting: Duration) -> bool {
    let limiter = RateLimiter::new(Rate::per_second(PER_SECOND, 50).expect("a rate"));
    let (url, key) = server.said.split_once(' ').expect("a URL and a key");
    let push = Client::builder(key)
        .base_url(url)
        .no_proxy()
        .limiter(limiter)
        .attempt_timeout(Duration::from_secs(1))
        .retry(
            RetryPolicy::default().backoff(Duration::from_millis(10), Duration::from_millis(100)),
        )
        .build()
        .expect("a client");
    let until = Instant::now() + lasting;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(call_again_and_again(push.clone(), until));
    }
    let seen = callers.join_all().await;
    let mut times: Vec<_> = seen
        .iter()
        .flat_map(|caller| &caller.times)
        .copied()
        .collect();
    times.sort_unstable();
    let failed: usize = seen.iter().map(|caller| caller.failed).sum();
    let mut calls: Vec<_> = seen.iter().map(|caller| caller.times.len()).collect();
    calls.sort_unstable();
    let (fewest, most) = (calls[CALLERS / 100], calls[CALLERS - 1 - CALLERS / 100]);
    let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "{} calls of {CALLERS} callers in {lasting:?}, {failed} failed",
        times.len()
    );
    println!("median {median:.2?}, longest {longest:.2?}");

    let over = longest.saturating_sub(DEADLINE).as_secs_f64() * 1_000.0;
    let fairness = longest.as_secs_f64() / median.as_secs_f64();
    #[expect(
        clippy::cast_precision_loss,
        reason = "far below the precision of a double"
    )]
    let [spread, succeeded] = [
        most as f64 / fewest.max(1) as f64,
        100.0 * (1.0 - failed as f64 / times.len() as f64),
    ];
    let mut good = true;
    good &= within("the longest call over its deadline, in ms", over, 500.0);
    good &= within("the longest call over the median one", fairness, 4.0);
    good &= within(
        "the calls of the luckiest over those of the unluckiest",
        spread,
        3.0,
    );
    good &= within("calls that failed, in %", 100.0 - succeeded, 5.0);
    match peak_memory() {
        Some(kib) => good &= within("memory at its peak, in MiB", f64::from(kib) / 1024.0, 64.0),
        None => println!("memory is not measured on this system"),
    }
    good
}

fn within(what: &str, is: f64, most: f64) -> bool {
    let good = is <= most;
    let verdict = if good { "" } else { "  EXCEEDED" };
    println!("{what}: {is:.1} (at most {most}){verdict}");
    good
}
