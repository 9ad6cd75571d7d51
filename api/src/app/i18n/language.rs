//! The languages, and which one is being spoken. Which of them a request asks for is in `http::language`.

use std::future::Future;

/// A language that the service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// All of them, the one for everybody else first.
    pub const ALL: [Self; 2] = [Self::English, Self::Korean];

    /// The language of a tag such as `ko`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// Its tag: `en`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }
}

tokio::task_local! {
    static SPOKEN: Language;
}

/// The language of the request that is being answered; English outside of any.
#[must_use]
pub fn current() -> Language {
    SPOKEN.try_with(|language| *language).unwrap_or_default()
}

/// Answers in a language.
pub async fn speaking<F: Future>(language: Language, answering: F) -> F::Output {
    SPOKEN.scope(language, answering).await
}

/// Writes something in a language.
pub fn while_speaking<T>(language: Language, write: impl FnOnce() -> T) -> T {
    SPOKEN.sync_scope(language, write)
}
