//! The calls on which faults are tried, made by a real client.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keepnet_api::SearchRequest;
use push_security_api::http::Method;
use push_security_api::middleware::HttpRequest;
use push_security_api::{Cursor, Error, RateLimiter, RawJson, RetryPolicy, Secret};
use pwpush_api::types::{PushedFile, RetrievedPush};
use pwpush_api::{NewPush, Retrieved, Upload};
use security_api_sandbox::{KeepnetOptions, PushSecurityOptions, Sandbox};
use security_api_transport::{ClientBuilder, OAuth2};
use tokio::task::JoinHandle;
use tower::util::MapRequestLayer;

use crate::matrix::Time;
use crate::proxy::{Authority, Proxy};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Call {
    Read,
    Write,
    Show,
    Upload,
    Export,
    Download,
    Token,
}

impl Call {
    /// All calls in the order of the table's columns.
    pub(crate) const ALL: [Self; 7] = [
        Self::Read,
        Self::Write,
        Self::Show,
        Self::Upload,
        Self::Export,
        Self::Download,
        Self::Token,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Show => "show",
            Self::Upload => "upload",
            Self::Export => "export",
            Self::Download => "download",
            Self::Token => "token",
        }
    }

    pub(crate) fn is_idempotent(self) -> bool {
        matches!(
            self,
            Self::Read | Self::Export | Self::Download | Self::Token
        )
    }

    /// Returns the prefix of the path of the request that gets the fault, and the number of such requests that pass
    /// before it.
    pub(crate) fn target(self) -> (&'static str, usize) {
        match self {
            Self::Export => ("/", 1),
            Self::Download => ("/pfb/disk/", 0),
            Self::Token => ("/connect/token", 0),
            _ => ("/", 0),
        }
    }

    /// Returns the number of other requests that the call makes before and after that one.
    pub(crate) fn others(self) -> (usize, usize) {
        match self {
            Self::Export => (1, 1),
            Self::Download => (1, 0),
            Self::Token => (0, 1),
            _ => (0, 0),
        }
    }
}

/// The services, and the records that the calls use.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) authority: Arc<Authority>,
    /// Makes what the calls need, past the proxy.
    pusher: pwpush_api::Client,
    app: String,
    company: String,
    employees: usize,
}

/// The text that is pushed and read.
const TEXT: &str = "a secret of a few words, long enough to be cut";

/// The page size of the export, which has three pages.
const PAGE: u32 = 20;

/// The timeout of calls that must succeed.
const LONG: Duration = Duration::from_secs(20);

fn content() -> Vec<u8> {
    (0..20_000_u32).map(|number| (number % 251) as u8).collect()
}

impl World {
    pub(crate) async fn start() -> Self {
        let push = PushSecurityOptions::default()
            .employees(20)
            .browsers(20)
            .accounts(20);
        let push = push.apps(5).browser_extensions(5).findings(5).detections(5);
        let employees = 2 * PAGE as usize + 7;
        let sandbox = Sandbox::builder()
            .rate_limits(false)
            .push_security(push)
            .keepnet(KeepnetOptions::default().target_users(employees))
            .start()
            .await
            .expect("a sandbox");
        let direct = push_security_api::Client::builder(sandbox.push_security().api_key())
            .base_url(sandbox.push_security().base_url())
            .build()
            .expect("a client");
        let apps = direct.apps().list().page().await.expect("apps");
        let pusher = pwpush_api::Client::builder(sandbox.password_pusher().token())
            .base_url(sandbox.password_pusher().base_url())
            .limiter(RateLimiter::unlimited())
            .build()
            .expect("a client");
        let company = sandbox.keepnet().company_ids()[0].clone();
        let employees = sandbox.keepnet().target_users(&company);
        assert_eq!(
            employees.div_ceil(PAGE as usize),
            3,
            "the export has three pages"
        );
        Self {
            app: apps.items()[0].id.clone(),
            company,
            employees,
            authority: Authority::new(),
            pusher,
            sandbox,
        }
    }

    pub(crate) fn upstream(&self, call: Call) -> &str {
        match call {
            Call::Read => self.sandbox.push_security().base_url(),
            Call::Export | Call::Token => self.sandbox.keepnet().base_url(),
            _ => self.sandbox.password_pusher().base_url(),
        }
    }

    /// Creates a push with one view.
    async fn pushed(&self) -> Secret {
        let push = NewPush::text(TEXT).views(1);
        self.pusher
            .pushes()
            .create(push)
            .await
            .expect("a push")
            .token
            .clone()
    }

    /// Creates a push with a file, and returns the file with its URL at the proxy, as its reader sees it.
    async fn file(&self, proxy: &Proxy) -> PushedFile {
        let files = NewPush::files([Upload::bytes("file.bin", content())]);
        let push = self.pusher.pushes().create(files).await.expect("a push");
        let shown = self.pusher.pushes().show(&push.token).await.expect("shown");
        let Retrieved::Secret(RetrievedPush {
            files: Some(mut files),
            ..
        }) = shown
        else {
            panic!("no files");
        };
        let mut file = files.remove(0);
        let origin = self.sandbox.password_pusher().base_url();
        file.url = file.url.expose().replace(origin, &proxy.url()).into();
        file
    }
}

/// The client of a cell.
#[derive(Clone)]
pub(crate) struct Setup {
    /// The name that identifies the cell's requests in the sandbox's journal.
    pub(crate) name: String,
    pub(crate) time: Time,
    pub(crate) limiter: RateLimiter,
    /// Whether the client uses a forward proxy.
    pub(crate) is_proxied: bool,
    /// Whether the proxy begins to listen only before the second attempt.
    pub(crate) listens_later: bool,
    /// Whether a part of a download is taken for the whole.
    pub(crate) is_cut: bool,
}

impl Setup {
    fn finish<C: From<security_api_transport::Client>>(
        &self,
        mut builder: ClientBuilder<C>,
        world: &World,
        proxy: &Arc<Proxy>,
    ) -> C {
        if self.listens_later {
            let (proxy, attempts) = (Arc::clone(proxy), Arc::new(AtomicUsize::new(0)));
            builder = builder.attempt_layer(MapRequestLayer::new(move |request: HttpRequest| {
                if attempts.fetch_add(1, Ordering::SeqCst) == 1 {
                    proxy.listen();
                }
                request
            }));
        }
        let retry = RetryPolicy::default();
        builder = match self.is_proxied {
            true => builder.proxy(proxy.forward_url()),
            false => builder.no_proxy(),
        };
        builder
            .base_url(proxy.url())
            .user_agent(&*self.name)
            .limiter(self.limiter.clone())
            .connect_timeout(self.time.connect)
            .attempt_timeout(self.time.attempt)
            .idle_timeout(self.time.idle)
            .timeout(self.time.deadline)
            .response_limit(1024 * 1024)
            .download_limit(1024 * 1024)
            .root_certificate(world.authority.root())
            .retry(retry.backoff(Duration::from_millis(1), Duration::from_millis(5)))
            .build()
            .expect("a client")
    }
}

/// The reason why a call did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    Error(Error),
    /// The call returned a value that differs from the service's.
    Wrong(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => write!(f, "{error:?}"),
            Self::Wrong(what) => f.write_str(what),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A call with its client, which can be repeated after the fault.
pub(crate) enum Ready {
    Read {
        push: push_security_api::Client,
        app: String,
    },
    Write(pwpush_api::Client),
    Show {
        pwpush: pwpush_api::Client,
        token: Secret,
    },
    Upload(pwpush_api::Client),
    Export {
        keepnet: keepnet_api::Client,
        export: Export,
    },
    Download {
        pwpush: pwpush_api::Client,
        file: PushedFile,
        /// Bounds a download to its last byte, as the timeout of the call.
        timeout: Duration,
        is_cut: bool,
    },
    Token(keepnet_api::Client),
}

/// The items of an export so far, and its cursor.
#[derive(Default)]
pub(crate) struct Export {
    ids: Vec<String>,
    cursor: Option<Cursor>,
    records: usize,
}

impl Ready {
    pub(crate) async fn new(call: Call, world: &World, proxy: &Arc<Proxy>, setup: &Setup) -> Self {
        let pusher = world.sandbox.password_pusher();
        let owner = || setup.finish(pwpush_api::Client::builder(pusher.token()), world, proxy);
        let viewer = || setup.finish(pwpush_api::Client::anonymous_builder(), world, proxy);
        let platform = world.sandbox.keepnet();
        let keepnet =
            || keepnet_api::Client::builder(platform.client_id(), platform.client_secret());
        match call {
            Call::Read => {
                let builder =
                    push_security_api::Client::builder(world.sandbox.push_security().api_key());
                Self::Read {
                    push: setup.finish(builder, world, proxy),
                    app: world.app.clone(),
                }
            }
            Call::Write => Self::Write(owner()),
            Call::Upload => Self::Upload(owner()),
            Call::Show => Self::Show {
                pwpush: viewer(),
                token: world.pushed().await,
            },
            Call::Download => Self::Download {
                pwpush: viewer(),
                file: world.file(proxy).await,
                timeout: setup.time.deadline,
                is_cut: setup.is_cut,
            },
            Call::Token => Self::Token(setup.finish(keepnet(), world, proxy)),
            Call::Export => {
                // Token requests bypass the proxy, so that faults hit only the list.
                let url = format!("{}/connect/token", platform.base_url());
                let (id, secret) = (platform.client_id(), platform.client_secret());
                let credential =
                    OAuth2::client_credentials(&url, id, secret).expect("a credential");
                let credential = credential.scope("api1");
                let keepnet = setup.finish(keepnet().credential(credential), world, proxy);
                Self::Export {
                    keepnet: keepnet.for_company(&world.company).expect("a company"),
                    export: Export {
                        records: world.employees,
                        ..Export::default()
                    },
                }
            }
        }
    }

    /// Makes the call.
    pub(crate) async fn run(&mut self) -> Result<(), Failure> {
        match self {
            Self::Read { push, app } => {
                let found = push.apps().get(&*app).await?;
                equal("the app", &found.id, app)
            }
            Self::Write(pwpush) => {
                let push = pwpush.pushes().create(NewPush::text(TEXT)).await?;
                equal("a token", &push.token.expose().is_empty(), &false)
            }
            Self::Show { pwpush, token } => {
                let shown = pwpush.pushes().show(&*token).await?;
                let payload = shown.payload().map(|secret| secret.expose().to_owned());
                equal("the secret", &payload.as_deref(), &Some(TEXT))
            }
            Self::Upload(pwpush) => {
                let files = NewPush::files([Upload::bytes("file.bin", content())]);
                let push = pwpush.pushes().create(files).await?;
                equal("a token", &push.token.expose().is_empty(), &false)
            }
            Self::Export { keepnet, export } => export.go_on(keepnet, None).await,
            Self::Download {
                pwpush,
                file,
                timeout,
                is_cut,
            } => {
                let download = pwpush.pushes().download(file).timeout(*timeout).await?;
                let length = download.length();
                let bytes = download.bytes(1024 * 1024).await?;
                let mut whole = content();
                if *is_cut {
                    whole.truncate(whole.len() / 2);
                    let announced = length.unwrap_or(whole.len() as u64);
                    equal("the length", &announced, &(whole.len() as u64))?;
                }
                equal("the file", &&bytes[..], &&whole[..])
            }
            Self::Token(keepnet) => Ok(keepnet.check().await?),
        }
    }

    /// Makes a call that must succeed after the fault. An export resumes where it stopped.
    pub(crate) async fn run_well(&mut self) -> Result<(), Failure> {
        let request = match self {
            Self::Read { push, .. } => push.request(Method::GET, "/v1/browsers"),
            Self::Write(pwpush)
            | Self::Upload(pwpush)
            | Self::Show { pwpush, .. }
            | Self::Download { pwpush, .. } => pwpush.request(Method::GET, "/api/v2/version"),
            Self::Export { keepnet, export } => return export.go_on(keepnet, Some(LONG)).await,
            // Every caller waits for a pending token request, which may take 10 s to fail.
            Self::Token(keepnet) => keepnet.request(Method::GET, "/api/companies/my"),
        };
        let call = request.idempotent().call::<RawJson>();
        call.timeout(LONG).attempt_timeout(LONG).await?;
        Ok(())
    }

    /// Starts a request that occupies a stream until the task ends.
    pub(crate) fn occupy(&self) -> JoinHandle<()> {
        let request = match self {
            Self::Read { push, .. } => push.request(Method::GET, "/v1/browsers"),
            Self::Write(pwpush) | Self::Upload(pwpush) => {
                pwpush.request(Method::GET, "/api/v2/version")
            }
            Self::Show { pwpush, .. } | Self::Download { pwpush, .. } => {
                pwpush.request(Method::GET, "/api/v2/version")
            }
            Self::Export { keepnet, .. } | Self::Token(keepnet) => {
                keepnet.request(Method::GET, "/api/companies/my")
            }
        };
        let long = Duration::from_secs(600);
        let call = request
            .call::<RawJson>()
            .timeout(long)
            .attempt_timeout(long);
        tokio::spawn(async move {
            let _ = call.await;
        })
    }

    /// Makes a call in advance, so that there is an idle connection.
    pub(crate) async fn warm_up(&mut self) -> Result<(), Failure> {
        match self {
            Self::Export { keepnet, .. } => Ok(keepnet.check().await?),
            _ => self.run_well().await,
        }
    }
}

impl Export {
    async fn go_on(
        &mut self,
        keepnet: &keepnet_api::Client,
        timeout: Option<Duration>,
    ) -> Result<(), Failure> {
        let search = SearchRequest::new().page_size(PAGE);
        let mut list = keepnet.target_users().search(search);
        if let Some(timeout) = timeout {
            list = list.timeout(timeout).attempt_timeout(timeout);
        }
        let mut items = list.raw_items();
        if let Some(cursor) = self.cursor.take() {
            items = items.resume(cursor);
        }
        loop {
            match items.try_next().await {
                Ok(Some(item)) => {
                    let record: serde_json::Value = item.decode()?;
                    self.ids
                        .push(record["resourceId"].as_str().unwrap_or_default().to_owned());
                }
                Ok(None) => break,
                Err(error) => {
                    self.cursor = Some(items.cursor());
                    return Err(error.into());
                }
            }
        }
        self.cursor = Some(items.cursor());
        let different: BTreeSet<_> = self.ids.iter().collect();
        equal("the records", &self.ids.len(), &self.records)?;
        equal("the different records", &different.len(), &self.records)
    }
}

fn equal<T: PartialEq + fmt::Debug>(what: &str, is: &T, should: &T) -> Result<(), Failure> {
    match is == should {
        true => Ok(()),
        false => {
            let mut text = format!("{what}: {is:?} is not {should:?}");
            text.truncate(200);
            Err(Failure::Wrong(text))
        }
    }
}
