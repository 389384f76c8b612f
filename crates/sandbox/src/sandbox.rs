//! Starting and stopping.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::common::clock::Clock;
use crate::common::faults::Faults;
use crate::common::journal::Journal;
use crate::common::listener::{self, Hosts, Shared};
use crate::common::service::Service;
use crate::keepnet::{Keepnet, KeepnetOptions};
use crate::password_pusher::{PasswordPusher, PasswordPusherOptions};
use crate::push_security::{PushSecurity, PushSecurityOptions};

/// A running sandbox: one listener for each service. Dropping it stops them.
///
/// The servers run on a thread of their own, so one sandbox can serve several runtimes, and a test that blocks or
/// pauses its own runtime does not hold them up.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sandbox = security_api_sandbox::Sandbox::start().await?;
/// let push = sandbox.push_security();
/// assert!(push.base_url().starts_with("http://127.0.0.1:"));
/// assert_eq!(push.counts().employees, 2_000);
/// # std::io::Result::Ok(()) })?;
/// # std::io::Result::Ok(())
/// ```
pub struct Sandbox {
    shared: Shared,
    push_security: PushSecurity,
    password_pusher: PasswordPusher,
    keepnet: Keepnet,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on free loopback ports, with the default seed and rate limits on.
    ///
    /// # Errors
    ///
    /// When a port cannot be bound or a thread cannot be started.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A sandbox with settings other than the default ones.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// use security_api_sandbox::{PushSecurityOptions, Sandbox};
    ///
    /// let sandbox = Sandbox::builder()
    ///     .seed(7)
    ///     .rate_limits(false)
    ///     .push_security(PushSecurityOptions::default().browsers(20_000))
    ///     .start()
    ///     .await?;
    /// assert_eq!(sandbox.push_security().counts().browsers, 20_000);
    /// # std::io::Result::Ok(()) })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder {
            seed: 1,
            rate_limits: true,
            allow_remote: false,
            allow_any_host: false,
            push_security_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            push_security: PushSecurityOptions::default(),
            password_pusher_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            password_pusher: PasswordPusherOptions::default(),
            keepnet_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            keepnet: KeepnetOptions::default(),
        }
    }

    /// The imitation of Push Security.
    #[must_use]
    pub fn push_security(&self) -> &PushSecurity {
        &self.push_security
    }

    /// The imitation of Password Pusher.
    #[must_use]
    pub fn password_pusher(&self) -> &PasswordPusher {
        &self.password_pusher
    }

    /// The imitation of Keepnet.
    #[must_use]
    pub fn keepnet(&self) -> &Keepnet {
        &self.keepnet
    }

    /// The sandbox's idea of time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The faults that wait for a request.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What the sandbox received.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The runtime drops its tasks without waiting for them, so this is short, and afterwards the ports are
            // free.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("push_security", &self.push_security)
            .field("password_pusher", &self.password_pusher)
            .field("keepnet", &self.keepnet)
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

/// The settings of a sandbox that is yet to start; see [`Sandbox::builder`].
#[derive(Clone, Debug)]
#[must_use = "a sandbox runs only once it is started"]
pub struct SandboxBuilder {
    seed: u64,
    rate_limits: bool,
    allow_remote: bool,
    allow_any_host: bool,
    push_security_address: SocketAddr,
    push_security: PushSecurityOptions,
    password_pusher_address: SocketAddr,
    password_pusher: PasswordPusherOptions,
    keepnet_address: SocketAddr,
    keepnet: KeepnetOptions,
}

impl SandboxBuilder {
    /// What the seeded data, identifiers and credentials are made from. The same seed and sizes give the same bytes. 1
    /// by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether the services' rate limits are enforced. They are by default. Password Pusher's locks on a push or a user
    /// belong to what is locked and stay.
    pub fn rate_limits(mut self, enforced: bool) -> Self {
        self.rate_limits = enforced;
        self
    }

    /// Allows addresses that other machines can reach. What the sandbox sends and receives is not encrypted, and its
    /// credentials can be guessed from its seed.
    pub fn allow_remote(mut self, allowed: bool) -> Self {
        self.allow_remote = allowed;
        self
    }

    /// Allows requests for any host name. A listener at a loopback address otherwise responds with 403 to one whose
    /// `Host` is not a name of this machine (`localhost`, `127.0.0.1`, `[::1]`), so that no web page can reach it by a
    /// name of its own that leads here. Of use behind a proxy or with names from a hosts file.
    pub fn allow_any_host(mut self, allowed: bool) -> Self {
        self.allow_any_host = allowed;
        self
    }

    /// Where the imitation of Push Security listens; port 0 picks a free one.
    pub fn push_security_address(mut self, address: SocketAddr) -> Self {
        self.push_security_address = address;
        self
    }

    /// What the imitation of Push Security holds and how it behaves.
    pub fn push_security(mut self, options: PushSecurityOptions) -> Self {
        self.push_security = options;
        self
    }

    /// Where the imitation of Password Pusher listens; port 0 picks a free one.
    pub fn password_pusher_address(mut self, address: SocketAddr) -> Self {
        self.password_pusher_address = address;
        self
    }

    /// Which edition of Password Pusher is imitated, and how it is set up.
    pub fn password_pusher(mut self, options: PasswordPusherOptions) -> Self {
        self.password_pusher = options;
        self
    }

    /// Where the imitation of Keepnet listens; port 0 picks a free one.
    pub fn keepnet_address(mut self, address: SocketAddr) -> Self {
        self.keepnet_address = address;
        self
    }

    /// What the imitation of Keepnet holds and how it behaves.
    pub fn keepnet(mut self, options: KeepnetOptions) -> Self {
        self.keepnet = options;
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// When an address is not a loopback one and [`allow_remote`](Self::allow_remote) was not set
    /// ([`InvalidInput`](io::ErrorKind::InvalidInput)), when a port cannot be bound or a thread cannot be started.
    pub async fn start(self) -> io::Result<Sandbox> {
        let shared = Shared {
            clock: Clock::start(),
            faults: Faults::default(),
            journal: Journal::default(),
        };
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = oneshot::channel();
        let thread = {
            let shared = shared.clone();
            thread::Builder::new()
                .name("security-api-sandbox".to_owned())
                .spawn(move || serve(&self, &shared, ready, stopped))?
        };
        let (push_security, password_pusher, keepnet) = started
            .await
            .map_err(|_| io::Error::other("the sandbox's thread ended"))??;
        Ok(Sandbox {
            shared,
            push_security,
            password_pusher,
            keepnet,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

type Services = (PushSecurity, PasswordPusher, Keepnet);

/// The sandbox's thread: runs until the sender of `stopped` is dropped.
fn serve(
    settings: &SandboxBuilder,
    shared: &Shared,
    ready: oneshot::Sender<io::Result<Services>>,
    stopped: oneshot::Receiver<()>,
) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let _ = ready.send(settings.open_all(shared));
        let _ = stopped.await;
    });
}

impl SandboxBuilder {
    /// Opens all services, inside the runtime. All addresses are bound before any of them is served.
    fn open_all(&self, shared: &Shared) -> io::Result<Services> {
        let (seed, limited) = (self.seed, self.rate_limits);
        let push_security = self.bind(self.push_security_address)?;
        let password_pusher = self.bind(self.password_pusher_address)?;
        let keepnet = self.bind(self.keepnet_address)?;
        Ok((
            self.open(push_security, shared, |address, clock| {
                let service = PushSecurity::new(address, seed, limited, &self.push_security, clock);
                (Arc::clone(service.state()), service)
            })?,
            self.open(password_pusher, shared, |address, clock| {
                let options = &self.password_pusher;
                let service = PasswordPusher::new(address, seed, limited, options, clock);
                (Arc::clone(service.state()), service)
            })?,
            self.open(keepnet, shared, |address, clock| {
                let service = Keepnet::new(address, seed, &self.keepnet, clock);
                (Arc::clone(service.state()), service)
            })?,
        ))
    }

    fn bind(&self, address: SocketAddr) -> io::Result<TcpListener> {
        if !address.ip().is_loopback() && !self.allow_remote {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{address} is not a loopback address; allow remote access to use it"),
            ));
        }
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    }

    /// Lets a service respond at a listener: `made` gives what responds and what is handed out.
    fn open<S: Service, H>(
        &self,
        listener: TcpListener,
        shared: &Shared,
        made: impl FnOnce(SocketAddr, Clock) -> (Arc<S>, H),
    ) -> io::Result<H> {
        let address = listener.local_addr()?;
        let hosts = match address.ip().to_canonical().is_loopback() && !self.allow_any_host {
            true => Hosts::Loopback,
            false => Hosts::Any,
        };
        let (state, handle) = made(listener::reachable(address), shared.clock.clone());
        tokio::spawn(listener::run(listener, state, shared.clone(), hosts));
        Ok(handle)
    }
}
