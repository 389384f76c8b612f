//! Uploads that are refused half-way: the call waits and sends every byte again. Slow ones, and files that change.

mod common;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use common::wire::{Act, Server, response};
use common::{builder, hurried, pass};
use http::Method;
use http_body_util::BodyExt;
use security_api_transport::middleware::{
    BoxError, HttpRequest, HttpResponse, HttpService, ResponseBody,
};
use security_api_transport::{Client, ErrorKind, Form, Operation, Outcome, Upload};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

static ADD: Operation = Operation::new("files.add", Method::POST, "/files");
static REPLACE: Operation = Operation::new("files.replace", Method::PUT, "/files").idempotent();

/// The bodies that a server received, as far as they came.
type Bodies = Arc<Mutex<Vec<Vec<u8>>>>;

/// How long an attempt or a pause in it may take.
const BOUND: Duration = Duration::from_secs(3);

/// Responds to the first request with `refusal` after half of its body, and reads on. Responds to all others with 200.
async fn server(refusal: &'static str) -> (String, Bodies) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let bodies = Bodies::default();
    let received = Arc::clone(&bodies);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, refusal, Arc::clone(&received)));
        }
    });
    (url, bodies)
}

async fn serve(mut stream: TcpStream, refusal: &str, bodies: Bodies) {
    while let Some(length) = read_head(&mut stream).await {
        let number = {
            let mut bodies = bodies.lock().unwrap();
            bodies.push(Vec::new());
            bodies.len() - 1
        };
        let mut response = Some(match number {
            0 => refusal,
            _ => "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\"ok\"",
        });
        let due = if number == 0 { length / 2 } else { length };
        let mut read = 0;
        let mut buffer = vec![0; 64 * 1024];
        while read < length {
            let room = buffer.len().min(length - read);
            let Ok(count @ 1..) = stream.read(&mut buffer[..room]).await else {
                return;
            };
            read += count;
            bodies.lock().unwrap()[number].extend_from_slice(&buffer[..count]);
            if read >= due
                && let Some(response) = response.take()
            {
                stream.write_all(response.as_bytes()).await.unwrap();
            }
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<usize> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    Some(length.unwrap().trim().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_refused_half_way_waits_as_asked_and_is_sent_again_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload.bin");
    let content: Vec<u8> = (0..6_000_000_u32)
        .map(|i| (i / 7) as u8 ^ i as u8)
        .collect();
    tokio::fs::write(&path, &content).await.unwrap();
    let form = Form::new()
        .text("kind", "file")
        .upload("files[]", Upload::file(&path).await.unwrap())
        .upload(
            "files[]",
            Upload::bytes("memory.bin", content[..3_000_000].to_vec()),
        );
    let length = form.length();
    for (operation, refusal) in [
        (
            &ADD,
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            &REPLACE,
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
        ),
    ] {
        let (url, bodies) = server(refusal).await;
        let client = builder().base_url(url).retry(hurried()).build().unwrap();
        let start = Instant::now();
        let response = client
            .operation(operation, &[])
            .form(form.clone())
            .call::<Value>()
            .send_with_response()
            .await
            .unwrap();
        assert_eq!(
            (response.attempts(), response.value()),
            (2, &Value::from("ok"))
        );
        assert!(start.elapsed() >= Duration::from_secs(1));
        let bodies = bodies.lock().unwrap();
        assert_eq!((bodies.len(), bodies[1].len() as u64), (2, length));
        assert!(bodies[1].starts_with(&bodies[0]));
        let at = bodies[1]
            .windows(64)
            .position(|window| window == &content[..64])
            .unwrap();
        assert!(bodies[1][at..at + content.len()] == content);
    }
}

/// A form with a file that changes once the first bytes were handed to the connection.
async fn changing(path: &Path) -> Form {
    let [then, later] = [1, 2].map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    let write = |path: &Path, byte, time| {
        std::fs::write(path, vec![byte; 1000]).unwrap();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    };
    write(path, b'a', then);
    let file = path.to_owned();
    Form::new()
        .upload("file", Upload::file(path).await.unwrap())
        .on_progress(move |_, _| write(&file, b'b', later))
}

/// Uploads a file that changes meanwhile, for an operation that is idempotent and for one that is not.
async fn uploads_what_changes(client: &Client) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload.bin");
    for operation in [&ADD, &REPLACE] {
        let call = client.operation(operation, &[]).form(changing(&path).await);
        let error = call.call::<Value>().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Invalid, Outcome::Unknown, 1),
            "{error:?}"
        );
        assert!(!error.is_retryable(), "{error:?}");
        let says = "has changed since it was added, so it was not sent completely";
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn an_upload_whose_file_changes_meanwhile_never_arrives_whole_and_says_so() {
    let server = Server::start(vec![Act::Send(response(200, "", b"\"ok\""))]).await;
    let client = builder().base_url(server.url()).retry(hurried());
    uploads_what_changes(&client.build().unwrap()).await;
    assert_eq!(server.requests(), 0);
}

#[cfg(feature = "_tls")]
#[tokio::test]
async fn an_upload_whose_file_changes_meanwhile_says_so_with_http2_as_well() {
    use common::{http2::Http2, tls::certificate};
    // It responds to neither of the two requests.
    let server = Http2::start(&certificate("localhost"), vec![vec![]; 2]).await;
    uploads_what_changes(&server.client().build().unwrap()).await;
}

/// Takes a thirtieth of [`BOUND`] for each 50 kB of a body, and responds after the whole body.
async fn slow_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut left = read_head(&mut stream).await.unwrap();
        let mut buffer = vec![0; 50_000];
        while left > 0 {
            let room = buffer.len().min(left);
            stream.read_exact(&mut buffer[..room]).await.unwrap();
            left -= room;
            // Time for the client to fill the room that this made.
            tokio::time::sleep(Duration::from_millis(2)).await;
            pass(BOUND / 30).await;
        }
        let response = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\"ok\"";
        stream.write_all(response.as_bytes()).await.unwrap();
        let _ = stream.read_u8().await;
    });
    url
}

#[tokio::test]
async fn an_upload_that_the_peer_takes_steadily_does_not_time_out() {
    // Buffers take megabytes at once, before the peer has read much.
    for length in [2_000_000, 6_000_000] {
        let client = builder()
            .base_url(slow_server().await)
            .retry(hurried())
            .attempt_timeout(BOUND)
            .idle_timeout(BOUND)
            .timeout(None)
            .build()
            .unwrap();
        let start = Instant::now();
        let call = client
            .operation(&ADD, &[])
            .form(Form::new().upload("file", Upload::bytes("a", vec![b'x'; length])))
            .call::<Value>();
        assert_eq!(call.await.unwrap(), "ok");
        assert!(start.elapsed() > BOUND);
    }
}

/// A connection to a peer that reads so many bytes a second: it takes what buffers hold at once, and the rest as the
/// peer makes room. The response comes once the peer has all of it.
fn steady(rate: f64, buffers: u64) -> HttpService {
    HttpService::new(tower::service_fn(move |request: HttpRequest| async move {
        let start = Instant::now();
        let mut body = request.into_body();
        let length = body.length().unwrap();
        let mut taken = 0;
        while taken < length {
            let room = start + Duration::from_secs_f64(taken.saturating_sub(buffers) as f64 / rate);
            tokio::time::sleep_until(room).await;
            taken += body.frame().await.unwrap()?.data_ref().unwrap().len() as u64;
        }
        tokio::time::sleep_until(start + Duration::from_secs_f64(length as f64 / rate)).await;
        Ok::<_, BoxError>(HttpResponse::new(ResponseBody::full("\"ok\"")))
    }))
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_a_slow_peer_reads_steadily_does_not_time_out_whatever_buffers_hold() {
    const LENGTH: usize = 6_000_000;
    let upload = async |rate: f64, buffers: u64| {
        let client = builder()
            .transport(steady(rate, buffers))
            .attempt_timeout(BOUND)
            .idle_timeout(BOUND)
            .build()
            .unwrap();
        let start = Instant::now();
        let call = client
            .operation(&ADD, &[])
            .body("text/plain", vec![b'x'; LENGTH])
            .call::<Value>();
        (call.await, start.elapsed().as_secs_f64())
    };
    for rate in [500_000.0, 262_144.0] {
        for buffers in [0, 64 * 1024, 1_000_000, 2_500_000, 4_000_000, 6_000_000] {
            let (result, took) = upload(rate, buffers).await;
            assert_eq!(result.unwrap(), "ok", "{rate}, {buffers}");
            let more = took - LENGTH as f64 / rate;
            assert!((0.0..0.01).contains(&more), "{rate}, {buffers}: {took}");
        }
    }
    // A peer that stops is still noticed.
    let (result, took) = upload(1e-6, 2_500_000).await;
    let error = result.unwrap_err();
    assert!(error.to_string().contains("no progress"), "{error}");
    assert!((9.0..15.0).contains(&took), "{took}");
}
