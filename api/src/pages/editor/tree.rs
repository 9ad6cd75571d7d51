//! The rule as it is shown to be written: sentences with fields in them, and the buttons beside each part. It is flat, as
//! [`crate::pages::rule::RuleTree`] is; the ids of its fields are the paths by which the API names them.

use domain::condition::{MAX_DEPTH, MAX_LEAVES};

use super::edit::Path;
use super::form::name_of;
use super::node::{KINDS, Node, Question, SINCE_DAY, SINCE_START, Word};
use crate::pages::form::FormErrors;
use crate::pages::text::{Text, say};

/// One step through the rule.
pub(super) enum Step {
    /// A group; its parts follow.
    Open(Part),
    /// A question: words and fields by turns.
    Leaf(Part, Vec<Piece>),
    /// The last part was told; what can be added to the group.
    Close { depth: usize, place: String, adds: Vec<Button> },
}

/// What every part has.
pub(super) struct Part {
    /// The name of its fields, and of it for buttons.
    pub(super) name: String,
    pub(super) place: String,
    /// How the API names it, and what it holds.
    pub(super) id: String,
    pub(super) within: String,
    pub(super) depth: usize,
    /// `part 1.2`, for those who do not see where it stands.
    pub(super) called: String,
    /// Value, words, whether it is chosen.
    pub(super) kinds: Vec<(&'static str, String, bool)>,
    /// Button, its sign, and what it does.
    pub(super) buttons: Vec<Button>,
    /// What can be added to a rule that is one question.
    pub(super) adds: Vec<Button>,
    pub(super) wrong: Vec<String>,
    /// Whether the focus goes here.
    pub(super) focus: bool,
}

pub(super) struct Button {
    pub(super) edit: &'static str,
    pub(super) sign: String,
    pub(super) title: String,
}

/// A part of a sentence.
pub(super) enum Piece {
    Words(String),
    Field(Field),
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) value: String,
    pub(super) label: String,
    pub(super) control: Control,
    pub(super) wrong: bool,
    /// Whether it may be empty.
    pub(super) optional: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Control {
    Number,
    /// A name of activities or measures.
    Name,
    Day,
    Expression,
    /// Value and words.
    Choice(Vec<(&'static str, String)>),
}

/// All steps; `focus` is the part that was just changed.
pub(super) fn steps(text: Text, root: &Node, errors: Option<&FormErrors>, focus: Option<&Path>) -> Vec<Step> {
    let full = root.leaves() >= MAX_LEAVES;
    let mut writer = Writer { text, errors, focus, full, steps: vec![] };
    writer.node(root, "condition", &mut vec![], None);
    writer.steps
}

struct Writer<'a> {
    text: Text,
    errors: Option<&'a FormErrors>,
    focus: Option<&'a Path>,
    full: bool,
    steps: Vec<Step>,
}

impl Writer<'_> {
    /// `among` is how many parts the group has in which it is.
    fn node(&mut self, node: &Node, id: &str, path: &mut Path, among: Option<usize>) {
        let depth = path.len();
        match node {
            Node::Group(word, parts) => {
                let named = |word: Word| (word.name(), self.text.say_of("group", word.name()), false);
                let mut part = self.part(id, path, among, Word::EVERY.map(named).to_vec(), word.name());
                let takes_more = *word != Word::Not || parts.is_empty();
                let (place, adds) = (part.place.clone(), self.adds(&part.called, depth, takes_more));
                part.within = format!("{id}.{}", word.name());
                part.wrong.extend(self.errors.and_then(|errors| errors.at(&part.within)).map(str::to_owned));
                self.steps.push(Step::Open(part));
                for (index, part) in parts.iter().enumerate() {
                    let below = match word {
                        Word::Not => format!("{id}.not"),
                        Word::All | Word::Any => format!("{id}.{}[{index}]", word.name()),
                    };
                    path.push(index);
                    self.node(part, &below, path, Some(parts.len()));
                    path.pop();
                }
                self.steps.push(Step::Close { depth, place, adds });
            }
            Node::Leaf(question) => {
                let named = |(kind, _)| (kind, self.text.say_of("question", kind), false);
                let mut part = self.part(id, path, among, KINDS.map(named).to_vec(), question.kind);
                if among.is_none() {
                    part.adds = self.adds(&part.called, depth, true);
                }
                let pieces = self.pieces(question, &part.name, &format!("{id}.{}", question.kind));
                let within = format!("{id}.{}", question.kind);
                let errors = self.errors.iter().flat_map(|errors| &errors.fields);
                let below = errors.filter(|(of, _)| {
                    of.strip_prefix(&within).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                });
                part.wrong.extend(below.map(|(_, message)| message.clone()));
                part.within = within;
                self.steps.push(Step::Leaf(part, pieces));
            }
        }
    }

    fn part(
        &self,
        id: &str,
        path: &Path,
        among: Option<usize>,
        mut kinds: Vec<(&'static str, String, bool)>,
        chosen: &str,
    ) -> Part {
        let place = path.iter().map(usize::to_string).collect::<Vec<_>>().join(".");
        let number = path.iter().map(|index| (index + 1).to_string()).collect::<Vec<_>>().join(".");
        let called = if path.is_empty() {
            self.text.say("ui-editor-whole-rule")
        } else {
            say!(self.text, "ui-editor-part-number", number = number)
        };
        kinds.iter_mut().for_each(|(kind, _, is_chosen)| *is_chosen = *kind == chosen);
        let wrong = self.errors.and_then(|errors| errors.at(id)).map(str::to_owned);
        Part {
            name: name_of(path),
            place,
            id: id.to_owned(),
            within: String::new(),
            depth: path.len(),
            buttons: self.buttons(&called, path, among),
            called,
            kinds,
            adds: vec![],
            wrong: wrong.into_iter().collect(),
            focus: self.focus == Some(path),
        }
    }

    fn button(&self, edit: &'static str, sign: &str, called: &str) -> Button {
        let what = self.text.say_of("editor-do", edit);
        let sign = if sign.is_empty() { what.clone() } else { sign.to_owned() };
        Button { edit, sign, title: say!(self.text, "ui-editor-do-to", what = what, part = called) }
    }

    fn buttons(&self, called: &str, path: &Path, among: Option<usize>) -> Vec<Button> {
        let mut buttons = vec![];
        if let (Some(among), Some(index)) = (among, path.last()) {
            if *index > 0 {
                buttons.push(self.button("up", "↑", called));
            }
            if index + 1 < among {
                buttons.push(self.button("down", "↓", called));
            }
        }
        if path.len() + 1 < MAX_DEPTH {
            buttons.push(self.button("not", "", called));
        }
        if among.is_some() {
            buttons.push(self.button("remove", "", called));
        }
        buttons
    }

    fn adds(&self, called: &str, depth: usize, takes_more: bool) -> Vec<Button> {
        let mut adds = vec![];
        if takes_more && !self.full && depth + 1 < MAX_DEPTH {
            adds.push(self.button("part", "", called));
            if depth + 2 < MAX_DEPTH {
                adds.push(self.button("group", "", called));
            }
        }
        adds
    }

    /// `of |days| days in a row`: words and names of fields by turns.
    fn pieces(&self, question: &Question, name: &str, id: &str) -> Vec<Piece> {
        let said = self.text.say_of("editor-leaf", question.kind);
        let mut pieces = vec![];
        for (turn, piece) in said.split('|').enumerate() {
            if turn % 2 == 0 {
                pieces.extend((!piece.trim().is_empty()).then(|| Piece::Words(piece.trim().to_owned())));
                continue;
            }
            let Some((control, field)) = self.control(piece) else { continue };
            let value = question.value(field).to_owned();
            let wrong = self.errors.is_some_and(|errors| errors.at(&format!("{id}.{field}")).is_some());
            let label = self.text.say_of("editor-field", field);
            let (is_day, optional) = (field == "since" && value == SINCE_DAY, field == "within");
            let field_id = format!("{id}.{field}");
            if is_day {
                let (name_of_kind, own) = (format!("{name}.since"), format!("{id}.sinceKind"));
                pieces.push(Piece::Field(Field {
                    name: name_of_kind,
                    id: own,
                    value,
                    label,
                    control,
                    wrong: false,
                    optional,
                }));
                let (name, value) = (format!("{name}.sinceDay"), question.value("sinceDay").to_owned());
                let label = self.text.say_of("editor-field", "sinceDay");
                pieces.push(Piece::Field(Field {
                    name,
                    id: field_id,
                    value,
                    label,
                    control: Control::Day,
                    wrong,
                    optional,
                }));
            } else {
                let name = format!("{name}.{field}");
                pieces.push(Piece::Field(Field { name, id: field_id, value, label, control, wrong, optional }));
            }
        }
        pieces
    }

    fn control(&self, field: &str) -> Option<(Control, &'static str)> {
        let since = || {
            let words = [("", "ever"), (SINCE_START, "start"), (SINCE_DAY, "day")];
            words.map(|(value, name)| (value, self.text.say_of("editor-since", name))).to_vec()
        };
        Some(match field {
            "kind" => (Control::Name, "kind"),
            "measure" => (Control::Name, "measure"),
            "days" => (Control::Number, "days"),
            "count" => (Control::Number, "count"),
            "total" => (Control::Number, "total"),
            "within" => (Control::Number, "within"),
            "since" => (Control::Choice(since()), "since"),
            "from" => (Control::Day, "from"),
            "to" => (Control::Day, "to"),
            "expression" => (Control::Expression, "expression"),
            _ => return None,
        })
    }
}
