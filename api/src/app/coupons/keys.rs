//! The keys of coupon codes: the first seals, all open. A code is stored encrypted with AES-256-GCM, bound to its reward and
//! its number, and beside it a keyed digest (HMAC-SHA-256) by which it is found and by which the log has it. Two keys are derived from
//! each line of the file, so that neither says anything about the other. No key is ever shown.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use commands::{CodeOfCoupon, SealedCode};
use domain::chain::Hash;
use domain::codes::CouponCode;
use domain::id::RewardId;

use crate::app::key_file::{self, MIN_KEY_BYTES};

/// The name of the file that is created when none is configured.
const FILE_NAME: &str = "codes.keys";
/// The form in which a sealed code is stored: this byte, the id of the key, the nonce, and what is encrypted.
const FORM: u8 = 1;
const ID_BYTES: usize = 4;

/// All keys under which codes may be stored.
pub struct CodeKeys {
    first: Key,
    others: Vec<Key>,
}

struct Key {
    /// Tells which key sealed a code.
    id: [u8; ID_BYTES],
    digests: hmac::Key,
    encryption: LessSafeKey,
}

impl std::fmt::Debug for CodeKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeKeys").finish_non_exhaustive()
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum CodeKeyError {
    /// The file cannot be read or created.
    #[error(
        "the key file of coupon codes {path} cannot be read or made: {source}. Set CODES_KEY_FILE to a readable file, or DATA_DIR to a folder with room that can be written"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A line is too short to be a key.
    #[error("CODES_KEY_FILE: each line must be a key of at least {MIN_KEY_BYTES} characters, and there must be one")]
    NoKey,
}

/// Why a sealed code cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It was sealed under a key that is not in the file.
    #[error("the code was sealed under a key that CODES_KEY_FILE does not have")]
    KeyMissing,
    /// It is not what was sealed for this reward and number.
    #[error("the code is not what was sealed for its reward and number")]
    Altered,
}

impl CodeKeys {
    /// Reads the configured file, or the one in the data folder, which is created if missing.
    ///
    /// # Errors
    /// See [`CodeKeyError`].
    pub fn open(given: Option<&Path>, data_dir: &Path) -> Result<Self, CodeKeyError> {
        let read = key_file::read_or_make(given, data_dir, FILE_NAME);
        Self::parse(&read.map_err(|(path, source)| CodeKeyError::File { path, source })?)
    }

    /// The same, but makes no file: `None` where none is configured and none is there.
    ///
    /// # Errors
    /// See [`CodeKeyError`].
    pub fn open_if_there(given: Option<&Path>, data_dir: &Path) -> Result<Option<Self>, CodeKeyError> {
        let is_there = given.is_some() || key_file::path(None, data_dir, FILE_NAME).exists();
        if is_there { Self::open(given, data_dir).map(Some) } else { Ok(None) }
    }

    /// Reads keys, one a line.
    ///
    /// # Errors
    /// [`CodeKeyError::NoKey`].
    pub fn parse(lines: &str) -> Result<Self, CodeKeyError> {
        let mut keys = key_file::keys(lines).ok_or(CodeKeyError::NoKey)?.into_iter().map(Key::of);
        let first = keys.next().flatten().ok_or(CodeKeyError::NoKey)?;
        let others = keys.collect::<Option<Vec<_>>>().ok_or(CodeKeyError::NoKey)?;
        Ok(Self { first, others })
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The digests by which a code may be found, one for each key; the first is that of the key that seals.
    #[must_use]
    pub fn digests(&self, code: &CouponCode) -> Vec<Hash> {
        self.all().map(|key| key.digest(code)).collect()
    }

    /// The digests of many codes, key by key.
    #[must_use]
    pub fn digests_of_all(&self, codes: &[CouponCode]) -> Vec<Vec<Hash>> {
        self.all().map(|key| codes.iter().map(|code| key.digest(code)).collect()).collect()
    }

    /// Seals codes for a reward, the first of them for the number `from`; `None` if the cryptography fails.
    #[must_use]
    pub fn seal(&self, reward: RewardId, from: i64, codes: &[CouponCode]) -> Option<Vec<SealedCode>> {
        let numbers = from..;
        codes.iter().zip(numbers).map(|(code, number)| self.first.seal(reward, number, code)).collect()
    }

    /// Opens a sealed code.
    ///
    /// # Errors
    /// See [`Unopened`].
    pub fn open_code(&self, sealed: &CodeOfCoupon) -> Result<CouponCode, Unopened> {
        self.opened(sealed).map(|(_, code)| code)
    }

    /// A code, and the key that sealed it.
    fn opened(&self, sealed: &CodeOfCoupon) -> Result<(&Key, CouponCode), Unopened> {
        let stored = sealed.encrypted.as_slice();
        let (form, rest) = stored.split_first().ok_or(Unopened::Altered)?;
        let (id, rest) = rest.split_at_checked(ID_BYTES).ok_or(Unopened::Altered)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(Unopened::Altered)?;
        if *form != FORM {
            return Err(Unopened::Altered);
        }
        let key = self.all().find(|key| key.id == id).ok_or(Unopened::KeyMissing)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopened::Altered)?;
        let mut text = text.to_vec();
        let bound_to = Aad::from(place(sealed.reward_id, sealed.number));
        let opened = key.encryption.open_in_place(nonce, bound_to, &mut text).map_err(|_| Unopened::Altered)?;
        let opened = std::str::from_utf8(opened).map_err(|_| Unopened::Altered)?;
        CouponCode::try_from(opened).map(|code| (key, code)).map_err(|_| Unopened::Altered)
    }

    /// Whether a sealed code opens, and has this digest under the key that sealed it.
    ///
    /// # Errors
    /// See [`Unopened`].
    pub fn vouches_for(&self, sealed: &CodeOfCoupon, digest: &[u8]) -> Result<bool, Unopened> {
        let (key, code) = self.opened(sealed)?;
        Ok(key.digest(&code) == digest)
    }
}

impl Key {
    fn of(line: &str) -> Option<Self> {
        let derived = |purpose: &[u8]| {
            let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"reward-ledger coupon codes");
            let mut bytes = [0_u8; 32];
            let secret = salt.extract(line.as_bytes());
            let info = [purpose];
            secret.expand(&info, hkdf::HKDF_SHA256).ok()?.fill(&mut bytes).ok()?;
            Some(bytes)
        };
        let id = *derived(b"id")?.first_chunk::<ID_BYTES>()?;
        let digests = hmac::Key::new(hmac::HMAC_SHA256, &derived(b"digest")?);
        let encryption = UnboundKey::new(&AES_256_GCM, &derived(b"encryption")?).ok().map(LessSafeKey::new)?;
        Some(Self { id, digests, encryption })
    }

    /// The digest by which a code is found, whatever its case.
    fn digest(&self, code: &CouponCode) -> Hash {
        let tag = hmac::sign(&self.digests, code.key().as_bytes());
        let mut digest = [0_u8; 32];
        digest.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }

    fn seal(&self, reward: RewardId, number: i64, code: &CouponCode) -> Option<SealedCode> {
        let mut nonce = [0_u8; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).ok()?;
        let mut text = code.reveal().as_bytes().to_vec();
        let bound_to = Aad::from(place(reward, number));
        let unique = Nonce::assume_unique_for_key(nonce);
        self.encryption.seal_in_place_append_tag(unique, bound_to, &mut text).ok()?;
        let encrypted = [&[FORM][..], &self.id, &nonce, &text].concat();
        Some(SealedCode { digest: self.digest(code), encrypted })
    }
}

/// What a sealed code is bound to.
fn place(reward: RewardId, number: i64) -> [u8; 24] {
    let mut bytes = [0_u8; 24];
    bytes[..16].copy_from_slice(reward.0.as_bytes());
    bytes[16..].copy_from_slice(&number.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const OLD: &str = "0123456789abcdef0123456789abcdef";
    const NEW: &str = "fedcba9876543210fedcba9876543210";
    const REWARD: RewardId = RewardId(Uuid::from_u128(7));

    fn code(text: &str) -> CouponCode {
        CouponCode::try_from(text).unwrap()
    }

    fn sealed(keys: &CodeKeys, text: &str) -> (CodeOfCoupon, Hash) {
        let SealedCode { digest, encrypted } = keys.seal(REWARD, 3, &[code(text)]).unwrap().remove(0);
        (CodeOfCoupon { reward_id: REWARD, number: 3, encrypted }, digest)
    }

    #[test]
    fn a_code_opens_for_its_reward_and_number_alone() {
        let keys = CodeKeys::parse(OLD).unwrap();
        let (whole, digest) = sealed(&keys, "Welcome-10");
        assert_eq!(keys.open_code(&whole).unwrap().reveal(), "Welcome-10");
        assert_eq!(keys.vouches_for(&whole, &digest), Ok(true));
        assert_eq!(keys.vouches_for(&whole, &[0; 32]), Ok(false));
        let elsewhere = CodeOfCoupon { number: 4, ..whole.clone() };
        assert_eq!(keys.open_code(&elsewhere), Err(Unopened::Altered));
        let other = CodeOfCoupon { reward_id: RewardId(Uuid::from_u128(8)), ..whole.clone() };
        assert_eq!(keys.open_code(&other), Err(Unopened::Altered));
        for place in 0..whole.encrypted.len() {
            let mut altered = whole.clone();
            altered.encrypted[place] ^= 1;
            assert!(keys.open_code(&altered).is_err(), "byte {place}");
            assert!(
                keys.open_code(&CodeOfCoupon { encrypted: whole.encrypted[..place].to_vec(), ..whole.clone() })
                    .is_err()
            );
        }
    }

    #[test]
    fn a_code_is_found_in_any_case_and_says_nothing_of_itself() {
        let keys = CodeKeys::parse(OLD).unwrap();
        assert_eq!(keys.digests(&code("welcome-10")), keys.digests(&code("WELCOME-10")));
        assert_ne!(keys.digests(&code("welcome-10")), keys.digests(&code("welcome-11")));
        let (one, two) = (sealed(&keys, "Welcome-10").0, sealed(&keys, "Welcome-10").0);
        assert_ne!(one.encrypted, two.encrypted, "the same code twice looks different");
        assert!(!one.encrypted.windows(7).any(|part| part == b"Welcome"));
    }

    #[test]
    fn after_a_rotation_old_codes_open_and_new_ones_are_sealed_under_the_new_key() {
        let (old, both) = (CodeKeys::parse(OLD).unwrap(), CodeKeys::parse(&format!("{NEW}\n\n{OLD}\n")).unwrap());
        let (whole, digest) = sealed(&old, "Welcome-10");
        assert_eq!(both.open_code(&whole).unwrap().reveal(), "Welcome-10");
        assert_eq!(both.vouches_for(&whole, &digest), Ok(true));
        assert!(both.digests(&code("Welcome-10")).contains(&digest));
        let (newer, _) = sealed(&both, "Welcome-10");
        assert_eq!(old.open_code(&newer), Err(Unopened::KeyMissing));
    }

    #[test]
    fn a_short_key_and_an_empty_file_are_refused() {
        for lines in ["", "\n \n", "short", &format!("{OLD}\nshort")] {
            assert!(matches!(CodeKeys::parse(lines), Err(CodeKeyError::NoKey)), "{lines:?}");
        }
        assert_eq!(format!("{:?}", CodeKeys::parse(OLD).unwrap()), "CodeKeys { .. }");
    }
}
