//! HTTP/2 failures: refused and cut streams, connections that end, and streams for which a connection has no room.
#![cfg(feature = "_tls")]

mod common;

use std::time::Duration;

use common::http2::{
    CANCEL, ENHANCE_YOUR_CALM, Frame, Http2, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR,
    REFUSED_STREAM, WHOLE,
};
use common::tls::certificate;
use common::{CREATE, FOR_EVER, create, pass, read, until};
use security_api_transport::{Body, Call, Client, Download, ErrorKind, Outcome};
use serde_json::Value;

const SHORT: Duration = Duration::from_millis(150);

/// Makes a POST without a body.
fn bare(client: &Client) -> Call<Value> {
    client.operation(&CREATE, &[]).call()
}

/// A call, and whether it is idempotent.
type Make = (fn(&Client) -> Call<Value>, bool);

fn all() -> [Make; 3] {
    [(read, true), (create, false), (bare, false)]
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The request gets a response.
    Served,
    /// The request was not executed, and is retried.
    Refused,
    /// The request may have been executed, and is retried if it is idempotent.
    Lost,
}

fn ends() -> Vec<(Vec<Frame>, End)> {
    use Frame::{Close, Data, GoAway, GoAwaySoon, Head, Pause, Reset};
    let taken = |reason| GoAway {
        is_taken: true,
        reason,
    };
    let not_taken = |reason| GoAway {
        is_taken: false,
        reason,
    };
    let half = || {
        vec![
            Head {
                announced: Some(12),
            },
            Data { is_last: false },
        ]
    };
    let mut ends = vec![
        (vec![Reset(REFUSED_STREAM)], End::Refused),
        (vec![Reset(CANCEL)], End::Lost),
        (vec![Reset(INTERNAL_ERROR)], End::Lost),
        (vec![not_taken(INTERNAL_ERROR)], End::Refused),
        (vec![Reset(PROTOCOL_ERROR)], End::Lost),
        (vec![GoAwaySoon, Pause, not_taken(NO_ERROR)], End::Refused),
        (
            [&[GoAwaySoon, Pause, taken(NO_ERROR)], &WHOLE[..]].concat(),
            End::Served,
        ),
        (vec![GoAwaySoon, taken(NO_ERROR), Close], End::Lost),
        ([&half()[..], &[Reset(REFUSED_STREAM)]].concat(), End::Lost),
    ];
    for reason in [NO_ERROR, ENHANCE_YOUR_CALM] {
        ends.extend([
            (vec![Reset(reason)], End::Lost),
            (vec![not_taken(reason)], End::Refused),
            (vec![taken(reason), Pause, Close], End::Lost),
            ([&[taken(reason)], &WHOLE[..]].concat(), End::Served),
            (vec![WHOLE[0], taken(reason), Pause, WHOLE[1]], End::Served),
            (
                [&half()[..], &[taken(reason), Pause, Close]].concat(),
                End::Lost,
            ),
            ([&half()[..], &[not_taken(reason)]].concat(), End::Lost),
            ([&half()[..], &[Reset(reason)]].concat(), End::Lost),
        ]);
    }
    ends
}

#[tokio::test]
async fn a_request_that_http2_says_was_not_taken_up_is_sent_again_and_any_other_only_if_idempotent()
{
    let certificate = certificate("localhost");
    for (frames, end) in ends() {
        for (call, is_idempotent) in [(read as fn(&Client) -> _, true), (create, false)] {
            let server = Http2::start(&certificate, vec![frames.clone()]).await;
            let client = server.client().build().unwrap();
            let result = call(&client).send_with_response().await;
            let what = format!("{frames:?}, {is_idempotent}: {result:?}");
            let attempts = match end {
                End::Served => 1,
                End::Lost if !is_idempotent => {
                    let error = result.unwrap_err();
                    assert_eq!(
                        (error.kind(), error.outcome(), error.attempts()),
                        (ErrorKind::Io, Outcome::Unknown, 1),
                        "{what}"
                    );
                    assert!(!error.is_retryable(), "{what}");
                    assert_eq!(server.requests(), 1, "{what}");
                    continue;
                }
                End::Refused | End::Lost => 2,
            };
            assert_eq!(result.unwrap().attempts(), attempts, "{what}");
            assert_eq!(server.requests(), attempts as usize, "{what}");
        }
    }
}

#[tokio::test]
async fn requests_that_are_never_taken_up_are_an_error_that_says_nothing_was_sent() {
    let certificate = certificate("localhost");
    for frame in [
        Frame::Reset(REFUSED_STREAM),
        Frame::GoAway {
            is_taken: false,
            reason: ENHANCE_YOUR_CALM,
        },
    ] {
        let server = Http2::start(&certificate, vec![vec![frame]; 9]).await;
        let client = server.client().build().unwrap();
        let error = create(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Io, Outcome::NotSent, 4),
            "{error:?}"
        );
        assert!(error.is_retryable());
        assert_eq!(server.requests(), 4);
    }
}

/// A frame on the first stream of a connection.
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = &u32::try_from(payload.len()).unwrap().to_be_bytes()[1..];
    [length, &[kind, flags, 0, 0, 0, 1], payload].concat()
}

/// A whole head with status 200 and these fields, each of less than 127 bytes.
fn head(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![0x88];
    for text in fields
        .iter()
        .flat_map(|(name, value)| [None, Some(name), Some(value)])
    {
        match text {
            None => block.push(0),
            Some(text) => {
                block.push(u8::try_from(text.len()).unwrap());
                block.extend_from_slice(text.as_bytes());
            }
        }
    }
    frame(1, 4, &block)
}

/// A field of 4,000 bytes that is put into the table of the connection, and repeated from there.
fn large_head() -> Vec<u8> {
    let value = [&[0x7f, 0xa1, 0x1e][..], &[b'x'; 4000]].concat();
    let block = [&[0x88, 0x40, 1, b'x'][..], &value, &[0xbe; 5]].concat();
    frame(1, 4, &block)
}

/// A head that never ends.
fn endless_head() -> Vec<u8> {
    let more = frame(9, 0, &[b'x'; 16_000]);
    [frame(1, 0, &[0x88]), more.repeat(100)].concat()
}

#[tokio::test]
async fn what_violates_http2_is_not_asked_again() {
    let certificate = certificate("localhost");
    for (what, answered, says) in [
        (
            "HTTP/1",
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            "not HTTP/2",
        ),
        ("no field", frame(1, 4, &[0x80]), "not HTTP/2"),
        ("endless", endless_head(), "not HTTP/2"),
        ("large", large_head(), "head of the response"),
        (
            "no number",
            head(&[("content-length", "x")]),
            "head of the response",
        ),
        (
            "two lengths",
            head(&[("content-length", "5"), ("content-length", "6")]),
            "head of the response",
        ),
        ("body first", frame(0, 0, b"x"), "HTTP/2"),
    ] {
        let frames = vec![Frame::Bytes(answered.leak())];
        for call in [read, create] {
            let server = Http2::start(&certificate, vec![frames.clone(); 4]).await;
            let client = server.client().build().unwrap();
            let error = call(&client).await.unwrap_err();
            // It may have been executed all the same.
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Io, Outcome::Unknown, 1),
                "{what}: {error:?}"
            );
            assert!(
                !error.is_retryable() && error.to_string().contains(says),
                "{what}: {error}"
            );
            assert_eq!(server.requests(), 1, "{what}");
        }
    }
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_a_cut_body_however_the_stream_ends() {
    let certificate = certificate("localhost");
    let leaves = Frame::GoAway {
        is_taken: false,
        reason: NO_ERROR,
    };
    for last in [leaves, Frame::Reset(NO_ERROR)] {
        for (length, is_whole) in [(6, true), (7, false), (99, false)] {
            let head = Frame::Head {
                announced: Some(length),
            };
            let frames = vec![head, Frame::Data { is_last: false }, last];
            let what = format!("{frames:?}");
            // In memory: retried if that is safe.
            for (call, tries) in [(read as fn(&Client) -> _, 4), (create, 1)] {
                let server = Http2::start(&certificate, vec![frames.clone(); 4]).await;
                let client = server.client().build().unwrap();
                let result = call(&client).await;
                match is_whole {
                    true => assert_eq!(result.unwrap(), "good", "{what}"),
                    false => {
                        let error = result.unwrap_err();
                        assert_eq!(
                            (error.kind(), error.outcome(), error.attempts()),
                            (ErrorKind::Io, Outcome::Unknown, tries),
                            "{what}: {error:?}"
                        );
                    }
                }
            }
            // Streamed.
            let server = Http2::start(&certificate, vec![frames]).await;
            let client = server.client().build().unwrap();
            let file = client.operation(&common::EXPORT, &[]).call::<Download>();
            let result = file.await.unwrap().bytes(99).await;
            match is_whole {
                true => assert_eq!(result.unwrap(), common::http2::GOOD, "{what}"),
                false => {
                    let error = result.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Io, "{what}: {error:?}");
                    assert!(error.is_retryable(), "{what}");
                    let missing = format!("{} bytes that it announced", length - 6);
                    assert!(error.to_string().contains(&missing), "{error}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_unless_its_stream_ended() {
    use Frame::{Data, GoAway, GoAwaySoon, Head, Pause, Reset};
    let certificate = certificate("localhost");
    let leaves = GoAway {
        is_taken: false,
        reason: NO_ERROR,
    };
    let head = Head { announced: None };
    let half = Data { is_last: false };
    for frames in [
        vec![head, half, Reset(NO_ERROR)],
        vec![head, half, leaves],
        vec![head, half, GoAwaySoon, Pause, leaves],
        vec![head, Reset(NO_ERROR)],
        vec![head, leaves],
        vec![head, GoAwaySoon, leaves],
    ] {
        for (call, tries) in [(read as fn(&Client) -> _, 4), (create, 1), (bare, 1)] {
            let server = Http2::start(&certificate, vec![frames.clone(); 4]).await;
            let client = server.client().build().unwrap();
            let error = call(&client).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Io, Outcome::Unknown, tries),
                "{frames:?}: {error:?}"
            );
        }
        let server = Http2::start(&certificate, vec![frames.clone()]).await;
        let client = server.client().build().unwrap();
        let file = client.operation(&common::EXPORT, &[]).call::<Download>();
        let error = match file.await {
            Ok(file) => file.bytes(99).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Io, "{frames:?}: {error:?}");
        assert!(error.is_retryable(), "{frames:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_response_without_content_is_whole_however_its_stream_ends() {
    // `:status: 204`, from the static table.
    const NO_CONTENT: &[u8] = &[0, 0, 1, 1, 4, 0, 0, 0, 1, 0x89];
    let certificate = certificate("localhost");
    let leaves = Frame::GoAway {
        is_taken: false,
        reason: NO_ERROR,
    };
    for last in [Frame::Reset(NO_ERROR), leaves] {
        let frames = vec![Frame::Bytes(NO_CONTENT), last];
        let server = Http2::start(&certificate, vec![frames]).await;
        let client = server.client().build().unwrap();
        let created = create(&client).without_value().send_with_response().await;
        let created = created.unwrap();
        assert_eq!((created.status().as_u16(), created.attempts()), (204, 1));
    }
}

#[tokio::test]
async fn a_download_outlives_the_end_of_its_connection_if_the_service_completes_it() {
    let certificate = certificate("localhost");
    for reason in [NO_ERROR, ENHANCE_YOUR_CALM] {
        let leaves = Frame::GoAway {
            is_taken: true,
            reason,
        };
        let head = Frame::Head {
            announced: Some(12),
        };
        let half = [head, Frame::Data { is_last: false }, leaves, Frame::Pause];
        for (rest, is_whole) in [(Frame::Data { is_last: true }, true), (Frame::Close, false)] {
            let frames = [&half[..], &[rest]].concat();
            let server = Http2::start(&certificate, vec![frames]).await;
            let client = server.client().build().unwrap();
            let file = client.operation(&common::EXPORT, &[]).call::<Download>();
            let result = file.await.unwrap().bytes(99).await;
            match is_whole {
                true => assert_eq!(result.unwrap(), "\"good\"\"good\""),
                false => {
                    let error = result.unwrap_err();
                    assert_eq!(
                        (error.kind(), error.outcome()),
                        (ErrorKind::Io, Outcome::Unknown),
                        "{error:?}"
                    );
                    assert!(error.is_retryable(), "{error:?}");
                }
            }
            // Other calls use another connection.
            create(&client).await.unwrap();
            assert_eq!(server.connections(), 2);
        }
    }
}

#[tokio::test]
async fn a_connection_that_falls_silent_in_the_middle_of_a_body_is_left() {
    const IDLE: Duration = Duration::from_secs(600);
    let certificate = certificate("localhost");
    let at = |server: &Http2| {
        let client = server.client().idle_timeout(IDLE).timeout(None);
        client.attempt_timeout(FOR_EVER).build().unwrap()
    };
    let half = || {
        let head = Frame::Head {
            announced: Some(12),
        };
        vec![head, Frame::Data { is_last: false }]
    };
    // In memory.
    let server = Http2::start(&certificate, vec![half()]).await;
    let client = at(&server);
    let value = tokio::spawn(read(&client).send_with_response());
    until(|| server.requests() == 1).await;
    while server.connections() < 2 {
        pass(IDLE / 4).await;
        tokio::time::sleep(SHORT).await;
    }
    assert_eq!(value.await.unwrap().unwrap().attempts(), 2);
    assert_eq!(server.connections(), 2);

    // Streamed.
    let export = |client: &Client| client.operation(&common::EXPORT, &[]).call::<Download>();
    let server = Http2::start(&certificate, vec![half()]).await;
    let client = at(&server);
    let file = export(&client).await.unwrap();
    let rest = tokio::spawn(file.bytes(99));
    while !rest.is_finished() {
        pass(IDLE / 4).await;
        tokio::time::sleep(SHORT).await;
    }
    let error = rest.await.unwrap().unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    create(&client).await.unwrap();
    assert_eq!(server.connections(), 2);

    // A caller that wants no more, or that takes longer than the service, leaves nothing. hyper's own timers do not
    // follow a clock that jumps, so the time passes here, with a second to spare.
    let rest = [&[Frame::Pause; 10][..], &[Frame::Data { is_last: true }]].concat();
    let late = [half(), rest].concat();
    let patience = Duration::from_secs(2);
    for (frames, idle, taken_for) in [(half(), IDLE, Duration::ZERO), (late, patience, patience)] {
        let server = Http2::start(&certificate, vec![frames]).await;
        let client = server.client().idle_timeout(idle).build().unwrap();
        let mut file = export(&client).await.unwrap();
        assert_eq!(
            file.next_chunk().await.unwrap().unwrap(),
            common::http2::GOOD
        );
        let _ = tokio::time::timeout(Duration::from_millis(1), file.next_chunk()).await;
        // The server responds once it has sent all of the file that it will send.
        create(&client).await.unwrap();
        for _ in 0..2 {
            tokio::time::sleep(taken_for / 2).await;
            create(&client).await.unwrap();
        }
        drop(file);
        create(&client).await.unwrap();
        assert_eq!((server.requests(), server.connections()), (5, 1));
    }
}

/// Returns a server that allows this many streams after its first response.
async fn narrowed(streams: u32, then: &[Frame]) -> Http2 {
    let certificate = certificate("localhost");
    let first = [&[Frame::Streams(streams)], &WHOLE[..], then].concat();
    Http2::start(&certificate, vec![first]).await
}

#[tokio::test]
async fn calls_share_the_streams_that_are_left_when_the_service_lowers_their_number() {
    let server = narrowed(1, &[]).await;
    let client = server.client().build().unwrap();
    read(&client).await.unwrap();
    let calls = (0..12).map(|number| all()[number % 3].0(&client).into_future());
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!((server.requests(), server.connections()), (13, 1));
}

#[tokio::test]
async fn calls_wait_while_the_service_allows_no_stream_and_go_on_when_it_does() {
    let closed = [Frame::Pause, Frame::Pause, Frame::Pause];
    let server = narrowed(0, &[&closed[..], &[Frame::Streams(100)]].concat()).await;
    let client = server.client().build().unwrap();
    read(&client).await.unwrap();
    for (call, _) in all() {
        let calls = (0..3).map(|_| call(&client).send_with_response());
        for result in futures_util::future::join_all(calls).await {
            assert_eq!(result.unwrap().attempts(), 1);
        }
    }
    assert_eq!((server.requests(), server.connections()), (10, 1));
}

#[tokio::test]
async fn a_call_that_gets_no_stream_before_its_deadline_was_not_sent() {
    let server = narrowed(0, &[]).await;
    let client = server.client().build().unwrap();
    read(&client).await.unwrap();
    let calls = (0..5).map(|_| create(&client).timeout(SHORT).send());
    let results = tokio::select! {
        // On a busy machine, this timer is as late as the calls'.
        biased;
        results = futures_util::future::join_all(calls) => results,
        () = tokio::time::sleep(20 * SHORT) => panic!("the deadline passed long ago"),
    };
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Timeout, Outcome::NotSent),
            "{error:?}"
        );
        assert!(error.is_retryable());
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_connection_that_has_no_stream_for_a_request_in_time_is_left() {
    const TURN: Duration = Duration::from_secs(600);
    for (call, is_idempotent) in all() {
        let server = narrowed(0, &[]).await;
        let client = server
            .client()
            .connect_timeout(TURN)
            .attempt_timeout(TURN)
            .idle_timeout(FOR_EVER)
            .timeout(None)
            .build()
            .unwrap();
        read(&client).await.unwrap();
        let result = tokio::spawn(call(&client).send_with_response());
        while server.connections() < 2 && !result.is_finished() {
            tokio::time::sleep(SHORT).await;
            pass(TURN).await;
        }
        let result = result.await.unwrap();
        if let Err(error) = result {
            // The next request without a body cannot be withdrawn.
            assert!(!is_idempotent, "{error:?}");
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Timeout, Outcome::Unknown, 1),
                "{error:?}"
            );
            assert!(error.to_string().contains("had room"), "{error}");
            create(&client).await.unwrap();
        }
        assert_eq!(server.requests(), 2);
        assert!(server.connections() >= 2);
    }
}

#[tokio::test]
async fn a_request_whose_head_arrived_may_have_been_executed_though_there_was_no_room_for_its_body()
{
    /// How many bytes of a body a client may send at first.
    const INITIAL_WINDOW_SIZE: u16 = 4;
    let certificate = certificate("localhost");
    for size in [1, 1_000_000] {
        let silent = vec![Vec::new(); 9];
        let server = Http2::start_with(&certificate, silent, &[(INITIAL_WINDOW_SIZE, 0)]).await;
        let client = server
            .client()
            .connect_timeout(SHORT)
            .attempt_timeout(SHORT)
            .idle_timeout(SHORT)
            .build()
            .unwrap();
        let body = Body::from(vec![b' '; size]);
        let request = client.operation(&CREATE, &[]).body("text/plain", body);
        let error = request.call::<Value>().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Timeout, Outcome::Unknown, 1),
            "{size}: {error:?}"
        );
        assert_eq!(server.requests(), 1, "{size}");
        // Another connection has no room either.
        create(&client).await.unwrap_err();
        assert_eq!(server.connections(), 2, "{size}");
    }
}

#[tokio::test]
async fn a_request_that_waits_for_a_stream_when_the_connection_ends_goes_to_another_one() {
    let certificate = certificate("localhost");
    let leaves = Frame::GoAway {
        is_taken: true,
        reason: NO_ERROR,
    };
    let first = [&[Frame::Streams(1)], &WHOLE[..]].concat();
    let second = [
        &[Frame::Pause, leaves, Frame::Pause],
        &WHOLE[..],
        &[Frame::Close],
    ]
    .concat();
    let server = Http2::start(&certificate, vec![first, second]).await;
    let client = server.client().build().unwrap();
    read(&client).await.unwrap();
    let calls = (0..4).map(|_| create(&client).into_future());
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(server.requests(), 5);
}
