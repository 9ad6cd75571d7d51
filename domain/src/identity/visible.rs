//! Which characters a name may hold: none that is not seen. A zero-width space, an override of the direction of
//! writing or a Hangul filler would make two names of what everybody reads as one. Joiners and variation selectors
//! are let through where writing needs them: inside an emoji, between letters of scripts that join, behind an
//! ideograph. They make no other name: keys leave them out.

use icu_properties::props::{
    BinaryProperty, DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic, GeneralCategory, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// As text, as an emoji.
const EMOJI_PRESENTATIONS: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];
/// Blank, though Unicode counts them among letters and signs: Braille without dots, an empty note head, fillers.
const BLANKS: [char; 5] = ['\u{2800}', '\u{1d159}', '\u{16fe4}', '\u{13441}', '\u{13442}'];
/// Scripts whose letters a joiner holds together or apart.
const JOINING: [Script; 20] = [
    Script::Arabic,
    Script::Syriac,
    Script::Nko,
    Script::Mandaic,
    Script::Mongolian,
    Script::Devanagari,
    Script::Bengali,
    Script::Gurmukhi,
    Script::Gujarati,
    Script::Oriya,
    Script::Tamil,
    Script::Telugu,
    Script::Kannada,
    Script::Malayalam,
    Script::Sinhala,
    Script::Khmer,
    Script::Myanmar,
    Script::Tibetan,
    Script::Balinese,
    Script::Javanese,
];

/// A text holds what nobody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not hold invisible characters")]
pub struct Invisible;

/// Whether everything in a text is seen; for what machines compare, where no joiner is needed.
///
/// # Errors
/// [`Invisible`].
pub fn all_visible(text: &str) -> Result<(), Invisible> {
    if text.is_ascii() || !text.chars().any(is_hidden) { Ok(()) } else { Err(Invisible) }
}

/// Whether everything in a name is seen, or stands where its script wants it.
///
/// # Errors
/// [`Invisible`].
pub fn visible_name(name: &str) -> Result<(), Invisible> {
    if all_visible(name).is_ok() {
        return Ok(());
    }
    let characters: Vec<char> = name.chars().collect();
    let wanted = |(at, character): (usize, &char)| {
        !is_hidden(*character) || is_wanted(*character, &characters[..at], characters.get(at + 1).copied())
    };
    if characters.iter().enumerate().all(wanted) { Ok(()) } else { Err(Invisible) }
}

/// What rendering leaves out, and comparing as well.
pub(super) fn is_ignorable(character: char) -> bool {
    has::<DefaultIgnorableCodePoint>(character)
}

fn is_hidden(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let is_format = [GeneralCategory::Format, GeneralCategory::LineSeparator, GeneralCategory::ParagraphSeparator]
        .contains(&category);
    is_format || is_ignorable(character) || BLANKS.contains(&character)
}

fn is_wanted(character: char, before: &[char], after: Option<char>) -> bool {
    let Some(last) = before.last().copied() else { return false };
    if EMOJI_PRESENTATIONS.contains(&character) {
        return has::<Emoji>(last);
    }
    if is_variation(character) {
        return script(last) == Script::Han;
    }
    match (character, after) {
        (ZERO_WIDTH_JOINER, Some(next)) => joins_emoji(before, next) || joins_letters(last, next),
        (ZERO_WIDTH_NON_JOINER, Some(next)) => joins_letters(last, next),
        _ => false,
    }
}

fn is_variation(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}')
}

/// A family, a couple, a profession: pictures side by side, each perhaps with its colour.
fn joins_emoji(before: &[char], next: char) -> bool {
    let dressed = |character: &char| EMOJI_PRESENTATIONS.contains(character) || has::<EmojiModifier>(*character);
    let picture = before.iter().rev().find(|character| !dressed(character));
    picture.is_some_and(|picture| has::<ExtendedPictographic>(*picture)) && has::<ExtendedPictographic>(next)
}

fn joins_letters(last: char, next: char) -> bool {
    let belongs =
        |character: char| matches!(script(character), Script::Inherited) || JOINING.contains(&script(character));
    belongs(last) && belongs(next) && (JOINING.contains(&script(last)) || JOINING.contains(&script(next)))
}

fn script(character: char) -> Script {
    CodePointMapData::<Script>::new().get(character)
}

fn has<P: BinaryProperty>(character: char) -> bool {
    CodePointSetData::new::<P>().contains(character)
}
