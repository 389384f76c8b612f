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

/// Whether a service sees nothing in a text: it is empty, or has white space alone. What else has no glyph may be a
/// secret that a service takes.
#[must_use]
pub fn is_white_space(text: &str) -> bool {
    text.trim().is_empty()
}

/// Whether there is nothing to see in a text: it is empty, or has only white space and characters without a glyph.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    let mut letters = text.chars();
    letters.all(|letter| letter.is_whitespace() || has_no_glyph(letter))
}

/// Whether a character at the edge of a text comes from the file or the page that the text was copied from: white
/// space, a byte order mark, or its like without a width.
pub(crate) fn is_padding(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Source: `Default_Ignorable_Code_Point` in Unicode 16's `DerivedCoreProperties.txt`, and the pattern of Braille
/// without dots.
fn has_no_glyph(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
