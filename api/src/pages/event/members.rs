//! The funnel from members to grants.

use askama::Template;

use super::Frame;
use super::asked::Analytics;
use super::met::Met;
use crate::pages::charts::{Bar, Bars};
use crate::pages::text::say;

#[derive(Template)]
#[template(path = "event/members.html")]
pub(super) struct MembersPart {
    title: String,
    measure: String,
    versus: Option<String>,
    bars: Bars,
    rest: Option<String>,
}

pub(super) fn of(frame: &Frame<'_>, one: &Analytics, then: Option<&Analytics>, met: Option<&Met>) -> MembersPart {
    let text = frame.visit.text;
    let now = one.members;
    let bar = |name: &str, note: String, number: i64, versus: Option<i64>| Bar {
        name: text.say(name),
        note,
        tone: "go",
        number,
        shown: text.number(number),
        versus,
        last: versus.map_or_else(String::new, |then| text.difference(number, then)),
        ..Bar::default()
    };
    let share = |id: &'static str, part: i64, whole: i64| {
        let percent = text.percent(part, whole);
        match id {
            "met" => say!(text, "ui-event-of-those-met", percent = percent),
            "claimed" => say!(text, "ui-event-of-those-claimed", percent = percent),
            _ => say!(text, "ui-event-of-members", percent = percent),
        }
    };
    let mut bars =
        vec![bar("ui-event-members", text.say("ui-event-members-all"), now.total, then.map(|then| then.members.total))];
    bars.extend(met.map(|met| bar("ui-event-met", share("members", met.count, now.total), met.count, None)));
    let of_met =
        met.map_or_else(|| share("members", now.claimed, now.total), |met| share("met", now.claimed, met.count));
    bars.push(bar("ui-event-claimed", of_met, now.claimed, then.map(|then| then.members.claimed)));
    let of_claimed = share("claimed", now.granted, now.claimed);
    bars.push(bar("ui-event-granted-members", of_claimed, now.granted, then.map(|then| then.members.granted)));
    let (part, whole, finding) = match met {
        Some(met) => (now.claimed, met.count, "met"),
        None => (now.claimed, now.total, "members"),
    };
    let sum = |number: fn(&super::asked::Bucket) -> i64| one.timeline.iter().map(number).sum::<i64>();
    let (rejected, expired) = (sum(|bucket| bucket.rejected), sum(|bucket| bucket.expired));
    let rest = one.held + rejected + expired;
    MembersPart {
        title: match finding {
            "met" => say!(text, "ui-event-met-have-claimed", percent = text.percent(part, whole)),
            _ => say!(text, "ui-event-members-have-claimed", percent = text.percent(part, whole)),
        },
        measure: say!(text, "ui-event-members-since", day = text.day(text.day_of(frame.event.start_date))),
        versus: then
            .and(frame.versus)
            .map(|versus| say!(text, "ui-event-line-marks", moment = text.moment(versus.recorded_at))),
        bars: Bars::of("funnel", bars),
        rest: (rest > 0)
            .then(|| say!(text, "ui-event-others", waiting = one.held, rejected = rejected, expired = expired)),
    }
}
