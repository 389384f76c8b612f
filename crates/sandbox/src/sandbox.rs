//! Starting and stopping a sandbox.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::common::clock::Clock;
use crate::common::faults::Faults;
use crate::common::journal::Journal;
use crate::common::listener::{Server, Shared, reachable};
use crate::common::options::settings;
use crate::common::random::Random;
use crate::common::service::{Imitation, Service, Setup};
use crate::keepnet::{Keepnet, KeepnetOptions};
use crate::password_pusher::{PasswordPusher, PasswordPusherOptions};
use crate::push_security::{PushSecurity, PushSecurityOptions};

/// A running sandbox: one listener for each service. Dropping it stops them.
///
/// The servers run on a separate thread. One sandbox can serve several runtimes, and a test that blocks or pauses its
/// runtime does not stop the servers.
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
#[derive(Debug)]
pub struct Sandbox {
    shared: Shared,
    push_security: PushSecurity,
    password_pusher: PasswordPusher,
    keepnet: Keepnet,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on free loopback ports, with default settings.
    ///
    /// # Errors
    ///
    /// If a port cannot be bound or a thread cannot be started.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// The settings of a new sandbox.
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
        SandboxBuilder::default()
    }

    /// The imitation of Push Security.
    pub fn push_security(&self) -> &PushSecurity {
        &self.push_security
    }

    /// The imitation of Password Pusher.
    pub fn password_pusher(&self) -> &PasswordPusher {
        &self.password_pusher
    }

    /// The imitation of Keepnet.
    pub fn keepnet(&self) -> &Keepnet {
        &self.keepnet
    }

    /// The sandbox's clock.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The faults that wait for a request.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The requests that the sandbox received.
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The runtime drops its tasks without waiting for them, so this is short. Afterwards the ports are free.
            let _ = thread.join();
        }
    }
}

/// A free port of this machine.
const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

settings! {
    /// The settings of a sandbox that is not started yet; see [`Sandbox::builder`].
    pub struct SandboxBuilder {
        /// The seed of the data, identifiers and credentials; 1 by default. The same seed and sizes give the same
        /// bytes.
        seed: u64 = 1,
        /// Whether Push Security's rate limit is enforced; it is by default. Password Pusher's locks on a push and on a
        /// user always hold.
        rate_limits: bool = true,
        /// Allows addresses that other machines can reach. The sandbox's traffic is not encrypted, and its credentials
        /// can be guessed from its seed.
        allow_remote: bool = false,
        /// Allows requests for any host name, for use behind a proxy or with names from a hosts file. By default, a
        /// listener at a loopback address responds with 403 unless `Host` is a name of this machine (`localhost`,
        /// `127.0.0.1`, `[::1]`): a web page could otherwise reach it through a name that resolves to this machine.
        allow_any_host: bool = false,
        /// The address of the imitation of Push Security; port 0 picks a free port.
        push_security_address: SocketAddr = FREE_PORT,
        /// The contents and the behaviour of the imitation of Push Security.
        push_security: PushSecurityOptions = PushSecurityOptions::default(),
        /// The address of the imitation of Password Pusher; port 0 picks a free port.
        password_pusher_address: SocketAddr = FREE_PORT,
        /// The edition of the imitated Password Pusher, and its settings.
        password_pusher: PasswordPusherOptions = PasswordPusherOptions::default(),
        /// The address of the imitation of Keepnet; port 0 picks a free port.
        keepnet_address: SocketAddr = FREE_PORT,
        /// The contents and the behaviour of the imitation of Keepnet.
        keepnet: KeepnetOptions = KeepnetOptions::default(),
    }
}

impl SandboxBuilder {
    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// If an address is not a loopback address and [`allow_remote`](Self::allow_remote) was not set
    /// ([`InvalidInput`](io::ErrorKind::InvalidInput)), if a port cannot be bound, or if a thread cannot be started.
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

/// The sandbox's thread. It runs until the sender of `stopped` is dropped.
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
    /// Opens all services, inside the runtime. All addresses are bound before the first is served.
    fn open_all(&self, shared: &Shared) -> io::Result<Services> {
        let push_security = self.bind(self.push_security_address)?;
        let password_pusher = self.bind(self.password_pusher_address)?;
        let keepnet = self.bind(self.keepnet_address)?;
        Ok((
            PushSecurity(self.open(push_security, shared, &self.push_security)?),
            PasswordPusher(self.open(password_pusher, shared, &self.password_pusher)?),
            Keepnet(self.open(keepnet, shared, &self.keepnet)?),
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

    /// Starts a service behind a listener.
    fn open<S: Service>(
        &self,
        listener: TcpListener,
        shared: &Shared,
        options: &S::Options,
    ) -> io::Result<Imitation<S>> {
        let address = listener.local_addr()?;
        let setup = Setup {
            address: reachable(address),
            seed: self.seed,
            limited: self.rate_limits,
            clock: shared.clock.clone(),
        };
        let imitation = Imitation::new(&setup, options);
        let server = Server {
            service: Arc::clone(&imitation.state),
            shared: shared.clone(),
            any_host: self.allow_any_host || !address.ip().to_canonical().is_loopback(),
            ids: Mutex::new(Random::new(self.seed, S::NAME)),
        };
        tokio::spawn(server.run(listener));
        Ok(imitation)
    }
}
