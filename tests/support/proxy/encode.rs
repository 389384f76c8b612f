//! Content codings.

use std::io::Write as _;
use std::sync::LazyLock;

use super::Spoil;

/// Twice as much as the clients read.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzip(&vec![b' '; 2 * 1024 * 1024]));

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

/// Returns a frame of one uncompressed block.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
    /// A single segment, with a size of four bytes.
    const DESCRIPTOR: u8 = 0b1010_0000;
    const LAST: u32 = 1;
    let size = u32::try_from(bytes.len()).expect("a small body");
    let block = (size << 3 | LAST).to_le_bytes();
    let head = [&MAGIC[..], &[DESCRIPTOR], &size.to_le_bytes(), &block[..3]].concat();
    [&head, bytes].concat()
}

/// Returns the encoded body and the name of the encoding, if the fault is about it.
pub(super) fn encoded(spoil: Spoil, body: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let halves = || body.split_at(body.len() / 2);
    let changed = |change: fn(&mut Vec<u8>)| {
        let mut bytes = gzip(body);
        change(&mut bytes);
        bytes
    };
    Some(match spoil {
        Spoil::Gzip(name) => (name, gzip(body)),
        Spoil::Deflate => ("deflate", deflate(body)),
        Spoil::Zstd => ("zstd", zstd(body)),
        // A byte of the checksum.
        Spoil::GzipDamaged => (
            "gzip",
            changed(|bytes| *bytes.iter_mut().nth_back(5).expect("a trailer") ^= 0xff),
        ),
        Spoil::GzipCut => ("gzip", changed(|bytes| bytes.truncate(bytes.len() - 10))),
        Spoil::GzipAndMore => ("gzip", [gzip(body), b"more".to_vec()].concat()),
        Spoil::GzipOfTwo => ("gzip", [gzip(halves().0), gzip(halves().1)].concat()),
        Spoil::GzipTwice => ("gzip, gzip", gzip(&gzip(body))),
        Spoil::GzipBomb => ("gzip", BOMB.clone()),
        Spoil::InNameOnly(name) => (name, body.to_vec()),
        _ => return None,
    })
}

/// Compresses a body for a transfer coding.
pub(super) fn for_transfer(body: &[u8]) -> Vec<u8> {
    gzip(body)
}
