//! Responses of a token endpoint: a token is taken or the call fails, no error shows the secret, and claims are read of
//! any token.
#![no_main]

use arbitrary::Arbitrary;
use fuzz::{ServerResponse, keepnet_with_token, wait};
use http::StatusCode;
use keepnet_api::operations;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Body<'a> {
    Whole(&'a [u8]),
    /// What stands beside the token.
    Members(&'a [u8]),
    /// The token.
    Token(&'a str),
    /// The claims of a token.
    Claims(&'a [u8]),
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk
            .iter()
            .fold(0, |number, byte| number << 8 | usize::from(*byte));
        let number = number << (8 * (3 - chunk.len()));
        let digits = (0..=chunk.len()).map(|place| DIGITS[number >> (18 - 6 * place) & 63]);
        text.extend(digits.map(char::from));
    }
    text
}

impl Body<'_> {
    fn bytes(&self) -> Vec<u8> {
        let token = |token: &str| serde_json::json!({ "access_token": token, "expires_in": 60 });
        match self {
            Self::Whole(bytes) => bytes.to_vec(),
            Self::Members(bytes) => [br#"{"access_token":"token","#, *bytes, b"}"].concat(),
            Self::Token(text) => token(text).to_string().into_bytes(),
            Self::Claims(bytes) => {
                let text = format!("e30.{}.c2ln", base64url(bytes));
                token(&text).to_string().into_bytes()
            }
        }
    }
}

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    /// An index into `STATUSES`.
    status: u8,
    body: Body<'a>,
}

/// Most inputs are responses that are read.
const STATUSES: [u16; 8] = [200, 200, 200, 200, 400, 401, 429, 503];

const SECRET: &str = "a-client-secret";

fuzz_target!(|input: Input<'_>| {
    let status = STATUSES[usize::from(input.status) % STATUSES.len()];
    let keepnet = keepnet_with_token(
        SECRET,
        ServerResponse {
            status: StatusCode::from_u16(status).expect("a status"),
            body: input.body.bytes().into(),
            ..ServerResponse::default()
        },
    );
    let result = wait(keepnet.check().into_future());
    if let Err(error) = &result {
        let text = format!("{error} {error:?}");
        assert!(!text.is_empty() && !text.contains(SECRET), "{text}");
    }
    let Some(info) = keepnet.token_info() else {
        assert!(result.is_err());
        return;
    };
    assert_eq!(status, 200);
    assert!(
        info.token()
            .expose()
            .bytes()
            .all(|byte| (b' '..=b'~').contains(&byte))
    );
    assert!(
        !format!("{info:?}").contains(info.token().expose()) || info.token().expose().len() < 12
    );
    let _ = (info.scope(), info.expires_in());
    if let Some(permissions) = info.permissions() {
        let _ = permissions.allows(&operations::AUDIT_LOGS_SEARCH);
    }
    match (info.claims(), &input.body) {
        (Some(claims), _) => {
            let _ = (claims.role(), claims.company_name(), claims.is_reseller());
            assert!(!format!("{claims:?}").is_empty());
        }
        (None, Body::Claims(bytes)) => {
            let read = serde_json::from_slice::<serde_json::Value>(bytes);
            assert!(!read.is_ok_and(|value| value.is_object()));
        }
        (None, _) => {}
    }
});
