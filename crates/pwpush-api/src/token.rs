//! Tokens of pushes and requests, and the links that contain them.

use security_api_transport::{Error, Secret};

/// Extracts the token of the push or request from a link as people copy it: with or without a scheme, the `/r` of a
/// retrieval step, a query, and blanks around it. A bare token is returned unchanged.
///
/// ```
/// use pwpush_api::token_of_link;
///
/// let token = token_of_link("https://eu.pwpush.com/p/fkwjfvhall92/r?locale=fr\n")?;
/// assert_eq!(token.expose(), "fkwjfvhall92");
/// # Ok::<(), pwpush_api::Error>(())
/// ```
///
/// # Errors
/// If the link contains no token. The link, which opens the push, is not in the error.
pub fn token_of_link(link: &str) -> Result<Secret, Error> {
    /// The path segments before a token: of pushes, of their older kinds, of requests, and of the API.
    const BEFORE: [&str; 5] = ["p", "f", "r", "pushes", "requests"];
    let link = link.trim();
    let path = link.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let segments: Vec<&str> = path.split('/').collect();
    let token = match &segments[..] {
        [token] => Some(*token),
        segments => segments
            .windows(2)
            .rev()
            .find(|pair| BEFORE.contains(&pair[0]) && !pair[1].is_empty())
            .map(|pair| pair[1]),
    };
    let token = token.map(|token| token.strip_suffix(".json").unwrap_or(token));
    token
        .filter(|token| !token.is_empty() && token.chars().all(is_of_token))
        .map(Secret::from)
        .ok_or_else(|| {
            Error::invalid(
                "the link is not one of Password Pusher: those have a token after `/p/`, such as \
                 `https://eu.pwpush.com/p/fkwjfvhall92`",
            )
        })
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// # Errors
/// If this cannot be the token of a push, so that the service would take it for another path. The token is not in the
/// error.
pub(crate) fn check(token: &str) -> Result<(), Error> {
    let what = match token {
        _ if token.chars().all(is_of_token) => return Ok(()),
        _ if token.contains(['/', '?', '#']) => {
            "is a link: give the part after `/p/` in it, up to the next `/` or `?`, or read it with `token_of_link`"
        }
        _ if token.trim() != token => {
            "begins or ends with a blank or a line break: was it copied or read from a file? Trim it, or read it with \
             `token_of_link`"
        }
        _ => {
            "has a character that no token has: tokens are letters, digits, `-` and `_`; was it copied whole?"
        }
    };
    Err(Error::invalid(format!("`token` {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_every_form_of_link() {
        for link in [
            "abc-d_9",
            " abc-d_9\n",
            "abc-d_9?locale=fr",
            "https://p.example.com/p/abc-d_9",
            "https://p.example.com/pw/p/abc-d_9/r",
            "https://p.example.com/p/abc-d_9/r/?locale=fr#x",
            "p.example.com/p/abc-d_9",
            "/p/abc-d_9",
            "https://p.example.com/p/abc-d_9.json",
            "https://p.example.com/f/abc-d_9/r",
            "https://eu.pwpush.com/r/abc-d_9/r",
            "https://p.example.com/api/v2/pushes/abc-d_9/preview",
            "https://p.example.com/fr/p/abc-d_9",
        ] {
            assert_eq!(token_of_link(link).unwrap().expose(), "abc-d_9", "{link}");
        }
    }

    #[test]
    fn what_is_no_link_has_no_token_and_is_not_shown() {
        for link in [
            "",
            " ",
            "https://p.example.com",
            "https://p.example.com/",
            "https://p.example.com/p/",
            "https://p.example.com/x/s3cret",
            "s3cret.",
            "s3cret word",
            "https://p.example.com/p/s3cret%20",
        ] {
            let error = token_of_link(link).unwrap_err();
            assert!(error.is_invalid(), "{link}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }
}
