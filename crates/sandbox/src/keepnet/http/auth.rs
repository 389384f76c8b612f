//! Who asks, for which company, and whether that is allowed.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::request::content_type;
use super::response::{Refusal, json_response};
use crate::common::query;
use crate::keepnet::dates;
use crate::keepnet::records::{client, company, text};
use crate::keepnet::shapes::{Operation, Shapes};
use crate::keepnet::state::{Grant, Inner, State};

/// The vendor documents the first, and its front end sends the second.
const COMPANY_HEADERS: [&str; 2] = ["x-keepnet-company-id", "x-ir-company-id"];

/// Operations for those who look after several companies. The vendor documents 403 for the search; the others are
/// inferred.
const RESELLERS_ONLY: [&str; 4] = [
    "POST /api/companies",
    "POST /api/companies/search",
    "POST /api/companies/search/export",
    "DELETE /api/companies/bulk-delete",
];

/// Grants a token. The vendor documents the form, 500 for JSON, `invalid_client` and the permissions; the other
/// refusals are inferred from OAuth 2.
pub(crate) fn token(state: &State, parts: &Parts, body: &Bytes) -> Response<Bytes> {
    if !content_type(parts)
        .to_ascii_lowercase()
        .starts_with("application/x-www-form-urlencoded")
    {
        return Refusal::Internal.into_response();
    }
    let form = query::pairs(&String::from_utf8_lossy(body));
    let field = |name: &str| {
        let mut pairs = form.iter();
        pairs
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    let refused = |error: &str, description: &str| {
        let body = json!({ "error": error, "error_description": description });
        json_response(StatusCode::BAD_REQUEST, &body)
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
    // The status is known from the vendor's front end; that a token request gets it is inferred.
    if !client::allows(client, inner.address) {
        return Refusal::IpRestricted.into_response();
    }
    let reseller = client::reaches_others(client);
    let grant = Grant {
        client_id: id.to_owned(),
        name: text(client, "name").to_owned(),
        company: company.to_owned(),
        reseller,
    };
    let (token, lifetime) = state.issue(&mut inner, grant);
    drop(inner);
    let body = json!({
        "access_token": token,
        "expires_in": lifetime,
        "token_type": "Bearer",
        "scope": "api1",
        "permissions": permissions(reseller),
    });
    let mut response = json_response(StatusCode::OK, &body);
    response.headers_mut().insert(
        http::header::CACHE_CONTROL,
        http::HeaderValue::from_static("no-store"),
    );
    response
}

/// The token of an `Authorization` header.
pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(crate) fn authenticate(state: &State, inner: &Inner, parts: &Parts) -> Result<Grant, Refusal> {
    let header = parts.headers.get(AUTHORIZATION);
    let header = header.and_then(|header| header.to_str().ok());
    let grant = header
        .and_then(bearer)
        .and_then(|token| state.grant(inner, token))
        .ok_or(Refusal::Unauthorized)?;
    // Tokens live on when their client is deactivated or deleted (inferred).
    let client = client::find(&inner.store, &grant.client_id);
    match client.is_none_or(|(_, client)| client::allows(client, inner.address)) {
        true => Ok(grant),
        false => Err(Refusal::IpRestricted),
    }
}

/// The company that a request is about: its client's own, unless a header or the query names another. Source: the
/// vendor's documentation; that two are refused is inferred.
pub(crate) fn company(inner: &Inner, grant: &Grant, parts: &Parts) -> Result<String, Refusal> {
    let mut named: Vec<String> = COMPANY_HEADERS
        .iter()
        .filter_map(|name| parts.headers.get(*name)?.to_str().ok())
        .map(str::to_owned)
        .collect();
    let query = query::pairs(parts.uri.query().unwrap_or_default());
    let query = query.into_iter();
    named.extend(
        query
            .filter(|(name, _)| name.eq_ignore_ascii_case("companyId"))
            .map(|(_, value)| value),
    );
    named.retain(|id| !id.is_empty());
    named.dedup();
    let id = match named.as_slice() {
        [] => return Ok(grant.company.clone()),
        [id] => id,
        _ => return Err(Refusal::input("The request names two companies")),
    };
    reach(inner, grant, id)?;
    Ok(id.clone())
}

/// Refuses a company that does not exist or is not the client's to see. Source: the vendor's documentation (404 and
/// 403).
pub(crate) fn reach(inner: &Inner, grant: &Grant, id: &str) -> Result<(), Refusal> {
    let row = company::find(&inner.store, id).ok_or(Refusal::NotFound("Company not found"))?;
    if *id == grant.company {
        return Ok(());
    }
    if !grant.reseller || text(row, company::PARENT) != grant.company {
        return Err(Refusal::Forbidden("This company is not yours"));
    }
    Ok(())
}

/// Refuses a reseller while the company keeps its data to itself. Source: the vendor's front end (`PRIVACY_ERROR`).
pub(crate) fn privacy(
    state: &State,
    inner: &Inner,
    grant: &Grant,
    id: &str,
) -> Result<(), Refusal> {
    if id == grant.company {
        return Ok(());
    }
    let row = company::find(&inner.store, id);
    let end = row.and_then(|row| dates::parse(text(row, "privacyDurationEndTime")));
    match end {
        Some(end) if end > state.millis() => Err(Refusal::Privacy),
        _ => Ok(()),
    }
}

pub(crate) fn allows(reseller: bool, operation: &Operation) -> bool {
    let name = format!("{} {}", operation.method, operation.path);
    reseller || !RESELLERS_ONLY.contains(&name.as_str())
}

pub(crate) fn authorise(grant: &Grant, operation: &Operation) -> Result<(), Refusal> {
    if allows(grant.reseller, operation) {
        Ok(())
    } else {
        Err(Refusal::Forbidden("The role does not allow this"))
    }
}

/// Every operation a client may call, as tokens list them. Source: the vendor's documentation.
pub(crate) fn permissions(reseller: bool) -> Value {
    let operations = Shapes::get().operations.iter();
    let allowed = operations.filter(|operation| allows(reseller, operation));
    let names = allowed.filter_map(|operation| {
        let path = operation.path.strip_prefix("/api/")?;
        let parts = path.split('/').map(|part| match part.starts_with('{') {
            true => "{}",
            false => part,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        Some(json!(format!("{path}|{}", operation.method)))
    });
    Value::Array(names.collect())
}
