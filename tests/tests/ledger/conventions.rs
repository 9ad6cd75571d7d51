//! What holds for every route, sentence by sentence, and where it is held. What is said of all routes is tried on all that the
//! API document names, so that a new route is held to it without being listed here.
//!
//! | sentence | held in |
//! |---|---|
//! | unknown field, unknown query parameter, wrong type, missing field, duplicate key: 400, the field named | `conventions/bodies.rs`, `conventions/queries.rs` for every route; field by field in `accounts`, `events`, `rewards`, `activities`, `profile` |
//! | query booleans are `true` and `false` | `conventions/queries.rs`, `claims`, `dry_run` |
//! | malformed JSON, invalid UTF-8, NUL; nesting ≤ 32; 256 KiB, a batch 4 MiB; 415; an empty body needs no type | `conventions/bodies.rs` |
//! | texts are NFC and trimmed, control characters refused; every maximum | `conventions/texts.rs` |
//! | e-mail, nickname, event name are unique without regard to case | `accounts`, `events` |
//! | ranges of integers; measures; sums saturate nowhere | `conventions/numbers.rs`, `activities`, `domain/src/condition` |
//! | ids, times with milliseconds, an offset is required | `conventions/answers.rs`, `events`, `activities` |
//! | a single resource is answered as its POST answers it | `conventions/answers.rs`, `events`, `etags` |
//! | PATCH: null, missing, `{}` | `conventions/bodies.rs`, `events`, `profile` |
//! | `ETag`, `If-Match`, 412 | `etags` |
//! | problem documents, all members, `errors` with paths | `conventions/problems.rs`; the harness holds every refusal of the suite to the document's schema (`support/contract.rs`) |
//! | `/problems` lists every code | `languages`; `api/src/app/problem/codes.rs`, `api/src/http/openapi/tests.rs` |
//! | 401 and its codes | `tokens`, `sessions`, `role_changes` |
//! | 405 with `Allow`, 404 as a problem | `conventions/problems.rs`, `browsers` |
//! | 429 | `rate_limits` |
//! | 500 without internal text | `api/src/http/router.rs` |
//! | 503 `overloaded`; how long a request may take to arrive | `api/src/http/layers/in_flight.rs`, `browsers` |
//! | 503 to a write means not known; ask again | `crash_and_resume`, `idempotency` |
//! | lists: newest first, `limit`, `nextCursor`; a cursor belongs to list, filter and caller; walking while others write | `conventions/lists.rs`, `rewards`, `users` |
//! | a write that appended carries `Ledger-Position`; so does a recorded refusal and its repetition | `conventions/positions.rs`, `claims` |
//! | every GET of a projection carries it and waits for `Ledger-Min-Position` | `conventions/positions.rs` |
//! | `Idempotency-Key` | `idempotency`; that every write takes it, there too |
//! | language | `languages` |
//! | access | `roles`, `audit` |
//! | request ids, security headers, CORS | `browsers` |

mod answers;
mod bodies;
mod lists;
mod numbers;
mod positions;
mod problems;
mod queries;
mod texts;

use reqwest::Method;
use serde_json::Value;
use tests::support::{Answer, Client, Stage, contract, contract::Operation, programme::id};

/// Its path with ids that name nothing: what a request looks like is judged before what it is about.
fn somewhere(operation: &Operation) -> String {
    let parts = operation.path.split('/').map(|part| if part.starts_with('{') { id() } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("/")
}

fn method(operation: &Operation) -> Method {
    operation.method.to_uppercase().parse().unwrap()
}

/// All operations that the document gives a body of JSON to.
fn with_a_body() -> impl Iterator<Item = &'static Operation> {
    let document = contract::document();
    let is_json = move |operation: &&Operation| {
        described(&document, operation)["requestBody"]["content"]["application/json"].is_object()
    };
    contract::operations().iter().filter(is_json)
}

fn described<'a>(document: &'a Value, operation: &Operation) -> &'a Value {
    &document["paths"][&operation.path][&operation.method]
}

/// Three who may, between them, ask for everything: the rules of a request are told to those who may make it.
pub(super) struct Callers {
    admin: Client,
    service: Client,
    member: Client,
}

impl Callers {
    pub(super) async fn of(stage: &Stage) -> Self {
        let of = |name: &'static str| stage.service.demo(name);
        Self { admin: of("admin").await, service: of("service").await, member: of("member").await }
    }

    /// Who may ask for this: payments and coupons are taken by services alone, and members send what is their own.
    pub(super) fn may(&self, operation: &Operation) -> &Client {
        let taken = ["/spends", "/coupons/validate", "/coupons/redeem", "/redemptions"];
        let takes = operation.method == "post" && taken.iter().any(|start| operation.path.starts_with(start));
        match operation.path.as_str() {
            _ if takes => &self.service,
            "/wallets/transfers" => &self.member,
            _ => &self.admin,
        }
    }

    async fn send(&self, operation: &Operation, path: &str, media: &str, body: &[u8]) -> Answer {
        let (caller, headers) = (self.may(operation), [("content-type", media)]);
        caller.send(method(operation), path, &headers, body.to_vec()).await.unwrap()
    }
}
