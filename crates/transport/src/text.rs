//! What characters do to a text that is shown.

/// Whether a terminal or a log viewer interprets the character instead of showing it.
pub(crate) fn is_disruptive(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            // Direction marks, line breaks, and the byte order mark.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}
