//! `reward-ledger health`: asks the running service of this configuration how it is, for whoever watches a container that
//! has no other program in it. It opens no database and no file.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::config::Config;

/// How long the service may take: more than the 2 s that it gives its database.
const TIME_LIMIT: Duration = Duration::from_secs(4);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 16 * 1024;

/// What to ask.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Health {
    /// Ask only whether the process is alive, not whether it can reach its database.
    #[arg(long)]
    live: bool,
}

/// Why the service is not well.
#[derive(Debug, thiserror::Error)]
enum Unwell {
    #[error("no service answers at {0} ({1}); is it running, with the same LISTEN and METRICS_LISTEN?")]
    Away(SocketAddr, io::Error),
    #[error("the service at {0} did not answer within {1:?}")]
    Slow(SocketAddr, Duration),
    #[error("the service at {0} answered {1}")]
    Said(SocketAddr, String),
    #[error("{0} has port 0, so nobody can know where the service listens; give it a port")]
    AnyPort(&'static str),
}

impl Health {
    /// Asks, and says the answer.
    pub async fn run(self, config: &Config) -> ExitCode {
        match self.ask(config).await {
            Ok(answer) => {
                println!("{answer}");
                ExitCode::SUCCESS
            }
            Err(unwell) => {
                eprintln!("error: {unwell}");
                ExitCode::FAILURE
            }
        }
    }

    async fn ask(self, config: &Config) -> Result<String, Unwell> {
        let (name, listen) = match config.metrics_listen {
            Some(listen) => ("METRICS_LISTEN", listen),
            None => ("LISTEN", config.listen),
        };
        if listen.port() == 0 {
            return Err(Unwell::AnyPort(name));
        }
        let at = reachable(listen);
        let path = if self.live { "/health/live" } else { "/health/ready" };
        let answer = tokio::time::timeout(TIME_LIMIT, get(at, path)).await.map_err(|_| Unwell::Slow(at, TIME_LIMIT))?;
        let answer = answer.map_err(|error| Unwell::Away(at, error))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.lines().next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
        match status {
            "200" => Ok(body.to_owned()),
            status => Err(Unwell::Said(at, format!("{status} {body}").trim().to_owned())),
        }
    }
}

/// Where a service that listens on every address is reached from its own machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn get(at: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(at).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
