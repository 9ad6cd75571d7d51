//! What a code may be made of, and when two of them are one. A code is a secret: it shows itself to nobody by accident.

use std::collections::BTreeMap;
use std::fmt;

/// The code of a coupon, as it was given. It is compared without regard to case.
#[derive(Clone, PartialEq, Eq)]
pub struct CouponCode(String);

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeProblem {
    /// Too short or too long.
    #[error("must have {} to {} characters", CouponCode::MIN_CHARS, CouponCode::MAX_CHARS)]
    Length,
    /// It has a character that no code has.
    #[error("must have visible ASCII characters alone, and no comma, quote or space")]
    Character,
    /// It stands further up already.
    #[error("is the code of line {line} again")]
    Repeated {
        /// Where.
        line: usize,
    },
}

/// What is wrong with one line of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineProblem {
    /// Which line, from 1.
    pub line: usize,
    /// What.
    pub problem: CodeProblem,
}

/// The most lines of a batch that are named with what is wrong with them.
pub const MAX_CODE_PROBLEMS: usize = 20;

impl CouponCode {
    /// The shortest code, in characters.
    pub const MIN_CHARS: usize = 4;
    /// The longest code, in characters.
    pub const MAX_CHARS: usize = 128;

    /// The text of the code, for who may see it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The form in which codes are compared, and of which digests are made.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_uppercase()
    }

    /// A code of characters that are known to be what codes are made of.
    pub(super) fn made_of(text: String) -> Self {
        Self(text)
    }
}

impl TryFrom<&str> for CouponCode {
    type Error = CodeProblem;

    fn try_from(text: &str) -> Result<Self, CodeProblem> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b',' | b'"' | b'\'')) {
            return Err(CodeProblem::Character);
        }
        if !(Self::MIN_CHARS..=Self::MAX_CHARS).contains(&text.len()) {
            return Err(CodeProblem::Length);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for CouponCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CouponCode(…)")
    }
}

/// Reads the lines of a batch: all of them, or what is wrong with the first bad ones.
///
/// # Errors
/// At most [`MAX_CODE_PROBLEMS`] lines with what is wrong with each.
pub fn check_batch<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Vec<CouponCode>, Vec<LineProblem>> {
    let (mut codes, mut problems, mut seen) = (vec![], vec![], BTreeMap::new());
    for (index, text) in lines.into_iter().enumerate() {
        let line = index + 1;
        let read = CouponCode::try_from(text).and_then(|code| match seen.insert(code.key(), line) {
            Some(line) => Err(CodeProblem::Repeated { line }),
            None => Ok(code),
        });
        match read {
            Ok(code) => codes.push(code),
            Err(problem) => problems.push(LineProblem { line, problem }),
        }
        if problems.len() == MAX_CODE_PROBLEMS {
            break;
        }
    }
    if problems.is_empty() { Ok(codes) } else { Err(problems) }
}
