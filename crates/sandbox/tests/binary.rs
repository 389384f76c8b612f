//! The program.

mod support;

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use http::Method;
use support::{exchange, pwpush, request};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_security-api-sandbox"));
    command.args(arguments);
    command
}

/// How many variables it prints.
const VARIABLES: usize = 12;

/// A running program, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program and reads the variables it prints.
fn start(arguments: &[&str]) -> (Running, HashMap<String, String>) {
    let mut child = program(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let output = child.stdout.take().expect("its output");
    let running = Running(child);
    let lines = BufReader::new(output).lines().take(VARIABLES);
    let variables = lines.map(|line| {
        let line = line.expect("a line");
        let pair = line
            .strip_prefix("export ")
            .and_then(|pair| pair.split_once('='));
        let (name, value) = pair.unwrap_or_else(|| panic!("no export: {line}"));
        (name.to_owned(), value.to_owned())
    });
    let variables = variables.collect();
    (running, variables)
}

/// The status of a request to Push Security with this key.
async fn status(base_url: &str, key: &str) -> u16 {
    let request = request(Method::GET, "/v1/apps?limit=1", Some(key), "");
    let response = exchange(base_url, request).await;
    response.expect("a response").status
}

fn refused(arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = program(arguments).output().expect("it ran");
    assert!(!status.success(), "{arguments:?}");
    assert!(stdout.is_empty(), "{arguments:?}");
    String::from_utf8(stderr).expect("text")
}

#[tokio::test]
async fn it_prints_what_a_shell_can_paste_and_serves() {
    let (_running, variables) = start(&["--seed", "7", "--no-limits"]);
    let (_again, same) = start(&["--seed=7", "--push-security=127.0.0.1:0"]);
    let base_url = &variables["PUSH_SECURITY_BASE_URL"];
    let key = &variables["PUSH_SECURITY_API_KEY"];
    for _ in 0..30 {
        assert_eq!(status(base_url, key).await, 200);
    }
    let read_only = &variables["PUSH_SECURITY_READ_ONLY_API_KEY"];
    assert_eq!(status(base_url, read_only).await, 200);
    assert!(variables["PUSH_SECURITY_WEBHOOK_SECRET"].starts_with("psws_"));
    assert!(variables["KEEPNET_BASE_URL"].starts_with("http://127.0.0.1:"));
    for name in ["CLIENT_ID", "CLIENT_SECRET", "COMPANY_ID"] {
        let name = format!("KEEPNET_{name}");
        assert!(!variables[&name].is_empty());
        assert_eq!(same[&name], variables[&name]);
    }
    assert_eq!(same["PUSH_SECURITY_API_KEY"], *key);
    let token = &variables["PASSWORD_PUSHER_TOKEN"];
    let response = pwpush::Call::get("/api/v2/pushes/active").token(token);
    let response = response.send(&variables["PASSWORD_PUSHER_BASE_URL"]).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json().as_array().map(Vec::len), Some(6));
    assert_eq!(same["PASSWORD_PUSHER_TOKEN"], *token);
    assert_ne!(same["PUSH_SECURITY_BASE_URL"], *base_url);
}

#[tokio::test]
async fn it_becomes_the_edition_it_is_told() {
    let (_running, variables) = start(&["--password-pusher-edition=hosted"]);
    let base_url = &variables["PASSWORD_PUSHER_BASE_URL"];
    let version = pwpush::Call::get("/api/v2/version").send(base_url).await;
    assert_eq!(version.json()["edition"], "commercial");
}

#[tokio::test]
async fn urls_are_usable_wherever_it_listens() {
    let (_running, variables) = start(&["--push-security", "0.0.0.0:0", "--allow-remote"]);
    let base_url = &variables["PUSH_SECURITY_BASE_URL"];
    assert!(base_url.starts_with("http://127.0.0.1:"), "{base_url}");
    // Others reach it by whatever name they have for this machine.
    let mut request = support::request(
        Method::GET,
        "/v1/apps?limit=1",
        Some(&variables["PUSH_SECURITY_API_KEY"]),
        "",
    );
    let name = http::HeaderValue::from_static("machine.example.com");
    request.headers_mut().insert("host", name);
    let response = support::exchange(base_url, request).await;
    assert_eq!(response.expect("a response").status, 200);
}

#[test]
fn it_refuses_what_it_does_not_understand_and_addresses_others_can_reach() {
    for (arguments, reason) in [
        (&["--push-security", "0.0.0.0:0"][..], "loopback"),
        (&["--push-security", "here"], "address"),
        (&["--push-security"], "needs a value"),
        (&["--password-pusher", "there"], "address"),
        (&["--password-pusher-edition", "oss"], "open-source-2.4"),
        (&["--keepnet", "0.0.0.0:0"], "loopback"),
        (&["--seed", "seven"], "seed"),
        (&["--no-limits=no"], "not an option"),
        (&["--verbose"], "not an option"),
        (&["extra"], "not an option"),
        (
            &["--push-security-webhooks", "http://203.0.113.9/"],
            "loopback",
        ),
    ] {
        let message = refused(arguments);
        assert!(message.contains(reason), "{arguments:?}: {message}");
    }
}

#[test]
fn it_says_what_it_is() {
    let help = program(&["--help"]).output().expect("it ran");
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).expect("text");
    for option in [
        "--push-security ADDR",
        "--password-pusher ADDR",
        "--password-pusher-edition NAME",
        "--keepnet ADDR",
        "--seed N",
        "--no-limits",
        "--allow-remote",
        "--allow-any-host",
    ] {
        assert!(help.contains(option), "{option}");
    }
    let version = program(&["-V"]).output().expect("it ran").stdout;
    let version = String::from_utf8(version).expect("text");
    assert_eq!(
        version.trim(),
        concat!("security-api-sandbox ", env!("CARGO_PKG_VERSION"))
    );
}
