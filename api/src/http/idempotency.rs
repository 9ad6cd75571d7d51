//! `Idempotency-Key`: a request that is sent again under its key is answered again, and not done again.
//!
//! The recipe for a handler of POST or PATCH: take [`Idempotent`] where [`Body`](crate::http::input::extract::Body) would
//! stand, **last**, so that whoever may not ask was turned away before; then let the key run the command:
//!
//! ```text
//! async fn pause(State(state): …, operator: Operator, PathId(id): PathId, Idempotent(_, key): Idempotent<Nothing>)
//!     -> Result<At<Json<EventBody>>, Problem>
//! {
//!     let answer = move |receipt: &Receipt<Campaign>| paused(id, receipt); // a pure function of the receipt
//!     Ok(key.execute(&state.ledger, &id.to_string(), CampaignCommand::Pause, &operator.metadata(), answer).await?)
//! }
//! ```
//!
//! The answer is then written in the transaction of the events. Commands of their own kind take
//! [`Key::store`] (claims) or [`Key::store_unit`] (a [`commands::Unit`]). A refusal that is recorded says so by
//! [`Problem::recorded`](crate::app::problem::Problem::recorded). A 2xx that appended nothing needs no care: it is
//! stored after the handler. What must not be stored though it is a 2xx (a dry run) is wrapped in [`NotStored`].
//! A handler that sends several commands of their own must not hand the key to more than one of them.
//!
//! Without the header all of this costs nothing. It does not know any route.

mod fingerprint;
mod keyed_request;
mod stored_response;
mod table;

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use commands::{AnswerFromAppend, AnswerFromReceipt, Appended, CommandError, Ledger, Metadata, Receipt};
use domain::LedgerAggregate;
use domain::claim::{Claim, ClaimCommand, ClaimRefusal};

use self::fingerprint::Fingerprint;
use self::keyed_request::KeyedRequest;
use self::stored_response::StoredResponse;
use crate::app::activities::{Outcome, StoreOutcomes};
use crate::app::input::fields::FromFields;
use crate::app::problem::{Code, Problem};
use crate::app::stored_answers;
use crate::app::tokens::Keys;
use crate::http::auth::{Caller, Identified};
use crate::http::headers::etag::IfMatch;
use crate::http::input::extract::{body_bytes, read_body};
use crate::http::request_id::RequestId;
use crate::http::router::documented;
use crate::http::state::AppState;

pub use keyed_request::InProgress;
pub use table::clean_up;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY_BYTES: usize = 255;

/// The body, read strictly, and the key it was sent under.
pub struct Idempotent<T>(pub T, pub Key);

/// The key of a request, if it has one.
#[derive(Clone)]
pub struct Key(Option<Arc<KeyedRequest>>);

/// A 2xx that must not be stored: nothing was done.
#[derive(Debug)]
pub struct NotStored<T>(pub T);

#[derive(Debug, Clone, Copy)]
struct DoNotStore;

impl<T: IntoResponse> IntoResponse for NotStored<T> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(DoNotStore);
        response
    }
}

/// Where the extractor leaves what the layer around it must know.
type Slot = Arc<OnceLock<(Arc<KeyedRequest>, Option<Identified>)>>;

impl<T: FromFields> FromRequest<AppState> for Idempotent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let refused = IntoResponse::into_response;
        let Some(arriving) = Arriving::of(&request).map_err(refused)? else {
            let bytes = body_bytes::<T>(request).await.map_err(refused)?;
            return Ok(Self(read_body(bytes).await.map_err(refused)?, Key(None)));
        };
        let bytes = body_bytes::<T>(request).await.map_err(refused)?;
        let asked = arriving.begin(state, &bytes, T::IS_SECRET).await?;
        let body = read_body(bytes).await.map_err(refused)?;
        let key = arriving.end(state, asked).map_err(refused)?;
        Ok(Self(body, key))
    }
}

/// A body that is no JSON and holds secrets, and the key it was sent under; what it is made of says its extractor.
pub(crate) async fn with_secret_body<T>(
    request: Request,
    state: &AppState,
    body: impl AsyncFnOnce(Request) -> Result<(Bytes, T), Problem>,
) -> Result<(Bytes, T, Key), Response> {
    let refused = IntoResponse::into_response;
    let arriving = Arriving::of(&request).map_err(refused)?;
    let (bytes, read) = body(request).await.map_err(refused)?;
    let Some(arriving) = arriving else { return Ok((bytes, read, Key(None))) };
    let asked = arriving.begin(state, &bytes, true).await?;
    let key = arriving.end(state, asked).map_err(refused)?;
    Ok((bytes, read, key))
}

/// A request with a key whose body is not read yet.
struct Arriving {
    slot: Slot,
    key: String,
    who: Option<Identified>,
    id: RequestId,
    method: Method,
    uri: Uri,
}

impl Arriving {
    /// `None`: it has no key.
    fn of(request: &Request) -> Result<Option<Self>, Problem> {
        let Some(slot) = request.extensions().get::<Slot>().cloned() else { return Ok(None) };
        Ok(Some(Self {
            slot,
            key: read_key(request.headers())?,
            who: request.extensions().get::<Caller>().map(Caller::identified),
            id: RequestId::of(request.extensions()),
            method: request.method().clone(),
            uri: request.uri().clone(),
        }))
    }

    /// Begins the request, unless it was answered before: then the answer is what it is refused with.
    async fn begin(&self, state: &AppState, bytes: &[u8], is_secret: bool) -> Result<KeyedRequest, Response> {
        let refused = IntoResponse::into_response;
        let fingerprint = Fingerprint::of(&self.method, &self.uri, bytes);
        let (caller, fingerprint) = match self.who {
            Some(who) if is_secret => (who.id.to_string(), sealed(&state.keys, &fingerprint).map_err(refused)?.1),
            Some(who) => (who.id.to_string(), fingerprint),
            None => nobody(&state.keys, &fingerprint).map_err(refused)?,
        };
        let begun = state.in_progress.begin(caller, self.key.clone(), fingerprint, self.id);
        let asked = begun.ok_or_else(|| refused(in_progress()))?;
        match table::find(&state.pool, &asked).await.map_err(refused)? {
            Some(answer) => Err(answer),
            None => Ok(asked),
        }
    }

    /// The body could be read.
    fn end(self, state: &AppState, asked: KeyedRequest) -> Result<Key, Problem> {
        if let Some(who) = self.who {
            state.rate_limits.take_key(who)?;
        }
        let asked = Arc::new(asked);
        let _ = self.slot.set((asked.clone(), self.who));
        Ok(Key(Some(asked)))
    }
}

/// Whose the key is that comes without a caller: two strangers who chose the same key for different requests
/// never meet, and only the very same request (with its password) reads its own answer. Sealed, so that
/// nobody who reads the table can try passwords on it.
fn nobody(keys: &Keys, fingerprint: &Fingerprint) -> Result<(String, Fingerprint), Problem> {
    let (seal, fingerprint) = sealed(keys, fingerprint)?;
    Ok((format!("{}{seal}", stored_answers::NOBODY), fingerprint))
}

/// The fingerprint of a request with a secret in it, from which nobody who reads the table can guess the secret.
fn sealed(keys: &Keys, fingerprint: &Fingerprint) -> Result<(String, Fingerprint), Problem> {
    let seal = keys.seal("idempotency", &fingerprint.0).map_err(|error| Problem::internal("once", &error))?;
    let fingerprint = Fingerprint::of_text(&seal);
    Ok((seal, fingerprint))
}

fn read_key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let printable = |byte: &u8| (b' '..=b'~').contains(byte);
    match (keys.next(), keys.next()) {
        (Some(key), None) if (1..=MAX_KEY_BYTES).contains(&key.len()) && key.as_bytes().iter().all(printable) => {
            Ok(String::from_utf8_lossy(key.as_bytes()).into_owned())
        }
        _ => Err(Problem::new(Code::IdempotencyKeyInvalid).and_field(
            "header.Idempotency-Key",
            "format",
            "must be there once, with 1 to 255 printable ASCII characters",
        )),
    }
}

fn in_progress() -> Problem {
    Problem::new(Code::IdempotencyKeyInProgress).retry_after()
}

impl Key {
    /// Sends one command and answers with what `answer` makes of its receipt; under a key the same
    /// answer is stored with the events.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn execute<A, R>(
        &self,
        ledger: &Ledger,
        id: &str,
        command: A::Command,
        metadata: &Metadata,
        answer: impl Fn(&Receipt<A>) -> R + Clone + Send + Sync + 'static,
    ) -> Result<R, CommandError<A::Error>>
    where
        A: LedgerAggregate,
        A::Command: Clone,
        R: IntoResponse,
    {
        self.execute_at(ledger, id, command, metadata, &IfMatch::anything(), answer).await
    }

    /// The same, but only on what was seen.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn execute_at<A, R>(
        &self,
        ledger: &Ledger,
        id: &str,
        command: A::Command,
        metadata: &Metadata,
        seen: &IfMatch,
        answer: impl Fn(&Receipt<A>) -> R + Clone + Send + Sync + 'static,
    ) -> Result<R, CommandError<A::Error>>
    where
        A: LedgerAggregate,
        A::Command: Clone,
        R: IntoResponse,
    {
        let keep = self.store(answer.clone());
        let receipt = ledger.execute_at(id, command, metadata, &keep, seen.seen()).await?;
        Ok(answer(&receipt))
    }

    /// The same for a step of a claim, which may move value.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn change_claim<R: IntoResponse>(
        &self,
        ledger: &Ledger,
        id: &str,
        command: ClaimCommand,
        metadata: &Metadata,
        seen: &IfMatch,
        answer: impl Fn(&Receipt<Claim>) -> R + Clone + Send + Sync + 'static,
    ) -> Result<R, CommandError<ClaimRefusal>> {
        let keep = self.store(answer.clone());
        let receipt = ledger.change_claim(id, command, metadata, &keep, seen.seen()).await?;
        Ok(answer(&receipt))
    }

    /// How the answer to a command is kept.
    pub fn store<A, R: IntoResponse>(
        &self,
        answer: impl Fn(&Receipt<A>) -> R + Send + Sync + 'static,
    ) -> AnswerFromReceipt<A> {
        let Some(asked) = self.0.clone() else { return AnswerFromReceipt::none() };
        AnswerFromReceipt::of(move |receipt| asked.keep(|| Some(answer(receipt))))
    }

    /// How the answer to a unit of commands is kept.
    pub fn store_unit<R: IntoResponse>(
        &self,
        answer: impl Fn(&Appended) -> R + Send + Sync + 'static,
    ) -> Option<AnswerFromAppend> {
        let asked = self.0.clone()?;
        Some(Arc::new(move |appended| asked.keep(|| Some(answer(appended)))))
    }
}

impl Key {
    /// How the answer to reports of facts is kept.
    pub fn store_outcomes<R: IntoResponse>(
        &self,
        answer: impl Fn(&[Outcome]) -> Option<R> + Send + Sync + 'static,
    ) -> Option<StoreOutcomes> {
        let asked = self.0.clone()?;
        Some(StoreOutcomes(Arc::new(move |outcomes| asked.keep(|| answer(outcomes)))))
    }
}

/// Surrounds all routes: makes room for the key of a request, and stores the answers that were not
/// stored with their events.
pub(crate) async fn layer<F>(state: &AppState, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    if !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next(request).await;
    }
    let slot = Slot::default();
    request.extensions_mut().insert(slot.clone());
    let response = next(request).await;
    let Some((asked, who)) = slot.get() else { return response };
    if let Some(who) = who.filter(|_| !is_stored(&response)) {
        state.rate_limits.give_key_back(who);
    }
    settle(state, asked, response).await
}

/// The answer that goes out under a key. Whatever the handler came to, what is stored is the answer.
async fn settle(state: &AppState, asked: &KeyedRequest, response: Response) -> Response {
    if !is_stored(&response) {
        // somebody else may have been faster (another instance), or the handler stumbled after the append
        return table::find(&state.pool, asked).await.ok().flatten().unwrap_or(response);
    }
    let Some(frozen) = StoredResponse::of(documented(response, asked.request)) else {
        return Problem::internal("once", &"an answer cannot be read back").into_response();
    };
    if asked.stored().as_ref() == Some(&frozen) {
        return frozen.thaw(); // stored with its events
    }
    match table::insert(&state.pool, &asked.kept(&frozen)).await {
        Ok(true) => frozen.thaw(),
        Ok(false) => table::find(&state.pool, asked).await.ok().flatten().unwrap_or_else(|| frozen.thaw()),
        Err(error) => {
            tracing::warn!(%error, "idempotency: the response is not stored because the request appended no event");
            frozen.thaw()
        }
    }
}

/// Whether an answer is found again: 2xx and recorded refusals, but no dry run.
fn is_stored(response: &Response) -> bool {
    let status = response.status();
    let recorded = response.extensions().get::<Problem>().is_some_and(Problem::is_recorded);
    match status {
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => recorded,
        status => status.is_success() && response.extensions().get::<DoNotStore>().is_none(),
    }
}
