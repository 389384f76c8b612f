//! Documentation as attributes, and items as formatted files.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::ir::Source;

/// The width to which documentation is wrapped.
pub(super) const WIDTH: usize = 112;

/// Returns documentation, one attribute for each line.
pub(super) fn doc(text: &str) -> TokenStream {
    let lines = fill(text).into_iter().map(|line| match line.as_str() {
        "" => String::new(),
        line => format!(" {line}"),
    });
    quote!(#(#[doc = #lines])*)
}

/// Wraps paragraphs and list items. Fenced code is unchanged.
fn fill(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut open, mut fenced) = (false, false);
    for raw in text.trim().lines() {
        let line = raw.trim_end();
        if line.starts_with("```") || fenced {
            fenced ^= line.starts_with("```");
            open = false;
            lines.push(line.to_owned());
            continue;
        }
        if line.is_empty() {
            open = false;
            lines.push(String::new());
            continue;
        }
        if line.starts_with("- ") || line.starts_with('#') {
            open = false;
        }
        for word in line.split_whitespace() {
            let indent = lines
                .last()
                .is_some_and(|last| last.starts_with("- ") || last.starts_with("  "));
            match lines.last_mut() {
                Some(last) if open && last.len() + 1 + word.len() <= WIDTH => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ if open && indent => lines.push(format!("  {word}")),
                _ => lines.push(word.to_owned()),
            }
            open = true;
        }
        open &= !line.starts_with('#');
    }
    lines
}

/// Returns the source of an operation or type as a sentence.
pub(super) fn source(source: Source) -> &'static str {
    match source {
        Source::VendorDocumentation => "Source: the vendor's documentation.",
        Source::VendorIndex => {
            "Source: the address of the vendor's page about it, which shows method and path; its text was not at hand."
        }
        Source::PublicClient => "Source: public clients of this API.",
        Source::PublicSample => "Source: public samples of what the service sends.",
        Source::ServerCode => "Source: the server's source code.",
        Source::Inferred => "Inferred by analogy; unconfirmed.",
    }
}

/// Returns the source of a member or parameter as a sentence, if it has to be mentioned.
pub(super) fn origin(source: Option<Source>) -> &'static str {
    match source {
        None | Some(Source::VendorDocumentation | Source::VendorIndex | Source::ServerCode) => "",
        Some(Source::PublicClient) => " Known from public clients.",
        Some(Source::PublicSample) => " Known from public samples.",
        Some(Source::Inferred) => " Inferred by analogy; unconfirmed.",
    }
}

/// Returns documentation as indented lines of a file.
pub(super) fn doc_lines(text: &str, indent: &str) -> String {
    let lines = fill(text).into_iter().map(|line| match line.as_str() {
        "" => format!("{indent}///\n"),
        line => format!("{indent}/// {line}\n"),
    });
    match text.is_empty() {
        true => String::new(),
        false => lines.collect(),
    }
}

/// A part of a file: code to format, or lines to write as they are.
#[derive(Debug)]
pub(super) enum Item {
    Code(TokenStream),
    Lines(String),
}

impl From<TokenStream> for Item {
    fn from(code: TokenStream) -> Self {
        Self::Code(code)
    }
}

impl From<String> for Item {
    fn from(lines: String) -> Self {
        Self::Lines(lines)
    }
}

/// Returns a file with these items.
pub(super) fn file<I: Into<Item>>(header: &str, items: impl IntoIterator<Item = I>) -> String {
    let mut text = header.to_owned();
    for item in items {
        let lines = match item.into() {
            Item::Code(code) => {
                let item: syn::File = syn::parse2(code).expect("the generator emits whole items");
                apart(&prettyplease::unparse(&item))
            }
            Item::Lines(lines) => lines,
        };
        if !lines.trim().is_empty() {
            text.push('\n');
            text.push_str(lines.trim_end());
            text.push('\n');
        }
    }
    text
}

/// Inserts an empty line between the methods of an `impl`. The formatter leaves none.
fn apart(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        spaced.push_str(line);
        spaced.push('\n');
        let more = |next: &&str| next.starts_with("    ") && next.trim() != "}";
        if line == "    }" && lines.peek().is_some_and(more) {
            spaced.push('\n');
        }
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_filled_and_lists_and_code_are_kept() {
        let long = "word ".repeat(40);
        let lines = fill(&format!("One\ntwo.\n\n- {long}\n- b\n\n```\nlet  x;\n```"));
        assert_eq!(lines[..2], ["One two.", ""]);
        assert!(lines[2].starts_with("- word") && lines[2].len() <= WIDTH);
        assert!(lines[3].starts_with("  word"));
        assert_eq!(lines[4..], ["- b", "", "```", "let  x;", "```"]);
    }
}
