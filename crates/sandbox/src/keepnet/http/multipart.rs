//! Forms with files.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;

use super::response::Refusal;

/// One field of a form.
#[derive(Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content: Bytes,
}

/// The fields of a `multipart/form-data` body.
pub(crate) fn parts(content_type: &str, body: &Bytes) -> Result<Vec<Part>, Refusal> {
    let boundary = multer::parse_boundary(content_type).ok();
    let reading = pin!(read(boundary.unwrap_or_default(), body.clone()));
    // Nothing is waited for: all of the body is here.
    match reading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(parts)) => Ok(parts),
        _ => Err(Refusal::input("Invalid request")),
    }
}

async fn read(boundary: String, body: Bytes) -> Option<Vec<Part>> {
    let mut form = Multipart::new(BodyDataStream::new(Full::new(body)), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.ok()? {
        parts.push(Part {
            name: field.name()?.to_owned(),
            file_name: field.file_name().map(str::to_owned),
            content: field.bytes().await.ok()?,
        });
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
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
        assert_eq!(parts[3].file_name.as_deref(), Some("a.csv"));
        assert_eq!(parts[3].content, "a,b\r\n1,2\r\n");
        let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["Name", "Tags[0]", "Empty", "File"]);
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
