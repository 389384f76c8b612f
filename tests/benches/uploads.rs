//! Measures the memory of uploading large files, and checks that every byte arrives.
//!
//! `cargo bench -p integration-tests --bench uploads` sends a form of two files, 1 GiB together: once without a fault,
//! and once refused half-way with a 429 and retried. The server is another process and hashes the body. The hash is
//! compared with that of a form encoded by the standard. `-- --quick` sends 64 MiB. With `--check` the run fails if the
//! process grows by 16 MiB or more.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use push_security_api::http::Method;
use security_api_transport::{
    Anonymous, ApiError, Client, ClientBuilder, Error, Form, Operation, Protocol, RateLimiter,
    ResponseParts, ServiceSettings, Upload,
};
use serde_json::Value;
use support::{Server, peak_memory};

static ADD: Operation = Operation::new("files.add", Method::POST, "/files");
static ADD_REFUSED: Operation = Operation::new("files.add-refused", Method::POST, "/refused");

/// The bound on the growth of the process, in KiB.
const BOUND: u32 = 16 * 1024;
const CHUNK: usize = 64 * 1024;
const MEMORY: &[u8] = b"a small one from memory";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    if has("serve") {
        return serve();
    }
    let size = if has("--quick") { 32 << 20 } else { 512 << 20 };
    let server = Server::start();
    let folder = std::env::temp_dir().join(format!("uploads-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder of its own");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let good = runtime.block_on(report(&server.said, &folder, size));
    std::fs::remove_dir_all(&folder).expect("the folder is left as it was");
    if has("--check") && !good {
        std::process::exit(1);
    }
}

// ---- the client --------------------------------------------------------------------------------------------------

/// Plain JSON.
#[derive(Debug)]
struct Plain;

impl Protocol for Plain {
    fn api_error(&self, _: &ResponseParts<'_>) -> ApiError {
        ApiError::new()
    }
}

fn client(url: &str) -> Result<Client, Error> {
    ClientBuilder::new(Ok(ServiceSettings {
        user_agent: "uploads",
        base_url: url.to_owned(),
        base_path: false,
        protocol: Arc::new(Plain),
        credential: Arc::new(Anonymous),
        limiter: Arc::new(RateLimiter::unlimited()),
        state: Arc::new(()),
    }))
    .timeout(None)
    .no_proxy()
    .build()
}

async fn report(url: &str, folder: &Path, size: u64) -> bool {
    let files = [0_u64, 1].map(|seed| write_file(folder, seed, size));
    let client = client(url).expect("a client");
    // The first upload is small and warms up the client before the measurement.
    let warm_up = Form::new().upload("f", Upload::bytes("f", MEMORY));
    send(&client, &ADD, warm_up).await;

    let mut good = true;
    for (name, operation, attempts) in [("sent once", &ADD, 1), ("refused once", &ADD_REFUSED, 2)] {
        let mut form = Form::new().text("kind", "file");
        for file in &files {
            form = form.upload("files[]", Upload::file(file).await.expect("it was written"));
        }
        form = form.upload("files[]", Upload::bytes("note.txt", MEMORY));
        let expected = expected(&form, size);
        let before = peak_memory();
        let start = Instant::now();
        let (response, tried) = send(&client, operation, form.clone()).await;
        let seconds = start.elapsed().as_secs_f64();
        let growth = peak_memory()
            .zip(before)
            .map(|(after, before)| after - before);

        let arrived =
            response == format!("{}:{:016x}", form.length(), expected) && tried == attempts;
        let mebibytes = (form.length() >> 20) as f64;
        println!(
            "{name:<12} {mebibytes:>5} MiB, {tried} attempts, {:>6.0} MiB/s, {}, memory grew by {}",
            mebibytes * f64::from(tried) / seconds,
            if arrived {
                "every byte arrived"
            } else {
                "NOT what was sent"
            },
            growth.map_or("(not measured here)".to_owned(), |kib| format!("{kib} KiB")),
        );
        good &= arrived && growth.is_none_or(|kib| kib < BOUND);
    }
    good
}

async fn send(client: &Client, operation: &'static Operation, form: Form) -> (String, u32) {
    let call = client.operation(operation, &[]).form(form);
    let response = call.call::<Value>().send_with_response().await;
    let response = response.expect("the upload succeeds");
    let tried = response.attempts();
    (
        response.value().as_str().unwrap_or_default().to_owned(),
        tried,
    )
}

/// Returns the hash of the form, encoded by the standard without the code under test.
fn expected(form: &Form, size: u64) -> u64 {
    let content_type = form.content_type();
    let boundary = content_type.split_once("boundary=").expect("a boundary").1;
    let mut hash = Hash::default();
    hash.write(
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\nfile\r\n")
            .as_bytes(),
    );
    let head = |name: &str| {
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"files[]\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
    };
    for seed in [0, 1] {
        hash.write(head(&format!("{seed}.bin")).as_bytes());
        content(seed, size, |chunk| hash.write(chunk));
        hash.write(b"\r\n");
    }
    hash.write(head("note.txt").as_bytes());
    hash.write(MEMORY);
    hash.write(format!("\r\n--{boundary}--\r\n").as_bytes());
    hash.0
}

fn write_file(folder: &Path, seed: u64, size: u64) -> PathBuf {
    let path = folder.join(format!("{seed}.bin"));
    let mut file = BufWriter::new(std::fs::File::create(&path).expect("a file"));
    content(seed, size, |chunk| {
        file.write_all(chunk).expect("room for it")
    });
    file.flush().expect("room for it");
    path
}

/// Generates content without repetitions, so that misplaced bytes are noticed.
fn content(seed: u64, size: u64, mut take: impl FnMut(&[u8])) {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..size / CHUNK as u64 {
        chunk.clear();
        while chunk.len() < CHUNK {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.extend_from_slice(&state.to_le_bytes());
        }
        take(&chunk);
    }
}

/// FNV-1a.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

// ---- the server --------------------------------------------------------------------------------------------------

/// Responds with the length and hash of the body. The first request for `/refused` gets a 429 after half of the body.
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("http://{}", listener.local_addr().expect("an address"));
    let refused = Arc::new(std::sync::atomic::AtomicBool::new(false));
    for connection in listener.incoming().flatten() {
        let refused = Arc::clone(&refused);
        std::thread::spawn(move || {
            let refuse = || !refused.swap(true, std::sync::atomic::Ordering::SeqCst);
            let mut connection = BufReader::with_capacity(CHUNK, connection);
            while serve_request(&mut connection, &refuse).is_some() {}
        });
    }
}

fn serve_request(connection: &mut BufReader<TcpStream>, refuse: &dyn Fn() -> bool) -> Option<()> {
    let mut line = String::new();
    let mut length = 0;
    connection
        .read_line(&mut line)
        .ok()
        .filter(|read| *read > 0)?;
    let mut refuse = line.starts_with("POST /refused") && refuse();
    while line != "\r\n" {
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
        connection.read_line(&mut line).ok()?;
    }
    let (mut read, mut hash) = (0_u64, Hash::default());
    let mut buffer = vec![0; CHUNK];
    let answered = refuse;
    while read < length {
        let room = usize::try_from(length - read).unwrap_or(CHUNK).min(CHUNK);
        let count = connection
            .read(&mut buffer[..room])
            .ok()
            .filter(|count| *count > 0)?;
        hash.write(&buffer[..count]);
        read += count as u64;
        if refuse && read >= length / 2 {
            refuse = false;
            response(
                connection,
                "429 Too Many Requests\r\nRetry-After: 1",
                "null",
            )?;
        }
    }
    if answered {
        return Some(());
    }
    response(connection, "200 OK", &format!("\"{read}:{:016x}\"", hash.0))
}

fn response(connection: &mut BufReader<TcpStream>, status: &str, body: &str) -> Option<()> {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    connection.get_mut().write_all(text.as_bytes()).ok()
}
