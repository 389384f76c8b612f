//! A push that is to be created, and its creation.

mod check;

use security_api_transport::{Error, Outcome, Response, Secret, Upload};
use serde_json::Value;

use crate::call::hand_written_call;
use crate::create::Create;
use crate::create::comparison::Comparison;
use crate::create::confirm;
use crate::create::created::Created;
use crate::create::difference::Difference;
use crate::create::expiry::Expiry;
use crate::create::fields::Fields;
use crate::create::lifetime::{self, Lifetime};
use crate::create::options::{Options, option_setters};
use crate::instance;
use crate::instance::bounds::PushKind;
use crate::operations::PUSHES_EXPIRE;
use crate::types::{Edition, Push};

/// A push to be created: what it holds, who may read it, and for how long.
///
/// Options that are not set are left to the instance: without `expire_after` and `views` its own defaults apply (7 days
/// and 5 views unless its administrator changed them), and viewers may expire the push and see a page with a button
/// first. The returned [`Push`](crate::types::Push) has the values that apply.
///
/// Values that no instance accepts are refused before anything is sent, and so are values outside of the
/// [`Bounds`](crate::Bounds) that the client knows. If an instance silently replaces a value, creating fails.
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
    /// The service infers a missing kind from the files, and fails for a kind that it does not know; so the kind is
    /// always sent.
    pub(crate) kind: PushKind,
    payload: Option<Secret>,
    pub(crate) expire_after: Option<Expiry>,
    pub(crate) views: Option<u32>,
    deletable_by_viewer: Option<bool>,
    options: Options,
}

option_setters!(NewPush);

impl NewPush {
    fn new(kind: PushKind, payload: Option<Secret>) -> Self {
        Self {
            kind,
            payload,
            expire_after: None,
            views: None,
            deletable_by_viewer: None,
            options: Options::default(),
        }
    }

    /// A text, such as a password, of 1 to 1,048,576 characters. It is sent unchanged, including spaces.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::text("correct horse battery staple");
    /// # let _ = push;
    /// ```
    pub fn text(text: impl Into<Secret>) -> Self {
        Self::new(PushKind::Text, Some(text.into()))
    }

    /// A URL with scheme `http` or `https`, without blanks, to which the viewer is redirected.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::url("https://example.com/reset?code=4711");
    /// # let _ = push;
    /// ```
    pub fn url(url: impl Into<Secret>) -> Self {
        Self::new(PushKind::Url, Some(url.into()))
    }

    /// The text of a QR code, 1 to 1,024 characters.
    ///
    /// ```
    /// let push = pwpush_api::NewPush::qr("WIFI:T:WPA;S:guests;P:correct horse;;");
    /// # let _ = push;
    /// ```
    pub fn qr(content: impl Into<Secret>) -> Self {
        Self::new(PushKind::Qr, Some(content.into()))
    }

    /// Files, from disk or memory: at least one, and up to 10 unless the instance has another limit. They are streamed,
    /// and need a token.
    ///
    /// The service changes names: it keeps what follows the last `/` or `\`, replaces each of ``% $ | : ; < > ? * "``,
    /// tab, line breaks and U+202E with `-`, and trims blanks. A name for which the service would lose the file is
    /// refused: one that is empty or blank after that, has a NUL character or about 1,480 bytes or more.
    ///
    /// The stock container's proxy has read and write timeouts of 30 seconds that include the body, so an upload that
    /// takes longer is cut off unless the administrator raised them. Forms with more than 10 GiB, or more than 16 MiB
    /// in addition to the files, are refused.
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
        let mut push = Self::new(PushKind::File, None);
        push.options.files.extend(files);
        push
    }

    /// Adds a file, to other files or to a text.
    ///
    /// ```
    /// use pwpush_api::{NewPush, Upload};
    ///
    /// let push = NewPush::text("the key is for the depot").file(Upload::bytes("id.pem", "-----BEGIN"));
    /// # let _ = push;
    /// ```
    pub fn file(mut self, file: Upload) -> Self {
        self.options.files.push(file);
        self
    }

    /// Adds a secret text to the files of [`files`](Self::files). It may be empty or blank, because files need none.
    pub fn message(mut self, text: impl Into<Secret>) -> Self {
        self.payload = Some(text.into());
        self
    }

    /// How long the push lives. The call asks the instance for its edition first, once for each client, because the
    /// editions represent lifetimes differently. A lifetime that the edition cannot express is refused before the
    /// secret is sent.
    pub fn expire_after(mut self, expiry: Expiry) -> Self {
        self.expire_after = Some(expiry);
        self
    }

    /// How many times the push can be read, at least once. An instance accepts up to 100 unless it has another limit.
    pub fn views(mut self, views: u32) -> Self {
        self.views = Some(views);
        self
    }

    /// Whether anybody who has the link may expire the push. For a URL, `true` is refused: only its owner may.
    ///
    /// A push made without a token can be expired in no other way, not even by this client.
    pub fn deletable_by_viewer(mut self, deletable: bool) -> Self {
        self.deletable_by_viewer = Some(deletable);
        self
    }

    /// Whether the instance's edition must be known to send the push, or to read the response.
    pub(crate) fn needs_edition(&self) -> bool {
        self.expire_after.is_some()
            || !self.options.notify.is_empty()
            || self.options.passphrase.is_some()
    }

    /// The options that the service keeps differently, according to its response.
    pub(crate) fn compare(
        &self,
        response: &Value,
        lifetime: Option<Lifetime>,
        account: Option<&str>,
        edition: Option<&Edition>,
    ) -> Vec<Difference> {
        let compared = Comparison::new(response, edition)
            .lifetime("expire_after", lifetime, &lifetime::OF_PUSH)
            .views(self.views)
            // The service sends null for URLs.
            .flag(
                "deletable_by_viewer",
                self.deletable_by_viewer,
                self.kind == PushKind::Url,
            );
        self.options
            .compare(compared)
            .account(account)
            .differences()
    }

    /// The members that are sent, in the order of the service's own documentation.
    pub(crate) fn fields<'a>(
        &'a self,
        lifetime: Option<Lifetime>,
        notify: Option<&'a str>,
        account: Option<&'a str>,
    ) -> Fields<'a> {
        let (days, step) = Lifetime::members(lifetime);
        Fields::new("push", &self.options.files, account)
            .secret("payload", self.payload.as_ref())
            .text("kind", Some(self.kind.as_str()))
            .number("expire_after_days", days)
            .number("expire_after_duration", step)
            .number("expire_after_views", self.views)
            .secret("passphrase", self.options.passphrase.as_ref())
            .text("name", self.options.name.as_deref())
            .text("note", self.options.note.as_deref())
            .flag("deletable_by_viewer", self.deletable_by_viewer)
            .flag("retrieval_step", self.options.retrieval_step)
            .text("notify_emails_to", notify)
            .text(
                "notify_emails_to_locale",
                self.options.notify_locale.as_deref(),
            )
    }

    pub(crate) fn with_mail(&self, error: Error) -> Error {
        self.options.with_mail(error)
    }

    pub(crate) fn recipients(&self) -> Result<Option<String>, Error> {
        self.options.recipients()
    }
}

impl Create<NewPush> {
    async fn run(self) -> Result<Response<Created<Push>>, Error> {
        let Self {
            mut request,
            new: push,
            account_id,
            progress,
            or_less,
        } = self;
        let client = request.job_client()?;
        let bounds = instance::bounds(&client, push.kind);
        push.check(instance::has_token(&client), bounds)?;
        let account = account_id.as_deref();
        let edition = match push.needs_edition() || account.is_some() {
            true => Some(instance::edition(&client).await.map_err(|error| {
                error
                    .with_outcome(Outcome::NotSent)
                    .with_context("nothing was created")
            })?),
            false => None,
        };
        let mut lifetime = None;
        if let Some(edition) = &edition {
            check_account(account, edition)?;
            let of = |expiry| Lifetime::of(expiry, edition, FIELD);
            lifetime = push.expire_after.map(of).transpose()?;
        }
        let days = lifetime.and_then(Lifetime::days);
        if let (Some(bounds), Some(days)) = (bounds, days) {
            bounds.check_days(FIELD, days)?;
        }
        let notify = push.recipients()?;
        let fields = push.fields(lifetime, notify.as_deref(), account);
        if let Some(left) = client.time_left() {
            request = request.timeout(left);
        }
        let request = fields.write(request, progress);
        let compare = |response: &_| push.compare(response, lifetime, account, edition.as_ref());
        let created = confirm::create(request, compare, or_less, &PUSHES_EXPIRE).await;
        created.map_err(|error| push.with_mail(error))
    }
}

hand_written_call!(Create<NewPush>, Created<Push>);

/// The method that sets a lifetime.
const FIELD: &str = "expire_after";

/// # Errors
/// If there is an account, and the edition is not known to have accounts.
fn check_account(account_id: Option<&str>, edition: &Edition) -> Result<(), Error> {
    if account_id.is_some() && *edition != Edition::Commercial {
        return Err(Error::invalid(
            "`account_id`: only the commercial edition has accounts; another would ignore it",
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
        let client = crate::Client::new("a-token").unwrap();
        let request = client.request(http::Method::POST, "/pushes");
        let request = push.fields(lifetime, None, None).write(request, None);
        serde_json::from_slice(request.body_bytes().unwrap()).unwrap()
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
    fn no_secret_is_shown() {
        let push = NewPush::text("hunter2").passphrase("umbrella");
        let fields = format!("{:?}", push.fields(None, None, None));
        assert!(fields.contains("[redacted]"), "{fields}");
        let shown = format!("{push:?} {fields}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("umbrella"),
            "{shown}"
        );
    }
}
