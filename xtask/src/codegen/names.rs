//! Names on the wire become names in Rust, and those that would clash are refused.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

use super::node::{Node, Read};

/// Names that no method, argument or member may have, because the language has them.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names of methods that the types which stand for calls have anyway.
const CALL_METHODS: &[&str] = &[
    "assume_idempotent",
    "attempt_timeout",
    "call",
    "clone",
    "extra_query",
    "header",
    "into_future",
    "into_request",
    "items",
    "new",
    "page",
    "pages",
    "raw_items",
    "request",
    "response_limit",
    "resume",
    "retries",
    "send",
    "send_with_response",
    "timeout",
];

/// Names of methods that the client has anyway.
const CLIENT_METHODS: &[&str] = &[
    "builder",
    "check",
    "clone",
    "default",
    "from_env",
    "new",
    "request",
    "transport",
];

/// Names of modules that generated code has anyway.
const MODULES: &[&str] = &["events", "operations", "resources", "shared", "types"];

/// Names of types that are in scope, or that service crates show.
const TYPES: &[&str] = &[
    "ResponseParts",
    "ApiError",
    "ApiKey",
    "AsRef",
    "Body",
    "Box",
    "Call",
    "CallContext",
    "CallFuture",
    "Client",
    "ClientBuilder",
    "Clone",
    "Credential",
    "Cursor",
    "DateTime",
    "Debug",
    "Default",
    "Download",
    "Err",
    "Error",
    "ErrorKind",
    "Filter",
    "Form",
    "From",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Items",
    "Iterator",
    "List",
    "Model",
    "NextToken",
    "None",
    "Ok",
    "OpenEnum",
    "Operation",
    "Option",
    "Page",
    "Pages",
    "Paging",
    "Patch",
    "Protocol",
    "Rate",
    "RateLimiter",
    "RawItems",
    "RawJson",
    "Reason",
    "Received",
    "Request",
    "Response",
    "Result",
    "RetryPolicy",
    "SearchBody",
    "SearchRequest",
    "Secret",
    "Self",
    "Send",
    "Outcome",
    "Some",
    "String",
    "Sync",
    "TimeSpan",
    "Timestamp",
    "ToString",
    "Upload",
    "Vec",
    "Verdict",
];

/// What a name is used for, and with it which names are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A method of the client that gives a resource, and the resource's file.
    Resource,
    /// A method of a resource.
    Method,
    /// An argument of such a method.
    Argument,
    /// A method of a type that stands for a call.
    Option,
    /// A member of a model.
    Member,
    /// A type.
    Type,
    /// A variant of an enumeration.
    Variant,
}

impl Use {
    fn taken(self, name: &str) -> bool {
        if matches!(self, Self::Type | Self::Variant) {
            return match self {
                Self::Type => TYPES.contains(&name),
                _ => name == "Unrecognized" || name == "Self",
            };
        }
        KEYWORDS.contains(&name)
            || match self {
                Self::Resource => {
                    CLIENT_METHODS.contains(&name)
                        || MODULES.contains(&name)
                        || name.starts_with("events_")
                }
                Self::Method | Self::Member => matches!(name, "new" | "clone"),
                Self::Option => CALL_METHODS.contains(&name),
                _ => false,
            }
    }

    fn is_formed(self, name: &str) -> bool {
        match self {
            Self::Type | Self::Variant => {
                name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric())
            }
            _ => {
                name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            }
        }
    }
}

/// Whether nothing else in Rust has this name.
pub(crate) fn is_free(name: &str, what: Use) -> bool {
    !what.taken(name)
}

/// Checks a name that stands in the description as it is to be in Rust.
pub(crate) fn check(node: &Node<'_>, name: &str, what: Use, remedy: &str) -> Read<String> {
    if what.taken(name) {
        return Err(node.refuse(format!("`{name}` is taken in Rust"), remedy));
    }
    if !what.is_formed(name) {
        let case = match what {
            Use::Type | Use::Variant => "UpperCamelCase",
            _ => "snake_case",
        };
        return Err(node.refuse(format!("`{name}` is no {case} name"), remedy));
    }
    Ok(name.to_owned())
}

/// The path of a hand-written type within the service's crate, such as `search::Filter`.
pub(crate) fn path(node: &Node<'_>) -> Read<String> {
    let path = node.text()?;
    let (modules, name) = path.rsplit_once("::").unwrap_or(("", path));
    let mut modules = modules.split("::").filter(|_| path != name);
    if Use::Type.is_formed(name) && modules.all(|module| Use::Resource.is_formed(module)) {
        return Ok(path.to_owned());
    }
    Err(node.refuse(
        format!("`{path}` is no path of a type"),
        "write it as it stands after `crate::`, such as `search::Filter`",
    ))
}

/// The Rust name of something with this name on the wire: `x-rust-name` if there is one.
pub(crate) fn of(node: &Node<'_>, wire: &str, what: Use) -> Read<String> {
    let remedy = "give it another name with `x-rust-name`";
    match node.get("x-rust-name") {
        Some(given) => check(&given, given.text()?, what, "choose another `x-rust-name`"),
        None => {
            let name = match what {
                Use::Type | Use::Variant => wire.to_upper_camel_case(),
                _ => wire.to_snake_case(),
            };
            check(node, &name, what, remedy)
        }
    }
}

/// Words that a description may have beside those of the name without saying more.
const FILLERS: &[&str] = &[
    "a", "an", "and", "by", "for", "in", "is", "it", "of", "on", "or", "s", "the", "to", "whether",
    "its",
];

/// Whether a description only repeats a name.
pub(crate) fn repeats(doc: &str, wire: &str) -> bool {
    let stem = |word: &str| word.trim_end_matches('s').to_owned();
    let name = wire.to_snake_case();
    let known: Vec<_> = name.split('_').map(stem).collect();
    let words = doc.to_snake_case();
    let mut words = words.split('_').filter(|word| !FILLERS.contains(word));
    !doc.contains('`') && words.all(|word| known.contains(&stem(word)))
}

/// The name of an argument that is this body: what it is, without what is done with it.
pub(crate) fn argument_of(model: &str) -> String {
    let name = model.to_snake_case();
    let mut words: Vec<&str> = name.split('_').collect();
    if words.contains(&"search") {
        return "search".to_owned();
    }
    while words.len() > 1 && words.last().is_some_and(|word| WRAPPING.contains(word)) {
        words.pop();
    }
    while words.len() > 1 && words.first().is_some_and(|word| DOING.contains(word)) {
        words.remove(0);
    }
    match words.join("_") {
        word if KEYWORDS.contains(&word.as_str()) => "body".to_owned(),
        name => name,
    }
}

/// Last words of the names of bodies.
const WRAPPING: &[&str] = &["request", "body", "dto", "form", "model"];

/// First words of the names of bodies.
const DOING: &[&str] = &[
    "add", "create", "edit", "get", "new", "save", "set", "tmp", "update",
];

/// The name of a resource's or call's type.
pub(crate) fn type_name(snake: &str) -> String {
    snake.to_upper_camel_case()
}

/// What the names of schemas say of how the vendor's program is built.
const MACHINERY: &[(&str, &str)] = &[
    ("ServiceRequestParameters", "Request"),
    ("RequestParameters", "Request"),
    ("RequestParameter", "Request"),
    ("ServiceRequest", "Request"),
    ("RestView", "View"),
    ("RestRequest", "Request"),
    ("Rest", ""),
    ("Dto", ""),
    ("Enum", ""),
];

/// Endings that tell a type apart from another one, and say nothing where there is none.
const ROLES: &[&str] = &["View", "Model", "Result"];

/// A name without what it says of the vendor's program.
fn plain(name: &str) -> String {
    let mut plain = name;
    for prefix in ["Tmp", "Get"] {
        let rest = plain.strip_prefix(prefix);
        plain = rest
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
            .unwrap_or(plain);
    }
    let ending = MACHINERY.iter().find_map(|(ending, instead)| {
        let stem = plain.strip_suffix(ending).filter(|stem| !stem.is_empty())?;
        Some(format!("{stem}{instead}"))
    });
    ending.unwrap_or_else(|| plain.to_owned())
}

/// The Rust names of these schemas, where `taken` are names of other types. What only says how the vendor's program is
/// built is left out, and so are endings that tell nothing apart.
pub(crate) fn of_types<'a>(
    schemas: &BTreeSet<&'a str>,
    taken: &BTreeSet<String>,
) -> BTreeMap<&'a str, String> {
    let mut claims = BTreeMap::<String, usize>::new();
    for schema in schemas {
        let camel = schema.to_upper_camel_case();
        let names = candidates(&camel).into_iter().chain([camel]);
        for name in names.collect::<BTreeSet<_>>() {
            *claims.entry(name).or_default() += 1;
        }
    }
    let is_free = |name: &String| {
        claims.get(name) == Some(&1) && !taken.contains(name) && !Use::Type.taken(name)
    };
    let named = schemas.iter().map(|schema| {
        let camel = schema.to_upper_camel_case();
        let plain = plain(&camel);
        let name = match candidates(&camel).into_iter().find(is_free) {
            Some(name) => name,
            None if plain == camel => camel,
            None => format!("{plain}View"),
        };
        (*schema, name)
    });
    named.collect()
}

/// What a type may be called, the best first.
fn candidates(camel: &str) -> Vec<String> {
    let plain = plain(camel);
    let mut names = Vec::new();
    // One word alone tells too little.
    let tells = |stem: &&str| stem.chars().filter(char::is_ascii_uppercase).count() > 1;
    if let Some(stem) = ROLES.iter().find_map(|role| plain.strip_suffix(role)) {
        // A row of a search is no search.
        match stem.strip_suffix("Search") {
            Some(found) => {
                names.extend(Some(found).filter(tells).map(str::to_owned));
                names.push(format!("{found}View"));
            }
            None => names.extend(Some(stem).filter(tells).map(str::to_owned)),
        }
    }
    names.push(plain.clone());
    // One of two that differ in nothing else keeps the name; the other one is what is shown of it.
    if plain != camel {
        names.push(format!("{plain}View"));
    }
    names
}

/// The vendor's name of a type, if it is another one.
pub(crate) fn alias(schema: &str, name: &str) -> Option<String> {
    (schema.to_upper_camel_case() != name).then(|| schema.to_owned())
}

/// The name of an operation's static.
pub(crate) fn static_name(id: &str) -> String {
    id.to_shouty_snake_case()
}

/// The name of a variable that holds a value of this type.
pub(crate) fn variable(type_name: &str) -> String {
    type_name.to_snake_case()
}
