//! The pages in a browser's place, while a million claims are in the read models and members claim: each page asked for at
//! a constant rate by somebody who is signed in, and what open streams cost the service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use tests::support::programme;

use crate::load::cpu_of;
use crate::pace::{Caller, Pace, Paced};
use crate::reads::Reads;
use crate::report::Report;

/// The largest page, before compression.
const LARGEST_PAGE: usize = 60 * 1024;

/// Somebody who is signed in.
#[derive(Clone)]
struct Signed {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

impl Signed {
    async fn in_as(reads: &Reads, role: &str) -> Self {
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirect).build().unwrap();
        let base = reads.service.url();
        let form = format!("email={role}%40example.com&password=ledger-demo");
        let request = http.post(format!("{base}/ui/sign-in")).header(ORIGIN, &base).body(form);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        let cookies = answer.headers().get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap());
        let cookie = cookies.map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
        Self { http, base, cookie }
    }

    async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.http.get(format!("{}{path}", self.base)).header(COOKIE, &self.cookie).send().await
    }

    /// The status and the size of a page.
    async fn page(&self, path: &str) -> (u16, usize) {
        let Ok(answer) = self.get(path).await else { return (0, 0) };
        let status = answer.status().as_u16();
        answer.bytes().await.map_or((0, 0), |bytes| (status, bytes.len()))
    }
}

/// Members claim a reward, each of them once, as long as a measurement lasts.
async fn claims(reads: &Reads, pace: Pace) -> impl Future<Output = Paced> {
    let operator = reads.service.demo("operator").await;
    let event = operator.create_event(&programme::event(programme::login_streak(7))).await;
    let reward = operator.create_reward(&programme::reward(&event, None)).await;
    let (caller, tokens) = (Caller::of(reads.service.url()), Arc::clone(&reads.tokens));
    pace.run(move |number| {
        let token = tokens[number % tokens.len()].clone();
        caller.clone().post(format!("/claims/{reward}/claim"), token, "{}".to_owned())
    })
}

/// Asks for each page while members claim.
pub(crate) async fn measure(reads: &Reads, pace: Pace, claims_per_second: u32, report: &mut Report) {
    let operator = reads.service.demo("operator").await;
    let granted = operator.get("/claims?status=granted&limit=1").await;
    let claim = granted.list("/claims")[0]["id"].as_str().unwrap().to_owned();
    let pages = [
        ("overview", "operator", "/ui".to_owned(), "at most 30"),
        ("event", "operator", format!("/ui/events/{}", reads.rewards[0].0), "at most 30"),
        ("claim", "auditor", format!("/ui/claims/{claim}"), "at most 30"),
        ("queue", "operator", "/ui/approvals".to_owned(), "at most 50"),
    ];
    for (name, role, path, goal) in pages {
        let somebody = Signed::in_as(reads, role).await;
        let (status, bytes) = somebody.page(&path).await;
        assert!(status == 200 && bytes <= LARGEST_PAGE, "{path}: {status}, {bytes} bytes");
        let asked = pace.run(move |_| {
            let (somebody, path) = (somebody.clone(), path.clone());
            async move { somebody.page(&path).await.0 }
        });
        let beside = claims(reads, Pace { per_second: claims_per_second, ..pace }).await;
        let (shown, _) = tokio::join!(asked, beside);
        assert_eq!((shown.status, shown.others), (200, 0), "{name} is answered");
        report.figure(&format!("page_{name}_p50_ms"), shown.percentile(0.5), "");
        report.figure(&format!("page_{name}_p99_ms"), shown.percentile(0.99), goal);
        report.figure(&format!("page_{name}_kib"), bytes as f64 / 1024.0, "at most 60");
    }
}

/// What so many open streams add to the CPU time of the service while members claim, and how late the last one hears.
pub(crate) async fn streams(reads: &Reads, count: usize, pace: Pace, report: &mut Report) {
    let somebody = Signed::in_as(reads, "operator").await;
    let without = spent(reads, pace).await;
    let deadline = Instant::now() + pace.length;
    let listening: Vec<_> = (0..count).map(|_| tokio::spawn(listen(somebody.clone(), deadline))).collect();
    let with = spent(reads, pace).await;
    let mut longest = Duration::ZERO;
    for stream in listening {
        longest = longest.max(stream.await.unwrap());
    }
    report.figure("cpu_with_streams_vs_without", with / without.max(f64::EPSILON), "at most 1.05");
    report.figure("stream_longest_silence_ms", longest.as_secs_f64() * 1e3, "about 1,000");
}

/// The CPU time of the service while members claim, in µs.
async fn spent(reads: &Reads, pace: Pace) -> f64 {
    let claims = claims(reads, pace).await;
    let pid = reads.service.pid().unwrap();
    let before = cpu_of(pid).unwrap();
    claims.await;
    cpu_of(pid).unwrap() - before
}

/// The longest time without a message, while there was something to tell.
async fn listen(somebody: Signed, until: Instant) -> Duration {
    let mut stream = somebody.get("/ui/stream").await.unwrap();
    let (mut heard, mut longest) = (Instant::now(), Duration::ZERO);
    while let Ok(Ok(Some(_))) = tokio::time::timeout_at(until.into(), stream.chunk()).await {
        longest = longest.max(heard.elapsed());
        heard = Instant::now();
    }
    longest
}
