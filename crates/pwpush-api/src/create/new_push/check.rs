//! What is refused before a push is sent.

use security_api_transport::{Error, Secret};

use super::NewPush;
use crate::checks;
use crate::instance::bounds::{Bounds, PushKind};

/// The most views that the service can count.
const MOST_VIEWS: u32 = i32::MAX as u32;
/// The most bytes of a form in addition to its files.
const MESSAGE: usize = 16 * 1024 * 1024;
/// The most characters of a text.
const TEXT: usize = 1024 * 1024;
/// The most characters of a QR code.
const QR: usize = 1024;

impl NewPush {
    /// # Errors
    /// If no instance accepts the push, or it is outside of the bounds that the client knows.
    pub(crate) fn check(&self, has_token: bool, bounds: Option<&Bounds>) -> Result<(), Error> {
        let payload = self.payload.as_ref().map(Secret::expose);
        match (self.kind, payload) {
            (PushKind::Text, Some(text)) => checks::check_text("text", text, TEXT)?,
            (PushKind::Qr, Some(content)) => checks::check_text("qr", content, QR)?,
            (PushKind::Url, Some(url)) => check_url(url)?,
            (PushKind::File, Some(message)) => checks::check_length("message", message, MESSAGE)?,
            (_, None) => {}
        }
        if self.kind == PushKind::File && self.options.files.is_empty() {
            return Err(Error::invalid("`files`: add at least one"));
        }
        if self.kind == PushKind::Url && self.deletable_by_viewer == Some(true) {
            return Err(Error::invalid(
                "`deletable_by_viewer`: viewers can never expire the push of a URL; leave it out",
            ));
        }
        if !self.options.files.is_empty() {
            if matches!(self.kind, PushKind::Url | PushKind::Qr) {
                return Err(Error::invalid(
                    "`file`: files go with a text or by themselves, not with a URL or QR code",
                ));
            }
            if !has_token {
                return Err(Error::invalid(
                    "`file`: files can only be pushed with an API token: make the client with `Client::new`",
                ));
            }
        }
        self.options.check()?;
        if let Some(views) = self.views {
            if !(1..=MOST_VIEWS).contains(&views) {
                return Err(Error::invalid(format!(
                    "`views` must be at least 1 and at most {MOST_VIEWS}, not {views}"
                )));
            }
            bounds.map_or(Ok(()), |bounds| bounds.check_views(views))?;
        }
        bounds.map_or(Ok(()), |bounds| {
            bounds.check_files(self.options.files.len())
        })?;
        if !self.options.notify.is_empty() && !has_token {
            return Err(Error::invalid(
                "`notify`: mail needs an API token: make the client with `Client::new`",
            ));
        }
        Ok(())
    }
}

fn check_url(url: &str) -> Result<(), Error> {
    let rest = url.split_once(':').and_then(|(scheme, rest)| {
        let is_web = ["http", "https"]
            .iter()
            .any(|web| scheme.eq_ignore_ascii_case(web));
        is_web.then(|| rest.strip_prefix("//").unwrap_or(rest))
    });
    if rest.is_none_or(str::is_empty) {
        return Err(Error::invalid(
            "`url` must be a whole URL that begins with `http://` or `https://`",
        ));
    }
    if url.contains(char::is_whitespace) {
        return Err(Error::invalid(
            "`url` has a blank or a line break: was it copied whole and alone? Blanks in it are written `%20`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use security_api_transport::Upload;

    use super::*;

    #[test]
    fn what_the_service_would_refuse_or_replace_is_refused_with_the_name_of_the_field() {
        let file = || Upload::bytes("a", "b");
        let many = |count| NewPush::files((0..count).map(|_| file()));
        let bounds = Bounds::new().views(1..=20).files(3);
        for (push, says) in [
            (NewPush::text(" \n"), "`text` is blank"),
            (
                NewPush::text("x".repeat(TEXT + 1)),
                "`text` has 1048577 characters",
            ),
            (NewPush::qr("é".repeat(QR + 1)), "`qr` has 1025 characters"),
            (NewPush::url("ftp://example.com"), "`url` must be"),
            (NewPush::url("https://"), "`url` must be"),
            (NewPush::url("http:"), "`url` must be"),
            (NewPush::url("https://example.com/\n"), "`url` has a blank"),
            (NewPush::url("https://a b"), "`url` has a blank"),
            (
                NewPush::url("https://a.example").deletable_by_viewer(true),
                "`deletable_by_viewer`: viewers",
            ),
            (NewPush::text("x").views(0), "`views` must be at least 1"),
            (NewPush::text("x").views(u32::MAX), "not 4294967295"),
            (
                NewPush::text("x").views(21),
                "`views`: 21 is out of the bounds of this instance, which the client was told: 1 to 20",
            ),
            (NewPush::text("x").passphrase(""), "`passphrase` is empty"),
            (
                NewPush::text("x").passphrase(" \u{a0}"),
                "`passphrase` is empty or blank",
            ),
            (many(0), "`files`: add at least one"),
            (many(4), "`file`: 4 files"),
            (
                many(1).message("x".repeat(16_777_217)),
                "`message` has 16777217 characters; at most 16777216",
            ),
            (NewPush::qr("x").file(file()), "`file`: files go with"),
            (
                NewPush::text("x").notify(["a@b.de", "A@B.de"]),
                "`notify`: address 2 is there twice",
            ),
            (
                NewPush::text("x").notify(["a@b.de,c@d.de"]),
                "`notify`: address 1 is not",
            ),
            (
                NewPush::text("x").notify_locale("fr"),
                "`notify_locale`: nobody is told: add addresses with `notify`, or leave it out",
            ),
            (
                NewPush::text("x").notify(vec!["a@b.de"; 6]),
                "`notify`: 6 addresses",
            ),
        ] {
            let error = push.check(true, Some(&bounds)).unwrap_err();
            assert!(error.is_invalid());
            assert!(error.to_string().contains(says), "{error}");
        }
        for (push, says) in [
            (many(1), "only be pushed with an API token"),
            (
                NewPush::text("x").notify(["a@b.de"]),
                "mail needs an API token",
            ),
        ] {
            assert!(push.check(true, None).is_ok());
            assert!(
                push.check(false, None)
                    .unwrap_err()
                    .to_string()
                    .contains(says)
            );
        }
    }

    #[test]
    fn what_some_instance_takes_is_not_refused() {
        for push in [
            NewPush::text("é".repeat(TEXT)),
            NewPush::qr("é".repeat(QR)).views(400),
            NewPush::url("HTTPS://example.com").views(101),
            NewPush::files([Upload::bytes("a", "")]).message(" "),
            NewPush::files([Upload::bytes("a", "")]).message(""),
            NewPush::files((0..11).map(|_| Upload::bytes("a", ""))).message("x".repeat(16_777_216)),
        ] {
            push.check(true, None).unwrap();
        }
        let push = NewPush::text("x").views(20);
        push.check(true, Some(&Bounds::new().views(1..=20)))
            .unwrap();
    }
}
