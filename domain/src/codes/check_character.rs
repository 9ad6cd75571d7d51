//! One character behind a code that tells a mistyped code from an unknown one. It is chosen so that the characters of the whole code, each
//! times a power of two that grows to the left, sum to zero in the size of the alphabet. In an alphabet of an odd size two and its
//! powers have no divisor with it in common: one wrong character changes the sum, and so does a swap of two different
//! neighbours, since their weights differ by a power of two. An even size knows no such weights.

/// The check character of a code in an alphabet; `None` for an even alphabet, and for a code that is not in it.
#[must_use]
pub fn check_character(alphabet: &[u8], code: &[u8]) -> Option<u8> {
    let sum = weighted_sum(alphabet, code)?;
    // behind the code, where the weight is 1
    let of_code = sum * 2 % alphabet.len();
    alphabet.get((alphabet.len() - of_code) % alphabet.len()).copied()
}

/// Whether a code ends with its check character.
#[must_use]
pub fn is_checked(alphabet: &[u8], code: &[u8]) -> bool {
    code.len() > 1 && weighted_sum(alphabet, code) == Some(0)
}

fn weighted_sum(alphabet: &[u8], code: &[u8]) -> Option<usize> {
    let size = alphabet.len();
    if size.is_multiple_of(2) {
        return None;
    }
    code.iter().try_fold(0, |sum, character| {
        let value = alphabet.iter().position(|known| known == character)?;
        Some((sum * 2 + value) % size)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::CodeFormat;
    use proptest::prelude::*;

    /// A code with its check character.
    fn whole(alphabet: &[u8], mut code: Vec<u8>) -> Vec<u8> {
        code.push(check_character(alphabet, &code).unwrap());
        code
    }

    /// Every code that differs from this one by one wrong character or by a swap of two different neighbours.
    fn mistyped(alphabet: &[u8], code: &[u8]) -> Vec<Vec<u8>> {
        let mut all = vec![];
        for place in 0..code.len() {
            for wrong in alphabet.iter().filter(|wrong| **wrong != code[place]) {
                let mut other = code.to_vec();
                other[place] = *wrong;
                all.push(other);
            }
            if place + 1 < code.len() && code[place] != code[place + 1] {
                let mut other = code.to_vec();
                other.swap(place, place + 1);
                all.push(other);
            }
        }
        all
    }

    #[test]
    fn each_wrong_character_and_each_swap_of_neighbours_is_found_in_all_codes_of_two() {
        let alphabet = CodeFormat::ALPHABET.as_bytes();
        assert_eq!(alphabet.len(), 31);
        for first in alphabet {
            for second in alphabet {
                let code = whole(alphabet, vec![*first, *second]);
                assert!(is_checked(alphabet, &code));
                for wrong in mistyped(alphabet, &code) {
                    assert!(!is_checked(alphabet, &wrong), "{wrong:?} for {code:?}");
                }
            }
        }
    }

    /// The sum is linear: what a mistake changes depends on its place and on the characters there, and on nothing else. So
    /// each mistake with each two characters at each place of a long code is every mistake there is.
    #[test]
    fn each_wrong_character_and_each_swap_of_neighbours_is_found_at_every_place() {
        for alphabet in [CodeFormat::ALPHABET, "ABC", "0123456789ABCDE", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXY"] {
            let alphabet = alphabet.as_bytes();
            let pairs = alphabet.iter().flat_map(|one| alphabet.iter().map(move |other| (*one, *other)));
            for (one, other) in pairs.filter(|(one, other)| one != other) {
                for place in 0..40 {
                    let mut code = vec![alphabet[0]; 40];
                    code[place] = one;
                    let code = whole(alphabet, code);
                    let mut wrong = code.clone();
                    wrong[place] = other;
                    assert!(!is_checked(alphabet, &wrong), "{one} as {other} at {place}");
                    let mut swapped = code;
                    swapped.swap(place, place + 1);
                    let differs = swapped[place] != swapped[place + 1];
                    assert_eq!(is_checked(alphabet, &swapped), !differs, "{one} and its neighbour at {place}");
                }
            }
        }
    }

    #[test]
    fn an_even_alphabet_has_no_check_character_of_this_kind() {
        assert_eq!(check_character(b"01", b"0"), None);
        assert!(!is_checked(b"01", b"00"));
        assert_eq!(check_character(b"ABC", b"AX"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn random_codes_of_any_length_find_what_was_mistyped(picks in proptest::collection::vec(0_usize..31, 4..32)) {
            let alphabet = CodeFormat::ALPHABET.as_bytes();
            let code = whole(alphabet, picks.iter().map(|pick| alphabet[*pick]).collect());
            prop_assert!(is_checked(alphabet, &code));
            for wrong in mistyped(alphabet, &code) {
                prop_assert!(!is_checked(alphabet, &wrong));
            }
        }
    }
}
