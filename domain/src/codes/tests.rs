use uuid::Uuid;

use super::*;
use crate::id::{CampaignId, RewardId};

fn about() -> CodesSubject {
    CodesSubject { reward_id: RewardId(Uuid::from_u128(2)), campaign_id: CampaignId(Uuid::from_u128(3)) }
}

fn add(count: usize) -> CodesCommand {
    let digest = |number: usize| [u8::try_from(number % 251).unwrap(); 32];
    CodesCommand::Add { about: about(), batch_id: Uuid::from_u128(9), digests: (0..count).map(digest).collect() }
}

fn withdraw(count: i64, committed: i64) -> CodesCommand {
    CodesCommand::Withdraw { about: about(), count: count.try_into().unwrap(), committed }
}

fn given(commands: impl IntoIterator<Item = CodesCommand>) -> Codes {
    let mut codes = Codes::default();
    for command in commands {
        codes.decide(command).unwrap().iter().for_each(|event| codes.evolve(event));
    }
    codes
}

#[test]
fn codes_are_put_behind_the_others_under_a_root() {
    let events = given([add(3)]).decide(add(2)).unwrap();
    let [CodesEvent::Added(added)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((added.from, added.count.get(), added.total.get()), (4, 2, 5));
    assert_eq!(added.root, hex::encode(root(&[[0; 32], [1; 32]])));
    assert_eq!(Codes::default().decide(add(0)), Err(CodesRefusal::Nothing));
    assert_eq!(Codes::default().decide(add(100_001)), Err(CodesRefusal::TooMany));
}

#[test]
fn the_root_depends_on_every_digest_and_on_their_order() {
    let of = |digests: &[u8]| root(&digests.iter().map(|byte| [*byte; 32]).collect::<Vec<_>>());
    for other in [&[1, 2, 3][..], &[2, 1, 3, 4], &[1, 2, 4, 3], &[1, 2, 3, 5], &[1, 2, 3, 4, 5]] {
        assert_ne!(of(other), of(&[1, 2, 3, 4]), "{other:?}");
    }
}

#[test]
fn the_last_codes_are_withdrawn_but_none_that_is_given() {
    let mut codes = given([add(5), withdraw(2, 3)]);
    assert_eq!(codes.total(), 3);
    assert_eq!(codes.decide(withdraw(1, 3)), Err(CodesRefusal::BelowCommitted { committed: 3 }));
    assert_eq!(codes.decide(withdraw(4, 0)), Err(CodesRefusal::BelowCommitted { committed: 0 }));
    // those that come next have the numbers of those that went
    let events = codes.decide(add(1)).unwrap();
    let [CodesEvent::Added(added)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((added.from, added.total.get()), (4, 4));
    codes.evolve(&events[0]);
    assert_eq!(codes.total(), 4);
}

#[test]
fn that_few_are_left_is_told_once_until_codes_are_added() {
    let low = |committed| CodesCommand::NoteLow { about: about(), committed };
    let mut codes = given([add(20)]);
    assert_eq!(codes.decide(low(18)), Ok(vec![]), "10 % are not below 10 %");
    let events = codes.decide(low(19)).unwrap();
    let [CodesEvent::RunningLow(told)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((told.remaining, told.total), (1, 20));
    codes.evolve(&events[0]);
    assert_eq!(codes.decide(low(20)), Ok(vec![]));
    codes.decide(add(1)).unwrap().iter().for_each(|event| codes.evolve(event));
    assert_eq!(codes.decide(low(20)).unwrap().len(), 1);
    assert_eq!(Codes::default().decide(low(0)), Ok(vec![]));
}

#[test]
fn a_code_is_visible_ascii_and_compared_without_regard_to_case() {
    for good in ["WELCOME10", "ab-12", "x/y.z", &"a".repeat(128)] {
        assert_eq!(CouponCode::try_from(good).unwrap().reveal(), good);
    }
    for (bad, problem) in [
        ("abc", CodeProblem::Length),
        (&"a".repeat(129)[..], CodeProblem::Length),
        ("", CodeProblem::Length),
        ("a b c", CodeProblem::Character),
        ("쿠폰번호", CodeProblem::Character),
        ("a,bc", CodeProblem::Character),
        ("ab\tc", CodeProblem::Character),
    ] {
        assert_eq!(CouponCode::try_from(bad), Err(problem), "{bad}");
    }
    assert_eq!(CouponCode::try_from("ab-12").unwrap().key(), "AB-12");
    assert_eq!(format!("{:?}", CouponCode::try_from("ab-12").unwrap()), "CouponCode(…)");
}

#[test]
fn a_batch_is_taken_whole_or_its_bad_lines_are_named() {
    assert_eq!(check_batch(["AAAA", "BBBB"]).unwrap().len(), 2);
    let problems = check_batch(["AAAA", "B", "aaaa", "C C C"]).unwrap_err();
    let named: Vec<_> = problems.iter().map(|one| (one.line, one.problem)).collect();
    let expected = [(2, CodeProblem::Length), (3, CodeProblem::Repeated { line: 1 }), (4, CodeProblem::Character)];
    assert_eq!(named, expected);
    assert_eq!(check_batch(std::iter::repeat_n("x", 1_000)).unwrap_err().len(), MAX_CODE_PROBLEMS);
}

/// Bytes that look random enough, the same at every run.
fn bytes() -> impl FnMut() -> u8 {
    let mut state = 7_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    }
}

#[test]
fn generated_codes_have_no_look_alikes_and_end_with_their_check_character() {
    let (format, mut random) = (CodeFormat::default(), bytes());
    let codes: Vec<_> = (0..2_000).map(|_| format.code(&mut random)).collect();
    for code in &codes {
        assert_eq!(code.reveal().len(), 13);
        assert!(!code.reveal().contains(['0', 'O', '1', 'I', 'L']), "{}", code.reveal());
        assert!(format.could_be(code));
    }
    let mut counts = std::collections::BTreeMap::new();
    codes.iter().flat_map(|code| code.reveal()[..12].chars()).for_each(|one| *counts.entry(one).or_insert(0) += 1);
    assert_eq!(counts.len(), 31);
    assert!(counts.values().all(|count| (600..=950).contains(count)), "{counts:?}");
}

#[test]
fn a_mistyped_code_could_not_have_been_generated() {
    let format = CodeFormat::new(CodeFormat::ALPHABET, 12, "SUMMER-", true).unwrap();
    let code = format.code(bytes());
    let typed = |text: &str| format.could_be(&CouponCode::try_from(text).unwrap());
    let text = code.reveal();
    assert!(typed(text) && typed(&text.to_lowercase()));
    assert!(!typed(&text[7..]) && !typed(&format!("{text}2")) && !typed(&text.replace("SUMMER", "SPRING")));
    let swapped = format!("SUMMER-{}{}{}", &text[8..9], &text[7..8], &text[9..]);
    assert_eq!(typed(&swapped), text[7..8] == text[8..9]);
}

#[test]
fn codes_that_could_be_guessed_are_not_generated() {
    let of = |alphabet, length| CodeFormat::new(alphabet, length, "", false).unwrap();
    // 31⁹ is 26,439,622,160,671
    assert_eq!(of(CodeFormat::ALPHABET, 9).allows(26_439), Ok(()));
    assert_eq!(of(CodeFormat::ALPHABET, 9).allows(26_440), Err(FormatRefusal::Guessable { count: 26_440, length: 10 }));
    assert_eq!(of("0123456789", 14).allows(100_000), Ok(()));
    assert_eq!(of("0123456789", 13).allows(100_000), Err(FormatRefusal::Guessable { count: 100_000, length: 14 }));
    assert_eq!(CodeFormat::default().allows(MAX_BATCH), Ok(()));
}

#[test]
fn a_format_that_cannot_be_is_refused() {
    let refused =
        |alphabet: &str, length, prefix: &str, check| CodeFormat::new(alphabet, length, prefix, check).unwrap_err();
    for alphabet in ["A", "", "ABA", "abc", "ÄÖÜ", "A-B", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0"] {
        assert_eq!(refused(alphabet, 12, "", false), FormatRefusal::Alphabet, "{alphabet}");
    }
    assert_eq!(refused("0123456789", 12, "", true), FormatRefusal::NoCheckCharacter);
    assert_eq!(refused("ABC", 0, "", true), FormatRefusal::Length);
    assert_eq!(refused("ABC", 65, "", true), FormatRefusal::Length);
    assert_eq!(refused("ABC", 12, "a", true), FormatRefusal::Prefix);
    assert_eq!(refused("ABC", 12, &"A".repeat(21), true), FormatRefusal::Prefix);
}
