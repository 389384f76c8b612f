//! What is sent to create something: the same members as JSON or, with files, as a form.

use security_api_transport::{Error, Form, Request, Secret, Upload};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// How many files a push takes.
const FILES: usize = 10;

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

    /// What is set is sent, false as well: left out, the service takes most flags for true.
    pub(crate) fn flag(mut self, name: &'static str, value: Option<bool>) -> Self {
        self.members
            .extend(value.map(|value| (name, Value::Flag(value))));
        self
    }

    /// Puts them into the request. `progress` is told how much of a form has been sent.
    pub(crate) fn write(self, mut request: Request, progress: Option<Progress>) -> Request {
        for (_, value) in &self.members {
            if let Value::Secret(secret) = value {
                request = request.hide(secret);
            }
        }
        if self.files.is_empty() {
            return request.json(&self);
        }
        let mut form = Form::new();
        for (name, value) in &self.members {
            let name = format!("{}[{name}]", self.root);
            form = match value {
                Value::Text(text) => form.text(name, *text),
                Value::Secret(secret) => form.text(name, secret.expose()),
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

/// The file under a name that arrives as it is: the service undoes percent-encoding in names, which browsers leave to
/// chance.
fn named(file: &Upload) -> Upload {
    let file = file.clone();
    match file.name() {
        name if name.contains('%') => {
            let name = name.replace('%', "%25");
            file.file_name(name)
        }
        _ => file,
    }
}

/// Is told the bytes handed to the connection so far, and all there are.
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
                Value::Secret(secret) => map.serialize_entry(name, secret.expose())?,
                Value::Number(number) => map.serialize_entry(name, number)?,
                Value::Flag(flag) => map.serialize_entry(name, flag)?,
            }
        }
        map.end()
    }
}

/// # Errors
/// If there are more files than the service takes, or one has a name under which nobody could fetch it.
pub(crate) fn check_files(files: &[Upload]) -> Result<(), Error> {
    if files.len() > FILES {
        return Err(Error::invalid(format!(
            "`file`: {} files; at most {FILES} can be sent at once",
            files.len()
        )));
    }
    match files.iter().find(|file| is_lost(file.name())) {
        Some(file) => Err(Error::invalid(format!(
            "`file`: under the name `{}` nobody could download it: give it another one with `file_name`",
            file.name().escape_debug()
        ))),
        None => Ok(()),
    }
}

/// Whether the service would pass over a file of this name, or make a link of it that ends in `/.` or `/..`, which
/// browsers and all other clients shorten before they ask for it. It takes the last part of a path for the name, without
/// the blanks around it.
fn is_lost(name: &str) -> bool {
    let parts = name.rsplit(['/', '\\']);
    let last = parts.map(str::trim).find(|part| !part.is_empty());
    last.is_none_or(is_dots)
}

/// Whether a URL's segment means the folder it is in, or the one above.
pub(crate) fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// # Errors
/// If it is empty: the service takes that for none, and leaves the secret unprotected.
pub(crate) fn check_passphrase(passphrase: Option<&Secret>) -> Result<(), Error> {
    if passphrase.is_some_and(|passphrase| passphrase.expose().is_empty()) {
        return Err(Error::invalid(
            "`passphrase` is empty, which would leave the secret without one: give one, or leave it out",
        ));
    }
    Ok(())
}

/// # Errors
/// If the text is blank, or has more characters than the service takes. `field` is what the caller set.
pub(crate) fn check_text(field: &str, text: &str, most: usize) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::invalid(format!("`{field}` is blank")));
    }
    let length = text.chars().count();
    if length > most {
        return Err(Error::invalid(format!(
            "`{field}` has {length} characters; at most {most} can be sent: send a file instead"
        )));
    }
    Ok(())
}

/// How many people can be told by one call.
const RECIPIENTS: usize = 5;

/// The addresses in the service's form.
///
/// # Errors
/// If there are too many, or one is none or there twice. No address is in the error.
pub(crate) fn recipients(field: &str, addresses: &[String]) -> Result<Option<String>, Error> {
    if addresses.len() > RECIPIENTS {
        return Err(Error::invalid(format!(
            "`{field}`: {} addresses; at most {RECIPIENTS} people can be told",
            addresses.len()
        )));
    }
    for (index, address) in addresses.iter().enumerate() {
        let wrong = |what: &str| {
            Err(Error::invalid(format!(
                "`{field}`: address {} {what}",
                index + 1
            )))
        };
        let plain = !address.contains(|c: char| c == ',' || c.is_whitespace() || c.is_control());
        let parts = address.split_once('@');
        if !plain || parts.is_none_or(|(name, host)| name.is_empty() || host.is_empty()) {
            return wrong("is no e-mail address; give each address by itself");
        }
        if addresses[..index]
            .iter()
            .any(|other| other.eq_ignore_ascii_case(address))
        {
            return wrong("is there twice");
        }
    }
    Ok((!addresses.is_empty()).then(|| addresses.join(",")))
}
