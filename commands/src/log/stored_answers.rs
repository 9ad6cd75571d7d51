//! Answers that are kept in the transaction of what they tell of: whoever asks again under the same
//! key finds what was answered, also when the process died right after the commit. What an answer
//! looks like is not known here: it is a function of the receipt, and bytes.

use std::sync::Arc;

use crate::ledger::Receipt;
use crate::log::append::Appended;

/// The constraint that is violated when something else was answered under the key meanwhile.
pub const ONE_ANSWER_A_KEY: &str = "stored_answers_one_a_key";

/// One answer as it is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Whose key it is.
    pub caller: String,
    /// The key, as it was sent.
    pub key: String,
    /// SHA-256 of what was asked.
    pub fingerprint: [u8; 32],
    /// What was answered.
    pub answer: Vec<u8>,
}

/// Makes the answer to an append from where its events stand. It may be called more than once (the
/// last call is what counts) and must not wait for anything: the log is being written meanwhile.
pub type KeepAppended = Arc<dyn Fn(&Appended) -> Option<KeptAnswer> + Send + Sync>;

type FromReceipt<A> = Arc<dyn Fn(&Receipt<A>) -> Option<KeptAnswer> + Send + Sync>;

/// How the answer to one command is made from its receipt, if it is to be kept.
pub struct Keep<A>(Option<FromReceipt<A>>);

impl<A> Clone for Keep<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A> Default for Keep<A> {
    fn default() -> Self {
        Self::nothing()
    }
}

impl<A> Keep<A> {
    /// Nobody will ask again.
    #[must_use]
    pub fn nothing() -> Self {
        Self(None)
    }

    /// Keeps what this makes of the receipt. It may be called more than once, and must not wait.
    pub fn of(answer: impl Fn(&Receipt<A>) -> Option<KeptAnswer> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(answer)))
    }
}

impl<A: Clone + Send + Sync + 'static> Keep<A> {
    /// The same, once everything about the receipt is known but where its events will stand.
    pub(crate) fn appended(&self, receipt: impl FnOnce() -> Receipt<A>) -> Option<KeepAppended> {
        let answer = self.0.clone()?;
        let receipt = receipt();
        Some(Arc::new(move |appended| answer(&receipt.placed(appended))))
    }
}
