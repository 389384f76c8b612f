//! Numbers in texts, as Ruby reads them. Source: the documentation of `Integer()` and `String#to_i`.

/// The sign of a number, and the rest of it. Blanks around a number do not matter.
fn signed(text: &str) -> (i64, &str) {
    let text = text.trim_matches(|char| matches!(char, '\t'..='\r' | ' '));
    match text.strip_prefix('-') {
        Some(number) => (-1, number),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// What `Integer()` makes of a text: a prefix gives another base, a 0 alone that of 8, and single underscores may stand
/// between digits (compared with 2.11.4).
pub(crate) fn integer(text: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let (sign, number) = signed(&text);
    let bases = [("0x", 16), ("0b", 2), ("0o", 8), ("0d", 10)];
    let mut bases = bases.iter();
    let prefixed = bases.find_map(|(prefix, base)| Some((number.strip_prefix(prefix)?, *base)));
    let plain = if number.starts_with('0') { 8 } else { 10 };
    let (digits, base) = prefixed.unwrap_or((number, plain));
    let is_number = |part: &str| !part.is_empty() && part.chars().all(|char| char.is_digit(base));
    // A larger number is as good as the largest.
    let value = i64::from_str_radix(&digits.replace('_', ""), base).unwrap_or(i64::MAX);
    digits.split('_').all(is_number).then_some(sign * value)
}

/// What `to_i` makes of a text: the decimal number that it begins with, else 0.
pub(crate) fn to_i(text: &str) -> i64 {
    let (sign, number) = signed(text);
    let (mut value, mut last) = (0_i64, '_');
    for char in number.chars() {
        match char.to_digit(10) {
            Some(digit) => value = value.saturating_mul(10).saturating_add(digit.into()),
            None if char == '_' && last != '_' => {}
            None => break,
        }
        last = char;
    }
    sign * value
}
