//! Receives webhooks: verifies them, answers at once, and works afterwards.
//!
//! ```console
//! $ cargo run -p push-security-api --example webhook_receiver
//! $ PUSH_SECURITY_WEBHOOK_SECRET=psws_... cargo run -p push-security-api --example webhook_receiver -- 127.0.0.1:8080
//! ```
//!
//! Without the secret in the environment a sandbox sends a few events and the program ends. With it, the program runs
//! until Ctrl-C. It speaks plain HTTP: put something in front that speaks HTTPS.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use push_security_api::webhook::{Event, Payload, SIGNATURE_HEADER, Verifier};
use security_api_sandbox::Sandbox;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How many events may wait. A full queue answers 503, and the service delivers the event again later.
const QUEUE: usize = 1_000;

/// What the handler needs.
struct Inbox {
    verifier: Verifier,
    seen: Mutex<Seen>,
    queue: mpsc::Sender<Event>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (secret, sandbox) = match env::var("PUSH_SECURITY_WEBHOOK_SECRET") {
        Ok(secret) => (secret, None),
        Err(_) => {
            eprintln!("PUSH_SECURITY_WEBHOOK_SECRET is not set: using a sandbox\n");
            let sandbox = Sandbox::start().await?;
            (
                sandbox.push_security().webhook_secret().to_owned(),
                Some(sandbox),
            )
        }
    };
    let (queue, events) = mpsc::channel(QUEUE);
    let inbox = Arc::new(Inbox {
        verifier: Verifier::new(secret)?,
        seen: Mutex::default(),
        queue,
    });
    // The worker ends when the server, and with it the sender, is gone and the queue is empty.
    let worker = tokio::spawn(work(events));

    let address = env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await?;
    let url = format!("http://{}/push-security", listener.local_addr()?);
    eprintln!("receiving at {url}");
    let router = Router::new()
        .route("/push-security", post(receive))
        .with_state(inbox);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            match sandbox {
                Some(sandbox) => send_some(&sandbox, &url).await,
                None => drop(tokio::signal::ctrl_c().await),
            }
        })
        .await?;
    worker.await?;
    Ok(())
}

/// Answers within the five seconds that the service waits: it checks, puts the event in the queue, and is done.
///
/// The body is taken as bytes. A body that was parsed and written again has another signature.
async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers
        .get(SIGNATURE_HEADER)
        .and_then(|value| value.to_str().ok());
    let event = match inbox.verifier.event(signature, &body) {
        Ok(event) => event,
        Err(error) => {
            // A wrong signature is nobody's business but ours: the sender learns no more than the status.
            eprintln!("refused: {error}");
            return StatusCode::UNAUTHORIZED;
        }
    };
    let mut seen = inbox.seen.lock().unwrap_or_else(PoisonError::into_inner);
    if !seen.is_new(&event.id) {
        // Delivered again, because our response was lost, or replayed by somebody. It gets a 2xx, or it would come
        // again.
        eprintln!("not new: {}", event.id);
        return StatusCode::NO_CONTENT;
    }
    let id = event.id.clone();
    if inbox.queue.try_send(event).is_err() {
        seen.forget(&id);
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::NO_CONTENT
}

/// The ids of events, for as long as one of them can come again with a signature that counts.
#[derive(Default)]
struct Seen(HashMap<String, Instant>);

impl Seen {
    /// A signature counts from one tolerance before its time to one after it.
    const MEMORY: Duration = Verifier::DEFAULT_TOLERANCE.saturating_mul(2);

    fn is_new(&mut self, id: &str) -> bool {
        // Enough for a few events a second. With many more, clear up now and then instead of every time; with several
        // receivers, keep the ids where all of them look.
        self.0.retain(|_, since| since.elapsed() <= Self::MEMORY);
        self.0.insert(id.to_owned(), Instant::now()).is_none()
    }

    fn forget(&mut self, id: &str) {
        self.0.remove(id);
    }
}

/// What is done with events, in the order in which they came. Events may overtake each other on their way: go by
/// `timestamp` where order matters. What waits in the queue is lost if the program is killed: where it must not be, let
/// the handler write the event down before it responses.
async fn work(mut events: mpsc::Receiver<Event>) {
    while let Some(event) = events.recv().await {
        match &event.payload {
            Payload::Detection(change) => {
                let severity = change.new.as_ref().and_then(|new| new.severity.as_ref());
                let severity = severity.map_or("of unknown severity", AsRef::as_ref);
                println!("{} {}: {severity}", event.object, change.kind);
            }
            Payload::Login(login) => {
                let who = login.email.as_deref().unwrap_or("somebody");
                let app = login.app_type.as_deref().unwrap_or("an app");
                println!("LOGIN: {who} at {app}");
            }
            Payload::BlockedUrlVisited(visit) => {
                println!(
                    "BLOCKED_URL_VISITED: {}",
                    visit.url.as_deref().unwrap_or("?")
                );
            }
            // A known event in a form of which this version cannot make sense: keep it, and look at it.
            Payload::Unreadable(error) => eprintln!("{} {}: {error}", event.object, event.id),
            // There are more kinds than these, and the service adds some. `raw` has all that it said.
            _ => println!("{}: {} bytes", event.object, event.raw.as_bytes().len()),
        }
    }
}

/// Lets the sandbox deliver some events, and waits until it has.
async fn send_some(sandbox: &Sandbox, url: &str) {
    let push = sandbox.push_security();
    if let Err(error) = push.deliver_webhooks_to(url) {
        eprintln!("{error}");
        return;
    }
    if let Some(employee) = push.employee_ids().first() {
        push.raise_detection(employee);
    }
    let objects = ["LOGIN", "BLOCKED_URL_VISITED", "ACCOUNT", "API_KEY_ADDED"];
    for object in objects {
        push.emit(object);
    }
    while push.deliveries().len() <= objects.len() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
