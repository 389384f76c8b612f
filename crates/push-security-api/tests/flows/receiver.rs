//! A minimal receiver of webhooks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use push_security_api::Timestamp;
use push_security_api::webhook::{Event, SIGNATURE_HEADER, Verifier, WebhookError};
use security_api_sandbox::Sandbox;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A received delivery.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    pub(crate) signature: Option<String>,
    pub(crate) body: Bytes,
}

impl Delivered {
    /// Reads the delivery at the sandbox's time.
    pub(crate) fn read(
        &self,
        verifier: &Verifier,
        sandbox: &Sandbox,
    ) -> Result<Event, WebhookError> {
        let now = Timestamp::from_unix_seconds(sandbox.clock().unix()).expect("a time");
        verifier.verify_at(self.signature.as_deref(), &self.body, now)?;
        Ok(Event::read(&self.body).expect("an event"))
    }
}

struct Shared {
    deliveries: mpsc::UnboundedSender<Delivered>,
    /// The statuses of the next responses. The default is 204.
    responses: Mutex<VecDeque<u16>>,
}

pub(crate) struct Receiver {
    deliveries: mpsc::UnboundedReceiver<Delivered>,
    shared: Arc<Shared>,
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers
        .get(SIGNATURE_HEADER)
        .and_then(|value| value.to_str().ok());
    let signature = signature.map(str::to_owned);
    let response = shared.responses.lock().expect("unpoisoned").pop_front();
    let _ = shared.deliveries.send(Delivered { signature, body });
    StatusCode::from_u16(response.unwrap_or(204)).expect("a status")
}

impl Receiver {
    /// Starts a receiver and registers it with the sandbox.
    pub(crate) async fn of(sandbox: &Sandbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, deliveries) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            deliveries: sender,
            responses: Mutex::default(),
        });
        let app = Router::new()
            .route("/hooks/push", post(receive))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let url = format!("http://{address}/hooks/push");
        sandbox
            .push_security()
            .deliver_webhooks_to(&url)
            .expect("a loopback address");
        Self { deliveries, shared }
    }

    /// Sets the statuses of the next responses.
    pub(crate) fn response(&self, statuses: impl IntoIterator<Item = u16>) {
        let mut responses = self.shared.responses.lock().expect("unpoisoned");
        responses.extend(statuses);
    }

    pub(crate) async fn next(&mut self) -> Delivered {
        tokio::time::timeout(Duration::from_secs(20), self.deliveries.recv())
            .await
            .expect("a delivery in time")
            .expect("a delivery")
    }
}
