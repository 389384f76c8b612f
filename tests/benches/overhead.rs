//! Measures the overhead of the request path over plain reqwest, in the same run.
//!
//! `cargo bench -p integration-tests --bench overhead` counts instructions and allocations with valgrind, and measures
//! throughput at concurrency 1 and 64. `-- --quick` skips the throughput. Instructions per request are the difference
//! between a short and a long run, which excludes start-up. The server is another process. With `--check` the run fails
//! if a bound of the table below is exceeded, or if valgrind is missing.
//!
//! | what | bound on the ratio of instructions to plain reqwest's `.json()` into structs of `String`s |
//! |---|---|
//! | small response | 1.08 |
//! | page of 500 objects, typed | 0.80 |
//! | `items()` over that page, each moved to the caller | 0.80 |
//! | `raw_items()` over that page | 0.38 |

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use push_security_api::{Client, RateLimiter};
use serde::Deserialize;
use support::{Server, own_program};

const BOUNDS: [(&str, &str, f64); 4] = [
    ("small", "typed", 1.08),
    ("page", "typed", 0.80),
    ("page", "items", 0.80),
    ("page", "raw-items", 0.38),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve"] => serve(),
        ["client", url, scenario, who, requests, concurrency] => {
            let (requests, concurrency) = (requests.parse().unwrap(), concurrency.parse().unwrap());
            run_client(url, scenario, who, requests, concurrency);
        }
        options => report(options),
    }
}

// ---- the report --------------------------------------------------------------------------------------------------

fn report(options: &[&str]) {
    let server = Server::start();
    let is_kept = counts(&server);
    if !options.contains(&"--quick") {
        throughput(&server);
    }
    if !is_kept && options.contains(&"--check") {
        drop(server);
        std::process::exit(1);
    }
}

/// Prints valgrind's counts. Returns `false` if a bound is exceeded or nothing could be counted.
fn counts(server: &Server) -> bool {
    let mut is_kept = true;
    println!("instructions and allocations per request, and their ratio to plain reqwest");
    for (scenario, clients, short, long) in [
        ("small", &["reqwest", "typed"][..], 50, 250),
        ("page", &["reqwest", "typed", "items", "raw-items"], 4, 16),
    ] {
        let mut plain = None;
        for who in clients {
            let instructions = server.instructions(scenario, who, short, long);
            let allocations = server.allocations(scenario, who, short, long);
            let (Some(instructions), Some(allocations)) = (instructions, allocations) else {
                println!("  not counted: valgrind is missing, or shows its counts in another form");
                return false;
            };
            let plain = *plain.get_or_insert((instructions, allocations));
            let ratio = instructions / plain.0;
            println!(
                "  {scenario:<6} {who:<10} {instructions:>10.0} {ratio:>6.3}   {allocations:>5.0} allocations {:>6.3}",
                allocations / plain.1,
            );
            let bound = BOUNDS.iter().find(|(s, w, _)| (s, w) == (&scenario, who));
            if let Some((_, _, bound)) = bound
                && ratio > *bound
            {
                println!("         above its bound of {bound}");
                is_kept = false;
            }
        }
    }
    is_kept
}

/// Prints the median of alternating rounds, so that other load on the machine affects all clients alike.
fn throughput(server: &Server) {
    println!("requests a second and CPU time per request, median of 5 alternating rounds");
    for (scenario, clients, requests) in [
        ("small", &["reqwest", "typed"][..], 20_000),
        ("page", &["reqwest", "typed", "items", "raw-items"], 1_000),
    ] {
        for concurrency in [1, 64] {
            let mut rounds = vec![Vec::new(); clients.len()];
            for _ in 0..5 {
                for (who, rounds) in clients.iter().zip(&mut rounds) {
                    rounds.push(server.timed(scenario, who, requests, concurrency));
                }
            }
            let medians: Vec<(f64, f64)> = rounds.iter().map(|rounds| median(rounds)).collect();
            for (who, (rate, cpu)) in clients.iter().zip(&medians) {
                println!(
                    "  {scenario:<6} {concurrency:>2} at once {who:<10} {rate:>8.0}/s {:>5.2}   {cpu:>7.1} µs CPU {:>5.2}",
                    rate / medians[0].0,
                    cpu / medians[0].1,
                );
            }
        }
    }
}

fn median(rounds: &[(f64, f64)]) -> (f64, f64) {
    let middle = |pick: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    (middle(|round| round.0), middle(|round| round.1))
}

/// Runs of this program as a client of the server.
impl Server {
    fn client(
        &self,
        scenario: &str,
        who: &str,
        requests: usize,
        concurrency: usize,
    ) -> Vec<String> {
        [
            "client",
            &self.said,
            scenario,
            who,
            &requests.to_string(),
            &concurrency.to_string(),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn instructions(&self, scenario: &str, who: &str, short: usize, long: usize) -> Option<f64> {
        let tool = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
        self.per_request(scenario, who, short, long, &tool, |text| {
            let line = text.lines().find(|line| line.contains("Collected :"))?;
            line.rsplit(' ').next()?.parse().ok()
        })
    }

    fn allocations(&self, scenario: &str, who: &str, short: usize, long: usize) -> Option<f64> {
        self.per_request(
            scenario,
            who,
            short,
            long,
            &["--tool=memcheck", "--leak-check=no"],
            |text| {
                let line = text
                    .lines()
                    .find(|line| line.contains("total heap usage:"))?;
                let count = line.split("usage:").nth(1)?.split_whitespace().next()?;
                count.replace(',', "").parse().ok()
            },
        )
    }

    /// Returns valgrind's counts per request, as the difference between a long and a short run. Returns `None` without
    /// valgrind.
    fn per_request(
        &self,
        scenario: &str,
        who: &str,
        short: usize,
        long: usize,
        tool: &[&str],
        read: impl Fn(&str) -> Option<f64>,
    ) -> Option<f64> {
        let count = |requests| {
            let output = Command::new("valgrind")
                .args(tool)
                .arg(std::env::current_exe().expect("the program knows where it is"))
                .args(self.client(scenario, who, requests, 1))
                .output()
                .ok()?;
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{text}");
            read(&text)
        };
        Some((count(long)? - count(short)?) / (long - short) as f64)
    }

    fn timed(&self, scenario: &str, who: &str, requests: usize, concurrency: usize) -> (f64, f64) {
        let figures = self.measured(scenario, who, requests, concurrency);
        (
            requests as f64 / figures[0],
            figures[1] * 1e6 / requests as f64,
        )
    }

    /// Returns seconds and CPU seconds.
    fn measured(&self, scenario: &str, who: &str, requests: usize, concurrency: usize) -> Vec<f64> {
        let output = own_program()
            .args(self.client(scenario, who, requests, concurrency))
            .output()
            .expect("the client runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .split_whitespace()
            .map(|figure| figure.parse().expect("a figure"))
            .collect()
    }
}

// ---- the server --------------------------------------------------------------------------------------------------

/// Sends the same bytes for every request on a connection. The path selects them.
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("http://{}", listener.local_addr().expect("an address"));
    let small = response(r#"{"id":"1852b6ab-0cca-4c8d-8f14-490550","os":"MACOS","isActive":true}"#);
    let page = response(&page());
    for connection in listener.incoming().flatten() {
        let (small, page) = (small.clone(), page.clone());
        std::thread::spawn(move || serve_connection(connection, &small, &page));
    }
}

fn serve_connection(mut connection: TcpStream, small: &[u8], page: &[u8]) {
    let _ = connection.set_nodelay(true);
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = connection.read(&mut buffer) {
        request.extend_from_slice(&buffer[..read]);
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        let is_small = request.starts_with(b"GET /v1/browsers/");
        request.clear();
        if connection
            .write_all(if is_small { small } else { page })
            .is_err()
        {
            return;
        }
    }
}

fn response(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn page() -> String {
    let item = |i: usize| {
        format!(
            r#"{{"id":"1852b6ab-0cca-4c8d-8f14-{i:012}","employeeId":"2a2197de-ad2c-47e4-8dcb-{i:012}","email":"person.{i:05}@example.com","version":"125.0.{i}.0","tokenType":"INDIVIDUAL","isActive":true,"browser":"CHROME","os":"MACOS","extensionVersion":"1.66.17","language":"en-US","profileEmail":"person.{i:05}@example.com","profileSyncEnabled":true,"creationTimestamp":1698669223,"lastOnlineTimestamp":1716290202}}"#
        )
    };
    let items: Vec<String> = (0..500).map(item).collect();
    format!(
        r#"{{"result":[{}],"paging":{{"moreResults":false,"next":null,"nextToken":null}}}}"#,
        items.join(",")
    )
}

// ---- the clients -------------------------------------------------------------------------------------------------

/// The model that a user would write by hand.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "decoded, not read")]
struct PlainBrowser {
    id: String,
    employee_id: Option<String>,
    email: Option<String>,
    version: Option<String>,
    token_type: Option<String>,
    is_active: Option<bool>,
    browser: Option<String>,
    os: Option<String>,
    extension_version: Option<String>,
    language: Option<String>,
    profile_email: Option<String>,
    profile_sync_enabled: Option<bool>,
    creation_timestamp: Option<i64>,
    last_online_timestamp: Option<i64>,
}

#[derive(Deserialize)]
struct PlainPage {
    result: Vec<PlainBrowser>,
}

#[derive(Clone)]
enum Caller {
    Plain(reqwest::Client, String),
    Own(Client),
}

fn run_client(url: &str, scenario: &str, who: &str, requests: usize, concurrency: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let caller = match who {
        "reqwest" => Caller::Plain(reqwest::Client::new(), url.to_owned()),
        _ => Caller::Own(
            Client::builder("an-api-key")
                .base_url(url)
                .limiter(RateLimiter::unlimited())
                .build()
                .expect("a client"),
        ),
    };
    let (elapsed, cpu) = runtime.block_on(async {
        call(&caller, scenario, who).await;
        let (start, cpu) = (Instant::now(), cpu_time());
        let tasks: Vec<_> = (0..concurrency)
            .map(|_| {
                let (caller, scenario, who) = (caller.clone(), scenario.to_owned(), who.to_owned());
                tokio::spawn(async move {
                    for _ in 0..requests / concurrency {
                        call(&caller, &scenario, &who).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no call panics");
        }
        (start.elapsed(), cpu_time().saturating_sub(cpu))
    });
    println!("{} {}", elapsed.as_secs_f64(), cpu.as_secs_f64());
}

/// Returns the CPU time of this process so far.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

const ID: &str = "1852b6ab-0cca-4c8d-8f14-490550";

async fn call(caller: &Caller, scenario: &str, who: &str) {
    match caller {
        Caller::Plain(client, url) => plain(client, url, scenario).await,
        Caller::Own(client) => own(client, scenario, who).await,
    }
}

async fn plain(client: &reqwest::Client, url: &str, scenario: &str) {
    let path = if scenario == "small" {
        format!("{url}/v1/browsers/{ID}")
    } else {
        format!("{url}/v1/browsers")
    };
    let response = client
        .get(path)
        .header("x-api-key", "an-api-key")
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .expect("a response");
    if scenario == "small" {
        let browser: PlainBrowser = response.json().await.expect("a browser");
        assert_eq!(browser.os.as_deref(), Some("MACOS"));
    } else {
        let page: PlainPage = response.json().await.expect("a page");
        assert_eq!(page.result.len(), 500);
    }
}

async fn own(client: &Client, scenario: &str, who: &str) {
    if scenario == "small" {
        let browser = client.browsers().get(ID).await.expect("a browser");
        assert_eq!(browser.os, Some(push_security_api::types::OsType::Macos));
    } else if who == "raw-items" {
        let mut items = client.browsers().list().raw_items();
        let mut count = 0;
        while let Some(item) = items.try_next().await.expect("an item") {
            assert!(!item.as_bytes().is_empty());
            count += 1;
        }
        assert_eq!(count, 500);
    } else if who == "items" {
        let mut items = client.browsers().list().items();
        let mut count = 0;
        while let Some(browser) = items.try_next().await.expect("an item") {
            assert!(!browser.id.is_empty());
            count += 1;
        }
        assert_eq!(count, 500);
    } else {
        let page = client.browsers().list().page().await.expect("a page");
        assert_eq!(page.items().len(), 500);
    }
}
