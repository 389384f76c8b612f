//! Makes a call during a fault, and compares the outcome with the promise.

use std::sync::Arc;
use std::time::{Duration, Instant};

use push_security_api::RateLimiter;

use crate::calls::{Call, Failure, Ready, Setup, World};
use crate::matrix::{End, Line, Over, Promise};
use crate::names::fault;
use crate::proxy::{Fault, Proxy, Spoil, Stream};

/// The tolerance of deadlines.
const LATE: Duration = Duration::from_millis(500);
/// The time after which an occupied stream becomes free.
const TAKEN: Duration = Duration::from_millis(300);

impl Fault {
    /// Returns the encoding that clients do not support and that errors name.
    fn unknown_encoding(self) -> Option<&'static str> {
        match self {
            Self::Spoil(Spoil::Gzip(name) | Spoil::InNameOnly(name)) => {
                ["br", "deflate"].into_iter().find(|known| *known == name)
            }
            Self::Spoil(Spoil::Deflate) => Some("deflate"),
            Self::Spoil(Spoil::Zstd) => Some("zstd"),
            _ => None,
        }
    }

    /// Returns whether the fault precedes the request.
    fn is_of_connection(self) -> bool {
        matches!(
            self,
            Self::Refuse | Self::Handshake(_) | Self::Connect(_) | Self::NoStream
        )
    }

    /// Returns whether the fault ends a connection that is idle, after a whole response.
    fn follows_response(self) -> bool {
        matches!(
            self,
            Self::Spoil(Spoil::CloseAfter) | Self::Stream(Stream::GoAwayAfterResponse)
        )
    }

    /// Returns whether the service executes the request.
    fn reaches_service(self) -> bool {
        matches!(
            self,
            Self::Spoil(_)
                | Self::Stream(
                    Stream::ResetAfterHead(_)
                        | Stream::ResetInTheMiddle(_)
                        | Stream::GoAwayAndResponse
                        | Stream::GoAwayInTheMiddle(_)
                        | Stream::SilenceInTheMiddle
                        | Stream::GoAwayAfterResponse
                        | Stream::FramesFirst(_)
                )
        )
    }
}

/// Makes the call of one cell.
///
/// # Errors
/// A broken promise.
pub(crate) async fn cell(
    world: &World,
    line: &Line,
    call: Call,
    promise: Promise,
    name: String,
) -> Result<(), String> {
    let fault = fault(&line.fault);
    let is_over_tls = line.over != Over::Plain;
    let authority = is_over_tls.then(|| Arc::clone(&world.authority));
    let proxy = Arc::new(Proxy::new(world.upstream(call), authority));
    if line.over == Over::Tls {
        proxy.speak_http1();
    }
    let setup = Setup {
        name: name.clone(),
        time: line.time,
        limiter: RateLimiter::unlimited(),
        is_proxied: line.fault.starts_with("proxy:"),
        listens_later: fault == Fault::Refuse && !line.always,
        is_cut: promise.is_cut,
    };
    let mut ready = Ready::new(call, world, &proxy, &setup).await;
    if fault != Fault::Refuse {
        proxy.listen();
    }
    if fault == Fault::NoStream {
        proxy.allow_one_stream();
    }
    let (path, skip) = call.target();
    let times = if line.always { usize::MAX } else { 1 };
    if line.fault.contains("idle connection") {
        if fault.follows_response() {
            proxy.arm(fault, "/", 0, usize::MAX);
        }
        ready
            .warm_up()
            .await
            .map_err(|failure| format!("warming up: {failure}"))?;
        if fault.follows_response() {
            // The client has noticed once it closes its side.
            proxy.closed(proxy.connections()).await;
        }
    }
    let mut occupant = None;
    if fault == Fault::NoStream {
        // The client learns the limit from a response.
        ready
            .warm_up()
            .await
            .map_err(|failure| format!("warming up: {failure}"))?;
        proxy.arm(Fault::Stream(Stream::Stalled), "/", 0, 1);
        occupant = Some(ready.occupy());
        while proxy.spoiled() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let before = Counts::of(&proxy, world, &name);
    let line_time = line.time;
    match fault {
        fault if fault.follows_response() || fault == Fault::NoStream => proxy.lift(),
        Fault::Refuse | Fault::Handshake(_) | Fault::Connect(_) => proxy.arm(fault, path, 0, times),
        _ => proxy.arm(fault, path, skip, times),
    }

    let start = Instant::now();
    // On a busy machine this timer is as late as the client's.
    let deadline = tokio::spawn(async move {
        tokio::time::sleep(line_time.deadline).await;
        start.elapsed()
    });
    let result = match occupant.as_ref().filter(|_| !line.always) {
        None => ready.run().await,
        // The stream becomes free while the call waits for it.
        Some(occupant) => {
            let free = async {
                tokio::time::sleep(TAKEN).await;
                occupant.abort();
            };
            tokio::join!(ready.run(), free).0
        }
    };
    let took = start.elapsed();
    // The page before has a deadline of its own.
    let late = if call == Call::Export { 2 * LATE } else { LATE };
    let latest = match took < line_time.deadline {
        true => line_time.deadline,
        false => deadline.await.unwrap_or_default() + late,
    };
    let seen = Counts::of(&proxy, world, &name).since(before);

    let mut wrong = Vec::new();
    let mut expect = |what: &str, is: String, should: String| {
        if is != should {
            wrong.push(format!("{what}: {is} instead of {should}"));
        }
    };
    match (&result, promise.end) {
        (Ok(()), End::Succeeds) => {}
        (Err(Failure::Error(error)), End::Fails(outcome)) => {
            let text = format!("{outcome:?}");
            expect("outcome", format!("{:?}", error.outcome()), text);
            let retryable = promise.is_retryable.to_string();
            expect("is_retryable", error.is_retryable().to_string(), retryable);
            if call != Call::Token {
                if let Some(name) = fault.unknown_encoding() {
                    let text = error.to_string();
                    if !text.contains(&format!("`{name}`")) {
                        expect("text", text, format!("something about `{name}`"));
                    }
                }
                // A download's requests before the redirect belong to the same call.
                let redirected = if call == Call::Download {
                    call.others().0
                } else {
                    0
                };
                let attempts = match fault.is_of_connection() {
                    true => promise.sends,
                    false => redirected + promise.sends,
                };
                expect(
                    "attempts",
                    error.attempts().to_string(),
                    attempts.to_string(),
                );
            }
        }
        (Ok(()), _) => expect("result", "success".to_owned(), promise.to_string()),
        (Err(failure), _) => expect("result", failure.to_string(), promise.to_string()),
    }
    let should = Counts::promised(fault, call, promise, line.always);
    expect("requests", format!("{seen:?}"), format!("{should:?}"));
    if took > latest {
        expect("time", format!("{took:?}"), format!("at most {latest:?}"));
    }
    if !line.hangs && took >= line_time.deadline {
        expect("time", "the deadline".to_owned(), "less".to_owned());
    }
    let soonest = line_time.shortest();
    if line.hangs && result.is_err() && took < soonest {
        expect("time", format!("{took:?}"), format!("at least {soonest:?}"));
    }
    if let (Err(failure), false) = (&result, wrong.is_empty()) {
        wrong.push(format!("the error was {failure}"));
    }
    if let Some(occupant) = occupant {
        occupant.abort();
    }
    if let Err(problem) = afterwards(fault, line, call, &proxy, &setup, &mut ready).await {
        wrong.push(problem);
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("; ")),
    }
}

/// Checks that after the fault the same client works at once, and that an export neither loses nor repeats records.
async fn afterwards(
    fault: Fault,
    line: &Line,
    call: Call,
    proxy: &Proxy,
    setup: &Setup,
    ready: &mut Ready,
) -> Result<(), String> {
    proxy.lift();
    proxy.listen();
    setup.limiter.reopen();
    if call == Call::Token && line.fault.ends_with("an hour") {
        // The token endpoint asked for a wait of up to a minute, which no method shortens.
        return Ok(());
    }
    if fault == Fault::Stream(Stream::Stalled) {
        // The client may try the stalled connection once more.
        let _ = ready.warm_up().await;
    }
    if line.over == Over::Http2 && line.fault.contains("until the deadline") {
        // Only pings show that the connection is dead, if the deadline ends the attempts.
        tokio::time::sleep(line.time.idle + LATE).await;
    }
    let start = Instant::now();
    let result = ready.run_well().await;
    let took = start.elapsed();
    let most = match call {
        Call::Token if line.hangs => 15,
        _ => 5,
    };
    match result {
        Ok(()) if took < Duration::from_secs(most) => Ok(()),
        Ok(()) => Err(format!("afterwards a call takes {took:?}")),
        Err(failure) => Err(format!("afterwards a call fails: {failure}")),
    }
}

/// Requests by outcome.
#[derive(Clone, Copy, PartialEq)]
struct Counts {
    arrived: usize,
    spoiled: usize,
    /// Requests that the service executed, by the proxy and by the sandbox's journal.
    executed: usize,
    journal: usize,
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} arrived, {} spoiled, {} executed, {} in the journal",
            self.arrived, self.spoiled, self.executed, self.journal
        )
    }
}

impl Counts {
    fn of(proxy: &Proxy, world: &World, name: &str) -> Self {
        let mark = format!("{name} ");
        Self {
            arrived: proxy.arrived(),
            spoiled: proxy.spoiled(),
            executed: proxy.forwarded(),
            journal: world.sandbox.journal().count(|entry| {
                let agent = entry.headers.get("user-agent");
                let agent = agent.map(|agent| agent.as_bytes().starts_with(mark.as_bytes()));
                // Token requests of the export bypass the proxy.
                let past = entry.path == "/connect/token" && mark.contains("export");
                agent == Some(true) && !past
            }),
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            arrived: self.arrived - before.arrived,
            spoiled: self.spoiled - before.spoiled,
            executed: self.executed - before.executed,
            journal: self.journal - before.journal,
        }
    }

    /// Returns the counts that the promise implies.
    fn promised(fault: Fault, call: Call, promise: Promise, always: bool) -> Self {
        let (before, after) = call.others();
        let succeeds = promise.end == End::Succeeds;
        if fault.follows_response() {
            let all = before + 1 + after;
            return Self {
                arrived: all,
                spoiled: 0,
                executed: all,
                journal: all,
            };
        }
        if fault.is_of_connection() {
            let all = if succeeds { before + 1 + after } else { 0 };
            let tries = if succeeds { 1 } else { promise.sends };
            return Self {
                arrived: all,
                spoiled: match fault {
                    Fault::Refuse | Fault::NoStream => 0,
                    _ => tries,
                },
                executed: all,
                journal: all,
            };
        }
        // A fault that the client tolerates hits the following pages, too.
        let is_none = succeeds && promise.sends == 1;
        let spoiled = match always {
            true if is_none && call == Call::Export => 2,
            true => promise.sends,
            false => 1,
        };
        let undone = usize::from(promise.is_undone);
        let spoiled = spoiled + if always { undone } else { 0 };
        let arrived = before + promise.sends + undone + if succeeds { after } else { 0 };
        let executed = if fault.reaches_service() {
            arrived
        } else {
            arrived - spoiled
        };
        Self {
            arrived,
            spoiled,
            executed,
            journal: executed,
        }
    }
}
