//! The format of a refresh token: `family.secret`. A secret ends with a MAC, so that a token of ours is recognised
//! however old it is, and knowing the id of a family (every access token has it) is not enough to refresh or end a
//! session. Each token has exactly one successor, derived from it with our key: two tabs that present the same token
//! get the same answer. It knows neither the table nor whether the family is still valid.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::app::tokens::Keys;

/// 256 bits in base64url.
const PART_CHARS: usize = 43;

/// A refresh token: the family, and a secret that is only ever stored as its hash.
pub(super) struct RefreshToken {
    family: Uuid,
    secret: String,
}

impl RefreshToken {
    /// The first token of a family; `None` without a key.
    pub(super) fn first(family: Uuid, keys: &Keys) -> Option<Self> {
        let mut random = [0_u8; 32];
        rand::rng().fill_bytes(&mut random);
        Self::marked(family, &URL_SAFE_NO_PAD.encode(random), keys)
    }

    /// Parses a token; `None` if it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (family, secret) = text.split_once('.')?;
        Some(Self { family: Uuid::try_parse(family).ok()?, secret: secret.to_owned() })
    }

    /// The token as text.
    pub(super) fn text(&self) -> String {
        format!("{}.{}", self.family.simple(), self.secret)
    }

    /// The family that it names.
    pub(super) fn family(&self) -> Uuid {
        self.family
    }

    /// The hash to store. The secret is too long to be guessed, so that no slow hash is needed.
    pub(super) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.text()).to_vec()
    }

    /// The successor under each of our keys; use the first.
    pub(super) fn next<'a>(&'a self, keys: &'a Keys) -> impl Iterator<Item = Self> + 'a {
        let text = format!("refresh:{}", self.text());
        let secrets: Vec<_> = keys.derive(&text).collect();
        secrets.into_iter().flat_map(move |secret| {
            let text = mark_of(self.family, &secret);
            let marks: Vec<_> = keys.derive(&text).collect();
            marks.into_iter().map(move |mark| Self { family: self.family, secret: format!("{secret}{mark}") })
        })
    }

    /// Whether the token was issued with any of our keys.
    pub(super) fn is_ours(&self, keys: &Keys) -> bool {
        let Some((random, mark)) = self.secret.split_at_checked(PART_CHARS) else { return false };
        keys.vouches_for(&mark_of(self.family, random), mark)
    }

    fn marked(family: Uuid, random: &str, keys: &Keys) -> Option<Self> {
        let mark = keys.derive(&mark_of(family, random)).next()?;
        Some(Self { family, secret: format!("{random}{mark}") })
    }
}

/// The input of a secret's MAC.
fn mark_of(family: Uuid, random: &str) -> String {
    format!("refresh-mark:{}.{random}", family.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "0123456789abcdef0123456789abcdef";
    const SECOND: &str = "fedcba9876543210fedcba9876543210";

    fn keys(lines: &str) -> Keys {
        Keys::parse(lines).unwrap()
    }

    #[test]
    fn a_token_is_followed_by_exactly_one_other() {
        let keys = keys(FIRST);
        let token = RefreshToken::first(Uuid::new_v4(), &keys).unwrap();
        let again = RefreshToken::parse(&token.text()).unwrap();
        let (next, same) = (token.next(&keys).next().unwrap(), again.next(&keys).next().unwrap());
        assert_eq!(next.text(), same.text());
        assert_ne!(next.hash(), token.hash());
    }

    #[test]
    fn every_token_of_ours_is_known_for_as_long_as_its_key_is_there() {
        let (old, both) = (keys(FIRST), keys(&format!("{SECOND}\n{FIRST}")));
        let mut token = RefreshToken::first(Uuid::new_v4(), &old).unwrap();
        for _ in 0..3 {
            assert!(token.is_ours(&old) && token.is_ours(&both) && !token.is_ours(&keys(SECOND)));
            let next = token.next(&old).next().unwrap();
            token = next;
        }
        let followed = token.next(&both).any(|next| next.text() == token.next(&old).next().unwrap().text());
        assert!(followed, "a second tab is answered alike while keys change");
    }

    #[test]
    fn a_known_family_makes_no_token() {
        let keys = keys(FIRST);
        let ours = RefreshToken::first(Uuid::new_v4(), &keys).unwrap();
        let other = RefreshToken::first(Uuid::new_v4(), &keys).unwrap();
        let forged = [String::new(), "x".repeat(86), ours.secret[..PART_CHARS].to_owned(), "é".repeat(43)];
        for secret in forged.into_iter().chain([other.secret]) {
            assert!(!RefreshToken { family: ours.family, secret: secret.clone() }.is_ours(&keys), "{secret}");
        }
    }
}
