//! Hashes: 8 bytes that stand for the id of a record.

/// 6 bits each, as in base64 for URLs.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// How many digits a hash has.
pub(super) const DIGITS_OF_HASH: usize = 11;

/// Appends the hash as 11 digits.
pub(super) fn write_hash(hash: u64, to: &mut String) {
    let digit = |place: usize| DIGITS[(hash >> (6 * place)) as usize % DIGITS.len()];
    to.extend((0..DIGITS_OF_HASH).map(|place| char::from(digit(place))));
}

/// Reads a hash from its 11 digits.
pub(super) fn read_hash(digits: &[u8]) -> Option<u64> {
    if digits.len() != DIGITS_OF_HASH {
        return None;
    }
    digits.iter().rev().try_fold(0_u64, |hash, digit| {
        let value = DIGITS.iter().position(|one| one == digit)?;
        hash.checked_mul(64)?.checked_add(value as u64)
    })
}

/// SipHash-2-4. It is the same in every version and on every machine, because hashes are stored.
pub(super) fn siphash(key: u64, bytes: &[u8]) -> u64 {
    siphash_with([key, !key], bytes)
}

fn siphash_with([k0, k1]: [u64; 2], bytes: &[u8]) -> u64 {
    fn round([v0, v1, v2, v3]: &mut [u64; 4]) {
        *v0 = v0.wrapping_add(*v1);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v3);
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.wrapping_add(*v3);
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.wrapping_add(*v1);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v2 = v2.rotate_left(32);
    }
    let mut state = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut take = |word: u64| {
        state[3] ^= word;
        round(&mut state);
        round(&mut state);
        state[0] ^= word;
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        take(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    take(u64::from_le_bytes(last) | (bytes.len() as u64) << 56);
    state[2] ^= 0xff;
    for _ in 0..4 {
        round(&mut state);
    }
    state.into_iter().fold(0, |all, one| all ^ one)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the paper's authors, for the key 00 01 .. 0f and the texts 00 01 ...
    #[test]
    fn the_hashes_are_those_of_siphash_and_do_not_change_with_the_version() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let text: Vec<u8> = (0..15).collect();
        assert_eq!(siphash_with(key, &[]), 0x726f_db47_dd0e_0e31);
        assert_eq!(siphash_with(key, &text), 0xa129_ca61_49be_45e5);
        // The second half of the key is derived from the first.
        assert_eq!(siphash(key[0], &text), 0x0f18_3b78_1153_fc58);
    }

    #[test]
    fn a_hash_is_written_as_eleven_characters_and_read_back() {
        for hash in [0, 1, 63, 64, u64::MAX, 0x0123_4567_89ab_cdef] {
            let mut text = String::new();
            write_hash(hash, &mut text);
            assert_eq!(text.len(), DIGITS_OF_HASH);
            assert_eq!(read_hash(text.as_bytes()), Some(hash));
        }
        for wrong in ["", "A", "AAAAAAAAAA", "AAAAAAAAAA!", "___________"] {
            assert_eq!(read_hash(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
