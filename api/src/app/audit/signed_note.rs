//! Signed checkpoints of the log: its size and the tree head over its hashes, as a C2SP `tlog-checkpoint` in a signed
//! note. Kept out of reach of those who can write to the database, a checkpoint proves later whether the log was
//! changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::chain::Hash;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// The algorithm of a signed note that is Ed25519.
const ED25519: u8 = 1;
/// What a line with a signature begins with: an em dash and a space.
const SIGNATURE_LINE: &str = "\u{2014} ";

/// The size and tree head of a log at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// How many events it had.
    pub size: u64,
    /// The tree head of RFC 6962 over their hashes.
    pub root: Hash,
}

/// Why a text is not a valid checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not in the format of a checkpoint.
    #[error("not a checkpoint: expected origin, size and tree head on a line each, an empty line, then signatures")]
    Malformed,
    /// It may have signatures of other keys.
    #[error("the checkpoint has no signature of this key")]
    OtherKey,
    /// The text was changed.
    #[error("the signature of the checkpoint is wrong")]
    Forged,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The signed note; the key goes by the name of the origin.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = self.text();
        let id = key_id(&self.origin, &key.verifying_key());
        let signature = key.sign(text.as_bytes()).to_bytes();
        let signature = STANDARD.encode([&id[..], &signature[..]].concat());
        format!("{text}\n{SIGNATURE_LINE}{} {signature}\n", self.origin)
    }

    /// Reads and verifies a signed note.
    ///
    /// # Errors
    /// See [`NoteError`].
    pub fn open(note: &str, key: &VerifyingKey) -> Result<Self, NoteError> {
        let (checkpoint, signed) = Self::read_note(note, key)?;
        signed.map(|()| checkpoint)
    }

    /// Reads a note and tells whether the key signed it; its content can be compared with the log either way.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn read_note(note: &str, key: &VerifyingKey) -> Result<(Self, Result<(), NoteError>), NoteError> {
        let (body, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let text = format!("{body}\n");
        let checkpoint = Self::read(body).ok_or(NoteError::Malformed)?;
        let id = key_id(&checkpoint.origin, key);
        let ours = |line: &str| {
            let (name, signature) = line.strip_prefix(SIGNATURE_LINE)?.split_once(' ')?;
            let bytes = STANDARD.decode(signature).ok()?;
            let signature: [u8; 64] = bytes.strip_prefix(&id)?.try_into().ok()?;
            (name == checkpoint.origin).then(|| Signature::from_bytes(&signature))
        };
        let signed = match signatures.lines().find_map(ours) {
            None => Err(NoteError::OtherKey),
            Some(signature) => key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::Forged),
        };
        Ok((checkpoint, signed))
    }

    /// The first three lines; others may follow and are signed as well.
    fn read(body: &str) -> Option<Self> {
        let mut lines = body.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok().filter(|number: &u64| number.to_string() == size)?;
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        (!origin.is_empty()).then(|| Self { origin: origin.to_owned(), size: number, root })
    }
}

/// The key id: the first bytes of a hash over the key and its name.
#[must_use]
pub fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(key.as_bytes()).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The public key in the text form of signed notes: name, id and key in one line.
#[must_use]
pub fn verifier_key(origin: &str, key: &VerifyingKey) -> String {
    let bytes = [&[ED25519], key.as_bytes().as_slice()].concat();
    format!("{origin}+{}+{}", hex::encode(key_id(origin, key)), STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "reward-ledger/public".to_owned(), size: 42, root: [7; 32] }
    }

    #[test]
    fn a_checkpoint_is_read_back_by_its_key_alone() {
        let note = checkpoint().sign(&key(1));
        assert_eq!(Checkpoint::open(&note, &key(1).verifying_key()), Ok(checkpoint()));
        assert_eq!(Checkpoint::open(&note, &key(2).verifying_key()), Err(NoteError::OtherKey));
        let lines: Vec<_> = note.lines().collect();
        assert_eq!((lines[0], lines[1], lines[3], lines.len()), ("reward-ledger/public", "42", "", 5));
        assert!(lines[4].starts_with("\u{2014} reward-ledger/public "));
    }

    #[test]
    fn whoever_changes_a_checkpoint_is_found_out() {
        let note = checkpoint().sign(&key(1));
        for (from, to, error) in [
            ("\n42\n", "\n43\n", NoteError::Forged),
            ("\n42\n", "\n042\n", NoteError::Malformed),
            ("\n42\n", "\n-2\n", NoteError::Malformed),
            ("\n\n", "\nmore\n\n", NoteError::Forged),
            ("\n\n", "\n", NoteError::Malformed),
            ("public\n4", "other\n4", NoteError::OtherKey),
        ] {
            let changed = note.replacen(from, to, 1);
            assert_eq!(Checkpoint::open(&changed, &key(1).verifying_key()), Err(error), "{changed}");
        }
    }

    /// Written down as the note format of the Go checksum database shows a key: `name+id+base64`.
    #[test]
    fn a_verifier_key_has_three_parts() {
        let text = verifier_key("reward-ledger/public", &key(1).verifying_key());
        let parts: Vec<_> = text.splitn(3, '+').collect();
        assert_eq!((parts[0], parts[1].len(), parts[2].len()), ("reward-ledger/public", 8, 44));
    }
}
