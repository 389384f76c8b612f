//! What is in a file, and how it is served. Source: Active Storage, which looks at the
//! bytes, then at the name.

/// What a file begins with, by its media type.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"<!DOCTYPE html", "text/html"),
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<?xml", "application/xml"),
];

/// Media types by the ends of names.
const NAMES: &[(&str, &str)] = &[
    ("bmp", "image/bmp"),
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("log", "text/x-log"),
    ("md", "text/markdown"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// The media type of a file, by its content, else by its name, else as it was
/// declared (measured on 2.11.4; `ActiveStorage` asks Marcel, of whose tables
/// these are the common entries).
pub(crate) fn media_type(beginning: &[u8], name: &str, declared: &str) -> String {
    let by_content = MAGIC
        .iter()
        .find(|(magic, _)| beginning.starts_with(magic))
        .map(|(_, kind)| *kind);
    let end = name.rsplit_once('.').map(|(_, end)| end.to_lowercase());
    let by_name = NAMES
        .iter()
        .find(|(known, _)| end.as_deref() == Some(known))
        .map(|(_, kind)| *kind);
    by_content.or(by_name).unwrap_or(declared).to_owned()
}

/// How a file of this type is served: as what, and whether it is shown in
/// place (the defaults of `config.active_storage`; measured on 2.11.4 for
/// images, PDF and HTML).
pub(crate) fn served(media_type: &str) -> (&str, bool) {
    const BINARY: &[&str] = &[
        "text/html",
        "image/svg+xml",
        "application/postscript",
        "application/x-shockwave-flash",
        "text/xml",
        "application/xml",
        "application/xhtml+xml",
        "application/mathml+xml",
        "text/cache-manifest",
    ];
    const IN_PLACE: &[&str] = &[
        "image/webp",
        "image/avif",
        "image/png",
        "image/gif",
        "image/jpeg",
        "image/tiff",
        "image/bmp",
        "image/vnd.adobe.photoshop",
        "image/vnd.microsoft.icon",
        "application/pdf",
    ];
    match media_type {
        binary if BINARY.contains(&binary) => ("application/octet-stream", false),
        other => (other, IN_PLACE.contains(&other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_goes_before_name_and_name_before_what_is_declared() {
        for (beginning, name, declared, expected) in [
            (&b"%PDF-1.7"[..], "a.txt", "text/plain", "application/pdf"),
            (b"a", "a.txt", "image/png", "text/plain"),
            (b"a", "a.PNG", "text/plain", "image/png"),
            (b"a", "a.ovpn", "text/plain", "text/plain"),
            (
                b"",
                "a",
                "application/octet-stream",
                "application/octet-stream",
            ),
        ] {
            assert_eq!(media_type(beginning, name, declared), expected, "{name}");
        }
    }
}
