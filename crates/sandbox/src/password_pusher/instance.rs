//! The version and features of the service, and the caller's accounts.
//!
//! Source: `app/controllers/api/v2/version_controller.rb`; for accounts, the documentation of the commercial product.

use serde_json::{Value, json};

use super::call::Call;
use super::response::{Outcome, ok, time};
use super::state::Store;

pub(super) fn version(call: &Call<'_>, _: &mut Store, _: &str) -> Outcome {
    let (profile, options) = (call.profile, &call.state.options);
    let mut version = json!({
        "application_version": profile.version.map(|part| part.to_string()).join("."),
        "api_version": profile.api_version(),
        "edition": if profile.is_commercial { "commercial" } else { "oss" },
    });
    if !profile.since([2, 5, 4]) {
        return Ok(ok(&version));
    }
    let enabled = |on: bool| json!({ "enabled": on });
    let sends = call.state.sends_mail();
    version["features"] = json!({
        "anonymous_access": options.anonymous,
        "api_token_authentication": true,
        "accounts": enabled(profile.is_commercial),
        "pushes": {
            "enabled": true,
            "email_auto_dispatch": sends,
            "file_attachments": { "enabled": options.files, "requires_authentication": true },
            "url_pushes": enabled(options.urls),
            "qr_code_pushes": enabled(options.qr_codes),
        },
        "requests": enabled(profile.is_commercial),
    });
    if profile.is_commercial {
        version["features"]["requests"]["email_auto_dispatch"] = json!(sends);
    }
    Ok(ok(&version))
}

pub(super) fn accounts(call: &Call<'_>, _: &mut Store, _: &str) -> Outcome {
    let since = time(call.state.started);
    let accounts = call.accounts().iter().map(|account| {
        json!({
            "id": account.id,
            "name": account.name,
            "role": "owner",
            "created_at": since,
            "updated_at": since,
        })
    });
    Ok(ok(&accounts.collect::<Value>()))
}
