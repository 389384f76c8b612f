//! Forms with files.

use bytes::Bytes;

use super::response::Refusal;
use crate::keepnet::records::Record;

/// One field of a form.
#[derive(Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content: Bytes,
}

/// The fields of a `multipart/form-data` body.
pub(crate) fn parts(content_type: &str, body: &Bytes) -> Result<Vec<Part>, Refusal> {
    read(content_type, body).ok_or_else(|| Refusal::input("Invalid request"))
}

fn read(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line break of its own before it.
    let mut at = body
        .starts_with(&delimiter.as_bytes()[2..])
        .then(|| delimiter.len() - 2)?;
    let mut parts = Vec::new();
    loop {
        let rest = &body[at..];
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let headers = at + 2;
        let head = headers + find(&body[headers..], b"\r\n\r\n")?;
        let content = head + 4;
        // A part without content may share its line break with the delimiter.
        let end = content - 2 + find(&body[content - 2..], delimiter.as_bytes())?;
        let head = std::str::from_utf8(&body[headers..head]).ok()?;
        let disposition = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition")
                .then_some(value)
        })?;
        parts.push(Part {
            name: parameter(disposition, "name")?,
            file_name: parameter(disposition, "filename"),
            content: body.slice(content..end.max(content)),
        });
        at = end + delimiter.len();
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn parameter(text: &str, wanted: &str) -> Option<String> {
    text.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.to_owned())
    })
}

/// The fields that are no files as a record. A name with an index, or one that
/// comes again, makes a list.
pub(crate) fn record(parts: &[Part]) -> Record {
    use serde_json::Value;
    let mut record = Record::new();
    for part in parts.iter().filter(|part| part.file_name.is_none()) {
        let text = Value::from(String::from_utf8_lossy(&part.content).into_owned());
        let (name, indexed) = match part.name.split_once('[') {
            Some((name, _)) => (name, true),
            None => (part.name.as_str(), false),
        };
        // The service's own members start with a small letter.
        let name = match name.split_at_checked(1) {
            Some((first, rest)) => first.to_lowercase() + rest,
            None => continue,
        };
        match record.get_mut(&name) {
            Some(Value::Array(values)) => values.push(text),
            Some(value) => *value = Value::Array(vec![value.take(), text]),
            None if indexed => {
                record.insert(name, Value::Array(vec![text]));
            }
            None => {
                record.insert(name, text);
            }
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_and_files_are_told_apart() {
        let body = Bytes::from_static(
            b"--b\r\nContent-Disposition: form-data; name=\"Name\"\r\n\r\nAcme\r\n\
              --b\r\ncontent-disposition: form-data; name=\"Tags[0]\"\r\n\r\none\r\n\
              --b\r\nContent-Disposition: form-data; name=\"Empty\"\r\n\r\n\r\n\
              --b\r\nContent-Disposition: form-data; name=\"File\"; filename=\"a.csv\"\r\n\
              Content-Type: text/csv\r\n\r\na,b\r\n1,2\r\n\r\n--b--\r\n",
        );
        let parts = parts("multipart/form-data; boundary=\"b\"", &body).expect("parts");
        assert_eq!(parts.len(), 4);
        assert_eq!(parts[3].file_name.as_deref(), Some("a.csv"));
        assert_eq!(parts[3].content, "a,b\r\n1,2\r\n");
        let expected = json!({"name": "Acme", "tags": ["one"], "empty": ""});
        assert_eq!(serde_json::Value::Object(record(&parts)), expected);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for (content_type, body) in [
            ("application/json", "{}"),
            ("multipart/form-data", "--b--"),
            ("multipart/form-data; boundary=b", ""),
            ("multipart/form-data; boundary=b", "--b\r\n"),
            (
                "multipart/form-data; boundary=b",
                "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--",
            ),
        ] {
            assert!(parts(content_type, &Bytes::from(body)).is_err(), "{body}");
        }
    }
}
