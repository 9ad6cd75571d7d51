//! Makes codes of the system's randomness. Codes of one batch differ in any case; whether one is there already is asked
//! elsewhere.

use std::collections::BTreeSet;

use domain::codes::{CodeFormat, CouponCode};

/// So many codes of a format; `None` if the system has no randomness.
#[must_use]
pub(super) fn generate(format: &CodeFormat, count: usize) -> Option<Vec<CouponCode>> {
    let (mut codes, mut keys) = (Vec::with_capacity(count), BTreeSet::new());
    let mut random = Randomness::default();
    while codes.len() < count {
        let code = format.code(|| random.byte());
        if random.has_failed {
            return None;
        }
        if keys.insert(code.key()) {
            codes.push(code);
        }
    }
    Some(codes)
}

/// Bytes of the system, fetched many at a time.
struct Randomness {
    bytes: [u8; 512],
    used: usize,
    has_failed: bool,
}

impl Default for Randomness {
    fn default() -> Self {
        Self { bytes: [0; 512], used: 512, has_failed: false }
    }
}

impl Randomness {
    fn byte(&mut self) -> u8 {
        if self.used >= self.bytes.len() {
            self.has_failed |= aws_lc_rs::rand::fill(&mut self.bytes).is_err();
            self.used = 0;
        }
        // where there is no randomness the codes are thrown away
        let byte = self.bytes.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_codes_are_of_their_format_and_none_is_there_twice() {
        let format = CodeFormat::new("ABC", 24, "X-", true).unwrap();
        let codes = generate(&format, 1_000).unwrap();
        assert!(codes.iter().all(|code| format.could_be(code)));
        assert_eq!(codes.iter().map(CouponCode::key).collect::<BTreeSet<_>>().len(), 1_000);
    }

    #[test]
    fn a_code_that_came_twice_is_drawn_again() {
        let format = CodeFormat::new("AB", 3, "", false).unwrap();
        assert_eq!(generate(&format, 8).unwrap().len(), 8, "all that there are");
    }
}
