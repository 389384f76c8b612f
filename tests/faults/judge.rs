//! Makes a call during a fault, and compares the outcome with the promise.

use std::sync::Arc;
use std::time::{Duration, Instant};

use push_security_api::RateLimiter;

use crate::calls::{Call, Failure, Ready, Setup, World};
use crate::proxy::{Connect, Fault, Handshake, Instead, Place, Proxy, Spoil, Stream, Swallow};
use crate::table::{End, Line, Promise};

/// The tolerance of deadlines.
const LATE: Duration = Duration::from_millis(500);
/// The time after which an occupied stream becomes free.
const TAKEN: Duration = Duration::from_millis(300);

/// The prefix of faults over TLS without HTTP/2.
const OLD: &str = "TLS, HTTP/1.1: ";

/// Rate limit headers that are malformed, or that leave requests.
const ODD_LIMITS: &[(&str, &str)] = &[
    ("ratelimit", "\"default\";r=;t=3600, ;;r=-1;t=-1"),
    ("ratelimit-policy", "0;w=0"),
    ("ratelimit-remaining", "5, 5"),
    ("ratelimit-reset", "99999999999999999999999"),
    ("x-ratelimit-remaining", "NaN"),
    ("x-ratelimit-reset", "Thu, 32 Foo 1970 25:61:61 GMT"),
    ("x-rate-limit-remaining", "-1"),
    ("x-rate-limit-reset", "3600"),
];
/// Headers that leave no requests for a second.
const USED_UP: &[(&str, &str)] = &[("ratelimit", "\"default\";r=0;t=1")];

/// Returns the fault of a line of the table.
pub(crate) fn fault(name: &str) -> Fault {
    use Instead::Status;
    const HOUR: &[(&str, &str)] = &[("retry-after", "3600")];
    match name.strip_prefix(OLD).unwrap_or(name) {
        "connection refused" => Fault::Refuse,
        "connection accepted, then silence" => Fault::Swallow(Swallow::Silence),
        "reset before the request was read"
        | "idle connection reset as the next request arrives" => {
            Fault::Swallow(Swallow::ResetUnread)
        }
        "reset after the request was read" => Fault::Swallow(Swallow::Reset),
        "closed after the request was read" => Fault::Swallow(Swallow::Close),
        "idle connection closed" => Fault::Spoil(Spoil::CloseAfter),
        "head cut" => Fault::Instead(Instead::HalfAHead),
        "head cut after its first byte" => Fault::Spoil(Spoil::CutHead(Place::Start)),
        "head cut in the middle" => Fault::Spoil(Spoil::CutHead(Place::Middle)),
        "head cut before its last byte" => Fault::Spoil(Spoil::CutHead(Place::BeforeTheLastByte)),
        "head cut, then silence" => Fault::Instead(Instead::HalfAHeadThenSilence),
        "body cut before its first byte" => Fault::Spoil(Spoil::Cut(Place::Start)),
        "body cut in the middle" => Fault::Spoil(Spoil::Cut(Place::Middle)),
        "body cut before its last byte" => Fault::Spoil(Spoil::Cut(Place::BeforeTheLastByte)),
        "body without a length cut" => Fault::Spoil(Spoil::CutWithoutLength),
        "body of chunks cut" => Fault::Spoil(Spoil::CutChunked),
        "body reset in the middle" => Fault::Spoil(Spoil::ResetInTheMiddle),
        "body stalls in the middle" => Fault::Spoil(Spoil::StallInTheMiddle),
        "delayed response" => Fault::Spoil(Spoil::Delay(Duration::from_millis(60))),
        "response delayed beyond the attempt timeout" | "response delayed beyond the deadline" => {
            Fault::Spoil(Spoil::Delay(Duration::from_millis(2_500)))
        }
        "silence until the deadline" | "silence until the deadline ends the second attempt" => {
            Fault::Swallow(Swallow::Silence)
        }
        "body stalls until the deadline" => Fault::Spoil(Spoil::StallInTheMiddle),
        "response that trickles" => Fault::Spoil(Spoil::Trickle(Duration::from_millis(2))),
        "response that trickles beyond the deadline" => {
            Fault::Spoil(Spoil::Trickle(Duration::from_millis(250)))
        }
        "head that trickles" => Fault::Instead(Instead::TricklingHead),
        "another protocol" => Fault::Instead(Instead::Garbage),
        "header of a megabyte" => Fault::Instead(Instead::LargeHeader),
        "thousand headers" => Fault::Instead(Instead::ManyHeaders),
        "two lengths that differ" => Fault::Spoil(Spoil::TwoLengths),
        "length longer than the body" => Fault::Spoil(Spoil::LongerLength),
        "length shorter than the body" => Fault::Spoil(Spoil::ShorterLength),
        "forged response behind the real one" => Fault::Spoil(Spoil::ForgedResponseBehind),
        "gzip" => Fault::Spoil(Spoil::Gzip("gzip")),
        "gzip called x-gzip" => Fault::Spoil(Spoil::Gzip("x-gzip")),
        "gzip called GZIP, beside identity" => Fault::Spoil(Spoil::Gzip("identity, GZIP")),
        "gzip called br" => Fault::Spoil(Spoil::Gzip("br")),
        "gzip of two members" => Fault::Spoil(Spoil::GzipOfTwo),
        "gzip in gzip" => Fault::Spoil(Spoil::GzipTwice),
        "deflate in name only" => Fault::Spoil(Spoil::InNameOnly("deflate")),
        "br in name only" => Fault::Spoil(Spoil::InNameOnly("br")),
        "gzip damaged" => Fault::Spoil(Spoil::GzipDamaged),
        "gzip cut" => Fault::Spoil(Spoil::GzipCut),
        "gzip with more behind it" => Fault::Spoil(Spoil::GzipAndMore),
        "gzip in name only" => Fault::Spoil(Spoil::InNameOnly("gzip")),
        "gzip of the transfer" => Fault::Spoil(Spoil::GzipTransfer),
        "gzip bomb" => Fault::Spoil(Spoil::GzipBomb),
        "503 with a wait of an hour" => Fault::Instead(Status(503, HOUR)),
        "429 with a wait of an hour" => Fault::Instead(Status(429, HOUR)),
        "429, a lock on one object" => Fault::Instead(Instead::JsonError(429)),
        "302 to elsewhere" => {
            Fault::Instead(Status(302, &[("location", "https://elsewhere.test/")]))
        }
        "302 without a Location" => Fault::Instead(Status(302, &[])),
        "302 to nowhere" => Fault::Instead(Status(302, &[("location", "https://[nowhere/")])),
        "Location in a success" => {
            Fault::Spoil(Spoil::Headers(&[("location", "https://elsewhere.test/")]))
        }
        "Content-Type of nonsense" => {
            Fault::Spoil(Spoil::Headers(&[("content-type", ";/;;charset=")]))
        }
        "Content-Type of plain text" => Fault::Spoil(Spoil::Headers(&[(
            "content-type",
            "text/plain; charset=utf-16",
        )])),
        "odd RateLimit headers" => Fault::Spoil(Spoil::Headers(ODD_LIMITS)),
        "RateLimit header: nothing left" => Fault::Spoil(Spoil::Headers(USED_UP)),
        "web page with status 200" => Fault::Instead(Instead::Page),
        "JSON a hundred thousand levels deep" => Fault::Instead(Instead::DeepJson),
        "TLS: handshake silent" => Fault::Handshake(Handshake::Silent),
        "TLS: handshake cut" => Fault::Handshake(Handshake::Cut),
        "TLS: peer speaks plain HTTP" => Fault::Handshake(Handshake::Plain),
        "TLS: certificate expired" => Fault::Handshake(Handshake::Expired),
        "TLS: certificate of another name" => Fault::Handshake(Handshake::WrongName),
        "TLS: certificate of an unknown authority" => Fault::Handshake(Handshake::UnknownAuthority),
        "TLS 1.2: peer wants a certificate" => Fault::Handshake(Handshake::WantsCertificate),
        "TLS: server fails in the handshake" => Fault::Handshake(Handshake::Alert(80)),
        "TLS: server refuses the handshake" => Fault::Handshake(Handshake::Alert(40)),
        "proxy: CONNECT refused with 403" => Fault::Connect(Connect::Status(403)),
        "proxy: CONNECT refused with 407" => Fault::Connect(Connect::Status(407)),
        "proxy: CONNECT refused with 502" => Fault::Connect(Connect::Status(502)),
        "proxy: CONNECT silent" => Fault::Connect(Connect::Silent),
        "proxy: 403 of its own" => Fault::Instead(Status(403, &[])),
        "proxy: 407 of its own" => Fault::Instead(Status(407, &[])),
        "proxy: 502 of its own" => Fault::Instead(Status(502, &[])),
        "HTTP/2: the only stream is taken" => Fault::NoStream,
        "HTTP/2: stream refused" => Fault::Stream(Stream::Refused),
        "HTTP/2: GOAWAY without the request" => Fault::Stream(Stream::GoAwayBefore(0)),
        "HTTP/2: GOAWAY for an error, without the request" => {
            Fault::Stream(Stream::GoAwayBefore(11))
        }
        "HTTP/2: GOAWAY with the request" => Fault::Stream(Stream::GoAwayAfter),
        "HTTP/2: stream reset" => Fault::Stream(Stream::Reset),
        "HTTP/2: stream stalled" => Fault::Stream(Stream::Stalled),
        "HTTP/2: body reset in the middle" => Fault::Stream(Stream::ResetInTheMiddle),
        "HTTP/2: body ended in the middle without an error" => {
            Fault::Stream(Stream::EndedInTheMiddle)
        }
        status => {
            let (number, is_page) = match status.strip_suffix(" with a page") {
                Some(number) => (number, true),
                None => (status, false),
            };
            match (number.parse(), is_page) {
                (Ok(number), false) => Fault::Instead(Status(number, &[])),
                (Ok(number), true) => Fault::Instead(Instead::Gateway(number)),
                (Err(_), _) => panic!("no fault is called `{name}`"),
            }
        }
    }
}

impl Fault {
    /// Returns the encoding that clients do not support and that errors name.
    fn unknown_encoding(self) -> Option<&'static str> {
        match self {
            Self::Spoil(Spoil::Gzip(name) | Spoil::InNameOnly(name)) => {
                ["br", "deflate"].into_iter().find(|known| *known == name)
            }
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

    /// Returns whether the service executes the request.
    fn reaches_service(self) -> bool {
        matches!(
            self,
            Self::Spoil(_) | Self::Stream(Stream::ResetInTheMiddle | Stream::EndedInTheMiddle)
        )
    }

    fn is_over_tls(self) -> bool {
        matches!(
            self,
            Self::Handshake(_) | Self::Connect(_) | Self::NoStream | Self::Stream(_)
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
    let is_old = line.fault.starts_with(OLD);
    let is_over_tls = is_old || fault.is_over_tls();
    let authority = is_over_tls.then(|| Arc::clone(&world.authority));
    let proxy = Arc::new(Proxy::new(world.upstream(call), authority));
    if is_old {
        proxy.speak_http1();
    }
    let setup = Setup {
        name: name.clone(),
        time: line.time,
        limiter: RateLimiter::unlimited(),
        is_proxied: line.fault.starts_with("proxy:"),
        listens_later: fault == Fault::Refuse && !line.always,
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
        if fault == Fault::Spoil(Spoil::CloseAfter) {
            proxy.arm(fault, "/", 0, usize::MAX);
        }
        ready
            .warm_up()
            .await
            .map_err(|failure| format!("warming up: {failure}"))?;
        if fault == Fault::Spoil(Spoil::CloseAfter) {
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
        Fault::Spoil(Spoil::CloseAfter) | Fault::NoStream => proxy.lift(),
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
    let latest = match took < line_time.deadline {
        true => line_time.deadline,
        false => deadline.await.unwrap_or_default() + LATE,
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
        if fault == Fault::Spoil(Spoil::CloseAfter) {
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
