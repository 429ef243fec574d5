use super::{Report, ServerSettings, serve};
use axum::Router;
use std::io;
use std::thread;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// The thread's stack, in bytes. Code without optimisation needs more.
const STACK_BYTES: usize = if cfg!(debug_assertions) { 4 << 20 } else { 1 << 20 };
/// Threads for what blocks, such as reading a file.
const BLOCKING_THREADS: usize = 2;

/// As [`serve`], with the accept loop and the reserved paths on a thread of their own: they are answered while every
/// thread of the caller's runtime is busy. Everything else is served on the caller's runtime.
///
/// An error when the thread cannot be started.
pub fn serve_apart(
    listener: TcpListener,
    router: Router,
    mut settings: ServerSettings,
    shutdown: CancellationToken,
) -> io::Result<Apart> {
    settings.work = Some(Handle::current());
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_stack_size(STACK_BYTES)
        .thread_name("lexiflow-front")
        .on_thread_start(headroom::sample_this_thread)
        .on_thread_park(|| {
            headroom::give_back_thread_cache();
        })
        .enable_all()
        .build()?;
    let listener = {
        let _its_own = runtime.enter();
        TcpListener::from_std(listener.into_std()?)?
    };
    let (done, report) = oneshot::channel();
    let thread = thread::Builder::new().name("lexiflow-front".to_owned()).stack_size(STACK_BYTES);
    thread.spawn(move || {
        headroom::sample_this_thread();
        if !headroom::run_promptly() {
            tracing::debug!("health waits its turn like everything else: the system grants no short turns");
        }
        let ended = runtime.block_on(serve(listener, router, settings, shutdown.cancelled_owned()));
        // Nobody waits for the report when it was dropped.
        let _unread = done.send(ended);
    })?;
    Ok(Apart { report })
}

/// A server on a thread of its own.
#[derive(Debug)]
pub struct Apart {
    report: oneshot::Receiver<Report>,
}

impl Apart {
    /// How it ended, once it has. An error when its thread panicked.
    pub async fn ended(self) -> io::Result<Report> {
        self.report.await.map_err(io::Error::other)
    }
}
