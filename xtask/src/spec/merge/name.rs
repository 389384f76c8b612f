//! Names in our description and in Rust.

use std::collections::BTreeSet;

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};

use crate::codegen::{self, Use};

/// Returns possible names of an operation, the best first: from the fixed parts of its path below those of its
/// resource, and its method.
pub(super) fn of_operation(root: &str, method: &str, path: &str) -> Vec<String> {
    let tail = path.strip_prefix(root).unwrap_or(path);
    let is_parameter = |part: &&str| part.starts_with('{');
    let parts: Vec<_> = tail.split('/').filter(|part| !part.is_empty()).collect();
    let fixed: Vec<_> = parts
        .iter()
        .copied()
        .filter(|part| !is_parameter(part))
        .collect();
    let one = parts.last().is_some_and(is_parameter);
    let verb = match (method, one) {
        ("GET", true) => "get",
        ("GET", false) => "list",
        ("POST", _) => "create",
        ("DELETE", _) => "delete",
        _ => "update",
    };
    let name = match fixed.as_slice() {
        [] => verb.to_owned(),
        ["bulk-delete"] => "delete_many".to_owned(),
        [nouns @ .., "search"] => format!("search_{}", nouns.join("_")),
        [nouns @ .., "search", "export"] => format!("export_{}", nouns.join("_")),
        fixed => {
            let name = snake(&fixed.join("_"));
            match method {
                "PUT" | "PATCH" => format!("update_{name}"),
                "DELETE" => format!("delete_{name}"),
                _ => name.trim_start_matches("get_").to_owned(),
            }
        }
    };
    let name = snake(&name);
    let of_method = format!("{}_{name}", method.to_lowercase());
    let mut names = vec![name.clone(), format!("{verb}_{name}"), of_method];
    names.extend((2..10).map(|number| format!("{verb}_{name}_{number}")));
    names.retain(|name| is_usable(name, Use::Method));
    names
}

/// Returns the last part of a .NET type name: `CD` for `A.B.C+D`. The arguments of a generic type become prefixes.
pub(super) fn short(name: &str) -> String {
    let name = match name.split_once('`') {
        Some((outer, rest)) => {
            let count: String = rest.chars().take_while(char::is_ascii_digit).collect();
            // Each argument is a type in brackets, followed by its assembly.
            let arguments = rest[count.len()..].split("[[").nth(1).unwrap_or_default();
            let inner = match arguments.contains('`') {
                true => short(&rest[rest.find("[[").map_or(0, |at| at + 2)..]),
                false => {
                    let arguments = arguments.split("],[");
                    arguments
                        .filter_map(|one| Some(short(one.split(',').next()?)))
                        .collect()
                }
            };
            format!("{inner}{}", short(outer))
        }
        None => name
            .rsplit(['.', '/'])
            .next()
            .unwrap_or(name)
            .to_upper_camel_case(),
    };
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    match name.starts_with(|c: char| c.is_ascii_uppercase()) {
        true => name,
        false => format!("T{name}"),
    }
}

/// Converts the words of a name into a sentence.
pub(super) fn words(name: &str) -> String {
    let words = name.to_snake_case().replace('_', " ");
    let mut letters = words.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    match first.is_empty() {
        true => "Without a name.".to_owned(),
        false => format!("{first}{}.", letters.as_str()),
    }
}

/// Returns the vendor's description, or the name as a sentence.
pub(super) fn described(given: Option<&str>, name: &str) -> String {
    match given.map(str::trim) {
        Some(given) if !given.is_empty() => given.to_owned(),
        _ => words(name),
    }
}

/// Returns the Rust name for a wire name, or `None` if the default will do.
pub(super) fn in_rust(wire: &str, what: Use, taken: &mut BTreeSet<String>) -> Option<String> {
    let usual = wire.to_snake_case();
    let base = match wire {
        "type" => "kind".to_owned(),
        wire => match snake(wire) {
            name if name.is_empty() => "unnamed".to_owned(),
            name if name.starts_with(|c: char| c.is_ascii_digit()) => format!("number_{name}"),
            name => name,
        },
    };
    let valued = [base.clone(), format!("{base}_value")].into_iter();
    let numbered = (2..).map(|number| format!("{base}_{number}"));
    let mut names = valued.chain(numbered);
    let name = names.find(|name| is_usable(name, what) && !taken.contains(name))?;
    taken.insert(name.clone());
    (name != usual).then_some(name)
}

/// Converts a name to ASCII letters, digits and `_`.
fn snake(name: &str) -> String {
    let ascii = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    ascii.to_snake_case()
}

fn is_usable(name: &str, what: Use) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && codegen::is_free(name, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_called_after_their_last_parts() {
        for (name, called) in [
            ("Shelter.Cats.CatView", "CatView"),
            ("Shelter.Cats.Cat+Request", "CatRequest"),
            (
                "Core.ServiceResult`1[[Shelter.Cats.CatView, Shelter, Version=1.0.0.0, Culture=neutral]]",
                "CatViewServiceResult",
            ),
            (
                "Core.ServiceResult`1[[Core.Paged`1[[Shelter.Cat, Shelter, Version=1.0.0.0]], Core, Version=1.0.0.0]]",
                "CatPagedServiceResult",
            ),
            (
                "System.Pair`2[[Shelter.Cat, Shelter, Version=1],[Shelter.Dog, Shelter, Version=1]]",
                "CatDogPair",
            ),
            ("ABCDto", "AbcDto"),
            ("3D.2d", "T2d"),
            ("", "T"),
        ] {
            assert_eq!(short(name), called);
        }
    }

    #[test]
    fn every_name_on_the_wire_has_one_in_rust_that_no_other_has() {
        let mut taken = BTreeSet::new();
        for (wire, name) in [
            ("userId", None),
            ("user_id", Some("user_id_value")),
            ("UserID", Some("user_id_2")),
            ("type", Some("kind")),
            ("self", Some("self_value")),
            ("@odata.type", None),
            ("2fa", Some("number_2fa")),
            ("", Some("unnamed")),
            ("größe", Some("gr_e")),
        ] {
            assert_eq!(
                in_rust(wire, Use::Member, &mut taken).as_deref(),
                name,
                "{wire}"
            );
        }
    }

    #[test]
    fn operations_are_called_after_what_their_paths_add_to_those_of_the_resource() {
        for (method, path, name) in [
            ("GET", "/cats", "list"),
            ("GET", "/cats/{id}", "get"),
            ("POST", "/cats", "create"),
            ("POST", "/cats/search", "search"),
            ("POST", "/cats/search/export", "export"),
            ("POST", "/cats/{id}/toys/search", "search_toys"),
            ("DELETE", "/cats/bulk-delete", "delete_many"),
            ("PUT", "/cats/{id}/toys/{toy}", "update_toys"),
            ("GET", "/cats/{id}/type", "list_type"),
            ("GET", "/cats/2fa", "list_2fa"),
        ] {
            assert_eq!(
                of_operation("/cats", method, path)[0],
                name,
                "{method} {path}"
            );
        }
    }
}
