//! Which members are secret, and hiding them.

use serde_json::Value;

pub(crate) const HIDDEN: &str = "[hidden]";

/// Whether a member of that name holds what nobody else should see.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("password")
        || name.contains("secret")
        || name.contains("apikey")
        || name.ends_with("token")
}

/// Replaces the secrets in a JSON value; whether there were any.
pub(crate) fn hide_secrets(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            let mut found = false;
            for (name, value) in members.iter_mut() {
                if is_secret(name) && (value.is_string() || value.is_number()) {
                    *value = Value::from(HIDDEN);
                    found = true;
                } else {
                    found |= hide_secrets(value);
                }
            }
            found
        }
        Value::Array(values) => values
            .iter_mut()
            .fold(false, |found, value| hide_secrets(value) | found),
        _ => false,
    }
}
