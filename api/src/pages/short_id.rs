//! A short form of an id: it fits into a line, its last four digits are strong, and hovering shows all of it.

use askama::Template;

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    source = "{% if tail.is_empty() %}<span class=\"id\">{{ head }}</span>{% else %}<span class=\"id\" title=\"{{ full }}\">{{ head }}…<b>{{ tail }}</b></span>{% endif %}",
    ext = "html"
)]
pub(super) struct ShortId {
    pub(super) full: String,
    head: String,
    tail: String,
}

impl ShortId {
    pub(super) fn of(id: &str) -> Self {
        let short = id.get(..8).zip(id.len().checked_sub(4).and_then(|from| id.get(from..)));
        let (head, tail) = short.filter(|_| id.len() > 13).unwrap_or((id, ""));
        Self { full: id.to_owned(), head: head.to_owned(), tail: tail.to_owned() }
    }

    /// The short form as plain text.
    pub(super) fn plain(&self) -> String {
        if self.tail.is_empty() { self.head.clone() } else { format!("{}…{}", self.head, self.tail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_a_word_is_whole() {
        let id = ShortId::of("01a1b7c3-07d4-7b1e-9c1f-5a2be07dd1e8");
        assert_eq!(id.plain(), "01a1b7c3…d1e8");
        assert_eq!(
            id.to_string(),
            "<span class=\"id\" title=\"01a1b7c3-07d4-7b1e-9c1f-5a2be07dd1e8\">01a1b7c3…<b>d1e8</b></span>"
        );
        assert_eq!(ShortId::of("system").to_string(), "<span class=\"id\">system</span>");
        assert_eq!(ShortId::of("ÄÄÄÄÄÄÄÄÄÄÄÄÄÄ<").plain(), "ÄÄÄÄÄÄÄÄÄÄÄÄÄÄ<", "a letter is never cut");
    }
}
