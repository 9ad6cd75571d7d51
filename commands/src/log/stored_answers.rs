//! Answers that are stored in the transaction of the events they report: a request that is repeated under the same
//! key gets the same answer, also when the process died right after the commit. What an answer
//! looks like is not known here: it is a function of the receipt, and bytes.

use std::sync::Arc;

use crate::log::append::Appended;
use crate::log::receipt::Receipt;

/// The constraint that is violated when something else was answered under the key meanwhile.
pub const ONE_ANSWER_A_KEY: &str = "stored_answers_one_a_key";

/// One stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Whose key it is.
    pub caller: String,
    /// The key, as it was sent.
    pub key: String,
    /// SHA-256 of the request.
    pub fingerprint: [u8; 32],
    /// What was answered.
    pub answer: Vec<u8>,
}

/// Makes the answer to an append from where its events stand. It may be called more than once (the
/// last call is what counts) and must not wait for anything: the log is being written meanwhile.
pub type AnswerFromAppend = Arc<dyn Fn(&Appended) -> Option<StoredAnswer> + Send + Sync>;

type FromReceipt<A> = Arc<dyn Fn(&Receipt<A>) -> Option<StoredAnswer> + Send + Sync>;

/// How the stored answer to one command is made from its receipt; none where no answer is stored.
pub struct AnswerFromReceipt<A>(Option<FromReceipt<A>>);

impl<A> Clone for AnswerFromReceipt<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A> Default for AnswerFromReceipt<A> {
    fn default() -> Self {
        Self::none()
    }
}

impl<A> AnswerFromReceipt<A> {
    /// No answer is stored.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Stores what this makes of the receipt. It may be called more than once, and must not wait.
    pub fn of(answer: impl Fn(&Receipt<A>) -> Option<StoredAnswer> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(answer)))
    }
}

impl<A: Clone + Send + Sync + 'static> AnswerFromReceipt<A> {
    /// The same, once everything about the receipt is known but where its events will stand.
    pub(crate) fn on_append(&self, receipt: impl FnOnce() -> Receipt<A>) -> Option<AnswerFromAppend> {
        let answer = self.0.clone()?;
        let receipt = receipt();
        Some(Arc::new(move |appended| answer(&receipt.placed(appended))))
    }
}
