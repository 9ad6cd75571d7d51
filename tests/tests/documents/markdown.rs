//! The project's Markdown files, and what the other chapters look at in them: links, headings, code.

use std::{fs, ops::Range, path::PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use tests::support::folder;

/// One Markdown file.
pub(crate) struct Document {
    /// Its path from the root of the workspace.
    pub path: String,
    pub text: String,
}

/// A fenced block of code.
pub(crate) struct Block {
    /// What stands behind the fence: the language.
    pub language: String,
    pub code: String,
    /// The line of its first command.
    pub line: usize,
    /// Why it is not run, from a comment right before it: `<!-- not run: … -->`.
    pub not_run: Option<String>,
}

impl Document {
    pub(crate) fn read(path: &str) -> Document {
        let text = fs::read_to_string(folder::workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Document { path: path.to_owned(), text }
    }

    /// Every Markdown file of the project, sorted by path.
    pub(crate) fn all() -> Vec<Document> {
        let mut paths = Vec::new();
        collect("", &mut paths);
        paths.sort();
        paths.iter().map(|path| Document::read(path)).collect()
    }

    fn events(&self) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter()
    }

    pub(crate) fn line(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    /// Where its links lead, each with its line.
    pub(crate) fn links(&self) -> Vec<(String, usize)> {
        self.events()
            .filter_map(|(event, range)| match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    Some((dest_url.into_string(), self.line(range.start)))
                }
                _ => None,
            })
            .collect()
    }

    /// The anchors of its headings, as GitHub makes them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        let mut heading: Option<String> = None;
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = slug(&heading.take().unwrap_or_default());
                    let earlier = anchors.iter().filter(|it| **it == anchor).count();
                    anchors.push(if earlier == 0 { anchor } else { format!("{anchor}-{earlier}") });
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        anchors
    }

    /// What is set as code within a line, each with its line.
    pub(crate) fn code_spans(&self) -> Vec<(String, usize)> {
        self.events()
            .filter_map(|(event, range)| match event {
                Event::Code(code) => Some((code.into_string(), self.line(range.start))),
                _ => None,
            })
            .collect()
    }

    /// Its fenced blocks, in order.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut note: Option<String> = None;
        let mut open: Option<Block> = None;
        for (event, range) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(language) => language.into_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    let line = self.line(range.start) + 1;
                    open = Some(Block { language, code: String::new(), line, not_run: note.take() });
                }
                Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
                Event::Text(text) => match &mut open {
                    Some(block) => block.code.push_str(&text),
                    None => note = None,
                },
                Event::Html(comment) => {
                    let inner = comment.trim().strip_prefix("<!-- not run:").and_then(|rest| rest.strip_suffix("-->"));
                    note = inner.map(|reason| reason.trim().to_owned()).or(note);
                }
                _ => {}
            }
        }
        blocks
    }
}

fn collect(folder: &str, paths: &mut Vec<String>) {
    let root: PathBuf = folder::workspace().join(folder);
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                collect(&path, paths);
            }
        } else if name.ends_with(".md") {
            paths.push(path);
        }
    }
}

/// Lower case, without punctuation, hyphens for spaces.
fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c if c.is_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

#[test]
fn a_heading_becomes_the_anchor_that_github_makes() {
    assert_eq!(slug("The hash of an event"), "the-hash-of-an-event");
    assert_eq!(slug("`Idempotency-Key`, twice"), "idempotency-key-twice");
}

#[test]
fn a_block_knows_its_language_its_line_and_why_it_is_not_run() {
    let text = "# A\n\n<!-- not run: it needs root -->\n```sh\nmake run\n```\n\nwords\n\n```json\n{}\n```\n";
    let document = Document { path: "a.md".to_owned(), text: text.to_owned() };
    let blocks = document.blocks();
    let seen: Vec<_> = blocks.iter().map(|it| (&*it.language, &*it.code, it.line, it.not_run.as_deref())).collect();
    assert_eq!(seen, [("sh", "make run\n", 5, Some("it needs root")), ("json", "{}\n", 11, None)]);
}
