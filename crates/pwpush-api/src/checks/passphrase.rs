//! Refuses blank passphrases, which protect nothing.

use security_api_transport::__private::is_white_space;
use security_api_transport::{Error, Request, Secret};

/// Adds the passphrase that a push or request, which `what` names, is opened with. The service reads it from the query
/// alone.
pub(crate) fn opened_with(request: Request, passphrase: &Secret, what: &str) -> Request {
    match check_passphrase(Some(passphrase), &format!("opens no {what}")) {
        Ok(()) => request.set_secret_query("passphrase", passphrase),
        Err(error) => request.fail(error),
    }
}

/// # Errors
/// If the passphrase is empty or blank: the service treats it as no passphrase. `effect` is what that would do.
pub(crate) fn check_passphrase(passphrase: Option<&Secret>, effect: &str) -> Result<(), Error> {
    if passphrase.is_some_and(|passphrase| is_white_space(passphrase.expose())) {
        return Err(Error::invalid(format!(
            "`passphrase` is empty or blank, which {effect}: give one, or leave it out"
        )));
    }
    Ok(())
}
