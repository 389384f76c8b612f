//! A value of the description that knows its location, so that refusals can name it.

use std::fmt;

use serde_json::Value;

/// A part of the description that cannot be turned into code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The JSON pointer to the part.
    pub(crate) pointer: String,
    /// The problem.
    pub(crate) problem: String,
    /// The remedy.
    pub(crate) remedy: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "#{}: {}\n    remedy: {}",
            self.pointer, self.problem, self.remedy
        )
    }
}

/// Escapes a key for a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The result of reading a part of the description.
pub(crate) type Read<T> = Result<T, Refusal>;

/// A value of the description and its JSON pointer.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    root: &'a Value,
    value: &'a Value,
    pointer: String,
}

impl<'a> Node<'a> {
    pub(crate) fn root(root: &'a Value) -> Self {
        Self {
            root,
            value: root,
            pointer: String::new(),
        }
    }

    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    pub(crate) fn pointer(&self) -> &str {
        &self.pointer
    }

    pub(crate) fn refuse(&self, problem: impl Into<String>, remedy: impl Into<String>) -> Refusal {
        Refusal {
            pointer: self.pointer.clone(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    fn child(&self, token: &str, value: &'a Value) -> Self {
        let token = escaped(token);
        Self {
            root: self.root,
            value,
            pointer: format!("{}/{token}", self.pointer),
        }
    }

    /// Returns the member `key`.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| self.child(key, value))
    }

    /// Returns the member `key`, which is required.
    pub(crate) fn need(&self, key: &str, remedy: &str) -> Read<Self> {
        self.get(key)
            .ok_or_else(|| self.refuse(format!("`{key}` is missing"), remedy))
    }

    /// Returns the members, sorted by name so that the output does not depend on the order of a map.
    pub(crate) fn entries(&self) -> Read<Vec<(&'a str, Self)>> {
        let map = self
            .value
            .as_object()
            .ok_or_else(|| self.refuse("expected a map", "write it as a map"))?;
        let mut entries: Vec<_> = map
            .iter()
            .map(|(key, value)| (key.as_str(), self.child(key, value)))
            .collect();
        entries.sort_by_key(|(key, _)| *key);
        Ok(entries)
    }

    /// Returns the members of the map `key`. A missing map is empty.
    pub(crate) fn entries_of(&self, key: &str) -> Read<Vec<(&'a str, Self)>> {
        self.get(key).map_or(Ok(Vec::new()), |map| map.entries())
    }

    /// Returns the texts of the list `key`.
    pub(crate) fn texts_of(&self, key: &str) -> Read<Vec<&'a str>> {
        self.items_of(key)?.iter().map(Self::text).collect()
    }

    /// Returns the elements of the list `key`. A missing list is empty.
    pub(crate) fn items_of(&self, key: &str) -> Read<Vec<Self>> {
        let Some(list) = self.get(key) else {
            return Ok(Vec::new());
        };
        let items = list
            .value
            .as_array()
            .ok_or_else(|| list.refuse("expected a list", "write it as a list"))?;
        Ok(items
            .iter()
            .enumerate()
            .map(|(index, value)| list.child(&index.to_string(), value))
            .collect())
    }

    pub(crate) fn text(&self) -> Read<&'a str> {
        self.value
            .as_str()
            .ok_or_else(|| self.refuse("expected text", "write it as text, in quotes if need be"))
    }

    pub(crate) fn text_of(&self, key: &str) -> Read<Option<&'a str>> {
        self.get(key).map(|node| node.text()).transpose()
    }

    pub(crate) fn flag_of(&self, key: &str) -> Read<bool> {
        self.get(key).map_or(Ok(false), |node| node.flag())
    }

    pub(crate) fn flag(&self) -> Read<bool> {
        self.value
            .as_bool()
            .ok_or_else(|| self.refuse("expected `true` or `false`", "write `true` or `false`"))
    }

    pub(crate) fn integer_of(&self, key: &str) -> Read<Option<i64>> {
        self.get(key)
            .map(|node| {
                node.value
                    .as_i64()
                    .ok_or_else(|| node.refuse("expected an integer", "write an integer"))
            })
            .transpose()
    }

    /// Refuses keys that the generator would ignore.
    pub(crate) fn only(&self, what: &str, known: &[&[&str]]) -> Read<()> {
        for (key, node) in self.entries()? {
            if !known.iter().any(|keys| keys.contains(&key)) {
                let mut names: Vec<_> = known.concat();
                names.sort_unstable();
                return Err(node.refuse(
                    format!("{what} with `{key}` cannot be expressed in generated code"),
                    format!(
                        "remove it, or teach `xtask/src/codegen` what it means; understood are {}",
                        names.join(", ")
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Returns the values of `key` in all operations of the description.
    pub(crate) fn all_named(&self, key: &str) -> Vec<&'a str> {
        let paths = self.root.get("paths").and_then(Value::as_object);
        let operations = paths
            .into_iter()
            .flat_map(|paths| paths.values())
            .filter_map(Value::as_object)
            .flat_map(|item| item.values());
        operations
            .filter_map(|operation| operation.get(key)?.as_str())
            .collect()
    }

    /// Returns the target of a reference, with the last part of its address. Returns `None` if the node is not a
    /// reference.
    pub(crate) fn reference(&self) -> Read<Option<(&'a str, Self)>> {
        let Some(node) = self.get("$ref") else {
            return Ok(None);
        };
        let address = node.text()?;
        let target = address
            .strip_prefix('#')
            .and_then(|pointer| Some((pointer, self.root.pointer(pointer)?)));
        match (target, address.rsplit('/').next()) {
            (Some((pointer, value)), Some(name)) => Ok(Some((
                name,
                Self {
                    root: self.root,
                    value,
                    pointer: pointer.to_owned(),
                },
            ))),
            _ => Err(node.refuse(
                format!("`{address}` has no target"),
                "refer to something under `#/components`, by the name of its file if that is another",
            )),
        }
    }

    /// Follows references to the value.
    pub(crate) fn resolved(self) -> Read<Self> {
        match self.reference()? {
            Some((_, target)) => target.resolved(),
            None => Ok(self),
        }
    }
}
