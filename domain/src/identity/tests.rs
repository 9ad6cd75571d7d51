use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;

#[track_caller]
fn one_name(one: &str, other: &str) {
    assert_eq!(name_key(one), name_key(other), "{one:?} and {other:?}");
}

#[track_caller]
fn two_names(one: &str, other: &str) {
    assert_ne!(name_key(one), name_key(other), "{one:?} and {other:?}");
}

#[test]
fn one_mailbox_has_one_key() {
    for (one, other) in [
        ("Ann@Example.org", "ann@example.ORG"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann@bu\u{308}cher.example"),
        ("ann@example.org", "ann@ｅｘａｍｐｌｅ.org"),
        ("ann@example.org", "ann@exa\u{200b}mple.org"),
        ("ann@example.org", "ann@example。org"),
        ("ann@example.org", "ａｎｎ@example.org"),
        ("ann@example.org", " ann@example.org. "),
        ("ann@[2001:db8::1]", "ann@[2001:0DB8:0:0:0:0:0:1]"),
        ("ann@[::ffff:127.0.0.1]", "ann@[127.0.0.1]"),
    ] {
        assert_eq!(email_key(one), email_key(other), "{one:?} and {other:?}");
    }
    for (one, other) in [
        ("ann@example.org", "ann@example.com"),
        ("ann@example.org", "an.n@example.org"),
        ("ann@example.org", "ann+1@example.org"),
        ("ann@strasse.example", "ann@straße.example"),
    ] {
        assert_ne!(email_key(one), email_key(other), "{one:?} and {other:?}");
    }
}

#[test]
fn what_looks_alike_is_one_name() {
    one_name("Zoë", "ZOË");
    one_name("Ann", "Ａｎｎ");
    one_name("paypal", "pаypаl"); // with two Cyrillic letters
    one_name("bill1", "billl");
    one_name("Player 10", "player 1O");
    one_name("ΟΔΟΣ", "οδος");
    one_name("Ann  Smith", "Ann\u{a0}Smith");
    one_name("한\u{3164}글", "한글");
    one_name("an\u{200b}n", "\u{202e}ann");
    one_name("👩\u{200d}🚀", "👩🚀");
    two_names("Ann", "Anna");
    two_names("김민수", "김민지");
    two_names("event 2", "event 3");
    two_names("AnnSmith", "Ann Smith");
}

#[test]
fn a_name_shows_all_it_holds() {
    for hidden in [
        "an\u{200b}n",
        "ann\u{feff}",
        "\u{202e}nna",
        "a\u{2066}nn",
        "a\u{ad}nn",
        "\u{3164}\u{3164}",
        "\u{115f}\u{1160}",
        "\u{ffa0}x",
        "\u{2800}\u{2800}",
        "a\u{34f}n",
        "a\u{180e}n",
        "a\u{2028}n",
        "a\u{200d}nn",
        "an\u{200c}n",
        "a\u{fe0f}",
        "한\u{200d}글",
        "\u{200d}🚀",
        "🚀\u{200d}",
        "a\u{e0061}",
        "\u{61c}a",
        "\u{e0100}a",
        "a\u{1d173}",
    ] {
        assert_eq!(visible_name(hidden), Err(Invisible), "{hidden:?}");
        assert_eq!(all_visible(hidden), Err(Invisible), "{hidden:?}");
    }
    for plain in ["Ann", "Zoë", "김민수", "東京 太郎", "Ωmega", "🚀", "a\u{301}", "Ünal", "مهدی", "Ann\u{3000}Smith"]
    {
        assert_eq!(visible_name(plain), Ok(()), "{plain:?}");
        assert_eq!(all_visible(plain), Ok(()), "{plain:?}");
    }
}

#[test]
fn a_joiner_may_stand_where_its_script_wants_it() {
    for name in [
        "👩\u{200d}🚀",
        "👨\u{1f3fd}\u{200d}🔬",
        "❤\u{fe0f}\u{200d}🔥",
        "می\u{200c}خواهم",
        "क\u{94d}\u{200d}ष",
        "葛\u{e0100}城",
        "1\u{fe0f}\u{20e3}",
    ] {
        assert_eq!(visible_name(name), Ok(()), "{name:?}");
        let bare: String = name.chars().filter(|character| !visible::is_ignorable(*character)).collect();
        one_name(name, &bare);
        assert_eq!(all_visible(name), Err(Invisible), "{name:?}");
    }
}

#[test]
fn what_is_kept_for_those_from_before_is_nobodys_key() {
    assert!(earlier_email_key("Ann@x.org").ends_with(BESIDES) && earlier_name_key("ann", 7).contains(BESIDES));
    assert_ne!(earlier_name_key("ann", 7), earlier_name_key("ann", 8));
}

/// Keys are stored, and derived again from the log by whoever checks it.
#[test]
fn keys_change_with_their_version_alone() {
    let mut hash = Sha256::new();
    for character in (0..=0x3_ffff).filter_map(char::from_u32).filter(|character| !character.is_control()) {
        hash.update(name_key(&format!("a{character}b")));
        hash.update([0]);
        hash.update(email_key(&format!("{character}@x.org")));
        hash.update([0]);
    }
    let found = hex::encode(hash.finalize());
    let known = "bdaf45114c19fff560a5b461867fbcd278b2e0845bb3b02228fdff11e85e24cc";
    assert_eq!(
        found, known,
        "a crate has other tables of Unicode: KEY_VERSION {KEY_VERSION} must grow, and stored keys be made anew"
    );
}

proptest! {
    #[test]
    fn a_key_is_its_own_key(local in "[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{0,12}", domain in "[a-zà-ÿА-я가-힣ａ-ｚ0-9.-]{0,12}") {
        let key = email_key(&format!("{local}@{domain}"));
        prop_assert_eq!(email_key(&key), key);
    }

    #[test]
    fn case_width_and_what_is_ignored_make_no_other_name(name in "[a-zA-ZÀ-ÿА-я가-힣 0-9]{1,20}", at in 0_usize..20) {
        let characters: Vec<char> = name.chars().collect();
        let at = at.min(characters.len());
        let (front, back): (String, String) = (characters[..at].iter().collect(), characters[at..].iter().collect());
        prop_assert_eq!(name_key(&format!("{front}\u{200b}{back}")), name_key(&name));
        prop_assert_eq!(name_key(&default_case_fold_str(&name)), name_key(&name));
        let wide: String = name.chars().map(|letter| match letter {
            '!'..='~' => char::from_u32(u32::from(letter) + 0xfee0).unwrap_or(letter),
            _ => letter,
        }).collect();
        prop_assert_eq!(name_key(&wide), name_key(&name));
    }

    #[test]
    fn no_text_is_beyond_a_key(text in any::<String>()) {
        let _ = (name_key(&text), email_key(&text), visible_name(&text), all_visible(&text));
    }
}
