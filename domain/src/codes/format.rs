//! How generated codes look, and how many of a kind can be told from guesses. Chance is handed in as bytes.

use thiserror::Error;

use super::check_character::check_character;
use super::code::CouponCode;

/// How generated codes look: a prefix, random characters, and one that checks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFormat {
    alphabet: Vec<u8>,
    length: usize,
    prefix: String,
    check_character: bool,
}

/// Why codes cannot look so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FormatRefusal {
    /// Its characters are not what codes are made of, or one is there twice.
    #[error("an alphabet has 2 to 36 different characters of A-Z and 0-9")]
    Alphabet,
    /// An alphabet of an even size knows no check character.
    #[error("only an alphabet with an odd number of characters has a check character")]
    NoCheckCharacter,
    /// Too few or too many random characters.
    #[error("a code has from 1 to {} random characters", CodeFormat::MAX_LENGTH)]
    Length,
    /// The prefix is not what codes are made of, or too long.
    #[error("a prefix has at most {} characters of A-Z, 0-9 and -", CodeFormat::MAX_PREFIX)]
    Prefix,
    /// So many codes of this kind could be guessed.
    #[error("for {count} codes, at least {length} random characters of this alphabet are needed")]
    Guessable {
        /// How many codes are wanted.
        count: i64,
        /// How many random characters are needed for them.
        length: usize,
    },
}

impl CodeFormat {
    /// Letters and digits that nobody takes for one another: without 0 and O, without 1, I and L.
    pub const ALPHABET: &'static str = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
    /// The length where none is given.
    pub const LENGTH: usize = 12;
    /// The most random characters.
    pub const MAX_LENGTH: usize = 64;
    /// The longest prefix, in characters.
    pub const MAX_PREFIX: usize = 20;
    /// How many possible codes there are at least for each that is made.
    const POSSIBLE_FOR_EACH: u128 = 1_000_000_000;

    /// Codes that look so.
    ///
    /// # Errors
    /// See [`FormatRefusal`].
    pub fn new(alphabet: &str, length: usize, prefix: &str, check_character: bool) -> Result<Self, FormatRefusal> {
        let characters: std::collections::BTreeSet<u8> = alphabet.bytes().collect();
        let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if !(2..=36).contains(&alphabet.len()) || characters.len() != alphabet.len() || !alphabet.bytes().all(is_plain)
        {
            return Err(FormatRefusal::Alphabet);
        }
        if check_character && alphabet.len().is_multiple_of(2) {
            return Err(FormatRefusal::NoCheckCharacter);
        }
        if !(1..=Self::MAX_LENGTH).contains(&length) {
            return Err(FormatRefusal::Length);
        }
        if prefix.len() > Self::MAX_PREFIX || !prefix.bytes().all(|byte| is_plain(byte) || byte == b'-') {
            return Err(FormatRefusal::Prefix);
        }
        Ok(Self { alphabet: alphabet.as_bytes().to_vec(), length, prefix: prefix.to_owned(), check_character })
    }

    /// Whether so many codes of this kind cannot be guessed: alphabet^length ≥ 10⁹ × count.
    ///
    /// # Errors
    /// [`FormatRefusal::Guessable`] with the length that is needed.
    pub fn allows(&self, count: i64) -> Result<(), FormatRefusal> {
        let needed = Self::POSSIBLE_FOR_EACH * u128::try_from(count).unwrap_or_default();
        let size = self.alphabet.len() as u128;
        let mut lengths = std::iter::successors(Some((0, 1_u128)), |(length, possible)| {
            Some((length + 1, possible.saturating_mul(size)))
        });
        let length = lengths.find(|(_, possible)| *possible >= needed).map_or(usize::MAX, |(length, _)| length);
        if self.length >= length { Ok(()) } else { Err(FormatRefusal::Guessable { count, length }) }
    }

    /// One code, of random bytes: each character is as likely as any other, since bytes beyond the alphabet are drawn
    /// again.
    pub fn code(&self, mut random: impl FnMut() -> u8) -> CouponCode {
        let size = u8::try_from(self.alphabet.len()).unwrap_or(u8::MAX);
        let mask = size.next_power_of_two().wrapping_sub(1);
        let mut drawn = Vec::with_capacity(self.length + 1);
        while drawn.len() < self.length {
            drawn.extend(self.alphabet.get(usize::from(random() & mask)));
        }
        if self.check_character {
            drawn.extend(check_character(&self.alphabet, &drawn));
        }
        CouponCode::made_of(self.prefix.bytes().chain(drawn).map(char::from).collect())
    }

    /// Whether a code could have been made so: a mistyped one could not.
    #[must_use]
    pub fn could_be(&self, code: &CouponCode) -> bool {
        let key = code.key();
        let Some(drawn) = key.strip_prefix(self.prefix.as_str()).map(str::as_bytes) else { return false };
        let length = self.length + usize::from(self.check_character);
        drawn.len() == length
            && drawn.iter().all(|character| self.alphabet.contains(character))
            && (!self.check_character || super::is_checked(&self.alphabet, drawn))
    }
}

impl Default for CodeFormat {
    fn default() -> Self {
        let alphabet = Self::ALPHABET.as_bytes().to_vec();
        Self { alphabet, length: Self::LENGTH, prefix: String::new(), check_character: true }
    }
}
