//! A push that is to be created.

use std::ops::RangeInclusive;

use security_api_transport::{Error, Secret, Upload};

use crate::expiry::Expiry;
use crate::fields::{self, Fields};
use crate::lifetime::Lifetime;

/// A push to be created: what it holds, who may read it, and for how long.
///
/// What is not set is left to the instance: without `expire_after` and `views` its own defaults hold (7 days and 5 views
/// unless its administrator changed them), and viewers may expire the push and see a page with a button first. The
/// [`Push`](crate::types::Push) that comes back says what holds.
///
/// What the service would silently replace, such as views out of range, is refused before anything is sent.
///
/// ```
/// use pwpush_api::{Expiry, NewPush, Upload};
///
/// let password = NewPush::text("correct horse battery staple")
///     .expire_after(Expiry::days(1))
///     .views(1)
///     .passphrase("plain yellow umbrella")
///     .name("VPN password")
///     .deletable_by_viewer(false);
///
/// let keys = NewPush::files([Upload::bytes("id.pem", "-----BEGIN")])
///     .message("for the depot")
///     .views(2);
/// # let _ = (password, keys);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a push is created by `pushes().create(push)`"]
pub struct NewPush {
    kind: Kind,
    payload: Option<Secret>,
    files: Vec<Upload>,
    pub(crate) expire_after: Option<Expiry>,
    pub(crate) views: Option<u32>,
    passphrase: Option<Secret>,
    name: Option<String>,
    note: Option<String>,
    deletable_by_viewer: Option<bool>,
    retrieval_step: Option<bool>,
    notify: Vec<String>,
    notify_locale: Option<String>,
}

/// The service infers it from the files, and fails over one that it does not know; so it is always said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Url,
    Qr,
    File,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Url => "url",
            Self::Qr => "qr",
            Self::File => "file",
        }
    }
}

/// The views that the service can count.
const VIEWS: RangeInclusive<u32> = 1..=100;
/// The most characters of a text.
const TEXT: usize = 1024 * 1024;
/// The most characters of a QR code.
const QR: usize = 1024;

impl NewPush {
    fn new(kind: Kind, payload: Option<Secret>) -> Self {
        Self {
            kind,
            payload,
            files: Vec::new(),
            expire_after: None,
            views: None,
            passphrase: None,
            name: None,
            note: None,
            deletable_by_viewer: None,
            retrieval_step: None,
            notify: Vec::new(),
            notify_locale: None,
        }
    }

    /// A text, such as a password, of 1 to 1,048,576 characters. It is sent as it is, spaces included.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse battery staple");
    /// # let _ = push;
    /// ```
    pub fn text(text: impl Into<Secret>) -> Self {
        Self::new(Kind::Text, Some(text.into()))
    }

    /// A URL by `http` or `https`, to which the viewer is sent on.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::url("https://example.com/reset?code=4711");
    /// # let _ = push;
    /// ```
    pub fn url(url: impl Into<Secret>) -> Self {
        Self::new(Kind::Url, Some(url.into()))
    }

    /// What a QR code says, 1 to 1,024 characters.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::qr("WIFI:T:WPA;S:guests;P:correct horse;;");
    /// # let _ = push;
    /// ```
    pub fn qr(content: impl Into<Secret>) -> Self {
        Self::new(Kind::Qr, Some(content.into()))
    }

    /// Files, from disk or memory, 1 to 10 of them. They are streamed, and need a token.
    ///
    /// ```
    /// use pwpush_api::{NewPush, Upload};
    ///
    /// # async fn example() -> Result<(), pwpush_api::Error> {
    /// let push = NewPush::files([
    ///     Upload::file("vpn.ovpn").await?,
    ///     Upload::bytes("readme.txt", "import vpn.ovpn"),
    /// ]);
    /// # let _ = push; Ok(()) }
    /// ```
    pub fn files(files: impl IntoIterator<Item = Upload>) -> Self {
        let mut push = Self::new(Kind::File, None);
        push.files.extend(files);
        push
    }

    /// One more file, with the files or beside a text.
    ///
    /// ```
    /// use pwpush_api::{NewPush, Upload};
    ///
    /// let push = NewPush::text("the key is for the depot").file(Upload::bytes("id.pem", "-----BEGIN"));
    /// # let _ = push;
    /// ```
    pub fn file(mut self, file: Upload) -> Self {
        self.files.push(file);
        self
    }

    /// A secret text beside the files of [`files`](Self::files).
    ///
    /// ```
    /// use pwpush_api::{NewPush, Upload};
    ///
    /// let push = NewPush::files([Upload::bytes("id.pem", "-----BEGIN")]).message("for the depot");
    /// # let _ = push;
    /// ```
    pub fn message(mut self, text: impl Into<Secret>) -> Self {
        self.payload = Some(text.into());
        self
    }

    /// How long it lives. The call asks the instance for its edition first, once for each client, because the editions
    /// are told in different ways; what it cannot express is refused before the secret is sent.
    ///
    /// ```
    /// use pwpush_api::{Expiry, NewPush};
    ///
    /// let push = NewPush::text("correct horse").expire_after(Expiry::days(7));
    /// # let _ = push;
    /// ```
    pub fn expire_after(mut self, expiry: Expiry) -> Self {
        self.expire_after = Some(expiry);
        self
    }

    /// How often it can be read, 1 to 100 times.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse").views(1);
    /// # let _ = push;
    /// ```
    pub fn views(mut self, views: u32) -> Self {
        self.views = Some(views);
        self
    }

    /// What a viewer must know beside the link.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse").passphrase("plain yellow umbrella");
    /// # let _ = push;
    /// ```
    pub fn passphrase(mut self, passphrase: impl Into<Secret>) -> Self {
        self.passphrase = Some(passphrase.into());
        self
    }

    /// What the owner calls it in lists. It is not secret.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse").name("VPN password");
    /// # let _ = push;
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A note that only the owner sees.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse").note("for John Hill");
    /// # let _ = push;
    /// ```
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Whether anybody who has the link may expire it. URLs never may be expired so.
    ///
    /// A push made without a token can be expired in no other way, by this client neither.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse").deletable_by_viewer(false);
    /// # let _ = push;
    /// ```
    pub fn deletable_by_viewer(mut self, deletable: bool) -> Self {
        self.deletable_by_viewer = Some(deletable);
        self
    }

    /// Whether the link leads to a page with a button first, so that programs which look at links in messages use no
    /// view up.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse").retrieval_step(true);
    /// # let _ = push;
    /// ```
    pub fn retrieval_step(mut self, retrieval_step: bool) -> Self {
        self.retrieval_step = Some(retrieval_step);
        self
    }

    /// The e-mail addresses that the service sends the link to, up to 5. It needs a token, and an instance with mail.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse").notify(["john.hill@example.com"]);
    /// # let _ = push;
    /// ```
    pub fn notify<A: Into<String>>(mut self, addresses: impl IntoIterator<Item = A>) -> Self {
        self.notify.extend(addresses.into_iter().map(Into::into));
        self
    }

    /// The language of that mail, as a code such as `fr`.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse")
    ///     .notify(["jean@example.com"])
    ///     .notify_locale("fr");
    /// # let _ = push;
    /// ```
    pub fn notify_locale(mut self, locale: impl Into<String>) -> Self {
        self.notify_locale = Some(locale.into());
        self
    }

    /// # Errors
    /// If the service would refuse it, or silently make something else of it.
    pub(crate) fn check(&self, has_token: bool) -> Result<(), Error> {
        let payload = self.payload.as_ref().map(Secret::expose);
        match (self.kind, payload) {
            (Kind::Text, Some(text)) => fields::check_text("text", text, TEXT)?,
            (Kind::Qr, Some(content)) => fields::check_text("qr", content, QR)?,
            (Kind::Url, Some(url)) => check_url(url)?,
            (Kind::File, Some(message)) => fields::check_text("message", message, TEXT)?,
            (_, None) => {}
        }
        if self.kind == Kind::File && self.files.is_empty() {
            return Err(Error::invalid("`files`: there is none"));
        }
        if !self.files.is_empty() {
            if matches!(self.kind, Kind::Url | Kind::Qr) {
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
        fields::check_files(&self.files)?;
        fields::check_passphrase(self.passphrase.as_ref())?;
        if let Some(views) = self.views.filter(|views| !VIEWS.contains(views)) {
            return Err(Error::invalid(format!(
                "`views` must be between {} and {}, not {views}",
                VIEWS.start(),
                VIEWS.end()
            )));
        }
        if !self.notify.is_empty() && !has_token {
            return Err(Error::invalid(
                "`notify`: mail needs an API token: make the client with `Client::new`",
            ));
        }
        fields::recipients("notify", &self.notify).map(drop)
    }

    /// What is sent of it, in the order of the service's own documentation.
    pub(crate) fn fields<'a>(
        &'a self,
        lifetime: Option<Lifetime>,
        notify: Option<&'a str>,
        account: Option<&'a str>,
    ) -> Fields<'a> {
        let (days, step) = Lifetime::members(lifetime);
        Fields::new("push", &self.files, account)
            .secret("payload", self.payload.as_ref())
            .text("kind", Some(self.kind.as_str()))
            .number("expire_after_days", days)
            .number("expire_after_duration", step)
            .number("expire_after_views", self.views)
            .secret("passphrase", self.passphrase.as_ref())
            .text("name", self.name.as_deref())
            .text("note", self.note.as_deref())
            .flag("deletable_by_viewer", self.deletable_by_viewer)
            .flag("retrieval_step", self.retrieval_step)
            .text("notify_emails_to", notify)
            .text("notify_emails_to_locale", self.notify_locale.as_deref())
    }

    pub(crate) fn recipients(&self) -> Result<Option<String>, Error> {
        fields::recipients("notify", &self.notify)
    }
}

fn check_url(url: &str) -> Result<(), Error> {
    let scheme = url.split_once("://").filter(|(_, rest)| !rest.is_empty());
    let is_web = scheme.is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    });
    if !is_web {
        return Err(Error::invalid(
            "`url` must be a whole URL that begins with `http://` or `https://`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Edition;
    use serde_json::{Value, json};

    fn sent(push: &NewPush, lifetime: Option<Lifetime>) -> Value {
        serde_json::to_value(push.fields(lifetime, None, None)).unwrap()
    }

    #[test]
    fn what_is_not_set_is_not_sent_and_false_is() {
        assert_eq!(
            sent(&NewPush::text(" a b "), None),
            json!({"push": {"payload": " a b ", "kind": "text"}})
        );
        let push = NewPush::url("https://example.com")
            .deletable_by_viewer(false)
            .retrieval_step(false)
            .views(1);
        let push = sent(&push, None);
        assert_eq!(push["push"]["deletable_by_viewer"], false);
        assert_eq!(push["push"]["retrieval_step"], false);
        assert_eq!(push["push"]["kind"], "url");
        assert_eq!(push["push"]["expire_after_views"], 1);
    }

    #[test]
    fn each_edition_is_told_the_lifetime_in_its_own_member_and_in_no_other() {
        let push = NewPush::text("x");
        let days = Lifetime::of(Expiry::days(7), &Edition::Oss, "expire_after").unwrap();
        let sent_days = sent(&push, Some(days));
        assert_eq!(sent_days["push"]["expire_after_days"], 7);
        assert!(sent_days["push"].get("expire_after_duration").is_none());
        let step = Lifetime::of(Expiry::days(7), &Edition::Commercial, "expire_after").unwrap();
        let sent_step = sent(&push, Some(step));
        assert_eq!(sent_step["push"]["expire_after_duration"], 12);
        assert!(sent_step["push"].get("expire_after_days").is_none());
    }

    #[test]
    fn what_the_service_would_refuse_or_replace_is_refused_with_the_name_of_the_field() {
        let file = || Upload::bytes("a", "b");
        let many = |count| NewPush::files((0..count).map(|_| file()));
        for (push, says) in [
            (NewPush::text(" \n"), "`text` is blank"),
            (
                NewPush::text("x".repeat(TEXT + 1)),
                "`text` has 1048577 characters",
            ),
            (NewPush::qr("é".repeat(QR + 1)), "`qr` has 1025 characters"),
            (NewPush::url("ftp://example.com"), "`url` must be"),
            (NewPush::url("https://"), "`url` must be"),
            (
                NewPush::text("x").views(0),
                "`views` must be between 1 and 100, not 0",
            ),
            (
                NewPush::text("x").views(101),
                "`views` must be between 1 and 100, not 101",
            ),
            (NewPush::text("x").passphrase(""), "`passphrase` is empty"),
            (many(0), "`files`: there is none"),
            (many(11), "`file`: 11 files"),
            (NewPush::qr("x").file(file()), "`file`: files go with"),
            (
                NewPush::text("x").notify(["a@b", "A@B"]),
                "`notify`: address 2 is there twice",
            ),
            (
                NewPush::text("x").notify(["a@b,c@d"]),
                "`notify`: address 1 is no",
            ),
            (
                NewPush::text("x").notify(vec!["a@b"; 6]),
                "`notify`: 6 addresses",
            ),
        ] {
            let error = push.check(true).unwrap_err();
            assert!(error.is_invalid());
            assert!(error.to_string().contains(says), "{error}");
        }
        for (push, says) in [
            (many(1), "only be pushed with an API token"),
            (
                NewPush::text("x").notify(["a@b"]),
                "mail needs an API token",
            ),
        ] {
            assert!(push.check(true).is_ok());
            assert!(push.check(false).unwrap_err().to_string().contains(says));
        }
    }

    #[test]
    fn limits_are_in_characters_and_reached_but_not_crossed() {
        assert!(NewPush::text("é".repeat(TEXT)).check(false).is_ok());
        assert!(NewPush::qr("é".repeat(QR)).check(false).is_ok());
        assert!(
            NewPush::url("HTTPS://example.com")
                .views(100)
                .check(false)
                .is_ok()
        );
        assert!(
            NewPush::files((0..10).map(|_| Upload::bytes("a", "")))
                .check(true)
                .is_ok()
        );
    }

    #[test]
    fn no_secret_is_shown() {
        let push = NewPush::text("hunter2").passphrase("umbrella");
        let shown = format!("{push:?} {:?}", push.fields(None, None, None));
        assert!(
            !shown.contains("hunter2") && !shown.contains("umbrella"),
            "{shown}"
        );
    }
}
