//! A rule goes into the form and comes out of it as it was; each button leaves what it is not about.

use domain::condition::{Condition, MAX_DEPTH, MAX_LEAVES};
use domain::zone::Tz;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::backtest::{Outcome, Who};
use super::draft::{Draft, TERMS};
use super::edit::Edit;
use super::form;
use super::node::{FIELDS, KINDS, Node, Word};
use super::tree::{Field, Part, Piece, Step, steps};
use crate::app::i18n::Language;
use crate::pages::event::Event;
use crate::pages::form::Form;
use crate::pages::text::Text;

fn text(language: Language) -> Text {
    Text { language, zone: Tz::UTC }
}

/// The fields that a browser sends of a rule.
fn sent(root: &Node, language: Language) -> Form {
    let is = |part: &Part| {
        let chosen = part.kinds.iter().find(|(_, _, chosen)| *chosen).map_or("", |(kind, _, _)| *kind);
        (format!("{}.{}", part.name, form::IS), chosen.to_owned())
    };
    let mut fields = vec![];
    for step in steps(text(language), root, None, None) {
        match step {
            Step::Open(part) => fields.push(is(&part)),
            Step::Leaf(part, pieces) => {
                fields.push(is(&part));
                for piece in pieces {
                    if let Piece::Field(Field { name, value, .. }) = piece {
                        fields.push((name, value));
                    }
                }
            }
            Step::Close { .. } => {}
        }
    }
    Form(fields)
}

fn leaves() -> impl Strategy<Value = Value> {
    let since = || prop_oneof![Just(None), Just(Some("eventStart")), Just(Some("2026-11-01"))];
    let within = || prop_oneof![Just(None), Just(Some("1d")), Just(Some("9999d"))];
    let kind = || prop_oneof![Just("login"), Just("a_b.c-d"), Just("review")];
    let with = |mut body: Value, optional: Vec<(&str, Option<&str>)>| {
        for (field, value) in optional {
            value.into_iter().for_each(|value| body[field] = json!(value));
        }
        body
    };
    prop_oneof![
        (kind(), 1..=3_660, since())
            .prop_map(move |(kind, days, since)| json!({"streak": with(json!({"kind": kind, "days": days}), vec![("since", since)])})),
        (prop_oneof![kind(), Just("*")], 1..=3_660, within(), since()).prop_map(move |(kind, days, within, since)| {
            json!({"activeDays": with(json!({"kind": kind, "days": days}), vec![("within", within), ("since", since)])})
        }),
        (kind(), 1..=1_000_000_000, within(), since()).prop_map(move |(kind, count, within, since)| {
            json!({"count": with(json!({"kind": kind, "count": count}), vec![("within", within), ("since", since)])})
        }),
        (kind(), kind(), 1..=9_007_199_254_740_992_i64, within(), since()).prop_map(
            move |(kind, measure, total, within, since)| {
                let body = json!({"kind": kind, "measure": measure, "total": total});
                json!({"total": with(body, vec![("within", within), ("since", since)])})
            }
        ),
        (1..=1_000_000_000, since())
            .prop_map(move |(count, since)| json!({"referrals": with(json!({"count": count}), vec![("since", since)])})),
        Just(json!({"profileComplete": {}})),
        Just(json!({"birthday": {}})),
        Just(json!({"joinAnniversary": {}})),
        (within(), prop::bool::ANY).prop_map(move |(within, days)| {
            let (from, to) = if days { (Some("2026-01-01"), Some("2026-01-31")) } else { (None, None) };
            json!({"joined": with(json!({}), vec![("within", within), ("from", from), ("to", to)])})
        }),
        Just(json!({"cel": {"expression": "streak('login') >= 3 && today < '2027-01-01'"}})),
    ]
}

fn rules() -> impl Strategy<Value = Condition> {
    let tree = leaves().prop_recursive(7, 24, 3, |part| {
        prop_oneof![
            vec(part.clone(), 1..4).prop_map(|parts| json!({"all": parts})),
            vec(part.clone(), 1..4).prop_map(|parts| json!({"any": parts})),
            part.prop_map(|part| json!({"not": part})),
        ]
    });
    tree.prop_filter_map("a rule that may be saved", |tree| Condition::parse(&tree).ok())
}

/// All places of a tree.
fn places(node: &Node, at: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    found.push(at.clone());
    if let Node::Group(_, parts) = node {
        for (index, part) in parts.iter().enumerate() {
            at.push(index);
            places(part, at, found);
            at.pop();
        }
    }
}

/// Twice `not` is nothing.
fn without_double_nots(node: Node) -> Node {
    match node {
        Node::Group(word, parts) => {
            let mut parts: Vec<_> = parts.into_iter().map(without_double_nots).collect();
            match (word, parts.as_mut_slice()) {
                (Word::Not, [Node::Group(Word::Not, inner)]) if inner.len() == 1 => inner.remove(0),
                _ => Node::Group(word, parts),
            }
        }
        leaf @ Node::Leaf(_) => leaf,
    }
}

fn all_leaves(node: &Node) -> Vec<Value> {
    match node {
        Node::Group(_, parts) => parts.iter().flat_map(all_leaves).collect(),
        leaf @ Node::Leaf(_) => vec![leaf.to_json()],
    }
}

fn sorted(mut leaves: Vec<Value>) -> Vec<String> {
    leaves.sort_by_key(Value::to_string);
    leaves.into_iter().map(|leaf| leaf.to_string()).collect()
}

proptest! {
    #[test]
    fn a_rule_comes_out_of_the_form_as_it_went_in(rule in rules(), korean in prop::bool::ANY) {
        let language = if korean { Language::Korean } else { Language::English };
        let form = sent(&Node::of(&rule), language);
        prop_assert!(form.0.len() < 900, "a form has a thousand fields at most");
        let read = form::read(&form).unwrap();
        prop_assert_eq!(Condition::parse(&read.to_json()).unwrap(), rule);
    }

    #[test]
    fn buttons_leave_what_they_are_not_about(rule in rules(), which in 0..1_000_usize) {
        let before = Node::of(&rule);
        let mut found = vec![];
        places(&before, &mut vec![], &mut found);
        let place = &found[which % found.len()];
        let pressed = |edit: Edit| {
            let mut after = before.clone();
            edit.of(&mut after, place);
            prop_assert!(after.depth() <= MAX_DEPTH && after.leaves() <= MAX_LEAVES);
            Ok(after)
        };
        for edit in [Edit::Up, Edit::Down, Edit::Not] {
            let after = pressed(edit)?;
            prop_assert_eq!(sorted(all_leaves(&after)), sorted(all_leaves(&before)), "{:?}", edit);
            prop_assert!(Condition::parse(&after.to_json()).is_ok());
        }
        for edit in [Edit::Part, Edit::Group] {
            let after = pressed(edit)?;
            let mut more = all_leaves(&before);
            if after != before {
                more.push(Node::fresh().to_json());
            }
            prop_assert_eq!(sorted(all_leaves(&after)), sorted(more), "{:?}", edit);
        }
        let after = pressed(Edit::Remove)?;
        let mut gone = before.clone();
        let gone = super::edit::at(&mut gone, place).map_or_else(Vec::new, |node| all_leaves(node));
        let left = all_leaves(&after).len() + if place.is_empty() { 0 } else { gone.len() };
        prop_assert_eq!(left, all_leaves(&before).len());
    }

    #[test]
    fn the_opposite_of_the_opposite_is_the_same(rule in rules(), which in 0..1_000_usize) {
        let before = Node::of(&rule);
        let mut found = vec![];
        places(&before, &mut vec![], &mut found);
        let place = &found[which % found.len()];
        let mut after = before.clone();
        Edit::Not.of(&mut after, place);
        Edit::Not.of(&mut after, place);
        prop_assert_eq!(without_double_nots(after), without_double_nots(before));
    }

    #[test]
    fn any_fields_are_read_and_written_within_bounds(fields in vec(("r(\\.[0-3]){0,12}\\.(is|days|since)", "(all|not|any|streak|joined|x|7)?"), 0..80)) {
        if let Some(node) = form::read(&Form(fields)) {
            prop_assert!(node.depth() <= MAX_DEPTH + 4);
            let _ = Condition::parse(&node.to_json());
            sent(&node, Language::English);
        }
    }
}

#[test]
fn sentences_hold_every_field_of_their_question_in_both_languages() {
    for language in [Language::English, Language::Korean] {
        for (kind, fields) in KINDS {
            let said = text(language).say_of("editor-leaf", kind);
            let mut named: Vec<_> = said.split('|').skip(1).step_by(2).collect();
            let mut fields = fields.to_vec();
            named.sort_unstable();
            fields.sort_unstable();
            assert_eq!(named, fields, "{kind}: {said}");
            assert!(fields.iter().all(|field| FIELDS.contains(field)));
        }
    }
}

#[test]
fn buttons_are_read_as_they_are_written_and_nothing_else_is() {
    assert_eq!(Edit::read("up:0.12"), Some((Edit::Up, vec![0, 12])));
    assert_eq!(Edit::read("part:"), Some((Edit::Part, vec![])));
    for wrong in ["", "up", "up:x", "up:-1", "away:0", "up:0.99999999999999999999"] {
        assert_eq!(Edit::read(wrong), None, "{wrong}");
    }
    let mut node = Node::fresh();
    for edit in [Edit::Up, Edit::Down, Edit::Remove, Edit::Part, Edit::Not] {
        edit.of(&mut node, &vec![7, 7]);
    }
    assert_eq!(node, Node::fresh(), "what is not there is not changed");
}

#[test]
fn not_of_several_is_none_of_them() {
    let fields = [("r.is", "not"), ("r.0.is", "birthday"), ("r.1.is", "profileComplete")];
    let form = Form(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
    let read = form::read(&form).unwrap();
    assert_eq!(read.to_json(), json!({"not": {"any": [{"birthday": {}}, {"profileComplete": {}}]}}));
    assert!(matches!(read, Node::Group(Word::Not, _)));
}

fn event() -> Event {
    let event = json!({
        "id": "01900000-0000-7000-8000-000000000001", "name": "Seven days", "description": "a\nb",
        "startDate": "2026-10-31T15:00:00.000Z", "endDate": "2026-12-01T03:04:05.678Z",
        "condition": {"streak": {"kind": "login", "days": 7}}, "conditionVersion": 3, "frequency": "once",
        "timeZone": "Asia/Seoul", "approval": "automatic", "maxRewardCount": 5, "perMemberLimit": null,
        "pendingExpiresAfter": "72h", "status": "active",
    });
    serde_json::from_value(event).unwrap()
}

/// The form of the event with some fields changed.
fn typed(changes: &[(&str, &str)]) -> Draft {
    let draft = Draft::of(&event(), None, event().start_date);
    let of_rule = [("r.is", "streak"), ("r.kind", "login"), ("r.days", "7")];
    let own = TERMS.iter().map(|field| (*field, draft.value(field))).chain(of_rule);
    let value = |name: &str| changes.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
    Draft::read(&Form(own.map(|(name, old)| (name.to_owned(), value(name).unwrap_or(old).to_owned())).collect()))
}

fn changes(of: &[(&str, &str)]) -> Value {
    let draft = typed(of);
    Value::Object(draft.changes(&event(), draft.condition().unwrap()))
}

#[test]
fn only_what_differs_is_sent_and_days_are_those_of_the_event() {
    assert_eq!(changes(&[]), json!({}));
    assert_eq!(typed(&[]).value("startDate"), "2026-11-01T00:00");
    assert_eq!(typed(&[]).value("endDate"), "2026-12-01T12:04:05.678");
    assert_eq!(changes(&[("name", "Eight"), ("r.days", "8")]), {
        json!({"name": "Eight", "condition": {"streak": {"kind": "login", "days": 8}}})
    });
    assert_eq!(changes(&[("description", ""), ("maxRewardCount", "")]), {
        json!({"description": null, "maxRewardCount": null})
    });
    assert_eq!(changes(&[("endDate", "2026-12-02T00:00")]), json!({"endDate": "2026-12-02"}));
    assert_eq!(changes(&[("endDate", "2026-12-02T09:30")]), json!({"endDate": "2026-12-02T00:30:00.000Z"}));
    let moved = json!({"timeZone": "UTC", "startDate": "2026-11-01", "endDate": "2026-12-01T12:04:05.678Z"});
    assert_eq!(changes(&[("timeZone", "UTC")]), moved, "the same days of another zone");
    for wrong in ["soon", "2026-13-01T00:00", "99999-01-01"] {
        assert_eq!(changes(&[("endDate", wrong)]), json!({"endDate": wrong}), "the API says what is wrong");
    }
    let wrong = json!({"maxRewardCount": "many", "name": "", "timeZone": "Moon", "startDate": "2026-11-01",
        "endDate": "2026-12-01T12:04:05.678Z"});
    assert_eq!(changes(&[("maxRewardCount", "many"), ("name", ""), ("timeZone", "Moon")]), wrong);
}

#[test]
fn a_test_over_the_latest_time_is_as_long_and_ends_now() {
    let now = event().start_date;
    let tried = |window| typed(&[]).in_force(&event(), now).tried_over(window, now);
    let own = json!({"startDate": "2026-11-01", "endDate": "2026-12-01T03:04:05.678Z"});
    assert_eq!(tried("own"), own);
    assert_eq!(tried("latest"), json!({"startDate": "2026-10-01T02:55:54.322Z", "endDate": now}));
}

impl Draft {
    fn tried_over(&self, window: &str, now: domain::Moment) -> Value {
        let mut fields: Vec<_> =
            TERMS.iter().map(|field| ((*field).to_owned(), self.value(field).to_owned())).collect();
        fields.push(("window".to_owned(), window.to_owned()));
        let tried = Self::read(&Form(fields)).tried(json!({}), None, now);
        json!({"startDate": tried["event"]["startDate"], "endDate": tried["event"]["endDate"]})
    }
}

#[test]
fn winners_are_compared_as_far_as_both_are_known() {
    let outcome = |granted: i64, winners: &[(&str, u32)]| -> Outcome {
        let winner = |(id, day): &(&str, u32)| json!({"memberId": id, "at": format!("2026-11-{day:02}T00:00:00.000Z")});
        let winners: Vec<_> = winners.iter().map(winner).collect();
        serde_json::from_value(json!({"position": 9, "membersSeen": 9, "granted": granted, "deniedOutOfStock": 0,
            "soldOutAt": null, "byDay": [], "winners": winners, "durationMs": 1}))
        .unwrap()
    };
    let force = outcome(3, &[("a", 1), ("b", 2), ("c", 3)]);
    let whole = Who::of(&outcome(2, &[("b", 2), ("d", 4)]), &force);
    assert_eq!(
        (whole.more, whole.fewer, whole.before),
        (vec!["d".to_owned()], vec!["a".to_owned(), "c".to_owned()], None)
    );
    // of the draft more are granted than are named: after the last of them nothing is known
    let cut = Who::of(&outcome(9, &[("a", 1), ("d", 2), ("e", 3)]), &force);
    assert_eq!((cut.more, cut.fewer), (vec!["d".to_owned()], vec!["b".to_owned()]));
    assert!(cut.before.is_some() && !cut.is_of_nobody);
    assert!(Who::of(&outcome(9, &[("x", 1), ("y", 1)]), &force).is_of_nobody, "all at the same moment");
}
