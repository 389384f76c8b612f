//! Seeded random values and identifiers.

/// A reproducible source of values. Each purpose has its own stream: taking more values for one purpose does not change
/// the others.
#[derive(Debug)]
pub(crate) struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        // FNV-1a is small, and stable across platforms and releases.
        let mut mixed = 0xcbf2_9ce4_8422_2325_u64;
        for byte in seed.to_le_bytes().iter().chain(purpose.as_bytes()) {
            mixed = (mixed ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(fastrand::Rng::with_seed(mixed))
    }

    /// An identifier that reads as a version 4 UUID.
    pub(crate) fn id(&mut self) -> String {
        let hex = format!("{:032x}", self.0.u128(..));
        let variant = char::from(self.pick(b"89ab"));
        let (time, rest) = (&hex[..8], &hex[20..]);
        format!(
            "{time}-{}-4{}-{variant}{}-{rest}",
            &hex[8..12],
            &hex[13..16],
            &hex[17..20]
        )
    }

    pub(crate) fn fraction(&mut self) -> f64 {
        self.0.f64()
    }

    pub(crate) fn percent(&mut self, chance: u8) -> bool {
        self.0.u8(..100) < chance
    }

    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.usize(..end) }
    }

    /// A number from `start` up to `end`; `start` if the range is empty.
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

    /// `count` characters of `alphabet`.
    pub(crate) fn text(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count)
            .map(|_| char::from(self.pick(alphabet)))
            .collect()
    }
}

pub(crate) const HEX: &[u8] = b"0123456789abcdef";
pub(crate) const ALPHANUMERIC: &[u8] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
