//! What is in a file, and how it is served. Source: Active Storage, which asks Marcel; run against both.

/// What a file begins with, by its media type. Of Marcel's tables, here as in the others, these are the common entries.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"MZ", "application/x-msdownload"),
    (b"#!/bin/sh", "application/x-sh"),
    (b"SQLite format 3\0", "application/x-sqlite3"),
    (b"-----BEGIN CERTIFICATE-----", "application/x-x509-ca-cert"),
    (
        b"-----BEGIN RSA PRIVATE KEY-----",
        "application/x-x509-key;format=pem",
    ),
    (b"<svg", "image/svg+xml"),
    (b"<!DOCTYPE html", "text/html"),
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<?xml", "application/xml"),
];

/// Media types by the ends of names.
const NAMES: &[(&str, &str)] = &[
    ("7z", "application/x-7z-compressed"),
    ("bmp", "image/bmp"),
    ("conf", "text/x-config"),
    ("crt", "application/x-x509-cert"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("docx", DOCX),
    ("exe", "application/x-dosexec"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ini", "text/x-ini"),
    ("jar", "application/java-archive"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("key", "application/vnd.apple.keynote"),
    ("log", "text/x-log"),
    ("md", "text/markdown"),
    ("mp4", "video/mp4"),
    ("p12", "application/x-pkcs12"),
    ("pdf", "application/pdf"),
    ("pem", "application/x-x509-ca-cert"),
    ("pfx", "application/x-pkcs12"),
    ("png", "image/png"),
    ("pptx", PPTX),
    ("rtf", "application/rtf"),
    ("sh", "application/x-sh"),
    ("sql", "application/sql"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tgz", "application/gzip"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    ("xlsx", XLSX),
    ("xml", "application/xml"),
    ("xz", "application/x-xz"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zip", "application/zip"),
];

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Other names of media types.
const ALIASES: &[(&str, &str)] = &[
    ("application/javascript", "text/javascript"),
    ("application/x-gzip", "application/gzip"),
    ("application/x-pdf", "application/pdf"),
    ("application/x-yaml", "application/yaml"),
    ("application/x-zip-compressed", "application/zip"),
    ("text/x-markdown", "text/markdown"),
    ("text/xml", "application/xml"),
    ("text/yaml", "application/yaml"),
];

/// Media types and the more general ones that they are of.
const GENERAL: &[(&str, &str)] = &[
    ("application/java-archive", "application/zip"),
    ("application/json", "text/javascript"),
    ("application/rtf", "text/plain"),
    ("application/vnd.apple.keynote", "application/zip"),
    (DOCX, "application/zip"),
    (PPTX, "application/zip"),
    (XLSX, "application/zip"),
    ("application/x-dosexec", "application/x-msdownload"),
    ("application/x-sh", "text/plain"),
    ("application/xml", "text/plain"),
    ("application/yaml", "text/plain"),
    ("image/svg+xml", "application/xml"),
    ("text/css", "text/plain"),
    ("text/csv", "text/plain"),
    ("text/javascript", "text/plain"),
    ("text/markdown", "text/plain"),
    ("text/x-config", "text/plain"),
    ("text/x-ini", "text/plain"),
    ("text/x-log", "text/plain"),
];

const BINARY: &str = "application/octet-stream";

fn found(table: &[(&str, &'static str)], wanted: &str) -> Option<&'static str> {
    let found = table.iter().find(|(known, _)| *known == wanted);
    found.map(|(_, value)| *value)
}

fn is_of(kind: &str, general: &str) -> bool {
    kind == general || found(GENERAL, kind).is_some_and(|above| is_of(above, general))
}

/// A declared media type without its parameters, unless it is none or says nothing.
fn declared_type(declared: &str) -> Option<String> {
    let kind = declared.split(';').next().unwrap_or_default().trim();
    let is_token = |text: &str| {
        let is_mark = |byte: &u8| b"!#$%&'*+-.^_`|~".contains(byte);
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || is_mark(&byte))
    };
    let (family, name) = kind.split_once('/')?;
    let kind = kind.to_ascii_lowercase();
    let kind = found(ALIASES, &kind).map_or(kind, str::to_owned);
    (is_token(family) && is_token(name) && kind != BINARY).then_some(kind)
}

/// The media type of a file: by its content, else as it was declared, else by its name. A later one counts if it is a
/// special case of the one before.
pub(crate) fn media_type(beginning: &[u8], name: &str, declared: &str) -> String {
    let by_content = MAGIC
        .iter()
        .find(|(magic, _)| beginning.starts_with(magic))
        .map(|(_, kind)| (*kind).to_owned());
    let end = name.rsplit_once('.').map(|(_, end)| end.to_lowercase());
    let by_name = end.and_then(|end| found(NAMES, &end)).map(str::to_owned);
    let kinds = [by_content, declared_type(declared), by_name];
    let kind = kinds
        .into_iter()
        .flatten()
        .reduce(|kind, other| match is_of(&other, &kind) {
            true => other,
            false => kind,
        });
    kind.unwrap_or_else(|| BINARY.to_owned())
}

/// How a file of this type is served: as what, and whether it is shown in place (the defaults of
/// `config.active_storage`; measured on 2.11.4 for images, PDF and HTML).
pub(crate) fn served(media_type: &str) -> (&str, bool) {
    const AS_BINARY: &[&str] = &[
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
        binary if AS_BINARY.contains(&binary) => (BINARY, false),
        other => (other, IN_PLACE.contains(&other)),
    }
}
