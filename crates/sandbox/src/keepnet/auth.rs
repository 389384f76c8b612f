//! The client that sends a request, and the company that the request is about.

use std::collections::HashMap;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::records::{client, company, text};
use super::response::{Refusal, json_response};
use super::shapes::SHAPES;
use super::state::{Grant, Inner, State};
use crate::common::service::{header, media_type};

/// The vendor documents the first header. Its front end sends the second.
const COMPANY_HEADERS: [&str; 2] = ["x-keepnet-company-id", "x-ir-company-id"];

/// The fields of a token request.
const FIELDS: [&str; 4] = ["grant_type", "client_id", "client_secret", "scope"];

/// Grants a token. The vendor documents the form, 500 for JSON, `invalid_client` and the permissions. The other
/// refusals are inferred from OAuth 2.
pub(crate) fn token(
    state: &State,
    parts: &Parts,
    body: &Bytes,
) -> Result<Response<Bytes>, Refusal> {
    let not_played = |what: &str| Refusal::not_played(format!("a token request with {what}"));
    match media_type(&parts.headers).as_str() {
        "application/x-www-form-urlencoded" => {}
        "application/json" => return Err(Refusal::internal()),
        _ => return Err(not_played("a body that is not a form")),
    }
    let form: HashMap<_, _> = form_urlencoded::parse(body).collect();
    let field = |name: &str| form.get(name).map_or("", |value| value);
    if let Some(name) = form.keys().find(|name| !FIELDS.contains(&&***name)) {
        return Err(not_played(name));
    }
    if parts.uri.query().is_some() {
        return Err(not_played("a query"));
    }
    let refused = |error: &str, description: &str| {
        let body = json!({ "error": error, "error_description": description });
        Ok(json_response(StatusCode::BAD_REQUEST, &body))
    };
    if field("grant_type") != "client_credentials" {
        return refused("unsupported_grant_type", "The grant type is not supported");
    }
    let mut inner = state.inner();
    let (id, secret) = (field("client_id"), field("client_secret"));
    let found = client::find(&inner.store, id)
        .filter(|(_, client)| text(client, client::SECRET) == secret && client::is_active(client));
    let Some((company, client)) = found else {
        return refused("invalid_client", "Invalid client credentials");
    };
    if field("scope") != "api1" {
        return refused("invalid_scope", "The scope is not known");
    }
    // The status is known from the vendor's front end. Its use for a token request is inferred.
    if !client::allows(client, inner.address) {
        return Err(Refusal::ip_restricted());
    }
    let grant = Grant {
        client_id: id.to_owned(),
        name: text(client, "name").to_owned(),
        company: company.to_owned(),
        reseller: client::reaches_others(client),
    };
    let (token, lifetime) = state.issue(&mut inner, grant);
    drop(inner);
    let body = json!({
        "access_token": token,
        "expires_in": lifetime,
        "token_type": "Bearer",
        "scope": "api1",
        "permissions": permissions(),
    });
    let mut response = json_response(StatusCode::OK, &body);
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    Ok(response)
}

/// The token of an `Authorization` header.
pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(crate) fn authenticate(state: &State, inner: &Inner, parts: &Parts) -> Result<Grant, Refusal> {
    let grant = bearer(header(&parts.headers, AUTHORIZATION))
        .and_then(|token| state.grant(inner, token))
        .ok_or_else(Refusal::unauthorized)?;
    // A token lives on when its client is deactivated or deleted (inferred).
    let client = client::find(&inner.store, &grant.client_id);
    match client.is_none_or(|(_, client)| client::allows(client, inner.address)) {
        true => Ok(grant),
        false => Err(Refusal::ip_restricted()),
    }
}

/// The company that a request is about: the client's own, unless a header names another. Source: the vendor's
/// documentation. The refusal of two companies is inferred.
pub(crate) fn company(inner: &Inner, grant: &Grant, parts: &Parts) -> Result<String, Refusal> {
    let headers = COMPANY_HEADERS.map(|name| header(&parts.headers, name).to_owned());
    let mut named = Vec::from(headers);
    named.retain(|id| !id.is_empty());
    named.dedup();
    match named.as_slice() {
        [] => Ok(grant.company.clone()),
        [id] => reach(inner, grant, id).map(|()| id.clone()),
        _ => Err(Refusal::input("The request names two companies")),
    }
}

/// Refuses a company that does not exist (404) or belongs to somebody else (403). Source: the vendor's documentation.
pub(crate) fn reach(inner: &Inner, grant: &Grant, id: &str) -> Result<(), Refusal> {
    let found = company::find(&inner.store, id);
    let row = found.ok_or_else(|| Refusal::not_found("Company not found"))?;
    if id == grant.company || grant.reseller && text(row, company::PARENT) == grant.company {
        return Ok(());
    }
    Err(Refusal::forbidden("This company is not yours"))
}

/// The operations that a client may call. A token lists them. Source: the vendor's documentation.
fn permissions() -> Value {
    let names = SHAPES.operations.iter().filter_map(|operation| {
        let path = operation.path.strip_prefix("/api/")?;
        let parts = path.split('/').map(|part| match part.starts_with('{') {
            true => "{}",
            false => part,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        Some(json!(format!("{path}|{}", operation.method)))
    });
    names.collect()
}
