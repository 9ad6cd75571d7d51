//! A request with an idempotency key while it is in progress. It is marked as in progress as long as anything may still
//! write its answer: the request, or its append in the queue.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::IntoResponse;
use commands::StoredAnswer;
use uuid::Uuid;

use super::fingerprint::Fingerprint;
use super::is_stored;
use super::stored_response::StoredResponse;
use crate::app::i18n::{Language, current, while_speaking};
use crate::http::request_id::RequestId;
use crate::http::router::documented;

/// The keys of requests in progress in this process.
#[derive(Debug, Clone, Default)]
pub struct InProgress(Arc<Mutex<HashSet<Name>>>);

/// Caller and key.
type Name = (String, String);

impl InProgress {
    fn names(&self) -> MutexGuard<'_, HashSet<Name>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks a key as in progress; `None` if it is already.
    pub(super) fn begin(
        &self,
        caller: String,
        key: String,
        fingerprint: Fingerprint,
        request: RequestId,
    ) -> Option<KeyedRequest> {
        let name = (caller, key);
        if !self.names().insert(name.clone()) {
            return None;
        }
        Some(KeyedRequest {
            name,
            fingerprint,
            request: request.0,
            language: current(),
            stored: Mutex::default(),
            marks: self.clone(),
        })
    }
}

/// A request in progress with a key.
pub(super) struct KeyedRequest {
    name: Name,
    pub(super) fingerprint: Fingerprint,
    pub(super) request: Uuid,
    /// The language of the request, since the answer is written outside of its task.
    language: Language,
    /// The answer that was last handed to the log.
    stored: Mutex<Option<StoredResponse>>,
    marks: InProgress,
}

impl Drop for KeyedRequest {
    fn drop(&mut self) {
        self.marks.names().remove(&self.name);
    }
}

impl KeyedRequest {
    pub(super) fn caller(&self) -> &str {
        &self.name.0
    }

    pub(super) fn key(&self) -> &str {
        &self.name.1
    }

    /// The row of a stored answer.
    pub(super) fn kept(&self, frozen: &StoredResponse) -> StoredAnswer {
        let (caller, key) = self.name.clone();
        StoredAnswer { caller, key, fingerprint: self.fingerprint.0, answer: frozen.to_bytes() }
    }

    /// The row of an answer to be stored with its events; `None` if it must not be stored.
    pub(super) fn keep<R: IntoResponse>(&self, answer: impl FnOnce() -> Option<R>) -> Option<StoredAnswer> {
        let frozen = while_speaking(self.language, || {
            let response = answer()?.into_response();
            Some(response).filter(is_stored).and_then(|kept| StoredResponse::of(documented(kept, self.request)))
        });
        let row = frozen.as_ref().map(|frozen| self.kept(frozen));
        *self.stored.lock().unwrap_or_else(PoisonError::into_inner) = frozen;
        row
    }

    /// The answer that was last handed to the log.
    pub(super) fn stored(&self) -> Option<StoredResponse> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{Method, Uri};

    #[test]
    fn a_key_is_free_again_when_the_last_who_knows_it_is_gone() {
        let marks = InProgress::default();
        let fingerprint = Fingerprint::of(&Method::POST, &Uri::from_static("/"), b"");
        let begin = |caller: &str| {
            marks.begin(caller.to_owned(), "key".to_owned(), fingerprint, RequestId(Uuid::nil())).map(Arc::new)
        };
        let first = begin("one").unwrap();
        let in_the_queue = first.clone();
        assert!(begin("one").is_none());
        assert!(begin("another").is_some());
        drop(first);
        assert!(begin("one").is_none());
        drop(in_the_queue);
        assert!(begin("one").is_some());
    }
}
