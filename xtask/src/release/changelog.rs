//! The changelog of a crate, in the format of Keep a Changelog.

use semver::Version;

/// The file name, in the folder of a crate.
pub(crate) const FILE: &str = "CHANGELOG.md";

const UNRELEASED: &str = "## [Unreleased]";

/// Returns the text between a heading and the next one of its level.
fn section<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let start = text
        .match_indices(heading)
        .find(|(at, _)| *at == 0 || text[..*at].ends_with('\n'))?
        .0;
    let (_, body) = text[start..].split_once('\n')?;
    let end = body.find("\n## ").unwrap_or(body.len());
    Some(body[..end].trim())
}

/// Returns the unreleased entries, or `None` if there are only headings.
pub(crate) fn unreleased(text: &str) -> Option<&str> {
    section(text, UNRELEASED).filter(|body| {
        let mut lines = body.lines().map(str::trim);
        lines.any(|line| !line.is_empty() && !line.starts_with('#'))
    })
}

/// Returns the entries of a version that is released, or about to be.
pub(crate) fn notes<'a>(text: &'a str, version: &Version) -> Option<&'a str> {
    section(text, &format!("## [{version}]"))
}

/// Moves the unreleased entries under a heading with the version and its date.
pub(crate) fn dated(text: &str, version: &Version, date: &str) -> String {
    text.replacen(
        UNRELEASED,
        &format!("{UNRELEASED}\n\n## [{version}] - {date}"),
        1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changelog\n\n## [Unreleased]\n\n### Fixed\n\n- That.\n\n## [0.1.0] - 2026-01-02\n\n- All.\n";

    #[test]
    fn a_release_moves_what_is_unreleased_under_its_version() {
        let version = Version::new(0, 1, 1);
        let dated = dated(TEXT, &version, "2026-02-03");
        assert_eq!(unreleased(&dated), None);
        assert_eq!(notes(&dated, &version), Some("### Fixed\n\n- That."));
        assert_eq!(notes(&dated, &Version::new(0, 1, 0)), Some("- All."));
        assert_eq!(notes(&dated, &Version::new(0, 1, 2)), None);
        assert!(dated.contains("## [Unreleased]\n\n## [0.1.1] - 2026-02-03\n\n### Fixed\n"));
    }

    #[test]
    fn headings_alone_are_nothing_to_release() {
        assert_eq!(unreleased(TEXT), Some("### Fixed\n\n- That."));
        assert_eq!(
            unreleased("## [Unreleased]\n\n### Added\n\n### Fixed\n"),
            None
        );
        assert_eq!(unreleased("## [0.1.0] - 2026-01-02\n\n- All.\n"), None);
    }
}
