//! Names from a response or a file in error texts.

use security_api_transport::one_line;

/// How many names an error lists.
const MOST: usize = 20;
/// How much of a name an error shows, in characters.
const LONGEST: usize = 60;

/// The first names, each on one line and bounded, and how many there are more.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let first = names.by_ref().take(MOST);
    let first: Vec<_> = first.map(|name| one_line(name, LONGEST)).collect();
    let first = first.join(", ");
    match names.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_stay_on_the_line_and_are_few() {
        assert_eq!(listed(["a", "b\n\u{1b}[2J"]), r"a, b\n\u001b[2J");
        assert_eq!(listed(["x".repeat(99).as_str()]).chars().count(), LONGEST);
        assert!(listed(vec!["x"; 25]).ends_with("x, x and 5 more"));
    }
}
