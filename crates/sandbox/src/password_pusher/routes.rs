//! From a method and a path to an operation.
//!
//! Source: `config/routes/pwp_api.rb`; for the commercial product, its documentation
//! and public clients.

use http::Method;

use super::edition::Profile;
use super::files::Place;
use super::model::Phase;
use super::requests::Filter;
use super::{pushes, requests};

/// What a method and a path stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation<'a> {
    Version,
    CreatePush,
    ListPushes { expired: bool },
    Push(pushes::Action, &'a str),
    CreateRequest,
    ListRequests(Filter),
    Request(requests::Action, &'a str),
    Accounts,
}

impl<'a> Operation<'a> {
    pub(crate) fn find(profile: &Profile, method: &Method, path: &'a str) -> Option<Self> {
        profile.api_version?;
        // Whatever is read can be asked for without its body.
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<_> = path.strip_prefix("/api/v2/")?.split('/').collect();
        // Dots would be suffixes.
        if segments
            .iter()
            .any(|part| part.is_empty() || part.contains('.'))
        {
            return None;
        }
        let found = Self::of_segments(method, &segments)?;
        let exists = match found {
            Self::Push(pushes::Action::Notify, _) => profile.notifies_by_email,
            Self::CreateRequest | Self::ListRequests(_) | Self::Request(..) | Self::Accounts => {
                profile.is_commercial
            }
            _ => true,
        };
        exists.then_some(found)
    }

    fn of_segments(method: &Method, segments: &[&'a str]) -> Option<Self> {
        use {pushes::Action as Push, requests::Action as Request};
        let found = match (method.as_str(), segments) {
            ("GET", ["version"]) => Self::Version,
            ("GET", ["accounts" | "workspaces"]) => Self::Accounts,
            ("POST", ["pushes"]) => Self::CreatePush,
            ("GET", ["pushes", "active"]) => Self::ListPushes { expired: false },
            ("GET", ["pushes", "expired"]) => Self::ListPushes { expired: true },
            ("GET", ["pushes", token]) => Self::Push(Push::Show, token),
            ("DELETE", ["pushes", token]) => Self::Push(Push::Delete, token),
            ("GET", ["pushes", token, "preview"]) => Self::Push(Push::Preview, token),
            ("GET", ["pushes", token, "audit"]) => Self::Push(Push::Audit, token),
            ("POST", ["pushes", token, "notify_emails"]) => Self::Push(Push::Notify, token),
            ("POST", ["requests"]) => Self::CreateRequest,
            ("GET", ["requests", "active"]) => Self::ListRequests(Filter::Active),
            ("GET", ["requests", "open"]) => Self::ListRequests(Filter::In(Phase::Open)),
            ("GET", ["requests", "ready"]) => Self::ListRequests(Filter::In(Phase::Ready)),
            ("GET", ["requests", "closed"]) => Self::ListRequests(Filter::In(Phase::Closed)),
            ("GET", ["requests", token]) => Self::Request(Request::Show, token),
            ("DELETE", ["requests", token]) => Self::Request(Request::Close, token),
            ("GET", ["requests", token, "preview"]) => Self::Request(Request::Preview, token),
            ("GET", ["requests", token, "audit"]) => Self::Request(Request::Audit, token),
            ("PATCH", ["requests", token, "respond"]) => Self::Request(Request::Respond, token),
            _ => return None,
        };
        Some(found)
    }

    pub(crate) fn needs_token(self) -> bool {
        use {pushes::Action as Push, requests::Action as Request};
        match self {
            Self::ListPushes { .. } | Self::CreateRequest | Self::ListRequests(_) => true,
            Self::Accounts => true,
            Self::Push(action, _) => matches!(action, Push::Audit | Push::Notify),
            Self::Request(action, _) => matches!(action, Request::Audit | Request::Close),
            Self::Version | Self::CreatePush => false,
        }
    }

    /// The token whose passphrase this could be a guess at.
    pub(crate) fn guesses_at(self) -> Option<&'a str> {
        match self {
            Self::Push(pushes::Action::Show, token)
            | Self::Request(requests::Action::Show | requests::Action::Respond, token) => {
                Some(token)
            }
            _ => None,
        }
    }
}

/// What the real service has at a path, where this one has nothing
/// (`config/routes/*.rb`).
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
        ["api", "v2", .., last] if last.ends_with(".json") => "paths with a suffix",
        ["uploads", ..] => "resumable uploads",
        ["up"] => "the page that says that it lives",
        _ => return None,
    })
}

/// A signed URL of a file.
pub(crate) fn file(path: &str) -> Option<(Place, &str)> {
    let place = Place::ALL
        .into_iter()
        .find(|place| path.starts_with(place.prefix()))?;
    let (signed, name) = path[place.prefix().len()..].split_once('/')?;
    (!name.is_empty()).then_some((place, signed))
}

#[cfg(test)]
mod tests {
    use super::super::PasswordPusherEdition as Edition;
    use super::*;

    #[test]
    fn what_is_no_operation_is_not_taken_for_one() {
        for (method, path) in [
            (Method::GET, "/"),
            (Method::GET, "/api/v2"),
            (Method::GET, "/api/v2/pushes"),
            (Method::GET, "/api/v2/pushes.json"),
            (Method::GET, "/api/v2/pushes/abc.xml"),
            (Method::GET, "/api/v2/pushes//audit"),
            (Method::PUT, "/api/v2/pushes/abc"),
            (Method::PATCH, "/api/v2/pushes/abc"),
            (Method::GET, "/api/v2/pushes/abc/edit"),
            (Method::POST, "/api/v2/requests/abc/respond"),
            (Method::GET, "/p/abc"),
            (Method::GET, "/p/abc/r.json"),
            (Method::GET, "/api/v1/version"),
        ] {
            let profile = Edition::Hosted.profile();
            let found = Operation::find(profile, &method, path);
            assert_eq!(found, None, "{method} {path}");
        }
    }

    #[test]
    fn commercial_operations_are_commercial() {
        for path in [
            "/api/v2/requests/open",
            "/api/v2/accounts",
            "/api/v2/workspaces",
        ] {
            let find = |edition: Edition| Operation::find(edition.profile(), &Method::GET, path);
            assert!(find(Edition::Hosted).is_some(), "{path}");
            assert!(find(Edition::OpenSource).is_none(), "{path}");
            assert!(find(Edition::V1Only).is_none(), "{path}");
        }
    }
}
