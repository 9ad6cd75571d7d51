//! The hash chain of the log: what is hashed, in which order, byte by byte. Anybody can recompute it
//! from the fields that an auditor is shown; nothing else goes in.

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// What stands before the first event.
pub const GENESIS: Hash = [0; 32];

/// Everything about one event that the hash protects.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the fields are those of an event as an auditor is shown it")]
pub struct Sealed<'a> {
    pub position: i64,
    pub epoch: i64,
    pub event_id: uuid::Uuid,
    pub stream_type: &'a str,
    pub stream_id: &'a str,
    pub sequence: i64,
    pub event_type: &'a str,
    pub version: &'a str,
    pub subject: &'a str,
    pub payload: &'a str,
    pub metadata: &'a str,
    pub occurred_at: crate::Moment,
    pub recorded_at: crate::Moment,
    pub command_id: uuid::Uuid,
    pub actor: &'a str,
    pub correlation_id: uuid::Uuid,
    pub causation_id: Option<uuid::Uuid>,
    pub previous_hash: Hash,
}

/// An event with its place in the chain: all that the log keeps of it.
#[derive(Debug, Clone, Copy)]
pub struct Chained<'a> {
    /// What the hash protects.
    pub sealed: Sealed<'a>,
    /// Its hash.
    pub hash: Hash,
    /// Whether it is the first event of its command.
    pub opens_command: bool,
}

impl Sealed<'_> {
    /// SHA-256 over [`Sealed::input`].
    #[must_use]
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.input()).into()
    }

    /// The bytes that are hashed: the fields in the order of the struct, each as its text in UTF-8 behind its
    /// length in bytes (4 bytes, big-endian): numbers in decimal, ids in lower case, instants as
    /// `2026-11-21T08:00:00.000Z`, payload and metadata as stored, the previous hash in lower-case hex, an absent id as empty text.
    #[must_use]
    pub fn input(&self) -> Vec<u8> {
        let mut input = Input(Vec::with_capacity(512 + self.payload.len() + self.metadata.len()));
        input.put(&self.position.to_string());
        input.put(&self.epoch.to_string());
        input.put_id(self.event_id);
        input.put(self.stream_type);
        input.put(self.stream_id);
        input.put(&self.sequence.to_string());
        input.put(self.event_type);
        input.put(self.version);
        input.put(self.subject);
        input.put(self.payload);
        input.put(self.metadata);
        input.put(&self.occurred_at.to_text());
        input.put(&self.recorded_at.to_text());
        input.put_id(self.command_id);
        input.put(self.actor);
        input.put_id(self.correlation_id);
        match self.causation_id {
            Some(id) => input.put_id(id),
            None => input.put(""),
        }
        input.put(&hex::encode(self.previous_hash));
        input.0
    }
}

struct Input(Vec<u8>);

impl Input {
    fn put(&mut self, text: &str) {
        self.0.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn put_id(&mut self, id: uuid::Uuid) {
        self.put(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()));
    }
}
