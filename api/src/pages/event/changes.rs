//! The changes of the event's rule and dates, newest first, as the log has them.

use askama::Template;
use domain::Moment;

use super::Frame;
use super::asked::{Analytics, Mark};
use crate::pages::rule;
use crate::pages::text::{Text, say};
use crate::pages::visit::AUDITORS;

#[derive(Template)]
#[template(path = "event/changes.html")]
pub(super) struct ChangesPart {
    text: Text,
    lines: Vec<Line>,
    /// The link to the log, for readers who may see it.
    log: Option<String>,
}

struct Line {
    at: String,
    exact: String,
    what: String,
    more: String,
    position: String,
    href: Option<String>,
}

pub(super) fn of(frame: &Frame<'_>, one: &Analytics, marks: &[Mark]) -> ChangesPart {
    let (text, visit) = (frame.visit.text, frame.visit);
    let reads_log = visit.is_one_of(AUDITORS);
    let line = |at: Moment, position: i64, what: String, more: String| {
        let href = reads_log.then(|| visit.to(&format!("/ui/log/{position}")));
        let line =
            Line { at: text.moment(at), exact: at.to_string(), what, more, position: text.number(position), href };
        (position, line)
    };
    let versions = one.condition_versions.iter().map(|version| {
        let what = if version.version == 1 {
            text.say("ui-event-made")
        } else {
            say!(text, "ui-event-rule-changed", version = version.version)
        };
        line(version.since, version.position, what, rule::summary(text, &version.condition))
    });
    let marks = marks.iter().map(|mark| {
        let what = match mark.kind.as_str() {
            "opened" => text.say("ui-event-opened"),
            "ended" => text.say("ui-event-ended"),
            other => other.to_owned(),
        };
        line(mark.at, mark.position, what, String::new())
    });
    let mut lines: Vec<_> = versions.chain(marks).collect();
    lines.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
    ChangesPart {
        text,
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        log: reads_log.then(|| visit.to_with("/ui/log", &[("subject", &frame.event.id)])),
    }
}
