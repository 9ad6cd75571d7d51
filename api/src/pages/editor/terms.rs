//! The fields beside the rule: what an event is called, when it runs, how often and how much it hands out; and what a test
//! of it hands out. Each has its label, what is typed, and what is wrong with it.

use super::draft::{Draft, LATEST, OWN, step};
use crate::pages::form::FormErrors;
use crate::pages::text::{Text, say};

/// Fields under one heading.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) why: String,
    pub(super) fields: Vec<Field>,
}

pub(super) struct Field {
    pub(super) id: &'static str,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) value: String,
    pub(super) control: Control,
    pub(super) wrong: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Control {
    /// A text of a line, and its longest.
    Line(&'static str),
    Lines,
    /// A day and a time, and the step that its seconds need.
    Moment(&'static str),
    Number,
    /// Value and words.
    Choice(Vec<(&'static str, String)>),
}

/// What the event is, and how it hands out; and last what a test hands out.
pub(super) fn sections(text: Text, draft: &Draft, errors: Option<&FormErrors>, test_of: Option<&str>) -> [Section; 3] {
    let field = |id: &'static str, control: Control, hint: String| Field {
        id,
        label: text.say_of("editor-term", id),
        hint,
        value: draft.value(id).to_owned(),
        control,
        wrong: errors.and_then(|errors| errors.at(id)).map(str::to_owned),
    };
    let plain = |id, control| field(id, control, String::new());
    let hinted = |id, control, hint: &str| field(id, control, text.say(hint));
    let moment = |id| field(id, Control::Moment(step(draft.value(id))), elsewhere(text, draft, id));
    let frequencies =
        ["once", "daily", "weekly", "monthly", "each"].map(|name| (name, text.say_of("frequency", name))).to_vec();
    let approvals = ["automatic", "manual"].map(|name| (name, text.say_of("editor-approval", name))).to_vec();
    let windows = [OWN, LATEST].map(|name| (name, text.say_of("editor-window", name))).to_vec();
    let event = Section {
        title: text.say("ui-editor-event"),
        why: String::new(),
        fields: vec![
            plain("name", Control::Line("120")),
            moment("startDate"),
            moment("endDate"),
            hinted("timeZone", Control::Line("64"), "ui-editor-zone-why"),
            plain("description", Control::Lines),
        ],
    };
    let terms = Section {
        title: text.say("ui-editor-terms"),
        why: String::new(),
        fields: vec![
            hinted("frequency", Control::Choice(frequencies), "ui-editor-frequency-why"),
            plain("approval", Control::Choice(approvals)),
            hinted("pendingExpiresAfter", Control::Line("20"), "ui-editor-expires-why"),
            hinted("maxRewardCount", Control::Number, "ui-editor-empty-unlimited"),
            hinted("perMemberLimit", Control::Number, "ui-editor-empty-unlimited"),
        ],
    };
    let test = Section {
        title: text.say("ui-editor-test"),
        why: test_of.map_or_else(
            || text.say("ui-editor-test-free"),
            |reward| say!(text, "ui-editor-test-of", reward = crate::pages::part::isolated(reward)),
        ),
        fields: vec![
            hinted("quantity", Control::Number, "ui-editor-empty-unlimited"),
            hinted("limit", Control::Number, "ui-editor-empty-unlimited"),
            hinted("points", Control::Number, "ui-editor-empty-no-points"),
            hinted("window", Control::Choice(windows), "ui-editor-window-why"),
        ],
    };
    [event, terms, test]
}

/// The same moment where the reader is, if that is another time.
fn elsewhere(text: Text, draft: &Draft, id: &str) -> String {
    let zone = draft.zone();
    match draft.moment(id) {
        Some(moment) if zone != text.zone => {
            say!(text, "ui-editor-moment-there", moment = text.exact_moment(moment), zone = text.zone_name())
        }
        _ => say!(text, "ui-editor-in-zone", zone = zone.name()),
    }
}
