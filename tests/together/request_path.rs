//! The documents give the layers of the request path in the order in which `stack` puts them together.

use std::fs;
use std::path::Path;

/// What the documents call each layer of the source, in the order of the alphabet.
const NAMES: [(&str, &str); 15] = [
    ("AttemptSpan", "span of the attempt"),
    ("AttemptTimeout", "attempt timeout"),
    ("Complete", "complete responses"),
    ("Deadline", "deadline"),
    ("Decompression", "decompression"),
    ("OperationSpan", "span of the call"),
    ("ResponseLimit", "response limit"),
    ("SameOrigin", "same origin"),
    ("SecretUrl", "secret URL"),
    ("apply_credential", "apply credential"),
    ("credential_ready", "credential ready"),
    ("per_attempt", "the user's layers around attempts"),
    ("per_call", "the user's layers around calls"),
    ("rate_limit", "rate limit"),
    ("retry", "retry"),
];

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_part_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The layers that a statement of the source adds to a service, from the outermost on.
fn layers(source: &str, statement: &str) -> Vec<String> {
    let (_, rest) = source.split_once(statement).expect("the statement");
    let statement = rest.split(";\n").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut pieces = statement.split(".layer(");
    let mut before = pieces.next().unwrap_or_default();
    for after in pieces {
        let name =
            |text: &str| -> String { text.chars().take_while(|c| is_part_of_name(*c)).collect() };
        let argument = name(after);
        let layer = match argument.as_str() {
            "layer_fn" => {
                let (_, slot) = after.split_once("wrap(&").expect("a slot of the user");
                name(slot)
            }
            "inner" => {
                let receiver = before.rsplit(|c| !is_part_of_name(c)).next();
                receiver.unwrap_or_default().to_owned()
            }
            _ => argument,
        };
        found.push(layer);
        before = after;
    }
    found
}

/// The names of layers in the rows of a table, with `cells` before them.
fn rows(document: &str, head: &str, cells: usize) -> Vec<String> {
    let text = read(document);
    let (_, table) = text.split_once(head).expect("the table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let names = rows.map(|row| row.split('|').nth(1 + cells).unwrap_or_default());
    names
        .flat_map(|cell| cell.split(','))
        .map(|name| name.trim().to_owned())
        .collect()
}

#[test]
fn the_documents_give_the_layers_in_the_order_of_the_source() {
    let source = read("crates/transport/src/client/stack.rs");
    let layers: Vec<_> = ["let path = ", "let innermost = "]
        .into_iter()
        .flat_map(|statement| layers(&source, statement))
        .map(|layer| {
            let known = NAMES.iter().find(|(name, _)| *name == layer);
            let (_, name) = known.unwrap_or_else(|| panic!("the documents lack `{layer}`"));
            (*name).to_owned()
        })
        .chain(["transport".to_owned()])
        .collect();
    assert_eq!(layers.len(), NAMES.len() + 1, "{layers:?}");
    assert_eq!(rows("ARCHITECTURE.md", "| # | layer |", 1), layers);
    assert_eq!(rows("crates/transport/README.md", "| layer |", 0), layers);
}
