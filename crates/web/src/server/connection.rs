use super::answer::{AnswerBody, UntilSent};
use super::full::full;
use super::idle::{Activity, Stalled};
use super::patience::{Patience, Turn};
use super::streams::Share;
use super::triage::{Spoken, spoken};
use super::wire::Wire;
use super::{ServerSettings, elsewhere};
use crate::codes;
use crate::problem::Problem;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use futures_util::future::{BoxFuture, abortable};
use http::header::{CONNECTION, HOST};
use http::uri::Authority;
use http::{HeaderValue, Request, Version};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

/// The address at the other end of the connection, as a request's extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// The server's tasks, as a request's extension: for what must end whether or not the client is there.
#[derive(Debug, Clone)]
pub(crate) struct ServerTasks(pub(crate) TaskTracker);

/// What all connections of a server share.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) router: Router,
    pub(super) settings: ServerSettings,
    /// Owns every task: those of connections and those of HTTP/2 streams.
    pub(super) tasks: TaskTracker,
    /// Asks connections to finish.
    pub(super) finish: CancellationToken,
    /// Cuts them.
    pub(super) cut: CancellationToken,
}

/// Runs the tasks of HTTP/2 streams as the server's own.
#[derive(Clone)]
struct OwnedTasks {
    tasks: TaskTracker,
    cut: CancellationToken,
    activity: Activity,
}

impl<F> hyper::rt::Executor<F> for OwnedTasks
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, future: F) {
        let cut = self.cut.clone();
        let (future, stream) = abortable(future);
        self.activity.list_stream(stream);
        drop(self.tasks.spawn(async move { cut.run_until_cancelled(future).await.map(drop) }));
    }
}

impl Host {
    /// Serves one connection until it ends, idles out, or is asked to finish.
    pub(super) async fn serve(self, stream: TcpStream, peer: SocketAddr, reserved: bool) {
        // Without it small answers wait for the peer's acknowledgement; not worth refusing a connection for.
        stream.set_nodelay(true).unwrap_or_else(|error| tracing::debug!(%error, "no TCP_NODELAY"));
        let activity = Activity::new();
        let mut patience = Patience::of(&self.settings, reserved);
        let Some(spoken) = self.first_words(&stream, patience.head, reserved).await else { return };
        let crowd = self.settings.crowd.clone();
        let share = (spoken == Spoken::Http2).then(|| crowd.share(self.settings.http2_streams));
        let io = TokioIo::new(Wire::new(stream, patience.stall, activity.clone()));
        let builder = self.builder(spoken, share.as_ref().map_or(1, Share::most), activity.clone());
        let service = Answering { host: self.clone(), peer, reserved, activity: activity.clone() };
        let mut connection = pin!(builder.serve_connection(io, service));
        let mut surplus = pin!(crowd.leave(Some(&activity), share.as_ref()));
        let mut finishing = false;
        loop {
            tokio::select! {
                outcome = connection.as_mut() => {
                    outcome.unwrap_or_else(|error| tracing::debug!(%error, "connection ended"));
                    return;
                }
                () = self.cut.cancelled() => return,
                () = self.finish.cancelled(), if !finishing => {
                    finishing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = surplus.as_mut(), if !reserved && !patience.is_leaving() => {
                    patience.leave();
                    connection.as_mut().graceful_shutdown();
                }
                () = activity.head() => {}
                () = sleep_until(patience.next_look(&activity)) => {
                    let stalled = self.end_stalled(&activity, patience.stall);
                    match patience.look(&activity, stalled) {
                        Turn::Stay => {}
                        Turn::Finish => connection.as_mut().graceful_shutdown(),
                        Turn::Linger => {
                            activity.refuse_further();
                            crowd.linger();
                        }
                        Turn::End => return,
                    }
                }
            }
        }
    }

    /// Ends answers that stand still.
    fn end_stalled(&self, activity: &Activity, patience: Duration) -> Stalled {
        let stalled = activity.end_stalled(patience);
        let answers = match stalled {
            Stalled::None => return stalled,
            Stalled::Ended(answers) => answers,
            Stalled::Stuck => 1,
        };
        self.settings.stats.stall(answers);
        tracing::debug!(answers, ?stalled, "the peer took nothing of an answer for too long");
        stalled
    }

    /// What the peer begins to speak; `None` when it says nothing in time, has to go, or the server ends.
    async fn first_words(&self, stream: &TcpStream, patience: Duration, reserved: bool) -> Option<Spoken> {
        tokio::select! {
            heard = tokio::time::timeout(patience, spoken(stream)) => heard.ok()?.ok(),
            () = self.finish.cancelled() => None,
            () = self.cut.cancelled() => None,
            () = self.settings.crowd.leave(None, None), if !reserved => None,
        }
    }

    fn builder(&self, spoken: Spoken, streams: u32, activity: Activity) -> Builder<OwnedTasks> {
        let settings = &self.settings;
        let mut builder =
            Builder::new(OwnedTasks { tasks: self.tasks.clone(), cut: self.cut.clone(), activity });
        builder
            .http1()
            .timer(TokioTimer::new())
            .max_buf_size(settings.http1_buffer_bytes.max(8192))
            // It would count the wait for the next request as well; `Activity` tells the two apart.
            .header_read_timeout(None)
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(streams)
            // A stream that its peer resets at once is none of those, and holds as much until it is looked at.
            .max_pending_accept_reset_streams(8)
            .initial_stream_window_size(64 << 10)
            .initial_connection_window_size(128 << 10)
            .max_send_buf_size(64 << 10)
            .max_header_list_size(16 << 10)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20));
        match spoken {
            // To find the protocol out by itself the library reads the first bytes apart. What it reads into then grows to
            // twice its size, and stays so on a connection that is idle.
            Spoken::Http1 => builder.http1_only(),
            Spoken::Http2 => builder.http2_only(),
            Spoken::Undecided => builder,
        }
    }
}

/// The router, as one connection sees it.
struct Answering {
    host: Host,
    peer: SocketAddr,
    reserved: bool,
    activity: Activity,
}

impl hyper::service::Service<Request<Incoming>> for Answering {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let version = request.version();
        let (running, counted) = (self.activity.begin(version), self.host.settings.stats.request());
        let asks = |prefix: &&str| request.uri().path().starts_with(prefix);
        let is_reserved = self.host.settings.reserved_paths.iter().any(asks);
        let refusal = if self.reserved && !is_reserved || self.activity.refuses_further() {
            self.host.settings.stats.refuse();
            Some(full())
        } else {
            (!names_host(&request)).then(nameless)
        };
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddr(self.peer));
        request.extensions_mut().insert(ServerTasks(self.host.tasks.clone()));
        let mut router = self.host.router.clone();
        let work = self.host.settings.work.clone().filter(|_| !is_reserved);
        let tasks = self.host.tasks.clone();
        let activity = self.activity.clone();
        Box::pin(async move {
            let mut response = match (refusal, work) {
                (Some(refusal), _) => refusal,
                (None, None) => {
                    let Ok(response) = router.call(request).await;
                    response
                }
                (None, Some(work)) => {
                    let answer = elsewhere::answer(router, request, &work, &tasks).await;
                    answer
                        .unwrap_or_else(|| Problem::new(codes::DRAINING).with_retry_after(5).into_response())
                }
            };
            let is_http2 = version == Version::HTTP_2;
            if !is_http2 {
                // The library may write the head of an answer behind others that nobody reads, as many as come.
                activity.writable().await;
            }
            // HTTP/1 hands one answer after the other to the socket, and keeps no more of it than the socket's buffer takes.
            let held = response.extensions_mut().remove().filter(|_| is_http2);
            let held = held.map(|UntilSent(entry)| entry);
            Ok(response.map(|body| Body::new(AnswerBody::new(body, running, counted, held))))
        })
    }
}

/// Whether a request of HTTP/1.1 has one `Host`, and one that can be (RFC 9112, 3.2): what comes through proxies that
/// read different hosts out of it goes to different servers. An empty one stands for a target without a name.
fn names_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() != Version::HTTP_11,
        (Some(host), None) => {
            host.is_empty() || host.to_str().is_ok_and(|host| host.parse::<Authority>().is_ok())
        }
        (Some(_), Some(_)) => false,
    }
}

fn nameless() -> Response {
    closing(
        Problem::new(codes::MALFORMED_REQUEST)
            .with_detail("send the header Host once, with the server's name as in its address"),
    )
}

pub(super) fn closing(problem: Problem) -> Response {
    let mut response = problem.into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
