//! The language of a request, from `Accept-Language` (RFC 9110, 12.5.4).

use axum::http::{HeaderMap, header};

use crate::app::i18n::Language;

impl Language {
    /// The language with the highest quality. An unreadable header counts as absent.
    #[must_use]
    pub fn preferred(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let ranges: Vec<_> = lines.flat_map(|line| line.split(',')).filter_map(range).collect();
        let mut best = (Self::default(), 0);
        for language in Self::ALL {
            let quality = language.quality(&ranges);
            if quality > best.1 {
                best = (language, quality);
            }
        }
        best.0
    }

    /// The quality of a language: the highest of the ranges that name it, else that of `*`.
    fn quality(self, ranges: &[(String, u16)]) -> u16 {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().eq_ignore_ascii_case(self.tag());
        let named = ranges.iter().filter(|(tag, _)| primary(tag)).map(|(_, quality)| *quality).max();
        let any = ranges.iter().filter(|(tag, _)| tag == "*").map(|(_, quality)| *quality).max();
        named.or(any).unwrap_or(0)
    }
}

/// `ko-KR;q=0.8` with its quality in thousandths.
fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next().filter(|tag| !tag.is_empty())?;
    let mut quality = 1_000;
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("q") {
            quality = thousandths(value.trim())?;
        }
    }
    Some((tag.to_owned(), quality))
}

/// `0`, `0.8`, `1.000`: at most three digits, at most 1.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !["0", "1"].contains(&whole) || fraction.len() > 3 || !digits(fraction) {
        return None;
    }
    let value = whole.parse::<u16>().ok()? * 1_000 + format!("{fraction:0<3}").parse::<u16>().ok()?;
    (value <= 1_000).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_language_that_is_liked_best_is_spoken() {
        use Language::{English, Korean};
        for (asked, spoken) in [
            ("", English),
            ("ko", Korean),
            ("ko-KR", Korean),
            ("KO-kr,en;q=0.9", Korean),
            ("en;q=0.8, ko;q=0.9", Korean),
            ("en, ko", English),
            ("ko, en", English), // as much liked: the first of ours
            ("en-GB;q=0.5, ko;q=0.4", English),
            ("fr, de;q=0.9", English),
            ("fr, ko;q=0.1", Korean),
            ("*", English),
            ("en;q=0, *", Korean),
            ("*, en;q=0.5", Korean),
            ("ko;q=0", English),
            ("ko;q=0.000, en;q=0.001", English),
            ("ko;q=1.000", Korean),
            ("ko;q=1.001", English),
            ("ko;q=2, en;q=0.1", English),
            ("ko;q=x", English),
            ("korean", English),
            (";;,,=", English),
            ("ko;level=1;q=0.5", Korean),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(asked));
            assert_eq!(Language::preferred(&headers), spoken, "{asked:?}");
        }
        assert_eq!(Language::preferred(&HeaderMap::new()), English);
        let mut lines = HeaderMap::new();
        lines.append(header::ACCEPT_LANGUAGE, HeaderValue::from_static("en;q=0.2"));
        lines.append(header::ACCEPT_LANGUAGE, HeaderValue::from_static("ko"));
        assert_eq!(Language::preferred(&lines), Korean, "two lines are one list");
    }
}
