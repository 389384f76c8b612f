//! The members that are sent to create something, as JSON or, with files, as a form.

use security_api_transport::{Form, Request, Secret, Upload};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Members under one name, such as `push`, and files.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    root: &'static str,
    members: Vec<(&'static str, Value<'a>)>,
    files: &'a [Upload],
    account: Option<&'a str>,
}

enum Value<'a> {
    Text(&'a str),
    Secret(&'a Secret),
    Number(u32),
    Flag(bool),
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'a> Fields<'a> {
    pub(crate) fn new(root: &'static str, files: &'a [Upload], account: Option<&'a str>) -> Self {
        Self {
            root,
            members: Vec::new(),
            files,
            account,
        }
    }

    pub(crate) fn text(mut self, name: &'static str, value: Option<&'a str>) -> Self {
        self.members
            .extend(value.map(|value| (name, Value::Text(value))));
        self
    }

    pub(crate) fn secret(mut self, name: &'static str, value: Option<&'a Secret>) -> Self {
        self.members
            .extend(value.map(|value| (name, Value::Secret(value))));
        self
    }

    pub(crate) fn number(mut self, name: &'static str, value: Option<u32>) -> Self {
        self.members
            .extend(value.map(|value| (name, Value::Number(value))));
        self
    }

    /// Members that are set are sent, including `false`: the service takes most missing flags for true.
    pub(crate) fn flag(mut self, name: &'static str, value: Option<bool>) -> Self {
        self.members
            .extend(value.map(|value| (name, Value::Flag(value))));
        self
    }

    /// Puts the members into the request. `progress` is called with how much of a form has been sent.
    pub(crate) fn write(self, request: Request, progress: Option<Progress>) -> Request {
        if self.files.is_empty() {
            return request.json(&self);
        }
        let mut form = Form::new();
        for (name, value) in &self.members {
            let name = format!("{}[{name}]", self.root);
            form = match value {
                Value::Text(text) => form.text(name, *text),
                Value::Secret(secret) => form.secret(name, secret),
                Value::Number(number) => form.text(name, number.to_string()),
                Value::Flag(flag) => form.text(name, flag.to_string()),
            };
        }
        if let Some(account) = self.account {
            form = form.text("account_id", account);
        }
        for file in self.files {
            form = form.upload(format!("{}[files][]", self.root), named(file));
        }
        if let Some(progress) = progress {
            form = form.on_progress(move |sent, all| progress(sent, all));
        }
        request.form(form)
    }
}

/// The file with the percent signs in its name escaped, because the service decodes percent-encoding in names.
fn named(file: &Upload) -> Upload {
    let name = file.name().replace('%', "%25");
    file.clone().file_name(name)
}

/// Called with the bytes handed to the connection so far, and the total.
pub(crate) type Progress = std::sync::Arc<dyn Fn(u64, u64) + Send + Sync>;

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.root, &Members(&self.members))?;
        if let Some(account) = self.account {
            map.serialize_entry("account_id", account)?;
        }
        map.end()
    }
}

struct Members<'a>(&'a [(&'static str, Value<'a>)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            match value {
                Value::Text(text) => map.serialize_entry(name, text)?,
                Value::Secret(secret) => map.serialize_entry(name, secret)?,
                Value::Number(number) => map.serialize_entry(name, number)?,
                Value::Flag(flag) => map.serialize_entry(name, flag)?,
            }
        }
        map.end()
    }
}
