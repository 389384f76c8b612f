//! From a request to its answer: throttle, operation, caller, locks, then the
//! work.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use hyper::body::Incoming;
use serde_json::Value;

use super::call::{USER_TOKEN, Visit, by_tls, token, wants_json};
use super::edition::Profile;
use super::files::{self, Place};
use super::language::Language;
use super::model::Phase;
use super::params::Form;
use super::requests::Filter;
use super::response::{Object, Refusal, Reply, ok, redirect, reply, status_reply, throttled, time};
use super::state::State;
use super::{create, pushes, requests, upload};
use crate::core::listener::{Dropped, Peer, Service, whole};

/// The host that an edition which has moved sends its callers to: another name
/// of this machine.
const NEW_HOST: &str = "localhost";

/// What a method and a path stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation<'a> {
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
    fn find(profile: &Profile, method: &Method, path: &'a str) -> Option<Self> {
        let (api, rest) = split(path)?;
        // Whatever is read can be asked for without its body.
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        if api == Api::V1 {
            // Lists, which are not played.
            if matches!(rest[..], ["active" | "expired"]) {
                return None;
            }
            // All of the older API that answers of the newer one lead to.
            return match (method, &rest[..]) {
                (&Method::GET, ["version"]) => Some(Self::Version),
                (&Method::GET, [token]) => Some(Self::Push(pushes::Action::Show, token)),
                _ => None,
            };
        }
        profile.api_version?;
        // The open-source server takes the suffix for what is read alone
        // (measured on 2.11.4); the hosted one is known to take it here.
        if method == Method::POST && path.ends_with(".json") && !profile.is_commercial {
            return None;
        }
        let found = Self::of_segments(method, &rest)?;
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

    fn needs_token(self) -> bool {
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
    fn guesses_at(self) -> Option<&'a str> {
        match self {
            Self::Push(pushes::Action::Show, token)
            | Self::Request(requests::Action::Show | requests::Action::Respond, token) => {
                Some(token)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    V1,
    V2,
}

/// What the real service has at a path, where this one has nothing
/// (`config/routes/*.rb`).
fn not_played(path: &str) -> Option<&'static str> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    Some(match &segments[..] {
        ["api", "v1", ..] | ["p.json" | "f.json" | "r.json"] => "the API v1",
        ["p" | "f" | "r", "active.json" | "expired.json"] => "the API v1",
        ["p" | "f" | "r", _, "preview.json" | "audit.json"] => "the API v1",
        ["f" | "r", token] if token.ends_with(".json") => "the API v1",
        ["p" | "f" | "r", token] if !token.contains('.') => "the pages",
        ["p" | "f" | "r", _, "r" | "preview" | "passphrase" | "audit"] => "the pages",
        [""] | ["users" | "admin" | "pages" | "first_run" | "dashboard", ..] => "the pages",
        ["api", "v2", "generate", ..] => "the generator of passwords",
        ["uploads", ..] => "resumable uploads",
        _ => return None,
    })
}

/// The segments below an API's root, without the suffix.
fn split(path: &str) -> Option<(Api, Vec<&str>)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let plain = path.strip_suffix(".json");
    let (api, rest) = if let Some(rest) = plain.unwrap_or(path).strip_prefix("/api/v2/") {
        (Api::V2, rest)
    } else if plain.unwrap_or(path) == "/api/v1/version" {
        (Api::V1, "version")
    } else {
        // Pages share this path; only with the suffix is it an API.
        (Api::V1, plain?.strip_prefix("/p/")?)
    };
    let segments: Vec<_> = rest.split('/').collect();
    // Dots would be other suffixes.
    let are_proper = (segments.iter()).all(|part| !part.is_empty() && !part.contains('.'));
    are_proper.then_some((api, segments))
}

/// A signed URL of a file.
fn file(path: &str) -> Option<(Place, &str)> {
    let place = Place::ALL
        .into_iter()
        .find(|place| path.starts_with(place.prefix()))?;
    let (signed, name) = path[place.prefix().len()..].split_once('/')?;
    (!name.is_empty()).then_some((place, signed))
}

impl State {
    /// Where a request is sent on to before anything looks at it.
    fn moved_to(&self, parts: &Parts) -> Option<String> {
        let path = parts.uri.path_and_query()?.as_str();
        let is_plain = !parts.uri.path().ends_with(".json") && path.starts_with("/api/");
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let is_there = host.is_some_and(|host| host.starts_with(NEW_HOST));
        (self.profile().has_moved && is_plain && !is_there)
            .then(|| format!("http://{NEW_HOST}:{}{path}", self.address.port()))
    }

    pub(super) fn perform(&self, parts: &Parts, body: &Bytes) -> Result<Reply, Refusal> {
        let path = parts.uri.path();
        if let Some(url) = self.moved_to(parts) {
            let mut reply = redirect(&url);
            *reply.status_mut() = StatusCode::MOVED_PERMANENTLY;
            return Ok(reply);
        }
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.unwrap_or_default();
        let allowed = &self.options.allowed_hosts;
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        if !allowed.is_empty() && !allowed.iter().any(|known| known == name) {
            return Err(Refusal::BlockedHost);
        }
        if self.options.forced_tls && !by_tls(&parts.headers) {
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let is_read = matches!(parts.method, Method::GET | Method::HEAD);
            return Err(Refusal::ForcedTls(format!("https://{host}{path}"), is_read));
        }
        if path == "/up" {
            return Ok(reply(StatusCode::OK, "text/html; charset=utf-8", "up"));
        }
        if let Some(Peer(ip)) = parts.extensions.get() {
            self.throttle(*ip).map_err(Refusal::Throttled)?;
        }
        if let Some((place, signed)) = file(path).filter(|_| parts.method == Method::GET) {
            let visit = Visit::new(self, parts, body)?;
            return Ok(files::fetch(&visit, place, signed));
        }
        let missing = Refusal::Status(StatusCode::NOT_FOUND);
        // A gateway draws no routes of the API (`config/routes.rb`).
        if self.options.gateway && path.starts_with("/api/") {
            return Err(missing);
        }
        let operation = Operation::find(self.profile(), &parts.method, path)
            .filter(|operation| {
                let notifies = matches!(operation, Operation::Push(pushes::Action::Notify, _));
                !notifies || self.options.notifications
            })
            .ok_or_else(|| not_played(path).map_or(missing, Refusal::NotPlayed))?;
        let mut visit = Visit::new(self, parts, body)?;
        let is_version = operation == Operation::Version;
        visit.authenticate(&parts.headers, operation.needs_token(), is_version)?;
        if let Some(token) = operation
            .guesses_at()
            .filter(|_| visit.profile.limits_passphrases)
        {
            let passphrase = visit.params.text("passphrase").unwrap_or_default();
            // Blank ones are not counted (measured on 2.11.4).
            if !passphrase.trim().is_empty() && !self.admit_passphrase(token) {
                return Err(Refusal::TooManyPassphrases);
            }
        }
        let mut store = self.store();
        match operation {
            Operation::Version => Ok(version(&visit, path)),
            Operation::CreatePush => create::create(&visit, &mut store),
            Operation::ListPushes { expired } => pushes::list(&visit, &store, expired),
            Operation::Push(action, token) => pushes::act(&visit, &mut store, action, token),
            Operation::CreateRequest => requests::create(&visit, &mut store),
            Operation::ListRequests(filter) => requests::list(&visit, &store, filter),
            Operation::Request(action, token) => requests::act(&visit, &mut store, action, token),
            Operation::Accounts => Ok(accounts(&visit)),
        }
    }
}

fn version(visit: &Visit<'_>, path: &str) -> Reply {
    let (profile, options) = (visit.profile, &visit.state.options);
    let api_version = profile.api_version.filter(|_| path.starts_with("/api/v2/"));
    let object = Object::default()
        .with("application_version", profile.application_version)
        .with("api_version", api_version.unwrap_or("1.5"))
        .with("edition", profile.edition);
    if api_version.is_none() || !profile.tells_features {
        return ok(&object);
    }
    let enabled = |on: bool| Object::default().with("enabled", on);
    let sends = profile.notifies_by_email && visit.state.sends_mail();
    let pushes = enabled(true)
        .with("email_auto_dispatch", sends)
        .with(
            "file_attachments",
            enabled(options.files).with("requires_authentication", true),
        )
        .with("url_pushes", enabled(options.urls))
        .with("qr_code_pushes", enabled(options.qr_codes));
    let requests = enabled(profile.is_commercial);
    let requests = if profile.is_commercial {
        requests.with("email_auto_dispatch", sends)
    } else {
        requests
    };
    let features = Object::default()
        .with("anonymous_access", options.anonymous)
        .with("api_token_authentication", true)
        .with("accounts", enabled(profile.is_commercial))
        .with("pushes", pushes)
        .with("requests", requests);
    ok(&object.with("features", features))
}

fn accounts(visit: &Visit<'_>) -> Reply {
    let since = time(visit.state.started);
    let user = visit.visitor.user.map(|user| &visit.state.users[user]);
    let accounts = user.map_or(&[][..], |user| &user.accounts);
    let accounts: Vec<Value> = accounts
        .iter()
        .map(|account| {
            Object::default()
                .with("id", account.id)
                .with("name", account.name)
                .with("role", "owner")
                .with("created_at", since.as_str())
                .with("updated_at", since.as_str())
                .into()
        })
        .collect();
    ok(&accounts)
}

impl Service for State {
    const NAME: &'static str = "password-pusher";
    // The largest text with every character escaped, and then some. Files have
    // no limit.
    const LARGEST_BODY: usize = 32 * 1024 * 1024;

    async fn receive(&self, parts: &mut Parts, body: Incoming) -> Result<Option<Bytes>, Dropped> {
        let kind = parts.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok());
        let Some(boundary) = kind.and_then(|kind| multer::parse_boundary(kind).ok()) else {
            return whole(body, Self::LARGEST_BODY).await;
        };
        let (beginning, form): (_, Form) = upload::receive(&self.spool, &boundary, body).await?;
        parts.extensions.insert(form);
        Ok(beginning)
    }

    fn answer(&self, parts: &Parts, body: &Bytes) -> Reply {
        self.perform(parts, body).unwrap_or_else(|refusal| {
            let options = &self.options;
            let known = token(&parts.headers).and_then(|token| self.user(token));
            let user = known.and(options.user_language.as_deref());
            let language = match refusal {
                // It is refused before a language is chosen.
                Refusal::Unconfirmed => Language::default(&options.default_locale),
                _ => Language::of(parts, user, &options.default_locale),
            };
            refusal.into_reply(wants_json(parts), language)
        })
    }

    fn failure(&self, status: StatusCode) -> Reply {
        match status {
            StatusCode::UNAUTHORIZED => Refusal::Unauthorized.into_reply(true, Language::English),
            StatusCode::NOT_FOUND => Refusal::NotFound.into_reply(true, Language::English),
            StatusCode::TOO_MANY_REQUESTS => throttled(),
            _ => status_reply(status, true),
        }
    }

    fn stamp(&self, headers: &mut HeaderMap) {
        headers.insert(
            "x-robots-tag",
            HeaderValue::from_static("noindex, nofollow"),
        );
        if let Ok(id) = HeaderValue::try_from(self.request_id().to_string()) {
            headers.insert("x-request-id", id);
        }
    }

    fn redact(&self, headers: &mut HeaderMap) {
        for name in [AUTHORIZATION.as_str(), USER_TOKEN] {
            let http::header::Entry::Occupied(mut values) = headers.entry(name) else {
                continue;
            };
            for value in values.iter_mut() {
                let text = value.to_str().unwrap_or_default();
                let known = self.users.iter().find(|user| text.contains(&user.token));
                if let Some(user) = known {
                    let text = text.replace(&user.token, user.title);
                    *value =
                        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("[token]"));
                }
            }
        }
    }

    fn printable(&self, path: &str) -> Option<String> {
        if let Some((place, _)) = file(path) {
            return Some(format!("{}[signed]", place.prefix()));
        }
        let start = ["/api/v2/pushes/", "/api/v2/requests/", "/p/", "/requests/"]
            .into_iter()
            .find(|start| path.starts_with(start))?;
        let rest = &path[start.len()..];
        let token = &rest[..rest.find(['/', '.']).unwrap_or(rest.len())];
        let lists = ["active", "expired", "open", "ready", "closed"];
        let is_list = start.starts_with("/api/") && lists.contains(&token);
        (!is_list).then(|| format!("{start}[token]{}", &rest[token.len()..]))
    }
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
            (Method::GET, "/api/v1/version/x"),
        ] {
            let profile = Edition::Hosted.profile();
            let found = Operation::find(profile, &method, path);
            assert_eq!(found, None, "{method} {path}");
        }
    }

    #[test]
    fn every_operation_answers_to_the_suffix_as_well() {
        let profile = Edition::Hosted.profile();
        for path in [
            "/api/v2/version",
            "/api/v2/pushes/active",
            "/api/v2/pushes/abc",
            "/api/v2/requests/abc/preview",
            "/api/v2/workspaces",
        ] {
            let plain = Operation::find(profile, &Method::GET, path);
            assert!(plain.is_some(), "{path}");
            assert_eq!(Operation::find(profile, &Method::HEAD, path), plain);
            let suffixed = format!("{path}.json");
            assert_eq!(Operation::find(profile, &Method::GET, &suffixed), plain);
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
