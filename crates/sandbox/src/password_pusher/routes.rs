//! From a method and a path to an operation.
//!
//! Source: `config/routes/pwp_api.rb`; for the commercial product, its documentation and public clients.

use http::Method;

use super::call::Access::{self, Anybody, Guess, Open, Token};
use super::call::Call;
use super::edition::Profile;
use super::response::Outcome;
use super::state::Store;
use super::{create, files, instance, notify, pushes, requests};

/// An operation; the text is the last literal or the token of the path.
type Act = fn(&Call<'_>, &mut Store, &str) -> Outcome;

/// Methods, paths below `/api/v2/` in which a star is a token, access, and operations. The first match counts.
const OPERATIONS: &[(&str, &str, Access, Act)] = &[
    ("GET", "version", Anybody, instance::version),
    ("GET", "accounts", Token, instance::accounts),
    ("GET", "workspaces", Token, instance::accounts),
    ("POST", "pushes", Open, create::create),
    ("GET", "pushes/active", Token, pushes::list),
    ("GET", "pushes/expired", Token, pushes::list),
    ("GET", "pushes/*", Guess, pushes::show),
    ("DELETE", "pushes/*", Open, pushes::delete),
    ("GET", "pushes/*/preview", Open, pushes::preview),
    ("GET", "pushes/*/audit", Token, pushes::audit),
    ("POST", "pushes/*/notify_emails", Token, notify::notify),
    ("POST", "requests", Token, requests::create),
    ("GET", "requests/active", Token, requests::list),
    ("GET", "requests/open", Token, requests::list),
    ("GET", "requests/ready", Token, requests::list),
    ("GET", "requests/closed", Token, requests::list),
    ("GET", "requests/*", Guess, requests::show),
    ("DELETE", "requests/*", Token, requests::close),
    ("GET", "requests/*/preview", Open, requests::preview),
    ("GET", "requests/*/audit", Token, requests::audit),
    ("PATCH", "requests/*/respond", Guess, requests::respond),
];

/// An operation that was found.
pub(crate) struct Operation<'a> {
    pub(crate) access: Access,
    pub(crate) act: Act,
    /// The path below `/api/v2/`, in which a star is a token.
    pub(crate) path: &'static str,
    /// The segment behind `pushes` or `requests`.
    pub(crate) token: &'a str,
}

impl<'a> Operation<'a> {
    pub(crate) fn find(profile: &Profile, method: &Method, path: &'a str) -> Option<Self> {
        profile.api_version()?;
        // Rails performs HEAD as GET without the body, and does without a slash at the end.
        let is_known = !profile.is_commercial;
        let method = match *method {
            Method::HEAD if is_known => &Method::GET,
            _ => method,
        };
        let path = path.strip_suffix('/').filter(|_| is_known).unwrap_or(path);
        let segments: Vec<_> = path.strip_prefix("/api/v2/")?.split('/').collect();
        // A dot starts a suffix.
        let is_token = |part: &str| !part.is_empty() && !part.contains('.');
        let fits = |pattern: &str| {
            let mut parts = pattern.split('/').zip(&segments);
            pattern.split('/').count() == segments.len()
                && parts.all(|(part, given)| part == *given || part == "*" && is_token(given))
        };
        let mut operations = OPERATIONS.iter();
        let found = operations.find(|(of, pattern, ..)| method == *of && fits(pattern))?;
        let exists = match (segments[0], segments.last()) {
            ("requests" | "accounts" | "workspaces", _) => profile.is_commercial,
            (_, Some(&"notify_emails")) => profile.since([2, 9, 0]),
            _ => true,
        };
        exists.then(|| Self {
            access: found.2,
            act: found.3,
            path: found.1,
            token: segments.get(1).copied().unwrap_or_default(),
        })
    }
}

pub(crate) const SUFFIX: &str = "paths with a suffix";

/// The name of what only the real service has at a path (`config/routes/*.rb`).
pub(crate) fn not_played(path: &str) -> Option<&'static str> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    Some(match &segments[..] {
        ["api", "v1", ..] | ["p.json" | "f.json" | "r.json"] => "the API v1",
        ["p" | "f" | "r", _, "preview.json" | "audit.json"] => "the API v1",
        ["p" | "f" | "r", last] if last.ends_with(".json") => "the API v1",
        ["p" | "f" | "r", token] if !token.contains('.') => "the pages",
        ["p" | "f" | "r", _, "r" | "preview" | "passphrase" | "audit"] => "the pages",
        [""] | ["users" | "admin" | "pages" | "first_run" | "dashboard", ..] => "the pages",
        ["api", "v2", "generate", ..] => "the generator of passwords",
        ["api", "v2", .., last] if last.ends_with(".json") => SUFFIX,
        ["uploads", ..] => "resumable uploads",
        ["up"] => "the page that says that it lives",
        _ => return None,
    })
}

/// The two parts of a signed URL of a file: its start and the signed text.
pub(crate) fn file(path: &str) -> Option<(&'static str, &str)> {
    let starts = [files::REDIRECT, files::STORAGE].into_iter();
    let (start, rest) = starts
        .filter_map(|start| Some((start, path.strip_prefix(start)?)))
        .next()?;
    let (signed, name) = rest.split_once('/')?;
    (!name.is_empty()).then_some((start, signed))
}
