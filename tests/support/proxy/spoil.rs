//! Spoils responses, and builds other ones instead.

use std::io::{self, Write as _};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::http1::Response;
use super::{Instead, Place, Spoil};

/// The size of the bomb's content.
const UNPACKED: usize = 8 * 1024 * 1024;

impl Place {
    fn of(self, length: usize) -> usize {
        match self {
            Self::Start => 0,
            Self::Middle => length / 2,
            Self::BeforeTheLastByte => length - 1,
        }
    }
}

/// The state of a connection after a response.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    KeepAlive,
    Close,
    /// The connection ends without the TLS closing alert.
    Break,
    Reset,
    Silence,
    Trickle,
}

fn bytes_of(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Status\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    [head.as_bytes(), body].concat()
}

/// Returns the bytes that replace the service's response.
pub(super) fn instead(instead: Instead) -> (Vec<u8>, End) {
    const JSON: (&str, &str) = ("content-type", "application/json");
    match instead {
        Instead::Garbage => (b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(), End::Close),
        Instead::HalfAHead => (b"HTTP/1.1 200 OK\r\nconte".to_vec(), End::Close),
        Instead::HalfAHeadThenSilence => (b"HTTP/1.1 200 OK\r\nconte".to_vec(), End::Silence),
        Instead::TricklingHead => (b"HTTP/1.1 200 OK\r\nx-long: ".to_vec(), End::Trickle),
        Instead::LargeHeader => {
            let value = "x".repeat(1024 * 1024);
            (bytes_of(200, &[("x-large", &value)], b"{}"), End::Close)
        }
        Instead::ManyHeaders => (bytes_of(200, &[("x-many", "y"); 1000], b"{}"), End::Close),
        Instead::Status(status, headers) => (bytes_of(status, headers, b""), End::KeepAlive),
        Instead::Gateway(status) => (
            bytes_of(
                status,
                &[("content-type", "text/html")],
                b"<html>The origin is unreachable</html>",
            ),
            End::KeepAlive,
        ),
        Instead::JsonError(status) => (
            bytes_of(
                status,
                &[JSON],
                br#"{"error":"not now","message":"not now"}"#,
            ),
            End::KeepAlive,
        ),
        Instead::Page => (
            bytes_of(
                200,
                &[("content-type", "text/html")],
                b"<html>Sign in</html>",
            ),
            End::KeepAlive,
        ),
        Instead::DeepJson => (bytes_of(200, &[JSON], &[b'['; 100_000]), End::KeepAlive),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

/// Returns the encoded body and the name of the encoding, if the fault is about it.
fn encoded(spoil: Spoil, body: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let halves = || body.split_at(body.len() / 2);
    Some(match spoil {
        Spoil::Gzip(name) => (name, gzip(body)),
        Spoil::GzipDamaged | Spoil::GzipCut => ("gzip", gzip(body)),
        Spoil::GzipAndMore => ("gzip", [gzip(body), b"more".to_vec()].concat()),
        Spoil::GzipOfTwo => ("gzip", [gzip(halves().0), gzip(halves().1)].concat()),
        Spoil::GzipTwice => ("gzip, gzip", gzip(&gzip(body))),
        Spoil::GzipBomb => ("gzip", gzip(&vec![b' '; UNPACKED])),
        Spoil::InNameOnly(name) => (name, body.to_vec()),
        _ => return None,
    })
}

/// Returns the head with these lengths.
fn head(response: &Response, lengths: &[usize]) -> Vec<u8> {
    let mut bytes = response.head.bytes();
    bytes.truncate(bytes.len() - 2);
    for length in lengths {
        bytes.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Writes the response, or the part that the fault leaves.
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    mut response: Response,
    spoil: Option<Spoil>,
) -> io::Result<End> {
    if let Some(Spoil::Headers(headers)) = spoil {
        let present = &mut response.head.headers;
        present.retain(|(name, _)| headers.iter().all(|(other, _)| name != other));
        present.extend(
            headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
    }
    if let Some(Spoil::GzipTransfer) = spoil {
        let body = gzip(&response.body);
        let mut bytes = head(&response, &[]);
        bytes.truncate(bytes.len() - 2);
        bytes.extend_from_slice(b"transfer-encoding: gzip, chunked\r\n\r\n");
        bytes.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(&body);
        bytes.extend_from_slice(b"\r\n0\r\n\r\n");
        stream.write_all(&bytes).await?;
        return Ok(End::KeepAlive);
    }
    if let Some((encoding, body)) = spoil.and_then(|spoil| encoded(spoil, &response.body)) {
        let encoding = ("content-encoding".to_owned(), encoding.to_owned());
        response.head.headers.push(encoding);
        response.body = body;
    }
    let length = response.body.len();
    let half = length / 2;
    let mut announced = vec![length];
    let mut sent = length;
    let mut end = End::KeepAlive;
    match spoil {
        None
        | Some(
            Spoil::Trickle(_)
            | Spoil::Headers(_)
            | Spoil::Gzip(_)
            | Spoil::GzipOfTwo
            | Spoil::GzipTwice
            | Spoil::GzipBomb
            | Spoil::GzipAndMore
            | Spoil::InNameOnly(_)
            | Spoil::GzipTransfer,
        ) => {}
        Some(Spoil::Delay(time)) => tokio::time::sleep(time).await,
        Some(Spoil::Cut(place)) => {
            sent = place.of(length);
            end = End::Close;
        }
        Some(Spoil::CutHead(place)) => {
            let head = head(&response, &announced);
            stream
                .write_all(&head[..place.of(head.len()).max(1)])
                .await?;
            return Ok(End::Close);
        }
        Some(Spoil::CutWithoutLength) => (announced, sent, end) = (vec![], half, End::Break),
        Some(Spoil::CutChunked) => {
            let mut bytes = head(&response, &[]);
            bytes.truncate(bytes.len() - 2);
            bytes.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
            bytes.extend_from_slice(format!("{half:x}\r\n").as_bytes());
            bytes.extend_from_slice(&response.body[..half]);
            bytes.extend_from_slice(b"\r\n");
            stream.write_all(&bytes).await?;
            return Ok(End::Close);
        }
        Some(Spoil::ResetInTheMiddle) => {
            stream.write_all(&head(&response, &announced)).await?;
            stream.write_all(&response.body[..half]).await?;
            // Let the client read the data before the reset, which would drop it.
            tokio::time::sleep(Duration::from_millis(20)).await;
            return Ok(End::Reset);
        }
        Some(Spoil::StallInTheMiddle) => (sent, end) = (half, End::Silence),
        Some(Spoil::CloseAfter) => end = End::Close,
        Some(Spoil::GzipDamaged) => {
            // Corrupt the checksum.
            response.body[length - 6] ^= 0xff;
        }
        Some(Spoil::GzipCut) => {
            announced = vec![length - 10];
            sent = length - 10;
        }
        Some(Spoil::TwoLengths) => announced.push(length + 1),
        Some(Spoil::LongerLength) => (announced, end) = (vec![length + 10], End::Close),
        Some(Spoil::ShorterLength) => announced = vec![half],
        Some(Spoil::ForgedResponseBehind) => {
            announced = vec![half];
            response.body.truncate(half);
            response
                .body
                .extend_from_slice(&bytes_of(418, &[("x-forged", "yes")], b"{}"));
            sent = response.body.len();
        }
    }
    stream.write_all(&head(&response, &announced)).await?;
    let body = &response.body[..sent];
    if let Some(Spoil::Trickle(pace)) = spoil {
        for piece in body.chunks((sent / 20).max(1)) {
            stream.write_all(piece).await?;
            tokio::time::sleep(pace).await;
        }
    } else {
        stream.write_all(body).await?;
    }
    Ok(end)
}
