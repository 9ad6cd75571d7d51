//! Open-loop load: requests are sent when they are due, whether or not earlier ones were answered, and each is timed
//! from when it was due. So a server that stalls is charged for everybody who came meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// How often, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) per_second: u32,
    pub(crate) length: Duration,
}

/// What it showed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paced {
    /// From due to answered, in order of size.
    pub(crate) latencies_us: Vec<u32>,
    /// What was answered, most frequent first.
    pub(crate) status: u16,
    /// Answers of another kind, and those that never came.
    pub(crate) others: usize,
    /// The latest that a request was sent after it was due: the generator's own fault.
    pub(crate) sent_late_us: u32,
}

impl Paced {
    /// In ms.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let place = ((self.latencies_us.len() as f64 * share) as usize).min(self.latencies_us.len().saturating_sub(1));
        self.latencies_us.get(place).map_or(0.0, |us| f64::from(*us) / 1e3)
    }
}

impl Pace {
    /// Calls `ask` with 0, 1, 2 … at its times; it answers with a status, 0 for no answer.
    pub(crate) async fn run<F, A>(self, ask: F) -> Paced
    where
        F: Fn(usize) -> A + Send + Sync + 'static,
        A: Future<Output = u16> + Send + 'static,
    {
        let (runtime, ask) = (tokio::runtime::Handle::current(), Arc::new(ask));
        // a thread of its own keeps time better than a timer of the runtime, whose steps are whole milliseconds
        let keeping_time = tokio::task::spawn_blocking(move || {
            let count = (f64::from(self.per_second) * self.length.as_secs_f64()).ceil().max(1.0) as usize;
            let started = Instant::now();
            let mut late = Duration::ZERO;
            let sent: Vec<JoinHandle<(u16, u32)>> = (0..count)
                .map(|number| {
                    let due = started + Duration::from_secs_f64(number as f64 / f64::from(self.per_second));
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    late = late.max(due.elapsed());
                    let ask = Arc::clone(&ask);
                    runtime.spawn(async move {
                        let status = ask(number).await;
                        (status, micros(due.elapsed()))
                    })
                })
                .collect();
            (sent, late)
        });
        let (sent, late) = keeping_time.await.unwrap();
        let mut answers = Vec::with_capacity(sent.len());
        for answer in sent {
            answers.push(answer.await.unwrap());
        }
        let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
        statuses.sort_unstable();
        let groups = statuses.chunk_by(|one, other| one == other);
        let (status, same) = groups.map(|group| (group[0], group.len())).max_by_key(|(_, len)| *len).unwrap_or((0, 0));
        let mut latencies_us: Vec<u32> = answers.into_iter().map(|(_, latency)| latency).collect();
        latencies_us.sort_unstable();
        let others = latencies_us.len() - same;
        Paced { latencies_us, status, others, sent_late_us: micros(late) }
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

/// A caller that reads answers to their end and keeps nothing of them.
#[derive(Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
}

impl Caller {
    pub(crate) fn of(base: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Self { http, base }
    }

    /// The status of the answer; 0 when none came.
    pub(crate) async fn get(self, path: String, token: String) -> u16 {
        Self::status(self.http.get(format!("{}{path}", self.base)).bearer_auth(token)).await
    }

    pub(crate) async fn post(self, path: String, token: String, body: String) -> u16 {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(token);
        Self::status(request.header("content-type", "application/json").body(body)).await
    }

    async fn status(request: reqwest::RequestBuilder) -> u16 {
        let Ok(answer) = request.send().await else { return 0 };
        let status = answer.status().as_u16();
        if answer.bytes().await.is_ok() { status } else { 0 }
    }
}
