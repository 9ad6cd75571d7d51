//! The days of a required streak as a row of dots: those that are done, and those to come.

use askama::Template;
use chrono::{Days, NaiveDate};
use domain::condition::Seen;

use crate::pages::text::{Text, say};

/// A longer streak is not drawn.
const MOST: u32 = 10;

/// The row of dots.
#[derive(Template)]
#[template(
    source = r#"<svg class="dots" width="100%" height="42" role="img" aria-label="{{ label }}">{% for dot in dots %}<circle class="{% if dot.done %}d1{% else %}dn{% endif %}" cx="{{ dot.x }}" cy="11" r="10"/><text x="{{ dot.x }}" y="38">{{ dot.name }}</text>{% if dot.done %}<svg x="{{ dot.x }}" y="11" width="1" height="1"><path d="M-4.5 .3l3 3 5.5-6"/></svg>{% endif %}{% endfor %}</svg>"#,
    ext = "html"
)]
pub(super) struct Dots {
    label: String,
    dots: Vec<Dot>,
}

struct Dot {
    x: String,
    name: String,
    done: bool,
}

impl Dots {
    /// The first `have` days end before `next`; the remaining days begin with it.
    pub(super) fn of(text: Text, need: u32, have: Seen, next: NaiveDate, today: NaiveDate) -> Option<Self> {
        let Seen::Number(have) = have else { return None };
        let have = u32::try_from(have).ok().filter(|have| *have < need && need <= MOST)?;
        let first = next.checked_sub_days(Days::new(u64::from(have)))?;
        let mut dots = vec![];
        let mut to_come = vec![];
        for place in 0..need {
            let day = first.checked_add_days(Days::new(u64::from(place)))?;
            let done = place < have;
            if !done {
                to_come.push(text.long_weekday(day));
            }
            let name = if day == today { text.say("ui-me-today") } else { text.weekday(day) };
            let x = format!("{:.2}%", (f64::from(place) + 0.5) * 100.0 / f64::from(need));
            dots.push(Dot { x, name, done });
        }
        let label = say!(text, "ui-me-dots", have = have, need = need, days = to_come.join(", "));
        Some(Self { label, dots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::i18n::Language;
    use domain::zone::Tz;

    #[test]
    fn done_days_end_before_the_next_and_the_rest_follow() {
        let text = Text { language: Language::English, zone: Tz::UTC };
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let row = |have, next, today| {
            let dots = Dots::of(text, 7, Seen::Number(have), next, today)?;
            Some(
                dots.dots
                    .iter()
                    .map(|dot| format!("{}{}", dot.name, if dot.done { "+" } else { "" }))
                    .collect::<Vec<_>>(),
            )
        };
        // the login of Saturday 21 November is done
        let done_today = row(5, day(22), day(21)).unwrap();
        assert_eq!(done_today.join(" "), "Tue+ Wed+ Thu+ Fri+ today+ Sun Mon");
        let not_yet = row(4, day(21), day(21)).unwrap();
        assert_eq!(not_yet.join(" "), "Tue+ Wed+ Thu+ Fri+ today Sun Mon");
        assert_eq!(row(0, day(21), day(21)).unwrap().join(" "), "today Sun Mon Tue Wed Thu Fri");
        assert!(row(7, day(22), day(21)).is_none() && Dots::of(text, 11, Seen::Number(1), day(22), day(21)).is_none());
    }
}
