//! A network between a client and a server: it copies bytes, as slowly as a test wants. It lives as long as the process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The bytes that are copied at once, and then waited for.
const PIECE: usize = 1_024;

/// A network in front of a port of this machine.
pub struct Proxy {
    delay_ms: Arc<AtomicU64>,
}

impl Proxy {
    /// Listens on one port and speaks to another.
    pub fn between(port: u16, server: u16) -> Proxy {
        let delay_ms = Arc::new(AtomicU64::new(0));
        let delay = delay_ms.clone();
        // not on the runtime of a test, which ends with it, and whose clock it would share
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port for the proxy");
                loop {
                    let Ok((client, _)) = listener.accept().await else { continue };
                    // while the server is away, a client is let go
                    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { continue };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    tokio::spawn(copy(from_client, to_server, delay.clone()));
                    tokio::spawn(copy(from_server, to_client, delay.clone()));
                }
            });
        });
        Proxy { delay_ms }
    }

    /// From now on each KiB takes so long, in each direction of each connection.
    pub fn slow_down(&self, a_kibibyte: Duration) {
        self.delay_ms.store(u64::try_from(a_kibibyte.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

async fn copy(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, delay_ms: Arc<AtomicU64>) {
    let mut piece = [0; PIECE];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let delay = Duration::from_millis(delay_ms.load(Ordering::Relaxed));
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
    to.shutdown().await.ok();
}
