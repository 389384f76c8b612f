//! Makes a call during a fault, and compares the outcome with the promise.

use std::sync::Arc;
use std::time::{Duration, Instant};

use push_security_api::{Error, RateLimiter};
use tokio::task::JoinHandle;

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
                        | Stream::ResetWithoutLength(_)
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
    let occupant = prepare(fault, line, &proxy, &mut ready).await?;
    let before = Counts::of(&proxy, world, &name);
    arm(fault, line, call, &proxy);
    let (result, time) = run(line, call, &mut ready, occupant.as_ref()).await;
    let seen = Counts::of(&proxy, world, &name).since(before);

    let mut wrong = Wrong::default();
    wrong.judge_result(&result, fault, call, promise);
    let should = Counts::promised(fault, call, promise, line.always);
    wrong.expect("requests", format!("{seen:?}"), format!("{should:?}"));
    wrong.judge_time(&time, line, result.is_err());
    if let (Err(failure), false) = (&result, wrong.0.is_empty()) {
        wrong.0.push(format!("the error was {failure}"));
    }
    if let Some(occupant) = occupant {
        occupant.abort();
    }
    if let Err(problem) = afterwards(fault, line, call, &proxy, &setup, &mut ready).await {
        wrong.0.push(problem);
    }
    match wrong.0.is_empty() {
        true => Ok(()),
        false => Err(wrong.0.join("; ")),
    }
}

/// Brings the connection into the state that the fault needs. Returns the request that occupies the only stream, if one
/// has to.
async fn prepare(
    fault: Fault,
    line: &Line,
    proxy: &Proxy,
    ready: &mut Ready,
) -> Result<Option<JoinHandle<()>>, String> {
    if fault != Fault::Refuse {
        proxy.listen();
    }
    if fault == Fault::NoStream {
        proxy.allow_one_stream();
    }
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
    if fault != Fault::NoStream {
        return Ok(None);
    }
    // The client learns the limit from a response.
    ready
        .warm_up()
        .await
        .map_err(|failure| format!("warming up: {failure}"))?;
    proxy.arm(Fault::Stream(Stream::Stalled), "/", 0, 1);
    let occupant = ready.occupy();
    while proxy.spoiled() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(Some(occupant))
}

/// Sets the fault for the call.
fn arm(fault: Fault, line: &Line, call: Call, proxy: &Proxy) {
    let (path, skip) = call.target();
    let times = if line.always { usize::MAX } else { 1 };
    match fault {
        fault if fault.follows_response() || fault == Fault::NoStream => proxy.lift(),
        Fault::Refuse | Fault::Handshake(_) | Fault::Connect(_) => proxy.arm(fault, path, 0, times),
        _ => proxy.arm(fault, path, skip, times),
    }
}

/// How long a call took, and how long it may have taken.
struct Took {
    took: Duration,
    latest: Duration,
}

async fn run(
    line: &Line,
    call: Call,
    ready: &mut Ready,
    occupant: Option<&JoinHandle<()>>,
) -> (Result<(), Failure>, Took) {
    let start = Instant::now();
    let line_time = line.time;
    // On a busy machine this timer is as late as the client's.
    let deadline = tokio::spawn(async move {
        tokio::time::sleep(line_time.deadline).await;
        start.elapsed()
    });
    let result = match occupant.filter(|_| !line.always) {
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
    (result, Took { took, latest })
}

/// What differs from the promise.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn expect(&mut self, what: &str, is: String, should: String) {
        if is != should {
            self.0.push(format!("{what}: {is} instead of {should}"));
        }
    }

    fn judge_result(
        &mut self,
        result: &Result<(), Failure>,
        fault: Fault,
        call: Call,
        promise: Promise,
    ) {
        match (result, promise.end) {
            (Ok(()), End::Succeeds) => {}
            (Err(Failure::Error(error)), End::Fails(outcome)) => {
                let text = format!("{outcome:?}");
                self.expect("outcome", format!("{:?}", error.outcome()), text);
                let retryable = promise.is_retryable.to_string();
                self.expect("is_retryable", error.is_retryable().to_string(), retryable);
                if call != Call::Token {
                    self.judge_error(error, fault, call, promise);
                }
            }
            (Ok(()), _) => self.expect("result", "success".to_owned(), promise.to_string()),
            (Err(failure), _) => self.expect("result", failure.to_string(), promise.to_string()),
        }
    }

    /// Compares what errors of token requests do not say.
    fn judge_error(&mut self, error: &Error, fault: Fault, call: Call, promise: Promise) {
        if let Some(name) = fault.unknown_encoding() {
            let text = error.to_string();
            if !text.contains(&format!("`{name}`")) {
                self.expect("text", text, format!("something about `{name}`"));
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
        self.expect(
            "attempts",
            error.attempts().to_string(),
            attempts.to_string(),
        );
    }

    fn judge_time(&mut self, time: &Took, line: &Line, has_failed: bool) {
        let Took { took, latest } = *time;
        if took > latest {
            self.expect("time", format!("{took:?}"), format!("at most {latest:?}"));
        }
        if !line.hangs && took >= line.time.deadline {
            self.expect("time", "the deadline".to_owned(), "less".to_owned());
        }
        let soonest = line.time.shortest();
        if line.hangs && has_failed && took < soonest {
            self.expect("time", format!("{took:?}"), format!("at least {soonest:?}"));
        }
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
    if call == Call::Token && line.hangs {
        // The next call joins a token request that is not over yet, and shares its failure.
        let _ = ready.run_well().await;
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
