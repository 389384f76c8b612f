//! The documentation of operations and their parameters.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ir::{
    Api, Body, Confidence, Edition, Model, Operation, Outcome, Parameter, Type,
};
use super::super::names;
use super::literal::{self, Literals};
use super::text;
use crate::project::Service;

/// Returns the documentation of an operation.
pub(super) fn operation(api: &Api, service: &Service, operation: &Operation) -> String {
    let mut parts = vec![operation.summary.clone()];
    if !operation.description.is_empty() {
        parts.push(in_rust(api, operation, &operation.description));
    }
    parts.extend(
        operation
            .edition
            .map(|edition| edition_of(edition).to_owned()),
    );
    if let Some(reason) = &operation.unconfirmed {
        parts.push(format!(
            "**Unconfirmed**, and only with the feature `unconfirmed`. {reason}"
        ));
    }
    parts.push(format!(
        "`{} {}`. {}",
        operation.method,
        operation.path,
        if operation.idempotent {
            "Idempotent: retried automatically."
        } else {
            "Not retried once it may have run."
        }
    ));
    let arguments = arguments(api, operation);
    if !arguments.is_empty() {
        parts.push(arguments.join("\n"));
    }
    if !operation.errors.is_empty() {
        let errors = operation.errors.iter();
        let errors: Vec<_> = errors
            .map(|(status, what)| format!("{status}, {what}"))
            .collect();
        parts.push(format!("Errors of the service: {}.", errors.join("; ")));
    }
    if let Some(source) = operation.source {
        let confidence = match operation.confidence {
            Confidence::High => String::new(),
            other => format!(" Confidence: {}.", other.as_str()),
        };
        parts.push(format!("{}{confidence}", text::source(source)));
    }
    if operation.example
        && let Some(example) = example(api, service, operation)
    {
        parts.push(format!("```no_run\n{example}\n```"));
    }
    parts.join("\n\n")
}

fn edition_of(edition: Edition) -> &'static str {
    match edition {
        Edition::Both => "Both editions have it.",
        Edition::OpenSource => {
            "Open-source edition; whether the commercial edition has it is not known."
        }
        Edition::Commercial => "Commercial edition only.",
    }
}

/// The terms that all searches have, by wire name.
const SEARCH_TERMS: &[(&str, &str)] = &[
    ("orderBy", "order_by"),
    ("pageNumber", "page_number"),
    ("pageSize", "page_size"),
];

/// Replaces the wire names of members and parameters in a description with their Rust names.
fn in_rust(api: &Api, operation: &Operation, description: &str) -> String {
    let mut names: BTreeMap<&str, &str> = SEARCH_TERMS.iter().copied().collect();
    let (sent, given) = (
        super::super::place::body(operation),
        super::super::place::outcome(operation),
    );
    let mut models: Vec<_> = given.chain(sent).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = models.pop() {
        if let (true, Some(Type::Model(model))) = (seen.insert(name), api.types.get(name)) {
            for member in &model.members {
                names.entry(&member.wire).or_insert(&member.name);
                models.extend(member.ty.named());
            }
        }
    }
    for parameter in operation.arguments.iter().chain(&operation.options) {
        names.insert(&parameter.wire, &parameter.name);
    }
    renamed(description, &names)
}

/// Replaces the wire names of members in the documentation of an object with their Rust names.
pub(super) fn of_members(model: &Model, doc: &str) -> String {
    let members = model.members.iter();
    let members = members.map(|member| (member.wire.as_str(), member.name.as_str()));
    let terms = SEARCH_TERMS.iter().copied().filter(|_| model.search);
    renamed(doc, &terms.chain(members).collect())
}

/// Replaces names in backticks.
fn renamed(doc: &str, names: &BTreeMap<&str, &str>) -> String {
    let parts = doc.split('`').enumerate();
    let parts: Vec<_> = parts
        .map(|(index, part)| match names.get(part) {
            Some(name) if index % 2 == 1 => name,
            _ => part,
        })
        .collect();
    parts.join("`")
}

fn arguments(api: &Api, operation: &Operation) -> Vec<String> {
    let mut lines: Vec<_> = operation
        .arguments
        .iter()
        .map(|parameter| (&parameter.name, option(api, operation, parameter)))
        .collect();
    if let Some(Body::Member(member)) = &operation.body {
        let origin = text::origin(member.source);
        let doc = in_rust(api, operation, &member.doc);
        lines.push((&member.name, format!("{doc}{origin}")));
    }
    let told = lines.iter().filter(|(_, doc)| !doc.trim().is_empty());
    told.map(|(name, doc)| format!("- `{name}`: {}", doc.trim()))
        .collect()
}

/// Returns the documentation of a parameter.
pub(super) fn option(api: &Api, operation: &Operation, parameter: &Parameter) -> String {
    let mut doc = in_rust(api, operation, &parameter.doc);
    match (parameter.range.least, parameter.range.most) {
        (Some(least), Some(most)) => doc.push_str(&format!(" From {least} to {most}.")),
        (Some(least), None) if least != 0 => doc.push_str(&format!(" At least {least}.")),
        (None, Some(most)) => doc.push_str(&format!(" At most {most}.")),
        _ => {}
    }
    if let Some(default) = &parameter.default {
        doc.push_str(&format!(" The service takes {default} if it is not given."));
    }
    doc.push_str(text::origin(parameter.source));
    doc
}

/// Returns a call of the operation as a program would write it.
fn example(api: &Api, service: &Service, operation: &Operation) -> Option<String> {
    let mut literals = Literals::new(api, &now);
    let body = literals.body(operation, false)?;
    let call = literals.call(service.variable, operation)?;
    let has_time = [&body, &call].iter().any(|code| code.contains(&now(0)));
    let mut shown = broken(&imports(service, &literals, has_time), str::to_owned);
    if !shown.is_empty() {
        shown.push(String::new());
    }
    shown.push(format!(
        "# async fn example({}: {library}::Client) -> Result<(), {library}::Error> {{",
        service.variable,
        library = service.library
    ));
    let mut statements = Vec::new();
    if !body.is_empty() {
        statements.push(body);
    }
    statements.extend(uses(api, operation, &call));
    shown.extend(broken(&statements, |code| {
        format!("async fn example() {{\n{code}\n}}")
    }));
    shown.push("# Ok(())".to_owned());
    shown.push("# }".to_owned());
    Some(shown.join("\n"))
}

/// Returns the imports of an example that mentions these types, and a time if `has_time`.
fn imports(service: &Service, literals: &Literals<'_>, has_time: bool) -> Vec<String> {
    let mut own: Vec<_> = literals.own().into_iter().collect();
    if has_time {
        own.push("Timestamp".to_owned());
    }
    let types: Vec<_> = literals.types().into_iter().collect();
    let library = service.library;
    let modules = [
        (library.to_owned(), own),
        (format!("{library}::types"), types),
    ];
    let modules = modules.iter().filter(|(_, names)| !names.is_empty());
    modules
        .map(|(module, names)| import(module, names))
        .collect()
}

/// Returns the lines that send a call and use its outcome.
fn uses(api: &Api, operation: &Operation, call: &str) -> Vec<String> {
    match &operation.outcome {
        Outcome::Page(item) => {
            let option = literal::shown_option(operation)
                .and_then(|option| Literals::new(api, &now).option(option))
                .unwrap_or_default();
            let name = item.named().map_or("item".to_owned(), names::variable);
            let has_id = api
                .id_member(item)
                .is_some_and(|id| id.required && id.name == "id");
            let shown = match has_id {
                true => format!("\"{{}}\", {name}.id"),
                false => format!("\"{{{name}:?}}\""),
            };
            vec![
                format!("let mut items = {call}{option}.items();"),
                format!("while let Some({name}) = items.try_next().await? {{"),
                format!("    println!({shown});"),
                "}".to_owned(),
            ]
        }
        Outcome::Value { ty, .. } => {
            let name = ty.named().map_or("response".to_owned(), names::variable);
            vec![format!("let {name} = {call}.await?;")]
        }
        Outcome::Download => vec![
            format!("let file = {call}.await?;"),
            "file.save_in(\".\", \"download\").await?;".to_owned(),
        ],
        Outcome::Empty => vec![format!("{call}.await?;")],
    }
}

/// Breaks code at the places that the formatter chooses, if a line is too long. `within` makes a file of the code.
fn broken(lines: &[String], within: impl Fn(&str) -> String) -> Vec<String> {
    if lines.iter().all(|line| line.len() <= text::WIDTH) {
        return lines.to_vec();
    }
    let file = within(&lines.join("\n"));
    let file = syn::parse_file(&file).expect("examples are Rust");
    let formatted = prettyplease::unparse(&file);
    match formatted.strip_prefix("async fn example() {\n") {
        Some(inside) => {
            let inside = inside.trim_end().strip_suffix('}').unwrap_or(inside);
            let lines = inside.trim_end().lines();
            lines
                .map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned())
                .collect()
        }
        None => formatted.trim_end().lines().map(str::to_owned).collect(),
    }
}

fn import(module: &str, names: &[String]) -> String {
    match names {
        [name] => format!("use {module}::{name};"),
        _ => format!("use {module}::{{{}}};", names.join(", ")),
    }
}

/// Ignores the given seconds: in examples any time will do.
fn now(_: i64) -> String {
    "Timestamp::now()".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_examples_with_long_lines_are_broken() {
        let within = |code: &str| format!("async fn example() {{\n{code}\n}}");
        let short = vec!["let cat = tiny.cats().get(\"c1\").await?;".to_owned()];
        assert_eq!(broken(&short, within), short);

        let names = ["\"Tom\""; 30].join(", ");
        let long = vec![format!("if true {{ tiny.cats().list([{names}]).await?; }}")];
        let lines = broken(&long, within);
        assert_eq!(lines.first().unwrap(), "if true {");
        assert_eq!(lines.last().unwrap(), "}");
        assert!(
            lines.iter().all(|line| line.len() <= text::WIDTH),
            "{lines:#?}"
        );

        let types = ["LongNameOfAType"; 10].join(", ");
        let lines = broken(
            &[format!("use tiny_api::types::{{{types}}};")],
            str::to_owned,
        );
        assert_eq!(lines.first().unwrap(), "use tiny_api::types::{");
        assert_eq!(lines.last().unwrap(), "};");
    }
}
