//! Passwords of system users.

use security_api_transport::Job;

use crate::envelope::confirmed::confirmed;
use crate::resources::SystemUsers;
use crate::types::{ChangePasswordRequest, ResetPasswordRequest, SendPasswordResetLinkRequest};
use crate::{Error, Secret};

/// # Passwords
///
/// No operation of the service sets another person's password, whatever the role. If passwords must be changed at
/// intervals and SAML cannot be used, send reset links, with which each person sets the new password.
impl SystemUsers {
    /// Sends the system user with this e-mail address a link to set a new password.
    ///
    /// The old password stays valid until then. The service does not always report an unknown address. Each call sends
    /// an e-mail, so it is not retried once it may have been executed.
    ///
    /// # Errors
    /// If the address is empty, or the call fails.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// keepnet.system_users().send_password_link("jane.doe@example.com").await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn send_password_link(&self, email: impl AsRef<str>) -> Job<()> {
        let email = email.as_ref().trim().to_owned();
        Job::new(self.client(), move |client| async move {
            if email.is_empty() {
                return Err(Error::invalid(
                    "`email` is empty: give the address that the system user signs in with",
                ));
            }
            let request = SendPasswordResetLinkRequest::new().email(email);
            let call = Self::new(&client).send_reset_password_link(&request);
            confirmed(call).await
        })
    }

    /// Sets a new password with the token from the link in a reset e-mail. The token can be used once.
    ///
    /// For programs that the person uses, such as a portal that the link opens.
    ///
    /// # Errors
    /// If the token or the password is empty or blank, or has a line break or another control character, the token is
    /// invalid, or the password does not meet the company's rules.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client, token: keepnet_api::Secret, new: keepnet_api::Secret)
    /// # -> Result<(), keepnet_api::Error> {
    /// keepnet.system_users().set_password_with_token(token, new).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn set_password_with_token(
        &self,
        token: impl Into<Secret>,
        new_password: impl Into<Secret>,
    ) -> Job<()> {
        let (token, new) = (token.into(), new_password.into());
        Job::new(self.client(), move |client| async move {
            token.check("`token`, the token in the link of the reset e-mail,")?;
            check_password("`new_password`", &new)?;
            let request = ResetPasswordRequest::new()
                .token(token)
                .new_password(new.clone())
                .confirm_new_password(new);
            let call = Self::new(&client).reset_password(&request);
            confirmed(call).await
        })
    }

    /// Changes the password of the system user whose token the client uses.
    ///
    /// REST clients have no password, so this works only with a person's own token as the
    /// [`credential`](crate::ClientBuilder), which replaces client id and secret.
    ///
    /// # Errors
    /// If one of the passwords is empty or blank, or has a line break or another control character, both are the same,
    /// the current one is wrong, or the new one does not meet the company's rules.
    ///
    /// ```no_run
    /// # async fn example(token: keepnet_api::Secret, current: keepnet_api::Secret, new: keepnet_api::Secret)
    /// # -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::{ApiKey, Client};
    ///
    /// let person = ApiKey::bearer(token.expose())?;
    /// let keepnet = Client::builder("unused", "unused").credential(person).build()?;
    /// keepnet.system_users().change_own_password(current, new).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn change_own_password(
        &self,
        current_password: impl Into<Secret>,
        new_password: impl Into<Secret>,
    ) -> Job<()> {
        let (current, new) = (current_password.into(), new_password.into());
        Job::new(self.client(), move |client| async move {
            check_password("`current_password`", &current)?;
            check_password("`new_password`", &new)?;
            if current == new {
                return Err(Error::invalid(
                    "`new_password` is the current password: give another",
                ));
            }
            let request = ChangePasswordRequest::new()
                .current_password(current)
                .new_password(new.clone())
                .confirm_new_password(new);
            let call = Self::new(&client).change_password(&request);
            confirmed(call).await
        })
    }
}

/// The rule for secrets, except that a password that a person chose may begin or end with spaces.
fn check_password(what: &str, password: &Secret) -> Result<(), Error> {
    Secret::from(password.expose().trim_matches(' ')).check(what)
}
