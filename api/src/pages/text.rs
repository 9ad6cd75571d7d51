//! The texts of the pages in the reader's language and time zone: messages from the `*.ftl` files, grouped numbers,
//! dates and times. Sentences with numbers are built here and never in a template.

mod messages;
mod when;

use std::sync::LazyLock;

use domain::zone::Tz;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentValue};

use crate::app::i18n::{self, Bundle, Language};

/// The reader's language and time zone; cheap to copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    pub(super) language: Language,
    /// The time zone of all times shown.
    pub(super) zone: Tz,
}

/// A text with arguments: `say!(text, "ui-menu-waiting", count = 38)`. Numbers are grouped, and select the plural.
macro_rules! say {
    ($text:expr, $id:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        #[allow(unused_mut, reason = "a text may be filled with nothing")]
        let mut args = fluent_bundle::FluentArgs::new();
        $( args.set(stringify!($name), $value); )*
        $text.with($id, &args)
    }};
}
pub(super) use say;

impl Text {
    /// A text without arguments.
    pub(super) fn say(&self, id: &str) -> String {
        self.with(id, &FluentArgs::new())
    }

    /// The text of a family, such as that of a status; the name itself if the family has no text for it.
    pub(super) fn say_of(&self, kind: &str, name: &str) -> String {
        let id = format!("ui-{kind}-{}", name.replace('_', "-").to_ascii_lowercase());
        if bundle(self.language).has_message(&id) { self.say(&id) } else { name.to_owned() }
    }

    /// The text of a family, with arguments; `None` if it has no text for the name.
    pub(super) fn known_of(&self, kind: &str, name: &str, args: &FluentArgs<'_>) -> Option<String> {
        let id = format!("ui-{kind}-{}", name.replace('_', "-").to_ascii_lowercase());
        bundle(self.language).has_message(&id).then(|| self.with(&id, args))
    }

    /// A text with arguments. Call it through the macro [`say!`].
    pub(super) fn with(&self, id: &str, args: &FluentArgs<'_>) -> String {
        let bundle = bundle(self.language);
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            // a test checks that every text that is used exists
            return id.to_owned();
        };
        bundle.format_pattern(pattern, Some(args), &mut vec![]).into_owned()
    }

    /// `1,842,071`.
    pub(super) fn number(&self, number: impl Whole) -> String {
        grouped(&number.whole().to_string())
    }

    /// `61.4`: a share in percent with one decimal place. It is cut, so that 99.96 does not become 100.
    pub(super) fn percent(&self, part: i64, whole: i64) -> String {
        if whole <= 0 {
            return "0".to_owned();
        }
        let tenths = i128::from(part) * 1_000 / i128::from(whole);
        let (whole, tenth) = (tenths / 10, tenths % 10);
        if tenth == 0 { grouped(&whole.to_string()) } else { format!("{}.{tenth}", grouped(&whole.to_string())) }
    }

    /// `+182`, `−11`, `±0`.
    pub(super) fn difference(&self, now: i64, then: i64) -> String {
        match now.saturating_sub(then) {
            0 => "±0".to_owned(),
            more @ 1.. => format!("+{}", grouped(&more.to_string())),
            less => format!("−{}", grouped(&less.unsigned_abs().to_string())),
        }
    }
}

/// A whole number or a reference to one, because templates pass references.
pub(super) trait Whole {
    fn whole(self) -> i128;
}

macro_rules! whole {
    ($($of:ty),+) => { $(
        impl Whole for $of {
            fn whole(self) -> i128 {
                i128::from(self)
            }
        }
        impl Whole for &$of {
            fn whole(self) -> i128 {
                i128::from(*self)
            }
        }
        impl Whole for &&$of {
            fn whole(self) -> i128 {
                i128::from(**self)
            }
        }
    )+ };
}
whole!(i32, u32, i64, u64, i128);

impl Whole for usize {
    fn whole(self) -> i128 {
        i128::try_from(self).unwrap_or(i128::MAX)
    }
}

/// Groups digits by three.
fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("−", digits));
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bundle(language: Language) -> &'static Bundle {
    static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| read(Language::English));
    static KOREAN: LazyLock<Bundle> = LazyLock::new(|| read(Language::Korean));
    match language {
        Language::English => &ENGLISH,
        Language::Korean => &KOREAN,
    }
}

fn read(language: Language) -> Bundle {
    let sources = messages::ALL.iter().map(|(_, english, korean)| match language {
        Language::English => *english,
        Language::Korean => *korean,
    });
    // templates isolate names that may be written from right to left (`<bdi>`)
    let mut bundle = i18n::bundle_of(language, sources);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(FluentNumber { value, .. }) if value.fract() == 0.0 => {
            Some(grouped(&format!("{value:.0}")))
        }
        FluentValue::Number(_)
        | FluentValue::String(_)
        | FluentValue::Custom(_)
        | FluentValue::None
        | FluentValue::Error => None,
    }));
    bundle
}

#[cfg(test)]
mod tests;
