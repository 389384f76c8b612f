//! The current token: its claims, and the permissions of its role.

use std::collections::HashSet;
use std::time::Duration;

use security_api_transport::{Operation, Secret, Timestamp};
use serde_json::{Map, Value};

/// Facts about the current token. From [`Client::token_info`](crate::Client::token_info).
#[derive(Debug, Clone)]
pub struct TokenInfo(security_api_transport::TokenInfo);

impl TokenInfo {
    pub(crate) fn new(info: security_api_transport::TokenInfo) -> Self {
        Self(info)
    }

    /// The token itself.
    ///
    /// ```
    /// # fn example(info: &keepnet_api::token::TokenInfo) {
    /// let header = format!("Bearer {}", info.token().expose());
    /// # }
    /// ```
    #[must_use]
    pub fn token(&self) -> &Secret {
        &self.0.token
    }

    /// The granted scope, if the service sent it.
    ///
    /// ```
    /// # fn example(info: &keepnet_api::token::TokenInfo) {
    /// println!("{:?}", info.scope());
    /// # }
    /// ```
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    /// The remaining lifetime at the time of [`Client::token_info`](crate::Client::token_info).
    ///
    /// ```
    /// # fn example(info: &keepnet_api::token::TokenInfo) {
    /// println!("{} s", info.expires_in().as_secs());
    /// # }
    /// ```
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.0.expires_in
    }

    /// The permissions of the role, if the service sent them with the token.
    ///
    /// ```
    /// use keepnet_api::Operation;
    ///
    /// # fn example(info: &keepnet_api::token::TokenInfo, operation: &'static Operation) {
    /// if info.permissions().is_some_and(|permissions| !permissions.allows(operation)) {
    ///     println!("{} will most likely be refused", operation.id());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn permissions(&self) -> Option<Permissions> {
        let entries = self.0.member("permissions")?.as_array()?;
        Some(Permissions::new(
            entries.iter().filter_map(|entry| entry.as_str()),
        ))
    }

    /// The claims of the token, **not verified**. `None` if the token is not a JWT.
    ///
    /// ```
    /// # fn example(info: &keepnet_api::token::TokenInfo) {
    /// if let Some(claims) = info.claims() {
    ///     println!("{:?} of {:?}", claims.role(), claims.company_name());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn claims(&self) -> Option<Claims> {
        Claims::of(self.0.token.expose())
    }
}

/// The claims of a token about its bearer: company, role, rights.
///
/// The claims are decoded and **not verified**: anybody who holds a token could write another. Use them to show who the
/// bearer is and to choose what to do; the service decides what is allowed.
///
/// ```
/// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
/// keepnet.check().await?;
/// if let Some(claims) = keepnet.token_info().and_then(|token| token.claims()) {
///     println!("{:?} as {:?}", claims.company_name(), claims.role());
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Decodes the claims of a token. `None` if it is not a JWT.
    ///
    /// ```
    /// use keepnet_api::token::Claims;
    ///
    /// // {"role":"Reseller","reseller_access":"True"}
    /// let token = "e30.eyJyb2xlIjoiUmVzZWxsZXIiLCJyZXNlbGxlcl9hY2Nlc3MiOiJUcnVlIn0.c2ln";
    /// let claims = Claims::of(token).unwrap();
    /// assert_eq!(claims.role(), Some("Reseller"));
    /// assert!(claims.is_reseller());
    /// assert_eq!(Claims::of("an opaque token"), None);
    /// ```
    #[must_use]
    pub fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let payload = parts.nth(1)?;
        let _signature = parts.next()?;
        match serde_json::from_slice(&base64url(payload)?) {
            Ok(Value::Object(claims)) => Some(Self(claims)),
            _ => None,
        }
    }

    /// The claim of this name, undecoded.
    ///
    /// ```
    /// # let claims = keepnet_api::token::Claims::of("e30.eyJyb2xlIjoiUmVzZWxsZXIifQ.c2ln").unwrap();
    /// assert_eq!(claims.get("role").and_then(|role| role.as_str()), Some("Reseller"));
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A boolean, which may come as a text or a number.
    fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(value)) => *value,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true") || text == "1",
            _ => false,
        }
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        let seconds = match self.get(name)? {
            Value::String(text) => text.parse().ok()?,
            number => number.as_i64()?,
        };
        Timestamp::from_unix_seconds(seconds).ok()
    }
}

macro_rules! claims {
    ($($(#[$doc:meta])* $method:ident -> $type:ty = $read:ident($name:literal);)*) => {
        impl Claims {$(
            $(#[$doc])*
            ///
            /// ```
            /// # let claims = keepnet_api::token::Claims::of("e30.e30.c2ln").unwrap();
            #[doc = concat!("let value = claims.", stringify!($method), "();")]
            /// # let _ = value;
            /// ```
            #[must_use]
            pub fn $method(&self) -> $type {
                self.$read($name)
            }
        )*}
    };
}

claims! {
    /// The id of the bearer's company.
    company_id -> Option<&str> = text("user_company_resourceid");
    /// The name of the bearer's company.
    company_name -> Option<&str> = text("user_company_name");
    /// The industry of the bearer's company.
    industry -> Option<&str> = text("user_company_industry_name");
    /// The id of the parent company.
    parent_company_id -> Option<&str> = text("user_company_parentcompany_resourceid");
    /// The name of the parent company.
    parent_company_name -> Option<&str> = text("user_company_parentcompany_name");
    /// The name of the bearer's role.
    role -> Option<&str> = text("role");
    /// The id of the REST client that the token was granted to.
    client_id -> Option<&str> = text("client_id");
    /// The address of the server that granted the token.
    identity_provider -> Option<&str> = text("idp");
    /// Whether the bearer administers its own company.
    is_company_admin -> bool = flag("company_admin_access");
    /// Whether the bearer may work for companies below its own; see
    /// [`Client::for_company`](crate::Client::for_company).
    is_reseller -> bool = flag("reseller_access");
    /// Whether the bearer may work for all companies.
    is_root -> bool = flag("root_access");
    /// When the token was granted.
    issued_at -> Option<Timestamp> = time("iat");
    /// When the token expires.
    expires_at -> Option<Timestamp> = time("exp");
}

impl Claims {
    /// The scopes of the token, which may come as a list or as one text.
    ///
    /// ```
    /// // {"scope":["api1"]}
    /// let claims = keepnet_api::token::Claims::of("e30.eyJzY29wZSI6WyJhcGkxIl19.c2ln").unwrap();
    /// assert_eq!(claims.scopes(), ["api1"]);
    /// ```
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        match self.get("scope") {
            Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(scopes)) => scopes.split_whitespace().collect(),
            _ => Vec::new(),
        }
    }
}

/// The operations that a token's role allows, as the service lists them when it grants the token.
///
/// The list is advice: the service decides at each call, and the list may be outdated.
///
/// ```
/// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
/// keepnet.check().await?;
/// if let Some(permissions) = keepnet.token_info().and_then(|token| token.permissions()) {
///     println!("{} calls", permissions.entries().count());
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    entries: Vec<String>,
    normal: HashSet<String>,
}

impl Permissions {
    /// Parses entries such as `companies/search|POST`.
    ///
    /// ```
    /// use keepnet_api::token::Permissions;
    ///
    /// let permissions = Permissions::new(["companies/search|POST"]);
    /// assert_eq!(permissions.entries().collect::<Vec<_>>(), ["companies/search|POST"]);
    /// ```
    #[must_use]
    pub fn new<E: Into<String>>(entries: impl IntoIterator<Item = E>) -> Self {
        let entries: Vec<String> = entries.into_iter().map(Into::into).collect();
        Self {
            normal: entries.iter().map(|entry| normal(entry)).collect(),
            entries,
        }
    }

    /// The entries as the service sends them: a path without `/api/`, a bar, and the method.
    ///
    /// ```
    /// let permissions = keepnet_api::token::Permissions::new(["roles|GET"]);
    /// assert_eq!(permissions.entries().next(), Some("roles|GET"));
    /// ```
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(String::as_str)
    }

    /// Whether the list has this operation. Ids in paths and letter case are ignored.
    ///
    /// ```
    /// use keepnet_api::http::Method;
    /// use keepnet_api::Operation;
    /// use keepnet_api::token::Permissions;
    ///
    /// static GET: Operation = Operation::new("companies.get", Method::GET, "/api/companies/{resourceId}");
    /// assert!(Permissions::new(["companies/{}|GET"]).allows(&GET));
    /// assert!(!Permissions::new(["companies/{}|DELETE"]).allows(&GET));
    /// ```
    #[must_use]
    pub fn allows(&self, operation: &Operation) -> bool {
        let entry = format!("{}|{}", operation.path(), operation.method());
        self.normal.contains(&normal(&entry))
    }
}

/// The normalised entry: without `/api/`, in lower case, with `{}` for each placeholder.
fn normal(entry: &str) -> String {
    let entry = entry.trim().trim_start_matches('/').to_ascii_lowercase();
    let entry = entry.strip_prefix("api/").unwrap_or(&entry);
    let mut text = String::with_capacity(entry.len());
    let mut rest = entry;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        text.push_str("{}");
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

/// Decodes base64url without padding, as parts of a JWT are written (RFC 7515). `None` if the text is not that.
fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    // A single sextet does not make a byte.
    (count < 6).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn encode(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let letter = |bits: u32| char::from(LETTERS[(bits & 63) as usize]);
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let byte = |index| u32::from(chunk.get(index).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            text.extend((0..=chunk.len()).map(|sextet| letter(bits >> (18 - 6 * sextet))));
        }
        text
    }

    fn claims(payload: &Value) -> Claims {
        let token = format!("e30.{}.c2ln", encode(payload.to_string().as_bytes()));
        Claims::of(&token).unwrap()
    }

    #[test]
    fn claims_are_read_whatever_their_types() {
        for (flag, expected) in [
            (json!(true), true),
            (json!("True"), true),
            (json!("true"), true),
            (json!(1), true),
            (json!("1"), true),
            (json!(false), false),
            (json!("False"), false),
            (json!(0), false),
            (json!(null), false),
            (json!([]), false),
        ] {
            let claims = claims(&json!({"reseller_access": flag}));
            assert_eq!(claims.is_reseller(), expected, "{flag}");
        }
        for exp in [json!(1_767_225_600), json!("1767225600")] {
            let expires = claims(&json!({"exp": exp})).expires_at().unwrap();
            assert_eq!(expires.to_string(), "2026-01-01T00:00:00Z");
        }
        for scope in [json!(["api1", "x"]), json!("api1 x")] {
            assert_eq!(claims(&json!({"scope": scope})).scopes(), ["api1", "x"]);
        }
        let named = claims(&json!({
            "user_company_resourceid": "aB3dE5gH7jK9",
            "user_company_name": "Ünïcode",
            "role": 7,
            "exp": "soon",
        }));
        assert_eq!(named.company_id(), Some("aB3dE5gH7jK9"));
        assert_eq!(named.company_name(), Some("Ünïcode"));
        assert_eq!((named.role(), named.expires_at()), (None, None));
        assert_eq!(named.get("role"), Some(&json!(7)));
    }

    #[test]
    fn a_token_that_is_no_jwt_has_no_claims() {
        for token in [
            "",
            "opaque",
            "a.b",
            "e30.!!.c2ln",
            "e30.e3.c2ln",
            "e30.W10.c2ln",
        ] {
            assert_eq!(Claims::of(token), None, "{token}");
        }
    }

    #[test]
    fn a_permission_is_found_however_its_path_is_spelt() {
        let operation = Operation::new("x.y", Method::POST, "/api/campaign-job/start/{id}/{group}");
        for (entry, allowed) in [
            ("campaign-job/start/{}/{}|POST", true),
            ("/api/Campaign-Job/start/{resourceId}/{g}|post", true),
            ("campaign-job/start/{}/{}|GET", false),
            ("campaign-job/start/{}|POST", false),
            ("campaign-job/start/{", false),
        ] {
            let permissions = Permissions::new([entry]);
            assert_eq!(permissions.allows(&operation), allowed, "{entry}");
        }
    }

    #[test]
    fn a_last_letter_that_makes_no_byte_is_no_base64url() {
        assert_eq!(base64url("YWJj").as_deref(), Some(&b"abc"[..]));
        assert_eq!(base64url("YWJjZ"), None);
    }

    #[test]
    fn padding_and_the_letters_of_plain_base64_are_no_base64url() {
        assert_eq!(base64url("-_8").as_deref(), Some(&[0xFB, 0xFF][..]));
        for plain in ["+_8", "-/8", "-_8="] {
            assert_eq!(base64url(plain), None, "{plain}");
        }
    }

    proptest! {
        #[test]
        fn base64url_is_read_back(bytes: Vec<u8>) {
            prop_assert_eq!(base64url(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn no_text_makes_reading_a_token_panic(text in ".{0,80}") {
            let _ = Claims::of(&text);
            let _ = Permissions::new([text]);
        }
    }
}
