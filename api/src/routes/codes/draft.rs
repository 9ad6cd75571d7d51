//! What is asked for: codes of a format, or the last ones back.

use domain::codes::{CodeFormat, FormatRefusal, MAX_BATCH};
use domain::quantity::Amount;

use crate::app::input::fields::{Broken, Fields, FromFields, readers};
use crate::app::input::value::quantity;

/// Codes to be made.
pub(super) struct Generation {
    pub(super) format: CodeFormat,
    pub(super) count: usize,
}

impl FromFields for Generation {
    fn read(fields: &mut Fields) -> Option<Self> {
        let count = fields.required("count", readers::number(1, MAX_BATCH));
        let length = fields.optional("length", readers::number(1, CodeFormat::MAX_LENGTH as i64));
        let alphabet = fields.optional("alphabet", readers::text(2, 36));
        let prefix = fields.optional("prefix", readers::text(0, CodeFormat::MAX_PREFIX));
        let check_character = fields.optional("checkCharacter", readers::boolean());
        let (count, length, alphabet, prefix, check) = (count?, length?, alphabet?, prefix?, check_character?);
        let length = length.map_or(CodeFormat::LENGTH, |length| usize::try_from(length).unwrap_or(usize::MAX));
        let alphabet = alphabet.as_deref().unwrap_or(CodeFormat::ALPHABET);
        let prefix = prefix.as_deref().unwrap_or_default();
        let format = CodeFormat::new(alphabet, length, prefix, check.unwrap_or(true));
        match format.and_then(|format| format.allows(count).map(|()| format)) {
            Ok(format) => Some(Self { format, count: usize::try_from(count).unwrap_or_default() }),
            Err(refusal) => {
                let (field, rule) = broken(refusal);
                fields.report(field, Broken::new(rule, refusal.to_string()));
                None
            }
        }
    }
}

fn broken(refusal: FormatRefusal) -> (&'static str, &'static str) {
    match refusal {
        FormatRefusal::Alphabet => ("alphabet", "format"),
        FormatRefusal::NoCheckCharacter => ("checkCharacter", "contradiction"),
        FormatRefusal::Length => ("length", "range"),
        FormatRefusal::Prefix => ("prefix", "format"),
        FormatRefusal::Guessable { .. } => ("length", "guessable"),
    }
}

/// How many are taken out again.
pub(super) struct Withdrawal {
    pub(super) count: Amount,
}

impl FromFields for Withdrawal {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { count: fields.required("count", quantity(1, domain::quantity::MAX_COUNT))? })
    }
}
