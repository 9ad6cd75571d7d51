//! How long documents may be, and that a decision says what it has to say.

use super::markdown::Document;

#[test]
fn the_readme_and_the_architecture_fit_on_a_page() {
    for path in ["README.md", "ARCHITECTURE.md"] {
        let lines = Document::read(path).text.lines().count();
        assert!(lines <= 150, "{path} has {lines} lines; move what answers another question to docs/");
    }
}

#[test]
fn a_decision_says_its_context_the_decision_and_the_consequence() {
    let documents = Document::all();
    let decisions = documents.iter().filter(|it| it.path.starts_with("docs/decisions/0"));
    let mut numbers = Vec::new();
    for decision in decisions {
        let name = decision.path.trim_start_matches("docs/decisions/");
        numbers.push(name[..4].parse::<usize>().unwrap());
        let title = decision.text.lines().next().unwrap_or_default();
        assert!(title.starts_with(&format!("# {}. ", &name[..4])), "{}: its title is {title:?}", decision.path);
        for part in ["context", "decision", "consequence"] {
            assert!(decision.anchors().iter().any(|it| it == part), "{} does not say the {part}", decision.path);
        }
    }
    let all: Vec<usize> = (1..=numbers.len()).collect();
    assert_eq!(numbers, all, "decisions are numbered without gaps");
    assert!(numbers.len() > 30);
}
