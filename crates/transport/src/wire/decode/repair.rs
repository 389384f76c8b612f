//! Repairs invalid JSON that has one clear meaning.

use crate::wire::has_lost_digits;

/// Replaces what is not text.
const REPLACEMENT: &str = "\u{fffd}";

/// Repairs JSON errors that some services make. `None` if the text has none of them.
///
/// - A byte order mark at the start is removed.
/// - Half of a surrogate pair, such as `\ud83d` alone, and bytes in a string that are not UTF-8 become U+FFFD.
/// - Numbers beyond 64 bits, such as `1e400` and those of 400 digits, become strings with the same digits.
///
/// Everything else is unchanged. Also `None` if bytes outside of strings are not UTF-8, since that is not JSON.
pub(crate) fn repair(body: &[u8]) -> Option<String> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let (out, changed) = Repair::of(text, false)?;
    (changed || text.len() != body.len()).then_some(out)
}

/// A text of the same length, in which places can be found: what [`repair`] replaces is question marks here. If the
/// body is no JSON otherwise, only the bytes that are not UTF-8 are masked.
pub(crate) fn masked(body: &[u8]) -> String {
    if let Some((masked, _)) = Repair::of(body, true) {
        return masked;
    }
    let mut masked = String::with_capacity(body.len());
    mask(body, &mut masked);
    masked
}

fn mask(bytes: &[u8], masked: &mut String) {
    for chunk in bytes.utf8_chunks() {
        masked.push_str(chunk.valid());
        masked.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
}

struct Repair<'a> {
    rest: &'a [u8],
    out: String,
    changed: bool,
    /// Whether the length is to stay the same.
    is_mask: bool,
}

impl<'a> Repair<'a> {
    /// The text, and whether anything in it was replaced. `None` if bytes outside of strings are not UTF-8.
    fn of(text: &'a [u8], is_mask: bool) -> Option<(String, bool)> {
        let mut repair = Self {
            rest: text,
            out: String::with_capacity(text.len()),
            changed: false,
            is_mask,
        };
        while let Some(&byte) = repair.rest.first() {
            match byte {
                b'"' => repair.string(),
                b'-' | b'0'..=b'9' => repair.number(),
                _ => {
                    let end = repair.until(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9'));
                    let between = std::str::from_utf8(repair.take(end)).ok()?;
                    repair.out.push_str(between);
                }
            }
        }
        Some((repair.out, repair.changed))
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn until(&self, is_end: impl Fn(u8) -> bool) -> usize {
        let end = self.rest.iter().position(|byte| is_end(*byte));
        end.unwrap_or(self.rest.len())
    }

    /// Takes bytes that may not be UTF-8.
    fn text(&mut self, length: usize) {
        let text = self.take(length);
        if self.is_mask {
            return mask(text, &mut self.out);
        }
        let text = String::from_utf8_lossy(text);
        self.changed |= matches!(text, std::borrow::Cow::Owned(_));
        self.out.push_str(&text);
    }

    fn string(&mut self) {
        self.text(1);
        loop {
            let plain = self.until(|byte| matches!(byte, b'"' | b'\\'));
            self.text(plain);
            match self.rest {
                [b'\\', b'u', ..] => self.unicode(),
                // The byte after a backslash does not end the string. If it begins a character, the rest of that stays
                // with it.
                [b'\\', next, ..] if next.is_ascii() => self.text(2),
                [b'\\', ..] => self.text(1),
                [b'"', ..] => return self.text(1),
                _ => return,
            }
        }
    }

    /// Takes a numeric escape, or both halves of a surrogate pair.
    fn unicode(&mut self) {
        match (unit(self.rest), self.rest.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => self.text(12),
            (Some(0xd800..=0xdfff), _) => {
                self.take(6);
                let replacement = if self.is_mask { "??????" } else { REPLACEMENT };
                self.out.push_str(replacement);
                self.changed = true;
            }
            (Some(_), _) => self.text(6),
            (None, _) => self.text(2),
        }
    }

    fn number(&mut self) {
        let end =
            self.until(|byte| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        let number = String::from_utf8_lossy(self.take(end));
        let is_beyond = is_beyond(&number);
        self.changed |= is_beyond;
        if self.is_mask && is_beyond {
            let marks = "?".repeat(number.len() - 2);
            self.out.extend(["\"", &marks, "\""]);
            return;
        }
        let quote = if is_beyond { "\"" } else { "" };
        self.out.extend([quote, &number, quote]);
    }
}

/// The UTF-16 unit of an escape such as `\ud83d` at the start.
fn unit(text: &[u8]) -> Option<u16> {
    let [b'\\', b'u', digits @ ..] = text else {
        return None;
    };
    let digits = std::str::from_utf8(digits.get(..4)?).ok()?;
    // `from_str_radix` would accept a sign.
    if digits.starts_with('+') {
        return None;
    }
    u16::from_str_radix(digits, 16).ok()
}

/// Whether it is a JSON number that 64 bits cannot hold.
fn is_beyond(number: &str) -> bool {
    // Shorter than any without an exponent.
    if number.len() < 19 && !number.contains(['e', 'E']) {
        return false;
    }
    let is_whole = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    !is_whole
        && number.parse().is_ok_and(has_lost_digits)
        && serde_json::from_str::<serde::de::IgnoredAny>(number).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_oddity_is_repaired_where_it_stands() {
        for (body, expected) in [
            (&b"\xef\xbb\xbf{}"[..], "{}"),
            (br#"["cut \ud83d"]"#, "[\"cut \u{fffd}\"]"),
            (br#"["\ud83d\u0041"]"#, "[\"\u{fffd}\\u0041\"]"),
            (br#"["\ude00\ud83d\ude00"]"#, "[\"\u{fffd}\\ud83d\\ude00\"]"),
            (br#"["\ud83d\ud83d\ude00"]"#, "[\"\u{fffd}\\ud83d\\ude00\"]"),
            (br#"{"\udc00":1}"#, "{\"\u{fffd}\":1}"),
            (b"[\"caf\xe9\"]", "[\"caf\u{fffd}\"]"),
            (b"[\"\xed\xa0\xbd\"]", "[\"\u{fffd}\u{fffd}\u{fffd}\"]"),
            (b"[1e400,-1E+400,2]", r#"["1e400","-1E+400",2]"#),
            (
                b"{\"a\":123456789012345678901}",
                r#"{"a":"123456789012345678901"}"#,
            ),
            (b"[\"\\\xe9\",\"\\ud83d\"]", "[\"\\\u{fffd}\",\"\u{fffd}\"]"),
            (b"[18446744073709551616]", r#"["18446744073709551616"]"#),
        ] {
            assert_eq!(repair(body).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_mask_is_json_of_the_same_length() {
        for (body, expected) in [
            (&br#"{"next":"a\ud83d"}"#[..], r#"{"next":"a??????"}"#),
            (b"[\"caf\xe9\",1e400,2e19]", "[\"caf?\",\"???\",\"??\"]"),
            (b"[\"\\\xe9\"]", "[\"\\?\"]"),
            (b"nonsense \xff", "nonsense ?"),
            (b"{}", "{}"),
        ] {
            let masked = masked(body);
            assert_eq!((masked.as_str(), masked.len()), (expected, body.len()));
        }
    }

    #[test]
    fn what_is_no_oddity_stays() {
        for body in [
            &b"{\"a\":\"\\\\ud83d \\\" \\ud83d\\ude00\"}"[..],
            b"[18446744073709551615,-9223372036854775808,1e18,0.1e-400,1.7976931348623157e-308]",
            b"[\"1e400\",\"123456789012345678901234\"]",
            b"[1e,01e400,1e400e1,--1e400]",
            b"[\"\\\xc3\xa9\"]",
            b"[\"\\u12\",\"\\u+123\"]",
            b"nonsense \xff",
            b"<html>",
            b"\"\\",
            b"\"\\u",
            b"",
        ] {
            assert_eq!(repair(body), None, "{}", String::from_utf8_lossy(body));
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e18..1e18).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    /// A value as one token that needs a repair.
    fn any_oddity() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            (any::<String>(), 0xd800_u16..0xe000, any::<String>()).prop_map(
                |(before, unit, after)| {
                    let text = serde_json::to_string(&format!("{before}|{after}")).unwrap();
                    text.replacen('|', &format!("\\u{unit:04x}"), 1)
                        .into_bytes()
                }
            ),
            "-?[1-9][0-9]{20,400}(\\.[0-9]+)?([eE][+]?[0-9]{1,4})?".prop_map(String::into_bytes),
            "-?[1-9]e[1-9][0-9]{2,8}".prop_map(String::into_bytes),
            proptest::collection::vec(0x80_u8.., 1..20)
                .prop_map(|bytes| [b"\"", &*bytes, b"\""].concat()),
        ]
    }

    proptest! {
        #[test]
        fn json_without_oddities_is_not_touched(value in any_json(), pretty in any::<bool>()) {
            let text = match pretty {
                true => serde_json::to_string_pretty(&value).unwrap(),
                false => value.to_string(),
            };
            prop_assert_eq!(repair(text.as_bytes()), None);
        }

        #[test]
        fn json_with_oddities_is_json_afterwards_and_keeps_the_rest(
            value in any_json(),
            oddities in proptest::collection::vec(any_oddity(), 0..4),
            mark in any::<bool>(),
        ) {
            let mut body = if mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
            body.push(b'[');
            body.extend(value.to_string().bytes());
            for oddity in &oddities {
                body.push(b',');
                body.extend(oddity);
            }
            body.push(b']');
            let text = repair(&body).or_else(|| String::from_utf8(body).ok()).unwrap();
            let read: Vec<Value> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.len(), oddities.len() + 1);
            // Some fractions are rounded by every parser.
            let alone: Value = serde_json::from_str(&value.to_string()).unwrap();
            prop_assert_eq!(&read[0], &alone);
            // One repair is enough.
            prop_assert_eq!(repair(text.as_bytes()), None);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, text in "[\\[\\]{}\":,\\\\ud8e0-9+.-]{0,40}") {
            for bytes in [&*bytes, text.as_bytes()] {
                if let Some(repaired) = repair(bytes) {
                    prop_assert_eq!(repair(repaired.as_bytes()), None);
                }
            }
        }
    }
}
