//! The options that pushes and requests have in common.

use security_api_transport::{Error, Secret, Upload};

use crate::checks;
use crate::create::comparison::Comparison;
use crate::not_as_asked::NotAsAsked;

#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) files: Vec<Upload>,
    pub(crate) passphrase: Option<Secret>,
    pub(crate) name: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) retrieval_step: Option<bool>,
    pub(crate) notify: Vec<String>,
    pub(crate) notify_locale: Option<String>,
}

impl Options {
    /// # Errors
    /// If no instance accepts them.
    pub(crate) fn check(&self) -> Result<(), Error> {
        checks::check_files(&self.files)?;
        let unprotected = "would leave the secret without one";
        checks::check_passphrase(self.passphrase.as_ref(), unprotected)?;
        if self.notify_locale.is_some() && self.notify.is_empty() {
            return Err(Error::invalid(
                "`notify_locale`: nobody is told: add addresses with `notify`, or leave it out",
            ));
        }
        self.recipients().map(drop)
    }

    /// The recipients of the mail, in the service's form.
    pub(crate) fn recipients(&self) -> Result<Option<String>, Error> {
        checks::recipients("notify", &self.notify)
    }

    /// Adds a hint to an error of `create`: mail with the link may have been sent. The service sends it right after it
    /// has created something, even if that is expired at once.
    pub(crate) fn with_mail(&self, error: Error) -> Error {
        let was_created = error.may_be_executed() || NotAsAsked::of(&error).is_some();
        match was_created && !self.notify.is_empty() {
            true => error.with_hint("mail with the link may have been sent"),
            false => error,
        }
    }

    /// Compares the options with what the service keeps.
    pub(crate) fn compare<'a>(&self, response: Comparison<'a>) -> Comparison<'a> {
        response
            .flag("retrieval_step", self.retrieval_step, false)
            .passphrase(self.passphrase.as_ref().map(Secret::expose))
            .text("name", self.name.as_deref())
            .text("note", self.note.as_deref())
            .mail(&self.notify, self.notify_locale.as_deref())
            .files(&self.files)
    }
}

/// Writes the methods that set these options, for a type with a field `options`.
macro_rules! option_setters {
    ($new:ident) => {
        impl $new {
            /// A name for the owner's lists. It is not secret.
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.options.name = Some(name.into());
                self
            }

            /// A note that only the owner sees.
            pub fn note(mut self, note: impl Into<String>) -> Self {
                self.options.note = Some(note.into());
                self
            }

            /// A passphrase that is needed in addition to the link. Any text will do that is not blank; a blank one is
            /// refused, because the service treats it as none. It is sent unchanged, line ends included: if it was read
            /// from a file, take off the last one, which nobody could type into the page. For a push, the call asks the
            /// instance for its edition first, because the commercial edition does not tell whether it keeps the
            /// passphrase.
            pub fn passphrase(mut self, passphrase: impl Into<Secret>) -> Self {
                self.options.passphrase = Some(passphrase.into());
                self
            }

            /// Whether the link leads to a page with a button first, so that programs that follow links in messages use
            /// up no view.
            pub fn retrieval_step(mut self, retrieval_step: bool) -> Self {
                self.options.retrieval_step = Some(retrieval_step);
                self
            }

            /// The e-mail addresses that the service sends the link to, up to 5, in ASCII. This needs a token, and an
            /// instance with mail. For a push, the call asks the instance for its edition first, because the
            /// open-source server ignores addresses before version 2.9.2.
            pub fn notify<A: Into<String>>(
                mut self,
                addresses: impl IntoIterator<Item = A>,
            ) -> Self {
                let addresses = addresses.into_iter().map(Into::into);
                self.options.notify.extend(addresses);
                self
            }

            /// The language of the mail to the addresses of [`notify`](Self::notify), as a code such as `fr`. Without
            /// addresses it is refused, because it would have no effect.
            pub fn notify_locale(mut self, locale: impl Into<String>) -> Self {
                self.options.notify_locale = Some(locale.into());
                self
            }
        }
    };
}

pub(crate) use option_setters;
