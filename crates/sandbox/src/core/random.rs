//! Seeded randomness and the identifiers drawn from it.

use std::fmt;

use serde::{Serialize, Serializer};

/// A reproducible source of values. Every purpose has a stream of its own, so
/// that drawing more for one of them changes nothing in the others.
pub(crate) struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        // FNV-1a: small, stable across platforms and releases.
        let mut mixed = 0xcbf2_9ce4_8422_2325_u64;
        for byte in seed.to_le_bytes().iter().chain(purpose.as_bytes()) {
            mixed = (mixed ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(fastrand::Rng::with_seed(mixed))
    }

    pub(crate) fn id(&mut self) -> Id {
        Id::from_bits(self.0.u128(..))
    }

    pub(crate) fn fraction(&mut self) -> f64 {
        self.0.f64()
    }

    pub(crate) fn percent(&mut self, chance: u8) -> bool {
        self.0.u8(..100) < chance
    }

    /// A number below `end`; 0 when there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.usize(..end) }
    }

    /// A number from `start` up to `end`; `start` when the range is empty.
    pub(crate) fn between(&mut self, start: i64, end: i64) -> i64 {
        if end <= start {
            start
        } else {
            self.0.i64(start..end)
        }
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// One of `choices`, each as likely as its number says.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(T, usize)]) -> T {
        let mut left = self.below(choices.iter().map(|(_, weight)| weight).sum());
        let mut one = choices[0].0;
        for (choice, weight) in choices {
            one = *choice;
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        one
    }

    /// `count` characters out of `alphabet`.
    pub(crate) fn text(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count)
            .map(|_| char::from(self.pick(alphabet)))
            .collect()
    }
}

pub(crate) const HEX: &[u8] = b"0123456789abcdef";
pub(crate) const ALPHANUMERIC: &[u8] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An identifier that reads as a version 4 UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(u128);

impl Id {
    /// Equal to no identifier that is ever handed out.
    pub(crate) const NONE: Self = Self(0);

    const MARKS: u128 = 0x0000_0000_0000_f000_c000_0000_0000_0000;
    const VERSION_4: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;

    pub(crate) const fn from_bits(bits: u128) -> Self {
        Self((bits & !Self::MARKS) | Self::VERSION_4)
    }

    pub(crate) const fn to_bits(self) -> u128 {
        self.0
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 36 {
            return None;
        }
        let mut bits = 0_u128;
        for (position, byte) in bytes.iter().enumerate() {
            if matches!(position, 8 | 13 | 18 | 23) {
                if *byte != b'-' {
                    return None;
                }
            } else {
                bits = (bits << 4) | u128::from(char::from(*byte).to_digit(16)?);
            }
        }
        Some(Self(bits))
    }

    fn write(self, text: &mut [u8; 36]) {
        let mut shift = 128_u32;
        for (position, byte) in text.iter_mut().enumerate() {
            if !matches!(position, 8 | 13 | 18 | 23) {
                shift -= 4;
                *byte = HEX[((self.0 >> shift) & 0xf) as usize];
            }
        }
    }

    fn with_text<R>(self, read: impl FnOnce(&str) -> R) -> R {
        let mut text = [b'-'; 36];
        self.write(&mut text);
        read(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| formatter.write_str(text))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_a_version_4_uuid_and_parses_back() {
        let mut random = Random::new(1, "ids");
        for _ in 0..200 {
            let id = random.id();
            let text = id.to_string();
            assert_eq!(text.len(), 36);
            assert_eq!(&text[14..15], "4");
            assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"));
            assert_eq!(Id::parse(&text), Some(id));
            assert_eq!(Id::parse(&text.to_uppercase()), Some(id));
        }
    }

    #[test]
    fn what_is_no_uuid_is_no_id() {
        for text in [
            "",
            "1852b6ab",
            "1852b6ab-0cca-4c8d-8f14-4905497504eg",
            "1852b6ab00cca-4c8d-8f14-4905497504ec",
        ] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }

    #[test]
    fn purposes_draw_from_streams_of_their_own() {
        let draw = |seed, purpose| Random::new(seed, purpose).id();
        assert_eq!(draw(7, "browsers"), draw(7, "browsers"));
        assert_ne!(draw(7, "browsers"), draw(7, "accounts"));
        assert_ne!(draw(7, "browsers"), draw(8, "browsers"));
    }
}
