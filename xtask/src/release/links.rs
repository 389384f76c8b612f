//! The links of a Markdown text. Rustdoc checks those in code. In a README they are relative to the file, or absolute.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The site with the documentation of published crates.
const PUBLISHED: &str = "https://docs.rs/";

/// Returns the broken links of a text: to a heading, to a file beside it, or to a page of the crate's documentation,
/// which was built into a folder.
pub(crate) fn broken(text: &str, beside: &Path, documented: Option<(&str, &Path)>) -> Vec<String> {
    let here = headings(text);
    let leads = |link: &str| {
        let (place, fragment) = link.split_once('#').unwrap_or((link, ""));
        if let Some((name, built)) = documented
            && let Some(page) = place.strip_prefix(&format!("{PUBLISHED}{name}/latest/"))
        {
            let page = fs::read_to_string(built.join(page)).ok();
            let anchor = format!("id=\"{fragment}\"");
            return page.is_some_and(|page| fragment.is_empty() || page.contains(&anchor));
        }
        if place.contains("://") {
            return true;
        }
        if place.is_empty() {
            return here.contains(fragment);
        }
        let path = beside.join(place);
        match fs::read_to_string(&path) {
            _ if fragment.is_empty() => path.exists(),
            Ok(text) => headings(&text).contains(fragment),
            Err(_) => false,
        }
    };
    let links = links(text).into_iter();
    links
        .filter(|link| !leads(link))
        .map(str::to_owned)
        .collect()
}

/// Returns the lines outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// Returns the targets of inline and reference links.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in prose(text) {
        let named = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "));
        found.extend(named.map(|(_, link)| link.trim()));
        let starts = line
            .match_indices("](")
            .map(|(at, mark)| &line[at + mark.len()..]);
        found.extend(starts.filter_map(|rest| Some(rest.split_once(')')?.0)));
    }
    found
}

/// Returns the anchors of the headings.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = prose(text).filter(|line| line.starts_with('#'));
    let titles = titles.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let place = |title: String| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        title
            .chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    };
    titles.map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn a_link_must_lead_somewhere() {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("doc");
        fs::create_dir_all(built.join("a_b")).unwrap();
        fs::write(built.join("a_b/struct.X.html"), "<h4 id=\"method.go\">").unwrap();
        fs::write(folder.path().join("OTHER.md"), "# One `word`, or two?\n").unwrap();
        for (text, expected) in [
            ("[x](https://example.com/x#y) [y](OTHER.md) [z]", ""),
            (
                "[x](OTHER.md#one-word-or-two) [y](OTHER.md#one)",
                "OTHER.md#one",
            ),
            ("# Of it\n[x](#of-it), [y](#of-others)", "#of-others"),
            ("[x](GONE.md)", "GONE.md"),
            (
                "[x]: https://docs.rs/a-b/latest/a_b/struct.X.html#method.go",
                "",
            ),
            (
                "[x]: https://docs.rs/a-b/latest/a_b/struct.X.html#method.stop",
                "https://docs.rs/a-b/latest/a_b/struct.X.html#method.stop",
            ),
            (
                "[x]: https://docs.rs/a-b/latest/a_b/enum.X.html",
                "https://docs.rs/a-b/latest/a_b/enum.X.html",
            ),
            ("[x]: https://docs.rs/c/latest/c/enum.X.html", ""),
            ("```\n# Of it\n[x](GONE.md)\n```\n[y](#of-it)", "#of-it"),
        ] {
            let found = broken(text, folder.path(), Some(("a-b", &built)));
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn links_for_maintainers_have_targets() {
        let root = project::root();
        for name in [
            "README.md",
            "ARCHITECTURE.md",
            "RELEASING.md",
            "SECURITY.md",
        ] {
            let text = fs::read_to_string(root.join(name)).unwrap();
            assert!(!links(&text).is_empty() || name == "SECURITY.md", "{name}");
            assert_eq!(broken(&text, &root, None), [""; 0], "{name}");
        }
    }
}
