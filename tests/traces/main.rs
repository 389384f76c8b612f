//! The traces of successful calls in a whole program: in all threads, over TLS and HTTP/2, with `tracing` and with
//! `log`. A process has one global subscriber, so this is a separate program.

#[path = "../support/marked.rs"]
mod marked;
#[path = "../support/proxy/mod.rs"]
mod proxy;

use std::path::Path;
use std::sync::Arc;

use keepnet_api::SearchRequest;
use marked::{Log, MARK, SERVERS, says_none};
use proxy::{Authority, Proxy};
use push_security_api::RateLimiter;
use push_security_api::http::Method;
use pwpush_api::{NewPush, Retrieved, Upload};
use security_api_sandbox::Sandbox;
use security_api_transport::ClientBuilder;
use serde_json::Value;
use tokio::runtime::Runtime;

fn runtime(name: &str) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(name)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// The services, each behind a proxy that speaks HTTP/2 over TLS.
struct Services {
    sandbox: Sandbox,
    authority: Arc<Authority>,
    push: Proxy,
    pwpush: Proxy,
    keepnet: Proxy,
}

impl Services {
    async fn start() -> Self {
        let sandbox = Sandbox::builder().rate_limits(false).start().await;
        let (sandbox, authority) = (sandbox.expect("a sandbox"), Authority::new());
        let behind = |url: &str| {
            let proxy = Proxy::new(url, Some(Arc::clone(&authority)));
            proxy.listen();
            proxy
        };
        Self {
            push: behind(sandbox.push_security().base_url()),
            pwpush: behind(sandbox.password_pusher().base_url()),
            keepnet: behind(sandbox.keepnet().base_url()),
            sandbox,
            authority,
        }
    }

    fn client<C: From<security_api_transport::Client>>(
        &self,
        builder: ClientBuilder<C>,
        proxy: &Proxy,
    ) -> C {
        builder
            .base_url(proxy.url())
            .root_certificate(self.authority.root())
            .no_proxy()
            .limiter(RateLimiter::unlimited())
            .build()
            .expect("a client")
    }
}

/// Pushes a text and a file, and reads both.
async fn push_and_read(services: &Services, folder: &Path) -> Vec<String> {
    let token = services.sandbox.password_pusher().token();
    let owner = services.client(pwpush_api::Client::builder(token), &services.pwpush);
    let viewer = services.client(pwpush_api::Client::anonymous_builder(), &services.pwpush);

    let text = NewPush::text(MARK).passphrase(MARK).views(1);
    let text = owner.pushes().create(text).await.expect("a push");
    let shown = viewer.pushes().show(&text.token).passphrase(MARK).await;
    let shown = shown.expect("the push");
    assert_eq!(shown.payload().map(|secret| secret.expose()), Some(MARK));

    let path = folder.join("hunter2.txt");
    std::fs::write(&path, MARK.repeat(100_000)).expect("a file");
    let upload = Upload::file(&path).await.expect("an upload");
    let files = NewPush::files([upload]).message(MARK).passphrase(MARK);
    let files = owner.pushes().create(files).await.expect("a push");
    let shown = viewer.pushes().show(&files.token).passphrase(MARK).await;
    let Retrieved::Secret(shown) = shown.expect("the push") else {
        panic!("no files");
    };
    let file = shown.files.expect("files").remove(0);
    let download = viewer.pushes().download(&file).await.expect("a download");
    let saved = download.save_in(folder.join("saved"), "file").await;
    let saved = std::fs::read(saved.expect("a file")).expect("a file");
    assert_eq!(saved.len(), 100_000 * MARK.len());
    owner.pushes().expire(&files.token).await.expect("the end");

    let tokens = [&text.token, &files.token].map(|token| token.expose().to_owned());
    let url = file.url.expose().to_owned();
    [vec![token.to_owned(), url], tokens.to_vec()].concat()
}

/// Searches with the mark in the body, in the query and in a header.
async fn search(services: &Services) -> Vec<String> {
    let platform = services.sandbox.keepnet();
    let (id, secret) = (platform.client_id(), platform.client_secret());
    let keepnet = services.client(keepnet_api::Client::builder(id, secret), &services.keepnet);
    let company = keepnet.for_company(&platform.company_ids()[0]);
    let search = SearchRequest::new().text(MARK);
    let users = company.expect("a company").target_users();
    users.search(search).page().await.expect("a page");
    let info = keepnet.token_info().expect("a token");

    let key = services.sandbox.push_security().api_key();
    let push = services.client(push_security_api::Client::builder(key), &services.push);
    push.accounts()
        .list()
        .email(MARK)
        .page()
        .await
        .expect("a page");
    let own = push.request(Method::GET, "/v1/apps").query("ownerId", MARK);
    let own = own.header("x-secret", MARK).call::<Value>().await;
    own.expect("a response");
    let token = info.token().expose().to_owned();
    vec![secret.to_owned(), token, key.to_owned()]
}

#[test]
fn calls_that_succeed_over_tls_and_http2_record_no_secret_in_any_thread() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).expect("no other subscriber");
    log::set_boxed_logger(Box::new(log.clone())).expect("no other logger");
    log::set_max_level(log::LevelFilter::Trace);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("saved")).expect("a folder");

    let (servers, clients) = (runtime(SERVERS), runtime("clients"));
    let services = servers.block_on(async { tokio::spawn(Services::start()).await });
    let services = services.expect("the services");
    let secrets = clients.block_on(async {
        let of_pushes = push_and_read(&services, folder.path()).await;
        let of_searches = search(&services).await;
        let blocking = tokio::task::spawn_blocking(|| {
            tracing::trace!(thread = "a blocking one");
            log::trace!(target: "a blocking one", "as well");
        });
        blocking.await.expect("a thread");
        [vec![MARK.to_owned()], of_pushes, of_searches].concat()
    });

    let text = log.text();
    let secrets: Vec<_> = secrets.iter().map(String::as_str).collect();
    for recorded in [
        "pushes.create",
        "pushes.show",
        "target_users.search",
        "accounts.list",
        "thread = \"a blocking one\"",
        "log a blocking one as well",
        "log reqwest",
        "ALPN negotiated h2",
    ] {
        says_none(&text, recorded, &secrets);
    }
}
