//! A TCP connection that notices what HTTP alone does not: a client that is gone, and one that never reads its answer.
//!
//! A client that has sent its request may close its half of the connection and wait for the answer (RFC 9112, section
//! 9.6), so the end of what it sends says nothing about whether it is still there. The kernel does: it is asked to probe
//! a silent connection, and whoever is gone does not answer, or resets it.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// When a silent connection is probed first, how often after that, and how many probes may go unanswered: a client that
/// is gone is noticed after 25 s.
const PROBE_AFTER: Duration = Duration::from_secs(10);
const PROBE_EVERY: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;
/// How long a client may take to read the next part of its answer.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// The connection, for the one who reads and writes it.
pub(in crate::http) struct Stream {
    tcp: Arc<TcpStream>,
    /// Runs while a part of an answer waits to be read.
    stalled: Option<Pin<Box<Sleep>>>,
}

/// The same connection, for the one who wants to know whether the client is gone.
pub(in crate::http) struct Watch(Arc<TcpStream>);

/// Both views of a connection that was just accepted.
pub(in crate::http) fn watched(tcp: TcpStream) -> (Stream, Watch) {
    // an answer is one small packet that waits for nothing
    let _ = tcp.set_nodelay(true);
    let probes = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_EVERY).with_retries(PROBES);
    // without probes a client that is gone costs a little longer, no more
    let _ = SockRef::from(&tcp).set_tcp_keepalive(&probes);
    let tcp = Arc::new(tcp);
    (Stream { tcp: Arc::clone(&tcp), stalled: None }, Watch(tcp))
}

impl Watch {
    /// Waits until the client is gone: it reset the connection, or no longer answers the probes.
    pub(in crate::http) async fn gone(self) {
        if self.0.ready(Interest::ERROR).await.is_err() {
            std::future::pending().await
        }
    }

    #[cfg(test)]
    pub(in crate::http) fn socket(&self) -> SockRef<'_> {
        SockRef::from(&*self.0)
    }
}

impl Stream {
    /// Writes when there is room, and gives up when there is none for too long.
    fn write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            if self.tcp.poll_write_ready(cx)?.is_pending() {
                let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_PATIENCE)));
                ready!(stalled.as_mut().poll(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            match write(&self.tcp) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => {
                    self.stalled = None;
                    return Poll::Ready(written);
                }
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.tcp.poll_read_ready(cx))?;
            match self.tcp.try_read_buf(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read.map(drop)),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |tcp| tcp.try_write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |tcp| tcp.try_write_vectored(parts))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.tcp).shutdown(Shutdown::Write))
    }
}
