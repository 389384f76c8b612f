//! Starting and stopping.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;

use crate::listener::{self, Desk};
use crate::push_security::{PushSecurity, PushSecurityOptions};
use crate::{Clock, Faults, Journal};

/// A running sandbox: one listener for each service. Dropping it stops them.
///
/// The servers run on a thread of their own, so one sandbox can serve several
/// runtimes, and a test that blocks or pauses its own runtime does not hold
/// them up.
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
    desk: Desk,
    push_security: PushSecurity,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on free loopback ports, with the default seed and rate
    /// limits on.
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
            push_security_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            push_security: PushSecurityOptions::default(),
        }
    }

    /// The imitation of Push Security.
    #[must_use]
    pub fn push_security(&self) -> &PushSecurity {
        &self.push_security
    }

    /// The sandbox's idea of time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.desk.clock
    }

    /// The faults that wait for a request.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.desk.faults
    }

    /// What the sandbox received.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.desk.journal
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The runtime drops its tasks without waiting for them, so this is
            // short, and afterwards the ports are free.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("push_security", &self.push_security)
            .field("clock", &self.desk.clock)
            .field("faults", &self.desk.faults)
            .field("journal", &self.desk.journal)
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
    push_security_address: SocketAddr,
    push_security: PushSecurityOptions,
}

impl SandboxBuilder {
    /// What the seeded data, identifiers and credentials are made from. The
    /// same seed and sizes give the same bytes. 1 by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether the services' rate limits are enforced. They are by default.
    pub fn rate_limits(mut self, enforced: bool) -> Self {
        self.rate_limits = enforced;
        self
    }

    /// Allows addresses that other machines can reach. What the sandbox sends
    /// and receives is not encrypted, and its credentials can be guessed from
    /// its seed.
    pub fn allow_remote(mut self, allowed: bool) -> Self {
        self.allow_remote = allowed;
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

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// When an address is not a loopback one and
    /// [`allow_remote`](Self::allow_remote) was not set
    /// ([`InvalidInput`](io::ErrorKind::InvalidInput)), when a port cannot be
    /// bound or a thread cannot be started.
    pub async fn start(self) -> io::Result<Sandbox> {
        let listener = bind(self.push_security_address, self.allow_remote)?;
        let desk = Desk {
            clock: Clock::start(),
            faults: Faults::default(),
            journal: Journal::default(),
        };
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = oneshot::channel();
        let thread = {
            let desk = desk.clone();
            thread::Builder::new()
                .name("security-api-sandbox".to_owned())
                .spawn(move || serve(&self, listener, desk, ready, stopped))?
        };
        let push_security = started
            .await
            .map_err(|_| io::Error::other("the sandbox's thread ended"))??;
        Ok(Sandbox {
            desk,
            push_security,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

fn bind(address: SocketAddr, allow_remote: bool) -> io::Result<TcpListener> {
    if !address.ip().is_loopback() && !allow_remote {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{address} is not a loopback address; allow remote access to use it"),
        ));
    }
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The sandbox's thread: runs until `stopped` is told or its sender is gone.
fn serve(
    settings: &SandboxBuilder,
    listener: TcpListener,
    desk: Desk,
    ready: oneshot::Sender<io::Result<PushSecurity>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let started = tokio::net::TcpListener::from_std(listener).and_then(|listener| {
            let push_security = PushSecurity::new(
                listener.local_addr()?,
                settings.seed,
                settings.rate_limits,
                &settings.push_security,
                desk.clock.clone(),
            );
            tokio::spawn(listener::run(
                listener,
                Arc::clone(push_security.state()),
                desk,
            ));
            Ok(push_security)
        });
        let _ = ready.send(started);
        let _ = stopped.await;
    });
}
