//! Conversion of wire names into Rust names. Names that would clash are refused.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

use super::node::{Node, Read};

/// Names that the language reserves.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names of methods that all call types have.
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

/// Names of methods that the client has.
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

/// Names of modules that generated code always has.
const MODULES: &[&str] = &["events", "operations", "resources", "shared", "types"];

/// Names of types that are in scope, or that service crates re-export.
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

/// The use of a name, which decides which names are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A method of the client that returns a resource, and the resource's file.
    Resource,
    /// A method of a resource.
    Method,
    /// An argument of a method of a resource.
    Argument,
    /// A method of a call type.
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

/// Returns whether the name is not taken.
pub(crate) fn is_free(name: &str, what: Use) -> bool {
    !what.taken(name)
}

/// Checks a Rust name that the description states.
pub(crate) fn check(node: &Node<'_>, name: &str, what: Use, remedy: &str) -> Read<String> {
    if what.taken(name) {
        return Err(node.refuse(format!("`{name}` is taken in Rust"), remedy));
    }
    if !what.is_formed(name) {
        let case = match what {
            Use::Type | Use::Variant => "UpperCamelCase",
            _ => "snake_case",
        };
        return Err(node.refuse(format!("`{name}` is not in {case}"), remedy));
    }
    Ok(name.to_owned())
}

/// Reads the path of a hand-written type within the service's crate, such as `search::Filter`.
pub(crate) fn path(node: &Node<'_>) -> Read<String> {
    let path = node.text()?;
    let (modules, name) = path.rsplit_once("::").unwrap_or(("", path));
    let mut modules = modules.split("::").filter(|_| path != name);
    if Use::Type.is_formed(name) && modules.all(|module| Use::Resource.is_formed(module)) {
        return Ok(path.to_owned());
    }
    Err(node.refuse(
        format!("`{path}` is not the path of a type"),
        "write it as it follows `crate::`, such as `search::Filter`",
    ))
}

/// Returns the Rust name for a wire name: `x-rust-name` if the node has one.
pub(crate) fn of(node: &Node<'_>, wire: &str, what: Use) -> Read<String> {
    let remedy = "give it another name with `x-rust-name`";
    match node.get("x-rust-name") {
        Some(given) => check(&given, given.text()?, what, "choose another `x-rust-name`"),
        None => {
            let name = match what {
                Use::Type | Use::Variant => wire.to_upper_camel_case(),
                Use::Member => plain_member(&wire.to_snake_case()),
                _ => wire.to_snake_case(),
            };
            check(node, &name, what, remedy)
        }
    }
}

/// Words of a description that add nothing to a name.
const FILLERS: &[&str] = &[
    "a", "an", "and", "by", "for", "in", "is", "it", "of", "on", "or", "s", "the", "to", "whether",
    "its",
];

/// Returns whether a description only repeats the name.
pub(crate) fn repeats(doc: &str, wire: &str) -> bool {
    let stem = |word: &str| word.trim_end_matches('s').to_owned();
    let name = wire.to_snake_case();
    let known: Vec<_> = name.split('_').map(stem).collect();
    let words = doc.to_snake_case();
    let mut words = words.split('_').filter(|word| !FILLERS.contains(word));
    !doc.contains('`') && words.all(|word| known.contains(&stem(word)))
}

/// Returns the name of the argument for a body: the noun, without the verb and the suffix.
pub(crate) fn argument_of(model: &str) -> String {
    let name = model.to_snake_case();
    let mut words: Vec<&str> = name.split('_').collect();
    if let Some(whole) = WHOLE.iter().find(|whole| words.contains(whole)) {
        return (*whole).to_owned();
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

/// Words that name a body alone.
const WHOLE: &[&str] = &["search", "export", "form"];

/// Suffixes of body names.
const WRAPPING: &[&str] = &["request", "body", "create", "dto", "model", "update"];

/// Verbs at the beginning of body names.
const DOING: &[&str] = &[
    "add",
    "appoint",
    "calculate",
    "change",
    "check",
    "compress",
    "connect",
    "create",
    "delete",
    "download",
    "edit",
    "finish",
    "get",
    "new",
    "parse",
    "remove",
    "save",
    "send",
    "set",
    "share",
    "test",
    "tmp",
    "translate",
    "update",
];

/// Returns the name of the type of a resource or call.
pub(crate) fn type_name(snake: &str) -> String {
    snake.to_upper_camel_case()
}

/// Suffixes of schema names that only reflect how the vendor's program is built, and their replacements.
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

/// Suffixes that distinguish a type from another one. They are dropped if there is no other one.
const ROLES: &[&str] = &["View", "Model", "Result"];

/// Strips the affixes that only reflect how the vendor's program is built.
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

/// Strips the suffixes of a member that only reflect how the vendor's program is built.
fn plain_member(name: &str) -> String {
    let mut endings = ["_dto", "_enum"].iter();
    let stem = endings.find_map(|ending| name.strip_suffix(ending));
    stem.unwrap_or(name).to_owned()
}

/// Returns the Rust names of these schemas. `taken` are names of other types. Affixes that reflect how the vendor's
/// program is built are dropped, and so are suffixes that distinguish nothing.
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

/// Returns possible names of a type, the best first.
fn candidates(camel: &str) -> Vec<String> {
    let plain = plain(camel);
    let mut names = Vec::new();
    // A single word says too little.
    let tells = |stem: &&str| stem.chars().filter(char::is_ascii_uppercase).count() > 1;
    if let Some(stem) = ROLES.iter().find_map(|role| plain.strip_suffix(role)) {
        // A row of a search is not a search.
        match stem.strip_suffix("Search") {
            Some(found) => {
                names.extend(Some(found).filter(tells).map(str::to_owned));
                names.push(format!("{found}View"));
            }
            None => names.extend(Some(stem).filter(tells).map(str::to_owned)),
        }
    }
    names.push(plain.clone());
    // Of two types that differ in nothing else, one keeps the name. The other one becomes its view.
    if plain != camel {
        names.push(format!("{plain}View"));
    }
    names
}

/// Returns the vendor's name of a type, if it differs.
pub(crate) fn alias(schema: &str, name: &str) -> Option<String> {
    (schema.to_upper_camel_case() != name).then(|| schema.to_owned())
}

/// Returns the name of an operation's static.
pub(crate) fn static_name(id: &str) -> String {
    id.to_shouty_snake_case()
}

/// Returns the name of a variable that holds a value of this type.
pub(crate) fn variable(type_name: &str) -> String {
    type_name.to_snake_case()
}
