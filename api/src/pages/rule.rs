//! A rule in words: the tree of a condition as sentences, in the order in which it is written. Each part has the path
//! that evidence, errors and analytics use for it. The page that shows the rule adds what belongs to a part (how often
//! it is met, what a member has).

use askama::Template;
use domain::condition::{Condition, Days, Leaf, Since, Window};

use super::text::{Text, say};

/// The requirement of a part. Its strong words help to scan many of them.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    source = "{{ before }}<b>{{ strong }}</b>{{ after }}{% if let Some(code) = code %} <code>{{ code }}</code>{% endif %}",
    ext = "html"
)]
pub(super) struct Sentence {
    pub(super) before: String,
    pub(super) strong: String,
    pub(super) after: String,
    /// The expression, if the leaf is one.
    pub(super) code: Option<String>,
}

/// A rule as a flat list, from which a template makes nested lists.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "rule/tree.html")]
pub(super) struct RuleTree {
    pub(super) steps: Vec<Step>,
}

/// An item of the tree. The outermost part has depth 0 and is in no list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Opens a group: `All of these`.
    Open { path: String, name: String, depth: usize },
    /// A leaf, in words.
    Leaf { path: String, sentence: Sentence, depth: usize },
    /// Closes a group.
    Close { depth: usize },
}

impl RuleTree {
    pub(super) fn of(text: Text, condition: &Condition) -> Self {
        let mut steps = vec![];
        walk(text, condition, "", 0, &mut steps);
        Self { steps }
    }
}

impl Sentence {
    /// The sentence as plain text, for titles, tables and labels.
    pub(super) fn plain(&self) -> String {
        let Self { before, strong, after, code } = self;
        let code = code.as_ref().map_or(String::new(), |code| format!(" {code}"));
        format!("{before}{strong}{after}{code}")
    }

    /// Parses `before|strong|after`. No name within a rule can contain `|`.
    fn read(said: &str, code: Option<&str>) -> Self {
        let mut parts = said.splitn(3, '|').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        Self { before: part(), strong: part(), after: part(), code: code.map(str::to_owned) }
    }
}

fn walk(text: Text, node: &Condition, path: &str, depth: usize, steps: &mut Vec<Step>) {
    let open = |id: &str| Step::Open { path: path.to_owned(), name: text.say(id), depth };
    let below = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
    let parts = |word: &str, parts: &[Condition], steps: &mut Vec<Step>| {
        for (index, part) in parts.iter().enumerate() {
            walk(text, part, &below(&format!("{word}[{index}]")), depth + 1, steps);
        }
    };
    match node {
        Condition::All(all) => {
            steps.push(open("ui-rule-all"));
            parts("all", all, steps);
            steps.push(Step::Close { depth });
        }
        Condition::Any(any) => {
            steps.push(open("ui-rule-any"));
            parts("any", any, steps);
            steps.push(Step::Close { depth });
        }
        Condition::Not(part) => {
            steps.push(open("ui-rule-not"));
            walk(text, part, &below("not"), depth + 1, steps);
            steps.push(Step::Close { depth });
        }
        Condition::Leaf(leaf) => {
            let sentence = sentence(text, leaf);
            steps.push(Step::Leaf { path: path.to_owned(), sentence, depth });
        }
    }
}

/// A leaf in words, with the days that count.
pub(super) fn sentence(text: Text, leaf: &Leaf) -> Sentence {
    let window = match leaf {
        Leaf::Streak { since, .. } | Leaf::Referrals { since, .. } => self::window(text, None, *since),
        Leaf::ActiveDays { window, .. } | Leaf::Count { window, .. } | Leaf::Total { window, .. } => {
            let Window { within, since } = *window;
            self::window(text, within, since)
        }
        Leaf::ProfileComplete | Leaf::Birthday | Leaf::JoinAnniversary | Leaf::Joined { .. } | Leaf::Cel(_) => {
            String::new()
        }
    };
    said(text, leaf, window)
}

/// A leaf in few words, without the days that count.
pub(super) fn short(text: Text, leaf: &Leaf) -> Sentence {
    said(text, leaf, String::new())
}

/// The rule in one line: its first part, and how many more there are.
pub(super) fn summary(text: Text, condition: &Condition) -> String {
    let mut leaves = condition.leaves();
    let first = leaves.next().map_or(String::new(), |leaf| match leaf {
        Leaf::Cel(_) => text.say("ui-rule-expression"),
        other => short(text, other).plain(),
    });
    match leaves.count() {
        0 => first,
        more => say!(text, "ui-rule-and-more", first = first, count = more),
    }
}

fn said(text: Text, leaf: &Leaf, window: String) -> Sentence {
    let mut code = None;
    let said = match leaf {
        Leaf::Streak { kind, days, .. } => {
            say!(text, "ui-rule-streak", days = *days, kind = kind.as_str(), window = window)
        }
        Leaf::ActiveDays { kind: Some(kind), days, .. } => {
            say!(text, "ui-rule-active-days", days = *days, kind = kind.as_str(), window = window)
        }
        Leaf::ActiveDays { kind: None, days, .. } => {
            say!(text, "ui-rule-active-days-any", days = *days, window = window)
        }
        Leaf::Count { kind, count, .. } => {
            say!(text, "ui-rule-count", count = *count, kind = kind.as_str(), window = window)
        }
        Leaf::Total { kind, measure, total, .. } => {
            let (kind, measure) = (kind.as_str(), measure.as_str());
            say!(text, "ui-rule-total", total = *total, measure = measure, kind = kind, window = window)
        }
        Leaf::Referrals { count, .. } => say!(text, "ui-rule-referrals", count = *count, window = window),
        Leaf::ProfileComplete => text.say("ui-rule-profile-complete"),
        Leaf::Birthday => text.say("ui-rule-birthday"),
        Leaf::JoinAnniversary => text.say("ui-rule-join-anniversary"),
        Leaf::Joined { within, from, to } => {
            let within = within.map(|days| say!(text, "ui-rule-joined-within", days = days.0));
            let from = from.map(|day| say!(text, "ui-rule-joined-from", day = text.day_with_year(day)));
            let to = to.map(|day| say!(text, "ui-rule-joined-to", day = text.day_with_year(day)));
            let when: String = [within, from, to].into_iter().flatten().collect();
            say!(text, "ui-rule-joined", when = when)
        }
        Leaf::Cel(expression) => {
            code = Some(expression.text());
            text.say("ui-rule-cel")
        }
    };
    Sentence::read(&said, code)
}

/// The days that count, as a part of a sentence.
fn window(text: Text, within: Option<Days>, since: Option<Since>) -> String {
    let within = within.map(|days| say!(text, "ui-rule-within", days = days.0));
    let since = since.map(|since| match since {
        Since::Date(day) => say!(text, "ui-rule-since", day = text.day_with_year(day)),
        Since::CampaignStart => text.say("ui-rule-since-start"),
    });
    [within, since].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use domain::zone::Tz;
    use serde_json::{Value, json};

    use super::*;
    use crate::app::i18n::Language;

    fn tree(language: Language, condition: &Value) -> RuleTree {
        RuleTree::of(Text { language, zone: Tz::UTC }, &Condition::parse(condition).unwrap())
    }

    #[test]
    fn a_rule_reads_as_sentences_with_the_paths_of_evidence() {
        let condition = json!({"all": [
            {"streak": {"kind": "login", "days": 7, "since": "eventStart"}},
            {"any": [{"referrals": {"count": 1}},
                     {"total": {"kind": "session", "measure": "minutes", "total": 1_200, "within": "30d"}}]},
            {"not": {"count": {"kind": "refund", "count": 1, "within": "30d", "since": "2026-11-01"}}},
            {"cel": {"expression": "today > '2026-01-01' || birthday"}},
        ]});
        let leaves = |language| -> Vec<(String, String)> {
            let steps = tree(language, &condition).steps.into_iter();
            let leaf = |step| match step {
                Step::Leaf { path, sentence, .. } => Some((path, sentence.plain())),
                Step::Open { .. } | Step::Close { .. } => None,
            };
            steps.filter_map(leaf).collect()
        };
        let told = |pairs: &[(&str, &str)]| -> Vec<_> {
            pairs.iter().map(|(path, said)| ((*path).to_owned(), (*said).to_owned())).collect()
        };
        let english = told(&[
            ("all[0]", "7 days in a row with “login”, since the event started"),
            ("all[1].any[0]", "1 referral that qualified"),
            ("all[1].any[1]", "1,200 “minutes” in total from “session”, within 30 days"),
            ("all[2].not", "1 “refund”, within 30 days, since 1 Nov 2026"),
            ("all[3]", "This expression is true: today > '2026-01-01' || birthday"),
        ]);
        assert_eq!(leaves(Language::English), english);
        let korean = told(&[
            ("all[0]", "이벤트 시작 이후 “login” 7일 연속"),
            ("all[1].any[0]", "인정된 추천 1명"),
            ("all[1].any[1]", "최근 30일 동안 “session”의 “minutes” 합계 1,200 이상"),
            ("all[2].not", "최근 30일 동안 2026년 11월 1일부터 “refund” 1회"),
            ("all[3]", "다음 수식이 참: today > '2026-01-01' || birthday"),
        ]);
        assert_eq!(leaves(Language::Korean), korean);
        let paths = Condition::parse(&condition).unwrap();
        let paths: Vec<_> = paths.leaves_by_path().into_iter().map(|(path, _)| path).collect();
        assert_eq!(leaves(Language::English).into_iter().map(|(path, _)| path).collect::<Vec<_>>(), paths);
    }

    #[test]
    fn lists_are_within_lists_and_expressions_are_escaped() {
        let lone = tree(Language::English, &json!({"birthday": {}})).render().unwrap();
        assert!(!lone.contains("<li>") && lone.contains("<b>birthday</b>"), "{lone}");
        let condition = json!({"any": [{"not": {"any": [{"cel": {"expression": "today < '2026-01-01'"}}]}}]});
        let deep = tree(Language::English, &condition).render().unwrap();
        assert_eq!(deep.matches("<li>").count(), deep.matches("</li>").count());
        assert_eq!((deep.matches("<ul>").count(), deep.matches("</ul>").count()), (3, 3));
        assert!(!deep.contains("today <"), "{deep}");
    }

    #[test]
    fn a_line_of_a_table_says_the_first_part_and_how_many_more() {
        let text = Text { language: Language::English, zone: Tz::UTC };
        let said = |value: &Value| summary(text, &Condition::parse(value).unwrap());
        assert_eq!(said(&json!({"count": {"kind": "review", "count": 1, "within": "7d"}})), "1 “review”");
        let two = json!({"all": [{"streak": {"kind": "login", "days": 7}}, {"referrals": {"count": 3}}]});
        assert_eq!(said(&two), "7 days in a row with “login” and 1 more");
    }
}
