//! From a request to its response: operation, caller, locks, then the operation. Source of the order: the
//! server's `base_controller.rb` and the layers in front of it.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};
use hyper::body::Incoming;

use super::call::{Access, Call, by_tls, token, wants_json};
use super::edition::NEW_HOST;
use super::files;
use super::language::Language;
use super::options::PasswordPusherOptions;
use super::params::Form;
use super::response::{Outcome, Refusal, redirect, throttled};
use super::routes::{Operation, SUFFIX, file, not_played};
use super::state::State;
use super::{commercial, seed, upload};
use crate::common::query;
use crate::common::service::{Dropped, Service, Setup, header, whole};

impl State {
    /// The URL that a request is redirected to before anything else is checked.
    fn moved_to(&self, parts: &Parts) -> Option<String> {
        let path = parts.uri.path_and_query()?.as_str();
        let is_there = header(&parts.headers, HOST).starts_with(NEW_HOST);
        (self.profile().has_moved && path.starts_with("/api/") && !is_there)
            .then(|| format!("http://{NEW_HOST}:{}{path}", self.address.port()))
    }

    pub(super) fn perform(&self, parts: &Parts, body: &Bytes) -> Outcome {
        let path = parts.uri.path();
        if let Some(url) = self.moved_to(parts) {
            return Ok(redirect(StatusCode::MOVED_PERMANENTLY, &url));
        }
        let host = header(&parts.headers, HOST);
        let allowed = &self.options.allowed_hosts;
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        if !allowed.is_empty() && !allowed.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(Refusal::BlockedHost);
        }
        if self.options.forced_tls && !by_tls(&parts.headers) {
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let is_read = matches!(parts.method, Method::GET | Method::HEAD);
            return Err(Refusal::ForcedTls(format!("https://{host}{path}"), is_read));
        }
        if let Some((start, signed)) = file(path).filter(|_| parts.method == Method::GET) {
            let call = Call::new(self, parts, body)?;
            return Ok(files::fetch(&call, start, signed, path));
        }
        let missing = Refusal::Status(StatusCode::NOT_FOUND);
        // A gateway has no routes of the API (`config/routes.rb`).
        if self.options.gateway && path.starts_with("/api/") {
            return Err(missing);
        }
        // The open-source server has suffixes for what is read (measured on 2.11.4).
        let has_suffix = self.profile().is_commercial || parts.method != Method::POST;
        let what = not_played(path).filter(|what| has_suffix || *what != SUFFIX);
        let operation = Operation::find(&self.profile(), &parts.method, path)
            .filter(|_| self.options.notifications || !path.ends_with("/notify_emails"))
            .ok_or_else(|| what.map_or(missing, |what| Refusal::NotPlayed(what.into())))?;
        // Rails refuses a path that is not UTF-8, if it has a route for it.
        if !query::is_text(path) {
            return Err(Refusal::Status(StatusCode::BAD_REQUEST));
        }
        let mut call = Call::new(self, parts, body)?;
        call.authenticate(&parts.headers, operation.access)?;
        if call.profile.is_commercial {
            commercial::check(operation.path, &call.params, parts)?;
        }
        if operation.access == Access::Guess && call.profile.since([2, 9, 2]) {
            let passphrase = call.params.text("passphrase").unwrap_or_default();
            // Blank passphrases are not counted (measured on 2.11.4).
            if !passphrase.trim().is_empty() && !self.admit("passphrase", operation.token) {
                return Err(Refusal::TOO_MANY_PASSPHRASES);
            }
        }
        (operation.act)(&call, &mut self.store(), operation.token)
    }
}

impl Service for State {
    type Options = PasswordPusherOptions;

    fn new(setup: &Setup, options: &PasswordPusherOptions) -> Self {
        let state = Self::start(setup, options);
        seed::make(&state, options.samples);
        state
    }

    const NAME: &'static str = "password-pusher";
    const CREDENTIAL: HeaderName = AUTHORIZATION;
    // Forms have other limits; see `upload`.
    const LARGEST_BODY: usize = upload::LARGEST_TEXT;

    async fn receive(&self, parts: &mut Parts, body: Incoming) -> Result<Option<Bytes>, Dropped> {
        let form = match multer::parse_boundary(header(&parts.headers, CONTENT_TYPE)) {
            Ok(boundary) => upload::receive(&boundary, body).await?,
            Err(_) => match whole(body, Self::LARGEST_BODY).await? {
                None => Form(Err(Refusal::NotPlayed(upload::TOO_LARGE.into()))),
                body => return Ok(body),
            },
        };
        parts.extensions.insert(form);
        Ok(Some(Bytes::new()))
    }

    fn respond(&self, parts: &Parts, body: &Bytes) -> Response<Bytes> {
        self.perform(parts, body).unwrap_or_else(|refusal| {
            let options = &self.options;
            let known = token(&parts.headers).and_then(|token| self.user(token));
            let user = known.and(options.user_language.as_deref());
            let language = match refusal {
                // This is refused before a language is chosen.
                Refusal::Unconfirmed => Language::default(&options.default_locale),
                _ => Language::of(parts, user, &options.default_locale),
            };
            let refusal = match refusal {
                Refusal::Status(of) if self.profile().is_commercial => {
                    commercial::unknown(parts, of)
                }
                refusal => refusal,
            };
            refusal.into_response(wants_json(parts), language)
        })
    }

    fn failure(&self, status: StatusCode) -> Response<Bytes> {
        let refusal = match status {
            StatusCode::UNAUTHORIZED => Refusal::Unauthorized,
            StatusCode::NOT_FOUND => Refusal::NOT_FOUND,
            StatusCode::TOO_MANY_REQUESTS => return throttled(),
            _ => Refusal::Status(status),
        };
        refusal.into_response(true, Language::English)
    }

    /// Source: the server's source; `x-request-id` is Rails's.
    fn stamp(&self, headers: &mut HeaderMap, id: HeaderValue) {
        headers.insert(
            "x-robots-tag",
            HeaderValue::from_static("noindex, nofollow"),
        );
        headers.insert("x-request-id", id);
    }

    fn title(&self, credential: &HeaderValue) -> Option<String> {
        let text = credential.to_str().ok()?;
        let user = self.users.iter().find(|user| text.contains(&user.token))?;
        Some(text.replace(&user.token, user.title))
    }

    fn printable(&self, path: &str) -> Option<String> {
        if let Some((start, _)) = file(path) {
            return Some(format!("{start}[signed]"));
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
