//! Passwords of system users.

use security_api_transport::Job;

use crate::resources::SystemUsers;
use crate::types::{ChangePasswordRequest, ResetPasswordRequest, SendPasswordResetLinkRequest};
use crate::{Error, Secret};

/// # Passwords
///
/// The service has no call that sets another person's password, for no role. Where passwords have to be changed at
/// intervals, and sign-in by SAML is no choice, send reset links: each person then sets the new password themselves.
impl SystemUsers {
    /// Sends the system user with this e-mail address a link with which they set a new password.
    ///
    /// Their password stays valid until they have done so. Whether anybody has this address is not always said, and
    /// each call sends an e-mail, so it is not sent again by itself.
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
                    "email: it is empty; give the address that the system user signs in with",
                ));
            }
            let request = SendPasswordResetLinkRequest::new().email(email);
            let call = Self::new(&client).send_reset_password_link(&request);
            call.into_request().call().await
        })
    }

    /// Sets a new password with the token from the link in a reset e-mail. The token is good for one time.
    ///
    /// It is for programs that the person themselves uses, such as a portal that the link leads to.
    ///
    /// # Errors
    /// If one of them is empty, the token is not valid, or the password does not meet the company's rules.
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
            let token = given("token", "the one in the link of the reset e-mail", token)?;
            let new = given("new password", "the password that is to be", new)?;
            let request = ResetPasswordRequest::new()
                .token(token)
                .new_password(new.clone())
                .confirm_new_password(new);
            let call = Self::new(&client).reset_password(&request);
            call.into_request().call().await
        })
    }

    /// Changes the password of the system user whose token the client calls with.
    ///
    /// A REST client has no password, so this is of use only with a person's own token as
    /// [`credential`](crate::ClientBuilder).
    ///
    /// # Errors
    /// If one of them is empty, both are the same, the current password is not right, or the new one does not meet the
    /// company's rules.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client, current: keepnet_api::Secret, new: keepnet_api::Secret)
    /// # -> Result<(), keepnet_api::Error> {
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
            let current = given("current password", "the password so far", current)?;
            let new = given("new password", "the password that is to be", new)?;
            if current == new {
                return Err(Error::invalid(
                    "new password: it is the current one; give another",
                ));
            }
            let request = ChangePasswordRequest::new()
                .current_password(current)
                .new_password(new.clone())
                .confirm_new_password(new);
            let call = Self::new(&client).change_password(&request);
            call.into_request().call().await
        })
    }
}

fn given(name: &str, remedy: &str, secret: Secret) -> Result<Secret, Error> {
    match secret.expose().is_empty() {
        true => Err(Error::invalid(format!(
            "{name}: it is empty; give {remedy}"
        ))),
        false => Ok(secret),
    }
}
