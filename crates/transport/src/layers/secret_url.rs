//! Puts what is secret in the URL into the request, below every layer that might log it.

use http::Uri;
use http::uri::PathAndQuery;

use super::prepare::{Prepare, prepare_layer};
use crate::context::CallContext;
use crate::error::Error;
use crate::service::HttpRequest;
use crate::url::encode;
use crate::wire::secret::{Secret, Secrets};

/// Placed below the user's layers.
#[derive(Debug, Clone)]
pub(crate) struct SecretUrl;

prepare_layer!(SecretUrl);

impl Prepare for SecretUrl {
    fn prepare(&self, request: &mut HttpRequest) -> Result<(), Error> {
        let secrets = CallContext::of(request).map(CallContext::own_secrets);
        let disclosed = secrets.and_then(|secrets| disclosed(request.uri(), secrets));
        if let Some(uri) = disclosed.transpose().map_err(Error::permanent)? {
            *request.uri_mut() = uri;
        }
        Ok(())
    }
}

/// The URL with its secrets; `None` if it has none.
fn disclosed(uri: &Uri, secrets: &Secrets) -> Option<Result<Uri, Error>> {
    let (segments, query) = (secrets.segments(), secrets.encoded_query());
    (!segments.is_empty() || query.is_some()).then(|| {
        let mut target = fill(uri.path(), segments)?;
        for (sign, query) in ['?', '&'].iter().zip(uri.query().into_iter().chain(query)) {
            target.push(*sign);
            target.push_str(query);
        }
        let too_long = || {
            Error::invalid("the request's path and query do not make a URL; they may be too long")
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(target).map_err(|_| too_long())?);
        Uri::from_parts(parts).map_err(|_| too_long())
    })
}

/// Replaces the placeholders of secret segments. The last one of its name is meant, because what is before the
/// operation's path is the base URL's, and any braces in other segments are encoded.
fn fill(path: &str, segments: &[(&'static str, Secret)]) -> Result<String, Error> {
    let mut path = path.to_owned();
    for (name, secret) in segments {
        let placeholder = format!("{{{name}}}");
        let Some(start) = path.rfind(&placeholder) else {
            return Err(Error::invalid(format!(
                "a layer changed `{placeholder}` in the path, which stands for a secret"
            )));
        };
        let rest = path.split_off(start);
        encode::encode_into(&mut path, secret.expose());
        path.push_str(&rest[placeholder.len()..]);
    }
    Ok(path)
}
